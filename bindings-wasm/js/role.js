// What the three roles have in common: a configuration in memory, and flows that use it.

import { SymbolonError } from './errors.js';
import { Flow } from './flow.js';
import { bytes, key, pair, refuse, table, u64 } from './structs.js';

export class Role {
  #slot;
  running = 0;

  constructor(core, role, config) {
    if (!core.has(`symbolon_${role}_init`)) throw new SymbolonError('no_role', `the module was built without the ${role}`);
    this.core = core;
    const { place, slot } = core.configuration(role, config);
    this.place = place;
    this.#slot = slot;
    this.buffer = core.call(`symbolon_${role}_buffer`);
  }

  start(name, given, Kind = Flow) {
    if (!this.#slot) throw new SymbolonError('ended', 'the configuration was disposed of');
    return new Kind(this, `symbolon_${name}_start`, given);
  }

  /** Zeros the configuration, and gives its memory back. */
  dispose() {
    if (this.running > 0) throw new SymbolonError('in_use', `${this.running} flows use this configuration`);
    if (this.#slot) this.core.memory.takeBack(this.#slot);
    this.#slot = undefined;
  }
}

/** The number that symbolon.h has for a word. */
export function choice(words, value, what) {
  const place = words.indexOf(value);
  return place >= 0 ? place + 1 : refuse(`${what} must be one of ${words.join(', ')}`);
}

/** The keys that credentials are made with: a byte of id and 32 of secret each. */
export function credentialKeys(keys) {
  const each = Array.from(keys ?? [], ({ id, secret }) => {
    key(secret, 'the secret of a key');
    return Number.isInteger(id) && id >= 0 && id < 256 ? [id, ...secret] : refuse('the id of a key must be a whole number of 8 bits');
  });
  return { ...bytes(Uint8Array.from(each.flat())), length: each.length };
}

/** The public halves of keys that the host signs with. */
export const signingKeys = (keys = []) =>
  table(Array.from(keys, ({ key_id, algorithm, jwk }) => [pair(key_id, 'key_id'), pair(algorithm, 'algorithm'), pair(jwk, 'jwk')]));

export const METHODS = [
  'none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth',
];

/** The time, in seconds: of the clock if none is given. */
export const seconds = (now = Math.floor(Date.now() / 1000)) => u64(now, 'now');

/** 32 bytes that nobody can foretell. They are given where a run is replayed, and nowhere else. */
export const entropyOf = (entropy = crypto.getRandomValues(new Uint8Array(32))) => key(entropy, 'entropy');
