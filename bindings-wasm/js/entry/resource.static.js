// Runtimes that may not compile while they run: the module is imported.

import compiled from '../../wasm/resource.wasm';
import { initWith } from '../symbolon_resource.js';

export * from '../symbolon_resource.js';

export const init = (module = compiled) => initWith(module);
