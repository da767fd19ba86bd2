// The package as programs use it.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { SymbolonError, drive, init } from 'symbolon';
import { init as initClient } from 'symbolon/client';
import { memoryStore } from 'symbolon/hosts/memory';
import { approve, browser, clientConfig, parties, serverConfig, toResource } from './parties.js';

let symbolon;
before(async () => {
  symbolon = await init();
});

const code = (expected) => (error) => {
  assert.ok(error instanceof SymbolonError, error.stack);
  assert.equal(error.code, expected, error.message);
  return true;
};

describe('a server, a client and a resource server', () => {
  test('sign in, use, refresh, sign out', async () => {
    const all = await parties(symbolon);
    const { client, clientHost, resource, resourceHost } = all;
    const { end: found } = await drive(client.discover(), clientHost);
    assert.equal(found.kind, 'server');
    assert.equal(found.sends_iss, true);
    const { end: signIn } = await drive(client.authorize(found, { browser }), clientHost);
    assert.equal(signIn.kind, 'sign-in');
    const { end: signedIn } = await drive(client.callback(found, await approve(all, signIn.url), { browser }), clientHost);
    assert.equal(signedIn.kind, 'signed-in');
    assert.equal(signedIn.scope, 'read');

    const judge = async (token, scope) =>
      (await drive(resource.judge(toResource(token), { needs: { scope } }), resourceHost)).end;
    const claims = await judge(signedIn.access_token, 'read');
    assert.deepEqual([claims.kind, claims.sub, claims.client_id], ['claims', 'alice', 'web']);
    assert.equal((await judge(signedIn.access_token, 'write')).status, 403);
    assert.equal((await judge('nonsense', 'read')).status, 401);

    const { session } = signedIn;
    const refresh = (rejected) => drive(client.refresh(found, session, { rejected }), clientHost);
    assert.equal((await refresh()).end.access_token, signedIn.access_token);
    const { end: usable } = await refresh(signedIn.access_token);
    assert.equal(usable.kind, 'usable');
    assert.notEqual(usable.access_token, signedIn.access_token);
    const { end: signedOut } = await drive(client.revoke(found, session), clientHost);
    assert.deepEqual(signedOut, { kind: 'signed-out', at_server: true });
    assert.equal((await judge(usable.access_token, 'read')).status, 401);
    assert.equal((await refresh()).end.kind, 'sign-in-again');
  });

  test('metadata that was kept serves as well, in the module of the client alone', async () => {
    const all = await parties(symbolon);
    const { end: found } = await drive(all.client.discover(), all.clientHost);
    const { document } = structuredClone(found);
    const client = (await initClient()).client(clientConfig);
    const { end: signIn } = await drive(client.authorize({ document: new TextDecoder().decode(document) }, { browser }), all.clientHost);
    const { end } = await drive(client.callback({ document }, await approve(all, signIn.url), { browser }), all.clientHost);
    assert.equal(end.kind, 'signed-in');
    assert.throws(() => client.authorize({ document: '{}' }, { browser }), (error) => code('refused')(error) && error.reason.name === 'Missing');
    assert.throws(() => client.authorize({}, { browser }), code('bad_input'));
  });

  test('two refreshes at once ask the server once', async () => {
    const all = await parties(symbolon);
    const { client, clientHost } = all;
    const { end: found } = await drive(client.discover(), clientHost);
    const { end: signIn } = await drive(client.authorize(found, { browser }), clientHost);
    const { end: first } = await drive(client.callback(found, await approve(all, signIn.url), { browser }), clientHost);
    let sent = 0;
    const counted = { ...clientHost, send: (question) => ((sent += 1), clientHost.send(question)) };
    const refresh = () => drive(client.refresh(found, first.session, { rejected: first.access_token }), counted);
    const ends = (await Promise.all([refresh(), refresh(), refresh()])).map(({ end }) => end.kind);
    assert.equal(sent, 1);
    assert.deepEqual(ends.filter((kind) => kind !== 'busy'), ['usable']);
  });
});

