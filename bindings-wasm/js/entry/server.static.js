// Runtimes that may not compile while they run: the module is imported.

import compiled from '../../wasm/server.wasm';
import { initWith } from '../symbolon_server.js';

export * from '../symbolon_server.js';

export const init = (module = compiled) => initWith(module);
