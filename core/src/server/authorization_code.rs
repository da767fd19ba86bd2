//! The authorization code grant at the token endpoint (RFC 6749 section 4.1.3).

use crate::error::Reason;
use crate::name::Name;
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::grant::{Allowed, Judgement, judge_code};
use crate::proof::possession::KeyHeld;
use crate::record::Grant;
use crate::server::Context;
use crate::server::token::{Asked, TokenRequest};
use crate::terms::Time;
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::parameter::required;

/// Opens the code of a request.
pub(super) fn present(request: &TokenRequest<'_>, cx: &Context<'_>) -> Result<Credential, Reason> {
    let code = required(request.code, Name::Code)?;
    match cx.server.keys.open(&[CredentialKind::Code], code) {
        Some(code) if cx.now.reached(code.expires_at) => Err(Reason::CodeExpired),
        Some(code) => Ok(code),
        None => Err(Reason::CodeInvalid),
    }
}

/// Judges the grant that the code belongs to.
pub(super) fn judge<'g>(
    grant: &Grant<'g>,
    client: &ClientAuthenticated<'_>,
    allowed: Allowed<'_>,
    asked: &Asked<'_>,
    sender: Option<KeyHeld>,
    now: Time,
) -> Judgement<'g> {
    judge_code(grant, client, allowed, asked.redirect_uri, asked.code_verifier, sender, now)
}
