// Certificates that are made for one run of the tests, by openssl, and a `fetch` that shows one.

import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** An authority of our own, in a folder that goes with `remove`. */
export function authority() {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-tls-'));
  const path = (name) => join(folder, name);
  openssl('req', '-x509', ...curve, '-subj', '/CN=authority', '-keyout', path('authority.key'), '-out', path('authority.pem'));
  const files = (name) => ({ certificate: path(`${name}.pem`), key: path(`${name}.key`) });
  return {
    path,
    file: path('authority.pem'),
    remove: () => rmSync(folder, { recursive: true }),
    /** A certificate of this authority, and its key. */
    certify(name, subject, alternative = '') {
      openssl('req', '-new', ...curve.slice(0, 4), '-nodes', '-subj', subject, '-keyout', path(`${name}.key`), '-out', path(`${name}.csr`));
      writeFileSync(path(`${name}.ext`), alternative && `subjectAltName=${alternative}\n`);
      const by = ['-CA', path('authority.pem'), '-CAkey', path('authority.key'), '-CAcreateserial', '-days', '2', '-extfile', path(`${name}.ext`)];
      openssl('x509', '-req', '-in', path(`${name}.csr`), ...by, '-out', path(`${name}.pem`));
      return files(name);
    },
    /** A certificate that vouches for itself. */
    selfSigned(name, subject) {
      openssl('req', '-x509', ...curve, '-subj', subject, '-keyout', path(`${name}.key`), '-out', path(`${name}.pem`));
      return files(name);
    },
  };
}

/** The public key of a certificate as a JWK, with the certificate in it. */
export function jwkOf({ certificate }) {
  const read = new X509Certificate(readFileSync(certificate));
  return { ...read.publicKey.export({ format: 'jwk' }), x5c: [read.raw.toString('base64')] };
}

/** What a token is bound to that is bound to a certificate (`x5t#S256`). */
export const thumbprint = ({ certificate }) =>
  createHash('sha256').update(new X509Certificate(readFileSync(certificate)).raw).digest('base64url');

/** A `fetch` that trusts the authority and shows a certificate, if it has one. */
export function fetchOver({ file }, shown) {
  const tls = { ca: readFileSync(file), agent: false };
  if (shown) Object.assign(tls, { cert: readFileSync(shown.certificate), key: readFileSync(shown.key) });
  return (url, { method, headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { ...tls, method, headers: Object.fromEntries(new Headers(headers)), signal }, (received) => {
        const chunks = [];
        received.on('data', (chunk) => chunks.push(chunk));
        received.on('error', reject);
        received.on('end', () => {
          const { statusCode: status, rawHeaders } = received;
          const pairs = rawHeaders.flatMap((name, i) => (i % 2 ? [] : [[name, rawHeaders[i + 1]]]));
          resolve(new Response([204, 303].includes(status) ? null : Buffer.concat(chunks), { status, headers: pairs }));
        });
      });
      sent.on('error', reject);
      sent.end(body ? String(body) : undefined);
    });
}
