//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037): public keys to verify signatures with.

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::wire::base64;
use crate::wire::jose::Algorithm;
use crate::wire::json::{Array, Object, Value};
use crate::wire::write::{JsonObject, Writer};

/// A public key that can verify signatures of one algorithm.
#[derive(Clone, Copy)]
pub struct Jwk<'j> {
    key_id: Option<&'j str>,
    algorithm: Option<Algorithm>,
    material: Material<'j>,
}

/// The members that make the key, in base64url: strict, so that each key has one spelling.
#[derive(Clone, Copy)]
pub enum Material<'j> {
    /// `EC` with `P-256`. That the point is on the curve is for the host to see, who verifies.
    P256 {
        /// The first coordinate, 32 bytes.
        x: &'j str,
        /// The second coordinate, 32 bytes.
        y: &'j str,
    },
    /// `OKP` with `Ed25519`.
    Ed25519 {
        /// The point, 32 bytes.
        x: &'j str,
    },
    /// `RSA`.
    Rsa {
        /// The modulus, big-endian.
        n: &'j str,
        /// The exponent, big-endian, at most 4 bytes.
        e: &'j str,
    },
}

/// Members of private and of symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 8037 section 2).
const PRIVATE: [Name; 8] = [Name::D, Name::P, Name::Q, Name::Dp, Name::Dq, Name::Qi, Name::Oth, Name::K];

fn private_member(key: &Object<'_>) -> Option<Name> {
    PRIVATE.into_iter().find(|name| key.get(name.as_str()).is_some())
}

impl<'j> Jwk<'j> {
    /// Reads a key that may verify signatures: `EC` with `P-256`, `OKP` with `Ed25519`, or `RSA` with an odd modulus of
    /// [`limits::RSA_MODULUS_MIN`] to [`limits::RSA_MODULUS_MAX`] bits and an odd exponent of 3 or more.
    ///
    /// Any other key is refused, and so is one that holds a private member, that is for another use, or whose `alg` is not
    /// one of its type. The reason names the member.
    ///
    /// ```abnf
    /// x = 43base64url                  ; 32 bytes, and so is y
    /// n = 1*base64url                  ; big-endian, without leading zeros (RFC 7518 section 6.3.1.1)
    /// e = 1*base64url                  ; likewise, at most 4 bytes
    /// ```
    pub fn read(object: &Object<'j>) -> Result<Self, Reason> {
        if let Some(name) = private_member(object) {
            return Err(Reason::Malformed(name));
        }
        if object.string(Name::Use)?.is_some_and(|usage| usage != "sig") {
            return Err(Reason::Malformed(Name::Use));
        }
        if let Some(operations) = object.array(Name::KeyOps)? {
            let mut verifies = false;
            for operation in operations.iter().map(Value::as_str) {
                verifies |= operation.ok_or(Reason::Malformed(Name::KeyOps))? == "verify";
            }
            if !verifies {
                return Err(Reason::Malformed(Name::KeyOps));
            }
        }
        let material = Material::read(object)?;
        let algorithm = match object.string(Name::Alg)?.map(Algorithm::from_name) {
            Some(Some(algorithm)) if material.serves(algorithm) => Some(algorithm),
            Some(_) => return Err(Reason::Malformed(Name::Alg)),
            None => material.algorithm(),
        };
        let key_id = object.string(Name::Kid)?;
        if key_id.is_some_and(|key_id| key_id.len() > limits::KEY_ID) {
            return Err(Reason::TooLong(Name::Kid));
        }
        Ok(Self { key_id, algorithm, material })
    }

