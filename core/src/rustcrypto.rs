//! An answer to [`Sign`](crate::step::Sign) and [`Verify`](crate::step::Verify) that is ready made, of the crates of RustCrypto and
//! dalek-cryptography. In the feature `rustcrypto`; needs an allocator, for RSA.
//!
//! A host that has a key store, a hardware module or a system library answers with that instead: nothing else here knows of this
//! module. RSA in pure Rust takes no constant time; its private operations are blinded, and it is best left to verify.

use ed25519_dalek::Signer;
use p256::ecdsa;
use p256::ecdsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, pkcs1v15, pss};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::step::Verdict;
use crate::wire::base64;
use crate::wire::jose::Algorithm;
use crate::wire::json::{self, Object};
use crate::wire::jwk::{Jwk, Material};
use crate::wire::write::{Arena, JsonObject};

/// The longest signature, in bytes.
pub const SIGNATURE: usize = limits::RSA_MODULUS_MAX / 8;

/// The longest number of an RSA key in base64url.
const NUMBER: usize = base64::encoded_len(limits::RSA_MODULUS_MAX / 8);

/// The longest public key as a JWK, in bytes; see [`SigningKey::public_jwk`].
pub const PUBLIC_JWK: usize = NUMBER + 6 * limits::KEY_ID + 128;

/// Whether a signature holds: the answer to [`Verify`](crate::step::Verify) with its three parts. A key that cannot be read, or
/// that names no algorithm, has signed nothing.
pub fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Verdict {
    let mut text = [0; PUBLIC_JWK];
    let valid = text.get_mut(..key.len()).and_then(|text| {
        text.copy_from_slice(key);
        let key = Jwk::read(&json::object(text).ok()?).ok()?;
        holds(&key, message, signature)
    });
    if valid.is_some() { Verdict::Valid } else { Verdict::Invalid }
}

