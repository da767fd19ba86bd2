// Clients that others wrote for Node, behind one interface:
//
//   begin(parameters)         the URL to send the user to; the client keeps state and verifier
//   callback(url, { verifier }) tokens, for the URL that the user came back to; with another verifier than its own, if given
//   refresh, revoke, introspect(token)
//   call(url, access_token)   the status and the body of a protected resource

import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';

export { authlib } from './programs.js';

/** openid-client. */
export async function openidClient({ issuer, client_id, client_secret, method, redirect_uri, resource }) {
  const authentication = {
    none: oidc.None,
    client_secret_basic: oidc.ClientSecretBasic,
    client_secret_post: oidc.ClientSecretPost,
  }[method](client_secret);
  const options = { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] };
  const config = await oidc.discovery(new URL(issuer), client_id, undefined, authentication, options);
  let pending;
  return {
    metadata: config.serverMetadata(),
    async begin(parameters) {
      pending = { state: oidc.randomState(), verifier: oidc.randomPKCECodeVerifier() };
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri,
        resource,
        state: pending.state,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ...parameters,
      });
      return url.href;
    },
    callback: (url, { verifier = pending.verifier } = {}) =>
      oidc.authorizationCodeGrant(config, new URL(url), { pkceCodeVerifier: verifier, expectedState: pending.state }, { resource }),
    refresh: (token) => oidc.refreshTokenGrant(config, token),
    revoke: (token) => oidc.tokenRevocation(config, token),
    introspect: (token) => oidc.tokenIntrospection(config, token),
    async call(url, token) {
      const response = await oidc.fetchProtectedResource(config, token, new URL(url), 'GET');
      return { status: response.status, body: await response.text() };
    },
    stop() {},
  };
}

/** oauth4webapi. */
export async function oauth4webapi({ issuer, client_id, client_secret, method, redirect_uri, resource }) {
  const authentication = {
    none: oauth.None,
    client_secret_basic: oauth.ClientSecretBasic,
    client_secret_post: oauth.ClientSecretPost,
  }[method](client_secret);
  const options = { [oauth.allowInsecureRequests]: true };
  const found = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...options });
  const server = await oauth.processDiscoveryResponse(new URL(issuer), found);
  const client = { client_id };
  let pending;
  return {
    metadata: server,
    async begin(parameters) {
      pending = { state: oauth.generateRandomState(), verifier: oauth.generateRandomCodeVerifier() };
      const url = new URL(server.authorization_endpoint);
      url.search = new URLSearchParams({
        client_id,
        redirect_uri,
        resource,
        response_type: 'code',
        state: pending.state,
        code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ...parameters,
      });
      return url.href;
    },
    async callback(url, { verifier = pending.verifier } = {}) {
      const parameters = oauth.validateAuthResponse(server, client, new URL(url), pending.state);
      const more = { additionalParameters: { resource }, ...options };
      const response = await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, redirect_uri, verifier, more);
      return oauth.processAuthorizationCodeResponse(server, client, response);
    },
    async refresh(token) {
      const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token, options);
      return oauth.processRefreshTokenResponse(server, client, response);
    },
    async revoke(token) {
      await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, token, options));
    },
    async introspect(token) {
      const response = await oauth.introspectionRequest(server, client, authentication, token, options);
      return oauth.processIntrospectionResponse(server, client, response);
    },
    async call(url, token) {
      const response = await oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, undefined, options);
      return { status: response.status, body: await response.text() };
    },
    stop() {},
  };
}
