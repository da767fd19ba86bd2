//! DPoP where it is used: nonces, keys that tokens are bound to, and what a client signs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use symbolon::ErrorCode;
use symbolon::client::Binding;
use symbolon::resource::{Judgement, ResourceServer};
use symbolon::terms::Time;
use symbolon::terms::credential::CredentialKeys;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::wire::jose::Algorithm;
use symbolon::wire::write::Arena;

use super::endpoint::Guarded;
use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::app::{App, Refresh, metadata, parameter, query};
use crate::fixture::{Answer, BROWSER, Bench, CHALLENGE, ISSUER, Message, NOW};
use crate::keyed::{self, DPOP_KEY, OTHER_DPOP_KEY, k1_assertion, m1_certificate, nonce, proof, proof_with_nonce};
use crate::keys;
use crate::peer::{Canned, Peer, Sent};
use crate::protected::{CLIENT_KEY, ISSUER_KEY, Incoming, Jwt, jwt_server};

pub(super) const ROWS: &[Row] = &[
    row("DP-19", "a nonce is old, of another server, or missing", "RFC 9449 section 8", dp_19),
    row(
        "DP-20",
        "a server that wants a nonce and gives none keeps the client asking",
        "mod_auth_openidc 2026-05",
        dp_20,
    ),
    row("DP-21", "a nonce breaks out of its place", "RFC 9449 section 8.1", dp_21),
    row("DP-25", "a request proves two keys", "node-oidc-provider", dp_25),
    row("DP-31", "a client's proof works twice, or elsewhere", "RFC 9449 section 11.1", dp_31),
    row("RT-15", "a refresh token that is bound to a key is used with another", "RFC 9449 section 5", rt_15),
];

/// 400 or 401 with `use_dpop_nonce` and a nonce.
fn wants_nonce(answer: &Answer) -> Checked {
    let told = refused(answer, 400, ErrorCode::UseDpopNonce)?;
    let nonce = answer.header("DPoP-Nonce").unwrap_or_default();
    ensure(nonce.len() == 34, || format!("DPoP-Nonce {nonce:?}"))?;
    Ok(format!("{told} with a fresh one"))
}

/// The nonce of these keys at this time.
fn nonce_of(keys: &CredentialKeys, now: Time) -> String {
    let mut room = [0; 64];
    let mut arena = Arena::new(&mut room, 64).expect("room");
    arena.text(|w| keys.dpop_nonce(now, w)).expect("room").to_owned()
}

fn dp_19(ground: &Ground) -> Checked {
    let mut bench = keyed::bench(crate::walk::keyed::nonce_server());
    let rs_keys = || CredentialKeys::new(1, &[0x52; 32]).expect("a key");
    let own = nonce(&bench.server, NOW);
    let changed = format!("{}{}", if own.starts_with('A') { 'B' } else { 'A' }, &own[1..]);
    let nonces = [
        ("none", None),
        ("an old one", Some(nonce(&bench.server, Time(NOW.0 - 240)))),
        ("one to come", Some(nonce(&bench.server, Time(NOW.0 + 240)))),
        ("that of the resource", Some(nonce_of(&rs_keys(), NOW))),
        ("a changed one", Some(changed)),
        ("an empty one", Some(String::new())),
        ("a made-up one", Some("x".repeat(34))),
    ];
    let request = |bench: &mut Bench, proof: &str| {
        let form = format!("grant_type=client_credentials&scope=read{}", k1_assertion("a1"));
        let mut host = Guarded::on(ground, std::mem::take(&mut bench.store));
        let answer = bench.token_on(Message::post(&form).with_proof(proof), &mut host);
        bench.store = host.store;
        answer
    };
    let at_server = each(nonces.clone(), |nonce| {
        let proof = match nonce {
            Some(nonce) => proof_with_nonce(DPOP_KEY, "p1", &nonce),
            None => proof(DPOP_KEY, "p1"),
        };
        unmoved(&mut bench, |bench| wants_nonce(&request(bench, &proof)))
    })?;
    let good = request(&mut bench, &proof_with_nonce(DPOP_KEY, "p1", &own));
    ensure(good.member("token_type").as_deref() == Some("DPoP"), || format!("a good one: {good:?}"))?;

    let server = ResourceServer { dpop_nonces: Some(rs_keys()), ..jwt_server() };
    let token = Jwt::bound_token().sign(ISSUER_KEY);
    let attempt = |nonce: Option<&str>| {
        let jwt = Jwt::proof(&token).with("nonce", nonce.map_or(Value::Null, |nonce| json!(nonce)));
        let incoming = Incoming::proven(&token, &jwt.sign(CLIENT_KEY));
        let mut host = Guarded::new(ground);
        let answer = incoming.judge(&server, &mut host, |judgement| match judgement {
            Judgement::Allow(_) => None,
            Judgement::Deny(reply) => Some(Answer::from(reply)),
        });
        (answer, host.store.rows.len())
    };
    let foreign = nonces.map(|(name, nonce)| match name {
        "that of the resource" => ("that of the server", Some(own.clone())),
        "an old one" => (name, Some(nonce_of(&rs_keys(), Time(NOW.0 - 240)))),
        "one to come" => (name, Some(nonce_of(&rs_keys(), Time(NOW.0 + 240)))),
        _ => (name, nonce),
    });
    let at_resource = each(foreign, |nonce| match attempt(nonce.as_deref()) {
        (Some(answer), 0) => {
            let challenge = answer.headers.iter().any(|(_, value)| value.contains("error=\"use_dpop_nonce\""));
            let nonce = answer.header("DPoP-Nonce").is_some_and(|nonce| nonce.len() == 34);
            ensure(answer.status == 401 && challenge && nonce, || format!("{answer:?}"))?;
            Ok("401 use_dpop_nonce with a fresh one".to_owned())
        }
        other => Err(format!("{other:?}")),
    })?;
    ensure(attempt(Some(&nonce_of(&rs_keys(), NOW))).0.is_none(), || "the resource's own is refused".to_owned())?;
    Ok(format!("at the server: {at_server}; at the resource: {at_resource}"))
}

