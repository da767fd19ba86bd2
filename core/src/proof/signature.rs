//! That a signature holds.

use crate::error::Reason;
use crate::name::Name;
use crate::step::{Answer, Unavailable, Verdict};
use crate::wire::jose::Jws;
use crate::wire::jwk::Jwk;
use crate::wire::write::Arena;

/// What follows from a signed message whose claims were judged, once its signature is known to hold.
///
/// It is the answer to [`Verify`](crate::step::Verify) that opens it, and nothing else does.
#[must_use]
pub struct Unverified<'a, T> {
    key: &'a [u8],
    message: &'a [u8],
    signature: &'a [u8],
    refused: Reason,
    then: T,
}

// The same whatever follows: once in a program.
#[inline(never)]
fn written<'a>(key: &Jwk<'_>, jws: &Jws<'_>, arena: &mut Arena<'a>) -> Result<&'a [u8], Reason> {
    let key = key.with_algorithm(jws.algorithm()).ok_or(Reason::Malformed(Name::Alg))?;
    arena.write(|w| key.write(w))
}

impl<'a, T> Unverified<'a, T> {
    /// The key is written to the arena, with its algorithm: that of the signature must be the key's own. `refused` is the reason
    /// for a signature that does not hold.
    pub(crate) fn new(
        jws: &Jws<'a>,
        key: &Jwk<'_>,
        refused: Reason,
        then: T,
        arena: &mut Arena<'a>,
    ) -> Result<Self, Reason> {
        let key = written(key, jws, arena)?;
        Ok(Self { key, message: jws.message(), signature: jws.signature(), refused, then })
    }

    /// What [`Verify::key`](crate::step::Verify::key) says.
    pub const fn key(&self) -> &'a [u8] {
        self.key
    }

    /// What [`Verify::message`](crate::step::Verify::message) says.
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// What [`Verify::signature`](crate::step::Verify::signature) says.
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// What follows. It is not earned yet.
    pub(super) const fn then(&self) -> &T {
        &self.then
    }

    /// Takes the answer. A check that could not be made is no check.
    pub fn verified(self, verdict: Answer<Verdict>) -> Result<T, Reason> {
        match verdict {
            Ok(Verdict::Valid) => Ok(self.then),
            Ok(Verdict::Invalid) => Err(self.refused),
            Err(Unavailable) => Err(Reason::KeysUnavailable),
        }
    }
}
