//! Opaque access tokens: their issuer is asked what they mean (RFC 7662).

use crate::error::Reason;
use crate::name::Name;
use crate::resource::{AccessTokens, ResourceServer};
use crate::step::{Answer, Exchange};
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::wire::header;
use crate::wire::http::Response;
use crate::wire::json::Object;
use crate::wire::write::{Arena, FormWriter};

/// The introspection request (RFC 7662 section 2.1); `None` if tokens are not explained in this way.
pub(super) fn exchange<'a>(
    server: &ResourceServer<'a>,
    token: &str,
    arena: &mut Arena<'a>,
) -> Result<Option<Exchange<'a>>, Reason> {
    let AccessTokens::Opaque { introspection_endpoint, client_id, client_secret } = server.access_tokens else {
        return Ok(None);
    };
    let authorization = header::write_basic(client_id.as_str(), client_secret, arena)?;
    let form = arena.write(|w| {
        let mut form = FormWriter::new(w, "");
        form.pair("token", token);
        form.pair("token_type_hint", "access_token");
    })?;
    Ok(Some(Exchange::post(introspection_endpoint, form, Some(authorization))))
}

/// Reads the response (RFC 7662 section 2.2): what it says of a token that is in force, and when that ends.
pub(super) fn read<'r>(
    response: Answer<Response<'r>>,
    server: &ResourceServer<'_>,
    now: Time,
) -> Result<(Object<'r>, Option<Time>), Reason> {
    let response = response.map_err(|_| Reason::PeerUnavailable)?;
    // A refusal here is about this resource server's own credentials, not about the token.
    if response.status != 200 {
        return Err(Reason::Status);
    }
    // Whatever cannot be read is the issuer's fault, and says nothing of the token.
    let malformed = |_| Reason::IntrospectionMalformed;
    let token = response.json().map_err(malformed)?;
    // Nothing else is looked at before this: other members of a dead token mean nothing (RFC 7662 section 2.2).
    if !token.boolean(Name::Active).map_err(malformed)?.ok_or(Reason::IntrospectionMalformed)? {
        return Err(Reason::TokenInactive);
    }
    // `nbf` is not looked at: the issuer has just said that the token is active, by its own clock.
    let expires_at = token.integer(Name::Exp).map_err(malformed)?.map(Time);
    if expires_at.is_some_and(|end| now.reached(end)) {
        return Err(Reason::TokenInactive);
    }
    if token.string(Name::Iss).map_err(malformed)?.is_some_and(|iss| iss != server.issuer.as_str()) {
        return Err(Reason::TokenIssuer);
    }
    let is_dpop = matches!(Confirmation::read(&token), Ok(Some(Confirmation::Jkt(_))));
    // RFC 9449 section 6.2. A type that is not known is none that can be judged.
    let expected = if is_dpop { "DPoP" } else { "Bearer" };
    match token.string(Name::TokenType).map_err(malformed)? {
        Some(name) if !name.eq_ignore_ascii_case(expected) => Err(Reason::TokenInactive),
        _ => Ok((token, expires_at)),
    }
}

/// The reason for what a response lacks or has in another form.
pub(super) fn malformed(reason: Reason) -> Reason {
    if reason.is_of_form() { Reason::IntrospectionMalformed } else { reason }
}
