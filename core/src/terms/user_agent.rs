//! What tells one user agent from another.

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::terms::secret;

/// The binding of a user agent: the value of an `HttpOnly` cookie that the host drew at random for it.
#[derive(Clone, Copy)]
pub struct UserAgent<'a>(&'a [u8]);

impl<'a> UserAgent<'a> {
    /// Takes the value; at least [`limits::USER_AGENT_MIN`] bytes.
    pub const fn new(binding: &'a [u8]) -> Result<Self, Reason> {
        if binding.len() < limits::USER_AGENT_MIN { Err(Reason::Malformed(Name::UserAgent)) } else { Ok(Self(binding)) }
    }

    pub(crate) fn hash(self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    pub(crate) fn is(self, hash: &[u8; 32]) -> bool {
        secret::equal(&self.hash(), hash)
    }
}
