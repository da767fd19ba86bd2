//! The entry point of the resource server.

use symbolon::resource::{BUFFER, Judgement};
use symbolon::terms::Time;

use super::replay::{fits, reply};
use super::{Call, Outcome};
use crate::app::resource_server;
use crate::drive::{Host, drive};

/// Judges a request.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    let resource_server = resource_server();
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
                    ("exp", claims.expires_at().map_or(0, |time| time.0).to_string()),
                ];
                Outcome::of("claims", fields)
            }
        })
    })
}
