//! The entry points of the client.

use symbolon::client::{
    Addresses, Authentication, AuthorizationRequest, BUFFER, Binding, Client, Failure, Lifetimes, MixUpDefense,
    PushedRequests, Refreshed, Requested, ResourceRequest, ResourceResponse, Revoked, SignIn, SignedIn, StepUp, Tokens,
    UserClaims, WellKnown,
};
use symbolon::record::Key;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::terms::{Entropy, Time};
use symbolon::wire::http::Method;
use symbolon::wire::jose::Algorithm;

use super::replay::{fits, name_of_reason};
use super::{Call, Outcome, Settings, hex, server, unhex};
use crate::drive::{Host, drive};
use crate::fixture::{C1_SECRET, C2_SECRET, ISSUER, RESOURCE};
use crate::keys;

/// Runs a flow of the client.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    let client = client(&call.settings)?;
    let now = Time(call.now);
    let mut buffer = vec![0; BUFFER];
    let buffer = buffer.as_mut_slice();
    let mut document = document(&call.settings)?;
    let read = |document| {
        let metadata = ServerMetadata::read(document, client.issuer, client.schemes);
        metadata.map_err(|reason| format!("the document: {reason:?}"))
    };
    if call.entry.name == "client discover" {
        let known = call.argument("known").is_ok().then(|| read(&mut document)).transpose()?;
        return Ok(match drive(fits(client.discover(well_known(call)?.0, known.as_ref(), buffer))?, host) {
            Ok(metadata) => discovered(&metadata),
            Err(reason) => failed("failed", reason.into()),
        });
    }
    let metadata = read(&mut document)?;
    let session = || {
        let key = unhex(call.argument("session")?)?;
        key.try_into().map(Key).map_err(|_| "a session is 32 bytes long".to_owned())
    };
    match call.entry.name {
        "client authorize" => {
            let entropy = Entropy::new(call.entropy);
            let max_age = call.argument("max_age").ok().map(|age| age.parse().map_err(|_| "not a number"));
            let request = AuthorizationRequest {
                scope: call.argument("scope").ok(),
                max_age: max_age.transpose()?,
                acr_values: call.argument("acr_values").unwrap_or_default(),
                prompt: call.argument("prompt").unwrap_or_default(),
                login_hint: call.argument("login_hint").ok(),
            };
            let step = client.authorize(&metadata, call.user_agent()?, request, now, entropy, buffer);
            Ok(match drive(fits(step)?, host) {
                Ok(SignIn { url, session }) => {
                    Outcome::of("sign-in", vec![("url", url.into()), ("session", hex(&session.0))])
                }
                Err(failure) => failed("failed", failure),
            })
        }
        "client callback" => {
            let mut query = call.message().query;
            let step = client.callback(&metadata, &mut query, call.user_agent()?, now, buffer);
            Ok(match drive(fits(step)?, host) {
                Ok(SignedIn { session, tokens }) => tokens_of("signed-in", &tokens, Some(session)),
                Err(failure) => failed("failed", failure),
            })
        }
        "client refresh" => {
            let step = client.refresh(&metadata, session()?, call.argument("rejected").ok(), now, buffer);
            Ok(match drive(fits(step)?, host) {
                Refreshed::Usable(tokens) => tokens_of("usable", &tokens, None),
                Refreshed::Busy { until } => Outcome::of("busy", vec![("until", until.0.to_string())]),
                Refreshed::SignInAgain(failure) => failed("sign-in-again", failure),
                Refreshed::Failed(failure) => failed("failed", failure),
            })
        }
        "client credentials" => {
            let (scope, rejected) = (call.argument("scope").ok(), call.argument("rejected").ok());
            let step = client.credentials(&metadata, scope, rejected, now, Entropy::new(call.entropy), buffer);
            Ok(match drive(fits(step)?, host) {
                Ok(SignedIn { session, tokens }) => tokens_of("signed-in", &tokens, Some(session)),
                Err(failure) => failed("failed", failure),
            })
        }
        "client request" => {
            let request = asked(call)?;
            let step = client.request(session()?, request, now, Entropy::new(call.entropy), buffer);
            Ok(requested(&drive(fits(step)?, host)))
        }
        "client userinfo" => {
            let step = client.userinfo(&metadata, session()?, now, Entropy::new(call.entropy), buffer);
            Ok(match drive(fits(step)?, host) {
                Ok(UserClaims { subject, text, .. }) => {
                    Outcome::of("user-claims", vec![("subject", subject.into()), ("claims", text.into())])
                }
                Err(instead) => requested(&instead),
            })
        }
        "client revoke" => {
            let step = client.revoke(&metadata, session()?, now, buffer);
            Ok(match drive(fits(step)?, host) {
                Revoked::SignedOut { at_server } => {
                    Outcome::of("signed-out", vec![("at_server", at_server.to_string())])
                }
                Revoked::Failed(failure) => failed("failed", failure),
            })
        }
        other => Err(format!("nothing runs {other}")),
    }
}

