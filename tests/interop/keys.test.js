// Clients that others wrote, at our server, with keys of their own: pushed requests, DPoP, private_key_jwt, mutual TLS, JWT access
// tokens and OpenID Connect.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import { authority as newAuthority, fetchOver, jwkOf, thumbprint } from './certificates.js';
import * as libraries from './keys.js';
import { startHost } from './programs.js';
import { UserAgent, decide } from './user_agent.js';

const redirect_uri = 'http://127.0.0.1:9/callback';
const scope = 'openid read write';
const keyPair = (alg) => oauth.generateKeyPair(alg, { extractable: true });

/** An error of the OAuth kind, by its code. */
const refused = (code) => (error) => {
  const challenges = Array.isArray(error.cause) ? error.cause : [];
  const challenged = challenges.find(({ parameters }) => parameters.error)?.parameters.error;
  // oauth4webapi stops at the challenge of a 401, and the one for clients names no error.
  const basic = challenges.some(({ scheme }) => scheme === 'basic') ? 'invalid_client' : error;
  assert.equal(error.error ?? challenged ?? basic, code);
  return true;
};

/** Metadata of a client, as the host registers it. */
const registered = (client_id, more) => ({
  client_id,
  client_name: `The client ${client_id}`,
  redirect_uris: [redirect_uri],
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  scope,
  token_endpoint_auth_method: 'none',
  ...more,
});

