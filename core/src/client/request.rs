//! A request to a protected resource with the access token of a session (RFC 6750, RFC 9449 section 7, RFC 9470).
//!
//! ```text
//! start        -> load session | done
//! load session -> load nonce | send | done
//! load nonce   -> sign | done
//! sign         -> send | commit nonce | done
//! send         -> sign | commit nonce | done
//! commit nonce -> done
//! ```
//!
//! A token that has ended is not refreshed on the way: that is a flow of its own, and this one says that it is due. What a
//! challenge says counts under the scheme that the token was sent by: a bound token is never sent as `Bearer`, whatever is asked
//! for. No redirect is followed: a token goes where the application has said that it is for.

use crate::client::access::{self, Access, Accessing, AwaitNonce, accesses};
use crate::client::response::Failure;
use crate::client::{AuthorizationRequest, Client};
use crate::error::TooSmall;
use crate::limits;
use crate::record::Key;
use crate::step::{Answer, Committed, Flow, Row, Step, no_phases};
use crate::terms::{Entropy, Time};
use crate::wire::http::{Method, Response};

/// The flow of a request to a protected resource: see [`Client::request`].
pub enum Request {}

/// What is asked of a resource. The fields that are not here, such as `If-Match`, the host adds to the exchange when it makes it:
/// nothing that protects the token depends on them.
#[derive(Clone, Copy)]
pub struct ResourceRequest<'a> {
    /// The method.
    pub method: Method,
    /// Where to, at most [`limits::URI`] bytes. What a peer has said, such as the link to a next page, may stand here.
    pub url: &'a str,
    /// The resource that the URL must be at or below (RFC 8707 section 2), from the application's own configuration. It must be
    /// one of those that the session's tokens are for, if any of these is a URL.
    pub resource: &'a str,
    /// `Accept`; empty for none.
    pub accept: &'a str,
    /// `Content-Type`; empty for none.
    pub content_type: &'a str,
    /// The body; empty for none.
    pub body: &'a [u8],
    /// The names of the response's header fields that the application wants to see, with a space between them.
    pub wanted: &'a str,
    /// The most bytes that the response may have. What is more than [`limits::RESPONSE_BODY`] must be in the buffer besides.
    pub body_cap: usize,
}

impl<'a> ResourceRequest<'a> {
    /// Asks for JSON.
    pub const fn get(url: &'a str, resource: &'a str) -> Self {
        Self {
            method: Method::Get,
            url,
            resource,
            accept: "application/json",
            content_type: "",
            body: b"",
            wanted: "",
            body_cap: limits::RESPONSE_BODY,
        }
    }
}

/// How a request ended. No `Debug`: it may hold the access token.
#[derive(Clone, Copy)]
pub enum Requested<'a> {
    /// The resource has answered, well or not: its status tells, a redirect among them.
    Answered(ResourceResponse<'a>),
    /// The access token has ended, or the resource says that it is not valid: have another with
    /// [`Client::refresh`] or [`Client::credentials`], and ask again.
    TokenEnded {
        /// The token that the resource has refused, for these two not to hand out again.
        rejected: Option<&'a str>,
    },
    /// The user must authenticate as the resource needs it (RFC 9470): begin a sign-in with [`StepUp::request`].
    StepUp(StepUp<'a>),
    /// The access token does not hold the scope that the resource needs (RFC 6750 section 3.1).
    ScopeInsufficient {
        /// The scope that is needed, in the resource's words; empty if it does not say.
        scope: &'a str,
    },
    /// There is no token: the user must sign in again.
    SignInAgain(Failure<'a>),
    /// No response. With [`Reason::PeerUnavailable`](crate::Reason::PeerUnavailable), and with a response that is too long, the
    /// resource may have done what it was asked.
    Failed(Failure<'a>),
}

/// What a resource has answered. No `Debug`: it is the application's business.
#[derive(Clone, Copy)]
pub struct ResourceResponse<'a> {
    /// The status.
    pub status: u16,
    /// The header fields that were wanted, each as a line: name, `: `, value, CR LF.
    pub headers: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

/// How a user must authenticate, in the words of a resource (RFC 9470 section 3).
#[derive(Clone, Copy, Debug)]
pub struct StepUp<'a> {
    /// The authentication context classes that will do; empty if it does not say.
    pub acr_values: &'a str,
    /// How long ago the user may have been authenticated, in seconds.
    pub max_age: Option<u64>,
    /// The scope that is needed; empty if it does not say.
    pub scope: &'a str,
}

impl<'a> StepUp<'a> {
    /// The sign-in that does it. An application that asks for ID tokens has what comes of it checked.
    pub fn request(&self) -> AuthorizationRequest<'a> {
        AuthorizationRequest { max_age: self.max_age, acr_values: self.acr_values, ..AuthorizationRequest::default() }
    }
}

impl<'a> Client<'a> {
    /// Makes a request to a resource, with the access token of a session. The buffer needs [`BUFFER`](super::BUFFER) bytes, and
    /// more for a response that may be longer than usual: see [`ResourceRequest::body_cap`].
    pub fn request(
        &'a self,
        session: Key,
        request: ResourceRequest<'a>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Request>, TooSmall> {
        Ok(match access::begin(self, session, request, false, now, &entropy, buffer)? {
            Ok(access) => access::start(access),
            Err(reason) => Step::Done(access::failed(reason)),
        })
    }
}

impl Flow for Request {
    type Output<'a> = Requested<'a>;
    accesses!();
}

impl Accessing for Request {
    fn ended<'a>(_: &mut Access<'a>, requested: Requested<'a>) -> Requested<'a> {
        requested
    }
}
