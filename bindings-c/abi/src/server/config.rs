//! The configuration of the authorization server.

use symbolon::record::SenderConstraint;
use symbolon::server::{AccessTokens, BUFFER, Endpoints, Lifetimes, Server as CoreServer, TokenKeys};
use symbolon::terms::issuer::Issuer;

use crate::types::{
    CredentialKey, Outcome, Place, SigningKey, Text, Why, credential_keys, described, initialized, refused,
    signing_keys, status,
};

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
        /// The resources to name in the metadata.
        pub protected_resources: Text,
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
        unsafe { initialized(config, |config| &raw const (*config).abi) }
            .and_then(|config| unsafe { Server::put(place, server(config, why)) }),
    )
}

unsafe fn server(config: &Config, why: *mut Why) -> Outcome<CoreServer<'static>> {
    // SAFETY: the caller lends `why`.
    let refused = unsafe { refused(why) };
    // SAFETY: the caller lends the keys for this call.
    let ring = unsafe { credential_keys(config.keys, config.keys_len, &refused) }?;
    // SAFETY: the caller lends the keys for this call, and their texts for as long as the server is in use.
    let signing_keys = unsafe { signing_keys(config.signing_keys, config.signing_keys_len, &refused) }?;
    // SAFETY: the caller lends the texts for as long as the server is in use.
    let (issuer, endpoints, [scopes_supported, protected_resources, authorization_details_types]) = unsafe {
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
        (config.issuer.str()?, endpoints, [config.scopes_supported.str()?, config.protected_resources.str()?, types])
    };
    let parse = match config.plain_http_on_loopback {
        1 => Issuer::parse_allowing_plain_http_on_loopback,
        _ => Issuer::parse,
    };
    let or = |lifetime, default| if lifetime == 0 { default } else { lifetime };
    let usual = Lifetimes::default();
    let access_tokens = if config.jwt_access_tokens == 1 { AccessTokens::Jwt } else { AccessTokens::Opaque };
    Ok(CoreServer {
        issuer: parse(issuer).map_err(&refused)?,
        keys: ring,
        endpoints,
        signing_keys: TokenKeys::new(signing_keys, access_tokens).map_err(&refused)?,
        sender_constraint: sender_constraint(config.sender_constrained),
        dpop_nonces: config.dpop_nonces == 1,
        pushed_requests_only: config.pushed_requests_only == 1,
        client_id_metadata_documents: config.client_id_metadata_documents == 1,
        authorization_details_types,
        scopes_supported,
        protected_resources,
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
