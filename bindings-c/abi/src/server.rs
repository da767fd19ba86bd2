//! The authorization server: its configuration, its clients' rows, and the start of each of its flows.

use core::slice;

use symbolon::record::SenderConstraint;
use symbolon::server::{
    AccessTokens, Authenticated, Authorization, BUFFER, Decision, Endpoints, Lifetimes, Prompt, Server as CoreServer,
    SigningKey as CoreSigningKey, SigningKeys, Unasked,
};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::{Entropy, Time};
use symbolon::wire::http::{Certificate as CoreCertificate, Method, Request as CoreRequest};
use symbolon::wire::jose::Algorithm;
use symbolon::{Name, Reason, limits};

use crate::flow::Flow;
use crate::outcome::{self, Done, End, Ended};
use crate::types::{
    Bytes, CredentialKey, Field, Headers, Outcome, Place, Status, Text, Why, credential_keys, described, initialized,
    lent, refused, status, user_agent,
};

/// `symbolon_signing_key`: the public half of a key that the host signs with.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SigningKey {
    /// Its `kid`.
    pub key_id: Text,
    /// Its algorithm.
    pub algorithm: Text,
    /// The public key, as a JWK with this `kid` and `alg`.
    pub jwk: Text,
}

impl SigningKey {
    /// As the core has it.
    ///
    /// # Safety
    ///
    /// The texts are readable, and stay as they are for `'a`.
    unsafe fn read<'a>(&self) -> Outcome<Result<CoreSigningKey<'a>, Reason>> {
        // SAFETY: as the caller promises.
        let (key_id, algorithm, jwk) = unsafe { (self.key_id.str()?, self.algorithm.str()?, self.jwk.str()?) };
        let algorithm = Algorithm::from_name(algorithm).ok_or(Reason::Malformed(Name::Alg));
        Ok(algorithm.map(|algorithm| CoreSigningKey { key_id, algorithm, jwk }))
    }
}

described! {
    /// `symbolon_server_config`.
    pub struct Config {
        /// [`ABI`](crate::ABI).
        pub abi: u32,
        /// Whether the issuer may be `http` on loopback: for development.
        pub plain_http_on_loopback: u32,
        /// The issuer identifier.
        pub issuer: Text,
        /// The URL of the authorization endpoint.
        pub authorization_endpoint: Text,
        /// The URL of the token endpoint.
        pub token_endpoint: Text,
        /// The URL of the revocation endpoint.
        pub revocation_endpoint: Text,
        /// The URL of the introspection endpoint.
        pub introspection_endpoint: Text,
        /// The URL of the endpoint for pushed authorization requests; empty, as the two below, if the server has none.
        pub pushed_authorization_request_endpoint: Text,
        /// The URL of the JWK set.
        pub jwks_uri: Text,
        /// The URL of the userinfo endpoint.
        pub userinfo_endpoint: Text,
        /// The scope tokens to name in the metadata.
        pub scopes_supported: Text,
        /// The types of authorization details that the server knows.
        pub authorization_details_types: Text,
        /// 1 if every client must push its authorization requests.
        pub pushed_requests_only: u32,
        /// 1 if a client may be known by the URL of its metadata document alone.
        pub client_id_metadata_documents: u32,
        /// The secrets; the first one makes new credentials.
        pub keys: *const CredentialKey,
        /// How many there are.
        pub keys_len: usize,
        /// The keys to sign tokens with; the first one signs, and all are published.
        pub signing_keys: *const SigningKey,
        /// How many there are.
        pub signing_keys_len: usize,
        /// 1 if access tokens are JWTs (RFC 9068); else they are opaque.
        pub jwt_access_tokens: u32,
        /// 1 if every client's tokens must be bound to a key.
        pub sender_constrained: u32,
        /// 1 if a DPoP proof must hold a nonce of this server.
        pub dpop_nonces: u32,
        /// How long an interaction lives, in seconds; 0 here and below for the default.
        pub interaction_lifetime: u64,
        /// How long a pushed authorization request lives.
        pub pushed_request_lifetime: u64,
        /// How long a code lives.
        pub code_lifetime: u64,
        /// How long an access token lives.
        pub access_token_lifetime: u64,
        /// How long a refresh token lives that is not used.
        pub refresh_token_lifetime: u64,
        /// How long a grant lives.
        pub grant_lifetime: u64,
        /// How long a lost refresh may be asked for again.
        pub retry_lifetime: u64,
    }
}

/// One more than there may be, so that too many are refused.
const SIGNING_KEYS: usize = limits::SIGNING_KEYS.saturating_add(1);

/// Whether tokens must be bound to a key.
pub(crate) const fn sender_constraint(required: u32) -> SenderConstraint {
    if required == 1 { SenderConstraint::Required } else { SenderConstraint::AsPresented }
}

