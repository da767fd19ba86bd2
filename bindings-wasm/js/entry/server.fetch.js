// Browsers, and whatever is not known: the module has a URL beside this file's, which bundlers understand as well.

import { initWith } from '../symbolon_server.js';

export * from '../symbolon_server.js';

export const init = (module) => initWith(module ?? fetch(new URL('../../wasm/server.wasm', import.meta.url)));
