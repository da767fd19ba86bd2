//! What a server answers, as the flows of the client read it and hand it on.

use crate::error::Reason;
use crate::name::Name;
use crate::record::{Identity, Owner, Signing, TokenSet};
use crate::terms::Time;
use crate::terms::list::List;
use crate::terms::parameter;
use crate::wire::http::Response;
use crate::wire::json::Object;
use crate::wire::write::Arena;

/// Why a flow did not end as it was asked to.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The reason; its [`event`](Reason::event) is for the audit log.
    pub reason: Reason,
    /// What the server said, if it was the server that refused.
    pub error: Option<ServerError<'a>>,
}

impl From<Reason> for Failure<'_> {
    fn from(reason: Reason) -> Self {
        Self { reason, error: None }
    }
}

/// An error in the words of a server (RFC 6749 sections 4.1.2.1 and 5.2). These are another party's words: printable ASCII
/// without quotation marks and backslashes, but to be escaped and to be shown as a quotation, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerError<'a> {
    /// `error`.
    pub code: &'a str,
    /// `error_description`, if it follows its grammar.
    pub description: Option<&'a str>,
}

impl<'r> ServerError<'r> {
    /// Reads `error` and `error_description` of a response whose status is no success.
    fn read(object: &Object<'r>) -> Result<Self, Reason> {
        let code = checked(Name::Error, object.string(Name::Error)?)?.ok_or(Reason::Status)?;
        let description = object.string(Name::ErrorDescription).and_then(|text| checked(Name::ErrorDescription, text));
        Ok(Self { code, description: description.unwrap_or(None) })
    }

    fn copy<'a>(&self, arena: &mut Arena<'a>) -> Result<ServerError<'a>, Reason> {
        Ok(ServerError {
            code: arena.copy_str(self.code)?,
            description: self.description.map(|text| arena.copy_str(text)).transpose()?,
        })
    }
}

/// What an application may do with a session. No `Debug`: it holds the access token.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    /// The access token, for the resources below and for no other.
    pub access_token: &'a str,
    /// The `kid` of the key that it is bound to, of which every request needs a proof (RFC 9449 section 7); `None` for a token
    /// that is sent as `Bearer`.
    pub key_id: Option<&'a str>,
    /// When it ends, if the server said so.
    pub expires_at: Option<Time>,
    /// The scope that was granted.
    pub scope: &'a str,
    /// Whether the server granted more than it was asked for at the sign-in; never so if no scope was named.
    pub scope_is_wider: bool,
    /// The resources that the token was asked for.
    pub resources: &'a str,
    /// The user, if the sign-in was one of OpenID Connect.
    pub identity: Option<Identity<'a>>,
}

impl<'a> Tokens<'a> {
    /// What a row has to offer.
    pub(super) fn of(tokens: &TokenSet<'a>) -> Self {
        let asked = List(tokens.scope_asked);
        Self {
            access_token: tokens.access_token,
            key_id: tokens.signing.key_id,
            expires_at: tokens.expires_at,
            scope: tokens.scope,
            scope_is_wider: !asked.is_empty() && !List(tokens.scope).is_subset_of(asked),
            resources: tokens.resources,
            identity: tokens.identity,
        }
    }

    /// The same in the caller's buffer, where it outlives the row.
    pub(super) fn copy<'b>(&self, arena: &mut Arena<'b>) -> Result<Tokens<'b>, Reason> {
        Ok(Tokens {
            access_token: arena.copy_str(self.access_token)?,
            key_id: self.key_id.map(|key_id| arena.copy_str(key_id)).transpose()?,
            expires_at: self.expires_at,
            scope: arena.copy_str(self.scope)?,
            scope_is_wider: self.scope_is_wider,
            resources: arena.copy_str(self.resources)?,
            identity: match self.identity {
                Some(Identity { subject, authenticated_at }) => {
                    Some(Identity { subject: arena.copy_str(subject)?, authenticated_at })
                }
                None => None,
            },
        })
    }
}

/// A successful token response (RFC 6749 section 5.1).
pub(super) struct TokenResponse<'r> {
    access_token: &'r str,
    expires_in: Option<u64>,
    refresh_token: Option<&'r str>,
    scope: Option<&'r str>,
    pub(super) id_token: Option<&'r str>,
}

/// What a token response was asked for.
pub(super) struct Asked<'r> {
    pub(super) owner: Owner<'r>,
    /// The scope asked for at the sign-in.
    pub(super) scope: &'r str,
    /// The scope that a response without one means: as asked, and at a refresh as granted before.
    pub(super) scope_before: &'r str,
    pub(super) resources: &'r str,
    /// The refresh token in use, which stays so if the response brings none (RFC 6749 section 6).
    pub(super) refresh_token: Option<&'r str>,
    /// The user: of the sign-in, once the ID token was judged, and then as before.
    pub(super) identity: Option<Identity<'r>>,
    /// How old the authentication of the user may be.
    pub(super) max_age: Option<u64>,
    /// The authentication context classes that will do.
    pub(super) acr_values: &'r str,
}