/// Where the document is that is looked for, and the number of that in C.
pub(super) fn well_known(call: &Call) -> Result<(WellKnown, u32), String> {
    match call.argument("well_known") {
        Err(_) | Ok("oauth-authorization-server") => Ok((WellKnown::OAuth, 1)),
        Ok("openid-configuration") => Ok((WellKnown::OpenId, 2)),
        Ok("openid-configuration-inserted") => Ok((WellKnown::OpenIdInserted, 3)),
        Ok(other) => Err(format!("nothing is at {other}")),
    }
}

/// A key of the tests.
fn key(key_id: &str) -> Result<SigningKey<'static>, String> {
    let unknown = || format!("no key is called {key_id}");
    let algorithm = keys::algorithm(key_id).and_then(Algorithm::from_name).ok_or_else(unknown)?;
    let jwk = keys::named_jwk(key_id).ok_or_else(unknown)?.leak();
    Ok(SigningKey { key_id: key_id.to_owned().leak(), algorithm, jwk })
}

/// The client of the tests: `c1`, `c2` or `pub1`, by the way it authenticates.
pub(super) fn client(settings: &Settings) -> Result<Client<'static>, String> {
    let (method, with) = settings.authentication.split_once(' ').unwrap_or((&settings.authentication, ""));
    let (client_id, authentication, redirect_uri) = match method {
        "private_key_jwt" => ("c1", Authentication::PrivateKeyJwt(key(with)?), "https://client.example/cb"),
        "tls_client_auth" => ("c1", Authentication::TlsClientAuth, "https://client.example/cb"),
        "self_signed_tls_client_auth" => ("c1", Authentication::SelfSignedTlsClientAuth, "https://client.example/cb"),
        "basic" => ("c1", Authentication::ClientSecretBasic(C1_SECRET), "https://client.example/cb"),
        "post" => ("c2", Authentication::ClientSecretPost(C2_SECRET), "https://two.example/cb"),
        "none" => ("pub1", Authentication::None, "http://127.0.0.1:51004/cb"),
        other => return Err(format!("a client does not authenticate by {other}")),
    };
    Ok(Client {
        issuer: Issuer::parse(ISSUER).map_err(|reason| format!("{reason:?}"))?,
        client_id: ClientId::parse(client_id).map_err(|reason| format!("{reason:?}"))?,
        authentication,
        redirect_uri,
        scope: "read",
        resources: RESOURCE,
        mix_up_defense: MixUpDefense::OwnRedirectUri,
        schemes: Schemes::Https,
        addresses: Addresses::PublicOnly,
        binding: match settings.binding.split_once(' ').unwrap_or((&settings.binding, "")) {
            ("none", _) => Binding::None,
            ("certificate", _) => Binding::Certificate,
            ("dpop", keys) => {
                let keys = keys.split(' ').map(key).collect::<Result<Vec<_>, _>>()?;
                Binding::Dpop(SigningKeys::new(&keys).map_err(|reason| format!("{reason:?}"))?)
            }
            (other, _) => return Err(format!("tokens are not bound to {other}")),
        },
        pushed_requests: if settings.pushes { PushedRequests::Always } else { PushedRequests::IfRequired },
        id_token_algorithm: settings.id_token_algorithm,
        lifetimes: Lifetimes::default(),
    })
}

