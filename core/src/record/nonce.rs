//! The row of the nonce that a resource server has given out for DPoP proofs.

use super::Record;
use crate::wire::encoding::encoding;

/// The nonce that the server at an origin has given out last (RFC 9449 sections 8.2 and 9). It is no secret.
#[derive(Clone, Copy)]
pub struct Nonce<'n> {
    /// The nonce.
    pub value: &'n str,
}

encoding!(struct Nonce<'v> { value });

impl<'n> Record<'n> for Nonce<'n> {}
