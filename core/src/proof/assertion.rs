//! `private_key_jwt`: that a client holds the key that it has registered (RFC 7523 section 3, draft-ietf-oauth-rfc7523bis section 4).
//!
//! ```text
//! read -> judge -> with_keys -> Unverified -> (Verdict::Valid) -> Unmarked -> (Committed::Yes) -> AssertionHeld
//! ```

use crate::error::{Reason, lent};
use crate::limits;
use crate::name::Name;
use crate::proof::jwt::Claims;
use crate::proof::replay::Unmarked;
use crate::proof::signature::Unverified;
use crate::record::Key;
use crate::terms::Time;
use crate::terms::client_id::ClientId;
use crate::terms::issuer::Issuer;
use crate::wire::jose::{Algorithm, Jws};
use crate::wire::json::Object;
use crate::wire::jwk;
use crate::wire::write::Arena;

/// The `client_assertion_type` of these assertions (RFC 7523 section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an assertion may take of the arena, in bytes: what it says, and its key.
pub const ROOM: usize = limits::JWS + 1024;

/// A client assertion that was read. Nothing that it says has been checked, but that it says of whom.
#[derive(Clone, Copy)]
pub struct ClientAssertion<'a> {
    jws: Jws<'a>,
    claims: Claims<'a>,
    client_id: &'a str,
}

impl<'a> ClientAssertion<'a> {
    /// Reads a `client_assertion` of at most [`limits::JWS`] bytes.
    ///
    /// ```abnf
    /// header = alg [, kid] [, typ "client-authentication+jwt" / "JWT"]
    /// claims = iss, sub, aud, exp, jti [, iat] [, nbf]       ; iss and sub are both the client_id
    /// ```
    pub fn read(assertion: &'a str, arena: &mut Arena<'a>) -> Result<Self, Reason> {
        let mut read = Self::parse(assertion, arena);
        if let Err(reason) = &mut read {
            *reason = reason.within(Reason::Assertion);
        }
        read
    }

    fn parse(assertion: &'a str, arena: &mut Arena<'a>) -> Result<Self, Reason> {
        let jws = Jws::read(assertion, arena);
        let jws = lent(&jws)?;
        // Any other type is another kind of JWT; untyped ones are what most clients make.
        if jws.media_type().is_some() && !jws.is_typed("client-authentication+jwt") && !jws.is_typed("JWT") {
            return Err(Reason::Malformed(Name::Typ));
        }
        let claims = Claims(jws.claims());
        let client_id = ClientId::parse(claims.text(Name::Sub)?).map_err(|_| Reason::Malformed(Name::Sub))?.as_str();
        if claims.text(Name::Iss)? != client_id {
            return Err(Reason::Claim(Name::Iss));
        }
        Ok(Self { jws: *jws, claims, client_id })
    }

    /// The client that the assertion says it is from.
    pub const fn client_id(&self) -> &'a str {
        self.client_id
    }

    /// Judges the claims: the issuer is the sole audience, so that no other server can have been sent the same
    /// (draft-ietf-oauth-rfc7523bis section 4), and `exp` is near.
    pub fn judge(self, issuer: Issuer<'_>, now: Time) -> Result<JudgedAssertion<'a>, Reason> {
        let mut judged = self.check(issuer, now);
        if let Err(reason) = &mut judged {
            *reason = reason.within(Reason::Assertion);
        }
        judged
    }

    fn check(&self, issuer: Issuer<'_>, now: Time) -> Result<JudgedAssertion<'a>, Reason> {
        let Self { jws, claims, client_id } = *self;
        claims.is_only_for(issuer.as_str())?;
        let expires_at = claims.times(now)?.expires_at;
        if expires_at > now.after(limits::ASSERTION_LIFETIME.saturating_add(limits::CLOCK_AHEAD)) {
            return Err(Reason::Claim(Name::Exp));
        }
        Ok(JudgedAssertion { jws, client_id, jti: claims.jti()?, expires_at })
    }
}

/// A client assertion whose claims are right, and that waits for the keys of its client.
#[derive(Clone, Copy)]
pub struct JudgedAssertion<'a> {
    jws: Jws<'a>,
    client_id: &'a str,
    jti: &'a str,
    expires_at: Time,
}

impl<'a> JudgedAssertion<'a> {
    /// Finds the key in the set of the client; `registered` is the algorithm that the client has registered, if it has
    /// (`token_endpoint_auth_signing_alg`). `Ok(None)` if the set has no key that fits: there may be a newer set, and if not, the
    /// reason is `Reason::Assertion(Name::Kid)`.
    pub fn with_keys(
        &self,
        set: &Object<'_>,
        registered: Option<Algorithm>,
        arena: &mut Arena<'a>,
    ) -> Result<Option<Unverified<'a, Unmarked<AssertionHeld<'a>>>>, Reason> {
        let Self { jws, client_id, jti, expires_at } = *self;
        let key = match &jwk::select(set, jws.key_id(), jws.algorithm(), registered) {
            Ok(Some(key)) => *key,
            Ok(None) => return Ok(None),
            Err(reason) => return Err(reason.within(Reason::Assertion)),
        };
        let held = AssertionHeld { client_id };
        let mark = Unmarked::new(Key::assertion(client_id, jti), expires_at, Reason::AssertionReplayed, held);
        match Unverified::new(&jws, &key, Reason::Assertion(Name::Signature), mark, arena) {
            Ok(unverified) => Ok(Some(unverified)),
            Err(reason) => Err(reason.within(Reason::Assertion)),
        }
    }
}

/// The client holds the private key of one that it has registered.
#[derive(Clone, Copy)]
pub struct AssertionHeld<'a> {
    client_id: &'a str,
}

impl<'a> AssertionHeld<'a> {
    /// The client.
    pub const fn client_id(&self) -> &'a str {
        self.client_id
    }
}
