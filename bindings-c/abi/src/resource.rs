//! The resource server: its configuration, and the start of its flow.

use symbolon::resource::{
    Accepts, AccessTokens, BUFFER, Detail, IssuerKeys, Judgement, Metadata, Needs as CoreNeeds,
    ResourceRequest as CoreRequest, ResourceServer as CoreResourceServer, Sender, Subject,
};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::confirmation::Confirmation;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::resource::Resource;
use symbolon::wire::http::Certificate;
use symbolon::wire::jose::Algorithm;
use symbolon::{Name, Reason};

use crate::flow::{finishes, starts};
use crate::outcome::{self, Done, End, Ended, Kind};
use crate::types::{
    Bytes, CredentialKey, Field, Headers, Outcome, Place, Status, Text, Why, credential_keys, described, initialized,
    refused, status,
};

described! {
    /// `symbolon_resource_config`.
    pub struct Config {
        /// [`ABI`](crate::ABI).
        pub abi: u32,
        /// 1 if issuer and endpoints may be `http` on loopback: for development.
        pub plain_http_on_loopback: u32,
        /// 1 for opaque access tokens, 2 for JWTs.
        pub access_tokens: u32,
        /// 1 to serve whoever has a token that is bound to no key.
        pub accepts_bearer: u32,
        /// 1 to serve who proves by DPoP the key that its token is bound to.
        pub accepts_dpop: u32,
        /// 1 to serve who shows the certificate that its token is bound to.
        pub accepts_certificate: u32,
        /// 1 if the members below are to be published, and named in challenges.
        pub has_metadata: u32,
        /// The resource.
        pub resource: Text,
        /// The issuer of its tokens.
        pub issuer: Text,
        /// Opaque: where that issuer tells what a token is.
        pub introspection_endpoint: Text,
        /// Opaque: the resource server, as that endpoint knows it.
        pub client_id: Text,
        /// Opaque: its secret.
        pub client_secret: Text,
        /// JWT: the JWK set of the issuer, if it never changes; or
        pub jwks: Text,
        /// JWT: where it is published.
        pub jwks_uri: Text,
        /// JWT: the algorithm of RSA keys that name none; empty for none.
        pub algorithm: Text,
        /// The secrets of the nonces that DPoP proofs must bear; the first one makes new ones.
        pub keys: *const CredentialKey,
        /// How many there are; 0 if no nonces are demanded.
        pub keys_len: usize,
        /// The realm to name in challenges; empty for none.
        pub realm: Text,
        /// `scopes_supported`.
        pub scopes_supported: Text,
        /// `authorization_details_types_supported`.
        pub authorization_details_types: Text,
        /// `resource_name`.
        pub resource_name: Text,
        /// `resource_documentation`.
        pub resource_documentation: Text,
    }

    /// `symbolon_resource_request`: a request to the resource.
    pub struct ResourceRequest {
        /// The method.
        pub method: Text,
        /// The absolute URL, as the host knows it.
        pub url: Text,
        /// Every header field.
        pub headers: *const Field,
        /// How many there are.
        pub headers_len: usize,
        /// The SHA-256 hash of the certificate of the connection.
        pub certificate: *const u8,
        /// 32, or 0 if there is none.
        pub certificate_len: usize,
    }

    /// `symbolon_needs`: what a request needs of its token.
    pub struct Needs {
        /// 1 if any token for the resource will do.
        pub any_token: u32,
        /// The scope; empty for none.
        pub scope: Text,
        /// The type of the authorization detail; empty, as the members of a detail below, if none is needed.
        pub detail_type: Text,
        /// Words of its `actions`.
        pub detail_actions: Text,
        /// Words of its `datatypes`.
        pub detail_datatypes: Text,
        /// Words of its `privileges`.
        pub detail_privileges: Text,
        /// Its `identifier`.
        pub detail_identifier: Text,
        /// The names of members that the caller judges itself.
        pub detail_judged_by_caller: Text,
        /// The ways to authenticate of which one is needed.
        pub acr_values: Text,
        /// 1 if `max_age` counts.
        pub has_max_age: u32,
        /// The seconds within which the user must have authenticated.
        pub max_age: u64,
    }
}

