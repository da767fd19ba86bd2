// Replays a tape through the package, under Node: `tests/src/transcript/tape.rs` says what its lines mean. Reads it on stdin,
// prints each flow that differs, and at last `N passed, N failed`. It expects nothing by itself but that an answer to another
// question is refused and changes nothing.
//
// All flows of a tape run in one instance. Each is held until some later ones have begun, so that their slots are interleaved.

import { createInterface } from 'node:readline';
import { init } from '../../bindings-wasm/js/entry/symbolon.fs.js';

const symbolon = await init();
const NUMBERS = [
  'plain_http_on_loopback', 'private_addresses', 'jwt_access_tokens', 'sender_constrained', 'dpop_nonces', 'pushed_requests_only',
  'client_id_metadata_documents',
  'access_tokens', 'accepts_bearer', 'accepts_dpop', 'accepts_certificate', 'has_metadata',
];
const UNASKED = ['login_required', 'consent_required', 'account_selection_required', 'interaction_required'];
const METHODS = [
  'none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth',
];
const BINDINGS = ['none', 'dpop', 'certificate'];
const WELL_KNOWN = ['oauth-authorization-server', 'openid-configuration', 'openid-configuration-inserted'];
const DEFENSES = ['iss', 'own_redirect_uri', 'only_server'];
// In the order of symbolon.h.
const ENDS = [
  'reply', 'prompt', 'sign-in', 'signed-in', 'usable', 'busy', 'sign-in-again', 'signed-out', 'server', 'claims', 'failed', 'answered',
  'token-ended', 'step-up', 'scope-insufficient', 'user-claims', 'user',
];

// ---- Words

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function decode(word) {
  return Uint8Array.from(word.matchAll(/%([0-9a-f]{2})|(.)/g), ([, hex, character]) =>
    hex === undefined ? character.charCodeAt(0) : Number.parseInt(hex, 16));
}

