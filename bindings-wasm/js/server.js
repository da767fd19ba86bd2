// The authorization server.

import { SymbolonError } from './errors.js';
import { METHODS, Role, choice, credentialKeys, entropyOf, seconds, signingKeys } from './role.js';
import { bytes, fields, pair } from './structs.js';

const UNASKED = ['login_required', 'consent_required', 'account_selection_required', 'interaction_required'];

export class Server extends Role {
  constructor(core, { keys, signing_keys, ...config }) {
    super(core, 'server', { ...config, keys: credentialKeys(keys), signing_keys: signingKeys(signing_keys) });
  }

  #request({ method, query = '', headers, body = '', certificate }) {
    const [line, form] = [bytes(query, 'query'), bytes(body, 'body')];
    const shown = certificate && this.core.struct('certificate', certificate);
    return this.core.struct('request', { method, query: line, headers: fields(headers), body: form, certificate: shown });
  }

  authorize(request, { browser, now, entropy }) {
    return this.start('authorize', [this.#request(request), pair(browser, 'browser'), seconds(now), entropyOf(entropy)]);
  }

  push(request, { now, entropy } = {}) {
    return this.start('push', [this.#request(request), seconds(now), entropyOf(entropy)]);
  }

  resume(handle, { browser, now }) {
    return this.start('resume', [pair(handle, 'handle'), pair(browser, 'browser'), seconds(now)]);
  }

  decide(handle, { browser, now, ...decision }) {
    const approved = decision.approved === 'unmet' ? 2 : decision.approved;
    const decided = this.core.struct('decision', { ...decision, approved });
    return this.start('decide', [pair(handle, 'handle'), pair(browser, 'browser'), decided, seconds(now)]);
  }

  decline(handle, why, { browser, now }) {
    const declined = this.core.struct('decision', { unasked: choice(UNASKED, why, 'why') });
    return this.start('decide', [pair(handle, 'handle'), pair(browser, 'browser'), declined, seconds(now)]);
  }

  token(request, { now, entropy } = {}) {
    return this.start('token', [this.#request(request), seconds(now), entropyOf(entropy)]);
  }

  revoke(request, { now } = {}) {
    return this.start('revoke', [this.#request(request), seconds(now)]);
  }

  introspect(request, { now } = {}) {
    return this.start('introspect', [this.#request(request), seconds(now)]);
  }

  userinfo(request, { now } = {}) {
    return this.start('userinfo', [this.#request(request), seconds(now)]);
  }

  metadata() {
    return this.start('metadata', []);
  }

  jwks() {
    return this.start('jwks', []);
  }
}

/** The row of a client, as the commit that stores it. `version` is that of the row that it replaces. */
export function register(core, { application_type, authentication, ...registration }, version) {
  if (!core.has('symbolon_register')) throw new SymbolonError('no_role', 'the module was built without the server');
  const given = core.struct('registration', {
    abi: core.abi,
    application_type: choice(['web', 'native', 'native_with_any_localhost_port'], application_type, 'application_type'),
    authentication: choice(METHODS, authentication, 'authentication'),
    ...registration,
  });
  const size = core.call('symbolon_client_row_size');
  return core.during(given.room + size + 64, (slot, why) => {
    const [client, row, written] = [slot.take(32), slot.take(size), slot.take(4)];
    core.check('symbolon_register', [given.write(slot), client, row, size, written, why], why);
    const { bytes: memory, view } = core.memory;
    return {
      kind: 'commit',
      key: memory.slice(client, client + 32),
      exists: version !== undefined,
      expected: version ?? 0,
      delete_row: false,
      value: memory.slice(row, row + view.getUint32(written, true)),
      expires_at: 2n ** 64n - 1n,
      row_kind: 'client',
      client_id: registration.client_id,
      subject: undefined,
    };
  });
}
