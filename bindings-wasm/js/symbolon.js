// All roles, over a module that the caller has. The entries of this package find the module that is in it.

import { Client } from './client.js';
import { instantiate } from './instantiate.js';
import { ResourceServer } from './resource.js';
import { Server, register } from './server.js';

export { drive } from './drive.js';
export { SymbolonError } from './errors.js';

/** Loads a module: compiled, or its bytes, or a response with them. */
export async function initWith(module) {
  const core = await instantiate(module);
  return {
    version: core.version,
    server: (config) => new Server(core, config),
    client: (config) => new Client(core, config),
    resource: (config) => new ResourceServer(core, config),
    register: (registration, version) => register(core, registration, version),
  };
}
