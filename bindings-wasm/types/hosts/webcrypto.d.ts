import type { Sign, Verify } from '../steps.js';

export type Algorithm = 'ES256' | 'Ed25519' | 'EdDSA' | 'RS256' | 'PS256';

export interface SigningKey {
  kid: string;
  alg: Algorithm;
  privateKey: CryptoKey;
}

/** A new key, which signs and cannot be taken out; and its public half. IndexedDB keeps such keys. */
export function newKey(kid: string, alg?: Algorithm): Promise<SigningKey & { jwk: JsonWebKey }>;

/** Signs with these keys, and checks what others have signed. */
export function webCryptoKeys(keys?: Iterable<SigningKey>): {
  sign(question: Sign): Promise<Uint8Array>;
  verify(question: Verify): Promise<boolean>;
};
