//! The keys of the tests, and the host's answers to `Sign` and `Verify` with them.
//!
//! A key is known by its id alone, so that what is signed in a document is the same each time: `rfc8037` (Ed25519, RFC 8037
//! appendix A) and `rfc6979` (P-256, RFC 6979 appendix A.2.5) are published with their private halves, and the private half of
//! any `ed25519-...` or `es256-...` is the SHA-256 of its id. Both algorithms sign without randomness (RFC 8032, RFC 6979).

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek as ed25519;
use p256::ecdsa::{self, signature::Signer, signature::Verifier};
use sha2::{Digest, Sha256};

/// RFC 8037 appendix A.1: `d`.
const RFC8037: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// RFC 6979 appendix A.2.5: `x`, of which `d` is the name in a JWK.
const RFC6979: &str = "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE";

/// A private key.
enum Private {
    Ed25519(ed25519::SigningKey),
    Es256(ecdsa::SigningKey),
}

impl Private {
    fn of(key_id: &str) -> Option<Self> {
        let private: [u8; 32] = match key_id {
            "rfc8037" => decoded(RFC8037)?.try_into().ok()?,
            "rfc6979" => decoded(RFC6979)?.try_into().ok()?,
            _ => Sha256::digest(key_id).into(),
        };
        match key_id.split('-').next()? {
            "rfc8037" | "ed25519" => Some(Self::Ed25519(ed25519::SigningKey::from_bytes(&private))),
            "rfc6979" | "es256" => ecdsa::SigningKey::from_slice(&private).ok().map(Self::Es256),
            _ => None,
        }
    }

    /// The members of the public JWK, in the order of RFC 7638 section 3.2.
    fn public(&self) -> String {
        match self {
            Self::Ed25519(key) => {
                format!(r#""crv":"Ed25519","kty":"OKP","x":"{}""#, encoded(key.verifying_key().as_bytes()))
            }
            Self::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at(32);
                format!(r#""crv":"P-256","kty":"EC","x":"{}","y":"{}""#, encoded(x), encoded(y))
            }
        }
    }
}

fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// The algorithm of a key.
pub fn algorithm(key_id: &str) -> Option<&'static str> {
    Some(match Private::of(key_id)? {
        Private::Ed25519(_) => "EdDSA",
        Private::Es256(_) => "ES256",
    })
}

/// The public JWK of a key, with its `alg`.
pub fn jwk(key_id: &str) -> Option<String> {
    Some(format!(r#"{{{},"alg":"{}"}}"#, Private::of(key_id)?.public(), algorithm(key_id)?))
}

/// The same with its `kid`, as a key set has it.
pub fn named_jwk(key_id: &str) -> Option<String> {
    Some(format!(r#"{{{},"kid":"{key_id}","alg":"{}"}}"#, Private::of(key_id)?.public(), algorithm(key_id)?))
}

/// Its thumbprint (RFC 7638), as a `jkt` has it.
pub fn thumbprint(key_id: &str) -> Option<String> {
    let members = Private::of(key_id)?.public();
    Some(encoded(&Sha256::digest(format!("{{{members}}}"))))
}

/// The signature over a message, in the form of RFC 7518 section 3. None if no key has this id.
pub fn sign(key_id: &str, message: &[u8]) -> Option<Vec<u8>> {
    Some(match Private::of(key_id)? {
        Private::Ed25519(key) => ed25519::Signer::sign(&key, message).to_bytes().to_vec(),
        Private::Es256(key) => Signer::<ecdsa::Signature>::sign(&key, message).to_bytes().to_vec(),
    })
}

/// Whether a signature holds. None if the key is of no algorithm that the tests have.
pub fn verify(jwk: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let jwk: serde_json::Value = serde_json::from_slice(jwk).ok()?;
    let member = |name: &str| jwk[name].as_str();
    let coordinate = |name: &str| member(name).and_then(decoded);
    match member("crv")? {
        "Ed25519" => {
            let key = ed25519::VerifyingKey::from_bytes(&coordinate("x")?.try_into().ok()?).ok()?;
            let signature = ed25519::Signature::from_slice(signature);
            Some(signature.is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()))
        }
        "P-256" => {
            let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
            let key = ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            let signature = ecdsa::Signature::from_slice(signature);
            Some(signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
        }
        _ => None,
    }
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

    #[test]
    fn a_signature_holds_for_its_key_and_message_alone() {
        for (key_id, other) in [("rfc8037", "ed25519-1"), ("rfc6979", "es256-1"), ("ed25519-2", "es256-2")] {
            let key = jwk(key_id).expect("a key");
            let signature = sign(key_id, b"message").expect("a key");
            assert_eq!(verify(key.as_bytes(), b"message", &signature), Some(true));
            assert_eq!(verify(key.as_bytes(), b"massage", &signature), Some(false));
            assert_eq!(verify(key.as_bytes(), b"message", &signature[1..]), Some(false));
            assert_eq!(verify(jwk(other).expect("a key").as_bytes(), b"message", &signature), Some(false));
        }
        assert_eq!(jwk("as-1"), None);
        assert_eq!(sign("as-1", b""), None);
        assert_eq!(verify(br#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, b"", b""), None);
    }
}
