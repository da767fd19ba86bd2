// Runtimes that may not compile while they run: the module is imported.

import compiled from '../../wasm/symbolon.wasm';
import { initWith } from '../symbolon.js';

export * from '../symbolon.js';

export const init = (module = compiled) => initWith(module);