/// `symbolon_resource_server`.
pub type ResourceServer = Place<CoreResourceServer<'static>, 1304>;

/// The buffer that the flow of a resource server needs.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_resource_buffer() -> usize {
    BUFFER
}

/// The size of the storage of a configuration.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_resource_size() -> usize {
    size_of::<ResourceServer>()
}

/// Checks a configuration, and keeps it: what it points to must stay, but for the keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_resource_init(
    place: *mut ResourceServer,
    config: *const Config,
    why: *mut Why,
) -> i32 {
    // SAFETY: the caller lends all three.
    status(
        unsafe { initialized(config, |config| &raw const (*config).abi) }
            .and_then(|config| unsafe { ResourceServer::put(place, resource_server(config, why)) }),
    )
}

unsafe fn resource_server(config: &Config, why: *mut Why) -> Outcome<CoreResourceServer<'static>> {
    // SAFETY: the caller lends `why`; the texts below for as long as the resource server is in use.
    let refused = unsafe { refused(why) };
    // SAFETY: as above.
    let (issuer, realm) = unsafe { (config.issuer.str()?, config.realm.str()?) };
    let (issuer, schemes) = match config.plain_http_on_loopback {
        1 => (Issuer::parse_allowing_plain_http_on_loopback(issuer), Schemes::HttpsAndPlainHttpOnLoopback),
        _ => (Issuer::parse(issuer), Schemes::Https),
    };
    // SAFETY: as above; the keys are lent for this call.
    Ok(unsafe {
        CoreResourceServer {
            resource: Resource::parse(config.resource.str()?).map_err(&refused)?,
            issuer: issuer.map_err(&refused)?,
            access_tokens: access_tokens(config, schemes, &refused)?,
            accepts: Accepts {
                bearer: config.accepts_bearer == 1,
                dpop: config.accepts_dpop == 1,
                certificate: config.accepts_certificate == 1,
            },
            dpop_nonces: match config.keys_len {
                0 => None,
                len => Some(credential_keys(config.keys, len, &refused)?),
            },
            metadata: match config.has_metadata {
                1 => Some(Metadata {
                    scopes_supported: config.scopes_supported.str()?,
                    authorization_details_types: config.authorization_details_types.str()?,
                    resource_name: config.resource_name.str()?,
                    resource_documentation: config.resource_documentation.str()?,
                }),
                _ => None,
            },
            realm,
        }
    })
}

unsafe fn access_tokens(
    config: &Config,
    schemes: Schemes,
    refused: &impl Fn(Reason) -> Status,
) -> Outcome<AccessTokens<'static>> {
    // SAFETY: the caller lends the texts for as long as the resource server is in use.
    unsafe {
        match config.access_tokens {
            1 => {
                let url = config.introspection_endpoint.str()?;
                Ok(AccessTokens::Opaque {
                    introspection_endpoint: Endpoint::parse(Name::IntrospectionEndpoint, url, schemes)
                        .map_err(refused)?,
                    client_id: ClientId::parse(config.client_id.str()?).map_err(refused)?,
                    client_secret: config.client_secret.str()?,
                })
            }
            2 => {
                let algorithm = match config.algorithm.str()? {
                    "" => None,
                    name => Some(Algorithm::from_name(name).ok_or_else(|| refused(Reason::Malformed(Name::Alg)))?),
                };
                let keys = match (config.jwks.str()?, config.jwks_uri.str()?) {
                    (keys, "") => IssuerKeys::Pinned(keys),
                    ("", url) => IssuerKeys::Published(Endpoint::parse(Name::JwksUri, url, schemes).map_err(refused)?),
                    _ => return Err(refused(Reason::Repeated(Name::Jwks))),
                };
                Ok(AccessTokens::Jwt { keys, algorithm })
            }
            _ => Err(refused(Reason::Malformed(Name::AccessToken))),
        }
    }
}

starts! {
    ResourceServer:
    /// Starts the flow that judges a request. The request is lent for this call, what it needs until the flow has ended.
    symbolon_judge_start: judge(resource_request, needs, now);
}

