//! The authorization server: the start of each of its flows. Its configuration is in `server/config.rs`.

use symbolon::server::{Authenticated, Authorization, Decision, Prompt, Unasked, UserinfoReply};
use symbolon::terms::Time;

use crate::flow::{Flow, finishes, starts};
use crate::outcome::{self, Done, End, Ended};
use crate::types::{Bytes, Status, Text, Why, described, refused, user_agent};

mod config;
mod request;

pub(crate) use config::sender_constraint;
pub use config::{Config, Server, symbolon_server_buffer, symbolon_server_init, symbolon_server_size};
pub use request::{Certificate, Request};

starts! {
    Server:
    /// Starts the flow of the authorization endpoint.
    symbolon_authorize_start: authorize(request, browser, now, entropy);
    /// Starts the flow of a pushed authorization request.
    symbolon_push_start: push(request, now, entropy);
    /// Starts the flow that finds an interaction again.
    symbolon_resume_start: resume(handle, browser, now);
    /// Starts the flow of the token endpoint.
    symbolon_token_start: token(request, now, entropy);
    /// Starts the flow of the revocation endpoint.
    symbolon_revoke_start: revoke(request, now);
    /// Starts the flow of the introspection endpoint.
    symbolon_introspect_start: introspect(request, now);
    /// Starts the flow of the userinfo endpoint.
    symbolon_userinfo_start: userinfo(request, now);
}

finishes! {
    Server:
    /// The reply of the metadata endpoint, which asks nothing.
    symbolon_metadata_start: metadata;
    /// The reply of the endpoint with the public keys, which asks nothing.
    symbolon_jwks_start: jwks;
}

described! {
    /// `symbolon_decision`: what the user decided.
    pub struct UserDecision {
        /// The user, 1 to 255 printable ASCII characters.
        pub subject: Text,
        /// When the user was authenticated.
        pub authenticated_at: u64,
        /// 1 if the user approves, 2 if the user cannot be authenticated as `acr_values` ask; anything else is no.
        pub approved: u32,
        /// 1 `login_required`, 2 `consent_required`, 3 `account_selection_required`, 4 `interaction_required`: why a request with
        /// `prompt=none` cannot be approved, and then nothing else here counts. 0 otherwise.
        pub unasked: u32,
        /// What is approved.
        pub scope: Text,
        /// The authorization details that are approved, as JSON; empty for none.
        pub authorization_details: Text,
        /// The class of the context in which the user was authenticated; may be empty.
        pub acr: Text,
        /// By which methods the user was authenticated, with a space between them; may be empty.
        pub amr: Text,
    }
}

/// Starts the flow that ends an interaction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_decide_start(
    flow: *mut Flow,
    server: *const Server,
    handle: Text,
    browser: Bytes,
    decision: *const UserDecision,
    now: u64,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let decision = decision.as_ref().ok_or(Status::Null)?;
            let (server, handle, browser) = (Server::get(server)?, handle.sent()?, user_agent(browser)?);
            let why = match decision.unasked {
                0 => None,
                1 => Some(Unasked::LoginRequired),
                2 => Some(Unasked::ConsentRequired),
                3 => Some(Unasked::AccountSelectionRequired),
                4 => Some(Unasked::InteractionRequired),
                _ => return Err(Status::Refused),
            };
            if let Some(why) = why {
                return Ok(server.decline(handle, browser, why, Time(now), buffer));
            }
            let (acr, amr) = (decision.acr.str()?, decision.amr.str()?);
            let user = Authenticated::new(decision.subject.str()?, Time(decision.authenticated_at));
            let user = user.and_then(|user| user.by(acr, amr)).map_err(refused(core::ptr::null_mut()))?;
            let decision = match decision.approved {
                1 => Decision::Approve {
                    scope: decision.scope.str()?,
                    authorization_details: decision.authorization_details.str()?,
                },
                2 => Decision::AuthenticationUnmet,
                _ => Decision::Deny,
            };
            Ok(server.decide(handle, browser, user, decision, Time(now), buffer))
        })
    }
}

impl Ended for Authorization<'static> {
    fn done(&self) -> Done {
        match self {
            Self::Refused(reply) => reply.done(),
            Self::Interact(prompt) => {
                let Prompt { refusal, .. } = *prompt;
                let why = refusal.map_or(Why::NONE, Why::of);
                let prompt = outcome::Prompt {
                    handle: Text::of(prompt.handle),
                    client_id: Text::of(prompt.client_id),
                    client_name: Text::of(prompt.client_name),
                    client_host: Text::maybe(prompt.client_host),
                    redirect_uri: Text::of(prompt.redirect_uri),
                    redirect_host: Text::of(prompt.redirect_host),
                    loopback: prompt.loopback,
                    confidential: prompt.confidential,
                    scope: Text::of(prompt.scope),
                    resources: Text::of(prompt.resources),
                    authorization_details: Text::of(prompt.authorization_details),
                    prompt: Text::of(prompt.prompt),
                    authenticated_since: prompt.authenticated_since.0,
                    login_hint: Text::maybe(prompt.login_hint),
                    acr_values: Text::of(prompt.acr_values),
                    expires_at: prompt.expires_at.0,
                    refusal: why.name,
                    refusal_parameter: why.parameter,
                };
                Done::well(outcome::Kind::Prompt, End { prompt })
            }
        }
    }
}

impl Ended for UserinfoReply<'static> {
    fn done(&self) -> Done {
        let user = match self {
            Self::Refused(reply) => return reply.done(),
            Self::User(user) => user,
        };
        let text = |bytes| core::str::from_utf8(bytes).ok();
        let nonce = user.reply.headers.iter().find(|field| field.name == "DPoP-Nonce");
        let user = outcome::User {
            subject: Text::of(user.subject),
            client_id: Text::of(user.client_id),
            scope: Text::of(user.scope),
            body: Text::maybe(text(user.reply.body)),
            dpop_nonce: Text::maybe(nonce.and_then(|field| text(field.value))),
        };
        Done::well(outcome::Kind::User, End { user })
    }
}
