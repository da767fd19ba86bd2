// An authorization server and a resource in workerd, with a Durable Object as the store: for the tests of tests/interop. It
// stands in for the reference host, with as much of pages and users as those tests touch; it is no example of either.

import { drive, init } from 'symbolon';
import { fetchSend, requestOf, responseOf } from 'symbolon/hosts/fetch';

const name = (key) => Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The rows. A Durable Object is alone with its storage, and its transactions are serializable. */
export class Store {
  constructor({ storage }) {
    this.storage = storage;
  }

  async fetch(request) {
    const { kind, key, exists, expected, delete_row, value } = await request.json();
    if (kind === 'load') return Response.json((await this.storage.get(key)) ?? null);
    const won = await this.storage.transaction(async (rows) => {
      const stored = (await rows.get(key))?.version;
      if (stored !== (exists ? expected : undefined)) return false;
      if (delete_row) await rows.delete(key);
      else await rows.put(key, { version: (stored ?? 0) + 1, value });
      return true;
    });
    return Response.json(won);
  }
}

function storeOf(namespace) {
  const ask = async (question) => {
    const object = namespace.get(namespace.idFromName('rows'));
    const response = await object.fetch('http://rows/', { method: 'POST', body: JSON.stringify(question) });
    return response.json();
  };
  return {
    async load({ key }) {
      const row = await ask({ kind: 'load', key: name(key) });
      return row && { version: row.version, value: Uint8Array.from(row.value) };
    },
    commit: ({ key, value, exists, expected, delete_row }) =>
      ask({ kind: 'commit', key: name(key), value: [...value], exists, expected, delete_row }),
  };
}

const keys = [{ id: 1, secret: new Uint8Array(32).fill(11) }];
const loaded = init();
let service;

async function start(env, origin) {
  const symbolon = await loaded;
  const resource = `${origin}/resource`;
  const server = symbolon.server({
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/revoke`,
    introspection_endpoint: `${origin}/introspect`,
    scopes_supported: 'read write',
    plain_http_on_loopback: true,
    keys,
  });
  const [client_id, client_secret] = ['resource-server', 'resource-secret-Ub8eXk1QzN5v'];
  const judge = symbolon.resource({
    resource, issuer: origin, access_tokens: 'opaque', accepts: ['bearer'], introspection_endpoint: `${origin}/introspect`, client_id, client_secret, plain_http_on_loopback: true,
  });
  const store = storeOf(env.STORE);
  const app = {
    authorization_code: true, refresh_token: true, scope: 'read write', default_scope: 'read', resources: resource, client_name: 'Notes',
    redirect_uris: 'http://127.0.0.1/callback',
  };
  const web = { ...app, application_type: 'native', authentication: 'client_secret_basic' };
  for (const registration of [
    { ...web, client_id: 'native', authentication: 'none' },
    { ...web, client_id: 'web', secret: 'web-secret-f3pTq0nVb7Kx2LmZ' },
    { ...web, client_id: 'web-post', authentication: 'client_secret_post', secret: 'web-post-secret-9RdYc4HsWj6G' },
    { client_id, client_name: 'The notes', application_type: 'web', authentication: 'client_secret_basic', secret: client_secret, serves: resource },
  ]) {
    await store.commit(symbolon.register(registration));
  }
  // The resource asks the server that is in the same worker.
  const send = fetchSend((url, given) => answer(new Request(url, given), env));
  return { server, judge, resource, store, resourceHost: send };
}

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const page = (body, headers = {}, status = 200) =>
  new Response(`<!doctype html>${body}`, { status, headers: { 'content-type': 'text/html', 'cache-control': 'no-store', ...headers } });
const cookies = (request) => new Map((request.headers.get('cookie') ?? '').split('; ').map((pair) => pair.split('=')));
const ofServer = ({ end, reason, parameter }) =>
  end.status === 400 && !end.headers.some(([field]) => field === 'Location') && reason === 'RedirectUriUnregistered'
    ? page(`${parameter ?? 'redirect_uri'} is not registered`, {}, 400)
    : responseOf(end);

function consent({ handle, scope, client_name }, signedIn) {
  const hidden = `<input type="hidden" name="handle" value="${escape(handle)}">`;
  if (!signedIn) {
    return page(`<form method="post" action="/login">${hidden}<input name="username"><input name="password" type="password"></form>`);
  }
  const boxes = scope.split(' ').map((token) => `<input type="checkbox" name="scope" value="${escape(token)}" checked>`);
  return page(`${escape(client_name)}<form method="post" action="/decide">${hidden}${boxes.join('')}<button name="decision" value="approve"></button></form>`);
}

async function answer(request, env) {
  const { origin, pathname } = new URL(request.url);
  service ??= start(env, origin);
  const { server, judge, resource, store, resourceHost } = await service;
  const jar = cookies(request);
  const browser = jar.get('browser') ?? crypto.randomUUID();
  const interact = async (flow, signedIn) => {
    const done = await drive(flow, store);
    return done.end.kind === 'prompt' ? consent(done.end, signedIn) : ofServer(done);
  };
  const endpoint = { '/token': 'token', '/revoke': 'revoke', '/introspect': 'introspect' }[pathname];
  if (endpoint) return ofServer(await drive(server[endpoint](await requestOf(request)), store));
  if (pathname === '/.well-known/oauth-authorization-server') return ofServer(await drive(server.metadata(), store));
  if (pathname === '/authorize') {
    const response = await interact(server.authorize(await requestOf(request), { browser }), jar.has('user'));
    response.headers.append('set-cookie', `browser=${browser}; Path=/; HttpOnly; SameSite=Lax`);
    return response;
  }
  if (pathname === '/login') {
    const form = await request.formData();
    if (form.get('password') !== 'rabbit-hole-1865') return page('', {}, 401);
    const response = await interact(server.resume(form.get('handle'), { browser }), true);
    response.headers.append('set-cookie', 'user=alice; Path=/; HttpOnly; SameSite=Lax');
    return response;
  }
  if (pathname === '/decide' && jar.has('user')) {
    const form = await request.formData();
    const approved = form.get('decision') === 'approve';
    const user = { subject: 'alice', authenticated_at: Math.floor(Date.now() / 1000) };
    return interact(server.decide(form.get('handle'), { browser, ...user, approved, scope: form.getAll('scope').join(' ') }), true);
  }
  if (pathname === '/resource') {
    const { end } = await drive(judge.judge({ method: request.method, url: resource, headers: request.headers }, { needs: { scope: 'read' } }), resourceHost);
    return end.kind === 'claims' ? Response.json({ notes_of: end.sub }) : ofServer({ end });
  }
  return page('', {}, 404);
}

export default { fetch: answer };
