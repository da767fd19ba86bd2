// Our client, at oidc-provider.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ourClient } from './programs.js';
import { client as registered, consent, resource, startProvider } from './provider.js';
import { UserAgent } from './user_agent.js';

// What the application's cookies tell browsers apart by.
const [one, another] = ['the browser of one person', 'the browser of another person'];
const methods = ['none', 'client_secret_basic', 'client_secret_post'];
const folder = mkdtempSync(join(tmpdir(), 'symbolon-interop-'));
let provider;
before(async () => {
  provider = await startProvider(methods);
});
after(() => {
  provider?.stop();
  rmSync(folder, { recursive: true });
});

for (const method of methods) {
  describe(`our client, ${method}`, () => {
    const agent = new UserAgent();
    const configuration = () => ({
      ...registered,
      issuer: provider.issuer,
      client_id: `${registered.client_id}-${method}`,
      method,
      scope: 'read write',
      resource,
      store: join(folder, `${method}.sqlite`),
    });
    let client;
    before(() => {
      client = ourClient(configuration());
    });
    after(() => client.stop());

    /** The URL that the user comes back to. */
    const back = async (browser, decision) => {
      const page = await consent(agent, (await client.ask({ do: 'begin', browser })).url, decision);
      assert.equal(page.status, 303, page.body);
      assert.ok(page.location.startsWith(`${registered.redirect_uri}?`), page.location);
      return page.location;
    };
    const callback = (browser, url) => client.ask({ do: 'callback', browser, url });
    const signIn = async (browser) => callback(browser, await back(browser));
    const altered = (url, name, value) => {
      const changed = new URL(url);
      if (value === null) changed.searchParams.delete(name);
      else changed.searchParams.set(name, value);
      return changed.href;
    };
    const refused = (about) => ({ error: about });
    const asked = () => provider.requests.filter((request) => request === 'POST /token').length;
    /** That the client itself does not take it, and asks the server for nothing. */
    const refusesUnasked = async (answer, about) => {
      const before = asked();
      await assert.rejects(answer, refused(about));
      assert.equal(asked(), before);
    };

    test('signs in, refreshes and signs out', async () => {
      const { session, access_token, scope } = await signIn(one);
      assert.equal(scope, 'read write');
      assert.equal((await client.ask({ do: 'refresh', session })).access_token, access_token);
      const spent = await client.ask({ do: 'refresh_token', session });
      const next = await client.ask({ do: 'refresh', session, rejected: access_token });
      assert.notEqual(next.access_token, access_token);
      assert.notDeepEqual(await client.ask({ do: 'refresh_token', session }), spent);
      await client.ask({ do: 'revoke', session });
      await assert.rejects(client.ask({ do: 'refresh', session }), refused('sign in again: signed out'));
      assert.ok(provider.requests.includes('GET /.well-known/oauth-authorization-server'));
      assert.ok(provider.requests.includes('POST /token/revocation'));
    });

    test('is told that the user refused', async () => {
      await assert.rejects(callback(one, await back(one, 'deny')), refused('the server said access_denied'));
    });

    test('takes a response once', async () => {
      const url = await back(one);
      const { session } = await callback(one, url);
      await refusesUnasked(callback(one, url), 'the authorization response was already used');
      assert.ok((await client.ask({ do: 'refresh', session })).access_token);
    });

    test('takes no response with another state, and none of another browser', async () => {
      const unknown = 'the authorization response belongs to no sign-in of this browser';
      const url = await back(one);
      const state = new URL(url).searchParams.get('state');
      await refusesUnasked(callback(one, altered(url, 'state', `${state}A`)), unknown);
      await refusesUnasked(callback(one, altered(url, 'state', null)), unknown);
      await refusesUnasked(callback(another, url), unknown);
      const other = await back(another);
      await refusesUnasked(callback(one, altered(url, 'state', new URL(other).searchParams.get('state'))), unknown);
      await refusesUnasked(callback(one, `${url}&state=${state}`), 'sent more than once');
      assert.equal((await callback(one, url)).scope, 'read write');
    });

    test('takes no response without iss, and none of another issuer', async () => {
      const url = await back(one);
      await refusesUnasked(callback(one, altered(url, 'iss', null)), 'the authorization response lacks iss');
      const foreign = 'the authorization response is of another issuer';
      await refusesUnasked(callback(one, altered(url, 'iss', 'https://evil.example')), foreign);
      await refusesUnasked(callback(one, altered(url, 'iss', `${provider.issuer}/`)), foreign);
      assert.equal((await callback(one, url)).scope, 'read write');
    });

    test('is refused with a code of another sign-in', async () => {
      const [mine, stolen] = [await back(one), await back(another)];
      const injected = altered(mine, 'code', new URL(stolen).searchParams.get('code'));
      await assert.rejects(callback(one, injected), refused('the server said invalid_grant'));
      await refusesUnasked(callback(one, mine), 'the authorization response belongs to no sign-in of this browser');
    });

    test('signs out when its refresh token has been used by another', async () => {
      const { session, access_token } = await signIn(one);
      const { refresh_token } = await client.ask({ do: 'refresh_token', session });
      const thief = ourThief(method, refresh_token);
      assert.equal((await fetch(`${provider.issuer}/token`, thief)).status, 200);
      await assert.rejects(client.ask({ do: 'refresh', session, rejected: access_token }), refused('sign in again: the server said invalid_grant'));
      await assert.rejects(client.ask({ do: 'refresh', session }), refused('sign in again: signed out'));
    });

    test('refreshes once in two processes on one store', async () => {
      const { session, access_token } = await signIn(one);
      const other = ourClient(configuration());
      try {
        // The other has found its server before the race begins.
        await other.ask({ do: 'begin', browser: one });
        for (let [round, rejected] = [0, access_token]; round < 5; round += 1) {
          const before = asked();
          const order = { do: 'refresh', session, rejected };
          const outcomes = await Promise.allSettled([client.ask(order), other.ask(order)]);
          assert.equal(asked(), before + 1);
          const tokens = outcomes.filter(({ status }) => status === 'fulfilled').map(({ value }) => value.access_token);
          assert.ok(tokens.length > 0 && tokens.every((token) => token === tokens[0] && token !== rejected), JSON.stringify(outcomes));
          for (const { reason } of outcomes.filter(({ status }) => status === 'rejected')) {
            assert.equal(reason.error, 'the session is being refreshed elsewhere');
          }
          [rejected] = tokens;
        }
      } finally {
        await other.stop();
      }
    });

    test('does not take the metadata of another issuer', async () => {
      const { port } = new URL(provider.issuer);
      const store = join(folder, 'other.sqlite');
      for (const issuer of [`http://localhost:${port}`, `http://127.0.0.1:${port}/`]) {
        const other = ourClient({ ...configuration(), issuer, store });
        try {
          await assert.rejects(other.ask({ do: 'begin', browser: one }), refused('discovery: IssuerMismatch'));
        } finally {
          await other.stop();
        }
      }
    });

    if (method === 'client_secret_basic') {
      test('judges as a resource server what the tokens are', async () => {
        const { session, access_token } = await signIn(one);
        const judge = (scope, token = access_token) => client.ask({ do: 'judge', access_token: token, scope });
        assert.deepEqual(await judge('read'), { status: 200, subject: 'alice' });
        assert.deepEqual(await judge('admin'), { status: 403 });
        assert.deepEqual(await judge('read', 'no-such-token'), { status: 401 });
        await client.ask({ do: 'revoke', session });
        assert.deepEqual(await judge('read'), { status: 401 });
      });
    }
  });
}

/** A token request of somebody who has a copy of the refresh token and of the credentials. */
function ourThief(method, refresh_token) {
  const client_id = `${registered.client_id}-${method}`;
  const { client_secret } = registered;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
  const headers = {};
  if (method === 'client_secret_basic') {
    const basic = [client_id, client_secret].map((half) => new URLSearchParams([['', half]]).toString().slice(1)).join(':');
    headers.authorization = `Basic ${Buffer.from(basic).toString('base64')}`;
  } else {
    body.append('client_id', client_id);
    if (method === 'client_secret_post') body.append('client_secret', client_secret);
  }
  return { method: 'POST', headers, body };
}
