// The resource server alone, for what is protected by another's tokens.

import { instantiate } from './instantiate.js';
import { ResourceServer } from './resource.js';

export { drive } from './drive.js';
export { SymbolonError } from './errors.js';

/** Loads a module: compiled, or its bytes, or a response with them. */
export async function initWith(module) {
  const core = await instantiate(module);
  return { version: core.version, resource: (config) => new ResourceServer(core, config) };
}
