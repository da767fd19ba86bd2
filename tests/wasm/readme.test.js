// What the README shows in JavaScript runs as it stands there.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { init } from 'symbolon';
import { memoryStore } from 'symbolon/hosts/memory';
import { registrations, secret, serverConfig } from './parties.js';

test('the token endpoint of the README answers', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, code] = /```js\n(.*?)```/s.exec(readme);
  const folder = new URL('node_modules/.readme/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('token.mjs', folder), code);
  const { tokenEndpoint } = await import(new URL('token.mjs', folder));

  const store = memoryStore();
  const symbolon = await init();
  for (const registration of registrations) assert.ok(await store.commit(symbolon.register(registration)));
  const endpoint = await tokenEndpoint(serverConfig, store);
  await new Promise((listening) => endpoint.listen(0, '127.0.0.1', listening));
  try {
    const { port } = endpoint.address();
    const ask = (query, code) =>
      fetch(`http://127.0.0.1:${port}/token${query}`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`web:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: 'x'.repeat(43) }),
      });
    const refused = await ask('', 'no code');
    assert.equal(refused.status, 400);
    assert.equal(refused.headers.get('cache-control'), 'no-store');
    assert.equal((await refused.json()).error, 'invalid_grant');
    // What is in the query is no parameter of the body.
    const twice = await ask('?code=a?b', 'no code');
    assert.equal((await twice.json()).error, 'invalid_grant');
    assert.equal((await ask('', 'x'.repeat(65536))).status, 413);
    // A client that goes away in between takes nobody along.
    const socket = connect(port, '127.0.0.1');
    const begun = once(endpoint, 'request');
    socket.write('POST /token HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nhalf');
    const [incoming] = await begun;
    socket.destroy();
    await new Promise((closed) => incoming.once('close', closed));
    assert.equal((await ask('', 'no code')).status, 400);
  } finally {
    endpoint.close();
  }
});
