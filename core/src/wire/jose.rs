//! JSON Web Signatures (RFC 7515): the compact serialization alone, split in place.
//!
//! Nothing is verified here: that is the host's answer to [`Verify`](crate::step::Verify), whose key and algorithm come from a
//! [`Jwk`](crate::wire::jwk::Jwk). What is read before is refused unless it is of the one form that every reader takes alike.

use crate::error::{Reason, lent};
use crate::limits;
use crate::name::Name;
use crate::wire::base64;
use crate::wire::encoding::encoding;
use crate::wire::json::{self, Object};
use crate::wire::write::Arena;

/// A signature algorithm: all of those that are known here. `none` and the MACs are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256 (RFC 7518 section 3.4).
    Es256,
    /// Ed25519 (RFC 8037 section 3.1, RFC 9864 section 2.2).
    EdDsa,
    /// RSASSA-PSS with SHA-256 (RFC 7518 section 3.5).
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
    Rs256,
}

encoding!(enum Algorithm { 0 Es256, 1 EdDsa, 2 Ps256, 3 Rs256 });

impl Algorithm {
    /// All of them, the one to prefer first.
    pub const ALL: [Self; 4] = [Self::Es256, Self::EdDsa, Self::Ps256, Self::Rs256];

    /// The name in the IANA registry "JSON Web Signature and Encryption Algorithms".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of this name, compared byte for byte. `Ed25519` is the other name of `EdDSA` (RFC 9864 section 2.2); any
    /// name that is not known is no algorithm.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name),
        }
    }

    /// Whether a signature can have this length in bytes. That of RSA is as long as its key.
    const fn fits(self, signature: usize) -> bool {
        match self {
            // r and s, or R and S, with all their leading zeros.
            Self::Es256 | Self::EdDsa => signature == 64,
            Self::Ps256 | Self::Rs256 => {
                signature >= limits::RSA_MODULUS_MIN / 8 && signature <= limits::RSA_MODULUS_MAX / 8
            }
        }
    }
}

/// Header parameters that are refused wherever they stand: those that must be understood, those that name or hold another key
/// than the one that is known, and those of JWE, of nested JWTs and of other forms of the payload.
const REFUSED: [Name; 13] = [
    Name::Crit,
    Name::B64,
    Name::Jku,
    Name::X5u,
    Name::X5c,
    Name::Cty,
    Name::Enc,
    Name::Zip,
    Name::Epk,
    Name::Apu,
    Name::Apv,
    Name::P2s,
    Name::P2c,
];

