//! The row of a registered client.

use super::Record;
use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::terms::client_id::ClientId;
use crate::terms::endpoint::{Endpoint, Schemes};
use crate::terms::list::List;
use crate::terms::redirect_uri::{self, ApplicationType};
use crate::terms::resource::Resource;
use crate::terms::scope;
use crate::wire::encoding::encoding;
use crate::wire::jose::Algorithm;
use crate::wire::{json, jwk, write};

/// A registered client (RFC 7591 section 2 names its metadata).
///
/// A host writes clients to its store itself: [`Client::register`] checks one and gives the row.
#[derive(Clone, Copy)]
pub struct Client<'c> {
    /// Its `client_id`.
    pub client_id: &'c str,
    /// Its name, to be shown to users; at most [`limits::CLIENT_NAME`] bytes without control characters.
    pub name: &'c str,
    /// Whether it is a web or a native application; decides which redirection URIs it may have.
    pub application_type: ApplicationType,
    /// How it authenticates at every endpoint that programs call.
    pub authentication: AuthenticationMethod,
    /// The hashes of its secrets, 32 bytes each: see [`hash`](crate::terms::secret::hash). Two while one is being replaced.
    pub secrets: &'c [u8],
    /// The public keys that its assertions are signed with, or whose certificates it shows.
    pub keys: ClientKeys<'c>,
    /// The one algorithm of its assertions; `None` if its keys say it.
    pub signing_algorithm: Option<Algorithm>,
    /// Whom its certificate must be for, if a certificate authority vouches for it.
    pub certificate: CertificateSubject<'c>,
    /// Whether its tokens must be bound to a key, whatever the server asks of others.
    pub sender_constraint: SenderConstraint,
    /// Whether its authorization requests must be pushed (`require_pushed_authorization_requests` of RFC 9126 section 6).
    pub pushed_requests_only: bool,
    /// Its redirection URIs.
    pub redirect_uris: &'c str,
    /// The grants that it may use.
    pub grant_types: GrantTypes,
    /// The scope that it may ask for.
    pub scope: &'c str,
    /// The scope that it gets when it names none; empty if it must name one.
    pub default_scope: &'c str,
    /// The resources for which it may ask tokens; the first is the one it gets when it names none.
    pub resources: &'c str,
    /// The types of `authorization_details` that it may ask for (RFC 9396 section 10).
    pub authorization_details_types: &'c str,
    /// The resources that it serves: it may introspect the tokens that are for these.
    pub serves: &'c str,
    /// Whether it is shut out. It gets nothing new; an access token that it has works until it ends, unless the host deletes
    /// the rows of its grants.
    pub disabled: bool,
}

encoding!(long struct Client<'v> {
    client_id, name, application_type, authentication, secrets, keys, signing_algorithm, certificate,
    sender_constraint, pushed_requests_only, redirect_uris, grant_types, scope, default_scope, resources,
    authorization_details_types, serves, disabled,
});

impl<'c> Record<'c> for Client<'c> {}

/// No row of a client is longer than this, in bytes.
pub const CLIENT_ROW: usize = limits::CLIENT_ID
    + limits::CLIENT_NAME
    + 32 * limits::CLIENT_SECRETS
    + limits::REDIRECT_URIS * (limits::URI + 1)
    + 2 * limits::SCOPE
    + 2 * limits::RESOURCES * (limits::RESOURCE + 1)
    + limits::AUTHORIZATION_DETAILS_TYPES * (limits::NAME + 1)
    + limits::JWKS
    + limits::CERTIFICATE_NAME
    + 64;

/// How a client authenticates (`token_endpoint_auth_method` of RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationMethod {
    /// `none`: a public client.
    None,
    /// `client_secret_basic`.
    ClientSecretBasic,
    /// `client_secret_post`.
    ClientSecretPost,
    /// `private_key_jwt` (RFC 7523 section 2.2).
    PrivateKeyJwt,
    /// `tls_client_auth` (RFC 8705 section 2.1).
    TlsClientAuth,
    /// `self_signed_tls_client_auth` (RFC 8705 section 2.2).
    SelfSignedTlsClientAuth,
}

