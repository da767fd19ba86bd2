//! The entry points of the authorization server.

use symbolon::record::SenderConstraint;
use symbolon::server::{
    AccessTokens, Authenticated, Authorization, BUFFER, Decision, Prompt, Server, SigningKey, SigningKeys, TokenKeys,
    Unasked, UserinfoReply,
};
use symbolon::terms::credential::CredentialKeys;
use symbolon::terms::{Entropy, Time};
use symbolon::wire::jose::Algorithm;

use super::replay::{fits, reply};
use super::{Call, Outcome, Settings};
use crate::drive::{Host, drive};
use crate::fixture;

/// Why a request with `prompt=none` is not approved, by the error that its client is told.
pub const UNASKED: [(&str, Unasked); 4] = [
    ("login_required", Unasked::LoginRequired),
    ("consent_required", Unasked::ConsentRequired),
    ("account_selection_required", Unasked::AccountSelectionRequired),
    ("interaction_required", Unasked::InteractionRequired),
];

/// Runs a flow of the server.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    let server = server(&call.settings)?;
    let now = Time(call.now);
    let entropy = Entropy::new(call.entropy);
    let user_agent = call.user_agent()?;
    let mut message = call.message();
    let mut buffer = vec![0; BUFFER];
    let buffer = buffer.as_mut_slice();
    match call.entry.name {
        "authorize" => message.lend(|request| {
            Ok(authorization(drive(fits(server.authorize(request, user_agent, now, entropy, buffer))?, host)))
        }),
        "push" => message.lend(|request| Ok(reply(drive(fits(server.push(request, now, entropy, buffer))?, host)))),
        "resume" => {
            Ok(authorization(drive(fits(server.resume(call.argument("handle")?, user_agent, now, buffer))?, host)))
        }
        "decide" => {
            let handle = call.argument("handle")?;
            let optional = |name| call.argument(name).unwrap_or_default();
            if let Ok(why) = call.argument("unasked") {
                let (_, why) =
                    UNASKED.iter().find(|(name, _)| *name == why).ok_or_else(|| format!("not why: {why}"))?;
                return Ok(reply(drive(fits(server.decline(handle, user_agent, *why, now, buffer))?, host)));
            }
            let authenticated_at = call.argument("authenticated_at")?.parse().map_err(|_| "not a time")?;
            let user = Authenticated::new(call.argument("subject")?, Time(authenticated_at));
            let user = user.and_then(|user| user.by(optional("acr"), optional("amr")));
            let user = user.map_err(|reason| format!("{reason:?}"))?;
            let decision = match call.argument("approve") {
                Ok(scope) => Decision::Approve { scope, authorization_details: optional("details") },
                Err(_) if call.argument("unmet").is_ok() => Decision::AuthenticationUnmet,
                Err(_) => call.argument("deny").map(|_| Decision::Deny)?,
            };
            Ok(reply(drive(fits(server.decide(handle, user_agent, user, decision, now, buffer))?, host)))
        }
        "token" => message.lend(|request| Ok(reply(drive(fits(server.token(request, now, entropy, buffer))?, host)))),
        "revoke" => message.lend(|request| Ok(reply(drive(fits(server.revoke(request, now, buffer))?, host)))),
        "introspect" => message.lend(|request| Ok(reply(drive(fits(server.introspect(request, now, buffer))?, host)))),
        "userinfo" => message.lend(|request| {
            Ok(match drive(fits(server.userinfo(request, now, buffer))?, host) {
                UserinfoReply::Refused(refused) => reply(refused),
                UserinfoReply::User(user) => {
                    let said = reply(user.reply).response.unwrap_or_default();
                    let nonce = said.headers.iter().find(|(name, _)| name == "DPoP-Nonce");
                    let fields = vec![
                        ("subject", user.subject.to_owned()),
                        ("client_id", user.client_id.to_owned()),
                        ("scope", user.scope.to_owned()),
                        ("body", said.body),
                        ("dpop_nonce", nonce.map(|(_, value)| value.clone()).unwrap_or_default()),
                    ];
                    Outcome::of("user", fields)
                }
            })
        }),
        "metadata" => Ok(reply(fits(server.metadata(buffer))?)),
        "jwks" => Ok(reply(fits(server.jwks(buffer))?)),
        other => Err(format!("nothing runs {other}")),
    }
}

