//! What the server tells of the user (OpenID Connect Core section 5.3), by the access token of their session.
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
//! A response counts if it is plain JSON, and about the user that the ID token of the sign-in has named (section 5.3.2). Signed
//! responses are not read.

use crate::client::Client;
use crate::client::access::{self, Access, Accessing, AwaitNonce, accesses};
use crate::client::request::{Requested, ResourceRequest, ResourceResponse};
use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::record::Key;
use crate::step::{Answer, Committed, Flow, Row, Step, no_phases};
use crate::terms::metadata::{Seen, ServerMetadata};
use crate::terms::{Entropy, Time};
use crate::wire::http::Response;
use crate::wire::json::{self, Object};

/// The flow of a userinfo request: see [`Client::userinfo`].
pub enum Userinfo {}

/// What the server says of the user. No `Debug`: it is about a person.
#[derive(Clone, Copy)]
pub struct UserClaims<'a> {
    /// `sub`: as the ID token has it.
    pub subject: &'a str,
    /// All claims. With the issuer, `sub` alone names the user: an address or a name may be somebody else's tomorrow (section
    /// 5.7).
    pub claims: Object<'a>,
    /// The same, as the JSON that it was sent in.
    pub text: &'a str,
}

impl<'a> Client<'a> {
    /// Asks the server for the claims about the user of a session, whose sign-in was one of OpenID Connect.
    ///
    /// It ends in what came instead of claims if there are none: [`Requested::Answered`] is a response that is no success. The
    /// buffer needs [`BUFFER`](super::BUFFER) bytes.
    pub fn userinfo(
        &'a self,
        server: &'a ServerMetadata<'a>,
        session: Key,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Userinfo>, TooSmall> {
        let seen = Seen { server, with_certificate: self.certificate_bound() };
        let endpoint = match seen.userinfo_endpoint() {
            _ if server.issuer() != self.issuer => Err(Reason::IssuerMismatch),
            Some(endpoint) => Ok(endpoint.as_str()),
            None => Err(Reason::ServerLacks(Name::UserinfoEndpoint)),
        };
        let request = ResourceRequest::get(endpoint.unwrap_or_default(), "");
        let begun = access::begin(self, session, request, true, now, &entropy, buffer)?;
        Ok(match endpoint.and(begun) {
            Ok(access) => access::start(access),
            Err(reason) => Step::Done(Err(access::failed(reason))),
        })
    }
}

fn claims<'a>(access: &mut Access<'a>, response: &ResourceResponse<'a>) -> Result<UserClaims<'a>, Reason> {
    let identity = access.identity.ok_or(Reason::Missing(Name::IdToken))?;
    let wrap = |reason: Reason| reason.within(Reason::Userinfo);
    if !access.json {
        return Err(Reason::Userinfo(Name::ContentType));
    }
    let read = access.arena.copy_mut(response.body)?;
    let claims = json::object(read).map_err(wrap)?;
    let subject = claims.string(Name::Sub).map_err(wrap)?;
    // Another's claims, or nobody's, are not the user's (section 5.3.2).
    if subject != Some(identity.subject) {
        return Err(Reason::Userinfo(Name::Sub));
    }
    let text = core::str::from_utf8(response.body).map_err(|_| Reason::Userinfo(Name::Json))?;
    Ok(UserClaims { subject: identity.subject, claims, text })
}

impl Flow for Userinfo {
    type Output<'a> = Result<UserClaims<'a>, Requested<'a>>;
    accesses!();
}

impl Accessing for Userinfo {
    fn ended<'a>(access: &mut Access<'a>, requested: Requested<'a>) -> Self::Output<'a> {
        match requested {
            Requested::Answered(response) if response.status == 200 => {
                claims(access, &response).map_err(access::failed)
            }
            _ => Err(requested),
        }
    }
}
