// Node, Deno and Bun: the module is a file beside this one.

import { readFile } from 'node:fs/promises';
import { initWith } from '../symbolon_resource.js';

export * from '../symbolon_resource.js';

export const init = (module) => initWith(module ?? readFile(new URL('../../wasm/resource.wasm', import.meta.url)));
