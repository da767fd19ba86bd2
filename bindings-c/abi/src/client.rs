//! The client: the start of each of its flows, and what they end in. Its configuration is in `client/config.rs`.

use symbolon::Reason;
use symbolon::client::{
    AuthorizationRequest as CoreAuthorizationRequest, Failure, Refreshed, Revoked, SignIn, SignedIn, Tokens, WellKnown,
};
use symbolon::terms::Time;
use symbolon::terms::endpoint::Endpoint;
use symbolon::terms::metadata::ServerMetadata;

use crate::flow::{Flow, starts};
use crate::outcome::{self, Done, End, Ended, Kind};
use crate::types::{Bytes, Metadata, Outcome, Status, Text, Why, described, lent, refused, status, user_agent};

mod config;
mod request;

pub use config::{
    Client, Config, symbolon_client_buffer, symbolon_client_init, symbolon_client_size, symbolon_metadata_size,
};

pub use request::Request;

described! {
    /// `symbolon_authorization_request`: what a sign-in asks for.
    pub struct AuthorizationRequest {
        /// The scope; absent for the client's own.
        pub scope: Text,
        /// The authentication context classes that will do, with a space between them; empty for any.
        pub acr_values: Text,
        /// `prompt`; empty for the server's choice.
        pub prompt: Text,
        /// Who the user might be; absent for nobody.
        pub login_hint: Text,
        /// 1 if `max_age` counts.
        pub has_max_age: u32,
        /// The seconds within which the user must have been authenticated.
        pub max_age: u64,
    }
}

impl AuthorizationRequest {
    /// As the core has it; NULL asks for nothing in particular.
    ///
    /// # Safety
    ///
    /// `request` is NULL or readable, and its texts are lent until the flow has ended.
    pub(crate) unsafe fn read(request: *const Self) -> Outcome<CoreAuthorizationRequest<'static>> {
        // SAFETY: as the caller promises.
        unsafe {
            let Some(request) = request.as_ref() else { return Ok(CoreAuthorizationRequest::default()) };
            Ok(CoreAuthorizationRequest {
                scope: request.scope.optional()?,
                max_age: (request.has_max_age == 1).then_some(request.max_age),
                acr_values: request.acr_values.str()?,
                prompt: request.prompt.str()?,
                login_hint: request.login_hint.optional()?,
            })
        }
    }
}

/// Reads the metadata document of the client's server, and overwrites it; it must stay while the metadata is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_metadata_read(
    place: *mut Metadata,
    client: *const Client,
    document: *mut u8,
    len: usize,
    why: *mut Why,
) -> i32 {
    // SAFETY: the caller lends all of it.
    status(unsafe { Client::get(client) }.and_then(|client| unsafe {
        let read = ServerMetadata::read(lent(document, len)?, client.issuer, client.schemes);
        Metadata::put(
            place,
            match read {
                Ok(read) => Ok(read),
                Err(reason) => Err(refused(why)(reason)),
            },
        )
    }))
}

/// Where the metadata document is, by its number.
pub(crate) const fn well_known(at: u32) -> Outcome<WellKnown> {
    match at {
        1 => Ok(WellKnown::OAuth),
        2 => Ok(WellKnown::OpenId),
        3 => Ok(WellKnown::OpenIdInserted),
        _ => Err(Status::Refused),
    }
}

starts! {
    Client:
    /// Starts the flow that finds the client's server.
    symbolon_client_discover_start: discover(well_known, known);
    /// Starts the flow that sends the user to the server.
    symbolon_client_authorize_start: authorize(metadata, browser, authorization, now, entropy);
    /// Starts the flow that has an access token that works.
    symbolon_client_refresh_start: refresh(metadata, session, rejected, now);
    /// Starts the flow that has an access token of the client's own.
    symbolon_client_credentials_start: credentials(metadata, scope, rejected, now, entropy);
    /// Starts the flow that asks a resource.
    symbolon_client_request_start: request(session, client_request, now, entropy);
    /// Starts the flow that asks the server about the user.
    symbolon_client_userinfo_start: userinfo(metadata, session, now, entropy);
    /// Starts the flow that signs out.
    symbolon_client_revoke_start: revoke(metadata, session, now);
}

