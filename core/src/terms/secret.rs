//! Secrets: the entropy of a flow, and the secrets of clients.

use hmac::digest::consts::U64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use crate::error::Reason;

/// The randomness of one flow: 32 bytes from a cryptographic random source, drawn anew for each flow.
pub struct Entropy([u8; 32]);

impl Drop for Entropy {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Entropy {
    /// Takes 32 bytes that the caller has drawn.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Draws 32 bytes.
    pub fn from_rng(rng: &mut impl rand_core::CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Derives an independent value for each purpose that a label names. Fails on all zeros, which a working source gives
    /// once in 2^256 times and a broken one every time.
    pub(crate) fn derive<const N: usize>(&self, labels: [&str; N]) -> Result<[[u8; 32]; N], Reason> {
        let mut values = [[0; 32]; N];
        self.derive_all(&labels, &mut values)?;
        Ok(values)
    }

    // The same for any number of labels: once in a program.
    #[inline(never)]
    fn derive_all(&self, labels: &[&str], values: &mut [[u8; 32]]) -> Result<(), Reason> {
        if bool::from(self.0.ct_eq(&[0; 32])) {
            return Err(Reason::EntropyMissing);
        }
        let mac: Hmac<Sha256> = keyed(&self.0);
        for (label, value) in labels.iter().zip(values) {
            *value = mac.clone().chain_update(label.as_bytes()).finalize().into_bytes().into();
        }
        Ok(())
    }
}

/// A value derived from a secret, for one purpose. The parts but for the first have fixed lengths.
pub(crate) fn derived(secret: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac: Hmac<Sha256> = keyed(secret);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA-256 with this key, whole or its core alone; clones of it begin after the key.
pub(crate) fn keyed<M: KeyInit<KeySize = U64>>(key: &[u8; 32]) -> M {
    // A key shorter than a block is padded with zeros (RFC 2104 section 2).
    let mut block = [0; 64];
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let mac = M::new(&block.into());
    block.zeroize();
    mac
}

/// The hash of a client secret, as a client's row holds it. The secret must have been drawn at random, with at least 128
/// bits of entropy: this is no password hash.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether two hashes are equal, in constant time.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    // The lengths are no secret, and unequal ones have no words or rests to compare in full.
    let words = a_words.iter().zip(b_words).fold(Choice::from(u8::from(a.len() == b.len())), |equal, (a, b)| {
        equal & u64::from_ne_bytes(*a).ct_eq(&u64::from_ne_bytes(*b))
    });
    (words & a_rest.ct_eq(b_rest)).into()
}
