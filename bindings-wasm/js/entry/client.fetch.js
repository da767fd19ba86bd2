// Browsers, and whatever is not known: the module has a URL beside this file's, which bundlers understand as well.

import { initWith } from '../symbolon_client.js';

export * from '../symbolon_client.js';

export const init = (module) => initWith(module ?? fetch(new URL('../../wasm/client.wasm', import.meta.url)));
