// What the README shows in JavaScript runs as it stands there.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
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
    const ask = (authorization) =>
      fetch(`http://127.0.0.1:${endpoint.address().port}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(authorization).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'authorization_code', code: 'no code', code_verifier: 'x'.repeat(43) }),
      });
    const refused = await ask(`web:${secret}`);
    assert.equal(refused.status, 400);
    assert.equal(refused.headers.get('cache-control'), 'no-store');
    assert.equal((await refused.json()).error, 'invalid_grant');
  } finally {
    endpoint.close();
  }
});
