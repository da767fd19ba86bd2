//! Our client as a program, for tests against servers of others: it is told its configuration as a JSON object in its
//! first argument, then what to do as one JSON object per line, and answers each with one.

use std::io::{BufRead, Write};
use std::path::Path;

use serde_json::{Value, json};
use symbolon::Name;
use symbolon::client::{Authentication, Binding, Client, PushedRequests};
use symbolon::record::Key;
use symbolon::resource::{
    self, Accepts, AccessTokens, IssuerKeys, Judgement, Needs, ResourceRequest, ResourceServer, Subject,
};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::resource::Resource;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::wire::http::Field;
use symbolon::wire::jose::Algorithm;
use symbolon_host::demo::DemoClient;
use symbolon_host::drive::Driver;
use symbolon_host::journal::Actor;
use symbolon_host::send::{Http, Trust};
use symbolon_host::signing::Keyring;
use symbolon_host::store::Store;

type Outcome = Result<Value, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let configuration = std::env::args().nth(1).ok_or("usage: client CONFIGURATION")?;
    let configuration: &'static Value = Box::leak(Box::new(serde_json::from_str(&configuration)?));
    let store = Store::open(Path::new(text(configuration, "store")))?;
    let path = |name| match text(configuration, name) {
        "" => None,
        path => Some(path.into()),
    };
    let http =
        Http::new(&Trust { authorities: path("authorities"), certificate: path("certificate"), resolve: Vec::new() })?;
    let private = configuration["keys"].as_array().into_iter().flatten();
    let keys = private.clone().try_fold(Keyring::default(), |keyring, key| keyring.with(key))?;
    let driver = Driver { actor: Actor::Client, store: &store, http: &http, keys: &keys, journal: None };
    let client = DemoClient::new(client(configuration, &keys)?);
    for line in std::io::stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let outcome = match text(&order, "do") {
            "judge" => judge(configuration, &client, &driver, &order).await,
            _ => obey(&client, &driver, &order).await,
        };
        let answer = outcome.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(std::io::stdout(), "{answer}")?;
    }
    Ok(())
}

/// A member that is a string; empty if it is not there.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn client(configuration: &'static Value, keys: &Keyring) -> Result<Client<'static>, String> {
    let member = |name| text(configuration, name);
    let secret = member("client_secret");
    let published = keys.published(symbolon::server::AccessTokens::Opaque).map_err(|error| error.to_string())?;
    let signing_key = |id: &str| {
        let key = published.iter().find(|key| key.key_id == id).ok_or(format!("no key {id}"))?;
        Ok::<_, String>(SigningKey { key_id: key.key_id, algorithm: key.algorithm, jwk: key.jwk })
    };
    let dpop_keys: Vec<SigningKey<'_>> = configuration["dpop_keys"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| signing_key(id.as_str().unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    Ok(Client {
        issuer: issuer(configuration)?,
        client_id: ClientId::parse(member("client_id")).map_err(|reason| format!("client_id: {reason:?}"))?,
        authentication: match member("method") {
            "none" => Authentication::None,
            "client_secret_basic" => Authentication::ClientSecretBasic(secret),
            "client_secret_post" => Authentication::ClientSecretPost(secret),
            "private_key_jwt" => Authentication::PrivateKeyJwt(signing_key(member("assertion_key"))?),
            "tls_client_auth" => Authentication::TlsClientAuth,
            "self_signed_tls_client_auth" => Authentication::SelfSignedTlsClientAuth,
            other => return Err(format!("method: {other}")),
        },
        redirect_uri: member("redirect_uri"),
        scope: member("scope"),
        resources: member("resource"),
        binding: match dpop_keys.is_empty() {
            false => Binding::Dpop(SigningKeys::new(&dpop_keys).map_err(|reason| format!("dpop_keys: {reason:?}"))?),
            true if configuration["certificate_bound"] == true => Binding::Certificate,
            true => Binding::None,
        },
        pushed_requests: match member("pushed_requests") {
            "always" => PushedRequests::Always,
            _ => PushedRequests::IfRequired,
        },
        id_token_algorithm: Algorithm::from_name(member("id_token_algorithm")).unwrap_or(Algorithm::Rs256),
        mix_up_defense: symbolon::client::MixUpDefense::OnlyServer,
        schemes: Schemes::HttpsAndPlainHttpOnLoopback,
        addresses: symbolon::client::Addresses::PrivateAndLoopbackToo,
        lifetimes: Default::default(),
    })
}

