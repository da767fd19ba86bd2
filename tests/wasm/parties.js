// A server, its client and its resource server, in one process: what one sends, the other is asked.

import { drive } from 'symbolon';
import { memoryStore } from 'symbolon/hosts/memory';

export const issuer = 'https://as.example';
export const resource = 'https://notes.example/';
export const browser = 'the cookie of one browser';
export const secret = 'web-secret-f3pTq0nVb7Kx2LmZ';
export const resourceSecret = 'resource-secret-Ub8eXk1QzN5v';

export const serverConfig = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  introspection_endpoint: `${issuer}/introspect`,
  scopes_supported: 'read write',
  keys: [{ id: 1, secret: new Uint8Array(32).fill(7) }],
};

export const clientConfig = {
  issuer,
  client_id: 'web',
  authentication: 'client_secret_basic',
  client_secret: secret,
  binding: 'none',
  redirect_uri: 'https://app.example/callback',
  scope: 'read',
  resources: resource,
  mix_up_defense: 'iss',
};

export const resourceConfig = {
  resource,
  issuer,
  access_tokens: 'opaque',
  accepts: ['bearer'],
  introspection_endpoint: `${issuer}/introspect`,
  client_id: 'notes',
  client_secret: resourceSecret,
  realm: 'notes',
};

/** A request to the resource with this token. */
export const toResource = (token) => ({ method: 'GET', url: resource, headers: [['Authorization', `Bearer ${token}`]] });

const common = { application_type: 'web', authentication: 'client_secret_basic' };
export const registrations = [
  {
    ...common,
    client_id: 'web',
    client_name: 'The app',
    secret,
    authorization_code: true,
    refresh_token: true,
    redirect_uris: clientConfig.redirect_uri,
    scope: 'read write',
    default_scope: 'read',
    resources: resource,
  },
  { ...common, client_id: 'notes', client_name: 'The notes', secret: resourceSecret, serves: resource },
];

/** The configurations, and hosts for each: the client and the resource server ask the server by `send`. */
export async function parties(symbolon, { now } = {}) {
  const server = symbolon.server(serverConfig);
  const store = memoryStore();
  for (const registration of registrations) await store.commit(symbolon.register(registration));
  const endpoints = {
    '/.well-known/oauth-authorization-server': () => server.metadata(),
    '/token': (request) => server.token(request, { now }),
    '/revoke': (request) => server.revoke(request, { now }),
    '/introspect': (request) => server.introspect(request, { now }),
  };
  const send = async ({ method, url, headers, body }) => {
    const { origin, pathname, search } = new URL(url);
    if (origin !== issuer) throw new Error(`nobody is at ${origin}`);
    return (await drive(endpoints[pathname]({ method, query: search.slice(1), headers, body }), store)).end;
  };
  return {
    server,
    store,
    client: symbolon.client(clientConfig),
    clientHost: { ...memoryStore(), send },
    resource: symbolon.resource(resourceConfig),
    resourceHost: { send },
  };
}

/** A user who approves: the query that the client gets back. */
export async function approve({ server, store }, url, now) {
  const request = { method: 'GET', query: new URL(url).search.slice(1), headers: [] };
  const { end: prompt } = await drive(server.authorize(request, { browser, now }), store);
  const user = { browser, subject: 'alice', authenticated_at: now ?? Math.floor(Date.now() / 1000), now };
  const { end } = await drive(server.decide(prompt.handle, { ...user, approved: true, scope: prompt.scope }), store);
  return new URL(end.headers.find(([name]) => name === 'Location')[1]).search.slice(1);
}
