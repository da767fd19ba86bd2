//! What a flow of a tape is started with: the configuration, the request and the other arguments.

use symbolon::client::{Addresses, Authentication, Binding, MixUpDefense, PushedRequests};
use symbolon::resource::{AccessTokens, IssuerKeys};
use symbolon::terms::endpoint::Schemes;

use super::server::UNASKED;
use super::tape::{Members, Tape, Value};
use super::{Call, Role, Settings, SigningKey, client, resource, server, unhex};
use crate::fixture::Shown;

/// Writes the lines before a flow, `start` included.
pub(super) fn given(tape: &mut Tape, call: &Call) -> Result<(), String> {
    match call.entry.role {
        Role::Server => server_config(tape, call)?,
        Role::Client => client_config(tape, call)?,
        Role::Resource => resource_config(tape, call)?,
    }
    // A resource server takes its requests in another form.
    let request = call.request.as_ref().filter(|_| call.entry.role != Role::Resource);
    if let Some(request) = request {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let request: Members<'_> = vec![
            ("method", Value::Text(&request.method)),
            ("query", Value::Text(query)),
            ("headers", Value::Fields(&request.headers)),
            ("body", Value::Text(&request.body)),
        ];
        tape.set("request", &request)?;
    }
    if let Some(Shown { thumbprint, chain_verified, subject, dns, uri, ip, email }) = &call.certificate {
        let certificate: Members<'_> = vec![
            ("thumbprint", Value::Bytes(thumbprint)),
            ("chain_verified", Value::Bool(*chain_verified)),
            ("subject", Value::Text(subject)),
            ("dns", Value::Text(dns)),
            ("uri", Value::Text(uri)),
            ("ip", Value::Text(ip)),
            ("email", Value::Text(email)),
        ];
        tape.set("certificate", &certificate)?;
    }
    tape.give("browser", call.user_agent.as_bytes());
    tape.give("now", call.now.to_string().as_bytes());
    // An entry point that takes none passes it over.
    tape.give("entropy", &call.entropy);
    let (mut decision, mut asked): (Members<'_>, Members<'_>) = Default::default();
    for (name, value) in &call.arguments {
        match name.as_str() {
            "subject" => decision.push(("subject", Value::Text(value))),
            "authenticated_at" => {
                let time = value.parse().map_err(|_| format!("not a time: {value}"))?;
                decision.push(("authenticated_at", Value::Number(time)));
            }
            "approve" => decision.extend([("approved", Value::Number(1)), ("scope", Value::Text(value))]),
            "deny" => decision.push(("approved", Value::Number(0))),
            "unmet" => decision.push(("approved", Value::Number(2))),
            "unasked" => {
                let place =
                    UNASKED.iter().position(|(name, _)| name == value).ok_or_else(|| format!("not why: {value}"))?;
                decision.push(("unasked", Value::Number(place as u64 + 1)));
            }
            "details" => decision.push(("authorization_details", Value::Text(value))),
            "acr" | "amr" => decision.push((name, Value::Text(value))),
            "session" => tape.give("session", &unhex(value)?),
            _ if call.entry.name == "client authorize" => match name.as_str() {
                "max_age" => {
                    let seconds = value.parse().map_err(|_| format!("not a number: {value}"))?;
                    asked.extend([("has_max_age", Value::Number(1)), ("max_age", Value::Number(seconds))]);
                }
                _ => asked.push((name, Value::Text(value))),
            },
            _ if call.entry.name == "client request" => asked.push((name, Value::Text(value))),
            "well_known" | "known" => {}
            _ => tape.give(name, value.as_bytes()),
        }
    }
    if !decision.is_empty() {
        tape.set("decision", &decision)?;
    }
    if !asked.is_empty() {
        tape.set(if call.entry.name == "client request" { "client_request" } else { "authorization_request" }, &asked)?;
    }
    tape.line("start", &[call.entry.name.replace(' ', "_").as_bytes()]);
    Ok(())
}

