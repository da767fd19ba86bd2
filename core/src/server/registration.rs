//! What is known of a client: its row; or, where the server takes such clients, its metadata document, whose URL is its `client_id`
//! (draft-ietf-oauth-client-id-metadata-document). And where its keys are.
//!
//! Nobody has registered a client that is known by its document, and whoever controls the URL is the client. So it has no secret,
//! it may not act for itself, and the scope and the resources that it may ask for are those that the server names to everybody.

use crate::document::{Found, Source};
use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::record::{
    AuthenticationMethod, CertificateSubject, Client, ClientKeys, DocumentKind, GrantTypes, Record, SenderConstraint,
};
use crate::server::{Context, Server};
use crate::terms::client_id::ClientId;
use crate::terms::endpoint::{Endpoint, Schemes};
use crate::terms::list::List;
use crate::terms::redirect_uri::{self, ApplicationType};
use crate::terms::scope;
use crate::wire::jose::Algorithm;
use crate::wire::json::{Array, Object, Value};
use crate::wire::jwk;

/// Where the metadata document of this client is; `None` if it is a client with a row.
pub(super) fn document<'a>(server: &Server<'_>, client_id: &'a str) -> Option<Source<'a>> {
    let client_id = ClientId::parse(client_id).ok().filter(|id| server.client_id_metadata_documents && id.is_url())?;
    let url = client_id.document_url().ok()?;
    Some(Source {
        kind: DocumentKind::ClientMetadata,
        url,
        cap: limits::CLIENT_DOCUMENT,
        public_addresses_only: true,
        pressing: false,
        accept,
    })
}

/// Where the keys of a client are. Plain `http` is for a server that is itself reached by it, on loopback.
pub(super) fn keys<'a>(server: &Server<'_>, jwks_uri: &'a str) -> Result<Source<'a>, Reason> {
    let plain = server.issuer.as_str().starts_with("http:");
    let schemes = if plain { Schemes::HttpsAndPlainHttpOnLoopback } else { Schemes::Https };
    let url = Endpoint::parse(Name::JwksUri, jwks_uri, schemes).map_err(|_| Reason::ClientDocument(Name::JwksUri))?;
    Ok(Source {
        kind: DocumentKind::ClientKeys,
        url,
        cap: limits::JWKS,
        public_addresses_only: true,
        pressing: false,
        accept: accept_keys,
    })
}

/// What was found of a client, as a row would have it.
pub(super) fn row<'a>(
    found: Result<Found<'a>, Reason>,
    client_id: &'a str,
    cx: &mut Context<'a>,
) -> Result<&'a [u8], Reason> {
    match found.map_err(of_client)? {
        Found::Document(document) => {
            let client = Declared::read(&document, client_id).map_err(of_client)?.client(client_id, cx)?;
            let row: &'a [u8] = cx.arena.fill(|place| client.encode(place))?;
            Ok(row)
        }
        Found::NoneNewer => Err(Reason::ClientDocument(Name::ClientId)),
    }
}

/// The reason for a document of a client that cannot be had, or not be used.
pub(super) fn of_client(reason: Reason) -> Reason {
    match reason {
        Reason::Buffer | Reason::StoreUnavailable => reason,
        Reason::PeerUnavailable => Reason::ClientDocumentUnavailable,
        Reason::Status => Reason::ClientDocument(Name::Url),
        other => other.within(Reason::ClientDocument),
    }
}

fn accept(document: &Object<'_>, url: &str) -> Result<(), Reason> {
    Declared::read(document, url).map(|_| ())
}

fn accept_keys(set: &Object<'_>, _: &str) -> Result<(), Reason> {
    jwk::check(set, true)
}

/// What a client says of itself (RFC 7591 section 2), each member checked.
struct Declared<'d> {
    name: &'d str,
    application_type: ApplicationType,
    authentication: AuthenticationMethod,
    signing_algorithm: Option<Algorithm>,
    jwks: Option<Object<'d>>,
    jwks_uri: Option<&'d str>,
    redirect_uris: Array<'d>,
    refresh_token: bool,
    scope: Option<List<'d>>,
    sender_constraint: SenderConstraint,
    pushed_requests_only: bool,
}

