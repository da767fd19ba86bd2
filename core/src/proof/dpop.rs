//! Demonstrating Proof of Possession (RFC 9449): that the sender of a request holds the key that its proof names.
//!
//! ```text
//! read -> judge -> Unverified -> (Verdict::Valid) -> Unmarked -> (Committed::Yes) -> KeyHeld
//! ```

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::proof::jwt::Claims;
use crate::proof::possession::KeyHeld;
use crate::proof::replay::Unmarked;
use crate::proof::signature::Unverified;
use crate::record::Key;
use crate::terms::Time;
use crate::terms::confirmation::{self, Confirmation};
use crate::terms::credential::CredentialKeys;
use crate::terms::secret;
use crate::wire::header;
use crate::wire::http::Field;
use crate::wire::jose::Jws;
use crate::wire::jwk::Jwk;
use crate::wire::uri;
use crate::wire::write::Arena;

/// What a proof may take of the arena, in bytes: its text, what it says and its key.
pub const ROOM: usize = 2 * limits::JWS + 1024;

/// A proof that was read. Nothing that it says has been checked.
#[derive(Clone, Copy)]
pub struct DpopProof<'a> {
    jws: Jws<'a>,
    claims: Claims<'a>,
    key: Jwk<'a>,
    nonce: Option<&'a str>,
}

/// The request that a proof must be for.
#[derive(Clone, Copy)]
pub struct Expected<'e> {
    /// Its method, as HTTP writes it.
    pub method: &'e str,
    /// Its target as an absolute URI, by the host's own knowledge of where it listens: never by what a header field says. A
    /// query counts for nothing.
    pub url: &'e str,
    /// The time.
    pub now: Time,
    /// What shows that the proof is recent.
    pub freshness: Freshness,
    /// The access token that comes with it, at a resource (RFC 9449 section 7).
    pub access_token: Option<&'e str>,
}

/// What shows that a proof was made a short while ago (RFC 9449 section 4.3, item 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Its `iat`, by the clock of the client: not older than [`limits::DPOP_AGE`], and not more than [`limits::CLOCK_AHEAD`]
    /// seconds ahead.
    IssuedAt,
    /// Its `nonce`, which this server has given out: until when it is good, or `None` if the proof bears none that still is. The
    /// clock of the client then counts for nothing (RFC 9449 section 8).
    Nonce(Option<Time>),
}

impl<'a> DpopProof<'a> {
    /// Reads the `DPoP` field of a request; `None` if there is none.
    ///
    /// ```abnf
    /// DPoP   = JWS                                   ; RFC 9449 section 4.1: one field, with one proof
    /// header = typ "dpop+jwt", alg, jwk              ; section 4.2; jwk is a public key
    /// claims = jti, htm, htu, iat [, ath] [, nonce]
    /// ```
    pub fn read(headers: &[Field<'_>], arena: &mut Arena<'a>) -> Result<Option<Self>, Reason> {
        let field = header::single(headers, Name::Dpop).map_err(|reason| reason.within(Reason::DpopProof))?;
        let Some(text) = field else { return Ok(None) };
        match Self::parse(text, arena) {
            Ok(proof) => Ok(Some(proof)),
            Err(reason) => Err(reason.within(Reason::DpopProof)),
        }
    }

    fn parse(text: &[u8], arena: &mut Arena<'a>) -> Result<Self, Reason> {
        if text.len() > limits::JWS {
            return Err(Reason::TooLong(Name::Dpop));
        }
        let text = core::str::from_utf8(text).map_err(|_| Reason::Malformed(Name::Dpop))?;
        let (jws, key) = Jws::read_with_key(arena.copy_str(text)?, arena)?;
        // Exactly so: no other kind of JWT may pass for a proof, and no other spelling is in use.
        if jws.media_type() != Some("dpop+jwt") {
            return Err(Reason::Malformed(Name::Typ));
        }
        let claims = Claims(jws.claims());
        let nonce = jws.claims().string(Name::DpopNonce)?;
        if nonce.is_some_and(|nonce| nonce.len() > limits::JWT_ID) {
            return Err(Reason::TooLong(Name::DpopNonce));
        }
        Ok(Self { jws, claims, key: Jwk::read(&key)?, nonce })
    }

    /// The `nonce` that the proof bears, at most [`limits::JWT_ID`] bytes.
    pub const fn nonce(&self) -> Option<&'a str> {
        self.nonce
    }