    /// The `kid`, at most [`limits::KEY_ID`] bytes.
    pub const fn key_id(&self) -> Option<&'j str> {
        self.key_id
    }

    /// The one algorithm of the key: that of its type, and for RSA, which has two, its `alg`. `None` for an RSA key that has no
    /// `alg`: whoever registered the key must have said it elsewhere.
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The key for signatures of this algorithm, which its owner has registered or has named along with it. `None` if it is for
    /// another one.
    pub fn with_algorithm(self, algorithm: Algorithm) -> Option<Self> {
        let fits = self.algorithm.is_none_or(|own| own == algorithm) && self.material.serves(algorithm);
        fits.then_some(Self { algorithm: Some(algorithm), ..self })
    }

    /// The members that make the key.
    pub const fn material(&self) -> Material<'j> {
        self.material
    }

    /// The thumbprint with SHA-256 (RFC 7638 section 3, RFC 8037 appendix A.3).
    pub fn thumbprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        // The required members in the order of their names. Base64url needs no escape.
        let mut opening = "{\"";
        for (name, value) in self.material.members() {
            hash.update(opening);
            hash.update(name);
            hash.update("\":\"");
            hash.update(value);
            opening = "\",\"";
        }
        hash.update("\"}");
        hash.finalize().into()
    }

    /// Writes the key as [`Verify`](crate::step::Verify) hands it to the host: `alg` and the required members, in the order of
    /// their names.
    pub fn write(&self, w: &mut Writer<'_>) {
        self.fill(JsonObject::new(w));
    }

    /// The same key under this `kid`.
    pub const fn with_id(self, key_id: &'j str) -> Self {
        Self { key_id: Some(key_id), ..self }
    }

    /// The same, with its `kid` if it has one.
    pub fn write_with_id(&self, w: &mut Writer<'_>) {
        let mut object = JsonObject::new(w);
        if let Some(key_id) = self.key_id {
            object.string("kid", key_id);
        }
        self.fill(object);
    }

    fn fill(&self, mut object: JsonObject<'_, '_>) {
        if let Some(algorithm) = self.algorithm {
            object.string("alg", algorithm.as_str());
        }
        for (name, value) in self.material.members() {
            object.string(name, value);
        }
        object.end();
    }
}

impl<'j> Material<'j> {
    fn read(object: &Object<'j>) -> Result<Self, Reason> {
        let required = |name| object.string(name)?.ok_or(Reason::Missing(name));
        match required(Name::Kty)? {
            "EC" if required(Name::Crv)? == "P-256" => Ok(Self::P256 {
                x: coordinate(Name::X, required(Name::X)?)?,
                y: coordinate(Name::Y, required(Name::Y)?)?,
            }),
            "OKP" if required(Name::Crv)? == "Ed25519" => {
                Ok(Self::Ed25519 { x: coordinate(Name::X, required(Name::X)?)? })
            }
            "EC" | "OKP" => Err(Reason::Malformed(Name::Crv)),
            "RSA" => {
                let (n, e) = (required(Name::N)?, required(Name::E)?);
                let bits = bits_of_odd::<{ limits::RSA_MODULUS_MAX / 8 }>(n).unwrap_or_default();
                if !(limits::RSA_MODULUS_MIN..=limits::RSA_MODULUS_MAX).contains(&bits) {
                    return Err(Reason::Malformed(Name::N));
                }
                // One bit would be the exponent 1, under which every message is its own signature.
                if bits_of_odd::<4>(e).is_none_or(|bits| bits < 2) {
                    return Err(Reason::Malformed(Name::E));
                }
                Ok(Self::Rsa { n, e })
            }
            _ => Err(Reason::Malformed(Name::Kty)),
        }
    }

    /// The algorithm, if the type of the key has but one.
    const fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::P256 { .. } => Some(Algorithm::Es256),
            Self::Ed25519 { .. } => Some(Algorithm::EdDsa),
            Self::Rsa { .. } => None,
        }
    }

    fn serves(&self, algorithm: Algorithm) -> bool {
        match self.algorithm() {
            Some(own) => own == algorithm,
            None => matches!(algorithm, Algorithm::Ps256 | Algorithm::Rs256),
        }
    }

    /// The required members, in the order of their names (RFC 7638 section 3.2).
    fn members(&self) -> impl Iterator<Item = (&'static str, &'j str)> + use<'j> {
        let members = match *self {
            Self::P256 { x, y } => [Some(("crv", "P-256")), Some(("kty", "EC")), Some(("x", x)), Some(("y", y))],
            Self::Ed25519 { x } => [Some(("crv", "Ed25519")), Some(("kty", "OKP")), Some(("x", x)), None],
            Self::Rsa { n, e } => [Some(("e", e)), Some(("kty", "RSA")), Some(("n", n)), None],
        };
        members.into_iter().flatten()
    }
}

