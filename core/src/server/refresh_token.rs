//! The refresh token grant at the token endpoint (RFC 6749 section 6).

use crate::error::Reason;
use crate::name::Name;
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::grant::{Allowed, Judgement, judge_refresh_token};
use crate::proof::possession::KeyHeld;
use crate::record::Grant;
use crate::server::Context;
use crate::server::token::TokenRequest;
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::parameter::required;

/// Opens the refresh token of a request.
pub(super) fn present(request: &TokenRequest<'_>, cx: &Context<'_>) -> Result<Credential, Reason> {
    let token = required(request.refresh_token, Name::RefreshToken)?;
    match cx.server.keys.open(&[CredentialKind::RefreshToken], token) {
        Some(token) if cx.now.reached(token.expires_at) => Err(Reason::RefreshTokenExpired),
        Some(token) => Ok(token),
        None => Err(Reason::RefreshTokenInvalid),
    }
}

/// Judges the grant that the refresh token belongs to.
pub(super) fn judge<'g>(
    grant: &Grant<'g>,
    client: &ClientAuthenticated<'_>,
    allowed: Allowed<'_>,
    token: &Credential,
    sender: Option<KeyHeld>,
    cx: &Context<'_>,
) -> Judgement<'g> {
    judge_refresh_token(grant, client, allowed, token, sender, cx.server.lifetimes.retry(), cx.now)
}
