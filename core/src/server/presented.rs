//! What the revocation and the introspection endpoint have in common: a client presents a token.

use crate::error::Reason;
use crate::name::Name;
use crate::proof::client_auth::Parameters;
use crate::proof::signature::Unverified;
use crate::server::caller::{self, Shown};
use crate::server::{Context, endpoint};
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::parameter::{parameters, required};
use crate::wire::http::Request;
use crate::wire::jose::Jws;
use crate::wire::json;
use crate::wire::jwk::Jwk;

parameters! {
    /// The request (RFC 7009 section 2.1, RFC 7662 section 2.1). The hint is not needed: a token says itself what it is.
    struct TokenPresented { token, client_id, client_secret, client_assertion, client_assertion_type }
}

/// A token as it was presented.
pub enum Token<'a> {
    /// It is none of this server, or has expired.
    Dead,
    /// An opaque one, or a refresh token: it opens with the keys of this server.
    Opened(Credential),
    /// A JWT access token, by a `jti` that opens with the keys of this server, and what this says. A `jti` is no secret: it takes
    /// the signature to know that the token was held.
    Jwt(Credential, Unverified<'a, Credential>),
}

/// Reads what a request shows of its caller, and the token.
pub(super) fn read<'a>(cx: &mut Context<'a>, request: Request<'a, '_>) -> Result<(Shown<'a>, Token<'a>), Reason> {
    let certificate = request.certificate;
    let (headers, body) = endpoint::form(request)?;
    let TokenPresented { token, client_id, client_secret, client_assertion, client_assertion_type } =
        TokenPresented::read(body)?;
    let shown = Parameters { client_id, client_secret, client_assertion, client_assertion_type };
    let shown = caller::begin(cx, headers, certificate, shown, None)?;
    let token = required(token, Name::Token)?;
    Ok((shown, open(cx, token)?))
}

pub(super) fn open<'a>(cx: &mut Context<'a>, text: &'a str) -> Result<Token<'a>, Reason> {
    let kinds = [CredentialKind::AccessToken, CredentialKind::RefreshToken];
    let alive = |token: &Credential| !cx.now.reached(token.expires_at);
    let token = match cx.server.keys.open(&kinds, text).filter(alive) {
        Some(token) => Token::Opened(token),
        // No credential has a dot, and each JWT has two.
        None if text.bytes().any(|byte| byte == b'.') => match jwt(cx, text) {
            Err(Reason::Buffer) => return Err(Reason::Buffer),
            Ok(Some((named, token))) => Token::Jwt(named, token),
            Ok(None) | Err(_) => Token::Dead,
        },
        None => Token::Dead,
    };
    Ok(token)
}

fn jwt<'a>(cx: &mut Context<'a>, text: &'a str) -> Result<Option<(Credential, Unverified<'a, Credential>)>, Reason> {
    let Context { server, now, arena } = cx;
    let jws = Jws::read(text, arena)?;
    let id = jws.claims().string(Name::Jti)?.filter(|_| jws.is_typed("at+jwt"));
    let token = id.and_then(|id| server.keys.open(&[CredentialKind::JwtId], id));
    let key = server.signing_keys.iter().find(|key| jws.key_id() == Some(key.key_id));
    let (Some(token), Some(key)) = (token.filter(|token| !now.reached(token.expires_at)), key) else {
        return Ok(None);
    };
    let key = json::object(arena.copy_mut(key.jwk.as_bytes())?)?;
    Unverified::new(&jws, &Jwk::read(&key)?, Reason::TokenInactive, token, arena)
        .map(|unverified| Some((token, unverified)))
}
