//! The configuration of the client.

use symbolon::client::{
    Addresses, Authentication, BUFFER, Binding, Client as CoreClient, Lifetimes, MixUpDefense, PushedRequests,
};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::wire::jose::Algorithm;
use symbolon::{Name, Reason};

use crate::types::{
    Metadata, Outcome, Place, SigningKey, Status, Text, Why, described, initialized, refused, signing_keys, status,
};

described! {
    /// `symbolon_client_config`.
    pub struct Config {
        /// [`ABI`](crate::ABI).
        pub abi: u32,
        /// 1 for `none`, 2 for `client_secret_basic`, 3 for `client_secret_post`, 4 for `private_key_jwt`, 5 for
        /// `tls_client_auth`, 6 for `self_signed_tls_client_auth`.
        pub authentication: u32,
        /// What its tokens are bound to: 1 nothing, 2 a key, by DPoP, 3 the certificate that it shows.
        pub binding: u32,
        /// 1 for `iss`, 2 for a redirection URI of this server's own, 3 for the only server that there will be.
        pub mix_up_defense: u32,
        /// 1 if every authorization request is pushed; else those that the server demands so.
        pub pushed_requests_only: u32,
        /// 1 if the server may be `http` on loopback: for development.
        pub plain_http_on_loopback: u32,
        /// 1 if the server may have a private address.
        pub private_addresses: u32,
        /// The issuer.
        pub issuer: Text,
        /// The client.
        pub client_id: Text,
        /// Its secret, if it authenticates by one.
        pub client_secret: Text,
        /// The key of its assertions, for `private_key_jwt`; else NULL.
        pub assertion_key: *const SigningKey,
        /// The keys that its tokens are bound to by DPoP; the first one is for what begins now.
        pub dpop_keys: *const SigningKey,
        /// How many there are.
        pub dpop_keys_len: usize,
        /// The algorithm that its ID tokens are signed with; empty for `RS256`.
        pub id_token_algorithm: Text,
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
pub type Client = Place<CoreClient<'static>, 520>;

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
        unsafe { initialized(config, |config| &raw const (*config).abi) }
            .and_then(|config| unsafe { Client::put(place, client(config, why)) }),
    )
}

unsafe fn client(config: &Config, why: *mut Why) -> Outcome<CoreClient<'static>> {
    // SAFETY: the caller lends `why`; the keys below for this call, the texts for as long as the client is in use.
    let refused = unsafe { refused(why) };
    // SAFETY: as above.
    let (authentication, binding, algorithm) =
        unsafe { (authentication(config, &refused)?, binding(config, &refused)?, config.id_token_algorithm.str()?) };
    // SAFETY: as above.
    let (issuer, client_id, redirect_uri, scope, resources) = unsafe {
        (
            config.issuer.str()?,
            config.client_id.str()?,
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
        authentication,
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
        binding,
        pushed_requests: match config.pushed_requests_only {
            1 => PushedRequests::Always,
            _ => PushedRequests::IfRequired,
        },
        id_token_algorithm: match algorithm {
            "" => Algorithm::Rs256,
            name => Algorithm::from_name(name).ok_or_else(|| refused(Reason::Malformed(Name::Alg)))?,
        },
        lifetimes: Lifetimes {
            sign_in: or(config.sign_in_lifetime, usual.sign_in),
            session: or(config.session_lifetime, usual.session),
        },
    })
}

/// How the client authenticates. A secret or a key that its method has no use for is refused: it would be believed in.
unsafe fn authentication(config: &Config, refused: &impl Fn(Reason) -> Status) -> Outcome<Authentication<'static>> {
    const REFUSED: Reason = Reason::Malformed(Name::TokenEndpointAuthMethod);
    // SAFETY: the caller lends the key for this call, and the texts for as long as the client is in use.
    let (secret, key) = unsafe { (config.client_secret.str()?, config.assertion_key.as_ref()) };
    match (config.authentication, secret, key) {
        (1, "", None) => Ok(Authentication::None),
        (2, secret, None) => Ok(Authentication::ClientSecretBasic(secret)),
        (3, secret, None) => Ok(Authentication::ClientSecretPost(secret)),
        // SAFETY: as above.
        (4, "", Some(key)) => Ok(Authentication::PrivateKeyJwt(unsafe { key.read() }?.map_err(refused)?)),
        (5, "", None) => Ok(Authentication::TlsClientAuth),
        (6, "", None) => Ok(Authentication::SelfSignedTlsClientAuth),
        _ => Err(refused(REFUSED)),
    }
}

/// What the client's tokens are bound to. Keys are refused that nothing would be bound to, and DPoP without a key.
unsafe fn binding(config: &Config, refused: &impl Fn(Reason) -> Status) -> Outcome<Binding<'static>> {
    // SAFETY: the caller lends the keys for this call, and their texts for as long as the client is in use.
    let keys = unsafe { signing_keys(config.dpop_keys, config.dpop_keys_len, refused) }?;
    match (config.binding, keys.first()) {
        (1, None) => Ok(Binding::None),
        (2, Some(_)) => Ok(Binding::Dpop(keys)),
        (3, None) => Ok(Binding::Certificate),
        _ => Err(refused(Reason::Malformed(Name::Binding))),
    }
}