/** A JWK set at a URL on loopback, and how often it was asked for. */
async function publish(jwks) {
  const server = createServer((_, response) => {
    published.asked += 1;
    response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify(jwks));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const published = { asked: 0, url: `http://127.0.0.1:${server.address().port}/jwks`, stop: () => server.close() };
  return published;
}

/** The URL that the user comes back to. */
async function back(agent, client, parameters = {}) {
  const page = await decide(agent, await client.begin({ scope, ...parameters }));
  assert.equal(page.status, 303, page.body);
  assert.ok(page.location.startsWith(`${redirect_uri}?`), page.location);
  return page.location;
}

/** The claims of one of our access tokens, as somebody reads them who knows nothing but the issuer. */
async function accessToken(host, { metadata }, token, get = fetch) {
  const keys = jose.createLocalJWKSet(await (await get(metadata.jwks_uri)).json());
  const { payload, protectedHeader } = await jose.jwtVerify(token, keys, { issuer: host.issuer, audience: host.resource, typ: 'at+jwt' });
  assert.ok(protectedHeader.kid);
  for (const claim of ['exp', 'iat', 'jti', 'sub', 'client_id']) assert.ok(payload[claim], claim);
  return payload;
}

for (const algorithm of ['ES256', 'Ed25519', 'PS256', 'RS256']) {
  describe(`with keys for ${algorithm}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-keys-'));
    let host;
    let own;
    let proof;
    let published;
    before(async () => {
      [own, proof] = [await keyPair(algorithm), await keyPair(algorithm)];
      const jwks = { keys: [{ ...(await jose.exportJWK(own.publicKey)), kid: 'own', use: 'sig', alg: algorithm === 'Ed25519' ? 'EdDSA' : algorithm }] };
      const byKey = { token_endpoint_auth_method: 'private_key_jwt', jwks };
      published = await publish(jwks);
      const byUrl = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: published.url };
      const clients = join(folder, 'clients.json');
      writeFileSync(
        clients,
        JSON.stringify([
          registered('public', { dpop_bound_access_tokens: true }),
          registered('by-key', { ...byKey, dpop_bound_access_tokens: true }),
          registered('by-url', { ...byUrl, dpop_bound_access_tokens: true }),
          registered('service', { ...byKey, redirect_uris: [], grant_types: ['client_credentials'], scope: 'read' }),
        ]),
      );
      host = await startHost('--clients', clients, '--access-tokens', 'jwt', '--dpop-nonces');
    });
    after(async () => {
      await host?.stop();
      published?.stop();
      rmSync(folder, { recursive: true });
    });

    for (const [library, connect] of Object.entries(libraries)) {
      for (const [client_id, method] of [['public', 'none'], ['by-key', 'private_key_jwt'], ['by-url', 'private_key_jwt']]) {
        describe(`${library}, ${method}`, () => {
          const agent = new UserAgent();
          let client;
          const open = (more = {}) =>
            connect({ issuer: host.issuer, resource: host.resource, client_id, method, redirect_uri, proof, key: { key: own.privateKey, kid: 'own' }, ...more });
          before(async () => {
            client = await open();
          });

          test('finds a server that says what it can', () => {
            const { metadata } = client;
            assert.equal(metadata.pushed_authorization_request_endpoint, `${host.issuer}/par`);
            assert.ok(metadata.token_endpoint_auth_methods_supported.includes('private_key_jwt'));
            assert.ok(metadata.token_endpoint_auth_signing_alg_values_supported.every((name) => /^(ES|PS|RS)256$|^Ed/.test(name)));
            assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'));
            assert.ok(metadata.subject_types_supported.includes('public'));
          });

          test('signs its user in, with tokens that are bound to its key', async () => {
            const tokens = await client.callback(await back(agent, client, { max_age: '3600' }));
            assert.equal(tokens.token_type, 'dpop');
            assert.equal(tokens.claims.sub, 'alice');
            assert.ok(tokens.claims.auth_time <= Date.now() / 1000);
            const claims = await accessToken(host, client, tokens.access_token);
            assert.deepEqual([claims.sub, claims.client_id, claims.scope], ['alice', client_id, scope]);
            assert.equal(claims.cnf.jkt, await jose.calculateJwkThumbprint(await jose.exportJWK(proof.publicKey)));
            const { status, body } = await client.call(host.resource, tokens.access_token);
            assert.equal(status, 200, body);
            const next = await client.refresh(tokens.refresh_token);
            assert.equal((await client.call(host.resource, next.access_token)).status, 200);
          });

          test('is told who its user is', async () => {
            assert.equal(client.metadata.userinfo_endpoint, `${host.issuer}/userinfo`);
            const tokens = await client.callback(await back(agent, client));
            const claims = await client.userinfo(tokens.access_token, tokens.claims.sub);
            assert.deepEqual([claims.sub, claims.preferred_username], ['alice', 'alice']);
            const stolen = await open({ proof: await keyPair(algorithm) });
            await assert.rejects(stolen.userinfo(tokens.access_token, 'alice'), refused('invalid_token'));
          });

          test('is refused where the key is another, or none', async () => {
            const tokens = await client.callback(await back(agent, client));
            const stolen = await open({ proof: await keyPair(algorithm) });
            await assert.rejects(stolen.call(host.resource, tokens.access_token), refused('invalid_token'));
            const bearer = await open({ proof: null });
            await assert.rejects(bearer.call(host.resource, tokens.access_token), refused('invalid_token'));
            if (method === 'none') await assert.rejects(stolen.refresh(tokens.refresh_token), refused('invalid_grant'));
            assert.ok((await client.refresh(tokens.refresh_token)).access_token);
          });

          test('gets no tokens without a proof, as it is registered', async () => {
            const bearer = await open({ proof: null });
            const url = await back(agent, bearer);
            await assert.rejects(bearer.callback(url), refused('invalid_request'));
          });

          test('is told that the user would have to be asked', async () => {
            const stranger = new UserAgent();
            const page = await stranger.get(await client.begin({ scope, prompt: 'none' }));
            await assert.rejects(client.callback(page.location), refused('login_required'));
          });

          test('has its user sign in anew', async () => {
            const page = await agent.get(await client.begin({ scope, prompt: 'login' }));
            assert.match(page.body, /name="password"/);
          });
        });
      }

      test(`${library} is known by keys that were asked for once`, () => assert.equal(published.asked, 1));

      test(`${library} gets a token for itself, bound or not, and oauth4webapi as a resource server takes it`, async () => {
        for (const bound of [proof, null]) {
          const settings = { issuer: host.issuer, client_id: 'service', method: 'private_key_jwt', key: { key: own.privateKey, kid: 'own' }, proof: bound };
          const client = await connect(settings);
          const tokens = await client.credentials({ scope: 'read', resource: host.resource });
          assert.equal(tokens.token_type, bound ? 'dpop' : 'bearer');
          assert.equal(tokens.refresh_token, undefined);
          const claims = await accessToken(host, client, tokens.access_token);
          assert.deepEqual([claims.client_id, claims.sub], ['service', 'client:service']);
          assert.equal((await client.call(host.resource, tokens.access_token)).status, 200);
          const request = new Request(host.resource, { headers: { authorization: `Bearer ${tokens.access_token}` } });
          const taken = oauth.validateJwtAccessToken(client.metadata, request, host.resource, { [oauth.allowInsecureRequests]: true });
          if (bound) await assert.rejects(taken);
          else assert.equal((await taken).client_id, 'service');
        }
      });
    }
  });
}

describe('over TLS, with certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-keys-'));
  const authority = newAuthority();
  let host;
  let files;
  before(async () => {
    files = {
      server: authority.certify('server', '/CN=server', 'IP:127.0.0.1'),
      named: authority.certify('named', '/O=Notes/CN=the client', 'DNS:client.example'),
      other: authority.certify('other', '/CN=another client', 'DNS:other.example'),
      self: authority.selfSigned('self', '/CN=itself'),
    };
    const jwks = { keys: [jwkOf(files.self)] };
    const service = { redirect_uris: [], grant_types: ['client_credentials'], scope: 'read', tls_client_certificate_bound_access_tokens: true };
    const clients = join(folder, 'clients.json');
    writeFileSync(
      clients,
      JSON.stringify([
        registered('named', { ...service, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=the client,O=Notes' }),
        registered('dns', { ...service, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'client.example' }),
        registered('self', { ...service, token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks }),
        registered('public', { tls_client_certificate_bound_access_tokens: true }),
      ]),
    );
    const tls = ['--tls-certificate', files.server.certificate, '--tls-key', files.server.key];
    const trust = ['--client-authorities', authority.file, '--authorities', authority.file];
    host = await startHost('--clients', clients, '--access-tokens', 'jwt', ...tls, ...trust);
  });
  after(async () => {
    await host?.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  for (const [library, connect] of Object.entries(libraries)) {
    for (const [client_id, method, shown] of [
      ['named', 'tls_client_auth', 'named'],
      ['dns', 'tls_client_auth', 'named'],
      ['self', 'self_signed_tls_client_auth', 'self'],
    ]) {
      const open = (certificate) => {
        const fetch = fetchOver(authority, certificate && files[certificate]);
        return connect({ issuer: host.issuer, client_id, method, fetch, metadata: { tls_client_certificate_bound_access_tokens: true } });
      };
      const parameters = () => ({ scope: 'read', resource: host.resource });

      test(`${library}, ${client_id}: tokens are bound to the certificate`, async () => {
        const client = await open(shown);
        const tokens = await client.credentials(parameters());
        assert.equal(tokens.token_type, 'bearer');
        const claims = await accessToken(host, client, tokens.access_token, fetchOver(authority));
        assert.equal(claims.cnf['x5t#S256'], thumbprint(files[shown]));
        assert.equal((await client.call(host.resource, tokens.access_token)).status, 200);
        for (const certificate of ['other', null]) {
          const thief = await open(certificate);
          await assert.rejects(thief.call(host.resource, tokens.access_token), refused('invalid_token'));
        }
      });

      test(`${library}, ${client_id}: another certificate, and none, are refused`, async () => {
        for (const certificate of ['other', null]) {
          const impostor = await open(certificate);
          await assert.rejects(impostor.credentials(parameters()), refused('invalid_client'));
        }
      });
    }
  }
});