test('what a request needs is not less than what was said', async () => {
  const all = await parties(symbolon);
  const { client, clientHost, resource, resourceHost } = all;
  const { end: found } = await drive(client.discover(), clientHost);
  const { end: signIn } = await drive(client.authorize(found, { browser }), clientHost);
  const now = Math.floor(Date.now() / 1000);
  const { end } = await drive(client.callback(found, await approve(all, signIn.url, now), { browser }), clientHost);
  const judge = (needs, at = now) =>
    drive(resource.judge(toResource(end.access_token), { needs: { scope: 'read', ...needs }, now: at }), resourceHost);
  const kind = async (needs, at) => (await judge(needs, at)).end.kind;
  assert.equal(await kind({}), 'claims');
  for (const detail of [{ type: undefined, actions: 'transfer' }, { actions: 'transfer' }, { type: '' }, {}, null]) {
    await assert.rejects(async () => judge({ detail }), code('bad_input'), JSON.stringify(detail));
  }
  assert.equal(await kind({ detail: { type: 'payment', actions: 'transfer' } }), 'reply');
  // 0 seconds is no absence.
  assert.deepEqual([await kind({}, now + 1), await kind({ max_age: undefined }, now + 1)], ['claims', 'claims']);
  assert.deepEqual([await kind({ max_age: 0 }, now + 1), await kind({ max_age: 1 }, now + 1)], ['reply', 'claims']);
  assert.equal(await kind({ max_age: 0 }), 'claims');
});

describe('a host', () => {
  const start = async () => {
    const all = await parties(symbolon);
    const request = { method: 'GET', query: 'client_id=web', headers: [] };
    return { ...all, flow: all.server.authorize(request, { browser }) };
  };

  test('that throws, is missing or answers nonsense is unavailable, and is told', async () => {
    for (const load of [() => { throw new Error('down'); }, async () => { throw new Error('down'); }, () => 'a row', () => ({ version: -1, value: new Uint8Array() }), () => ({ version: 1, value: new Uint8Array(2 ** 21) })]) {
      const told = [];
      const { end, reason } = await drive((await start()).flow, { load, onerror: (error, { kind }) => told.push([error.message, kind]) });
      assert.deepEqual([end.kind, end.status], ['reply', 503], load.toString());
      assert.equal(reason, 'StoreUnavailable');
      assert.equal(told.length, 1);
      assert.equal(told[0][1], 'load');
    }
    assert.equal((await drive((await start()).flow, {})).end.status, 503);
  });

  test('whose onerror throws ends the drive, and the flow', async () => {
    const { flow } = await start();
    const host = { load: () => { throw new Error('down'); }, onerror: (error) => { throw error; } };
    await assert.rejects(drive(flow, host), /down/);
    assert.throws(() => flow.next(), code('ended'));
  });

  test('that drives a flow twice is told', async () => {
    const { flow, store } = await start();
    const outcomes = await Promise.allSettled([drive(flow, store), drive(flow, store)]);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    // The flow of a drive that fails is over, for the other one as well.
    assert.deepEqual(failed.map(({ reason }) => reason.code).sort(), ['ended', 'wrong_step']);
  });

  test('is asked by flows that are interleaved in one instance', async () => {
    const all = await parties(symbolon);
    const { end: found } = await drive(all.client.discover(), all.clientHost);
    const one = async () => {
      const { end: signIn } = await drive(all.client.authorize(found, { browser }), all.clientHost);
      const { end } = await drive(all.client.callback(found, await approve(all, signIn.url), { browser }), all.clientHost);
      return end;
    };
    const ends = await Promise.all(Array.from({ length: 40 }, one));
    assert.ok(ends.every(({ kind }) => kind === 'signed-in'));
    assert.equal(new Set(ends.map(({ access_token }) => access_token)).size, 40);
  });
});

