// Runtimes that may not compile while they run: the module is imported.

import compiled from '../../wasm/client.wasm';
import { initWith } from '../symbolon_client.js';

export * from '../symbolon_client.js';

export const init = (module = compiled) => initWith(module);
