// A single-page client: what its tests call is put on `page`. Its tokens are bound to a key that WebCrypto does not give out.

import { drive, init } from 'symbolon/client';
import { fetchSend } from 'symbolon/hosts/fetch';
import { indexedDBStore } from 'symbolon/hosts/indexeddb';
import { newKey, webCryptoKeys } from 'symbolon/hosts/webcrypto';

const issuer = new URLSearchParams(location.hash.slice(1)).get('issuer') ?? localStorage.getItem('issuer');
localStorage.setItem('issuer', issuer);
if (!localStorage.getItem('browser')) localStorage.setItem('browser', crypto.randomUUID());
const browser = localStorage.getItem('browser');

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The key of this origin, the same in every tab: IndexedDB keeps it as it is, without what is secret in it. */
async function keptKey() {
  const opened = indexedDB.open('keys', 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore('keys');
  const database = await done(opened);
  const fresh = await newKey('page');
  // Of two tabs that are the first, one adds its key, and both take that.
  const keys = database.transaction('keys', 'readwrite').objectStore('keys');
  const kept = (await done(keys.get('page'))) ?? (await done(keys.put(fresh, 'page')), fresh);
  database.close();
  return kept;
}

const key = await keptKey();
const resource = `${issuer}/resource`;
const client = (await init()).client({
  issuer,
  client_id: 'native',
  authentication: 'none',
  binding: 'dpop',
  dpop_keys: [key],
  pushed_requests_only: true,
  redirect_uri: `${location.origin}/cb`,
  scope: 'read',
  resources: resource,
  mix_up_defense: 'iss',
  plain_http_on_loopback: true,
  private_addresses: true,
});
const errors = [];
const host = { ...indexedDBStore(), ...fetchSend(), ...webCryptoKeys([key]), onerror: (error) => errors.push(String(error)) };

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
const plain = ({ end, reason }) => ({ ...end, body: end.body && new TextDecoder().decode(end.body), reason, session: undefined, errors });

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
  /** Asks the resource, with a proof of the key. */
  async call() {
    return plain(await drive(client.request(session(), { method: 'GET', url: resource, resource }), host));
  },
  /** What a thief gets who has the token, but not the key. */
  async steal(access_token, scheme) {
    const { status, headers } = await fetch(resource, { headers: { Authorization: `${scheme} ${access_token}` } });
    return { status, challenge: headers.get('WWW-Authenticate') };
  },
  /** Whether the key can be taken out of WebCrypto. */
  async exportKey() {
    return crypto.subtle.exportKey('jwk', key.privateKey).then(() => 'exported', (error) => error.name);
  },
  async signOut() {
    return plain(await drive(client.revoke(await found(), session()), host));
  },
};
document.title = 'ready';
