// The resource server.

import { Role, choice, credentialKeys, seconds } from './role.js';
import { bytes, fields, refuse } from './structs.js';

export class ResourceServer extends Role {
  constructor(core, { access_tokens, accepts, keys, metadata, ...config }) {
    super(core, 'resource', {
      ...config,
      access_tokens: choice(['opaque', 'jwt'], access_tokens, 'access_tokens'),
      ...Object.fromEntries(Array.from(accepts ?? [], (sender) => [`accepts_${sender}`, true])),
      keys: credentialKeys(keys),
      has_metadata: metadata !== undefined,
      ...metadata,
    });
  }

  /** Judges a request by what it needs. */
  judge({ method, url, headers, certificate = new Uint8Array() }, { needs: { detail, ...needs }, now }) {
    // All of its members may be absent by mistake, and then the module would see none.
    if (detail !== undefined && !detail?.type?.length) refuse('a detail must have a type');
    const details = Object.entries(detail ?? {}).map(([name, value]) => [`detail_${name}`, value]);
    return this.start('judge', [
      this.core.struct('resource_request', { method, url, headers: fields(headers), certificate: bytes(certificate, 'certificate') }),
      this.core.struct('needs', { ...needs, has_max_age: needs.max_age !== undefined, ...Object.fromEntries(details) }),
      seconds(now),
    ]);
  }

  /** What the resource says of itself. */
  metadata() {
    return this.start('resource_metadata', []);
  }
}