encoding!(enum AuthenticationMethod {
    0 None, 1 ClientSecretBasic, 2 ClientSecretPost, 3 PrivateKeyJwt, 4 TlsClientAuth, 5 SelfSignedTlsClientAuth,
});

impl AuthenticationMethod {
    const fn needs_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    const fn needs_keys(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::SelfSignedTlsClientAuth)
    }
}

/// Where the public keys of a client are. Whoever can change them is the client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ClientKeys<'c> {
    /// It has none.
    None,
    /// `jwks`: the text of a JWK set, at most [`limits::JWKS`] bytes. No key in it may be private, and one must be of use here.
    Jwks(&'c str),
    /// `jwks_uri`: the `https` URL of one. On loopback it may be `http`, for a server whose issuer is so, too: for development.
    JwksUri(&'c str),
}

encoding!(enum ClientKeys<'v> { 0 None, 1 Jwks(jwks), 2 JwksUri(jwks_uri) });

/// The name that a client's certificate must bear, exactly one (RFC 8705 section 2.1.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CertificateSubject<'c> {
    /// It has none.
    None,
    /// `tls_client_auth_subject_dn`: a distinguished name as RFC 4514 writes it.
    Dn(&'c str),
    /// `tls_client_auth_san_dns`.
    Dns(&'c str),
    /// `tls_client_auth_san_uri`.
    Uri(&'c str),
    /// `tls_client_auth_san_ip`.
    Ip(&'c str),
    /// `tls_client_auth_san_email`.
    Email(&'c str),
}

encoding!(enum CertificateSubject<'v> { 0 None, 1 Dn(dn), 2 Dns(dns), 3 Uri(uri), 4 Ip(ip), 5 Email(email) });

impl<'c> CertificateSubject<'c> {
    /// The name, of whatever sort it is.
    pub const fn name(self) -> Option<&'c str> {
        match self {
            Self::None => None,
            Self::Dn(name) | Self::Dns(name) | Self::Uri(name) | Self::Ip(name) | Self::Email(name) => Some(name),
        }
    }
}

/// Whether tokens must be bound to a key of their client (RFC 9700 section 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderConstraint {
    /// They are bound where the request proves a key, and work for whoever holds them where it does not.
    AsPresented,
    /// A request that proves no key gets none.
    Required,
}

encoding!(enum SenderConstraint { 0 AsPresented, 1 Required });

/// The grants that a client may use (`grant_types` of RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTypes {
    /// `authorization_code`.
    pub authorization_code: bool,
    /// `refresh_token`: refresh tokens are issued to a client that has it, and to no other (RFC 9700 section 4.14.2).
    pub refresh_token: bool,
    /// `client_credentials`: for a client that authenticates, and no other (RFC 6749 section 4.4).
    pub client_credentials: bool,
}

encoding!(struct GrantTypes { authorization_code, refresh_token, client_credentials });

impl GrantTypes {
    /// Those of a client that signs users in, and keeps them signed in.
    pub const SIGN_IN: Self = Self { authorization_code: true, refresh_token: true, client_credentials: false };
    /// None: a resource server, which only introspects.
    pub const NONE: Self = Self { authorization_code: false, refresh_token: false, client_credentials: false };
}

impl Client<'_> {
    /// Checks every term of the registration and writes the row for [`Key::client`](crate::record::Key::client) to the start of `buffer`.
    ///
    /// Returns the row's length; fails with the reason that names the offending member, or `Reason::Buffer`.
    pub fn register(&self, buffer: &mut [u8]) -> Result<usize, Reason> {
        self.check()?;
        if let ClientKeys::Jwks(text) = self.keys {
            let place = buffer.get_mut(..text.len()).ok_or(Reason::Buffer)?;
            write::copy(place, text.as_bytes());
            jwk::check(&json::object(place)?, self.authentication == AuthenticationMethod::SelfSignedTlsClientAuth)?;
        }
        self.encode(buffer).ok_or(Reason::Buffer)
    }

    pub(crate) fn check_name(name: &str) -> Result<(), Reason> {
        if name.len() > limits::CLIENT_NAME {
            return Err(Reason::TooLong(Name::ClientName));
        }
        if name.chars().any(char::is_control) {
            return Err(Reason::Malformed(Name::ClientName));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Reason> {
        // Reserved for client ID metadata documents, whose identifiers are URLs.
        if ClientId::parse(self.client_id)?.is_url() {
            return Err(Reason::Malformed(Name::ClientId));
        }
        Self::check_name(self.name)?;
        let secrets = self.secrets.chunks(32);
        if secrets.len() > limits::CLIENT_SECRETS {
            return Err(Reason::TooMany(Name::ClientSecret));
        }
        if self.authentication.needs_secret() == self.secrets.is_empty()
            || secrets.into_iter().any(|hash| hash.len() != 32)
        {
            return Err(Reason::Malformed(Name::ClientSecret));
        }
        self.check_keys()?;
        let redirect_uris = List(self.redirect_uris);
        if redirect_uris.words().count() > limits::REDIRECT_URIS {
            return Err(Reason::TooMany(Name::RedirectUris));
        }
        if self.grant_types.authorization_code && self.redirect_uris.is_empty() {
            return Err(Reason::Missing(Name::RedirectUris));
        }
        for uri in redirect_uris.words() {
            redirect_uri::may_register(uri, self.application_type)?;
        }
        let scope = scope::parse_or_empty(self.scope)?;
        if !scope::parse_or_empty(self.default_scope)?.is_subset_of(scope) {
            return Err(Reason::Scope);
        }
        for list in [self.resources, self.serves] {
            if List(list).words().count() > limits::RESOURCES {
                return Err(Reason::TooMany(Name::Resource));
            }
            for resource in List(list).words() {
                Resource::parse(resource)?;
            }
        }
        let types = List(self.authorization_details_types);
        if types.words().count() > limits::AUTHORIZATION_DETAILS_TYPES {
            return Err(Reason::TooMany(Name::AuthorizationDetailsTypes));
        }
        if types.words().any(|name| name.len() > limits::NAME) {
            return Err(Reason::TooLong(Name::AuthorizationDetailsTypes));
        }
        Ok(())
    }

    /// That it has what its method needs, and nothing that would let it in by another.
    fn check_keys(&self) -> Result<(), Reason> {
        if self.grant_types.client_credentials && self.authentication == AuthenticationMethod::None {
            return Err(Reason::Malformed(Name::GrantTypes));
        }
        match self.keys {
            ClientKeys::None if self.authentication.needs_keys() => return Err(Reason::Missing(Name::Jwks)),
            ClientKeys::Jwks(text) if text.len() > limits::JWKS => {
                return Err(Reason::TooLong(Name::Jwks));
            }
            ClientKeys::JwksUri(uri) => {
                Endpoint::parse(Name::JwksUri, uri, Schemes::HttpsAndPlainHttpOnLoopback)?;
            }
            _ => {}
        }
        match self.certificate.name() {
            None if self.authentication == AuthenticationMethod::TlsClientAuth => {
                Err(Reason::Missing(Name::TlsClientAuthSubjectDn))
            }
            Some(name) if name.is_empty() || self.authentication != AuthenticationMethod::TlsClientAuth => {
                Err(Reason::Malformed(Name::TlsClientAuthSubjectDn))
            }
            Some(name) if name.len() > limits::CERTIFICATE_NAME => Err(Reason::TooLong(Name::TlsClientAuthSubjectDn)),
            _ => Ok(()),
        }
    }
}
