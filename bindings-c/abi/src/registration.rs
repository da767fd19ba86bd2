//! The rows of clients, which the program writes to its store itself.

use symbolon::record::{AuthenticationMethod, CertificateSubject, Client, ClientKeys, GrantTypes, Key};
use symbolon::terms::redirect_uri::ApplicationType;
use symbolon::terms::secret;
use symbolon::wire::jose::Algorithm;
use symbolon::{Name, Reason, limits};

use crate::server::sender_constraint;
use crate::types::{Outcome, Status, Text, Why, described, initialized, lent, refused, status};

described! {
    /// `symbolon_registration`: a client, as its row holds it. Lists have a space between their words.
    pub struct Registration {
        /// [`ABI`](crate::ABI).
        pub abi: u32,
        /// 1 for a web application, 2 for a native one, 3 for a native one whose port may vary for `localhost` too.
        pub application_type: u32,
        /// 1 for `none`, 2 for `client_secret_basic`, 3 for `client_secret_post`, 4 for `private_key_jwt`, 5 for
        /// `tls_client_auth`, 6 for `self_signed_tls_client_auth`.
        pub authentication: u32,
        /// 1 if it may use authorization codes.
        pub authorization_code: u32,
        /// 1 if it gets refresh tokens.
        pub refresh_token: u32,
        /// 1 if it may act for itself.
        pub client_credentials: u32,
        /// 1 if its tokens must be bound to a key.
        pub sender_constrained: u32,
        /// 1 if it must push its authorization requests.
        pub pushed_requests_only: u32,
        /// 1 if it is shut out.
        pub disabled: u32,
        /// Its `client_id`.
        pub client_id: Text,
        /// Its name.
        pub client_name: Text,
        /// Its secret, drawn at random.
        pub secret: Text,
        /// The secret that this one replaces.
        pub previous_secret: Text,
        /// Its public keys, as a JWK set.
        pub jwks: Text,
        /// Or where such a set is.
        pub jwks_uri: Text,
        /// The one algorithm of its assertions; empty if its keys say it.
        pub token_endpoint_auth_signing_alg: Text,
        /// Whom its certificate is for: one of this and the four below.
        pub tls_client_auth_subject_dn: Text,
        /// A DNS name.
        pub tls_client_auth_san_dns: Text,
        /// A URI.
        pub tls_client_auth_san_uri: Text,
        /// An IP address.
        pub tls_client_auth_san_ip: Text,
        /// An e-mail address.
        pub tls_client_auth_san_email: Text,
        /// Its redirection URIs.
        pub redirect_uris: Text,
        /// The scope that it may ask for.
        pub scope: Text,
        /// The scope that it gets when it names none.
        pub default_scope: Text,
        /// The resources for which it may ask tokens.
        pub resources: Text,
        /// The types of authorization details that it may ask for.
        pub authorization_details_types: Text,
        /// The resources that it serves.
        pub serves: Text,
    }
}

/// The longest row of a client.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_client_row_size() -> usize {
    symbolon::record::CLIENT_ROW
}

/// Checks a registration, and writes the key and the value of its row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_register(
    registration: *const Registration,
    key: *mut [u8; 32],
    row: *mut u8,
    row_len: usize,
    written: *mut usize,
    why: *mut Why,
) -> i32 {
    // SAFETY: the caller lends all of it.
    status(unsafe { initialized(registration, |registration| &raw const (*registration).abi) }.and_then(
        |registration| unsafe {
            let (key, written) = (key.as_mut().ok_or(Status::Null)?, written.as_mut().ok_or(Status::Null)?);
            register(registration, key, lent(row, row_len)?, written, why)
        },
    ))
}