/// `symbolon_server`.
pub type Server = Place<CoreServer<'static>, 1536>;

/// The buffer that every flow of the server needs.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_server_buffer() -> usize {
    BUFFER
}

/// The size of the storage of a configuration.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_server_size() -> usize {
    size_of::<Server>()
}

/// Checks a configuration, and keeps it: what it points to must stay, but for the keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_server_init(place: *mut Server, config: *const Config, why: *mut Why) -> i32 {
    // SAFETY: the caller lends all three.
    status(
        unsafe { initialized(config, |config| config.abi) }
            .and_then(|config| unsafe { Server::put(place, server(config, why)?) }),
    )
}

unsafe fn server(config: &Config, why: *mut Why) -> Outcome<CoreServer<'static>> {
    // SAFETY: the caller lends `why`.
    let refused = unsafe { refused(why) };
    // SAFETY: the caller lends the keys for this call.
    let ring = unsafe { credential_keys(config.keys, config.keys_len, &refused) }?;
    let mut signing = [CoreSigningKey { key_id: "", algorithm: Algorithm::Es256, jwk: "" }; SIGNING_KEYS];
    let keys = match (config.signing_keys.is_null(), config.signing_keys_len) {
        (_, 0) => &[],
        (true, _) => return Err(Status::Null),
        // SAFETY: the caller lends the keys for this call.
        (false, len) => unsafe { slice::from_raw_parts(config.signing_keys, len) },
    };
    for (place, key) in signing.iter_mut().zip(keys) {
        // SAFETY: the caller lends the texts for as long as the server is in use.
        *place = unsafe { key.read() }?.map_err(&refused)?;
    }
    // One more than there may be, of which the core says so.
    let signing = signing.get(..keys.len()).unwrap_or(&signing);
    // SAFETY: the caller lends the texts for as long as the server is in use.
    let (issuer, endpoints, scopes_supported, authorization_details_types) = unsafe {
        let endpoints = Endpoints {
            authorization: config.authorization_endpoint.str()?,
            token: config.token_endpoint.str()?,
            revocation: config.revocation_endpoint.str()?,
            introspection: config.introspection_endpoint.str()?,
            pushed_authorization_request: config.pushed_authorization_request_endpoint.str()?,
            jwks: config.jwks_uri.str()?,
            userinfo: config.userinfo_endpoint.str()?,
        };
        let types = config.authorization_details_types.str()?;
        (config.issuer.str()?, endpoints, config.scopes_supported.str()?, types)
    };
    let parse = match config.plain_http_on_loopback {
        1 => Issuer::parse_allowing_plain_http_on_loopback,
        _ => Issuer::parse,
    };
    let or = |lifetime, default| if lifetime == 0 { default } else { lifetime };
    let usual = Lifetimes::default();
    Ok(CoreServer {
        issuer: parse(issuer).map_err(&refused)?,
        keys: ring,
        endpoints,
        signing_keys: SigningKeys::new(signing).map_err(&refused)?,
        access_tokens: if config.jwt_access_tokens == 1 { AccessTokens::Jwt } else { AccessTokens::Opaque },
        sender_constraint: sender_constraint(config.sender_constrained),
        dpop_nonces: config.dpop_nonces == 1,
        pushed_requests_only: config.pushed_requests_only == 1,
        client_id_metadata_documents: config.client_id_metadata_documents == 1,
        authorization_details_types,
        scopes_supported,
        lifetimes: Lifetimes {
            interaction: or(config.interaction_lifetime, usual.interaction),
            pushed_request: or(config.pushed_request_lifetime, usual.pushed_request),
            code: or(config.code_lifetime, usual.code),
            access_token: or(config.access_token_lifetime, usual.access_token),
            refresh_token: or(config.refresh_token_lifetime, usual.refresh_token),
            grant: or(config.grant_lifetime, usual.grant),
            retry: or(config.retry_lifetime, usual.retry),
        },
    })
}

described! {
    /// `symbolon_request`: a request as it arrived. Query and body are overwritten, and lent until the flow has ended.
    pub struct Request {
        /// The method.
        pub method: Text,
        /// What follows the `?`.
        pub query: *mut u8,
        /// Its length.
        pub query_len: usize,
        /// Every header field.
        pub headers: *const Field,
        /// How many there are.
        pub headers_len: usize,
        /// The body.
        pub body: *mut u8,
        /// Its length.
        pub body_len: usize,
        /// The certificate that the client has shown, or NULL.
        pub certificate: *const Certificate,
    }

    /// `symbolon_certificate`: a client certificate, whose private key the TLS handshake has proven.
    pub struct Certificate {
        /// The SHA-256 hash of its DER encoding.
        pub thumbprint: [u8; 32],
        /// 1 if its chain leads to an authority that the host trusts to name clients.
        pub chain_verified: u32,
        /// Its subject, as RFC 4514 writes it.
        pub subject: Text,
        /// The DNS names among its subject's alternative names; here and below with a space between them.
        pub dns: Text,
        /// The URIs.
        pub uri: Text,
        /// The IP addresses.
        pub ip: Text,
        /// The e-mail addresses.
        pub email: Text,
    }
}

