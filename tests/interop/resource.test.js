// Our resource server, and access tokens and proofs that jose makes, good ones and bad ones.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as jose from 'jose';
import { ourClient } from './programs.js';

const resource = 'https://notes.example/';
const url = 'https://notes.example/list';
const seconds = () => Math.floor(Date.now() / 1000);
const hash = (text) => createHash('sha256').update(text).digest('base64url');
const folder = mkdtempSync(join(tmpdir(), 'symbolon-resource-'));
after(() => rmSync(folder, { recursive: true }));

for (const alg of ['ES256', 'EdDSA', 'PS256', 'RS256']) {
  describe(`access tokens signed with ${alg}`, () => {
    const server = createServer();
    let issuer;
    let own;
    let other;
    let holder;
    let judge;
    let program;
    const pair = () => jose.generateKeyPair(alg, { extractable: true });
    before(async () => {
      [own, other, holder] = [await pair(), await pair(), await pair()];
      const published = JSON.stringify({ keys: [{ ...(await jose.exportJWK(own.publicKey)), kid: 'own', alg, use: 'sig' }] });
      server.on('request', (request, response) => {
        const found = request.url === '/jwks';
        response.writeHead(found ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'max-age=60' }).end(found ? published : '{}');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      issuer = `http://127.0.0.1:${server.address().port}`;
      program = ourClient({ issuer, jwks_uri: `${issuer}/jwks`, resource, client_id: 'unused', method: 'none', store: join(folder, `${alg}.sqlite`) });
      judge = (headers, { method = 'GET', scope = 'read' } = {}) => program.ask({ do: 'judge', method, url, scope, headers: Object.entries(headers) });
    });
    after(async () => {
      await program?.stop();
      server.closeAllConnections();
      server.close();
    });

    const claims = (changes = {}) => ({
      iss: issuer,
      aud: resource,
      sub: 'alice',
      client_id: 'notes',
      scope: 'read write',
      iat: seconds(),
      exp: seconds() + 60,
      jti: randomUUID(),
      ...changes,
    });
    const token = (changes, header = {}, key = own.privateKey) =>
      new jose.SignJWT(claims(changes)).setProtectedHeader({ alg, typ: 'at+jwt', kid: 'own', ...header }).sign(key);
    const bearer = (text) => judge({ authorization: `Bearer ${text}` });
    const jkt = async () => jose.calculateJwkThumbprint(await jose.exportJWK(holder.publicKey));
    const proof = async (access, changes = {}, header = {}, keys = holder) =>
      new jose.SignJWT({ htm: 'GET', htu: url, iat: seconds(), jti: randomUUID(), ath: hash(access), ...changes })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: await jose.exportJWK(keys.publicKey), ...header })
        .sign(keys.privateKey);

    test('a good one', async () => {
      assert.deepEqual(await bearer(await token()), { status: 200, subject: 'alice' });
      assert.equal((await bearer(await token({ aud: ['https://other.example/', resource] }))).status, 200);
      assert.equal((await bearer(await token({}, { typ: 'application/at+jwt' }))).status, 200);
    });

    test('without the scope', async () => {
      assert.equal((await bearer(await token({ scope: 'write' }))).status, 403);
      assert.equal((await bearer(await token({ scope: undefined }))).status, 403);
    });

    test('not for here, not from there, not now', async () => {
      for (const changes of [
        { aud: 'https://other.example/' },
        { aud: 'https://notes.example' },
        { aud: undefined },
        { aud: [] },
        { iss: `${issuer}/` },
        { iss: undefined },
        { exp: seconds() - 1 },
        { exp: undefined },
        { exp: String(seconds() + 60) },
        { nbf: seconds() + 3600 },
        { sub: 7 },
        { sub: undefined },
        { client_id: undefined },
        { jti: undefined },
      ]) {
        assert.equal((await bearer(await token(changes))).status, 401, JSON.stringify(changes));
      }
    });

    test('of another kind, or signed by others', async () => {
      const none = new jose.UnsecuredJWT(claims()).encode();
      const secret = new TextEncoder().encode(JSON.stringify(await jose.exportJWK(own.publicKey)));
      const good = await token();
      const [head, body, signature] = good.split('.');
      const bad = {
        'an ID token': await token({}, { typ: 'JWT' }),
        'a proof': await token({}, { typ: 'dpop+jwt' }),
        'without a type': await token({}, { typ: undefined }),
        'another key': await token({}, {}, other.privateKey),
        'its own key': await token({}, { kid: undefined, jwk: await jose.exportJWK(other.publicKey) }, other.privateKey),
        'an unknown key': await token({}, { kid: 'unknown' }),
        'no signature at all': none,
        'an HMAC under the public key': await new jose.SignJWT(claims()).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'own' }).sign(secret),
        'other claims': `${head}.${Buffer.from(JSON.stringify(claims({ sub: 'mallory' }))).toString('base64url')}.${signature}`,
        'an empty signature': `${head}.${body}.`,
        'a part too many': `${good}.${signature}`,
      };
      for (const [what, text] of Object.entries(bad)) assert.equal((await bearer(text)).status, 401, what);
    });

    test('bound to a key', async () => {
      const access = await token({ cnf: { jkt: await jkt() } });
      const sent = async (made) => judge({ authorization: `DPoP ${access}`, dpop: made });
      const good = await proof(access);
      assert.deepEqual(await sent(good), { status: 200, subject: 'alice' });
      assert.equal((await sent(good)).status, 401, 'the same proof again');
      assert.equal((await bearer(access)).status, 401, 'no proof');
      const strangers = await pair();
      const bad = {
        'another method': await proof(access, { htm: 'POST' }),
        'another URL': await proof(access, { htu: 'https://notes.example/other' }),
        'another token': await proof(access, { ath: hash('another') }),
        'no token': await proof(access, { ath: undefined }),
        'too old': await proof(access, { iat: seconds() - 3600 }),
        'from the future': await proof(access, { iat: seconds() + 3600 }),
        'no jti': await proof(access, { jti: undefined }),
        'another type': await proof(access, {}, { typ: 'JWT' }),
        'another key': await proof(access, {}, {}, strangers),
        'a key that did not sign': await proof(access, {}, { jwk: await jose.exportJWK(holder.publicKey) }, strangers),
        'a private key': await proof(access, {}, { jwk: await jose.exportJWK(holder.privateKey) }),
      };
      for (const [what, made] of Object.entries(bad)) assert.equal((await sent(made)).status, 401, what);
      assert.equal((await sent(await proof(access, { htu: `${url}?page=2` }))).status, 401, 'with a query');
    });

    test('not bound, and sent with a proof', async () => {
      const access = await token();
      assert.equal((await judge({ authorization: `DPoP ${access}`, dpop: await proof(access) })).status, 401);
    });
  });
}