fn issuer(configuration: &'static Value) -> Result<Issuer<'static>, String> {
    Issuer::parse_allowing_plain_http_on_loopback(text(configuration, "issuer"))
        .map_err(|reason| format!("issuer: {reason:?}"))
}

async fn obey(client: &DemoClient, driver: &Driver<'_>, order: &Value) -> Outcome {
    let (browser, session) = (text(order, "browser"), || key(text(order, "session")));
    Ok(match text(order, "do") {
        "begin" => json!({ "url": client.authorize(driver, browser).await? }),
        "callback" => {
            let (_, query) = text(order, "url").split_once('?').ok_or("no query")?;
            let signed_in = client.callback(driver, browser, query).await?;
            let Key(session) = signed_in.session;
            let session: String = session.iter().map(|byte| format!("{byte:02x}")).collect();
            let (token, subject) = (signed_in.access_token, signed_in.subject);
            json!({ "session": session, "access_token": token, "scope": signed_in.scope, "subject": subject })
        }
        "refresh" => {
            let rejected = order.get("rejected").and_then(Value::as_str);
            json!({ "access_token": client.refresh(driver, session()?, rejected).await? })
        }
        "credentials" => {
            let [scope, rejected] = ["scope", "rejected"].map(|name| order.get(name).and_then(Value::as_str));
            json!({ "access_token": client.credentials(driver, scope, rejected).await? })
        }
        "userinfo" => serde_json::from_str(&client.userinfo(driver, session()?).await?)?,
        "revoke" => {
            client.revoke(driver, session()?).await?;
            json!({})
        }
        "refresh_token" => json!({ "refresh_token": client.stolen_refresh_token(driver, session()?).await }),
        other => return Err(format!("do what? {other}").into()),
    })
}

/// Judges a request for the resource, as the resource server would that the server knows by the same credentials.
async fn judge(configuration: &'static Value, client: &DemoClient, driver: &Driver<'_>, order: &Value) -> Outcome {
    let refused = |reason| format!("{reason:?}");
    let access_tokens = match text(configuration, "jwks_uri") {
        "" => AccessTokens::Opaque {
            introspection_endpoint: client
                .discover(driver)
                .await?
                .introspection_endpoint()
                .ok_or("no introspection endpoint")?,
            client_id: ClientId::parse(text(configuration, "client_id")).map_err(refused)?,
            client_secret: text(configuration, "client_secret"),
        },
        uri => AccessTokens::Jwt {
            keys: IssuerKeys::Published(
                Endpoint::parse(Name::JwksUri, uri, Schemes::HttpsAndPlainHttpOnLoopback).map_err(refused)?,
            ),
            algorithm: None,
        },
    };
    let server = ResourceServer {
        resource: Resource::parse(text(configuration, "resource")).map_err(refused)?,
        issuer: issuer(configuration)?,
        access_tokens,
        accepts: Accepts::ANY,
        dpop_nonces: None,
        metadata: None,
        realm: "notes",
    };
    let bearer = format!("Bearer {}", text(order, "access_token"));
    let sent = order["headers"].as_array().into_iter().flatten();
    let mut headers: Vec<Field<'_>> = sent
        .map(|pair| Field {
            name: pair[0].as_str().unwrap_or_default(),
            value: pair[1].as_str().unwrap_or_default().as_bytes(),
        })
        .collect();
    if headers.is_empty() {
        headers.push(Field { name: "Authorization", value: bearer.as_bytes() });
    }
    let mut buffer = vec![0; resource::BUFFER];
    let url = order["url"].as_str().unwrap_or(text(configuration, "resource"));
    let method = order["method"].as_str().unwrap_or("GET");
    let request = ResourceRequest { method, url, headers: &headers, certificate: None };
    let needs = match text(order, "scope") {
        "" => Needs::ANY_TOKEN,
        scope => Needs::scope(scope),
    };
    let step = server.judge(request, needs, symbolon_host::now(), &mut buffer);
    let driver = Driver { actor: Actor::Resource, ..*driver };
    Ok(match driver.drive(step.map_err(|_| "out of buffer")?).await {
        Judgement::Allow(claims) => json!({ "status": 200, "subject": claims.subject().map(Subject::as_str) }),
        Judgement::Deny(reply) => json!({ "status": reply.status }),
    })
}

fn key(digits: &str) -> Result<Key, Box<dyn std::error::Error>> {
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits)?, 16)?;
    }
    Ok(Key(key))
}
