// What clients that others wrote go through at our server: each library, with each way in which it can authenticate.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { UserAgent, decide } from './user_agent.js';

const redirect_uri = 'http://127.0.0.1:9/callback';
const registered = [
  { client_id: 'native', method: 'none' },
  { client_id: 'web', client_secret: 'web-secret-f3pTq0nVb7Kx2LmZ', method: 'client_secret_basic' },
  { client_id: 'web-post', client_secret: 'web-post-secret-9RdYc4HsWj6G', method: 'client_secret_post' },
];
const resourceServer = { client_id: 'resource-server', client_secret: 'resource-secret-Ub8eXk1QzN5v', method: 'client_secret_basic' };

/** An error of the OAuth kind, by its code; oauth4webapi stops at the challenge of a 401 and shows its status alone. */
const refused = (code) => (error) => {
  assert.equal(error.error ?? (error.status === 401 ? 'invalid_client' : error), code);
  return true;
};

/** An error that the library makes of a response it does not take; openid-client has the words in the cause. */
const complains = (about) => (error) => {
  assert.match(error.cause?.message ?? error.message, about);
  return true;
};

/** Declares the tests: `start` gives the server, `libraries` are functions as those of `clients.js`. */
export function atServer(start, libraries) {
  let host;
  before(async () => {
    host = await start();
  });
  after(() => host?.stop());

  for (const [library, connect] of Object.entries(libraries)) {
    for (const credentials of registered) {
      const isPublic = credentials.method === 'none';
      describe(`${library}, ${credentials.method}`, () => {
        const agent = new UserAgent();
        let client;
        let resource;
        const open = (configuration) => connect({ issuer: host.issuer, resource: host.resource, redirect_uri, ...configuration });
        before(async () => {
          client = await open(credentials);
          resource = await open(resourceServer);
        });
        after(async () => {
          await client?.stop();
          await resource?.stop();
        });

        /** The URL that the user comes back to. */
        const back = async (decision, scope, parameters = { scope: 'read write' }) => {
          const page = await decide(agent, await client.begin(parameters), decision, scope);
          assert.equal(page.status, 303, page.body);
          assert.ok(page.location.startsWith(`${redirect_uri}?`), page.location);
          return page.location;
        };
        const altered = (url, name, value) => {
          const changed = new URL(url);
          if (value === null) changed.searchParams.delete(name);
          else changed.searchParams.set(name, value);
          return changed.href;
        };
        const active = async (token) => (await resource.introspect(token)).active;

        test('finds the server', () => {
          assert.equal(client.metadata.issuer, host.issuer);
          assert.equal(client.metadata.token_endpoint, `${host.issuer}/token`);
          assert.deepEqual(client.metadata.code_challenge_methods_supported, ['S256']);
          assert.equal(client.metadata.authorization_response_iss_parameter_supported, true);
        });

        test('gets tokens, uses, refreshes and revokes them', async () => {
          const tokens = await client.callback(await back());
          assert.equal(tokens.token_type.toLowerCase(), 'bearer');
          assert.equal(tokens.scope, 'read write');
          const { status, body } = await client.call(host.resource, tokens.access_token);
          assert.equal(status, 200, body);
          assert.equal(JSON.parse(body).notes_of, 'alice');

          const next = await client.refresh(tokens.refresh_token);
          assert.notEqual(next.access_token, tokens.access_token);
          assert.notEqual(next.refresh_token, tokens.refresh_token);
          assert.equal((await client.call(host.resource, next.access_token)).status, 200);

          const shown = await resource.introspect(next.access_token);
          assert.deepEqual(
            { active: shown.active, sub: shown.sub, client_id: shown.client_id, scope: shown.scope, iss: shown.iss, aud: [shown.aud].flat() },
            { active: true, sub: 'alice', client_id: credentials.client_id, scope: 'read write', iss: host.issuer, aud: [host.resource] },
          );
          assert.ok(shown.exp > Date.now() / 1000, `exp is ${shown.exp}`);

          await client.revoke(next.refresh_token);
          assert.equal(await active(next.access_token), false);
          await assert.rejects(client.refresh(next.refresh_token), refused('invalid_grant'));
          const denied = await client.call(host.resource, next.access_token).catch((error) => error);
          assert.equal(denied.status, 401);
        });

        test('is told what the user left out', async () => {
          const tokens = await client.callback(await back('approve', 'read'));
          assert.equal(tokens.scope, 'read');
          assert.equal((await resource.introspect(tokens.access_token)).scope, 'read');
        });

        test('gets the default scope if it asks for none', async () => {
          const tokens = await client.callback(await back('approve', null, {}));
          assert.equal(tokens.scope, 'read');
        });

        test('is told that the user refused', async () => {
          await assert.rejects(back('deny').then((url) => client.callback(url)), refused('access_denied'));
        });

        test('is told that a scope does not exist', async () => {
          await assert.rejects(back('deny', null, { scope: 'read everything' }).then((url) => client.callback(url)), refused('invalid_scope'));
        });

        test('goes nowhere with a redirection URI that is not registered', async () => {
          const url = await client.begin({ scope: 'read', redirect_uri: 'http://127.0.0.1:9/elsewhere' });
          const page = await agent.get(url);
          assert.equal(page.status, 400);
          assert.equal(page.location, null);
          assert.match(page.body, /redirect_uri is not registered/);
        });

        test('is refused with another verifier, and the code is gone', async () => {
          const url = await back();
          const verifier = 'another-verifier-of-at-least-forty-three-characters';
          await assert.rejects(client.callback(url, { verifier }), refused('invalid_grant'));
          await assert.rejects(client.callback(url), refused('invalid_grant'));
        });

        test('is refused with a code that was redeemed, and its tokens are gone', async () => {
          const url = await back();
          const tokens = await client.callback(url);
          assert.equal(await active(tokens.access_token), true);
          await assert.rejects(client.callback(url), refused('invalid_grant'));
          assert.equal(await active(tokens.access_token), false);
          await assert.rejects(client.refresh(tokens.refresh_token), refused('invalid_grant'));
        });

        if (isPublic) {
          test('is refused with a superseded refresh token, and the grant is gone', async () => {
            const first = await client.callback(await back());
            const second = await client.refresh(first.refresh_token);
            await assert.rejects(client.refresh(first.refresh_token), refused('invalid_grant'));
            assert.equal(await active(second.access_token), false);
            await assert.rejects(client.refresh(second.refresh_token), refused('invalid_grant'));
          });
        } else {
          test('gets the same successor again if the first answer was lost', async () => {
            const first = await client.callback(await back());
            const second = await client.refresh(first.refresh_token);
            const again = await client.refresh(first.refresh_token);
            assert.equal(again.refresh_token, second.refresh_token);
            const third = await client.refresh(second.refresh_token);
            await assert.rejects(client.refresh(first.refresh_token), refused('invalid_grant'));
            assert.equal(await active(third.access_token), false);
          });

          test('is refused with a wrong secret', async () => {
            const { access_token, refresh_token } = await client.callback(await back());
            const impostor = await open({ ...credentials, client_secret: 'not-the-secret' });
            try {
              await assert.rejects(impostor.refresh(refresh_token), refused('invalid_client'));
              assert.equal(await active(access_token), true);
            } finally {
              await impostor.stop();
            }
          });
        }

        test('does not take a response with a foreign state', async () => {
          const url = altered(await back(), 'state', 'foreign');
          await assert.rejects(client.callback(url), complains(/state/i));
        });

        // Authlib's client does not know RFC 9207.
        if (library !== 'authlib') {
          test('does not take a response without iss, or with that of another issuer', async () => {
            const url = await back();
            await assert.rejects(client.callback(altered(url, 'iss', null)), complains(/iss/));
            await assert.rejects(client.callback(altered(url, 'iss', 'https://evil.example')), complains(/iss/));
            assert.equal((await client.callback(url)).scope, 'read write');
          });
        }
      });
    }
  }
}
