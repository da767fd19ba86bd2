// The client alone, for pages that are nothing else: its module is half the size.

import { Client } from './client.js';
import { instantiate } from './instantiate.js';

export { drive } from './drive.js';
export { SymbolonError } from './errors.js';

/** Loads a module: compiled, or its bytes, or a response with them. */
export async function initWith(module) {
  const core = await instantiate(module);
  return { version: core.version, client: (config) => new Client(core, config) };
}
