// oidc-provider on loopback, with its own pages for sign-in and consent.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import Provider from 'oidc-provider';

export const client = { client_id: 'notes', client_secret: 'a secret: 100% / +&=', redirect_uri: 'http://127.0.0.1:9/callback' };
export const resource = 'http://127.0.0.1:9/notes';

const registered = (method) => ({
  client_id: `${client.client_id}-${method}`,
  client_secret: method === 'none' ? undefined : client.client_secret,
  token_endpoint_auth_method: method,
  application_type: 'native',
  redirect_uris: [client.redirect_uri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
});

/**
 * Starts one. `requests` are those that came to it, as method and path. `settings` may replace the clients, add features and other
 * settings of the provider, and say by `tls` how to listen for TLS.
 */
export async function startProvider(methods, { clients = methods.map(registered), features = {}, tls = null, ...settings } = {}) {
  const server = tls ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }) : createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients,
    cookies: { keys: ['only for this test'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    scopes: ['read', 'write'],
    features: {
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'read write', accessTokenFormat: 'opaque', accessTokenTTL: 600 }),
        useGrantedResource: () => true,
      },
      ...features,
    },
    ...settings,
  });
  const requests = [];
  const answer = provider.callback();
  server.on('request', (request, response) => {
    requests.push(`${request.method} ${request.url.split('?')[0]}`);
    answer(request, response);
  });
  return {
    issuer,
    requests,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A user at its pages: signs in where asked, and consents, or turns back. */
export async function consent(agent, url, decision = 'approve') {
  let page = await agent.get(url);
  while (page.location === null && page.status === 200) {
    if (decision === 'deny') return agent.get(page.body.match(/href="([^"]*\/abort)"/)[1]);
    const filled = page.body.includes('name="password"') ? { login: 'alice', password: 'any' } : {};
    page = await agent.submit(page, 'prompt', filled);
  }
  return page;
}
