// A single-page client in headless Chromium, at the reference host. Its session is in IndexedDB, and so is its key, which WebCrypto
// does not give out: its tokens are bound to that (RFC 9449), and the resource takes no others.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startHost } from '../interop/programs.js';
import { alice } from '../interop/user_agent.js';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const quiet = ['--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
const source = join(import.meta.dirname, '../../bindings-wasm');
const names = {
  'symbolon/client': 'entry/client.fetch', 'symbolon/hosts/fetch': 'hosts/fetch', 'symbolon/hosts/indexeddb': 'hosts/indexeddb',
  'symbolon/hosts/webcrypto': 'hosts/webcrypto',
};
const imports = Object.fromEntries(Object.entries(names).map(([name, path]) => [name, `/package/js/${path}.js`]));
const html = `<!doctype html><title>loading</title><script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/page.js"></script>`;
const policy = "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; connect-src 'self' http://127.0.0.1:*";

let host;
let browser;
let context;
let server;
let origin;
before(async () => {
  host = await startHost('--sender-constrained', '--dpop-nonces');
  server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://page');
    const types = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
    response.setHeader('Content-Security-Policy', policy);
    if (!extname(pathname)) return response.setHeader('Content-Type', 'text/html').end(pathname === '/favicon.ico' ? '' : html);
    const file = pathname.startsWith('/package/') ? join(source, pathname.slice(9)) : join(import.meta.dirname, pathname);
    return response.setHeader('Content-Type', types[extname(pathname)] ?? 'text/plain').end(await readFile(file).catch(() => ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: [...flags, ...quiet] });
  context = await browser.newContext();
  context.setDefaultTimeout(20_000);
});
after(async () => {
  await browser?.close();
  server?.close();
  await host?.stop();
});

const ready = (tab) => tab.waitForFunction(() => document.title === 'ready');
async function open(path = '/') {
  const tab = await context.newPage();
  await tab.goto(`${origin}${path}#issuer=${host.issuer}`);
  await ready(tab);
  return tab;
}
const call = (tab) => tab.evaluate(() => page.call());
const refresh = (tab, rejected) => tab.evaluate((token) => page.refresh(token), rejected);

test('a page signs in, is reloaded, refreshes in two tabs at once, and signs out', async () => {
  const tab = await open();
  await tab.reload();
  await ready(tab);
  await tab.evaluate(() => page.signIn());
  await tab.getByLabel('Username').fill(alice.username);
  await tab.getByLabel('Password').fill(alice.password);
  await tab.getByRole('button', { name: 'Sign in', exact: true }).click();
  await tab.getByRole('heading', { name: 'Allow access?' }).waitFor();
  // In the middle of the sign-in, at the server and back at the page.
  await tab.reload();
  await tab.getByRole('button', { name: 'Allow', exact: true }).click();
  await tab.waitForURL(`${origin}/cb?*`);
  await tab.reload();
  await ready(tab);
  const signedIn = await tab.evaluate(() => page.callback());
  assert.equal(signedIn.kind, 'signed-in', JSON.stringify(signedIn));
  assert.deepEqual([signedIn.scope, signedIn.key_id], ['read', 'page']);
  const again = await tab.evaluate(() => page.callback());
  assert.equal(again.kind, 'failed', JSON.stringify(again));

  await tab.reload();
  await ready(tab);
  assert.equal((await refresh(tab)).access_token, signedIn.access_token);

  const other = await open();
  let sent = 0;
  context.on('request', (request) => (sent += request.url() === `${host.issuer}/token` ? 1 : 0));
  let rejected = signedIn.access_token;
  for (let round = 1; round <= 5; round += 1) {
    const ends = await Promise.all([refresh(tab, rejected), refresh(other, rejected)]);
    assert.equal(sent, round, JSON.stringify(ends));
    assert.deepEqual(ends.filter(({ kind }) => !['usable', 'busy'].includes(kind)), []);
    const fresh = (await refresh(other)).access_token;
    assert.notEqual(fresh, rejected);
    for (const { access_token } of ends.filter(({ kind }) => kind === 'usable')) assert.equal(access_token, fresh);
    rejected = fresh;
  }

  assert.equal((await call(tab)).status, 200);
  assert.equal((await call(other)).status, 200);
  const out = await tab.evaluate(() => page.signOut());
  assert.deepEqual([out.kind, out.at_server], ['signed-out', true], JSON.stringify(out));
  assert.equal((await refresh(other)).kind, 'sign-in-again');
  assert.equal((await call(other)).kind, 'sign-in-again');
});

test('a token is of no use to who does not have the key, and nobody takes that out', async () => {
  const tab = await open();
  await tab.evaluate(() => page.signIn());
  await tab.getByRole('button', { name: 'Allow', exact: true }).click();
  await tab.waitForURL(`${origin}/cb?*`);
  await ready(tab);
  const { access_token } = await tab.evaluate(() => page.callback());
  const answered = await call(tab);
  assert.equal(answered.status, 200, JSON.stringify(answered));
  assert.match(answered.body, /alice/);
  for (const scheme of ['Bearer', 'DPoP']) {
    const { status, challenge } = await tab.evaluate(([token, scheme]) => page.steal(token, scheme), [access_token, scheme]);
    assert.equal(status, 401);
    assert.match(challenge, /DPoP realm=/);
  }
  assert.equal(await tab.evaluate(() => page.exportKey()), 'InvalidAccessError');
  // The same key after a reload.
  await tab.reload();
  await ready(tab);
  assert.equal((await call(tab)).status, 200);
  const proofs = [];
  tab.on('request', (request) => proofs.push(request.headers().dpop));
  await Promise.all([call(tab), call(tab)]);
  assert.equal(new Set(proofs.filter(Boolean)).size, 2, 'a proof of its own for each request');
});

test('a tab that is gone in the middle of a refresh holds the others up for no longer than its lease', async () => {
  const tab = await open();
  await tab.evaluate(() => page.signIn());
  await tab.getByRole('button', { name: 'Allow', exact: true }).click();
  await tab.waitForURL(`${origin}/cb?*`);
  await ready(tab);
  const { access_token } = await tab.evaluate(() => page.callback());
  let held;
  const asked = new Promise((resolve) => (held = resolve));
  await context.route(`${host.issuer}/token`, () => held(), { times: 1 });
  tab.evaluate((token) => page.refresh(token), access_token).catch(() => {});
  await asked;
  await tab.reload();
  await ready(tab);
  const busy = await refresh(tab, access_token);
  assert.equal(busy.kind, 'busy', JSON.stringify(busy));
  assert.ok(busy.until - Date.now() / 1000 <= 61);
});
