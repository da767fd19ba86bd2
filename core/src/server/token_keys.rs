//! The keys that the server signs with.

use crate::error::Reason;
use crate::name::Name;
use crate::terms::signing_key::{SigningKey, SigningKeys};

/// The keys that ID tokens and JWT access tokens are signed with, and what access tokens look like.
#[derive(Clone)]
pub struct TokenKeys<'a> {
    keys: SigningKeys<'a>,
    access_tokens: AccessTokens,
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessTokens {
    /// Opaque: a resource server asks the introspection endpoint, and learns of a revocation at once.
    Opaque,
    /// JWTs (RFC 9068): a resource server checks them by itself. A token without an audience stays opaque, as it is for nobody.
    Jwt,
}

impl<'a> TokenKeys<'a> {
    /// No keys: the server signs nothing.
    pub const NONE: Self = Self { keys: SigningKeys::NONE, access_tokens: AccessTokens::Opaque };

    /// These keys. `Reason::Missing` if there are none, and access tokens should be JWTs.
    pub fn new(keys: SigningKeys<'a>, access_tokens: AccessTokens) -> Result<Self, Reason> {
        if keys.first().is_none() && access_tokens == AccessTokens::Jwt {
            return Err(Reason::Missing(Name::SigningKeys));
        }
        Ok(Self { keys, access_tokens })
    }

    /// The key that signs.
    pub fn first(&self) -> Option<&SigningKey<'a>> {
        self.keys.first()
    }

    /// All of them, which are published.
    pub fn iter(&self) -> core::slice::Iter<'_, SigningKey<'a>> {
        self.keys.iter()
    }

    /// What access tokens look like.
    pub const fn access_tokens(&self) -> AccessTokens {
        self.access_tokens
    }
}
