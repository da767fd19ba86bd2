//! Secrets: the entropy of a flow, and the secrets of clients.

use hmac::KeyInit;
use hmac::block_api::HmacCore;
use hmac::digest::block_api::{Buffer, FixedOutputCore, UpdateCore};
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
        let key = HmacKey::new(&self.0);
        for (label, value) in labels.iter().zip(values) {
            *value = key.mac(&[label.as_bytes()]);
        }
        Ok(())
    }
}

/// A value derived from a secret, for one purpose. The parts but for the first have fixed lengths.
pub(crate) fn derived(secret: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    HmacKey::new(secret).mac(parts)
}

/// HMAC-SHA-256 after its key: the two compressions over the pads are done. `Hmac` of the same crate would carry a block of the
/// message along, which is copied for nothing where many short messages have one key.
#[derive(Clone)]
pub(crate) struct HmacKey(HmacCore<Sha256>);

impl HmacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // A key shorter than a block is padded with zeros (RFC 2104 section 2).
        let mut block = [0; 64];
        for (place, byte) in block.iter_mut().zip(key) {
            *place = *byte;
        }
        let core = HmacCore::new(&block.into());
        block.zeroize();
        Self(core)
    }

    /// The code of a message that comes in parts.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let (mut core, mut buffer, mut mac) =
            (self.0.clone(), Buffer::<HmacCore<Sha256>>::default(), Default::default());
        for part in parts {
            buffer.digest_blocks(part, |blocks| core.update_blocks(blocks));
        }
        core.finalize_fixed_core(&mut buffer, &mut mac);
        mac.into()
    }
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