impl ResourceRequest {
    /// As the core has it; its header fields are read into `room`.
    ///
    /// # Safety
    ///
    /// `request` is NULL or readable, and what it points to is lent for `'r`.
    pub(crate) unsafe fn read<'r>(request: *const Self, room: &'r mut Headers) -> Outcome<CoreRequest<'r>> {
        // SAFETY: as the caller promises.
        unsafe {
            let Self { method, url, headers, headers_len, certificate, certificate_len } =
                *request.as_ref().ok_or(Status::Null)?;
            let certificate = match (Bytes { ptr: certificate, len: certificate_len }).slice()? {
                [] => None,
                hash => Some(shown(hash.try_into().map_err(|_| Status::Refused)?)),
            };
            let headers = room.read(headers, headers_len)?;
            Ok(CoreRequest { method: method.sent()?, url: url.sent()?, headers, certificate })
        }
    }
}

/// A certificate of which no more is known.
const fn shown(thumbprint: [u8; 32]) -> Certificate<'static> {
    Certificate { thumbprint, chain_verified: false, subject: "", dns: "", uri: "", ip: "", email: "" }
}

const NO_DETAIL: Detail<'static> =
    Detail { of_type: "", actions: "", datatypes: "", privileges: "", identifier: "", judged_by_caller: "" };

impl Needs {
    /// As the core has it.
    ///
    /// # Safety
    ///
    /// `needs` is NULL or readable, and its texts are lent until the flow has ended.
    pub(crate) unsafe fn read(needs: *const Self) -> Outcome<CoreNeeds<'static>> {
        // SAFETY: as the caller promises.
        unsafe {
            let given = needs.as_ref().ok_or(Status::Null)?;
            let mut needs = match (given.any_token, given.scope.str()?) {
                (1, "") => CoreNeeds::ANY_TOKEN,
                (_, scope) => CoreNeeds::scope(scope),
            };
            let detail = Detail {
                of_type: given.detail_type.str()?,
                actions: given.detail_actions.str()?,
                datatypes: given.detail_datatypes.str()?,
                privileges: given.detail_privileges.str()?,
                identifier: given.detail_identifier.str()?,
                judged_by_caller: given.detail_judged_by_caller.str()?,
            };
            // One without a type is for the core to refuse: it must not count as none.
            if detail != NO_DETAIL {
                needs = needs.and_detail(detail);
            }
            needs = needs.and_acr(given.acr_values.str()?);
            Ok(if given.has_max_age == 1 { needs.and_max_age(given.max_age) } else { needs })
        }
    }
}

finishes! {
    ResourceServer:
    /// The reply with what the resource says of itself, which asks nothing.
    symbolon_resource_metadata_start: metadata;
}

impl Ended for Judgement<'static> {
    fn done(&self) -> Done {
        match self {
            Self::Deny(reply) => reply.done(),
            Self::Allow(claims) => {
                let (sub, sub_is_client) = match claims.subject() {
                    Some(Subject::User(sub)) => (Text::of(sub), false),
                    Some(Subject::Client(sub)) => (Text::of(sub), true),
                    None => (Text::NONE, false),
                };
                let sender = match claims.sender() {
                    Sender::Bearer => "bearer",
                    Sender::KeyHolder(held) => match held.confirmation() {
                        Confirmation::Jkt(_) => "dpop",
                        Confirmation::X5t(_) => "certificate",
                    },
                };
                let claims = outcome::Claims {
                    client_id: Text::maybe(claims.client_id()),
                    sub,
                    sub_is_client,
                    scope: Text::of(claims.scope().as_str()),
                    authorization_details: Text::of(claims.authorization_details()),
                    acr: Text::maybe(claims.acr()),
                    auth_time: claims.auth_time().map_or(0, |time| time.0),
                    exp: claims.expires_at().map_or(0, |time| time.0),
                    jti: Text::maybe(claims.jti()),
                    sender: Text::of(sender),
                    dpop_nonce: Text::maybe(claims.dpop_nonce()),
                };
                Done::well(Kind::Claims, End { claims })
            }
        }
    }
}