impl Certificate {
    /// As the core has it.
    ///
    /// # Safety
    ///
    /// The texts are readable, and stay as they are while the flow lasts.
    unsafe fn read(&self) -> Outcome<CoreCertificate<'static>> {
        // SAFETY: as the caller promises.
        unsafe {
            Ok(CoreCertificate {
                thumbprint: self.thumbprint,
                chain_verified: self.chain_verified == 1,
                subject: self.subject.sent()?,
                dns: self.dns.sent()?,
                uri: self.uri.sent()?,
                ip: self.ip.sent()?,
                email: self.email.sent()?,
            })
        }
    }
}

/// Lends a request to `then`.
unsafe fn with_request<T>(
    request: *const Request,
    then: impl FnOnce(CoreRequest<'static, '_>) -> Outcome<T>,
) -> Outcome<T> {
    // SAFETY: the caller lends the request, and what it points to until the flow has ended.
    unsafe {
        let Request { method, query, query_len, headers, headers_len, body, body_len, certificate } =
            *request.as_ref().ok_or(Status::Null)?;
        let mut room = Headers::room();
        let headers = room.read(headers, headers_len)?;
        then(CoreRequest {
            method: Method::from_bytes(Bytes { ptr: method.ptr, len: method.len }.slice()?),
            query: lent(query, query_len)?,
            headers,
            body: lent(body, body_len)?,
            certificate: certificate.as_ref().map(|certificate| certificate.read()).transpose()?,
        })
    }
}

/// Starts the flow of the authorization endpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_authorize_start(
    flow: *mut Flow,
    server: *const Server,
    request: *const Request,
    browser: Bytes,
    now: u64,
    entropy: *const [u8; 32],
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let server = Server::get(server)?;
            let entropy = Entropy::new(*entropy.as_ref().ok_or(Status::Null)?);
            let browser = user_agent(browser)?;
            with_request(request, |request| Ok(server.authorize(request, browser, Time(now), entropy, buffer)))
        })
    }
}

/// Starts the flow of a pushed authorization request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_push_start(
    flow: *mut Flow,
    server: *const Server,
    request: *const Request,
    now: u64,
    entropy: *const [u8; 32],
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let server = Server::get(server)?;
            let entropy = Entropy::new(*entropy.as_ref().ok_or(Status::Null)?);
            with_request(request, |request| Ok(server.push(request, Time(now), entropy, buffer)))
        })
    }
}

/// Starts the flow that finds an interaction again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_resume_start(
    flow: *mut Flow,
    server: *const Server,
    handle: Text,
    browser: Bytes,
    now: u64,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let browser = user_agent(browser)?;
            Ok(Server::get(server)?.resume(handle.sent()?, browser, Time(now), buffer))
        })
    }
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

/// Starts the flow of the token endpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_token_start(
    flow: *mut Flow,
    server: *const Server,
    request: *const Request,
    now: u64,
    entropy: *const [u8; 32],
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let server = Server::get(server)?;
            let entropy = Entropy::new(*entropy.as_ref().ok_or(Status::Null)?);
            with_request(request, |request| Ok(server.token(request, Time(now), entropy, buffer)))
        })
    }
}

macro_rules! start_with_request {
    ($($(#[$doc:meta])* $start:ident: $method:ident;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $start(
            flow: *mut Flow,
            server: *const Server,
            request: *const Request,
            now: u64,
            buffer: *mut u8,
            buffer_len: usize,
        ) -> i32 {
            // SAFETY: the caller lends all of it.
            unsafe {
                Flow::start(flow, (buffer, buffer_len), |buffer| {
                    let server = Server::get(server)?;
                    with_request(request, |request| Ok(server.$method(request, Time(now), buffer)))
                })
            }
        }
    )*};
}

start_with_request! {
    /// Starts the flow of the revocation endpoint.
    symbolon_revoke_start: revoke;
    /// Starts the flow of the introspection endpoint.
    symbolon_introspect_start: introspect;
}

/// The reply of the metadata endpoint, which asks nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_metadata_start(
    flow: *mut Flow,
    server: *const Server,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe { Flow::finish(flow, (buffer, buffer_len), |buffer| Ok(Server::get(server)?.metadata(buffer))) }
}

/// The reply of the endpoint with the public keys, which asks nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_jwks_start(
    flow: *mut Flow,
    server: *const Server,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe { Flow::finish(flow, (buffer, buffer_len), |buffer| Ok(Server::get(server)?.jwks(buffer))) }
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
