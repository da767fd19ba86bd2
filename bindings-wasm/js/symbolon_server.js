// The authorization server alone.

import { instantiate } from './instantiate.js';
import { Server, register } from './server.js';

export { drive } from './drive.js';
export { SymbolonError } from './errors.js';

/** Loads a module: compiled, or its bytes, or a response with them. */
export async function initWith(module) {
  const core = await instantiate(module);
  return {
    version: core.version,
    server: (config) => new Server(core, config),
    register: (registration, version) => register(core, registration, version),
  };
}