const printable = (byte) => byte >= 0x21 && byte <= 0x7e && byte !== 0x25;
const encode = (bytes) =>
  Array.from(bytes, (byte) => (printable(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`)).join('');
const text = (bytes) => decoder.decode(bytes);
const fromCharacters = (string) => Uint8Array.from(string, (character) => character.charCodeAt(0));

// ---- Steps

function wordOf(value) {
  if (value === undefined) return '';
  if (value instanceof Uint8Array) return encode(value);
  return encode(encoder.encode(typeof value === 'boolean' ? Number(value) : value));
}

function* members(struct) {
  for (const [name, value] of Object.entries(struct)) {
    if (name === 'kind' || name === 'end' || name === 'document') continue;
    if (name === 'headers' && Array.isArray(value)) yield* value.map(([field, bytes]) => `headers ${wordOf(field)} ${encode(fromCharacters(bytes))}`.trimEnd());
    else yield `${name === 'row_kind' ? 'kind' : name} ${wordOf(value)}`.trimEnd();
  }
}

function render({ kind, ...step }) {
  if (kind !== 'done') return [kind, ...members(step)];
  return [kind, `kind ${ENDS.indexOf(step.end.kind) + 1}`, ...members(step), step.end.kind, ...members(step.end)];
}

// ---- Flows

const START = {
  server: {
    authorize: (server, { request, browser, now, entropy }) => server.authorize(request, { browser, now, entropy }),
    push: (server, { request, now, entropy }) => server.push(request, { now, entropy }),
    resume: (server, { handle, browser, now }) => server.resume(handle, { browser, now }),
    decide: (server, { handle, browser, now, decision: { unasked, ...decision } }) =>
      unasked
        ? server.decline(handle, UNASKED[Number(unasked) - 1], { browser, now })
        : server.decide(handle, { browser, now, ...decision }),
    token: (server, { request, now, entropy }) => server.token(request, { now, entropy }),
    revoke: (server, { request, now }) => server.revoke(request, { now }),
    introspect: (server, { request, now }) => server.introspect(request, { now }),
    userinfo: (server, { request, now }) => server.userinfo(request, { now }),
    metadata: (server) => server.metadata(),
    jwks: (server) => server.jwks(),
  },
  client: {
    client_discover: (client, { server, well_known }) =>
      client.discover({ well_known: WELL_KNOWN[Number(text(well_known)) - 1], known: server.document && server }),
    client_authorize: (client, { server, browser, asked, now, entropy }) => client.authorize(server, { browser, ...asked, now, entropy }),
    client_callback: (client, { server, request, browser, now }) => client.callback(server, request.query ?? '', { browser, now }),
    client_refresh: (client, { server, session, rejected, now }) => client.refresh(server, session, { rejected, now }),
    client_credentials: (client, { server, scope, rejected, now, entropy }) => client.credentials(server, { scope, rejected, now, entropy }),
    client_request: (client, { session, ask, now, entropy }) => client.request(session, ask, { now, entropy }),
    client_userinfo: (client, { server, session, now, entropy }) => client.userinfo(server, session, { now, entropy }),
    client_revoke: (client, { server, session, now }) => client.revoke(server, session, { now }),
  },
  resource: {
    judge: (resource, { toResource, needs, now }) => resource.judge(toResource, { needs, now }),
    resource_metadata: (resource) => resource.metadata(),
  },
};

/** The configuration of a resource server, as the package takes it. */
function resourceConfig({ access_tokens, accepts_bearer, accepts_dpop, accepts_certificate, has_metadata, ...config }) {
  const accepted = { bearer: accepts_bearer, dpop: accepts_dpop, certificate: accepts_certificate };
  const documented = ['scopes_supported', 'authorization_details_types', 'resource_name', 'resource_documentation'];
  const metadata = has_metadata && Object.fromEntries(documented.map((name) => [name, config[name]]));
  for (const name of documented) delete config[name];
  return {
    ...config,
    access_tokens: ['opaque', 'jwt'][Number(access_tokens) - 1],
    accepts: Object.keys(accepted).filter((sender) => accepted[sender]),
    metadata: metadata || undefined,
  };
}

class Replay {
  passed = 0;
  failed = 0;
  #held = [];

  line(line) {
    const [what, ...words] = line.split(' ');
    if (what === 'flow') return this.#begin(text(decode(words[0])));
    if (!this.running) return undefined;
    if (what === '=') return this.#compare(words.join(' '));
    if (what === 'set') return this.#set(words[0], words[1], ...words.slice(2).map(decode));
    if (what === 'give') return this.given.set(words[0], decode(words[1] ?? ''));
    if (what === 'header') return this.headers.push([text(decode(words[0])), decode(words[1] ?? '')]);
    if (this.shown.length > 0) return this.#fail('more was asked or said', undefined, this.shown[0]);
    if (what === 'start') return this.#attempt(() => this.#start(words[0]));
    if (what === 'answer') return this.#attempt(() => this.#answer(words[0], decode(words[1] ?? ''), decode(words[2] ?? '')));
    if (what === 'end') return this.#end();
    return this.#fail('a line that means nothing', undefined, line);
  }

  #begin(title) {
    if (this.running) this.#fail('the tape goes on before the end of this flow');
    Object.assign(this, { title, running: true, set: {}, given: new Map(), headers: [], shown: [], flow: undefined });
  }

  #fail(what, expected, got) {
    console.log(`${this.title}: ${what}`);
    if (expected !== undefined) console.log(`  - ${expected}`);
    if (got !== undefined) console.log(`  + ${got}`);
    this.failed += 1;
    this.running = false;
    this.flow?.cancel();
  }

  #attempt(step) {
    try {
      step();
    } catch (error) {
      this.#fail('failed', undefined, `${error.code ?? error.stack}: ${error.message}`);
    }
  }

  #set(struct, member, first = new Uint8Array(), second = new Uint8Array(), third = new Uint8Array()) {
    const into = (this.set[struct] ??= {});
    if (member === 'headers') (into.headers ??= []).push([text(first), second]);
    else if (member === 'keys') (into.keys ??= []).push({ id: Number(text(first)), secret: second });
    else if (['signing_keys', 'dpop_keys', 'assertion_key'].includes(member)) {
      const key = { key_id: text(first), algorithm: text(second), jwk: text(third) };
      if (member === 'assertion_key') into.assertion_key = key;
      else (into[member] ??= []).push(key);
    } else into[member] = first;
  }

  /** What was set into a struct, with numbers for the members of these names. */
  #struct(name, numbers = []) {
    const values = { ...this.set[name] };
    for (const number of numbers) if (values[number]) values[number] = BigInt(text(values[number]));
    return values;
  }

  #role(role) {
    const number = (name) => name.endsWith('_lifetime') || NUMBERS.includes(name);
    const config = this.#struct(`${role}_config`, Object.keys(this.set[`${role}_config`] ?? {}).filter(number));
    if (role === 'client') {
      config.authentication = METHODS[Number(text(config.authentication)) - 1];
      config.binding = BINDINGS[Number(text(config.binding)) - 1];
      config.mix_up_defense = DEFENSES[Number(text(config.mix_up_defense)) - 1];
    }
    if (role === 'resource') return symbolon.resource(resourceConfig(config));
    return symbolon[role](config);
  }

  #start(name) {
    const role = Object.keys(START).find((role) => name in START[role]);
    const request = this.#struct('request');
    const certificate = this.set.certificate && this.#struct('certificate', ['chain_verified']);
    const given = { ...Object.fromEntries(this.given), request: { ...request, headers: request.headers ?? [], certificate } };
    given.decision = this.#struct('decision', ['authenticated_at', 'approved', 'unasked']);
    const { has_max_age, ...asked } = this.#struct('authorization_request', ['max_age']);
    given.asked = asked;
    given.ask = this.#struct('client_request', ['body_cap']);
    given.toResource = { headers: [], ...this.#struct('resource_request') };
    const { any_token, scope, acr_values, has_max_age: limited, max_age, ...details } =
      this.#struct('needs', ['any_token', 'has_max_age', 'max_age']);
    const detail = Object.entries(details).filter(([, value]) => value?.length).map(([name, value]) => [name.slice('detail_'.length), value]);
    given.needs = { any_token, scope, acr_values };
    if (limited) given.needs.max_age = max_age;
    if (detail.length) given.needs.detail = Object.fromEntries(detail);
    if (given.now) given.now = BigInt(text(given.now));
    given.server = { document: given.document };
    const of = this.#role(role);
    this.flow = START[role][name](of, given);
    this.#held.push(of);
    this.#show();
  }

  #answer(kind, first, second) {
    const { flow, headers } = this;
    this.headers = [];
    if (kind === 'row') flow.row({ version: BigInt(text(first)), value: second });
    else if (kind === 'absent') flow.row(undefined);
    else if (kind === 'committed' || kind === 'conflict') flow.committed(kind === 'committed');
    else if (kind === 'unavailable') flow.unavailable();
    else if (kind === 'signature') flow.signature(second);
    else if (kind === 'verdict') flow.verdict(text(first) === '1');
    else if (kind === 'response') flow.response({ status: Number(text(first)), headers, body: second });
    else throw new Error(`no answer is called ${kind}`);
    this.#show();
  }

  #show() {
    const step = this.flow.next();
    this.shown = render(step);
    // An answer to another question is refused, and nothing changes.
    const wrongly = step.kind === 'load' ? () => this.flow.committed(true) : () => this.flow.row(undefined);
    let code;
    try {
      wrongly();
    } catch (error) {
      ({ code } = error);
    }
    const expected = step.kind === 'done' ? 'ended' : 'wrong_step';
    if (code !== expected) this.#fail('an answer to another question', expected, code);
    if (this.flow.next() !== step) this.#fail('an answer to another question has changed the flow');
  }

  #compare(expected) {
    const got = this.shown.shift();
    if (got === undefined) this.#fail('nothing more was asked or said', expected);
    else if (got !== expected) this.#fail('differs', expected, got);
  }

  #end() {
    this.passed += 1;
    this.running = false;
    while (this.#held.length > 8) this.#held.shift().dispose();
  }
}

const replay = new Replay();
for await (const line of createInterface({ input: process.stdin })) replay.line(line);
if (replay.running) replay.line('flow');
console.log(`${replay.passed} passed, ${replay.failed} failed`);
process.exitCode = replay.failed > 0 ? 1 : 0;
