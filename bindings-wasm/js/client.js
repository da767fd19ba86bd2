// The client.

import { Flow } from './flow.js';
import { METHODS, Role, choice, entropyOf, seconds } from './role.js';
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

export class Client extends Role {
  constructor(core, { authentication, mix_up_defense, ...config }) {
    super(core, 'client', {
      ...config,
      authentication: choice(METHODS, authentication, 'authentication'),
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

  discover() {
    return this.start('client_discover', [], Discovery);
  }

  authorize(server, { browser, scope, now, entropy }) {
    const given = [pair(browser, 'browser'), pair(scope, 'scope'), seconds(now), entropyOf(entropy)];
    return this.start('client_authorize', [this.#metadata(server), ...given]);
  }

  callback(server, query, { browser, now }) {
    return this.start('client_callback', [this.#metadata(server), lent(query, 'query'), pair(browser, 'browser'), seconds(now)]);
  }

  refresh(server, session, { rejected, now } = {}) {
    return this.start('client_refresh', [this.#metadata(server), key(session, 'session'), pair(rejected, 'rejected'), seconds(now)]);
  }

  revoke(server, session, { now } = {}) {
    return this.start('client_revoke', [this.#metadata(server), key(session, 'session'), seconds(now)]);
  }
}
