//! JWT access tokens (RFC 9068), checked with the keys of their issuer.

use crate::error::{Reason, lent};
use crate::name::Name;
use crate::proof::jwt::Claims;
use crate::proof::signature::Unverified;
use crate::resource::ResourceServer;
use crate::terms::Time;
use crate::wire::jose::{Algorithm, Jws};
use crate::wire::json::Object;
use crate::wire::jwk;
use crate::wire::write::Arena;

/// A token that is in force, as it says itself. Its signature is not checked.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    jws: Jws<'a>,
    expires_at: Time,
}

/// A token that is in force, signed by its issuer.
#[derive(Clone, Copy)]
pub(super) struct Genuine<'a> {
    pub(super) claims: Object<'a>,
    pub(super) expires_at: Time,
}

impl<'a> Token<'a> {
    /// Reads a token (RFC 9068 sections 2 and 4). What needs no key is checked first: the kind, the issuer and the times.
    pub(super) fn read(
        text: &str,
        server: &ResourceServer<'_>,
        now: Time,
        arena: &mut Arena<'a>,
    ) -> Result<Self, Reason> {
        let jws = Jws::read(arena.copy_str(text)?, arena);
        let jws = lent(&jws)?;
        // No other kind of JWT of this issuer passes for an access token: an ID token least of all.
        if !jws.is_typed("at+jwt") {
            return Err(Reason::Malformed(Name::Typ));
        }
        let claims = Claims(jws.claims());
        claims.is_from(server.issuer).map_err(|reason| match reason {
            Reason::Claim(_) => Reason::TokenIssuer,
            other => other,
        })?;
        let times = claims.times(now).map_err(|reason| match reason {
            Reason::Claim(Name::Exp) => Reason::TokenInactive,
            other => other,
        })?;
        times.issued_at.ok_or(Reason::Missing(Name::Iat))?;
        claims.subject()?;
        claims.text(Name::ClientId)?;
        claims.jti()?;
        Ok(Self { jws: *jws, expires_at: times.expires_at })
    }

    /// Finds the key that the token names among the issuer's; `None` if it is not there.
    pub(super) fn with_key(
        &self,
        keys: &Object<'_>,
        algorithm: Option<Algorithm>,
        arena: &mut Arena<'a>,
    ) -> Result<Option<Unverified<'a, Genuine<'a>>>, Reason> {
        let Self { jws, expires_at } = self;
        let key = match &jwk::select(keys, jws.key_id(), jws.algorithm(), algorithm) {
            Ok(Some(key)) => *key,
            Ok(None) => return Ok(None),
            // The algorithm is the token's own.
            Err(Reason::Malformed(Name::Alg)) => return Err(Reason::AccessToken(Name::Alg)),
            Err(_) => return Err(Reason::Document(Name::Keys)),
        };
        let genuine = Genuine { claims: jws.claims(), expires_at: *expires_at };
        match Unverified::new(jws, &key, Reason::TokenForged, genuine, arena) {
            Ok(token) => Ok(Some(token)),
            Err(reason) => Err(reason),
        }
    }
}

/// Whether a document is a JWK set.
pub(super) fn accept(set: &Object<'_>, _: &str) -> Result<(), Reason> {
    set.array(Name::Keys)?.map(|_| ()).ok_or(Reason::Missing(Name::Keys))
}

/// The reason for what a token lacks or has in another form.
pub(super) fn malformed(reason: Reason) -> Reason {
    if reason.is_of_form() { reason.within(Reason::AccessToken) } else { reason }
}