/// A signed JSON object, and its signature. The signature has not been checked.
#[derive(Clone, Copy)]
pub struct Jws<'a> {
    algorithm: Algorithm,
    key_id: Option<&'a str>,
    media_type: Option<&'a str>,
    embedded_key: Option<Object<'a>>,
    claims: Object<'a>,
    message: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Jws<'a> {
    /// Reads a JWS of at most [`limits::JWS`] bytes. It takes fewer bytes of the arena than the text has.
    ///
    /// The reason names the header parameter at fault, or the part. `jwk` is refused: a key that comes with a signature proves
    /// nothing about who made it.
    ///
    /// ```abnf
    /// JWS       = header "." payload "." signature        ; RFC 7515 section 7.1
    /// header    = 1*base64url                             ; without padding, and the unused bits are zero
    /// payload   = 1*base64url
    /// signature = 1*base64url
    /// base64url = ALPHA / DIGIT / "-" / "_"
    /// ```
    pub fn read(text: &'a str, arena: &mut Arena<'a>) -> Result<Self, Reason> {
        let mut jws = Self::parse(text, arena);
        if let Ok(Self { embedded_key: Some(_), .. }) = &jws {
            jws = Err(Reason::Malformed(Name::Jwk));
        }
        jws
    }

    /// As [`read`](Self::read), for a kind of JWS that must bring its own key: also gives its `jwk`.
    pub fn read_with_key(text: &'a str, arena: &mut Arena<'a>) -> Result<(Self, Object<'a>), Reason> {
        let jws = Self::parse(text, arena);
        let jws = lent(&jws)?;
        match jws.embedded_key {
            // A name would stand for another key.
            Some(_) if jws.key_id.is_some() => Err(Reason::Malformed(Name::Kid)),
            Some(key) => Ok((*jws, key)),
            None => Err(Reason::Missing(Name::Jwk)),
        }
    }

    fn parse(text: &'a str, arena: &mut Arena<'a>) -> Result<Self, Reason> {
        let bytes = text.as_bytes();
        if bytes.len() > limits::JWS {
            return Err(Reason::TooLong(Name::Jws));
        }
        let (header_text, rest) = cut(bytes)?;
        let (payload_text, signature_text) = cut(rest)?;
        let message_len = header_text.len().saturating_add(1).saturating_add(payload_text.len());
        let message = bytes.get(..message_len).ok_or(FORM)?;

        let header = json::object(decode(header_text, arena)?)?;
        if let Some(name) = REFUSED.into_iter().find(|name| header.get(name.as_str()).is_some()) {
            return Err(Reason::Malformed(name));
        }
        let algorithm = header.string(Name::Alg)?.ok_or(Reason::Missing(Name::Alg))?;
        let algorithm = Algorithm::from_name(algorithm).ok_or(Reason::Malformed(Name::Alg))?;
        let key_id = header.string(Name::Kid)?;
        if key_id.is_some_and(|key_id| key_id.len() > limits::KEY_ID) {
            return Err(Reason::TooLong(Name::Kid));
        }
        let embedded_key =
            header.get("jwk").map(|value| value.as_object().ok_or(Reason::Malformed(Name::Jwk))).transpose()?;
        let signature_len = signature_text.len().saturating_mul(3).checked_div(4).unwrap_or_default();
        if !algorithm.fits(signature_len) {
            return Err(Reason::Malformed(Name::Signature));
        }
        Ok(Self {
            algorithm,
            key_id,
            media_type: header.string(Name::Typ)?,
            embedded_key,
            claims: json::object(decode(payload_text, arena)?)?,
            message,
            signature: decode(signature_text, arena)?,
        })
    }

    /// The `alg` of the header. It says what the signer claims; what counts is the algorithm of the key.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` of the header, at most [`limits::KEY_ID`] bytes.
    pub const fn key_id(&self) -> Option<&'a str> {
        self.key_id
    }

    /// The `typ` of the header, as it is written.
    pub const fn media_type(&self) -> Option<&'a str> {
        self.media_type
    }

    /// Whether `typ` is this media type, given without `application/`. Case does not count, and `application/` may stand before
    /// it (RFC 7515 section 4.1.9).
    pub fn is_typed(&self, media_type: &str) -> bool {
        self.media_type.is_some_and(|typ| {
            let subtype = match typ.as_bytes().split_at_checked(PREFIX.len()) {
                Some((prefix, subtype)) if prefix.eq_ignore_ascii_case(PREFIX) => subtype,
                _ => typ.as_bytes(),
            };
            subtype.eq_ignore_ascii_case(media_type.as_bytes())
        })
    }

    /// The payload.
    pub const fn claims(&self) -> Object<'a> {
        self.claims
    }

    /// The bytes that were signed, as they were sent: header and payload in base64url, with the `.` between them.
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// The signature: 64 bytes, or as many as an RSA key may have.
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }
}

const PREFIX: &[u8] = b"application/";
const FORM: Reason = Reason::Malformed(Name::Jws);

/// What stands before and after the first `.`. A third one is no base64url, and so ends in a refusal too.
fn cut(text: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let dot = text.iter().position(|&byte| byte == b'.').ok_or(FORM)?;
    let (before, after) = text.split_at_checked(dot).ok_or(FORM)?;
    Ok((before, after.get(1..).ok_or(FORM)?))
}

fn decode<'a>(text: &[u8], arena: &mut Arena<'a>) -> Result<&'a mut [u8], Reason> {
    let needed = text.len().saturating_mul(3).checked_div(4).unwrap_or_default();
    let mut sound = true;
    let bytes = arena.fill(|place| {
        let place = place.get_mut(..needed)?;
        let len = base64::decode_url(text, place);
        sound = len.is_some();
        Some(len.unwrap_or_default())
    })?;
    if sound { Ok(bytes) } else { Err(FORM) }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests;