/// A client whose tokens are bound to a key, at a server that takes proofs.
fn app() -> App {
    const METADATA: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
        "token_endpoint":"https://as.example/token","dpop_signing_alg_values_supported":["ES256"],
        "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;
    let mut app = App { metadata: metadata(ISSUER, METADATA), ..App::default() };
    let jwk = keys::jwk("es256-tokens").expect("a key").leak();
    let key = SigningKey { key_id: "es256-tokens", algorithm: Algorithm::Es256, jwk };
    app.client.binding = Binding::Dpop(SigningKeys::new(&[key]).expect("a key"));
    app
}

/// A sign-in whose token requests are answered by `answer`: how it ended, what was sent, the session.
fn sign_in(
    app: &mut App,
    answer: impl FnMut(&Sent) -> Canned,
) -> (Result<(), symbolon::Reason>, Vec<Sent>, symbolon::record::Key) {
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let state = parameter(&query(&url), "state").expect("a state");
    let mut store = std::mem::take(&mut app.store);
    let mut answer = answer;
    let mut host = Peer::new(&mut store, |sent: &Sent, _: &mut _| Some(answer(sent)));
    let response = format!("code=x&iss=https%3A%2F%2Fas.example&state={state}");
    let ended = app.callback_on(&response, BROWSER, &mut host).map(|_| ()).map_err(|refusal| refusal.reason);
    let sent = host.sent;
    app.store = store;
    (ended, sent, session)
}

const TOKENS: &str =
    r#"{"access_token":"at-1","token_type":"DPoP","expires_in":600,"refresh_token":"rt-1","scope":"read"}"#;

