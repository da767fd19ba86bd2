// Node, Deno and Bun: the module is a file beside this one.

import { readFile } from 'node:fs/promises';
import { initWith } from '../symbolon_client.js';

export * from '../symbolon_client.js';

export const init = (module) => initWith(module ?? readFile(new URL('../../wasm/client.wasm', import.meta.url)));