fn holds(key: &Jwk<'_>, message: &[u8], signature: &[u8]) -> Option<()> {
    match (key.material(), key.algorithm()?) {
        (Material::P256 { x, y }, Algorithm::Es256) => {
            // Uncompressed (SEC 1 section 2.3.3); that the point is on the curve is checked.
            let mut point = [4; 65];
            let (_, rest) = point.split_first_mut()?;
            let (first, second) = rest.split_at_mut_checked(32)?;
            base64::decode_url(x.as_bytes(), first)?;
            base64::decode_url(y.as_bytes(), second)?;
            let key = ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            key.verify(message, &ecdsa::Signature::from_slice(signature).ok()?).ok()
        }
        (Material::Ed25519 { x }, Algorithm::EdDsa) => {
            let mut point = [0; 32];
            base64::decode_url(x.as_bytes(), &mut point)?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(&point).ok()?;
            // Strictly: neither the key nor R may be of small order, so that no signature holds for many messages.
            key.verify_strict(message, &ed25519_dalek::Signature::from_slice(signature).ok()?).ok()
        }
        (Material::Rsa { n, e }, algorithm) => {
            let key = rsa::PublicKey::new(number(n)?, number(e)?).ok()?;
            // As long as the modulus (RFC 8017 sections 8.1.2 and 8.2.2).
            if signature.len() != key.size() {
                return None;
            }
            match algorithm {
                Algorithm::Ps256 => {
                    // The salt is as long as the hash (RFC 7518 section 3.5).
                    let key = pss::VerifyingKey::<Sha256>::new(key);
                    key.verify(message, &pss::Signature::try_from(signature).ok()?).ok()
                }
                Algorithm::Rs256 => {
                    let key = pkcs1v15::VerifyingKey::<Sha256>::new(key);
                    key.verify(message, &pkcs1v15::Signature::try_from(signature).ok()?).ok()
                }
                Algorithm::Es256 | Algorithm::EdDsa => None,
            }
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<BoxedUint> {
    let mut bytes = [0; limits::RSA_MODULUS_MAX / 8];
    let len = base64::decode_url(text.as_bytes(), &mut bytes)?;
    let number = BoxedUint::from_be_slice_vartime(bytes.get(..len)?);
    bytes.zeroize();
    Some(number)
}

/// A private key, and the one algorithm that it signs with. No `Debug`: it is a secret.
pub struct SigningKey(Private);

enum Private {
    Es256(ecdsa::SigningKey),
    EdDsa(ed25519_dalek::SigningKey),
    Ps256(rsa::PrivateKey),
    Rs256(rsa::PrivateKey),
}

/// A signature in the form that JWS gives it (RFC 7518 section 3).
pub type Signature = heapless::Vec<u8, SIGNATURE>;

impl SigningKey {
    /// A key for ES256 or EdDSA from 32 bytes of a cryptographic random source. `Reason::EntropyMissing` if they are no key,
    /// which happens once in 2^32 times for ES256, and for any other algorithm.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8; 32]) -> Result<Self, Reason> {
        match algorithm {
            Algorithm::Es256 => {
                let key = ecdsa::SigningKey::from_slice(secret).map_err(|_| Reason::EntropyMissing)?;
                Ok(Self(Private::Es256(key)))
            }
            Algorithm::EdDsa if *secret != [0; 32] => {
                Ok(Self(Private::EdDsa(ed25519_dalek::SigningKey::from_bytes(secret))))
            }
            _ => Err(Reason::EntropyMissing),
        }
    }

    /// Reads a private JWK of any of the algorithms, and wipes its text. An RSA key must have an `alg` and two primes
    /// (RFC 7518 section 6.3.2); the reason names the member at fault.
    pub fn from_jwk(text: &mut [u8]) -> Result<Self, Reason> {
        let key = json::object(text).and_then(|object| Self::read(&object));
        text.zeroize();
        key
    }

    fn read(jwk: &Object<'_>) -> Result<Self, Reason> {
        let required = |name| jwk.string(name)?.ok_or(Reason::Missing(name));
        let named = jwk.string(Name::Alg)?.map(Algorithm::from_name);
        let algorithm = match (required(Name::Kty)?, jwk.string(Name::Crv)?, named) {
            ("EC", Some("P-256"), None | Some(Some(Algorithm::Es256))) => Algorithm::Es256,
            ("OKP", Some("Ed25519"), None | Some(Some(Algorithm::EdDsa))) => Algorithm::EdDsa,
            ("RSA", None, Some(Some(algorithm @ (Algorithm::Ps256 | Algorithm::Rs256)))) => algorithm,
            ("RSA", None, None) => return Err(Reason::Missing(Name::Alg)),
            ("EC" | "OKP" | "RSA", _, Some(_)) => return Err(Reason::Malformed(Name::Alg)),
            ("EC" | "OKP", ..) => return Err(Reason::Malformed(Name::Crv)),
            _ => return Err(Reason::Malformed(Name::Kty)),
        };
        let key = match algorithm {
            Algorithm::Es256 | Algorithm::EdDsa => {
                let mut secret = [0; 32];
                let len = base64::decode_url(required(Name::D)?.as_bytes(), &mut secret);
                let key = Self::from_secret(algorithm, &secret).ok().filter(|_| len == Some(32));
                secret.zeroize();
                key.ok_or(Reason::Malformed(Name::D))?
            }
            Algorithm::Ps256 | Algorithm::Rs256 => {
                let part = |name| number(required(name)?).ok_or(Reason::Malformed(name));
                let key = rsa::PrivateKey::from_p_q(part(Name::P)?, part(Name::Q)?, part(Name::E)?);
                let key = key.map_err(|_| Reason::Malformed(Name::P))?;
                let bits = usize::try_from(key.n().bit_width_vartime()).unwrap_or_default();
                if !(limits::RSA_MODULUS_MIN..=limits::RSA_MODULUS_MAX).contains(&bits) {
                    return Err(Reason::Malformed(Name::N));
                }
                Self(if algorithm == Algorithm::Ps256 { Private::Ps256(key) } else { Private::Rs256(key) })
            }
        };
        // Whoever has the public half must be able to check what this one signs.
        for name in [Name::X, Name::Y, Name::N, Name::E] {
            if let Some(text) = jwk.string(name)?
                && key.with_member(name, |own| own == text) != Some(true)
            {
                return Err(Reason::Malformed(name));
            }
        }
        Ok(key)
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Private::Es256(_) => Algorithm::Es256,
            Private::EdDsa(_) => Algorithm::EdDsa,
            Private::Ps256(_) => Algorithm::Ps256,
            Private::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// Signs: the answer to [`Sign`](crate::step::Sign). The random source blinds the private operation of RSA, and salts PS256.
    /// `None` if it is RSA that fails.
    pub fn sign(&self, message: &[u8], rng: &mut impl rand_core::CryptoRng) -> Option<Signature> {
        match &self.0 {
            Private::Es256(key) => {
                let signature: ecdsa::Signature = key.try_sign(message).ok()?;
                Signature::from_slice(&signature.to_bytes()).ok()
            }
            Private::EdDsa(key) => Signature::from_slice(&key.try_sign(message).ok()?.to_bytes()).ok(),
            Private::Ps256(key) => {
                let signature = pss::SigningKey::<Sha256>::new(key.clone()).try_sign_with_rng(rng, message).ok()?;
                Signature::from_slice(&signature.to_bytes()).ok()
            }
            Private::Rs256(key) => {
                let signature =
                    pkcs1v15::SigningKey::<Sha256>::new(key.clone()).try_sign_with_rng(rng, message).ok()?;
                Signature::from_slice(&signature.to_bytes()).ok()
            }
        }
    }

    /// The public key as a JWK with its `alg`, `use` and, if one is given, `kid`. At most [`PUBLIC_JWK`] bytes.
    pub fn public_jwk<'b>(&self, key_id: Option<&str>, buffer: &'b mut [u8]) -> Result<&'b str, Reason> {
        let mut arena = Arena::new(buffer, 0).map_err(|_| Reason::Buffer)?;
        arena.text(|w| {
            let mut object = JsonObject::new(w);
            let (kty, crv): (_, Option<&str>) = match self.0 {
                Private::Es256(_) => ("EC", Some("P-256")),
                Private::EdDsa(_) => ("OKP", Some("Ed25519")),
                Private::Ps256(_) | Private::Rs256(_) => ("RSA", None),
            };
            object.string("alg", self.algorithm().as_str());
            if let Some(crv) = crv {
                object.string("crv", crv);
            }
            self.with_member(Name::E, |e| object.string("e", e));
            if let Some(key_id) = key_id {
                object.string("kid", key_id);
            }
            object.string("kty", kty);
            self.with_member(Name::N, |n| object.string("n", n));
            object.string("use", "sig");
            for name in [Name::X, Name::Y] {
                self.with_member(name, |value| object.string(name.as_str(), value));
            }
            object.end();
        })
    }

    /// Shows `then` a member of the public key, in base64url, if the key has it.
    fn with_member<T>(&self, name: Name, then: impl FnOnce(&str) -> T) -> Option<T> {
        let mut text = [0; NUMBER];
        let len = match (&self.0, name) {
            (Private::Es256(key), Name::X | Name::Y) => {
                let point = key.verifying_key().to_sec1_point(false);
                let coordinates = point.as_bytes().get(1..)?;
                let (x, y) = coordinates.split_at_checked(32)?;
                base64::encode_url(if name == Name::X { x } else { y }, &mut text)?
            }
            (Private::EdDsa(key), Name::X) => base64::encode_url(key.verifying_key().as_bytes(), &mut text)?,
            (Private::Ps256(key) | Private::Rs256(key), Name::N) => {
                base64::encode_url(&key.n().as_ref().to_be_bytes_trimmed_vartime(), &mut text)?
            }
            (Private::Ps256(key) | Private::Rs256(key), Name::E) => {
                base64::encode_url(&key.e().to_be_bytes_trimmed_vartime(), &mut text)?
            }
            _ => return None,
        };
        text.get(..len).and_then(|text| core::str::from_utf8(text).ok()).map(then)
    }
}