fn wanting(nonces: &[&str]) -> Canned {
    let mut canned = Canned::json(400, r#"{"error":"use_dpop_nonce"}"#);
    canned.headers.extend(nonces.iter().map(|nonce| ("DPoP-Nonce".to_owned(), (*nonce).to_owned())));
    canned
}

/// The claims of the proof that a request bears.
fn claims(sent: &Sent) -> Result<Value, String> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let fields: Vec<_> = sent.message.headers.iter().filter(|(name, _)| name == "DPoP").collect();
    ensure(fields.len() == 1, || format!("{} proofs", fields.len()))?;
    let text = String::from_utf8_lossy(&fields[0].1).into_owned();
    let part = text.split('.').nth(1).ok_or("no JWS")?;
    let json = Base64UrlUnpadded::decode_vec(part).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

fn dp_20(_: &Ground) -> Checked {
    let answers = [
        ("no nonce", wanting(&[])),
        ("two nonces", wanting(&["n-1", "n-2"])),
        ("an empty nonce", wanting(&[""])),
        ("a nonce each time", wanting(&["n-1"])),
    ];
    each(answers, |answer| {
        let mut app = app();
        let (ended, sent, session) = sign_in(&mut app, |_| answer.clone());
        let Err(reason) = ended else { return Err("signed in".to_owned()) };
        ensure(sent.len() <= 2, || format!("{} requests", sent.len()))?;
        ensure(app.state(session) == "gone", || app.state(session).to_owned())?;
        Ok(format!("aborted ({reason:?}) after {} requests", sent.len()))
    })
}

fn dp_21(_: &Ground) -> Checked {
    let long = "n".repeat(1_000_000);
    let nonces = [
        ("CR and LF", "n\r\nX-Evil: 1"),
        ("a quote", "n\",\"htm\":\"GET"),
        ("a backslash", "n\\"),
        ("a space", "n n"),
        ("not ASCII", "n\u{e4}"),
        ("DEL", "n\u{7f}"),
        ("1 MB", &long),
    ];
    each(nonces, |nonce| {
        let mut app = app();
        let (ended, sent, _) = sign_in(&mut app, |_| wanting(&[nonce]));
        let Err(reason) = ended else { return Err("signed in".to_owned()) };
        ensure(sent.len() == 1, || format!("{} requests", sent.len()))?;
        Ok(format!("not taken ({reason:?})"))
    })
}

fn dp_25(ground: &Ground) -> Checked {
    // The client shows its certificate and a proof: its tokens are bound to one of the two, and not to whichever is at hand.
    let mut bench = keyed::bench(crate::fixture::server());
    let form = Form::of(&[("grant_type", "client_credentials"), ("scope", "read"), ("client_id", "m1")]);
    let message = form.post().over(m1_certificate()).with_proof(&proof(DPOP_KEY, "p1"));
    let mut host = Guarded::on(ground, std::mem::take(&mut bench.store));
    let answer = bench.token_on(message, &mut host);
    bench.store = host.store;
    let token = answer.member("access_token").ok_or_else(|| format!("{answer:?}"))?;
    let told = bench.introspect(Form::token(&token).from("rs1"));
    let jkt = keys::thumbprint(DPOP_KEY).expect("a key");
    let cnf = serde_json::from_str::<Value>(&told.body).map_err(|error| error.to_string())?["cnf"].clone();
    ensure(cnf == json!({ "jkt": jkt }), || format!("cnf {cnf}"))?;
    Ok(format!("a certificate and a proof -> {cnf}"))
}

fn dp_31(_: &Ground) -> Checked {
    let mut app = app();
    let mut first = true;
    let (ended, mut sent, session) =
        sign_in(&mut app, |_| if std::mem::take(&mut first) { wanting(&["n-1"]) } else { Canned::json(200, TOKENS) });
    ended.map_err(|reason| format!("{reason:?}"))?;
    // And refreshed, twice.
    for rejected in ["at-1", "at-2"] {
        let mut store = std::mem::take(&mut app.store);
        let mut host =
            Peer::new(&mut store, |_: &Sent, _: &mut _| Some(Canned::json(200, &TOKENS.replace("at-1", "at-2"))));
        let refreshed = app.refresh_on(session, Some(rejected), &mut host);
        sent.extend(host.sent);
        app.store = store;
        ensure(rejected == "at-2" || matches!(refreshed, Refresh::Usable(_)), || format!("{refreshed:?}"))?;
    }
    let mut jtis = BTreeSet::new();
    for request in &sent {
        let claims = claims(request)?;
        ensure(claims["htu"] == json!(request.url) && claims["htm"] == "POST", || format!("{claims}"))?;
        jtis.insert(claims["jti"].as_str().unwrap_or_default().to_owned());
    }
    ensure(sent.len() >= 4 && jtis.len() == sent.len(), || format!("{} proofs, {} jti", sent.len(), jtis.len()))?;
    ensure(sent.iter().all(|request| !request.policy.plain_http), || "over plain http".to_owned())?;
    Ok(format!(
        "{} requests, one after a nonce -> {} proofs, each with a jti of its own and for its URL alone",
        sent.len(),
        jtis.len()
    ))
}

/// Tokens of `b1`, bound to its key.
fn bound(bench: &mut Bench) -> Result<Tokens, String> {
    let query = format!(
        "response_type=code&client_id=b1&redirect_uri=https%3A%2F%2Fclient.example%2Fcb&scope=read&state=xyz\
         &code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let code = bench.code(&query, "read");
    tokens(&bench.token(Form::code(&code).and("client_id", "b1").post().with_proof(&proof(DPOP_KEY, "p0"))))
}

fn rt_15(_: &Ground) -> Checked {
    let mut bench = keyed::bench(crate::fixture::server());
    let live = bound(&mut bench)?;
    let form = Form::refresh(&live.refresh).and("client_id", "b1");
    let rows = |bench: &Bench| bench.store.rows.values().find(|row| row.kind == "grant").cloned();
    let before = rows(&bench);
    let other =
        refused(&bench.token(form.post().with_proof(&proof(OTHER_DPOP_KEY, "p1"))), 400, ErrorCode::InvalidGrant)?;
    let none = refused(&bench.token(form.post()), 400, ErrorCode::InvalidRequest)?;
    let certificate = refused(&bench.token(form.post().over(m1_certificate())), 400, ErrorCode::InvalidGrant)?;
    ensure(rows(&bench) == before, || "the grant has moved".to_owned())?;
    let own = tokens(&bench.token(form.post().with_proof(&proof(DPOP_KEY, "p2"))));
    own.map_err(|wrong| format!("its own key: {wrong}"))?;
    Ok(format!("another key -> {other}; no proof -> {none}; a certificate -> {certificate}; its own key -> new tokens"))
}