impl<'d> Declared<'d> {
    /// ```abnf
    /// document = client_id, redirect_uris [, client_name] [, application_type] [, grant_types] [, response_types] [, scope]
    ///            [, token_endpoint_auth_method ( "none" / "private_key_jwt" )] [, token_endpoint_auth_signing_alg]
    ///            [, jwks / jwks_uri] [, dpop_bound_access_tokens] [, require_pushed_authorization_requests]
    /// ```
    fn read(document: &Object<'d>, client_id: &str) -> Result<Self, Reason> {
        // Byte for byte: whoever can put a document there cannot speak for another (section 4.1).
        if document.string(Name::ClientId)? != Some(client_id) {
            return Err(Reason::Malformed(Name::ClientId));
        }
        // There is nobody with whom a secret could be shared (section 4.1).
        for name in [Name::ClientSecret, Name::ClientSecretExpiresAt] {
            if document.get(name.as_str()).is_some() {
                return Err(Reason::Malformed(name));
            }
        }
        let (jwks, jwks_uri) = (document.object(Name::Jwks)?, document.string(Name::JwksUri)?);
        let authentication = match document.string(Name::TokenEndpointAuthMethod)? {
            None | Some("none") => AuthenticationMethod::None,
            Some("private_key_jwt") => AuthenticationMethod::PrivateKeyJwt,
            Some(_) => return Err(Reason::Malformed(Name::TokenEndpointAuthMethod)),
        };
        match (&jwks, jwks_uri) {
            (Some(_), Some(_)) => return Err(Reason::Malformed(Name::JwksUri)),
            (Some(set), None) => jwk::check(set, false)?,
            (None, Some(uri)) => drop(Endpoint::parse(Name::JwksUri, uri, Schemes::Https)?),
            (None, None) if authentication == AuthenticationMethod::PrivateKeyJwt => {
                return Err(Reason::Missing(Name::Jwks));
            }
            (None, None) => {}
        }
        let signing_algorithm = match document.string(Name::TokenEndpointAuthSigningAlg)? {
            Some(name) => Some(Algorithm::from_name(name).ok_or(Reason::Malformed(Name::TokenEndpointAuthSigningAlg))?),
            None => None,
        };
        let grants = words(document, Name::GrantTypes)?;
        let granted = |name| grants.is_some_and(|grants| holds(grants, name));
        if grants.is_some() && !granted("authorization_code") {
            return Err(Reason::Malformed(Name::GrantTypes));
        }
        if words(document, Name::ResponseTypes)?.is_some_and(|types| !holds(types, "code")) {
            return Err(Reason::Malformed(Name::ResponseTypes));
        }
        let redirect_uris = words(document, Name::RedirectUris)?.ok_or(Reason::Missing(Name::RedirectUris))?;
        let application_type = application_type(document, redirect_uris)?;
        let scope = document.string(Name::Scope)?.map(scope::parse_or_empty).transpose()?;
        let name = document.string(Name::ClientName)?.unwrap_or_default();
        Client::check_name(name)?;
        let flag = |name| document.boolean(name).map(Option::unwrap_or_default);
        Ok(Self {
            name,
            application_type,
            authentication,
            signing_algorithm,
            jwks,
            jwks_uri,
            redirect_uris,
            refresh_token: granted("refresh_token"),
            scope,
            sender_constraint: match flag(Name::DpopBoundAccessTokens)? {
                true => SenderConstraint::Required,
                false => SenderConstraint::AsPresented,
            },
            pushed_requests_only: flag(Name::RequirePushedAuthorizationRequests)?,
        })
    }

    fn client<'a>(self, client_id: &'a str, cx: &mut Context<'a>) -> Result<Client<'a>, Reason>
    where
        'd: 'a,
    {
        let Context { server, ref mut arena, .. } = *cx;
        let offered = List(server.scopes_supported).words();
        let keys = match (self.jwks, self.jwks_uri) {
            (Some(set), _) => ClientKeys::Jwks(arena.text(|w| jwk::write_set(&set, w))?),
            (None, Some(uri)) => ClientKeys::JwksUri(uri),
            (None, None) => ClientKeys::None,
        };
        Ok(Client {
            client_id,
            name: self.name,
            application_type: self.application_type,
            authentication: self.authentication,
            secrets: &[],
            keys,
            signing_algorithm: self.signing_algorithm,
            certificate: CertificateSubject::None,
            sender_constraint: self.sender_constraint,
            pushed_requests_only: self.pushed_requests_only,
            redirect_uris: arena.text(|w| w.distinct(Words(self.redirect_uris)))?,
            grant_types: GrantTypes {
                authorization_code: true,
                refresh_token: self.refresh_token,
                client_credentials: false,
            },
            scope: arena.text(|w| {
                w.distinct(offered.filter(|word| self.scope.is_none_or(|asked| asked.contains(word))));
            })?,
            default_scope: "",
            resources: server.protected_resources,
            authorization_details_types: "",
            serves: "",
            disabled: false,
        })
    }
}

/// That of the document; and where it says nothing, native if one of its redirection URIs is, which many native clients
/// leave it at.
fn application_type(document: &Object<'_>, redirect_uris: Array<'_>) -> Result<ApplicationType, Reason> {
    let declared = match document.string(Name::ApplicationType)? {
        Some("web") => Some(ApplicationType::Web),
        Some("native") => Some(ApplicationType::Native),
        Some(_) => return Err(Reason::Malformed(Name::ApplicationType)),
        None => None,
    };
    let mut least = ApplicationType::Web;
    for (count, uri) in Words(redirect_uris).into_iter().enumerate() {
        if count >= limits::REDIRECT_URIS {
            return Err(Reason::TooMany(Name::RedirectUris));
        }
        if uri.len() > limits::URI {
            return Err(Reason::TooLong(Name::RedirectUri));
        }
        if redirect_uri::may_register(uri, least).is_err() {
            least = ApplicationType::Native;
        }
        redirect_uri::may_register(uri, declared.unwrap_or(least))
            .map_err(|_| Reason::Malformed(Name::RedirectUris))?;
    }
    Ok(declared.unwrap_or(least))
}

/// A member that must be an array of strings, and not an empty one, if it is there.
fn words<'d>(document: &Object<'d>, name: Name) -> Result<Option<Array<'d>>, Reason> {
    let Some(array) = document.array(name)? else { return Ok(None) };
    let mut count = 0_usize;
    for value in array.iter() {
        value.as_str().ok_or(Reason::Malformed(name))?;
        count = count.saturating_add(1);
    }
    if count == 0 { Err(Reason::Malformed(name)) } else { Ok(Some(array)) }
}

fn holds(array: Array<'_>, word: &str) -> bool {
    array.iter().any(|value| value.as_str() == Some(word))
}

/// The strings of an array that was read by [`words`].
#[derive(Clone, Copy)]
struct Words<'d>(Array<'d>);

impl<'d> IntoIterator for Words<'d> {
    type Item = &'d str;
    type IntoIter = core::iter::FilterMap<crate::wire::json::Values<'d>, fn(Value<'d>) -> Option<&'d str>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().filter_map(Value::as_str)
    }
}
