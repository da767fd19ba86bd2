//! The client credentials grant at the token endpoint (RFC 6749 section 4.4): a client that acts for nobody else.

use crate::error::Reason;
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::grant::GrantHeld;
use crate::record::{Client, Granted};
use crate::server::Context;
use crate::server::token::Asked;
use crate::terms::client_id::CLIENT_SUBJECT;
use crate::terms::list::List;
use crate::terms::scope;

/// Makes the grant: what the client asks for, of what it has registered. It has no refresh tokens, as the client can ask again
/// (RFC 6749 section 4.4.3), and ends with its access token. Its subject can be no user's.
pub(super) fn hold<'a>(
    cx: &mut Context<'a>,
    client: &ClientAuthenticated<'a>,
    registered: &Client<'a>,
    asked: &Asked<'a>,
) -> Result<GrantHeld<'a>, Reason> {
    // There is no user whom the host could ask what these may hold.
    if asked.authorization_details != Ok(None) {
        return Err(Reason::AuthorizationDetails);
    }
    let scope = match asked.scope {
        Ok(Some(scope)) => scope::parse(scope).map_err(|_| Reason::Scope)?,
        // Where a client may have scopes, it names some or has a default (RFC 6749 section 3.3).
        Ok(None) if registered.default_scope.is_empty() && !registered.scope.is_empty() => return Err(Reason::Scope),
        Ok(None) => List(registered.default_scope),
        Err(_) => return Err(Reason::Scope),
    };
    let allowed = List(registered.resources);
    if !scope.is_subset_of(List(registered.scope)) {
        return Err(Reason::Scope);
    }
    if !asked.resources.is_subset_of(allowed) {
        return Err(Reason::Resource);
    }
    let resources = match asked.resources.is_empty() {
        true => allowed.words().next().unwrap_or_default(),
        false => asked.resources.as_str(),
    };
    let subject = cx.arena.text(|w| {
        w.str(CLIENT_SUBJECT);
        w.str(client.client_id());
    })?;
    let granted = Granted {
        client_id: client.client_id(),
        subject,
        authenticated_at: None,
        acr: None,
        amr: "",
        nonce: None,
        scope: scope.as_str(),
        resources,
        authorization_details: "",
        bound_to: None,
        challenge: [0; 32],
        refreshable: false,
        ends_at: cx.now.after(cx.server.lifetimes.access_token),
    };
    GrantHeld::by_client(granted, client, cx.now).ok_or(Reason::PublicClient)
}
