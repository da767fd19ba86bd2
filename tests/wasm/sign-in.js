// A sign-in, from discovery to a request that is served: what is run in every runtime, by whatever entry it takes.

import { drive, init } from 'symbolon';
import { init as initClient } from 'symbolon/client';
import { approve, browser, clientConfig, parties, toResource } from './parties.js';

/** Signs in; whose the token is. */
export async function signIn() {
  const all = await parties(await init());
  const client = (await initClient()).client(clientConfig);
  const { end: found } = await drive(client.discover(), all.clientHost);
  const { end: sendTo } = await drive(client.authorize(found, { browser }), all.clientHost);
  const { end: signedIn } = await drive(client.callback(found, await approve(all, sendTo.url), { browser }), all.clientHost);
  const request = toResource(signedIn.access_token);
  const { end: claims } = await drive(all.resource.judge(request, { needs: { scope: 'read' } }), all.resourceHost);
  return `${claims.kind} ${claims.sub} ${claims.scope}`;
}
