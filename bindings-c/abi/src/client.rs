//! The client: its configuration, and the start of each of its flows.

use symbolon::Name;
use symbolon::Reason;
use symbolon::client::{
    Addresses, Authentication, AuthorizationRequest, BUFFER, Binding, Client as CoreClient, Failure, Lifetimes,
    MixUpDefense, PushedRequests, Refreshed, Revoked, SignIn, SignedIn, Tokens, WellKnown,
};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::{Entropy, Time};
use symbolon::wire::jose::Algorithm;

use crate::flow::{Flow, starts};
use crate::outcome::{self, Done, End, Ended, Kind};
use crate::types::{
    Bytes, Metadata, Outcome, Place, Status, Text, Why, described, initialized, lent, refused, status, user_agent,
};

described! {
    /// `symbolon_client_config`.
    pub struct Config {
        /// [`ABI`](crate::ABI).
        pub abi: u32,
        /// 1 for `none`, 2 for `client_secret_basic`, 3 for `client_secret_post`.
        pub authentication: u32,
        /// 1 for `iss`, 2 for a redirection URI of this server's own, 3 for the only server that there will be.
        pub mix_up_defense: u32,
        /// 1 if the server may be `http` on loopback: for development.
        pub plain_http_on_loopback: u32,
        /// 1 if the server may have a private address.
        pub private_addresses: u32,
        /// The issuer.
        pub issuer: Text,
        /// The client.
        pub client_id: Text,
        /// Its secret, if it authenticates.
        pub client_secret: Text,
        /// Where the server sends the user back to.
        pub redirect_uri: Text,
        /// The scope to ask for if a sign-in names no other.
        pub scope: Text,
        /// The resources that tokens are for.
        pub resources: Text,
        /// How long a sign-in may take, in seconds; 0 for the default.
        pub sign_in_lifetime: u64,
        /// How long a session lives that is not refreshed, in seconds; 0 for the default.
        pub session_lifetime: u64,
    }
}

/// `symbolon_client`.
pub type Client = Place<CoreClient<'static>, 320>;

/// The buffer that every flow of the client needs.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_client_buffer() -> usize {
    BUFFER
}

/// The size of the storage of a configuration.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_client_size() -> usize {
    size_of::<Client>()
}

/// The size of the storage of a server's metadata.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_metadata_size() -> usize {
    size_of::<Metadata>()
}

/// Checks a configuration, and keeps it: what it points to must stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_client_init(place: *mut Client, config: *const Config, why: *mut Why) -> i32 {
    // SAFETY: the caller lends all three.
    status(
        unsafe { initialized(config, |config| config.abi) }
            .and_then(|config| unsafe { Client::put(place, client(config, why)?) }),
    )
}

unsafe fn client(config: &Config, why: *mut Why) -> Outcome<CoreClient<'static>> {
    // SAFETY: the caller lends `why`; the texts below for as long as the client is in use.
    let refused = unsafe { refused(why) };
    // SAFETY: as above.
    let (issuer, client_id, secret, redirect_uri, scope, resources) = unsafe {
        (
            config.issuer.str()?,
            config.client_id.str()?,
            config.client_secret.str()?,
            config.redirect_uri.str()?,
            config.scope.str()?,
            config.resources.str()?,
        )
    };
    let (issuer, schemes) = match config.plain_http_on_loopback {
        1 => (Issuer::parse_allowing_plain_http_on_loopback(issuer), Schemes::HttpsAndPlainHttpOnLoopback),
        _ => (Issuer::parse(issuer), Schemes::Https),
    };
    let usual = Lifetimes::default();
    let or = |lifetime, default| if lifetime == 0 { default } else { lifetime };
    Ok(CoreClient {
        issuer: issuer.map_err(&refused)?,
        client_id: ClientId::parse(client_id).map_err(&refused)?,
        authentication: match config.authentication {
            1 => Authentication::None,
            2 => Authentication::ClientSecretBasic(secret),
            3 => Authentication::ClientSecretPost(secret),
            _ => return Err(refused(Reason::Malformed(Name::TokenEndpointAuthMethod))),
        },
        redirect_uri,
        scope,
        resources,
        mix_up_defense: match config.mix_up_defense {
            1 => MixUpDefense::Iss,
            2 => MixUpDefense::OwnRedirectUri,
            3 => MixUpDefense::OnlyServer,
            _ => return Err(refused(Reason::Malformed(Name::MixUpDefense))),
        },
        schemes,
        addresses: if config.private_addresses == 1 { Addresses::PrivateAndLoopbackToo } else { Addresses::PublicOnly },
        binding: Binding::None,
        pushed_requests: PushedRequests::IfRequired,
        id_token_algorithm: Algorithm::Rs256,
        lifetimes: Lifetimes {
            sign_in: or(config.sign_in_lifetime, usual.sign_in),
            session: or(config.session_lifetime, usual.session),
        },
    })
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
        Metadata::put(place, read.map_err(refused(why))?)
    }))
}

