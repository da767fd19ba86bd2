import type { Sign, SigningKey, Verify } from '../steps.js';

export type Algorithm = 'ES256' | 'Ed25519' | 'EdDSA' | 'RS256' | 'PS256';

/** A key that signs and cannot be taken out. IndexedDB keeps such keys, and a configuration takes them as they are. */
export interface WebCryptoKey extends SigningKey {
  privateKey: CryptoKey;
}

/** A new key, for ES256 if nothing else is said. */
export function newKey(key_id: string, algorithm?: Algorithm): Promise<WebCryptoKey>;

/** Signs with these keys, and checks what others have signed. */
export function webCryptoKeys(keys?: Iterable<WebCryptoKey>): {
  sign(question: Sign): Promise<Uint8Array>;
  verify(question: Verify): Promise<boolean>;
};
