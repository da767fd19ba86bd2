//! The keys that the server signs with.

use heapless::Vec;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::terms::signing_key::SigningKey;

/// The keys that ID tokens and JWT access tokens are signed with: the first one signs, and all are published, so that what an
/// older one has signed can still be checked and a newer one is known before it signs.
#[derive(Clone)]
pub struct SigningKeys<'a>(Vec<SigningKey<'a>, { limits::SIGNING_KEYS }>);

impl<'a> SigningKeys<'a> {
    /// No keys: the server signs nothing.
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