/// Starts the flow that takes the user back; the query is overwritten.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_client_callback_start(
    flow: *mut Flow,
    client: *const Client,
    metadata: *const Metadata,
    query: *mut u8,
    query_len: usize,
    browser: Bytes,
    now: u64,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let (client, metadata) = (Client::get(client)?, Metadata::get(metadata)?);
            Ok(client.callback(metadata, lent(query, query_len)?, user_agent(browser)?, Time(now), buffer))
        })
    }
}

fn failure(kind: Kind, Failure { reason, error }: Failure<'_>) -> Done {
    let failure = outcome::Failure {
        error: Text::maybe(error.map(|error| error.code)),
        error_description: Text::maybe(error.and_then(|error| error.description)),
    };
    Done::badly(kind, reason, failure)
}

fn usable(tokens: &Tokens<'_>) -> outcome::Usable {
    let time = |time: Option<Time>| time.map_or(0, |time| time.0);
    outcome::Usable {
        access_token: Text::of(tokens.access_token),
        key_id: Text::maybe(tokens.key_id),
        expires_at: time(tokens.expires_at),
        scope: Text::of(tokens.scope),
        scope_is_wider: tokens.scope_is_wider,
        resources: Text::of(tokens.resources),
        subject: Text::maybe(tokens.identity.map(|user| user.subject)),
        authenticated_at: time(tokens.identity.and_then(|user| user.authenticated_at)),
    }
}

impl Ended for Result<ServerMetadata<'static>, Reason> {
    fn done(&self) -> Done {
        let metadata = match self {
            Ok(metadata) => metadata,
            Err(reason) => return failure(Kind::Failed, (*reason).into()),
        };
        let url = |endpoint: Option<Endpoint<'_>>| Text::maybe(endpoint.map(Endpoint::as_str));
        let server = outcome::Server {
            issuer: Text::of(metadata.issuer().as_str()),
            authorization_endpoint: url(metadata.authorization_endpoint()),
            token_endpoint: Text::of(metadata.token_endpoint().as_str()),
            revocation_endpoint: url(metadata.revocation_endpoint()),
            introspection_endpoint: url(metadata.introspection_endpoint()),
            sends_iss: metadata.sends_iss(),
            metadata: Metadata::new(*metadata),
        };
        Done::well(Kind::Server, End { server })
    }
}

impl Ended for Result<SignIn<'static>, Failure<'static>> {
    fn done(&self) -> Done {
        match self {
            Ok(SignIn { url, session }) => {
                Done::well(Kind::SignIn, End { sign_in: outcome::SignIn { url: Text::of(url), session: session.0 } })
            }
            Err(why) => failure(Kind::Failed, *why),
        }
    }
}

impl Ended for Result<SignedIn<'static>, Failure<'static>> {
    fn done(&self) -> Done {
        match *self {
            Ok(SignedIn { session, tokens }) => {
                let outcome::Usable {
                    access_token,
                    key_id,
                    expires_at,
                    scope,
                    scope_is_wider,
                    resources,
                    subject,
                    authenticated_at,
                } = usable(&tokens);
                let signed_in = outcome::SignedIn {
                    session: session.0,
                    access_token,
                    key_id,
                    expires_at,
                    scope,
                    scope_is_wider,
                    resources,
                    subject,
                    authenticated_at,
                };
                Done::well(Kind::SignedIn, End { signed_in })
            }
            Err(why) => failure(Kind::Failed, why),
        }
    }
}

impl Ended for Refreshed<'static> {
    fn done(&self) -> Done {
        match *self {
            Self::Usable(tokens) => Done::well(Kind::Usable, End { usable: usable(&tokens) }),
            Self::Busy { until } => Done::well(Kind::Busy, End { busy: outcome::Busy { until: until.0 } }),
            Self::SignInAgain(why) => failure(Kind::SignInAgain, why),
            Self::Failed(why) => failure(Kind::Failed, why),
        }
    }
}

impl Ended for Revoked<'static> {
    fn done(&self) -> Done {
        match *self {
            Self::SignedOut { at_server } => {
                Done::well(Kind::SignedOut, End { signed_out: outcome::SignedOut { at_server } })
            }
            Self::Failed(why) => failure(Kind::Failed, why),
        }
    }
}
