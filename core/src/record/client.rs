//! The row of a registered client.

use serde::{Deserialize, Serialize};

use super::Record;
use crate::error::Reason;
use crate::limits;
use crate::terms::client_id::ClientId;
use crate::terms::list::List;
use crate::terms::redirect_uri::{self, ApplicationType};
use crate::terms::resource::Resource;
use crate::terms::scope;

/// A registered client (RFC 7591 section 2 names its metadata).
///
/// A host writes clients to its store itself: [`Client::register`] checks one and gives the row.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Client<'c> {
    /// Its `client_id`.
    pub client_id: &'c str,
    /// Its name, to be shown to users; at most [`limits::CLIENT_NAME`] bytes without control characters.
    pub name: &'c str,
    /// Whether it is a web or a native application; decides which redirection URIs it may have.
    pub application_type: ApplicationType,
    /// How it authenticates at the token, revocation and introspection endpoints.
    pub authentication: AuthenticationMethod,
    /// The hashes of its secrets, 32 bytes each: see [`hash`](crate::terms::secret::hash). Two while one is being replaced.
    pub secrets: &'c [u8],
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
    /// The resources that it serves: it may introspect the tokens that are for these.
    pub serves: &'c str,
    /// Whether it is shut out. It gets nothing new; an access token that it has works until it ends, unless the host deletes
    /// the rows of its grants.
    pub disabled: bool,
}

impl<'c> Record<'c> for Client<'c> {}

/// No row of a client is longer than this, in bytes.
pub const CLIENT_ROW: usize = limits::CLIENT_ID
    + limits::CLIENT_NAME
    + 32 * limits::CLIENT_SECRETS
    + limits::REDIRECT_URIS * (limits::URI + 1)
    + 2 * limits::SCOPE
    + 2 * limits::RESOURCES * (limits::RESOURCE + 1)
    + 32;

/// How a client authenticates (`token_endpoint_auth_method` of RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthenticationMethod {
    /// `none`: a public client.
    None,
    /// `client_secret_basic`.
    ClientSecretBasic,
    /// `client_secret_post`.
    ClientSecretPost,
}

/// The grants that a client may use (`grant_types` of RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantTypes {
    /// `authorization_code`.
    pub authorization_code: bool,
    /// `refresh_token`: refresh tokens are issued to a client that has it, and to no other (RFC 9700 section 4.14.2).
    pub refresh_token: bool,
}

impl Client<'_> {
    /// Checks every term of the registration and writes the row for [`Key::client`](crate::record::Key::client) to the start of `buffer`.
    ///
    /// Returns the row's length; fails with the reason that names the offending member, or `Reason::Buffer`.
    pub fn register(&self, buffer: &mut [u8]) -> Result<usize, Reason> {
        self.check()?;
        self.encode(buffer).ok_or(Reason::Buffer)
    }

    fn check(&self) -> Result<(), Reason> {
        // An identifier that is a URL is its document's, and nobody's to give.
        if ClientId::parse(self.client_id)?.is_url() {
            return Err(Reason::Malformed("client_id"));
        }
        if self.name.len() > limits::CLIENT_NAME {
            return Err(Reason::TooLong { what: "client_name", limit: limits::CLIENT_NAME });
        }
        if self.name.chars().any(char::is_control) {
            return Err(Reason::Malformed("client_name"));
        }
        let secrets = self.secrets.chunks(32);
        if secrets.len() > limits::CLIENT_SECRETS {
            return Err(Reason::TooMany { what: "client_secret", limit: limits::CLIENT_SECRETS });
        }
        let needs_secret = self.authentication != AuthenticationMethod::None;
        if needs_secret == self.secrets.is_empty() || secrets.into_iter().any(|hash| hash.len() != 32) {
            return Err(Reason::Malformed("client_secret"));
        }
        let redirect_uris = List(self.redirect_uris);
        if redirect_uris.words().count() > limits::REDIRECT_URIS {
            return Err(Reason::TooMany { what: "redirect_uris", limit: limits::REDIRECT_URIS });
        }
        if self.grant_types.authorization_code && self.redirect_uris.is_empty() {
            return Err(Reason::Missing("redirect_uris"));
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
                return Err(Reason::TooMany { what: "resource", limit: limits::RESOURCES });
            }
            for resource in List(list).words() {
                Resource::parse(resource)?;
            }
        }
        Ok(())
    }
}
