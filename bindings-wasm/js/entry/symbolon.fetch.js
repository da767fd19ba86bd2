// Browsers, and whatever is not known: the module has a URL beside this file's, which bundlers understand as well.

import { initWith } from '../symbolon.js';

export * from '../symbolon.js';

export const init = (module) => initWith(module ?? fetch(new URL('../../wasm/symbolon.wasm', import.meta.url)));
