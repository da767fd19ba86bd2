//! The row of a grant, from the authorization request on.
//!
//! ```text
//!              push                authorize
//!   (absent) ------------> Pushed -------------.
//!                                              v
//!              authorize            decide: approved           redeem: PKCE holds            refresh: n -> n+1
//!   (absent) ------------> Pending ------------------> Code --------------------> Active(n) ---------.
//!                             |                          |                          |   ^-------------'
//!                             | decide: refused          | burnt                    | replay, reuse, revocation
//!                             v                          v                          v
//!                           (gone)                    Revoked  (kept until the grant would have ended)
//! ```

use super::Record;
use crate::error::Reason;
use crate::name::Name;
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::wire::encoding::encoding;

/// One row from the authorization request to the end of the grant that comes of it.
///
/// A host that deletes the row ends the grant: every credential of it is then dead.
///
/// The request that waits for its decision is the first state of the row, not a row of its own: so a decision, too, is
/// one compare-and-swap, and two decisions on one request cannot both end in a code.
#[derive(Clone, Copy)]
pub enum Grant<'g> {
    /// An authorization request that its client has pushed and that no browser has brought yet (RFC 9126).
    Pushed(Requested<'g>),
    /// An authorization request that waits for its user's decision.
    Pending(Pending<'g>),
    /// A code was issued.
    Code(Code<'g>),
    /// The code was redeemed.
    Active(Active<'g>),
    /// Revoked, or burnt.
    Revoked(Revoked<'g>),
}

encoding!(enum Grant<'v> {
    0 Pushed(pushed), 1 Pending(pending), 2 Code(code), 3 Active(active), 4 Revoked(revoked),
});

impl<'g> Record<'g> for Grant<'g> {}

/// An authorization request in the hands of a browser.
#[derive(Clone, Copy)]
pub struct Pending<'g> {
    /// The hash of the binding of the user agent that sent it.
    pub user_agent: [u8; 32],
    /// The request.
    pub requested: Requested<'g>,
}

encoding!(struct Pending<'v> { user_agent, requested });

/// A validated authorization request.
#[derive(Clone, Copy)]
pub struct Requested<'g> {
    /// The client.
    pub client_id: &'g str,
    /// The client's name.
    pub client_name: &'g str,
    /// The redirection URI, proven to be the client's.
    pub redirect_uri: &'g str,
    /// Whether the client will have to authenticate to redeem its code.
    pub confidential: bool,
    /// The `state` to echo.
    pub state: Option<&'g str>,
    /// The scope asked for.
    pub scope: &'g str,
    /// The resources asked for.
    pub resources: &'g str,
    /// The `code_challenge`, decoded.
    pub challenge: [u8; 32],
    /// Whether a refresh token is to be issued.
    pub refreshable: bool,
    /// The `nonce` for the ID token (OpenID Connect Core section 3.1.2.1).
    pub nonce: Option<&'g str>,
    /// How long ago the user may have been authenticated, in seconds.
    pub max_age: Option<u64>,
    /// `prompt`; empty if it was not sent.
    pub prompt: &'g str,
    /// Who the user might be.
    pub login_hint: Option<&'g str>,
    /// The authentication context classes asked for, the best one first; empty for any.
    pub acr_values: &'g str,
    /// The `authorization_details` as they were sent (RFC 9396 section 2); empty for none.
    pub authorization_details: &'g str,
    /// The thumbprint of the key that the code is to be bound to (RFC 9449 section 10).
    pub dpop_jkt: Option<[u8; 32]>,
    /// What is to be told to the client once the user is authenticated, if the request asks for what it cannot have.
    pub refusal: Option<Refusal>,
    /// When the request lapses.
    pub expires_at: Time,
}

encoding!(long struct Requested<'v> {
    client_id, client_name, redirect_uri, confidential, state, scope, resources, challenge, refreshable, nonce,
    max_age, prompt, login_hint, acr_values, authorization_details, dpop_jkt, refusal, expires_at,
});

impl Requested<'_> {
    /// A request that asks for nothing, of nobody.
    pub(crate) const NOTHING: Self = Self {
        client_id: "",
        client_name: "",
        redirect_uri: "",
        confidential: false,
        state: None,
        scope: "",
        resources: "",
        challenge: [0; 32],
        refreshable: false,
        nonce: None,
        max_age: None,
        prompt: "",
        login_hint: None,
        acr_values: "",
        authorization_details: "",
        dpop_jkt: None,
        refusal: None,
        expires_at: Time(0),
    };

    /// The same request without all that it asks for: there is only its refusal to tell.
    pub(crate) const fn for_nothing(self) -> Self {
        Self {
            client_id: self.client_id,
            client_name: self.client_name,
            redirect_uri: self.redirect_uri,
            confidential: self.confidential,
            state: self.state,
            refreshable: self.refreshable,
            refusal: self.refusal,
            expires_at: self.expires_at,
            ..Self::NOTHING
        }
    }
}

