//! The resource server: its configuration, and the start of its flow.

use symbolon::Name;
use symbolon::resource::{BUFFER, Judgement, ResourceServer as CoreResourceServer};
use symbolon::terms::Time;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::resource::Resource;

use crate::flow::Flow;
use crate::outcome::{self, Done, End, Ended, Kind};
use crate::types::{Field, Headers, Outcome, Place, Text, Why, described, initialized, refused, status};

described! {
    /// `symbolon_resource_config`.
    pub struct Config {
        /// [`ABI`](crate::ABI).
        pub abi: u32,
        /// 1 if issuer and endpoint may be `http` on loopback: for development.
        pub plain_http_on_loopback: u32,
        /// The resource.
        pub resource: Text,
        /// The issuer of its tokens.
        pub issuer: Text,
        /// Where that issuer tells what a token is.
        pub introspection_endpoint: Text,
        /// The resource server, as that endpoint knows it.
        pub client_id: Text,
        /// Its secret.
        pub client_secret: Text,
        /// The realm to name in challenges.
        pub realm: Text,
    }
}

/// `symbolon_resource_server`.
pub type ResourceServer = Place<CoreResourceServer<'static>, 152>;

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

/// Checks a configuration, and keeps it: what it points to must stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_resource_init(
    place: *mut ResourceServer,
    config: *const Config,
    why: *mut Why,
) -> i32 {
    // SAFETY: the caller lends all three.
    status(
        unsafe { initialized(config, |config| config.abi) }
            .and_then(|config| unsafe { ResourceServer::put(place, resource_server(config, why)?) }),
    )
}

unsafe fn resource_server(config: &Config, why: *mut Why) -> Outcome<CoreResourceServer<'static>> {
    // SAFETY: the caller lends `why`; the texts below for as long as the resource server is in use.
    let refused = unsafe { refused(why) };
    // SAFETY: as above.
    let (resource, issuer, endpoint, client_id, client_secret, realm) = unsafe {
        (
            config.resource.str()?,
            config.issuer.str()?,
            config.introspection_endpoint.str()?,
            config.client_id.str()?,
            config.client_secret.str()?,
            config.realm.str()?,
        )
    };
    let (issuer, schemes) = match config.plain_http_on_loopback {
        1 => (Issuer::parse_allowing_plain_http_on_loopback(issuer), Schemes::HttpsAndPlainHttpOnLoopback),
        _ => (Issuer::parse(issuer), Schemes::Https),
    };
    Ok(CoreResourceServer {
        resource: Resource::parse(resource).map_err(&refused)?,
        issuer: issuer.map_err(&refused)?,
        introspection_endpoint: Endpoint::parse(Name::IntrospectionEndpoint, endpoint, schemes).map_err(&refused)?,
        client_id: ClientId::parse(client_id).map_err(&refused)?,
        client_secret,
        realm,
    })
}

/// Starts the flow that judges a request by its header fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_judge_start(
    flow: *mut Flow,
    server: *const ResourceServer,
    headers: *const Field,
    headers_len: usize,
    scope: Text,
    now: u64,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    // SAFETY: the caller lends all of it.
    unsafe {
        Flow::start(flow, (buffer, buffer_len), |buffer| {
            let mut room = Headers::room();
            let headers = room.read(headers, headers_len)?;
            Ok(ResourceServer::get(server)?.judge(headers, scope.str()?, Time(now), buffer))
        })
    }
}

impl Ended for Judgement<'static> {
    fn done(&self) -> Done {
        match self {
            Self::Deny(reply) => reply.done(),
            Self::Allow(claims) => {
                let claims = outcome::Claims {
                    client_id: Text::maybe(claims.client_id()),
                    sub: Text::maybe(claims.subject()),
                    scope: Text::of(claims.scope().as_str()),
                    exp: claims.expires_at().map_or(0, |time| time.0),
                };
                Done::well(Kind::Claims, End { claims })
            }
        }
    }
}
