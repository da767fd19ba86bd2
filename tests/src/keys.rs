//! The keys of the tests, and the host's answers to `Sign` and `Verify` with them.
//!
//! A key is known by its id alone, so that what is signed in a document is the same each time: `rfc8037` (Ed25519, RFC 8037
//! appendix A) and `rfc6979` (P-256, RFC 6979 appendix A.2.5) are published with their private halves, and the private half of
//! any `ed25519-...` or `es256-...` is the SHA-256 of its id. Both algorithms sign without randomness (RFC 8032, RFC 6979).
//! `rs256-rfc7515` and `ps256-rfc7515` are the RSA key of RFC 7515 appendix A.2, under either algorithm.

use std::convert::Infallible;

use base64ct::{Base64UrlUnpadded, Encoding};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;
use sha2::{Digest, Sha256};
use symbolon::rustcrypto::{self, PUBLIC_JWK, SigningKey};
use symbolon::step::Verdict;
use symbolon::wire::jose::Algorithm;

/// RFC 8037 appendix A.1: `d`.
const RFC8037: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// RFC 6979 appendix A.2.5: `x`, of which `d` is the name in a JWK.
const RFC6979: &str = "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE";

/// RFC 7515 appendix A.2, without its `alg`.
const RFC7515: &str = concat!(
    r#""kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4Q"#,
    r#"lL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7W"#,
    r#"TBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDT"#,
    r#"W9gb54h4FRWyuXpoQ","e":"AQAB","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQ"#,
    r#"Ta9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx"#,
    r#"88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXln"#,
    r#"DzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc""#
);

/// A source that gives the same bytes each time, where a signature needs none or a test must be repeatable.
pub struct Repeatable(pub [u8; 32]);

impl TryRng for Repeatable {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), Infallible> {
        for chunk in place.chunks_mut(32) {
            self.0 = Sha256::digest(self.0).into();
            chunk.copy_from_slice(&self.0[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Repeatable {}

fn key(key_id: &str) -> Option<SigningKey> {
    if let Some(algorithm) = key_id.strip_suffix("-rfc7515") {
        let jwk = format!(r#"{{"alg":"{}",{RFC7515}}}"#, algorithm.to_uppercase());
        return SigningKey::from_jwk(&mut jwk.into_bytes()).ok();
    }
    let private: [u8; 32] = match key_id {
        "rfc8037" => decoded(RFC8037)?.try_into().ok()?,
        "rfc6979" => decoded(RFC6979)?.try_into().ok()?,
        _ => Sha256::digest(key_id).into(),
    };
    let algorithm = match key_id.split('-').next()? {
        "rfc8037" | "ed25519" => Algorithm::EdDsa,
        "rfc6979" | "es256" => Algorithm::Es256,
        _ => return None,
    };
    SigningKey::from_secret(algorithm, &private).ok()
}

/// The members that make the public key, in the order of RFC 7638 section 3.2.
fn members(key: &SigningKey) -> String {
    let mut buffer = [0; PUBLIC_JWK];
    let jwk: Value = serde_json::from_str(key.public_jwk(None, &mut buffer).expect("room")).expect("JSON");
    let member = |name: &str| jwk.get(name).map(|value| format!("\"{name}\":{value}"));
    ["crv", "e", "kty", "n", "x", "y"].into_iter().filter_map(member).collect::<Vec<_>>().join(",")
}

fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// The algorithm of a key.
pub fn algorithm(key_id: &str) -> Option<&'static str> {
    key(key_id).map(|key| key.algorithm().as_str())
}

/// The public JWK of a key, with its `alg`.
pub fn jwk(key_id: &str) -> Option<String> {
    let key = key(key_id)?;
    Some(format!(r#"{{{},"alg":"{}"}}"#, members(&key), key.algorithm().as_str()))
}

/// The same with its `kid`, as a key set has it.
pub fn named_jwk(key_id: &str) -> Option<String> {
    let key = key(key_id)?;
    Some(format!(r#"{{{},"kid":"{key_id}","alg":"{}"}}"#, members(&key), key.algorithm().as_str()))
}

/// Its thumbprint (RFC 7638), as a `jkt` has it.
pub fn thumbprint(key_id: &str) -> Option<String> {
    Some(encoded(&Sha256::digest(format!("{{{}}}", members(&key(key_id)?)))))
}

/// The signature over a message, in the form of RFC 7518 section 3. None if no key has this id.
pub fn sign(key_id: &str, message: &[u8]) -> Option<Vec<u8>> {
    key(key_id)?.sign(message, &mut Repeatable([0; 32])).map(|signature| signature.to_vec())
}

/// Whether a signature holds.
pub fn verify(jwk: &[u8], message: &[u8], signature: &[u8]) -> Verdict {
    rustcrypto::verify(jwk, message, signature)
}

/// A JWS of a header and claims, signed by a key of the tests.
pub fn jws(key_id: &str, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", encoded(header.as_bytes()), encoded(claims.as_bytes()));
    let signature = sign(key_id, message.as_bytes()).expect("a key of the tests");
    format!("{message}.{}", encoded(&signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.3 and A.4.
    #[test]
    fn the_key_of_rfc_8037_signs_as_there() {
        assert_eq!(thumbprint("rfc8037").as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(sign("rfc8037", message).map(|signature| encoded(&signature)).as_deref(), Some(signature));
    }

    /// RFC 6979 appendix A.2.5: SHA-256, the message "sample".
    #[test]
    fn the_key_of_rfc_6979_signs_as_there() {
        let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
        let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        let made = sign("rfc6979", b"sample").expect("a key");
        assert_eq!(made.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), format!("{r}{s}"));
    }

    /// RFC 7515 appendix A.2.1: that signature needs no randomness.
    #[test]
    fn the_key_of_rfc_7515_signs_as_there() {
        let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = encoded(&sign("rs256-rfc7515", message.as_bytes()).expect("a key"));
        assert!(
            signature.starts_with("cC4hiUPoj9Eetdgtv3hF80EGrhuB_") && signature.ends_with("GlUPQGe77Rw"),
            "{signature}"
        );
    }

    #[test]
    fn a_signature_holds_for_its_key_and_message_alone() {
        for (key_id, other) in
            [("rfc8037", "ed25519-1"), ("rfc6979", "es256-1"), ("ed25519-2", "es256-2"), ("ps256-rfc7515", "es256-2")]
        {
            let key = jwk(key_id).expect("a key");
            let signature = sign(key_id, b"message").expect("a key");
            assert_eq!(verify(key.as_bytes(), b"message", &signature), Verdict::Valid);
            assert_eq!(verify(key.as_bytes(), b"massage", &signature), Verdict::Invalid);
            assert_eq!(verify(key.as_bytes(), b"message", &signature[1..]), Verdict::Invalid);
            assert_eq!(verify(jwk(other).expect("a key").as_bytes(), b"message", &signature), Verdict::Invalid);
        }
        assert_eq!(jwk("as-1"), None);
        assert_eq!(sign("as-1", b""), None);
        assert_eq!(verify(br#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, b"", b""), Verdict::Invalid);
    }
}