unsafe fn register(
    registration: &Registration,
    key: &mut [u8; 32],
    row: &mut [u8],
    written: &mut usize,
    why: *mut Why,
) -> Outcome {
    // SAFETY: the caller lends `why`.
    let refused = unsafe { refused(why) };
    // SAFETY: the caller lends the texts for this call.
    let (secrets, client_id) =
        unsafe { ([registration.secret.str()?, registration.previous_secret.str()?], registration.client_id.str()?) };
    let mut hashes = [0; 32 * limits::CLIENT_SECRETS];
    let mut len: usize = 0;
    for (place, text) in hashes.chunks_mut(32).zip(secrets.into_iter().filter(|text| !text.is_empty())) {
        for (place, byte) in place.iter_mut().zip(secret::hash(text)) {
            *place = byte;
        }
        len = len.saturating_add(32);
    }
    let application_type = match registration.application_type {
        1 => ApplicationType::Web,
        2 => ApplicationType::Native,
        3 => ApplicationType::NativeTreatingLocalhostAsLoopback,
        _ => return Err(refused(Reason::Malformed(Name::ApplicationType))),
    };
    let authentication = match registration.authentication {
        1 => AuthenticationMethod::None,
        2 => AuthenticationMethod::ClientSecretBasic,
        3 => AuthenticationMethod::ClientSecretPost,
        4 => AuthenticationMethod::PrivateKeyJwt,
        5 => AuthenticationMethod::TlsClientAuth,
        6 => AuthenticationMethod::SelfSignedTlsClientAuth,
        _ => return Err(refused(Reason::Malformed(Name::TokenEndpointAuthMethod))),
    };
    // SAFETY: as above.
    let (keys, certificate, algorithm) = unsafe {
        (
            keys(registration)?.ok_or_else(|| refused(Reason::Malformed(Name::Jwks)))?,
            certificate(registration)?.ok_or_else(|| refused(Reason::Malformed(Name::TlsClientAuthSubjectDn)))?,
            registration.token_endpoint_auth_signing_alg.str()?,
        )
    };
    let signing_algorithm = match (algorithm, Algorithm::from_name(algorithm)) {
        ("", _) => None,
        (_, None) => return Err(refused(Reason::Malformed(Name::TokenEndpointAuthSigningAlg))),
        (_, known) => known,
    };
    // SAFETY: the caller lends the texts for this call.
    let client = unsafe {
        Client {
            client_id,
            name: registration.client_name.str()?,
            application_type,
            authentication,
            secrets: hashes.get(..len).unwrap_or_default(),
            keys,
            signing_algorithm,
            certificate,
            sender_constraint: sender_constraint(registration.sender_constrained),
            pushed_requests_only: registration.pushed_requests_only == 1,
            redirect_uris: registration.redirect_uris.str()?,
            grant_types: GrantTypes {
                authorization_code: registration.authorization_code == 1,
                refresh_token: registration.refresh_token == 1,
                client_credentials: registration.client_credentials == 1,
            },
            scope: registration.scope.str()?,
            default_scope: registration.default_scope.str()?,
            resources: registration.resources.str()?,
            authorization_details_types: registration.authorization_details_types.str()?,
            serves: registration.serves.str()?,
            disabled: registration.disabled == 1,
        }
    };
    *written = client.register(row).map_err(|reason| match reason {
        Reason::Buffer => Status::TooSmall,
        _ => refused(reason),
    })?;
    *key = Key::client(client_id).0;
    Ok(())
}

/// The keys of a client; `None` if they are in two places.
unsafe fn keys<'a>(registration: &Registration) -> Outcome<Option<ClientKeys<'a>>> {
    // SAFETY: the caller lends the texts.
    Ok(match unsafe { (registration.jwks.str()?, registration.jwks_uri.str()?) } {
        ("", "") => Some(ClientKeys::None),
        (jwks, "") => Some(ClientKeys::Jwks(jwks)),
        ("", uri) => Some(ClientKeys::JwksUri(uri)),
        _ => None,
    })
}

/// Whom a client's certificate is for; `None` if that is said twice.
unsafe fn certificate<'a>(registration: &Registration) -> Outcome<Option<CertificateSubject<'a>>> {
    // SAFETY: the caller lends the texts.
    let names = unsafe {
        [
            CertificateSubject::Dn(registration.tls_client_auth_subject_dn.str()?),
            CertificateSubject::Dns(registration.tls_client_auth_san_dns.str()?),
            CertificateSubject::Uri(registration.tls_client_auth_san_uri.str()?),
            CertificateSubject::Ip(registration.tls_client_auth_san_ip.str()?),
            CertificateSubject::Email(registration.tls_client_auth_san_email.str()?),
        ]
    };
    let mut named = names.into_iter().filter(|name| name.name() != Some(""));
    Ok(match (named.next(), named.next()) {
        (None, _) => Some(CertificateSubject::None),
        (name, None) => name,
        _ => None,
    })
}