/// The server of the tests, as it is configured here.
pub fn server(settings: &Settings) -> Result<Server<'_>, String> {
    let ((id, key), retired) = settings.keys.split_first().ok_or("there is no key")?;
    let keys = retired.iter().fold(CredentialKeys::new(*id, key), |keys, (id, key)| keys?.with_retired(*id, key));
    let keys = keys.map_err(|reason| format!("{reason:?}"))?;
    let signing_keys: Option<Vec<SigningKey<'_>>> = settings
        .signing_keys
        .iter()
        .map(|super::SigningKey { key_id, algorithm, jwk }| {
            Some(SigningKey { key_id, algorithm: Algorithm::from_name(algorithm)?, jwk })
        })
        .collect();
    let access_tokens = if settings.jwt_access_tokens { AccessTokens::Jwt } else { AccessTokens::Opaque };
    let signing_keys = SigningKeys::new(&signing_keys.ok_or("not an algorithm")?);
    let signing_keys = signing_keys.and_then(|keys| TokenKeys::new(keys, access_tokens));
    Ok(Server {
        keys,
        signing_keys: signing_keys.map_err(|reason| format!("{reason:?}"))?,
        sender_constraint: if settings.sender_constrained {
            SenderConstraint::Required
        } else {
            SenderConstraint::AsPresented
        },
        dpop_nonces: settings.dpop_nonces,
        lifetimes: settings.lifetimes,
        pushed_requests_only: settings.pushed_requests_only,
        client_id_metadata_documents: settings.client_id_metadata_documents,
        protected_resources: if settings.client_id_metadata_documents { "https://rs.example/" } else { "" },
        ..fixture::server()
    })
}

fn authorization(authorization: Authorization<'_>) -> Outcome {
    let prompt = match authorization {
        Authorization::Interact(prompt) => prompt,
        Authorization::Refused(page) => return reply(page),
    };
    let Prompt {
        handle,
        client_id,
        client_name,
        redirect_uri,
        redirect_host,
        loopback,
        confidential,
        scope,
        resources,
        ..
    } = prompt;
    let mut fields = vec![
        ("handle", handle.to_owned()),
        ("client_id", client_id.to_owned()),
        ("client_name", client_name.to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("redirect_host", redirect_host.to_owned()),
        ("loopback", loopback.to_string()),
        ("confidential", confidential.to_string()),
        ("scope", scope.to_owned()),
        ("resources", resources.to_owned()),
    ];
    // What most requests do not say is left out.
    let said = [
        ("client_host", prompt.client_host.unwrap_or_default().to_owned()),
        ("authorization_details", prompt.authorization_details.to_owned()),
        ("prompt", prompt.prompt.to_owned()),
        (
            "authenticated_since",
            Some(prompt.authenticated_since.0).filter(|at| *at > 0).map(|at| at.to_string()).unwrap_or_default(),
        ),
        ("login_hint", prompt.login_hint.unwrap_or_default().to_owned()),
        ("acr_values", prompt.acr_values.to_owned()),
    ];
    fields.extend(said.into_iter().filter(|(_, value)| !value.is_empty()));
    fields.push(("expires_at", prompt.expires_at.0.to_string()));
    if let Some(reason) = prompt.refusal {
        fields.push(("refusal", reason.name().into()));
        fields.extend(reason.parameter().map(|parameter| ("refusal_parameter", parameter.as_str().to_owned())));
    }
    Outcome::of("prompt", fields)
}