    /// What is to show that the proof is recent: its nonce, if these keys give out nonces, or else its `iat`.
    pub fn freshness(&self, nonces: Option<&CredentialKeys>, now: Time) -> Freshness {
        match nonces {
            Some(keys) => Freshness::Nonce(self.nonce.and_then(|nonce| keys.dpop_nonce_end(nonce, now))),
            None => Freshness::IssuedAt,
        }
    }

    /// Judges the claims (RFC 9449 section 4.3). What is left is to verify the signature, and to mark the proof as seen.
    pub fn judge(
        self,
        expected: &Expected<'_>,
        arena: &mut Arena<'a>,
    ) -> Result<Unverified<'a, Unmarked<KeyHeld>>, Reason> {
        let mut judged = self.check(expected, arena);
        if let Err(reason) = &mut judged
            && *reason != Reason::DpopNonce
        {
            *reason = reason.within(Reason::DpopProof);
        }
        judged
    }

    fn check(
        &self,
        expected: &Expected<'_>,
        arena: &mut Arena<'a>,
    ) -> Result<Unverified<'a, Unmarked<KeyHeld>>, Reason> {
        let Self { jws, claims, key, .. } = self;
        if claims.text(Name::Htm)? != expected.method {
            return Err(Reason::Claim(Name::Htm));
        }
        if !is_target(claims.text(Name::Htu)?, expected.url) {
            return Err(Reason::Claim(Name::Htu));
        }
        if let Some(token) = expected.access_token {
            let ath = confirmation::hash(claims.text(Name::Ath)?).ok_or(Reason::Malformed(Name::Ath))?;
            if !secret::equal(&ath, &Sha256::digest(token.as_bytes())) {
                return Err(Reason::Claim(Name::Ath));
            }
        }
        let jti = claims.jti()?;
        let issued_at = claims.time(Name::Iat)?.ok_or(Reason::Missing(Name::Iat))?;
        let good_until = match expected.freshness {
            Freshness::IssuedAt => {
                let until = issued_at.after(limits::DPOP_AGE);
                if expected.now > until || issued_at > expected.now.after(limits::CLOCK_AHEAD) {
                    return Err(Reason::Claim(Name::Iat));
                }
                until
            }
            Freshness::Nonce(until) => until.filter(|until| !expected.now.reached(*until)).ok_or(Reason::DpopNonce)?,
        };
        let jkt = key.thumbprint();
        let mark =
            Unmarked::new(Key::dpop_proof(&jkt, jti), good_until.after(1), Reason::DpopReplayed, KeyHeld::by_dpop(jkt));
        Unverified::new(jws, key, Reason::DpopProof(Name::Signature), mark, arena)
    }
}

impl Unverified<'_, Unmarked<KeyHeld>> {
    /// The key that the proof names. That its sender holds it is not shown yet: this tells whether it is worth showing.
    pub const fn names(&self) -> Confirmation {
        self.then().then().confirmation()
    }
}

/// Whether an `htu` is the target of a request, normalised by RFC 3986 sections 6.2.2 and 6.2.3. It may have no query and no
/// fragment (RFC 9449 section 4.2).
fn is_target(htu: &str, url: &str) -> bool {
    let (Some(htu), Some(url)) = (uri::parse(htu), uri::parse(url)) else { return false };
    htu.query.is_none() && htu.fragment.is_none() && htu.has_same_target(&url)
}
