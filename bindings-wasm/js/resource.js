// The resource server.

import { Role, seconds } from './role.js';
import { fields, pair } from './structs.js';

export class ResourceServer extends Role {
  constructor(core, config) {
    super(core, 'resource', config);
  }

  /** Judges a request by its header fields. No scope asks for any token. */
  judge(headers, { scope = '', now } = {}) {
    return this.start('judge', [{ ...fields(headers), withLength: true }, pair(scope, 'scope'), seconds(now)]);
  }
}
