import type { Source } from './client.js';
import type { ResourceConfig, ResourceServer } from './symbolon.js';

export * from './steps.js';
export type { HeaderFields, Needs, ResourceConfig, ResourceRequest, ResourceServer, Source } from './symbolon.js';

export interface ResourceModule {
  readonly version: string;
  resource(config: ResourceConfig): ResourceServer;
}

/** Loads the module of this package, or another one that was built from it. */
export function init(module?: Source | Promise<Source>): Promise<ResourceModule>;
