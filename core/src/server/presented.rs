//! What the revocation and the introspection endpoint have in common: a client presents a token.

use crate::error::Reason;
use crate::name::Name;
use crate::proof::client_auth::{Credentials, Parameters};
use crate::record::{Client, Record};
use crate::server::Context;
use crate::step::{Answer, Row};
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::parameter::{Param, parameters, required};
use crate::wire::header;
use crate::wire::http::{Field, Method, Request};

parameters! {
    /// The request (RFC 7009 section 2.1, RFC 7662 section 2.1). The hint is not needed: a token says itself what it is.
    struct TokenPresented { token, client_id, client_secret, client_assertion }
}

/// Refuses what is no form sent by POST, as every endpoint does that programs talk to; gives the form.
pub(super) fn form<'a, 'h>(request: Request<'a, 'h>) -> Result<(&'h [Field<'h>], &'a mut [u8]), Reason> {
    if request.method != Method::Post {
        return Err(Reason::Method);
    }
    header::expect_form(request.headers)?;
    Ok((request.headers, request.body))
}

/// Reads the credentials of the client, and the token if it is one of this server and has not expired.
pub(super) fn read<'a>(
    cx: &mut Context<'a>,
    request: Request<'a, '_>,
) -> Result<(Credentials<'a>, Option<Credential>), Reason> {
    let (headers, body) = form(request)?;
    let TokenPresented { token, client_id, client_secret, client_assertion } = TokenPresented::read(body)?;
    let shown = Parameters { client_id, client_secret, client_assertion };
    let credentials = Credentials::read(headers, shown, &mut cx.arena)?;
    let token = open(cx, token)?;
    Ok((credentials, token))
}

fn open(cx: &Context<'_>, token: Param<'_>) -> Result<Option<Credential>, Reason> {
    let kinds = [CredentialKind::AccessToken, CredentialKind::RefreshToken];
    let token = cx.server.keys.open(&kinds, required(token, Name::Token)?);
    Ok(token.filter(|token| !cx.now.reached(token.expires_at)))
}

/// Reads the row of the client that a request says it is from.
pub(super) fn client<'v>(row: Answer<Option<Row<'v>>>) -> Result<Option<Client<'v>>, Reason> {
    row.map_err(|_| Reason::StoreUnavailable)?.map(|row| Client::decode(row.value)).transpose()
}
