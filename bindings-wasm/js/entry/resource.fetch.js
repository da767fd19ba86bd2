// Browsers, and whatever is not known: the module has a URL beside this file's, which bundlers understand as well.

import { initWith } from '../symbolon_resource.js';

export * from '../symbolon_resource.js';

export const init = (module) => initWith(module ?? fetch(new URL('../../wasm/resource.wasm', import.meta.url)));
