// Clients that others wrote for Node, with keys of their own: they authenticate and prove possession by them. One interface:
//
//   begin(parameters)      pushes the request, if it is to be pushed, and is the URL to send the user to; the client keeps state, nonce and verifier
//   callback(url)          tokens, and the claims of the ID token once its signature was checked too
//   refresh(token)
//   credentials(parameters) tokens for the client itself
//   userinfo(token, subject)
//   call(url, token)       the status and the body of a protected resource
//
// `proof` is the key pair of DPoP, null for bearer tokens and for those that are bound to the certificate.

import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';

/** openid-client. */
export async function openidClient({ issuer, client_id, key, method, redirect_uri, resource, proof = null, pushed = true, fetch, metadata = {} }) {
  const authentication = {
    none: () => oidc.None(),
    private_key_jwt: () => oidc.PrivateKeyJwt(key),
    tls_client_auth: () => oidc.TlsClientAuth(),
    self_signed_tls_client_auth: () => oidc.TlsClientAuth(),
  }[method]();
  const config = await oidc.discovery(new URL(issuer), client_id, metadata, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    ...(fetch && { [oidc.customFetch]: fetch }),
  });
  const options = proof ? { DPoP: oidc.getDPoPHandle(config, proof) } : {};
  let pending;
  return {
    metadata: config.serverMetadata(),
    async begin(parameters) {
      pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier(), parameters };
      const request = {
        redirect_uri,
        resource,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ...parameters,
      };
      if (!pushed) return oidc.buildAuthorizationUrl(config, request).href;
      return (await oidc.buildAuthorizationUrlWithPAR(config, request, options)).href;
    },
    async callback(url) {
      const { state, nonce, verifier, parameters } = pending;
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      if (parameters.max_age) checks.maxAge = Number(parameters.max_age);
      const tokens = await oidc.authorizationCodeGrant(config, new URL(url), checks, { resource }, options);
      return { ...tokens, claims: tokens.claims() };
    },
    refresh: (token) => oidc.refreshTokenGrant(config, token, {}, options),
    credentials: (parameters) => oidc.clientCredentialsGrant(config, parameters, options),
    userinfo: (token, subject) => oidc.fetchUserInfo(config, token, subject, options),
    async call(url, token) {
      const response = await oidc.fetchProtectedResource(config, token, new URL(url), 'GET', null, undefined, options);
      return { status: response.status, body: await response.text() };
    },
  };
}

/** oauth4webapi: it leaves to its caller to try again with the nonce that the server wants. */
export async function oauth4webapi({ issuer, client_id, key, method, redirect_uri, resource, proof = null, pushed = true, fetch, metadata = {} }) {
  const authentication = {
    none: () => oauth.None(),
    private_key_jwt: () => oauth.PrivateKeyJwt(key),
    tls_client_auth: () => oauth.TlsClientAuth(),
    self_signed_tls_client_auth: () => oauth.TlsClientAuth(),
  }[method]();
  const client = { client_id, ...metadata };
  const options = { [oauth.allowInsecureRequests]: true, ...(fetch && { [oauth.customFetch]: fetch }) };
  const found = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oidc', ...options });
  const server = await oauth.processDiscoveryResponse(new URL(issuer), found);
  if (proof) options.DPoP = oauth.DPoP(client, proof);
  const twice = async (send, read) => {
    try {
      return await read(await send());
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return read(await send());
    }
  };
  let pending;
  return {
    metadata: server,
    async begin(parameters) {
      pending = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier(), parameters };
      const request = {
        client_id,
        redirect_uri,
        resource,
        response_type: 'code',
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ...parameters,
      };
      const url = new URL(server.authorization_endpoint);
      url.search = new URLSearchParams(request);
      if (!pushed) return url.href;
      const { request_uri } = await twice(
        () => oauth.pushedAuthorizationRequest(server, client, authentication, request, options),
        (response) => oauth.processPushedAuthorizationResponse(server, client, response),
      );
      url.search = new URLSearchParams({ client_id, request_uri });
      return url.href;
    },
    async callback(url) {
      const { state, nonce, verifier, parameters: asked } = pending;
      const parameters = oauth.validateAuthResponse(server, client, new URL(url), state);
      const more = { additionalParameters: { resource }, ...options };
      return twice(
        () => oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, redirect_uri, verifier, more),
        async (response) => {
          const checks = { expectedNonce: nonce, requireIdToken: true };
          if (asked.max_age) checks.maxAge = Number(asked.max_age);
          const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks);
          await oauth.validateApplicationLevelSignature(server, response, options);
          return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
        },
      );
    },
    refresh: (token) =>
      twice(
        () => oauth.refreshTokenGrantRequest(server, client, authentication, token, options),
        (response) => oauth.processRefreshTokenResponse(server, client, response),
      ),
    credentials: (parameters) =>
      twice(
        () => oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options),
        (response) => oauth.processClientCredentialsResponse(server, client, response),
      ),
    userinfo: (token, subject) =>
      twice(
        () => oauth.userInfoRequest(server, client, token, options),
        (response) => oauth.processUserInfoResponse(server, client, subject, response),
      ),
    call: (url, token) =>
      twice(
        () => oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, undefined, options),
        async (response) => ({ status: response.status, body: await response.text() }),
      ),
  };
}