/// A coordinate of 32 bytes, leading zeros included (RFC 7518 section 6.2.1.2).
fn coordinate(name: Name, text: &str) -> Result<&str, Reason> {
    let mut bytes = [0; 32];
    match base64::decode_url(text.as_bytes(), &mut bytes) {
        Some(32) => Ok(text),
        _ => Err(Reason::Malformed(name)),
    }
}

/// The length in bits of an odd number of at most `N` bytes without leading zeros.
fn bits_of_odd<const N: usize>(text: &str) -> Option<usize> {
    let mut bytes = [0; N];
    let len = base64::decode_url(text.as_bytes(), &mut bytes)?;
    let number = bytes.get(..len)?;
    let (first, last) = (number.first().filter(|&&first| first != 0)?, number.last()?);
    let unused = usize::try_from(first.leading_zeros()).ok()?;
    if last & 1 == 1 { len.checked_mul(8)?.checked_sub(unused) } else { None }
}

/// The one key of a set (RFC 7517 section 5) for a signature of this algorithm, by its `kid` if the signature names one.
///
/// `registered` is the algorithm that the owner of the keys has registered: it is that of RSA keys that name none, and no other is
/// taken. Keys that cannot be read here are passed over. `None` if no key fits; and if several do, the set is refused: keys
/// are never tried one after the other.
pub fn select<'j>(
    set: &Object<'j>,
    key_id: Option<&str>,
    algorithm: Algorithm,
    registered: Option<Algorithm>,
) -> Result<Option<Jwk<'j>>, Reason> {
    let keys = set.array(Name::Keys)?.ok_or(Reason::Missing(Name::Keys))?;
    if registered.is_some_and(|registered| registered != algorithm) {
        return Err(Reason::Malformed(Name::Alg));
    }
    let mut found = None;
    for (count, key) in keys.iter().enumerate() {
        if count >= limits::KEYS {
            return Err(Reason::TooMany(Name::Keys));
        }
        let key = key.as_object().ok_or(Reason::Malformed(Name::Keys))?;
        let Ok(key) = Jwk::read(&key) else { continue };
        if key_id.is_some() && key.key_id != key_id {
            continue;
        }
        let key = registered.map_or(Some(key), |registered| key.with_algorithm(registered));
        if let Some(key) = key.filter(|key| key.algorithm == Some(algorithm))
            && found.replace(key).is_some()
        {
            return Err(Reason::Repeated(Name::Kid));
        }
    }
    Ok(found)
}

/// Checks a set of public keys (RFC 7517 section 5): no key in it holds a private member, and one is of use, be it to verify
/// signatures or, where `certificates` says so, to name a certificate (RFC 8705 section 2.2). Keys of other types are passed over.
pub fn check(set: &Object<'_>, certificates: bool) -> Result<(), Reason> {
    let keys = set.array(Name::Keys)?.ok_or(Reason::Missing(Name::Keys))?;
    let mut of_use = false;
    for (count, key) in keys.iter().enumerate() {
        if count >= limits::KEYS {
            return Err(Reason::TooMany(Name::Keys));
        }
        let key = key.as_object().ok_or(Reason::Malformed(Name::Keys))?;
        if let Some(name) = private_member(&key) {
            return Err(Reason::Malformed(name));
        }
        let named = || key.get(Name::X5c.as_str()).or(key.get(Name::X5tS256.as_str())).is_some();
        of_use |= Jwk::read(&key).is_ok() || (certificates && named());
    }
    if of_use { Ok(()) } else { Err(Reason::Missing(Name::Keys)) }
}

/// Writes the keys of a set that can verify signatures, as a set.
pub fn write_set(set: &Object<'_>, w: &mut Writer<'_>) {
    let mut object = JsonObject::new(w);
    object.value(Name::Keys.as_str(), |w| {
        let mut next = "[";
        let keys = set.array(Name::Keys).ok().flatten();
        for key in keys.iter().flat_map(Array::iter).take(limits::KEYS).filter_map(Value::as_object) {
            if let Ok(key) = Jwk::read(&key) {
                w.str(next);
                key.write_with_id(w);
                next = ",";
            }
        }
        w.str(if next == "[" { "[]" } else { "]" });
    });
    object.end();
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests;
