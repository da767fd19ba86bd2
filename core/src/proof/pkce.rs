//! Proof Key for Code Exchange, S256 alone (RFC 7636, RFC 9700 section 2.1.1).

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::record::Refusal;
use crate::terms::parameter::Param;
use crate::terms::secret;
use crate::wire::base64;

/// The verifier of a grant's challenge was shown.
#[derive(Clone, Copy)]
pub struct PkceVerified(());

/// The challenge of a verifier, before base64url: `SHA-256(ASCII(code_verifier))` (RFC 7636 section 4.2).
pub fn challenge_of(verifier: &str) -> [u8; 32] {
    Sha256::digest(verifier.as_bytes()).into()
}

/// Reads `code_challenge` and `code_challenge_method` of an authorization request.
pub fn read_challenge(challenge: Param<'_>, method: Param<'_>) -> Result<[u8; 32], Refusal> {
    let challenge = challenge.map_err(|_| Refusal::ChallengeMalformed)?.ok_or(Refusal::ChallengeMissing)?;
    // An absent method means `plain` (RFC 7636 section 4.3), which shows the verifier to whoever sees the request.
    if method != Ok(Some("S256")) {
        return Err(Refusal::ChallengeMethod);
    }
    let mut decoded = [0; 32];
    match base64::decode_url(challenge.as_bytes(), &mut decoded) {
        Some(32) => Ok(decoded),
        _ => Err(Refusal::ChallengeMalformed),
    }
}

/// Checks the verifier of a token request against the challenge of the grant. Absent and malformed verifiers are wrong
/// ones.
pub fn verify(verifier: Param<'_>, challenge: &[u8; 32]) -> Result<PkceVerified, Reason> {
    match verifier {
        Ok(Some(verifier)) if secret::equal(&challenge_of(verifier), challenge) => Ok(PkceVerified(())),
        _ => Err(Reason::CodeVerifier),
    }
}
