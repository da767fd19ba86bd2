// Signatures by WebCrypto, with keys that cannot be taken out of it.

const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = (name) => ({ name, hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), saltLength: 32 });
/** The algorithms, by their names in RFC 7518 and RFC 9864. */
const ALGORITHMS = { ES256, Ed25519: { name: 'Ed25519' }, EdDSA: { name: 'Ed25519' }, RS256: rsa('RSASSA-PKCS1-v1_5'), PS256: rsa('RSA-PSS') };

function known(alg) {
  if (!Object.hasOwn(ALGORITHMS, alg)) throw new Error(`no algorithm of this host: ${alg}`);
  return ALGORITHMS[alg];
}

/**
 * A new key, which signs and stays where it is, with its public half as the text of a JWK. A configuration takes it as it is, and
 * so does IndexedDB.
 */
export async function newKey(key_id, algorithm = 'ES256') {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(known(algorithm), false, ['sign', 'verify']);
  const { key_ops, ext, ...jwk } = await crypto.subtle.exportKey('jwk', publicKey);
  return { key_id, algorithm, privateKey, jwk: JSON.stringify({ ...jwk, kid: key_id, alg: algorithm, use: 'sig' }) };
}

/** Gives `sign`, by these keys, and `verify`. WebCrypto has ECDSA signatures in the form that JWS has. */
export function webCryptoKeys(keys = []) {
  const byId = new Map(Array.from(keys, (key) => [key.key_id, key]));
  return {
    async sign({ key_id, message }) {
      const key = byId.get(key_id);
      if (!key) throw new Error(`no key ${key_id}`);
      return new Uint8Array(await crypto.subtle.sign(known(key.algorithm), key.privateKey, message));
    },
    async verify({ key, message, signature }) {
      const { alg, kty, crv, x, y, n, e } = JSON.parse(new TextDecoder().decode(key));
      const by = known(alg);
      const imported = await crypto.subtle.importKey('jwk', { kty, crv, x, y, n, e }, by, false, ['verify']);
      return crypto.subtle.verify(by, imported, signature, message);
    },
  };
}
