//! JSON Web Tokens at the client.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use symbolon::Reason;
use symbolon::client::{AuthorizationRequest, BUFFER, Refreshed};
use symbolon::record::Key;
use symbolon::terms::UserAgent;
use symbolon::terms::issuer::Issuer;
use symbolon::wire::jose::Algorithm;

use super::outcome::{Checked, each, ensure};
use super::{Ground, Row, row};
use crate::app::{App, DOCUMENT, client, metadata, parameter, query};
use crate::drive::drive;
use crate::fixture::{BROWSER, Bench, ISSUER, NOW, entropy};
use crate::keys;
use crate::peer::{Canned, Peer, Sent};
use crate::store::MemoryStore;

pub(super) const ROWS: &[Row] = &[
    row("JW-04", "a hash in an ID token holds if its algorithm is not known", "CVE-2026-28498", jw_04),
    row("DP-30", "a token of one server is used with another", "cuckoo's token, 2019", dp_30),
];

const METADATA: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","jwks_uri":"https://as.example/jwks",
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;
const KEY: &str = "es256-server";

/// A sign-in with OpenID Connect that has begun: the client, the good response, the nonce, the session.
fn begun() -> Result<(App, String, String, Key), String> {
    let mut app = App { metadata: metadata(ISSUER, METADATA), ..App::default() };
    (app.client.scope, app.client.id_token_algorithm) = ("openid", Algorithm::Es256);
    let (mut buffer, mut store) = (vec![0; BUFFER], MemoryStore::default());
    let browser = UserAgent::new(BROWSER).map_err(|reason| format!("{reason:?}"))?;
    let step =
        app.client.authorize(&app.metadata, browser, AuthorizationRequest::default(), NOW, entropy(9), &mut buffer);
    let begun = drive(step.map_err(|_| "room")?, &mut store).map_err(|failure| format!("{:?}", failure.reason))?;
    let sent = query(begun.url);
    let value = |name| parameter(&sent, name).ok_or_else(|| format!("no {name}"));
    let (nonce, state, session) = (value("nonce")?, value("state")?, begun.session);
    app.store = store;
    Ok((app, format!("code=x&iss=https%3A%2F%2Fas.example&state={state}"), nonce, session))
}

fn jw_04(_: &Ground) -> Checked {
    let (app, response, nonce, session) = begun()?;
    let hash = |token: &[u8], len: usize| Base64UrlUnpadded::encode_string(&Sha256::digest(token)[..len]);
    let claims = |at_hash: Value| json!({ "iss": ISSUER, "sub": "alice", "aud": "c1", "exp": NOW.0 + 60, "iat": NOW.0, "nonce": nonce, "at_hash": at_hash });
    let ends = |header: Value, claims: Value| {
        let token = keys::jws(KEY, &header.to_string(), &claims.to_string());
        let body = json!({ "access_token": "at", "token_type": "Bearer", "expires_in": 600, "id_token": token });
        let jwks = format!("{{\"keys\":[{}]}}", keys::named_jwk(KEY).unwrap_or_default());
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |sent: &Sent, _: &mut _| {
            Some(Canned::json(200, if sent.url.ends_with("/token") { body.to_string() } else { jwks.clone() }.as_str()))
        });
        let ended = app.callback_on(&response, BROWSER, &mut host).map(|_| ()).map_err(|refusal| refusal.reason);
        (ended, store.rows.contains_key(&session))
    };
    let es256 = || json!({ "alg": "ES256", "kid": KEY });
    ensure(ends(es256(), claims(json!(hash(b"at", 16)))) == (Ok(()), true), || "a good one is refused".to_owned())?;
    let aborted = |ended: (Result<(), Reason>, bool)| match ended {
        (Err(reason), false) => {
            Ok(format!("aborted ({} {})", reason.name(), reason.parameter().map_or("", |name| name.as_str())))
        }
        other => Err(format!("{other:?}")),
    };
    let algorithms = ["none", "HS256", "ES384", "RS256", "EdDSA", "Ed25519", "BANDANA", ""];
    let unknown = each(algorithms.map(|alg| (format!("alg {alg:?}"), alg)), |alg| {
        // Even with the right hash, and the more so with another.
        aborted(ends(json!({ "alg": alg, "kid": KEY }), claims(json!(hash(b"at", 16)))))?;
        aborted(ends(json!({ "alg": alg, "kid": KEY }), claims(json!(hash(b"evil", 16)))))
    })?;
    let hashes = [
        ("of another token", json!(hash(b"evil", 16))),
        ("whole", json!(hash(b"at", 32))),
        ("cut short", json!(hash(b"at", 15))),
        ("empty", json!("")),
        ("the token itself", json!("at")),
        ("a number", json!(1)),
        ("a list", json!([hash(b"at", 16)])),
    ];
    let wrong = each(hashes, |at_hash| aborted(ends(es256(), claims(at_hash))))?;
    Ok(format!("{unknown}; at_hash {wrong}"))
}

fn dp_30(_: &Ground) -> Checked {
    // Somebody's server is configured, too, and would like to see the tokens of the honest one.
    let mut honest = App::default();
    let mut bench = Bench::default();
    let (session, held) = honest.signed_in(&mut bench);
    let evil = "https://evil.example";
    let document = DOCUMENT.replace(ISSUER, evil);
    let other =
        symbolon::client::Client { issuer: Issuer::parse(evil).map_err(|reason| format!("{reason:?}"))?, ..client() };
    let server = metadata(evil, &document);
    let mut buffer = vec![0; BUFFER];
    let mut store = honest.store.clone();
    let mut sent: Vec<String> = Vec::new();
    let mut host = Peer::new(&mut store, |asked: &Sent, _: &mut _| {
        sent.push(asked.url.clone());
        None
    });
    let step = other.refresh(&server, session, Some(&held.access_token), NOW, &mut buffer);
    let told = match drive(step.map_err(|_| "room")?, &mut host) {
        Refreshed::Failed(failure) => format!("failed ({})", failure.reason.name()),
        Refreshed::Usable(_) => return Err("the token is handed out".to_owned()),
        Refreshed::Busy { .. } | Refreshed::SignInAgain(_) => return Err("the session was acted upon".to_owned()),
    };
    ensure(sent.is_empty(), || format!("sent to {sent:?}"))?;
    ensure(store == honest.store, || "the session has changed".to_owned())?;
    Ok(format!("the session at the one, used for the other -> {told}, nothing sent"))
}
