//! The flows in which keys are proven or used. Signatures cost the host, and are not counted.

use serde_json::json;
use symbolon::Event;
use symbolon::client::{self, Binding, Refreshed};
use symbolon::record::{Client, GrantTypes, Key, Kind};
use symbolon::resource::{self, Judgement, Needs, ResourceRequest, ResourceServer};
use symbolon::server::{BUFFER, Server, SigningKeys};
use symbolon::terms::signing_key::SigningKey;
use symbolon::terms::{Time, secret};
use symbolon::wire::http::{Certificate, Field};
use symbolon::wire::jose::Algorithm;

use super::Count;
use super::flows::{Case, Rows, UNCOUNTED, browser, end, lend, only, token};
use crate::app::{App, metadata, parameter, query};
use crate::fixture::*;
use crate::keyed::{self, DPOP_KEY, k1_assertion, proof, signing_server};
use crate::keys;
use crate::peer::{Canned, Peer, Sent};
use crate::protected::{CLIENT_KEY, ISSUER_KEY, Jwt, URL, certificate, jwt_server};
use crate::store::MemoryStore;

const fn case(name: &'static str, run: fn() -> Count) -> Case {
    Case { name, bound: None, run, hashes: UNCOUNTED }
}

pub(super) const CASES: &[Case] = &[
    case("server push, client_secret_basic", push),
    case("server token by client_credentials, client_secret_basic", machine),
    case("server token by code, bound by DPoP, public client", code_dpop),
    case("server token by code, private_key_jwt", code_assertion),
    case("server token by code, JWT access token, client_secret_basic", code_jwt),
    case("server token by code, ID token, private_key_jwt", code_id_token),
    case("client callback, with an ID token", callback_id_token),
    case("client refresh, bound by DPoP", refresh_dpop),
    case("resource judge, JWT", judge_jwt),
    case("resource judge, JWT bound by DPoP", judge_dpop),
    case("resource judge, JWT bound to a certificate", judge_certificate),
];

const REDIRECT_URI: &str = "https%3A%2F%2Fclient.example%2Fcb";

fn push() -> Count {
    let bench = Bench::default();
    let form = authorization_query("c1", REDIRECT_URI, "&scope=read");
    let mut buffer = vec![0; BUFFER];
    Message::post(&form).basic("c1", C1_SECRET).lend(|request| {
        Rows::new(&bench.store, &[Key::client("c1")])
            .count(|rows| end(bench.server.push(request, bench.now, entropy(1), &mut buffer), rows).status == 201)
    })
}

fn machine() -> Count {
    let mut bench = Bench::default();
    let grant_types = GrantTypes { client_credentials: true, ..GrantTypes::SIGN_IN };
    put(&mut bench.store, &Client { grant_types, ..c1(&secret::hash(C1_SECRET)) });
    let mut buffer = vec![0; BUFFER];
    Message::post("grant_type=client_credentials&scope=read").basic("c1", C1_SECRET).lend(|request| {
        Rows::new(&bench.store, &[Key::client("c1")]).count(|rows| {
            let step = bench.server.token(request, bench.now, entropy(1), &mut buffer);
            end(step, rows).event == Some(Event::ClientGranted)
        })
    })
}

/// A bench with a code of this client.
fn approved(server: Server<'static>, client_id: &str, scope: &str) -> (Bench, String) {
    let mut bench = keyed::bench(server);
    let query = authorization_query(client_id, REDIRECT_URI, &format!("&scope={}&nonce=n", scope.replace(' ', "+")));
    let form = redemption(&bench.code(&query, scope));
    // The mark of the challenge is none of the redemption's business.
    bench.store.rows.retain(|_, row| row.kind != "mark");
    (bench, form)
}

fn code_dpop() -> Count {
    let (bench, form) = approved(server(), "b1", "read");
    let message = Message::post(&format!("{form}&client_id=b1")).with_proof(&proof(DPOP_KEY, "p1"));
    token(&bench, "b1", message, Event::CodeRedeemed)
}

fn code_assertion() -> Count {
    let (bench, form) = approved(server(), "k1", "read");
    token(&bench, "k1", Message::post(&format!("{form}{}", k1_assertion("a1"))), Event::CodeRedeemed)
}

fn code_jwt() -> Count {
    let (bench, form) = approved(signing_server(), "c1", "read");
    token(&bench, "c1", Message::post(&form).basic("c1", C1_SECRET), Event::CodeRedeemed)
}

fn code_id_token() -> Count {
    let server = Server { signing_keys: signing_server().signing_keys, ..server() };
    let (bench, form) = approved(server, "k1", "openid read");
    token(&bench, "k1", Message::post(&format!("{form}{}", k1_assertion("a1"))), Event::CodeRedeemed)
}

const METADATA: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","jwks_uri":"https://as.example/jwks",
    "dpop_signing_alg_values_supported":["ES256"],
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;
const SERVER_KEY: &str = "es256-server";

