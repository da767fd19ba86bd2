// The hosts that come with the package, in Node.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fetchSend, requestOf, responseOf } from 'symbolon/hosts/fetch';
import { newKey, webCryptoKeys } from 'symbolon/hosts/webcrypto';

const encode = (text) => new TextEncoder().encode(text);

describe('webcrypto', () => {
  for (const alg of ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256']) {
    test(`signs and verifies by ${alg}, with a key that stays`, async () => {
      const key = await newKey('one', alg);
      const { sign, verify } = webCryptoKeys([key]);
      const message = encode('a message');
      const signature = await sign({ key_id: 'one', message });
      assert.ok(signature instanceof Uint8Array);
      if (alg === 'ES256') assert.equal(signature.length, 64);
      const jwk = encode(key.jwk);
      assert.equal(await verify({ key: jwk, message, signature }), true);
      assert.equal(await verify({ key: jwk, message: encode('another'), signature }), false);
      assert.equal(key.privateKey.extractable, false);
      assert.deepEqual([JSON.parse(key.jwk).kid, JSON.parse(key.jwk).alg, 'd' in JSON.parse(key.jwk)], ['one', alg, false]);
      await assert.rejects(crypto.subtle.exportKey('jwk', key.privateKey));
      await assert.rejects(sign({ key_id: 'two', message }), /no key two/);
    });
  }

  test('takes no key without an algorithm that it has', async () => {
    const { verify } = webCryptoKeys();
    for (const alg of [undefined, 'none', 'HS256', 'constructor']) {
      const key = encode(JSON.stringify({ kty: 'oct', k: 'AA', alg }));
      await assert.rejects(verify({ key, message: encode(''), signature: encode('') }), /no algorithm/);
    }
  });
});

describe('fetch', () => {
  let server;
  let origin;
  before(async () => {
    server = createServer(async (request, response) => {
      const paths = {
        '/redirect': () => response.writeHead(302, { location: '/echo' }).end('there'),
        '/long': () => response.end('x'.repeat(1001)),
        '/slow': () => response.write('never'),
      };
      if (request.url !== '/echo') return paths[request.url]();
      response.setHeader('X-Told', request.headers['x-told'] ?? '');
      response.write(`${request.method} `);
      return request.pipe(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const { send } = fetchSend();
  const question = (path, more) => ({
    method: 'POST', url: origin + path, headers: [['X-Told', 'yes']], body: encode('body'), plain_http: true, body_cap: 1000, timeout: 5, ...more,
  });

  test('sends what it is asked to', async () => {
    const { status, headers, body } = await send(question('/echo'));
    assert.deepEqual([status, new TextDecoder().decode(body)], [200, 'POST body']);
    assert.ok(headers.some(([name, value]) => name === 'x-told' && value === 'yes'));
    const get = await send(question('/echo', { method: 'GET', body: new Uint8Array() }));
    assert.equal(new TextDecoder().decode(get.body), 'GET ');
  });

  test('refuses to send without the client certificate that it is to show', async () => {
    await assert.rejects(send(question('/echo', { client_certificate: true })), /client certificate/);
    assert.equal((await send(question('/echo', { client_certificate: false }))).status, 200);
  });

  test('follows no redirect', async () => {
    assert.equal((await send(question('/redirect'))).status, 302);
  });

  test('reads no more than it may, waits no longer, and speaks no other scheme', async () => {
    await assert.rejects(send(question('/long')), /more than 1000 bytes/);
    assert.equal((await send(question('/long', { body_cap: 1001 }))).body.length, 1001);
    await assert.rejects(send(question('/slow', { timeout: 1 })), { name: 'TimeoutError' });
    await assert.rejects(send(question('/echo', { plain_http: false })), /not allowed/);
    await assert.rejects(send({ ...question(''), url: 'data:text/plain,x' }), /not allowed/);
  });

  test('requests and replies', async () => {
    const body = new URLSearchParams({ grant_type: 'x' });
    const request = await requestOf(new Request('https://as.example/token?a=b%20c', { method: 'POST', body }));
    assert.deepEqual([request.method, request.query, new TextDecoder().decode(request.body)], ['POST', 'a=b%20c', 'grant_type=x']);
    assert.deepEqual(new Map(request.headers).get('content-type'), 'application/x-www-form-urlencoded;charset=UTF-8');
    await assert.rejects(requestOf(new Request('https://as.example/', { method: 'POST', body: 'x'.repeat(11) }), 10), /more than 10/);
    const response = responseOf({ status: 400, headers: [['Cache-Control', 'no-store']], body: encode('{}') });
    assert.deepEqual([response.status, response.headers.get('cache-control'), await response.text()], [400, 'no-store', '{}']);
    assert.equal(responseOf({ status: 204, headers: [], body: new Uint8Array() }).body, null);
  });
});
