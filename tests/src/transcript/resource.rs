//! The entry point of the resource server.

use symbolon::resource::{BUFFER, Judgement, ResourceServer};
use symbolon::terms::Time;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::resource::Resource;

use super::replay::{fits, reply};
use super::{Call, Outcome};
use crate::drive::{Host, drive};
use crate::fixture::{ISSUER, RESOURCE, RS1_SECRET, server};

/// Judges a request.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    let resource_server = resource_server().map_err(|reason| format!("{reason:?}"))?;
    let mut buffer = vec![0; BUFFER];
    call.message().lend(|request| {
        let step = resource_server.judge(request.headers, &call.settings.needs, Time(call.now), &mut buffer);
        Ok(match drive(fits(step)?, host) {
            Judgement::Deny(denied) => reply(denied),
            Judgement::Allow(claims) => {
                let scope: Vec<&str> = claims.scope().words().collect();
                let fields = vec![
                    ("client_id", claims.client_id().unwrap_or_default().to_owned()),
                    ("sub", claims.subject().unwrap_or_default().to_owned()),
                    ("scope", scope.join(" ")),
                    ("exp", claims.expires_at().map_or(String::new(), |time| time.0.to_string())),
                ];
                Outcome::of("claims", fields)
            }
        })
    })
}

/// The resource server of the tests: `rs1`.
fn resource_server() -> Result<ResourceServer<'static>, symbolon::Reason> {
    Ok(ResourceServer {
        resource: Resource::parse(RESOURCE)?,
        issuer: Issuer::parse(ISSUER)?,
        introspection_endpoint: Endpoint::parse(
            "introspection_endpoint",
            server().endpoints.introspection,
            Schemes::Https,
        )?,
        client_id: ClientId::parse("rs1")?,
        client_secret: RS1_SECRET,
        realm: "rs",
    })
}
