// A single-page client: what its tests call is put on `page`.

import { drive, init } from 'symbolon/client';
import { fetchSend } from 'symbolon/hosts/fetch';
import { indexedDBStore } from 'symbolon/hosts/indexeddb';

const issuer = new URLSearchParams(location.hash.slice(1)).get('issuer') ?? localStorage.getItem('issuer');
localStorage.setItem('issuer', issuer);
if (!localStorage.getItem('browser')) localStorage.setItem('browser', crypto.randomUUID());
const browser = localStorage.getItem('browser');

const client = (await init()).client({
  issuer,
  client_id: 'native',
  authentication: 'none',
  binding: 'none',
  redirect_uri: `${location.origin}/cb`,
  scope: 'read',
  resources: `${issuer}/resource`,
  mix_up_defense: 'iss',
  plain_http_on_loopback: true,
  private_addresses: true,
});
const errors = [];
const host = { ...indexedDBStore(), ...fetchSend(), onerror: (error) => errors.push(String(error)) };

async function found() {
  const kept = localStorage.getItem('document');
  if (kept) return { document: kept };
  const { end } = await drive(client.discover(), host);
  if (end.kind !== 'server') throw new Error(`${end.kind}: ${errors}`);
  localStorage.setItem('document', new TextDecoder().decode(end.document));
  return end;
}

const session = () => Uint8Array.from(JSON.parse(localStorage.getItem('session')));

/** An end, as a test can take it. */
const plain = ({ end, reason }) => ({ ...end, reason, session: undefined, errors });

window.page = {
  async signIn() {
    const { end } = await drive(client.authorize(await found(), { browser }), host);
    location.href = end.url;
  },
  async callback() {
    const done = await drive(client.callback(await found(), location.search.slice(1), { browser }), host);
    if (done.end.session) localStorage.setItem('session', JSON.stringify([...done.end.session]));
    return plain(done);
  },
  async refresh(rejected) {
    return plain(await drive(client.refresh(await found(), session(), { rejected }), host));
  },
  async signOut() {
    return plain(await drive(client.revoke(await found(), session()), host));
  },
};
document.title = 'ready';
