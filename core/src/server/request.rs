//! The authorization request, as the authorization endpoint reads it and the endpoint that takes pushed ones.
//!
//! What is wrong before the redirection URI is proven is a [`Reason`] for whoever sent the request. What is wrong after it
//! is a [`Refusal`] for the client.

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::proof::pkce;
use crate::proof::redirect::RedirectUriMatched;
use crate::record::{AuthenticationMethod, Client, Refusal, Requested};
use crate::server::{Context, Server};
use crate::terms::authorization_details::AuthorizationDetails;
use crate::terms::credential::GrantId;
use crate::terms::list::List;
use crate::terms::parameter::parameters;
use crate::terms::resource::Resource;
use crate::terms::scope;
use crate::terms::{Entropy, Time};
use crate::wire::base64;

/// What a `request_uri` of this server begins with (RFC 9126 section 2.2).
pub(super) const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

parameters! {
    /// The authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2.1, RFC 9396 section 2,
    /// RFC 9449 section 10, OpenID Connect Core section 3.1.2.1).
    pub(super) struct AuthorizationRequest {
        response_type, response_mode, redirect_uri, scope, state, code_challenge, code_challenge_method, request,
        request_uri, nonce, max_age, prompt, login_hint, acr_values, authorization_details, dpop_jkt; many resource
    }
}

/// A copy of a form, of which a first look is taken before its client is known.
pub(super) fn copy<'a>(form: &[u8], cx: &mut Context<'a>) -> Result<&'a mut [u8], Reason> {
    if form.len() > limits::FORM { Err(Reason::TooLong(Name::Form)) } else { cx.arena.copy_mut(form) }
}

/// The name of a new grant.
pub(super) fn grant_id(entropy: &Entropy) -> Result<GrantId, Reason> {
    let [[name @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]] = entropy.derive(["grant"])?;
    Ok(GrantId(name))
}

/// What is wrong with a request: nobody can be told by redirect, or the client can.
enum Wrong {
    Here(Reason),
    Told(Refusal),
}

impl From<Reason> for Wrong {
    fn from(reason: Reason) -> Self {
        Self::Here(reason)
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Self::Told(refusal)
    }
}

