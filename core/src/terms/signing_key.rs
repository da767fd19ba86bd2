//! Keys to sign with.

use heapless::Vec;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::wire::jose::Algorithm;

/// A key to sign with. Its private half is the host's: see [`Sign`](crate::step::Sign).
#[derive(Clone, Copy)]
pub struct SigningKey<'a> {
    /// Its `kid`, at most [`limits::KEY_ID`] bytes.
    pub key_id: &'a str,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The public key, as the text of a JWK.
    pub jwk: &'a str,
}

/// Some keys to sign with: the first one signs. The others are those that it replaces, and those that will replace it, so that
/// what an older one has signed can still be checked and a newer one is known before it signs.
#[derive(Clone)]
pub struct SigningKeys<'a>(Vec<SigningKey<'a>, { limits::SIGNING_KEYS }>);

impl<'a> SigningKeys<'a> {
    /// No keys: nothing is signed.
    pub const NONE: Self = Self(Vec::new());

    /// The key that signs, then the others. `Reason::Repeated` if two have the same `kid`, `Reason::TooMany` if there are more
    /// than [`limits::SIGNING_KEYS`].
    pub fn new(keys: &[SigningKey<'a>]) -> Result<Self, Reason> {
        let mut known = Self::NONE;
        for key in keys {
            if known.iter().any(|other| other.key_id == key.key_id) {
                return Err(Reason::Repeated(Name::Kid));
            }
            let full = Reason::TooMany(Name::SigningKeys);
            known.0.push(*key).map_err(|_| full)?;
        }
        Ok(known)
    }

    /// The key that signs.
    pub fn first(&self) -> Option<&SigningKey<'a>> {
        self.0.first()
    }

    /// All of them.
    pub fn iter(&self) -> core::slice::Iter<'_, SigningKey<'a>> {
        self.0.iter()
    }
}