impl<'r> TokenResponse<'r> {
    /// The tokens of the session from now on.
    pub(super) fn tokens(&self, asked: &Asked<'r>, signing: Signing<'r>, now: Time) -> TokenSet<'r> {
        TokenSet {
            owner: asked.owner,
            access_token: self.access_token,
            expires_at: self.expires_in.map(|seconds| now.after(seconds)),
            refresh_token: self.refresh_token.or(asked.refresh_token),
            // Absent means as before; empty means none, and is no default (RFC 6749 section 5.1).
            scope: self.scope.unwrap_or(asked.scope_before),
            scope_asked: asked.scope,
            resources: asked.resources,
            signing,
            identity: asked.identity,
        }
    }

    fn read(object: &Object<'r>, bound: bool) -> Result<Self, Reason> {
        // What was to be bound and is not is no success (RFC 9449 section 5).
        let wanted = if bound { "DPoP" } else { "Bearer" };
        let token_type = object.string(Name::TokenType).map_err(|_| Reason::TokenType)?;
        if !token_type.is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
            return Err(Reason::TokenType);
        }
        let scope = object.string(Name::Scope)?;
        if let Some(scope) = scope.filter(|scope| !scope.is_empty()) {
            parameter::check(Name::Scope, scope)?;
        }
        let access_token = checked(Name::AccessToken, object.string(Name::AccessToken)?)?;
        Ok(Self {
            access_token: access_token.ok_or(Reason::Missing(Name::AccessToken))?,
            expires_in: object.integer(Name::ExpiresIn)?,
            refresh_token: checked(Name::RefreshToken, object.string(Name::RefreshToken)?)?,
            scope,
            id_token: checked(Name::IdToken, object.string(Name::IdToken)?)?,
        })
    }

    /// The access token.
    pub(super) const fn access_token(&self) -> &'r str {
        self.access_token
    }
}

/// Reads the response of the pushed authorization request endpoint (RFC 9126 section 2.2).
pub(super) fn read_pushed(response: Response<'_>) -> Result<&str, Failure<'_>> {
    if response.status != 201 {
        return Err(read_refusal(response));
    }
    let object = response.json()?;
    // It is good for a while at least.
    match object.integer(Name::ExpiresIn)? {
        Some(1..) => {}
        Some(0) => return Err(Reason::Malformed(Name::ExpiresIn).into()),
        None => return Err(Reason::Missing(Name::ExpiresIn).into()),
    }
    Ok(checked(Name::RequestUri, object.string(Name::RequestUri)?)?.ok_or(Reason::Missing(Name::RequestUri))?)
}

/// Reads the response of the token endpoint; `bound` says whether its tokens must be bound to a key. A redirect is no answer here: it is a status like any other that is unknown.
pub(super) fn read_token_response(response: Response<'_>, bound: bool) -> Result<TokenResponse<'_>, Failure<'_>> {
    match response.status {
        200 => {
            let object = response.json()?;
            // An error in a success has been taken for one (CVE-2021-41580).
            if object.get("error").is_some() {
                return Err(refused(&object)?);
            }
            Ok(TokenResponse::read(&object, bound)?)
        }
        _ => Err(read_refusal(response)),
    }
}

/// What a response that is no success says.
pub(super) fn read_refusal(response: Response<'_>) -> Failure<'_> {
    match response.status {
        400..=499 => match response.json().and_then(|object| refused(&object)) {
            Ok(failure) => failure,
            Err(_) => Reason::Status.into(),
        },
        500..=599 => Reason::PeerUnavailable.into(),
        _ => Reason::Status.into(),
    }
}

fn refused<'r>(object: &Object<'r>) -> Result<Failure<'r>, Reason> {
    Ok(Failure { reason: Reason::ServerRefused, error: Some(ServerError::read(object)?) })
}

impl Failure<'_> {
    /// The same in the caller's buffer. The server's words are dropped if there is no room for them.
    pub(super) fn copy<'a>(&self, arena: &mut Arena<'a>) -> Failure<'a> {
        Failure { reason: self.reason, error: self.error.and_then(|error| error.copy(arena).ok()) }
    }

    /// Whether the server says that the grant is over.
    pub(super) fn is_invalid_grant(&self) -> bool {
        self.error.is_some_and(|error| error.code == "invalid_grant")
    }
}

/// Checks a member against the grammar of the parameter of the same name.
fn checked(name: Name, value: Option<&str>) -> Result<Option<&str>, Reason> {
    value.map(|value| parameter::check(name, value).map(|()| value)).transpose()
}
