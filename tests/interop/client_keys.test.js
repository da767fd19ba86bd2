// Our client with keys of its own, at oidc-provider: assertions, DPoP with nonces, pushed requests, OpenID Connect, tokens for
// itself, and certificates over TLS.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as jose from 'jose';
import { authority as newAuthority, jwkOf } from './certificates.js';
import { ourClient } from './programs.js';
import { consent, resource, startProvider } from './provider.js';
import { UserAgent } from './user_agent.js';

const redirect_uri = 'http://127.0.0.1:9/callback';
const browser = 'the browser of one person';
const registered = (client_id, more) => ({
  client_id,
  application_type: 'native',
  redirect_uris: [redirect_uri],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
  ...more,
});
/** A private key as a JWK with an id, and its public half. */
async function newKey(kid, alg) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
  const named = { kid, alg, use: 'sig' };
  return { own: { ...(await jose.exportJWK(privateKey)), ...named }, published: { ...(await jose.exportJWK(publicKey)), ...named } };
}
const settings = async (more) => ({
  scopes: ['openid', 'read', 'write'],
  jwks: { keys: [{ ...(await newKey('provider', 'ES256')).own }] },
  ...more,
});
const features = {
  clientCredentials: { enabled: true },
  pushedAuthorizationRequests: { enabled: true },
  dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
};

