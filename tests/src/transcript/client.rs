//! The entry points of the client.

use symbolon::client::{
    Addresses, Authentication, AuthorizationRequest, BUFFER, Binding, Client, Failure, Lifetimes, MixUpDefense,
    PushedRequests, Refreshed, Revoked, SignIn, SignedIn, Tokens, WellKnown,
};
use symbolon::record::Key;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::{Entropy, Time};
use symbolon::wire::jose::Algorithm;

use super::replay::{fits, name_of_reason};
use super::{Call, Outcome, Settings, hex, server, unhex};
use crate::drive::{Host, drive};
use crate::fixture::{C1_SECRET, C2_SECRET, ISSUER, RESOURCE};

/// Runs a flow of the client.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    let client = client(&call.settings)?;
    let now = Time(call.now);
    let mut buffer = vec![0; BUFFER];
    let buffer = buffer.as_mut_slice();
    if call.entry.name == "client discover" {
        return Ok(match drive(fits(client.discover(WellKnown::OAuth, None, buffer))?, host) {
            Ok(metadata) => discovered(&metadata),
            Err(reason) => failed("failed", reason.into()),
        });
    }
    let mut document = document(&call.settings)?;
    let metadata = ServerMetadata::read(&mut document, client.issuer, client.schemes);
    let metadata = metadata.map_err(|reason| format!("the document: {reason:?}"))?;
    let session = || {
        let key = unhex(call.argument("session")?)?;
        key.try_into().map(Key).map_err(|_| "a session is 32 bytes long".to_owned())
    };
    match call.entry.name {
        "client authorize" => {
            let entropy = Entropy::new(call.entropy);
            let request =
                AuthorizationRequest { scope: call.argument("scope").ok(), ..AuthorizationRequest::default() };
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

/// The client of the tests: `c1`, `c2` or `pub1`, by the way it authenticates.
pub(super) fn client(settings: &Settings) -> Result<Client<'static>, String> {
    let (client_id, authentication, redirect_uri) = match settings.authentication.as_str() {
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
        binding: Binding::None,
        pushed_requests: PushedRequests::IfRequired,
        id_token_algorithm: Algorithm::Rs256,
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
    fields.extend([
        ("access_token", tokens.access_token.to_owned()),
        ("expires_at", tokens.expires_at.map_or(0, |time| time.0).to_string()),
        ("scope", tokens.scope.to_owned()),
        ("scope_is_wider", tokens.scope_is_wider.to_string()),
        ("resources", tokens.resources.to_owned()),
    ]);
    Outcome::of(name, fields)
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
