//! Client authentication (RFC 6749 sections 2.3 and 3.2.1): one method in a request, and the one that the client has registered.
//!
//! `none`, `client_secret_basic` and `client_secret_post` are judged here; the witnesses of `private_key_jwt` and of the two
//! methods by certificate come from [`assertion`](crate::proof::assertion) and [`certificate`](crate::proof::certificate).

use crate::error::Reason;
use crate::name::Name;
use crate::proof::assertion::{AssertionHeld, ClientAssertion, JWT_BEARER};
use crate::proof::certificate::CertificateMatched;
use crate::record::{AuthenticationMethod, Client, GrantTypes};
use crate::terms::parameter::{Param, required};
use crate::terms::secret;
use crate::wire::header::{self, Authorization};
use crate::wire::http::Field;
use crate::wire::write::Arena;

/// What a request shows of its client, not checked yet.
#[derive(Clone, Copy)]
pub struct Credentials<'r> {
    client_id: &'r str,
    presented: Presented<'r>,
}

#[derive(Clone, Copy)]
enum Presented<'r> {
    Nothing,
    Basic(&'r str),
    Post(&'r str),
    Assertion(&'r str),
}

/// The parameters of a request in which a client may show itself.
pub struct Parameters<'r> {
    /// `client_id`.
    pub client_id: Param<'r>,
    /// `client_secret`.
    pub client_secret: Param<'r>,
    /// `client_assertion`.
    pub client_assertion: Param<'r>,
    /// `client_assertion_type`.
    pub client_assertion_type: Param<'r>,
}

impl<'r> Credentials<'r> {
    /// Finds the credentials of a request: exactly one method, and one `client_id` (RFC 6749 section 2.3).
    pub fn read(headers: &[Field<'_>], parameters: Parameters<'r>, arena: &mut Arena<'r>) -> Result<Self, Reason> {
        let Parameters { client_id, client_secret, client_assertion, client_assertion_type } = parameters;
        let authorization = match header::authorization(headers) {
            Err(Reason::Malformed(_)) => return Err(Reason::ClientAuthentication),
            other => other?,
        };
        let (secret, assertion) = (client_secret?, client_assertion?);
        match authorization {
            Authorization::Absent => {}
            Authorization::Basic(_) if secret.is_some() || assertion.is_some() => {
                return Err(Reason::SeveralCredentials);
            }
            Authorization::Basic(token) => {
                let (id, secret) = match header::basic(token, arena) {
                    Err(Reason::Buffer) => return Err(Reason::Buffer),
                    other => other.map_err(|_| Reason::ClientAuthentication)?,
                };
                return match client_id? {
                    Some(other) if other != id => Err(Reason::SeveralCredentials),
                    _ => Ok(Self { client_id: id, presented: Presented::Basic(secret) }),
                };
            }
            Authorization::Bearer(_) | Authorization::Dpop(_) | Authorization::Other => {
                return Err(Reason::ClientAuthentication);
            }
        }
        if let Some(assertion) = assertion {
            if secret.is_some() {
                return Err(Reason::SeveralCredentials);
            }
            // RFC 7521 section 4.2: the type says what the assertion is, and there is but one.
            if client_assertion_type? != Some(JWT_BEARER) {
                return Err(Reason::Assertion(Name::ClientAssertionType));
            }
            // Many clients leave out `client_id`, which the assertion says too.
            let named = ClientAssertion::read(assertion, arena)?.client_id();
            return match client_id? {
                Some(other) if other != named => Err(Reason::SeveralCredentials),
                _ => Ok(Self { client_id: named, presented: Presented::Assertion(assertion) }),
            };
        }
        let client_id = required(client_id, Name::ClientId)?;
        let presented = secret.map_or(Presented::Nothing, Presented::Post);
        Ok(Self { client_id, presented })
    }

    /// The client that the request says it is from.
    pub const fn client_id(&self) -> &'r str {
        self.client_id
    }

    /// The assertion, if that is what the client shows.
    pub(crate) const fn assertion(&self) -> Option<&'r str> {
        match self.presented {
            Presented::Assertion(text) => Some(text),
            Presented::Nothing | Presented::Basic(_) | Presented::Post(_) => None,
        }
    }

    /// Checks the credentials against the client's row. An unknown client, a disabled one, a wrong secret and a method
    /// other than the registered one all cost the same work and give the same reason.
    pub(crate) fn authenticate(self, client: Option<&Client<'_>>) -> Result<ClientAuthenticated<'r>, Reason> {
        let (method, secret) = match self.presented {
            Presented::Nothing => (AuthenticationMethod::None, ""),
            Presented::Basic(secret) => (AuthenticationMethod::ClientSecretBasic, secret),
            Presented::Post(secret) => (AuthenticationMethod::ClientSecretPost, secret),
            Presented::Assertion(_) => return Err(Reason::ClientAuthentication),
        };
        let confidential = method != AuthenticationMethod::None;
        let stored = client.map_or(&[0; 32][..], |client| client.secrets);
        let secret_fits = if confidential {
            let hash = secret::hash(secret);
            // Every stored hash is compared, so that the time does not tell which one fitted. An empty secret is none.
            stored.chunks_exact(32).fold(false, |fits, known| secret::equal(known, &hash) | fits) && !secret.is_empty()
        } else {
            stored.is_empty()
        };
        match client {
            Some(client)
                if secret_fits
                    && client.authentication == method
                    && client.client_id == self.client_id
                    && !client.disabled =>
            {
                Ok(ClientAuthenticated { client_id: self.client_id, confidential, grant_types: client.grant_types })
            }
            _ => Err(Reason::ClientAuthentication),
        }
    }

    /// Whether this client may authenticate by an assertion at all: before a signature is checked for it.
    pub(crate) fn may_assert(&self, client: &Client<'_>) -> Result<(), Reason> {
        let may = client.authentication == AuthenticationMethod::PrivateKeyJwt && self.is_of(client);
        if may { Ok(()) } else { Err(Reason::ClientAuthentication) }
    }

    /// By an assertion that was signed with a key of the client, and was never seen before.
    pub(crate) fn authenticate_by_assertion(
        self,
        client: &Client<'_>,
        held: AssertionHeld<'r>,
    ) -> Result<ClientAuthenticated<'r>, Reason> {
        self.may_assert(client)?;
        if held.client_id() != self.client_id {
            return Err(Reason::ClientAuthentication);
        }
        Ok(ClientAuthenticated { client_id: self.client_id, confidential: true, grant_types: client.grant_types })
    }

    /// Whether this client may authenticate by its certificate, beside which a request shows nothing else.
    pub(crate) fn may_show_certificate(&self, client: &Client<'_>) -> Result<(), Reason> {
        let registered = matches!(
            client.authentication,
            AuthenticationMethod::TlsClientAuth | AuthenticationMethod::SelfSignedTlsClientAuth
        );
        let may = registered && matches!(self.presented, Presented::Nothing) && self.is_of(client);
        if may { Ok(()) } else { Err(Reason::ClientAuthentication) }
    }

    /// By the certificate of the connection.
    pub(crate) fn authenticate_by_certificate(
        self,
        client: &Client<'_>,
        _: CertificateMatched,
    ) -> Result<ClientAuthenticated<'r>, Reason> {
        self.may_show_certificate(client)?;
        Ok(ClientAuthenticated { client_id: self.client_id, confidential: true, grant_types: client.grant_types })
    }

    fn is_of(&self, client: &Client<'_>) -> bool {
        client.client_id == self.client_id && !client.disabled
    }
}

/// The client is who it says: it has shown its secret or that it holds its key, or it is a public client, which has none to show.
#[derive(Clone, Copy)]
pub struct ClientAuthenticated<'r> {
    client_id: &'r str,
    confidential: bool,
    grant_types: GrantTypes,
}

impl<'r> ClientAuthenticated<'r> {
    /// Its `client_id`.
    pub const fn client_id(&self) -> &'r str {
        self.client_id
    }

    /// Whether it has proven who it is. A public client has merely named itself (RFC 6749 section 2.1).
    pub const fn is_confidential(&self) -> bool {
        self.confidential
    }

    /// The grants that it may use.
    pub const fn grant_types(&self) -> GrantTypes {
        self.grant_types
    }
}
