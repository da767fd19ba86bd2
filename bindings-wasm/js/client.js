// The client.

import { Flow } from './flow.js';
import { METHODS, Role, choice, entropyOf, seconds, signingKeys } from './role.js';
import { bytes, key, lent, pair, refuse } from './structs.js';

/** Discovery keeps the document: what the module makes of it points into the memory of one flow. */
class Discovery extends Flow {
  #document;

  response(response) {
    super.response(response);
    this.#document = response.body.slice();
  }

  next() {
    const step = super.next();
    if (step.end?.kind === 'server') step.end.document = this.#document;
    return step;
  }
}

const WELL_KNOWN = ['oauth-authorization-server', 'openid-configuration', 'openid-configuration-inserted'];

export class Client extends Role {
  constructor(core, { authentication, assertion_key, binding, dpop_keys, mix_up_defense, ...config }) {
    super(core, 'client', {
      ...config,
      authentication: choice(METHODS, authentication, 'authentication'),
      assertion_key: assertion_key && signingKeys([assertion_key]),
      binding: choice(['none', 'dpop', 'certificate'], binding, 'binding'),
      dpop_keys: signingKeys(dpop_keys),
      mix_up_defense: choice(['iss', 'own_redirect_uri', 'only_server'], mix_up_defense, 'mix_up_defense'),
    });
  }

  /** The metadata of the server, read anew into the slot of each flow. */
  #metadata(server) {
    const document = bytes(server?.document ?? refuse('server must have a document'), 'document');
    const size = this.core.call('symbolon_metadata_size');
    return {
      room: document.room + size + 32,
      write: (slot) => {
        const [place, why] = [slot.take(size), slot.take(20)];
        this.core.check('symbolon_metadata_read', [place, this.place, document.write(slot), document.length, why], why);
        return place;
      },
    };
  }

  discover({ well_known = 'oauth-authorization-server', known } = {}) {
    const before = known ? this.#metadata(known) : 0;
    return this.start('client_discover', [choice(WELL_KNOWN, well_known, 'well_known'), before], Discovery);
  }

  authorize(server, { browser, now, entropy, max_age, ...request }) {
    const asked = this.core.struct('authorization_request', { ...request, has_max_age: max_age !== undefined, max_age });
    return this.start('client_authorize', [this.#metadata(server), pair(browser, 'browser'), asked, seconds(now), entropyOf(entropy)]);
  }

  callback(server, query, { browser, now }) {
    return this.start('client_callback', [this.#metadata(server), lent(query, 'query'), pair(browser, 'browser'), seconds(now)]);
  }

  refresh(server, session, { rejected, now } = {}) {
    return this.start('client_refresh', [this.#metadata(server), key(session, 'session'), pair(rejected, 'rejected'), seconds(now)]);
  }

  credentials(server, { scope, rejected, now, entropy } = {}) {
    const given = [pair(scope, 'scope'), pair(rejected, 'rejected'), seconds(now), entropyOf(entropy)];
    return this.start('client_credentials', [this.#metadata(server), ...given]);
  }

  request(session, { body = '', ...request }, { now, entropy } = {}) {
    const asked = this.core.struct('client_request', { ...request, body: bytes(body, 'body') });
    return this.start('client_request', [key(session, 'session'), asked, seconds(now), entropyOf(entropy)]);
  }

  userinfo(server, session, { now, entropy } = {}) {
    return this.start('client_userinfo', [this.#metadata(server), key(session, 'session'), seconds(now), entropyOf(entropy)]);
  }

  revoke(server, session, { now } = {}) {
    return this.start('client_revoke', [this.#metadata(server), key(session, 'session'), seconds(now)]);
  }
}
