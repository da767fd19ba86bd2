import type { Source } from './client.js';
import type { Commit } from './steps.js';
import type { Registration, Server, ServerConfig } from './symbolon.js';

export * from './steps.js';
export type { Certificate, Decision, HeaderFields, Registration, Request, Server, ServerConfig, Source, Unasked } from './symbolon.js';

export interface ServerModule {
  readonly version: string;
  server(config: ServerConfig): Server;
  /** The row of a client, as the commit that stores it. `version` is that of the row that it replaces, if it does. */
  register(registration: Registration, version?: number | bigint): Commit;
}

/** Loads the module of this package, or another one that was built from it. */
export function init(module?: Source | Promise<Source>): Promise<ServerModule>;