/// The response of the server to the browser.
fn response(url: &str) -> String {
    let state = parameter(&query(url), "state").expect("a state");
    format!("code=x&iss=https%3A%2F%2Fas.example&state={state}")
}

fn callback_id_token() -> Count {
    let mut app = App { metadata: metadata(ISSUER, METADATA), ..App::default() };
    (app.client.scope, app.client.id_token_algorithm) = ("openid", Algorithm::Es256);
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let nonce = parameter(&query(&url), "nonce").expect("a nonce");
    let header = json!({ "alg": "ES256", "kid": SERVER_KEY }).to_string();
    let claims = json!({ "iss": ISSUER, "sub": "alice", "aud": "c1", "exp": NOW.0 + 60, "iat": NOW.0, "nonce": nonce });
    let id_token = keys::jws(SERVER_KEY, &header, &claims.to_string());
    let tokens = json!({ "access_token": "at", "token_type": "Bearer", "expires_in": 600, "id_token": id_token });
    let tokens = Canned::json(200, &tokens.to_string());
    let jwks = format!("{{\"keys\":[{}]}}", keys::named_jwk(SERVER_KEY).expect("a key"));
    // The keys of the server are in the store already.
    let mut after = app.store.clone();
    let mut peer = Peer::new(&mut after, |sent: &Sent, _: &mut MemoryStore| {
        Some(if sent.url.ends_with("/token") { tokens.clone() } else { Canned::json(200, &jwks) })
    });
    app.callback_on(&response(&url), BROWSER, &mut peer).expect("tokens");
    let document = only(&after, Kind::Document);
    app.store.rows.insert(document, after.rows.remove(&document).expect("a document"));
    let (browser, mut query, mut buffer) = (browser(), response(&url).into_bytes(), vec![0; client::BUFFER]);
    lend(tokens, |response| {
        Rows::new(&app.store, &[session, document]).with(response).count(|rows| {
            end(app.client.callback(&app.metadata, &mut query, browser, app.now, &mut buffer), rows).is_ok()
        })
    })
}

fn refresh_dpop() -> Count {
    let mut app = App { metadata: metadata(ISSUER, METADATA), ..App::default() };
    let jwk = keys::jwk("es256-tokens").expect("a key");
    let key = SigningKey { key_id: "es256-tokens", algorithm: Algorithm::Es256, jwk: jwk.leak() };
    app.client.binding = Binding::Dpop(SigningKeys::new(&[key]).expect("a key"));
    let tokens = json!({ "access_token": "at", "token_type": "DPoP", "expires_in": 600, "refresh_token": "rt", "scope": "read" });
    let tokens = Canned::json(200, &tokens.to_string());
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let mut store = std::mem::take(&mut app.store);
    let mut peer = Peer::new(&mut store, |_: &Sent, _: &mut MemoryStore| Some(tokens.clone()));
    app.callback_on(&response(&url), BROWSER, &mut peer).expect("tokens");
    app.store = store;
    app.now = Time(NOW.0 + 600);
    let mut buffer = vec![0; client::BUFFER];
    lend(tokens, |response| {
        Rows::new(&app.store, &[session]).with(response).count(|rows| {
            let step = app.client.refresh(&app.metadata, session, None, app.now, &mut buffer);
            matches!(end(step, rows), Refreshed::Usable(_))
        })
    })
}

/// A request to the resource with these fields.
fn judge(server: &ResourceServer<'_>, fields: &[(&str, &str)], certificate: Option<Certificate<'_>>) -> Count {
    let headers: Vec<Field<'_>> = fields.iter().map(|&(name, value)| Field { name, value: value.as_bytes() }).collect();
    let (store, mut buffer) = (MemoryStore::default(), vec![0; resource::BUFFER]);
    Rows::new(&store, &[]).count(|rows| {
        let request = ResourceRequest { method: "GET", url: URL, headers: &headers, certificate };
        matches!(end(server.judge(request, Needs::scope("read"), NOW, &mut buffer), rows), Judgement::Allow(_))
    })
}

fn judge_jwt() -> Count {
    let token = format!("Bearer {}", Jwt::access_token().sign(ISSUER_KEY));
    judge(&jwt_server(), &[("Authorization", &token)], None)
}

fn judge_dpop() -> Count {
    let token = Jwt::bound_token().sign(ISSUER_KEY);
    let proof = Jwt::proof(&token).sign(CLIENT_KEY);
    judge(&jwt_server(), &[("Authorization", &format!("DPoP {token}")), ("DPoP", &proof)], None)
}

fn judge_certificate() -> Count {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let hash = Base64UrlUnpadded::encode_string(&[7; 32]);
    let token = Jwt::access_token().with("cnf", json!({ "x5t#S256": hash })).sign(ISSUER_KEY);
    judge(&jwt_server(), &[("Authorization", &format!("Bearer {token}"))], Some(certificate([7; 32])))
}