for (const alg of ['ES256', 'EdDSA', 'PS256', 'RS256']) {
  describe(`our client with keys for ${alg}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-client-'));
    const agent = new UserAgent();
    const clients = {};
    let provider;
    before(async () => {
      const [assertion, proof] = [await newKey('assertion', alg), await newKey('proof', alg)];
      const byKey = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg, jwks: { keys: [assertion.published] } };
      provider = await startProvider([], {
        clients: [
          registered('by-key', { ...byKey, dpop_bound_access_tokens: true, require_pushed_authorization_requests: true }),
          registered('public', { token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'], dpop_bound_access_tokens: true }),
        ],
        features,
        ...(await settings({ clientAuthMethods: ['none', 'private_key_jwt'], enabledJWA: { clientAuthSigningAlgValues: [alg], dPoPSigningAlgValues: [alg], idTokenSigningAlgValues: ['ES256'] } })),
      });
      const set = [['by-key', 'private_key_jwt', resource], ['public', 'none', resource], ['user', 'none', '']];
      for (const [name, method, resource] of set) {
        clients[name] = ourClient({
          issuer: provider.issuer,
          client_id: name === 'user' ? 'public' : name,
          method,
          redirect_uri,
          resource,
          scope: 'openid read write',
          id_token_algorithm: 'ES256',
          pushed_requests: 'always',
          keys: [assertion.own, proof.own],
          assertion_key: 'assertion',
          dpop_keys: ['proof'],
          store: join(folder, `${name}.sqlite`),
        });
      }
    });
    after(async () => {
      for (const client of Object.values(clients)) await client.stop();
      provider?.stop();
      rmSync(folder, { recursive: true });
    });

    for (const client_id of ['by-key', 'public']) {
      const client = { ask: (order) => clients[client_id].ask(order) };
      const back = async (decision, more) => {
        const { url } = await client.ask({ do: 'begin', browser, ...more });
        assert.deepEqual([...new URL(url).searchParams.keys()].sort(), ['client_id', 'request_uri']);
        return (await consent(agent, url, decision)).location;
      };

      test(`${client_id}: signs in with a pushed request, refreshes and signs out`, async () => {
        const { session, access_token, scope, subject } = await client.ask({ do: 'callback', browser, url: await back() });
        assert.deepEqual([scope, subject], ['read write', 'alice']);
        const next = await client.ask({ do: 'refresh', session, rejected: access_token });
        assert.notEqual(next.access_token, access_token);
        await client.ask({ do: 'revoke', session });
        assert.ok(provider.requests.includes('POST /request'));
        assert.ok(provider.requests.includes('GET /jwks'));
      });

      test(`${client_id}: is told that the user refused`, async () => {
        await assert.rejects(client.ask({ do: 'callback', browser, url: await back('deny') }), { error: 'the server said access_denied' });
      });

      test(`${client_id}: takes no response of another issuer, and none twice`, async () => {
        const url = await back();
        const foreign = new URL(url);
        foreign.searchParams.set('iss', 'https://evil.example');
        await assert.rejects(client.ask({ do: 'callback', browser, url: foreign.href }), { error: 'the authorization response is of another issuer' });
        await client.ask({ do: 'callback', browser, url });
        await assert.rejects(client.ask({ do: 'callback', browser, url }), { error: 'the authorization response was already used' });
      });
    }

    // The provider wants a nonce in the proof there, too.
    test('asks about its user with a proof, and needs a token that is for that', async () => {
      const signedIn = async (client) => client.ask({ do: 'callback', browser, url: (await consent(agent, (await client.ask({ do: 'begin', browser })).url)).location });
      const { session } = await signedIn(clients.user);
      for (let times = 0; times < 2; times += 1) {
        assert.equal((await clients.user.ask({ do: 'userinfo', session })).sub, 'alice');
      }
      const bound = await signedIn(clients.public);
      await assert.rejects(clients.public.ask({ do: 'userinfo', session: bound.session }), { error: 'the scope is not enough' });
    });

    test('gets a token for itself, and the same one until it is refused', async () => {
      const order = { do: 'credentials', scope: 'read' };
      const { access_token } = await clients['by-key'].ask(order);
      assert.equal((await clients['by-key'].ask(order)).access_token, access_token);
      assert.notEqual((await clients['by-key'].ask({ ...order, rejected: access_token })).access_token, access_token);
      await assert.rejects(clients.public.ask(order));
    });
  });
}

describe('our client with a certificate, over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-client-'));
  const authority = newAuthority();
  const clients = {};
  let provider;
  before(async () => {
    const server = authority.certify('server', '/CN=server', 'IP:127.0.0.1');
    const shown = { named: authority.certify('named', '/CN=the client', 'DNS:client.example'), self: authority.selfSigned('self', '/CN=itself') };
    const bound = { tls_client_certificate_bound_access_tokens: true, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
    const jwks = { keys: [jwkOf(shown.self)] };
    const peer = (ctx) => ctx.socket.getPeerX509Certificate();
    provider = await startProvider([], {
      clients: [
        registered('named', { ...bound, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'client.example' }),
        registered('self', { ...bound, token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks }),
      ],
      tls: { cert: readFileSync(server.certificate), key: readFileSync(server.key), ca: readFileSync(authority.file) },
      features: {
        clientCredentials: { enabled: true },
        mTLS: {
          enabled: true,
          certificateBoundAccessTokens: true,
          selfSignedTlsClientAuth: true,
          tlsClientAuth: true,
          getCertificate: (ctx) => peer(ctx)?.toString(),
          certificateAuthorized: (ctx) => ctx.socket.authorized,
          certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_san_dns' && peer(ctx).subjectAltName === `DNS:${expected}`,
        },
      },
      ...(await settings({ clientAuthMethods: ['tls_client_auth', 'self_signed_tls_client_auth'] })),
    });
    for (const [client_id, method] of [['named', 'tls_client_auth'], ['self', 'self_signed_tls_client_auth']]) {
      for (const [certificate, { certificate: file, key }] of Object.entries(shown)) {
        const both = authority.path(`${certificate}.both`);
        writeFileSync(both, readFileSync(file, 'utf8') + readFileSync(key, 'utf8'));
        clients[`${client_id} by ${certificate}`] = ourClient({
          issuer: provider.issuer,
          client_id,
          method,
          redirect_uri,
          resource,
          scope: 'read',
          certificate_bound: true,
          certificate: both,
          authorities: authority.file,
          store: join(folder, `${client_id}-${certificate}.sqlite`),
        });
      }
    }
  });
  after(async () => {
    for (const client of Object.values(clients)) await client.stop();
    provider?.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  for (const client_id of ['named', 'self']) {
    test(`${client_id}: gets a token by its certificate, and none by another`, async () => {
      assert.ok((await clients[`${client_id} by ${client_id}`].ask({ do: 'credentials' })).access_token);
      const other = client_id === 'named' ? 'self' : 'named';
      await assert.rejects(clients[`${client_id} by ${other}`].ask({ do: 'credentials' }), { error: 'the server said invalid_client' });
    });
  }
});
