// Node, Deno and Bun: the module is a file beside this one.

import { readFile } from 'node:fs/promises';
import { initWith } from '../symbolon_server.js';

export * from '../symbolon_server.js';

export const init = (module) => initWith(module ?? readFile(new URL('../../wasm/server.wasm', import.meta.url)));
