//! What an access token says, weighed against what the request needs.

use crate::error::Reason;
use crate::name::Name;
use crate::proof::audience::AudienceMatched;
use crate::proof::possession::KeyHeld;
use crate::proof::privilege::{Detail, DetailHeld, ScopeHeld};
use crate::resource::{Needs, ResourceServer};
use crate::terms::Time;
use crate::terms::list::List;
use crate::terms::parameter;
use crate::terms::resource::Resource;
use crate::wire::json::{Object, Value};
use crate::wire::write::{Arena, Writer};

/// What an access token says to this resource, and who sent it. All of it is proven.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    pub(super) token: Weighed<'a>,
    pub(super) sender: Sender,
    pub(super) dpop_nonce: Option<&'a str>,
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Whoever has the token: it is bound to no key.
    Bearer,
    /// Who holds the key that the token is bound to.
    KeyHolder(KeyHeld),
}

/// For whom a client acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A user, as the issuer names users.
    User(&'a str),
    /// Itself: no user is behind the token (RFC 9700 section 4.15).
    Client(&'a str),
}

impl<'a> Subject<'a> {
    /// The `sub` claim.
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::User(sub) | Self::Client(sub) => sub,
        }
    }
}

/// A token whose every claim fits. Who sent it is not proven yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed<'a> {
    client_id: Option<&'a str>,
    sub: Option<&'a str>,
    scope: &'a str,
    authorization_details: &'a str,
    acr: Option<&'a str>,
    auth_time: Option<Time>,
    expires_at: Option<Time>,
    jti: Option<&'a str>,
    audience: AudienceMatched,
    scope_held: ScopeHeld,
    detail_held: Option<DetailHeld>,
}

impl<'a> Claims<'a> {
    /// The client that the token was issued to (`client_id`).
    pub const fn client_id(&self) -> Option<&'a str> {
        self.token.client_id
    }

    /// For whom that client acts (`sub`). It acts for itself if the token names it twice, or as this crate's server does.
    pub fn subject(&self) -> Option<Subject<'a>> {
        let (sub, client_id) = (self.token.sub?, self.token.client_id);
        let own = |client_id| sub == client_id || sub.strip_prefix("client:") == Some(client_id);
        Some(if client_id.is_some_and(own) { Subject::Client(sub) } else { Subject::User(sub) })
    }

    /// Its scope.
    pub const fn scope(&self) -> List<'a> {
        List(self.token.scope)
    }

    /// Those of its authorization details that cover what the request needs, as a JSON array; empty if it needed none. What of
    /// them the core does not know is for the caller to judge: see [`Detail`](crate::resource::Detail).
    pub const fn authorization_details(&self) -> &'a str {
        self.token.authorization_details
    }

    /// How the user authenticated (`acr`), if the token tells.
    pub const fn acr(&self) -> Option<&'a str> {
        self.token.acr
    }

    /// When the user authenticated, if the token tells.
    pub const fn auth_time(&self) -> Option<Time> {
        self.token.auth_time
    }

    /// When it ends, if the issuer said so.
    pub const fn expires_at(&self) -> Option<Time> {
        self.token.expires_at
    }

    /// Its `jti`, if it has one: to be logged.
    pub const fn jti(&self) -> Option<&'a str> {
        self.token.jti
    }

    /// The proof that it is for this resource.
    pub const fn audience(&self) -> AudienceMatched {
        self.token.audience
    }

    /// The proof that it holds the scope that the request needs.
    pub const fn scope_held(&self) -> ScopeHeld {
        self.token.scope_held
    }

    /// The proof that one of its authorization details covers what the request needs, if that needs one.
    pub const fn detail_held(&self) -> Option<DetailHeld> {
        self.token.detail_held
    }

    /// Who sent it.
    pub const fn sender(&self) -> Sender {
        self.sender
    }

    /// A nonce for the client's next proof, to be sent as `DPoP-Nonce` with the response (RFC 9449 sections 8.2 and 9).
    pub const fn dpop_nonce(&self) -> Option<&'a str> {
        self.dpop_nonce
    }
}

/// Weighs what a token says: for whom it is, and whether it holds what the request needs. That it is genuine and in force, the
/// caller has made sure of.
pub(super) fn weigh<'a>(
    token: &Object<'_>,
    expires_at: Option<Time>,
    server: &ResourceServer<'_>,
    needs: &Needs<'_>,
    now: Time,
    arena: &mut Arena<'a>,
) -> Result<Weighed<'a>, Reason> {
    let audience = AudienceMatched::prove(token.get("aud"), server.resource)?;
    let (acr, auth_time) = (bounded(token, Name::Acr)?, token.integer(Name::AuthTime)?);
    // Before the scope: a user who has to come again may approve more.
    if !needs.is_met_by(acr, auth_time, now.0) {
        return Err(Reason::TokenAuthentication);
    }
    let scope = match token.string(Name::Scope)? {
        None | Some("") => "",
        Some(scope) => parameter::check(Name::Scope, scope).map(|()| scope)?,
    };
    let scope_held = ScopeHeld::prove(List(needs.scope), List(scope))?;
    let (mut authorization_details, mut detail_held) = ("", None);
    if let Some(needed) = &needs.detail {
        let held = token.get("authorization_details");
        let mut proven = Err(Reason::TokenDetail);
        let written = arena.text(|w| proven = covering(needed, held, server.resource, w));
        detail_held = Some(proven?);
        authorization_details = written.map_err(|_| Reason::TooLong(Name::AuthorizationDetails))?;
    }
    let client_id = token.string(Name::ClientId)?;
    client_id.map_or(Ok(()), |client_id| parameter::check(Name::ClientId, client_id))?;
    // A foreign server's subjects are its own; only their length is bounded here.
    let (sub, jti) = (bounded(token, Name::Sub)?, bounded(token, Name::Jti)?);
    let mut keep = |text: Option<&str>| text.map(|text| arena.copy_str(text)).transpose();
    Ok(Weighed {
        client_id: keep(client_id)?,
        sub: keep(sub)?,
        acr: keep(acr)?,
        jti: keep(jti)?,
        scope: keep(Some(scope))?.unwrap_or_default(),
        authorization_details,
        auth_time: auth_time.map(Time),
        expires_at,
        audience,
        scope_held,
        detail_held,
    })
}

/// A claim that is neither empty nor too long, if it is there.
fn bounded<'t>(token: &Object<'t>, name: Name) -> Result<Option<&'t str>, Reason> {
    match token.string(name)? {
        Some(text) if text.is_empty() || !name.fits(text) => Err(Reason::Malformed(name)),
        text => Ok(text),
    }
}

/// Proves that the details of a token cover what is needed, and writes those that do.
fn covering(
    needed: &Detail<'_>,
    held: Option<Value<'_>>,
    resource: Resource<'_>,
    w: &mut Writer<'_>,
) -> Result<DetailHeld, Reason> {
    let mut before = "[";
    let proven = DetailHeld::prove(needed, held, resource, |detail| {
        w.str(before);
        w.value(Value::Object(detail));
        before = ",";
    })?;
    w.str("]");
    Ok(proven)
}
