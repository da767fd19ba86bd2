//! Keys to sign with.

use heapless::Vec;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::wire::jose::Algorithm;
use crate::wire::json;
use crate::wire::jwk::Jwk;
use crate::wire::write::Arena;

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

impl SigningKey<'_> {
    /// The public key, for its one algorithm. Fails if the text is none, or has private members.
    pub(crate) fn public<'a>(&self, arena: &mut Arena<'a>) -> Result<Jwk<'a>, Reason> {
        let key = json::object(arena.copy_mut(self.jwk.as_bytes())?)?;
        Jwk::read(&key)?.with_algorithm(self.algorithm).ok_or(Reason::Malformed(Name::Jwk))
    }

    /// The public key as a set names it: with its `kid`, and nothing that does not make it.
    pub(crate) fn published<'a>(&self, arena: &mut Arena<'a>) -> Result<&'a str, Reason> {
        let key = self.public(arena)?.with_id(arena.copy_str(self.key_id)?);
        arena.text(|w| key.write_with_id(w))
    }
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