/// The metadata document that the client has: the server's own, if no other is given.
pub(super) fn document(settings: &Settings) -> Result<Vec<u8>, String> {
    if let Some(document) = &settings.document {
        return Ok(document.clone().into_bytes());
    }
    let server = server::server(settings)?;
    let mut buffer = vec![0; symbolon::server::BUFFER];
    Ok(fits(server.metadata(&mut buffer))?.body.to_vec())
}

fn discovered(metadata: &ServerMetadata<'_>) -> Outcome {
    let url = |endpoint: Option<Endpoint<'_>>| endpoint.map_or("", Endpoint::as_str).to_owned();
    let fields = vec![
        ("issuer", metadata.issuer().as_str().to_owned()),
        ("authorization_endpoint", url(metadata.authorization_endpoint())),
        ("token_endpoint", metadata.token_endpoint().as_str().to_owned()),
        ("revocation_endpoint", url(metadata.revocation_endpoint())),
        ("introspection_endpoint", url(metadata.introspection_endpoint())),
        ("sends_iss", metadata.sends_iss().to_string()),
    ];
    Outcome::of("server", fields)
}

fn tokens_of(name: &str, tokens: &Tokens<'_>, session: Option<Key>) -> Outcome {
    let mut fields: Vec<(&str, String)> = session.iter().map(|key| ("session", hex(&key.0))).collect();
    fields.extend([("access_token", tokens.access_token.to_owned())]);
    fields.extend(tokens.key_id.map(|key_id| ("key_id", key_id.to_owned())));
    fields.extend([
        ("expires_at", tokens.expires_at.map_or(0, |time| time.0).to_string()),
        ("scope", tokens.scope.to_owned()),
        ("scope_is_wider", tokens.scope_is_wider.to_string()),
        ("resources", tokens.resources.to_owned()),
    ]);
    if let Some(user) = tokens.identity {
        fields.push(("subject", user.subject.to_owned()));
        fields.extend(user.authenticated_at.map(|time| ("authenticated_at", time.0.to_string())));
    }
    Outcome::of(name, fields)
}

/// What a call asks of a resource.
pub(super) fn asked(call: &Call) -> Result<ResourceRequest<'_>, String> {
    let optional = |name| call.argument(name).unwrap_or_default();
    Ok(ResourceRequest {
        method: Method::from_bytes(call.argument("method")?.as_bytes()),
        accept: optional("accept"),
        content_type: optional("content_type"),
        body: optional("body").as_bytes(),
        wanted: optional("wanted"),
        ..ResourceRequest::get(call.argument("url")?, call.argument("resource")?)
    })
}

fn requested(requested: &Requested<'_>) -> Outcome {
    match *requested {
        Requested::Answered(ResourceResponse { status, headers, body }) => {
            // The lines of header fields are one in a document.
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let fields = vec![("status", status.to_string()), ("headers", hex(headers)), ("body", text(body))];
            Outcome::of("answered", fields)
        }
        Requested::TokenEnded { rejected } => {
            Outcome::of("token-ended", rejected.map(|token| ("rejected", token.to_owned())).into_iter().collect())
        }
        Requested::StepUp(StepUp { acr_values, max_age, scope }) => Outcome::of(
            "step-up",
            vec![
                ("acr_values", acr_values.to_owned()),
                ("has_max_age", max_age.is_some().to_string()),
                ("max_age", max_age.unwrap_or(0).to_string()),
                ("scope", scope.to_owned()),
            ],
        ),
        Requested::ScopeInsufficient { scope } => Outcome::of("scope-insufficient", vec![("scope", scope.to_owned())]),
        Requested::SignInAgain(failure) => failed("sign-in-again", failure),
        Requested::Failed(failure) => failed("failed", failure),
    }
}

fn failed(name: &str, Failure { reason, error }: Failure<'_>) -> Outcome {
    let mut fields = Vec::new();
    if let Some(error) = error {
        fields.push(("error", error.code.to_owned()));
        fields.extend(error.description.map(|text| ("error_description", text.to_owned())));
    }
    let event = reason.event().map(|event| event.name().into());
    Outcome { reason: Some(name_of_reason(reason)), event, ..Outcome::of(name, fields) }
}
