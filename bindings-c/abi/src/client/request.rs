//! A request to a resource, and what it ends in.

use symbolon::client::{Requested, ResourceRequest, ResourceResponse, StepUp, UserClaims};
use symbolon::limits;
use symbolon::wire::http::Method;

use super::failure;
use crate::outcome::{self, Done, End, Ended, Kind};
use crate::types::{Bytes, Outcome, Status, Text, described};

described! {
    /// `symbolon_client_request`: what is asked of a resource.
    pub struct Request {
        /// The method.
        pub method: Text,
        /// Where to.
        pub url: Text,
        /// The resource that this must be at or below.
        pub resource: Text,
        /// `Accept`; empty for none.
        pub accept: Text,
        /// `Content-Type`; empty for none.
        pub content_type: Text,
        /// The body.
        pub body: *const u8,
        /// Its length.
        pub body_len: usize,
        /// The names of the response's header fields to be seen, with a space between them.
        pub wanted: Text,
        /// The most bytes of the response; 0 for the usual.
        pub body_cap: u32,
    }
}

impl Request {
    /// As the core has it.
    ///
    /// # Safety
    ///
    /// `request` is NULL or readable, and what it points to is lent until the flow has ended.
    #[allow(clippy::as_conversions)] // No target of this library has shorter addresses.
    pub(crate) unsafe fn read(request: *const Self) -> Outcome<ResourceRequest<'static>> {
        // SAFETY: as the caller promises.
        unsafe {
            let Self { method, url, resource, accept, content_type, body, body_len, wanted, body_cap } =
                *request.as_ref().ok_or(Status::Null)?;
            Ok(ResourceRequest {
                method: Method::from_bytes(Bytes { ptr: method.ptr, len: method.len }.slice()?),
                url: url.str()?,
                resource: resource.str()?,
                accept: accept.str()?,
                content_type: content_type.str()?,
                body: Bytes { ptr: body, len: body_len }.slice()?,
                wanted: wanted.str()?,
                body_cap: if body_cap == 0 { limits::RESPONSE_BODY } else { body_cap as usize },
            })
        }
    }
}

impl Ended for Requested<'static> {
    fn done(&self) -> Done {
        match *self {
            Self::Answered(ResourceResponse { status, headers, body }) => {
                let answered =
                    outcome::Answered { status: u32::from(status), headers: Bytes::of(headers), body: Bytes::of(body) };
                Done::well(Kind::Answered, End { answered })
            }
            Self::TokenEnded { rejected } => {
                let token_ended = outcome::TokenEnded { rejected: Text::maybe(rejected) };
                Done::well(Kind::TokenEnded, End { token_ended })
            }
            Self::StepUp(StepUp { acr_values, max_age, scope }) => {
                let step_up = outcome::StepUp {
                    acr_values: Text::of(acr_values),
                    has_max_age: max_age.is_some(),
                    max_age: max_age.unwrap_or(0),
                    scope: Text::of(scope),
                };
                Done::well(Kind::StepUp, End { step_up })
            }
            Self::ScopeInsufficient { scope } => {
                let scope_insufficient = outcome::ScopeInsufficient { scope: Text::of(scope) };
                Done::well(Kind::ScopeInsufficient, End { scope_insufficient })
            }
            Self::SignInAgain(why) => failure(Kind::SignInAgain, why),
            Self::Failed(why) => failure(Kind::Failed, why),
        }
    }
}

impl Ended for Result<UserClaims<'static>, Requested<'static>> {
    fn done(&self) -> Done {
        match self {
            Ok(UserClaims { subject, text, .. }) => {
                let user_claims = outcome::UserClaims { subject: Text::of(subject), claims: Text::of(text) };
                Done::well(Kind::UserClaims, End { user_claims })
            }
            Err(instead) => instead.done(),
        }
    }
}
