//! The row of a grant, from the authorization request on.
//!
//! ```text
//!              authorize            decide: approved           redeem: PKCE holds            refresh: n -> n+1
//!   (absent) ------------> Pending ------------------> Code --------------------> Active(n) ---------.
//!                             |                          |                          |   ^-------------'
//!                             | decide: refused          | burnt                    | replay, reuse, revocation
//!                             v                          v                          v
//!                           (gone)                    Revoked  (kept until the grant would have ended)
//! ```

use serde::{Deserialize, Serialize};

use super::Record;
use crate::error::{ErrorCode, Reason};
use crate::terms::Time;

/// One row from the authorization request to the end of the grant that comes of it.
///
/// The request that waits for its decision is the first state of the row, not a row of its own: so a decision, too, is
/// one compare-and-swap, and two decisions on one request cannot both end in a code.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Grant<'g> {
    /// An authorization request that waits for its user's decision.
    #[serde(borrow)]
    Pending(Pending<'g>),
    /// A code was issued.
    Code(Code<'g>),
    /// The code was redeemed.
    Active(Active<'g>),
    /// Revoked, or burnt.
    Revoked(Revoked<'g>),
}

impl<'g> Record<'g> for Grant<'g> {}

/// A validated authorization request.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Pending<'g> {
    /// The hash of the binding of the user agent that sent it.
    pub user_agent: [u8; 32],
    /// The client.
    pub client_id: &'g str,
    /// The client's name.
    pub client_name: &'g str,
    /// The redirection URI, proven to be the client's.
    pub redirect_uri: &'g str,
    /// Whether each of the client's redirection URIs leads to the user's own machine.
    pub loopback_only: bool,
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
    /// The error to be redirected once the user is authenticated, if the request asks for what it cannot have.
    pub refusal: Option<Refused<'g>>,
    /// When the request lapses.
    pub expires_at: Time,
}

/// An error that is told to the client by redirect.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Refused<'g> {
    /// The error code.
    pub code: Refusal,
    /// The `error_description`: fixed words, and the name of the parameter at fault.
    pub description: &'g str,
}

/// An error code, as a row holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// `invalid_request`.
    InvalidRequest,
    /// `unauthorized_client`.
    UnauthorizedClient,
    /// `unsupported_response_type`.
    UnsupportedResponseType,
    /// `invalid_scope`.
    InvalidScope,
    /// `invalid_target`.
    InvalidTarget,
    /// `request_not_supported`.
    RequestNotSupported,
    /// `request_uri_not_supported`.
    RequestUriNotSupported,
}

impl Refusal {
    /// The refusal that a reason leads to.
    pub const fn from_reason(reason: Reason) -> Self {
        match reason.answer().code {
            ErrorCode::UnauthorizedClient => Self::UnauthorizedClient,
            ErrorCode::UnsupportedResponseType => Self::UnsupportedResponseType,
            ErrorCode::InvalidScope => Self::InvalidScope,
            ErrorCode::InvalidTarget => Self::InvalidTarget,
            ErrorCode::RequestNotSupported => Self::RequestNotSupported,
            ErrorCode::RequestUriNotSupported => Self::RequestUriNotSupported,
            _ => Self::InvalidRequest,
        }
    }

    /// Its error code.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::InvalidRequest => ErrorCode::InvalidRequest,
            Self::UnauthorizedClient => ErrorCode::UnauthorizedClient,
            Self::UnsupportedResponseType => ErrorCode::UnsupportedResponseType,
            Self::InvalidScope => ErrorCode::InvalidScope,
            Self::InvalidTarget => ErrorCode::InvalidTarget,
            Self::RequestNotSupported => ErrorCode::RequestNotSupported,
            Self::RequestUriNotSupported => ErrorCode::RequestUriNotSupported,
        }
    }
}

/// What was granted, and to whom.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Granted<'g> {
    /// The client.
    pub client_id: &'g str,
    /// The user.
    pub subject: &'g str,
    /// When the user was authenticated.
    pub authenticated_at: Time,
    /// The scope.
    pub scope: &'g str,
    /// The resources; an access token names one or more of them as its audience.
    pub resources: &'g str,
    /// The `code_challenge`, decoded; it still tells a replay of the code by its owner from one by a stranger.
    pub challenge: [u8; 32],
    /// Whether refresh tokens are issued.
    pub refreshable: bool,
    /// When the grant ends, however often it is refreshed.
    pub ends_at: Time,
}

/// A grant whose code has not been redeemed.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Code<'g> {
    /// What was granted.
    #[serde(borrow)]
    pub granted: Granted<'g>,
    /// The redirection URI that the code was sent to.
    pub redirect_uri: &'g str,
}

/// A grant in use.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Active<'g> {
    /// What was granted.
    #[serde(borrow)]
    pub granted: Granted<'g>,
    /// The generation of the tokens in use: 1 after redemption, one more with each refresh.
    pub generation: u32,
    /// When this generation was issued.
    pub issued_at: Time,
}

/// A grant that is over. It is kept, so that what was issued under it is known to be dead.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Revoked<'g> {
    /// The client.
    pub client_id: &'g str,
    /// The user.
    pub subject: &'g str,
}