impl<'a> AuthorizationRequest<'a> {
    /// What the request asks for, judged by the registration of its client; `pushed` says whether the client pushed it.
    ///
    /// Fails if there is nobody to be told by redirect. A request with a refusal asks for nothing.
    pub(super) fn judge<'v>(
        &self,
        client: &Client<'v>,
        client_id: &'a str,
        pushed: bool,
        expires_at: Time,
        cx: &mut Context<'a>,
    ) -> Result<Requested<'v>, Reason>
    where
        'a: 'v,
    {
        let state = self.state?;
        let redirect_uri = RedirectUriMatched::prove(self.redirect_uri, client, &mut cx.arena)?;
        let mut requested = Requested {
            client_id,
            client_name: client.name,
            redirect_uri: redirect_uri.as_str(),
            confidential: client.authentication != AuthenticationMethod::None,
            state,
            refreshable: client.grant_types.refresh_token,
            expires_at,
            ..Requested::NOTHING
        };
        match self.ask(client, pushed, &mut requested, cx) {
            Ok(()) => {}
            Err(Wrong::Told(refusal)) => requested.refusal = Some(refusal),
            Err(Wrong::Here(reason)) => return Err(reason),
        }
        Ok(requested)
    }

    /// Fills in what is asked for; nothing, if something of it is wrong.
    fn ask<'v>(
        &self,
        client: &Client<'_>,
        pushed: bool,
        requested: &mut Requested<'v>,
        cx: &mut Context<'a>,
    ) -> Result<(), Wrong>
    where
        'a: 'v,
    {
        // RFC 9126 section 5: not even a request object would do.
        if !pushed && (client.pushed_requests_only || cx.server.pushed_requests_only) {
            return Err(Refusal::NotPushed.into());
        }
        let challenge = self.challenge(client)?;
        let scope = self.scope(client)?;
        let authorization_details = self.authorization_details(client, cx)?;
        let scope = cx.arena.text(|w| w.distinct(scope.words()))?;
        let resources = self.resources(client, cx)?;
        let nonce = self.nonce.map_err(|_| Refusal::Nonce)?;
        let max_age = self.max_age()?;
        let prompt = self.prompt()?;
        let login_hint = self.login_hint.map_err(|_| Refusal::LoginHint)?;
        let acr_values = self.acr_values.map_err(|_| Refusal::AcrValues)?.unwrap_or_default();
        requested.dpop_jkt = self.dpop_jkt()?;
        requested.scope = scope;
        requested.resources = resources;
        requested.challenge = challenge;
        requested.nonce = nonce;
        requested.max_age = max_age;
        requested.prompt = prompt;
        requested.login_hint = login_hint;
        requested.acr_values = acr_values;
        requested.authorization_details = authorization_details;
        Ok(())
    }

    fn challenge(&self, client: &Client<'_>) -> Result<[u8; 32], Refusal> {
        if self.request != Ok(None) {
            return Err(Refusal::RequestObject);
        }
        if self.request_uri != Ok(None) {
            return Err(Refusal::RequestUri);
        }
        match self.response_type {
            Ok(Some("code")) => {}
            Ok(None) => return Err(Refusal::ResponseTypeMissing),
            _ => return Err(Refusal::ResponseType),
        }
        if !matches!(self.response_mode, Ok(None | Some("query"))) {
            return Err(Refusal::ResponseMode);
        }
        if !client.grant_types.authorization_code {
            return Err(Refusal::GrantTypeNotRegistered);
        }
        pkce::read_challenge(self.code_challenge, self.code_challenge_method)
    }

    fn scope<'v>(&self, client: &Client<'v>) -> Result<List<'v>, Refusal>
    where
        'a: 'v,
    {
        let scope = match self.scope {
            Ok(Some(scope)) => scope::parse(scope).ok(),
            // Where a client may have scopes, it names some or has a default (RFC 6749 section 3.3).
            Ok(None) if client.default_scope.is_empty() && !client.scope.is_empty() => None,
            Ok(None) => Some(List(client.default_scope)),
            Err(_) => None,
        };
        scope.filter(|scope| scope.is_subset_of(List(client.scope))).ok_or(Refusal::Scope)
    }

    fn resources(&self, client: &Client<'_>, cx: &mut Context<'a>) -> Result<&'a str, Wrong> {
        let allowed = List(client.resources);
        if self.resource.iter().any(|resource| Resource::parse(resource).is_err() || !allowed.contains(resource)) {
            return Err(Refusal::Resource.into());
        }
        let default = allowed.words().next();
        Ok(cx.arena.text(|w| match self.resource.is_empty() {
            true => w.distinct(default),
            false => w.distinct(self.resource.iter().copied()),
        })?)
    }

    /// Kept as they were sent.
    fn authorization_details(&self, client: &Client<'_>, cx: &mut Context<'a>) -> Result<&'a str, Wrong> {
        const REFUSED: Wrong = Wrong::Told(Refusal::AuthorizationDetails);
        let Some(text) = self.authorization_details.map_err(|_| REFUSED)? else { return Ok("") };
        let server = cx.server;
        if cx.arena.lend(|place| are_known(text, client, server, place))? { Ok(text) } else { Err(REFUSED) }
    }

    fn max_age(&self) -> Result<Option<u64>, Refusal> {
        let text = self.max_age.map_err(|_| Refusal::MaxAge)?;
        text.map(|text| text.parse().map_err(|_| Refusal::MaxAge)).transpose()
    }

    /// `none` stands alone (OpenID Connect Core section 3.1.2.1); a value that is not known could not be honoured.
    fn prompt(&self) -> Result<&'a str, Refusal> {
        let prompt = self.prompt.map_err(|_| Refusal::Prompt)?.unwrap_or_default();
        let known = List(prompt).words().all(|word| matches!(word, "login" | "consent" | "select_account"));
        if known || prompt == "none" { Ok(prompt) } else { Err(Refusal::Prompt) }
    }

    fn dpop_jkt(&self) -> Result<Option<[u8; 32]>, Refusal> {
        let Some(text) = self.dpop_jkt.map_err(|_| Refusal::DpopJkt)? else { return Ok(None) };
        let mut thumbprint = [0; 32];
        match base64::decode_url(text.as_bytes(), &mut thumbprint) {
            Some(32) => Ok(Some(thumbprint)),
            _ => Err(Refusal::DpopJkt),
        }
    }
}

/// A request that was pushed some time ago, by the registration that its client has now: it may have shrunk since.
///
/// Fails if the redirection URI is the client's no more.
pub(super) fn once_more<'v>(
    pushed: &Requested<'v>,
    client: &Client<'v>,
    cx: &mut Context<'_>,
) -> Result<Requested<'v>, Reason> {
    RedirectUriMatched::prove_stored(pushed, client)?;
    let Context { server, ref mut arena, .. } = *cx;
    let details = pushed.authorization_details;
    let refusal = if !client.grant_types.authorization_code {
        Some(Refusal::GrantTypeNotRegistered)
    } else if !List(pushed.scope).is_subset_of(List(client.scope)) {
        Some(Refusal::Scope)
    } else if !List(pushed.resources).is_subset_of(List(client.resources)) {
        Some(Refusal::Resource)
    } else if !details.is_empty() && !arena.lend(|place| are_known(details, client, server, place))? {
        Some(Refusal::AuthorizationDetails)
    } else {
        None
    };
    let refreshable = client.grant_types.refresh_token;
    let now = Requested { client_name: client.name, refreshable, refusal, ..*pushed };
    Ok(if refusal.is_some() { now.for_nothing() } else { now })
}

/// Whether each of the authorization details is of a type that the server knows and the client is registered for (RFC 9396
/// sections 2 and 5).
fn are_known(text: &str, client: &Client<'_>, server: &Server<'_>, place: &mut [u8]) -> Result<bool, Reason> {
    match AuthorizationDetails::read_copy(text, place) {
        Ok((details, _)) => Ok(details.are_of(List(client.authorization_details_types))
            && details.are_of(List(server.authorization_details_types))),
        Err(Reason::Buffer) => Err(Reason::Buffer),
        Err(_) => Ok(false),
    }
}
