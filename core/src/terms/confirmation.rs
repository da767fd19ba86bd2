//! What a token is bound to: the `cnf` of RFC 7800.

use serde::{Deserialize, Serialize};

/// The key whose proof must come with a token (RFC 9700 section 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// `jkt`: the SHA-256 thumbprint of the JWK that DPoP proofs are made with (RFC 9449 section 6.1).
    Jkt([u8; 32]),
    /// `x5t#S256`: the SHA-256 hash of the client's certificate (RFC 8705 section 3.1).
    X5t([u8; 32]),
}
