//! Keys: the secrets of credentials, and the public halves of those that sign.

#[cfg(any(feature = "server", feature = "client", feature = "resource"))]
use core::slice;

#[cfg(any(feature = "server", feature = "resource"))]
use symbolon::terms::credential::CredentialKeys;
#[cfg(any(feature = "server", feature = "client"))]
use symbolon::terms::signing_key::{SigningKey as CoreSigningKey, SigningKeys};
#[cfg(any(feature = "server", feature = "client"))]
use symbolon::wire::jose::Algorithm;
#[cfg(any(feature = "server", feature = "client", feature = "resource"))]
use symbolon::{Name, Reason};

use super::Text;
#[cfg(any(feature = "server", feature = "client", feature = "resource"))]
use super::{Outcome, Status};

/// `symbolon_credential_key`: a secret that credentials are made with.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct CredentialKey {
    /// Its id.
    pub id: u8,
    /// 32 random bytes.
    pub secret: [u8; 32],
}

/// Reads the secrets that a caller hands in: the first one makes new credentials.
///
/// # Safety
///
/// The range is readable.
#[cfg(any(feature = "server", feature = "resource"))]
pub(crate) unsafe fn credential_keys(
    keys: *const CredentialKey,
    len: usize,
    refused: &impl Fn(Reason) -> Status,
) -> Outcome<CredentialKeys> {
    let keys = match (keys.is_null(), len) {
        (true, _) => return Err(Status::Null),
        // SAFETY: as the caller promises.
        (false, len) => unsafe { slice::from_raw_parts(keys, len) },
    };
    let (first, retired) = keys.split_first().ok_or_else(|| refused(Reason::Missing(Name::CredentialKeys)))?;
    let mut ring = CredentialKeys::new(first.id, &first.secret).map_err(refused)?;
    for key in retired {
        ring = ring.with_retired(key.id, &key.secret).map_err(refused)?;
    }
    Ok(ring)
}

/// `symbolon_signing_key`: the public half of a key that the host signs with.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SigningKey {
    /// Its `kid`.
    pub key_id: Text,
    /// Its algorithm.
    pub algorithm: Text,
    /// The public key, as a JWK with this `kid` and `alg`.
    pub jwk: Text,
}

#[cfg(any(feature = "server", feature = "client"))]
impl SigningKey {
    /// As the core has it.
    ///
    /// # Safety
    ///
    /// The texts are readable, and stay as they are for `'a`.
    pub(crate) unsafe fn read<'a>(&self) -> Outcome<Result<CoreSigningKey<'a>, Reason>> {
        // SAFETY: as the caller promises.
        let (key_id, algorithm, jwk) = unsafe { (self.key_id.str()?, self.algorithm.str()?, self.jwk.str()?) };
        let algorithm = Algorithm::from_name(algorithm).ok_or(Reason::Malformed(Name::Alg));
        Ok(algorithm.map(|algorithm| CoreSigningKey { key_id, algorithm, jwk }))
    }
}

/// Reads the keys that a caller hands in: the first one signs.
///
/// # Safety
///
/// The range is readable, and its texts stay as they are for `'a`.
#[cfg(any(feature = "server", feature = "client"))]
pub(crate) unsafe fn signing_keys<'a>(
    keys: *const SigningKey,
    len: usize,
    refused: &impl Fn(Reason) -> Status,
) -> Outcome<SigningKeys<'a>> {
    let keys = match (keys.is_null(), len) {
        (_, 0) => &[],
        (true, _) => return Err(Status::Null),
        // SAFETY: as the caller promises.
        (false, len) => unsafe { slice::from_raw_parts(keys, len) },
    };
    let mut known = [CoreSigningKey { key_id: "", algorithm: Algorithm::Es256, jwk: "" }; MORE];
    for (place, key) in known.iter_mut().zip(keys) {
        // SAFETY: as the caller promises.
        *place = unsafe { key.read() }?.map_err(refused)?;
    }
    // One more than there may be, of which the core says so.
    SigningKeys::new(known.get(..keys.len()).unwrap_or(&known)).map_err(refused)
}

/// One more than there may be, so that too many are refused.
#[cfg(any(feature = "server", feature = "client"))]
const MORE: usize = symbolon::limits::SIGNING_KEYS.saturating_add(1);
