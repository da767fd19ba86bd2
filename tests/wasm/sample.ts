// The types, used as a program would use them: this is compiled and not run.

import { drive, init, SymbolonError, type Done, type Host, type Reply } from 'symbolon';
import { init as initClient } from 'symbolon/client';
import { fetchSend, requestOf, responseOf } from 'symbolon/hosts/fetch';
import { indexedDBStore } from 'symbolon/hosts/indexeddb';
import { memoryStore } from 'symbolon/hosts/memory';
import { init as initResource, type Needs } from 'symbolon/resource';
import { init as initServer, type Registration } from 'symbolon/server';
import { newKey, webCryptoKeys } from 'symbolon/hosts/webcrypto';

export async function tokenEndpoint(request: Request): Promise<Response> {
  const symbolon = await init();
  const issuer = 'https://as.example';
  const server = symbolon.server({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    keys: [{ id: 1, secret: crypto.getRandomValues(new Uint8Array(32)) }],
  });
  const host: Host = { ...memoryStore(), ...webCryptoKeys([await newKey('one')]), onerror: (error) => console.error(error) };
  const done: Done<Reply> = await drive(server.token(await requestOf(request)), host);
  if (done.event !== undefined) console.log(done.event, done.reason);
  return responseOf(done.end);
}

export async function page(query: string, browser: string): Promise<string> {
  const key = await newKey('page');
  const client = (await initClient()).client({
    issuer: 'https://as.example',
    client_id: 'page',
    authentication: 'none',
    binding: 'dpop',
    dpop_keys: [key],
    redirect_uri: 'https://page.example/',
    mix_up_defense: 'iss',
  });
  const host: Host = { ...indexedDBStore(), ...fetchSend(), ...webCryptoKeys([key]) };
  const found = (await drive(client.discover(), host)).end;
  if (found.kind !== 'server') return found.error ?? 'not found';
  const { end } = await drive(client.callback(found, query, { browser }), host);
  return end.kind === 'signed-in' ? end.access_token : (end.error_description ?? '');
}

export async function byHand(): Promise<void> {
  const { end } = await byQuestion();
  if (end.kind === 'claims') console.log(end.sub?.length, Number(end.exp) + 1);
  else console.log(end.status);
}

async function byQuestion() {
  const symbolon = await init(fetch('/symbolon.wasm'));
  const resource = symbolon.resource({ resource: '', issuer: '', access_tokens: 'jwt', accepts: ['dpop'], jwks_uri: '' });
  const flow = resource.judge({ method: 'GET', url: '', headers: new Headers() }, { needs: { scope: 'read' } });
  for (;;) {
    const step = flow.next();
    switch (step.kind) {
      case 'load': flow.row({ version: 1, value: step.key }); break;
      case 'commit': flow.committed(step.exists); break;
      case 'sign': flow.signature(step.message); break;
      case 'verify': flow.verdict(step.signature.length === 64); break;
      case 'send': flow.response({ status: 200, headers: step.headers, body: step.body }); break;
      case 'done': return step;
    }
  }
}

// @ts-expect-error: there is no such question.
export const wrong: Host = { laod: async () => undefined };

export const isOurs = (error: unknown): boolean => error instanceof SymbolonError && error.code === 'wrong_step';

export async function alone(needs: Needs, registration: Registration): Promise<boolean> {
  const [{ resource }, { register }] = await Promise.all([initResource(), initServer()]);
  const config = { issuer: 'https://as.example', access_tokens: 'jwt', jwks_uri: 'https://as.example/jwks' } as const;
  const judge = resource({ ...config, resource: 'https://rs.example/', accepts: ['dpop'] });
  const { end } = await drive(judge.judge({ method: 'GET', url: 'https://rs.example/', headers: [] }, { needs }), fetchSend());
  return end.kind === 'claims' && register(registration).exists;
}
