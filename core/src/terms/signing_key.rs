//! Keys to sign with.

use crate::wire::jose::Algorithm;

/// A key to sign with. Its private half is the host's: see [`Sign`](crate::step::Sign).
#[derive(Clone, Copy)]
pub struct SigningKey<'a> {
    /// Its `kid`, at most [`limits::KEY_ID`](crate::limits::KEY_ID) bytes.
    pub key_id: &'a str,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The public key, as the text of a JWK.
    pub jwk: &'a str,
}