fn server_config(tape: &mut Tape, call: &Call) -> Result<(), String> {
    let server = server::server(&call.settings)?;
    let (endpoints, lifetimes) = (&server.endpoints, &server.lifetimes);
    let members: Members<'_> = vec![
        ("issuer", Value::Text(server.issuer.as_str())),
        ("authorization_endpoint", Value::Text(endpoints.authorization)),
        ("token_endpoint", Value::Text(endpoints.token)),
        ("revocation_endpoint", Value::Text(endpoints.revocation)),
        ("introspection_endpoint", Value::Text(endpoints.introspection)),
        ("pushed_authorization_request_endpoint", Value::Text(endpoints.pushed_authorization_request)),
        ("jwks_uri", Value::Text(endpoints.jwks)),
        ("userinfo_endpoint", Value::Text(endpoints.userinfo)),
        ("scopes_supported", Value::Text(server.scopes_supported)),
        ("protected_resources", Value::Text(server.protected_resources)),
        ("authorization_details_types", Value::Text(server.authorization_details_types)),
        ("interaction_lifetime", Value::Number(lifetimes.interaction)),
        ("pushed_request_lifetime", Value::Number(lifetimes.pushed_request)),
        ("code_lifetime", Value::Number(lifetimes.code)),
        ("access_token_lifetime", Value::Number(lifetimes.access_token)),
        ("refresh_token_lifetime", Value::Number(lifetimes.refresh_token)),
        ("grant_lifetime", Value::Number(lifetimes.grant)),
        ("retry_lifetime", Value::Number(lifetimes.retry)),
    ];
    if members.iter().any(|(_, value)| matches!(value, Value::Number(0))) {
        return Err("a lifetime of 0 is the default, for C".into());
    }
    tape.set("server_config", &members)?;
    let Settings { jwt_access_tokens, sender_constrained, dpop_nonces, .. } = call.settings;
    let flags = [
        ("jwt_access_tokens", jwt_access_tokens),
        ("sender_constrained", sender_constrained),
        ("dpop_nonces", dpop_nonces),
        ("pushed_requests_only", server.pushed_requests_only),
        ("client_id_metadata_documents", server.client_id_metadata_documents),
    ];
    let set = flags.into_iter().filter(|(_, set)| *set).map(|(name, set)| (name, Value::Bool(set)));
    tape.set("server_config", &set.collect())?;
    for SigningKey { key_id, algorithm, jwk } in &call.settings.signing_keys {
        let words = [b"signing_keys", key_id.as_bytes(), algorithm.as_bytes(), jwk.as_bytes()];
        tape.line("set server_config", &words);
    }
    for (id, secret) in &call.settings.keys {
        tape.line("set server_config keys", &[id.to_string().as_bytes(), secret]);
    }
    Ok(())
}

fn client_config(tape: &mut Tape, call: &Call) -> Result<(), String> {
    let client = client::client(&call.settings)?;
    let (authentication, secret) = match client.authentication {
        Authentication::None => (1, ""),
        Authentication::ClientSecretBasic(secret) => (2, secret),
        Authentication::ClientSecretPost(secret) => (3, secret),
        Authentication::PrivateKeyJwt(_) => (4, ""),
        Authentication::TlsClientAuth => (5, ""),
        Authentication::SelfSignedTlsClientAuth => (6, ""),
    };
    let (binding, keys): (_, Vec<_>) = match &client.binding {
        Binding::None => (1, Vec::new()),
        Binding::Dpop(keys) => (2, keys.iter().collect()),
        Binding::Certificate => (3, Vec::new()),
    };
    let mix_up_defense = match client.mix_up_defense {
        MixUpDefense::Iss => 1,
        MixUpDefense::OwnRedirectUri => 2,
        MixUpDefense::OnlyServer => 3,
    };
    let members: Members<'_> = vec![
        ("authentication", Value::Number(authentication)),
        ("binding", Value::Number(binding)),
        ("pushed_requests_only", Value::Number(u64::from(client.pushed_requests == PushedRequests::Always))),
        ("id_token_algorithm", Value::Text(client.id_token_algorithm.as_str())),
        ("mix_up_defense", Value::Number(mix_up_defense)),
        ("plain_http_on_loopback", Value::Number(u64::from(client.schemes != Schemes::Https))),
        ("private_addresses", Value::Number(u64::from(client.addresses != Addresses::PublicOnly))),
        ("issuer", Value::Text(client.issuer.as_str())),
        ("client_id", Value::Text(client.client_id.as_str())),
        ("client_secret", Value::Text(secret)),
        ("redirect_uri", Value::Text(client.redirect_uri)),
        ("scope", Value::Text(client.scope)),
        ("resources", Value::Text(client.resources)),
        ("sign_in_lifetime", Value::Number(client.lifetimes.sign_in)),
        ("session_lifetime", Value::Number(client.lifetimes.session)),
    ];
    tape.set("client_config", &members)?;
    let mut key = |member: &str, key: &symbolon::terms::signing_key::SigningKey<'_>| {
        let words = [member, key.key_id, key.algorithm.as_str(), key.jwk].map(str::as_bytes);
        tape.line("set client_config", &words);
    };
    if let Authentication::PrivateKeyJwt(of) = &client.authentication {
        key("assertion_key", of);
    }
    keys.into_iter().for_each(|of| key("dpop_keys", of));
    if call.entry.name == "client discover" {
        let place = client::well_known(call)?.1;
        tape.give("well_known", place.to_string().as_bytes());
    }
    if call.entry.name != "client discover" || call.argument("known").is_ok() {
        tape.give("document", &client::document(&call.settings)?);
    }
    Ok(())
}