/// What is wrong with an authorization request, where that is told to the client by redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// [`Reason::RequestObject`].
    RequestObject,
    /// [`Reason::RequestUri`].
    RequestUri,
    /// [`Reason::NotPushed`].
    NotPushed,
    /// `response_type` is missing.
    ResponseTypeMissing,
    /// [`Reason::ResponseType`].
    ResponseType,
    /// [`Reason::ResponseMode`].
    ResponseMode,
    /// [`Reason::GrantTypeNotRegistered`].
    GrantTypeNotRegistered,
    /// `code_challenge` is missing.
    ChallengeMissing,
    /// `code_challenge` is no SHA-256 hash in base64url.
    ChallengeMalformed,
    /// [`Reason::ChallengeMethod`].
    ChallengeMethod,
    /// [`Reason::Scope`].
    Scope,
    /// [`Reason::Resource`].
    Resource,
    /// [`Reason::AuthorizationDetails`].
    AuthorizationDetails,
    /// `nonce` is malformed.
    Nonce,
    /// `max_age` is malformed.
    MaxAge,
    /// `prompt` is malformed, or has a value that is not known.
    Prompt,
    /// `login_hint` is malformed.
    LoginHint,
    /// `acr_values` are malformed.
    AcrValues,
    /// `dpop_jkt` is no SHA-256 hash in base64url.
    DpopJkt,
}

encoding!(enum Refusal {
    0 RequestObject, 1 RequestUri, 2 NotPushed, 3 ResponseTypeMissing, 4 ResponseType, 5 ResponseMode,
    6 GrantTypeNotRegistered, 7 ChallengeMissing, 8 ChallengeMalformed, 9 ChallengeMethod, 10 Scope, 11 Resource,
    12 AuthorizationDetails, 13 Nonce, 14 MaxAge, 15 Prompt, 16 LoginHint, 17 AcrValues, 18 DpopJkt,
});

impl Refusal {
    /// The same as a reason.
    pub const fn reason(self) -> Reason {
        match self {
            Self::RequestObject => Reason::RequestObject,
            Self::RequestUri => Reason::RequestUri,
            Self::NotPushed => Reason::NotPushed,
            Self::ResponseTypeMissing => Reason::Missing(Name::ResponseType),
            Self::ResponseType => Reason::ResponseType,
            Self::ResponseMode => Reason::ResponseMode,
            Self::GrantTypeNotRegistered => Reason::GrantTypeNotRegistered,
            Self::ChallengeMissing => Reason::Missing(Name::CodeChallenge),
            Self::ChallengeMalformed => Reason::Malformed(Name::CodeChallenge),
            Self::ChallengeMethod => Reason::ChallengeMethod,
            Self::Scope => Reason::Scope,
            Self::Resource => Reason::Resource,
            Self::AuthorizationDetails => Reason::AuthorizationDetails,
            Self::Nonce => Reason::Malformed(Name::Nonce),
            Self::MaxAge => Reason::Malformed(Name::MaxAge),
            Self::Prompt => Reason::Malformed(Name::Prompt),
            Self::LoginHint => Reason::Malformed(Name::LoginHint),
            Self::AcrValues => Reason::Malformed(Name::AcrValues),
            Self::DpopJkt => Reason::Malformed(Name::DpopJkt),
        }
    }
}

/// What was granted, and to whom.
#[derive(Clone, Copy)]
pub struct Granted<'g> {
    /// The client.
    pub client_id: &'g str,
    /// The user; or the client itself, where it acts for nobody else (see [`CLIENT_SUBJECT`](crate::terms::client_id::CLIENT_SUBJECT)).
    pub subject: &'g str,
    /// When the user was authenticated, if there is one.
    pub authenticated_at: Option<Time>,
    /// The authentication context class in which the user was authenticated.
    pub acr: Option<&'g str>,
    /// By which methods.
    pub amr: &'g str,
    /// The `nonce` of the request.
    pub nonce: Option<&'g str>,
    /// The scope.
    pub scope: &'g str,
    /// The resources; an access token names one or more of them as its audience.
    pub resources: &'g str,
    /// The `authorization_details` that were approved, as JSON; empty for none.
    pub authorization_details: &'g str,
    /// What the code is bound to, and, after it was redeemed, what the refresh tokens of a public client are bound to.
    pub bound_to: Option<Confirmation>,
    /// The `code_challenge`, decoded; it still tells a replay of the code by its owner from one by a stranger.
    pub challenge: [u8; 32],
    /// Whether refresh tokens are issued.
    pub refreshable: bool,
    /// When the grant ends, however often it is refreshed.
    pub ends_at: Time,
}

encoding!(long struct Granted<'v> {
    client_id, subject, authenticated_at, acr, amr, nonce, scope, resources, authorization_details, bound_to,
    challenge, refreshable, ends_at,
});

/// A grant whose code has not been redeemed.
#[derive(Clone, Copy)]
pub struct Code<'g> {
    /// What was granted.
    pub granted: Granted<'g>,
    /// The redirection URI that the code was sent to.
    pub redirect_uri: &'g str,
}

encoding!(struct Code<'v> { granted, redirect_uri });

/// A grant in use.
#[derive(Clone, Copy)]
pub struct Active<'g> {
    /// What was granted.
    pub granted: Granted<'g>,
    /// The generation of the tokens in use: 1 after redemption, one more with each refresh.
    pub generation: u32,
    /// When this generation was issued.
    pub issued_at: Time,
}

encoding!(struct Active<'v> { granted, generation, issued_at });

/// A grant that is over. It is kept, so that what was issued under it is known to be dead.
#[derive(Clone, Copy)]
pub struct Revoked<'g> {
    /// The client.
    pub client_id: &'g str,
    /// The user.
    pub subject: &'g str,
}

encoding!(struct Revoked<'v> { client_id, subject });
