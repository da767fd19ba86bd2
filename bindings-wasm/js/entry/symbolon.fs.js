// Node, Deno and Bun: the module is a file beside this one.

import { readFile } from 'node:fs/promises';
import { initWith } from '../symbolon.js';

export * from '../symbolon.js';

export const init = (module) => initWith(module ?? readFile(new URL('../../wasm/symbolon.wasm', import.meta.url)));