describe('misuse', () => {
  const loading = () => symbolon.server(serverConfig).authorize({ method: 'GET', query: 'client_id=web', headers: [] }, { browser });

  test('an answer to another question changes nothing', () => {
    const flow = loading();
    const step = flow.next();
    assert.equal(step.kind, 'load');
    assert.throws(() => flow.committed(true), code('wrong_step'));
    assert.throws(() => flow.verdict(true), code('wrong_step'));
    assert.throws(() => flow.signature(new Uint8Array(64)), code('wrong_step'));
    assert.throws(() => flow.response({ status: 200, headers: [], body: new Uint8Array() }), code('wrong_step'));
    assert.throws(() => flow.row({ version: 1, value: 'text' }), code('bad_answer'));
    assert.equal(flow.next(), step);
    flow.row(undefined);
    assert.equal(flow.next().end.status, 400);
  });

  test('a flow that has ended, or was cancelled', () => {
    const flow = loading();
    flow.row(null);
    assert.equal(flow.next().kind, 'done');
    assert.equal(flow.next(), flow.next());
    assert.throws(() => flow.row(null), code('ended'));
    assert.throws(() => flow.unavailable(), code('ended'));
    flow.cancel();
    assert.equal(flow.next().kind, 'done');
    const other = loading();
    other.cancel();
    other.cancel();
    assert.throws(() => other.next(), code('ended'));
    assert.throws(() => other.unavailable(), code('ended'));
  });

  test('configurations', () => {
    assert.throws(() => symbolon.server({ ...serverConfig, isuer: 'x' }), code('bad_input'));
    assert.throws(() => symbolon.server({ ...serverConfig, issuer: 5 }), code('bad_input'));
    assert.throws(() => symbolon.server({ ...serverConfig, code_lifetime: -1 }), code('bad_input'));
    assert.throws(() => symbolon.server({ ...serverConfig, code_lifetime: 1.5 }), code('bad_input'));
    assert.throws(() => symbolon.server({ ...serverConfig, keys: [{ id: 1, secret: new Uint8Array(16) }] }), code('bad_input'));
    assert.throws(() => symbolon.server({ ...serverConfig, keys: [{ id: 300, secret: new Uint8Array(32) }] }), code('bad_input'));
    assert.throws(() => symbolon.server({ ...serverConfig, keys: [] }), code('refused'));
    const plain = (error) => code('refused')(error) && error.reason.name.length > 0 && error.message.includes(error.reason.name);
    assert.throws(() => symbolon.server({ ...serverConfig, issuer: 'http://as.example' }), plain);
    assert.throws(() => symbolon.client({ ...clientConfig, authentication: 'magic' }), code('bad_input'));
    assert.throws(() => symbolon.client({ ...clientConfig, client_id: '' }), plain);
    assert.throws(() => symbolon.register({ client_id: 'x', client_name: 'x', application_type: 'web', authentication: 'none', redirect_uris: 'no' }), plain);
  });

  test('keys and certificates', () => {
    const key = { key_id: 'k', algorithm: 'ES256', jwk: '{"kty":"EC","kid":"k","alg":"ES256"}' };
    const server = (signing_keys) => symbolon.server({ ...serverConfig, signing_keys, jwt_access_tokens: true, dpop_nonces: true });
    server([key, { ...key, key_id: 'l', algorithm: 'EdDSA' }]).dispose();
    const refused = (name, parameter) => (error) =>
      code('refused')(error) && error.reason.name === name && error.reason.parameter === parameter;
    assert.throws(() => server([{ ...key, algorithm: 'none' }]), refused('Malformed', 'alg'));
    assert.throws(() => server([key, key]), refused('Repeated', 'kid'));
    assert.throws(() => server(Array.from('abcde', (key_id) => ({ ...key, key_id }))), refused('TooMany', 'signing keys'));
    assert.throws(() => server([{ ...key, jwk: {} }]), code('bad_input'));

    const client = { client_id: 'x', client_name: 'x', application_type: 'web', scope: 'read', client_credentials: true };
    const register = (more) => symbolon.register({ ...client, ...more }).value.length;
    // RFC 8037 appendix A.2.
    const jwks = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}';
    assert.ok(register({ authentication: 'private_key_jwt', jwks, token_endpoint_auth_signing_alg: 'EdDSA' }) > 0);
    assert.ok(register({ authentication: 'tls_client_auth', tls_client_auth_san_dns: 'x.example' }) > 0);
    assert.throws(() => register({ authentication: 'private_key_jwt' }), refused('Missing', 'jwks'));
    assert.throws(() => register({ authentication: 'private_key_jwt', jwks: '{"keys":[]}' }), refused('Missing', 'keys'));
    assert.throws(() => register({ authentication: 'private_key_jwt', jwks, jwks_uri: 'https://x.example/' }), refused('Malformed', 'jwks'));

    const request = { method: 'POST', headers: [] };
    const shown = (certificate) => symbolon.server(serverConfig).revoke({ ...request, certificate });
    assert.equal(shown({ thumbprint: new Uint8Array(32), chain_verified: true, dns: 'x.example' }).next().kind, 'done');
    assert.throws(() => shown({ thumbprint: new Uint8Array(31) }), code('bad_input'));
    assert.throws(() => shown({ thumbprint: new Uint8Array(32), issuer: 'x' }), code('bad_input'));
  });

  test('a configuration that is in use, or was disposed of', () => {
    const server = symbolon.server(serverConfig);
    const flow = server.authorize({ method: 'GET', query: 'client_id=web', headers: [] }, { browser });
    assert.throws(() => server.dispose(), code('in_use'));
    flow.cancel();
    server.dispose();
    server.dispose();
    assert.throws(() => server.metadata(), code('ended'));
  });

  test('requests', () => {
    const server = symbolon.server(serverConfig);
    const request = { method: 'POST', headers: [], body: '' };
    assert.throws(() => server.token({ ...request, body: 'x'.repeat(2 ** 21) }), code('too_large'));
    assert.throws(() => server.token({ ...request, headers: [['X', 'snowman \u2603']] }), code('bad_input'));
    assert.throws(() => server.token({ ...request, headers: [['X', 5]] }), code('bad_input'));
    for (const headers of [{ 'Content-Type': 'text/plain' }, null, 5, ['Content-Type', 'text/plain']]) {
      assert.throws(() => server.token({ ...request, headers }), code('bad_input'), JSON.stringify(headers));
    }
    for (const headers of [new Headers({ X: 'y' }), new Map([['X', 'y']]), []]) server.token({ ...request, headers }).cancel();
    assert.throws(() => server.token({ ...request, method: 5 }), code('bad_input'));
    assert.throws(() => server.authorize(request, { browser: 'short' }), code('refused'));
    assert.throws(() => server.authorize(request, { browser, entropy: new Uint8Array(31) }), code('bad_input'));
    assert.throws(() => server.token(request, { now: 'today' }), code('bad_input'));
    // What is long, and still a request, is for the core to refuse.
    assert.equal(server.token({ ...request, headers: [['Content-Type', 'application/x-www-form-urlencoded']], body: 'x'.repeat(2 ** 17) }).next().end.status >= 400, true);
  });
});

test('a store in memory compares and swaps', async () => {
  const store = memoryStore();
  const write = { key: new Uint8Array(32), exists: false, expected: 0, delete_row: false, value: Uint8Array.of(1), expires_at: 9 };
  assert.equal(await store.load(write), undefined);
  assert.equal(await store.commit({ ...write, exists: true, expected: 1 }), false);
  assert.equal(await store.commit(write), true);
  assert.equal(await store.commit(write), false);
  assert.equal(await store.commit({ ...write, exists: true, expected: 1, value: Uint8Array.of(2) }), true);
  assert.deepEqual(await store.load(write), { version: 2, value: Uint8Array.of(2) });
  store.prune(8);
  assert.equal(store.rows.size, 1);
  assert.equal(await store.commit({ ...write, exists: true, expected: 2, delete_row: true }), true);
  assert.equal(await store.load(write), undefined);
});