fn resource_config(tape: &mut Tape, call: &Call) -> Result<(), String> {
    let settings = &call.settings.resource;
    let server = settings.server()?;
    let flag = |set: bool| Value::Number(u64::from(set));
    let mut members: Members<'_> = vec![
        ("resource", Value::Text(server.resource.as_str())),
        ("issuer", Value::Text(server.issuer.as_str())),
        ("accepts_bearer", flag(server.accepts.bearer)),
        ("accepts_dpop", flag(server.accepts.dpop)),
        ("accepts_certificate", flag(server.accepts.certificate)),
        ("realm", Value::Text(server.realm)),
    ];
    match &server.access_tokens {
        AccessTokens::Opaque { introspection_endpoint, client_id, client_secret } => members.extend([
            ("access_tokens", Value::Number(1)),
            ("introspection_endpoint", Value::Text(introspection_endpoint.as_str())),
            ("client_id", Value::Text(client_id.as_str())),
            ("client_secret", Value::Text(client_secret)),
        ]),
        AccessTokens::Jwt { keys, algorithm } => {
            members.push(("access_tokens", Value::Number(2)));
            members.push(match keys {
                IssuerKeys::Pinned(keys) => ("jwks", Value::Text(keys)),
                IssuerKeys::Published(url) => ("jwks_uri", Value::Text(url.as_str())),
            });
            members.extend(algorithm.map(|algorithm| ("algorithm", Value::Text(algorithm.as_str()))));
        }
    }
    if let Some(metadata) = &server.metadata {
        members.extend([
            ("has_metadata", Value::Number(1)),
            ("scopes_supported", Value::Text(metadata.scopes_supported)),
            ("authorization_details_types", Value::Text(metadata.authorization_details_types)),
            ("resource_name", Value::Text(metadata.resource_name)),
            ("resource_documentation", Value::Text(metadata.resource_documentation)),
        ]);
    }
    tape.set("resource_config", &members)?;
    if let Some((id, secret)) = &settings.nonces {
        tape.line("set resource_config keys", &[id.to_string().as_bytes(), secret]);
    }
    if call.entry.name == "judge" {
        resource_request(tape, call)?;
    }
    Ok(())
}

/// The request to the resource, and what it needs.
fn resource_request(tape: &mut Tape, call: &Call) -> Result<(), String> {
    let settings = &call.settings.resource;
    let request = call.request.as_ref().ok_or("no request")?;
    let url = resource::url(call);
    let mut members: Members<'_> = vec![
        ("method", Value::Text(&request.method)),
        ("url", Value::Text(&url)),
        ("headers", Value::Fields(&request.headers)),
    ];
    members.extend(settings.certificate.as_ref().map(|hash| ("certificate", Value::Bytes(hash))));
    tape.set("resource_request", &members)?;
    let members: Members<'_> = vec![
        ("any_token", Value::Number(u64::from(settings.scope.is_empty() && settings.detail.is_empty()))),
        ("scope", Value::Text(&settings.scope)),
        ("detail_type", Value::Text(settings.detail("type"))),
        ("detail_actions", Value::Text(settings.detail("actions"))),
        ("detail_datatypes", Value::Text(settings.detail("datatypes"))),
        ("detail_privileges", Value::Text(settings.detail("privileges"))),
        ("detail_identifier", Value::Text(settings.detail("identifier"))),
        ("detail_judged_by_caller", Value::Text(settings.detail("judged_by_caller"))),
        ("acr_values", Value::Text(&settings.acr_values)),
        ("has_max_age", Value::Number(u64::from(settings.max_age.is_some()))),
        ("max_age", Value::Number(settings.max_age.unwrap_or(0))),
    ];
    tape.set("needs", &members)
}