/// Starts the flow that finds the client's server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_client_discover_start(
    flow: *mut Flow,
    client: *const Client,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            Ok(Client::get(client)?.discover(WellKnown::OAuth, None, buffer))
        })
    }
}

/// Starts the flow that sends the user to the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_client_authorize_start(
    flow: *mut Flow,
    client: *const Client,
    metadata: *const Metadata,
    browser: Bytes,
    scope: Text,
    now: u64,
    entropy: *const [u8; 32],
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let (client, metadata) = (Client::get(client)?, Metadata::get(metadata)?);
            let entropy = Entropy::new(*entropy.as_ref().ok_or(Status::Null)?);
            let request = AuthorizationRequest { scope: scope.optional()?, ..AuthorizationRequest::default() };
            Ok(client.authorize(metadata, user_agent(browser)?, request, Time(now), entropy, buffer))
        })
    }
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

starts! {
    Client:
    /// Starts the flow that has an access token that works.
    symbolon_client_refresh_start: refresh(metadata, session, rejected, now);
    /// Starts the flow that signs out.
    symbolon_client_revoke_start: revoke(metadata, session, now);
}

fn failure(kind: Kind, Failure { reason, error }: Failure<'_>) -> Done {
    let failure = outcome::Failure {
        error: Text::maybe(error.map(|error| error.code)),
        error_description: Text::maybe(error.and_then(|error| error.description)),
    };
    Done::badly(kind, reason, failure)
}

fn end(time: Option<Time>) -> u64 {
    time.map_or(0, |time| time.0)
}

impl Ended for Result<ServerMetadata<'static>, Reason> {
    fn done(&self) -> Done {
        let metadata = match *self {
            Ok(metadata) => metadata,
            Err(reason) => return failure(Kind::Failed, reason.into()),
        };
        let url = |endpoint: Option<Endpoint<'_>>| Text::maybe(endpoint.map(Endpoint::as_str));
        let server = outcome::Server {
            issuer: Text::of(metadata.issuer().as_str()),
            authorization_endpoint: url(metadata.authorization_endpoint()),
            token_endpoint: Text::of(metadata.token_endpoint().as_str()),
            revocation_endpoint: url(metadata.revocation_endpoint()),
            introspection_endpoint: url(metadata.introspection_endpoint()),
            sends_iss: metadata.sends_iss(),
            metadata: Metadata::new(metadata),
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
                let Tokens { access_token, expires_at, scope, scope_is_wider, resources, .. } = tokens;
                let signed_in = outcome::SignedIn {
                    session: session.0,
                    access_token: Text::of(access_token),
                    expires_at: end(expires_at),
                    scope: Text::of(scope),
                    scope_is_wider,
                    resources: Text::of(resources),
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
            Self::Usable(Tokens { access_token, expires_at, scope, scope_is_wider, resources, .. }) => {
                let usable = outcome::Usable {
                    access_token: Text::of(access_token),
                    expires_at: end(expires_at),
                    scope: Text::of(scope),
                    scope_is_wider,
                    resources: Text::of(resources),
                };
                Done::well(Kind::Usable, End { usable })
            }
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
