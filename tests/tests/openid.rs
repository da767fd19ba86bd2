//! The ID token at a client: every claim, the signature, the keys of the server, and the same user at a refresh.

use std::cell::RefCell;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use symbolon::client::{AuthorizationRequest, BUFFER};
use symbolon::limits;
use symbolon::record::{Document, DocumentKind, Key, Record};
use symbolon::terms::{Time, UserAgent};
use symbolon::wire::jose::Algorithm;
use symbolon::{Name, Reason};
use symbolon_tests::app::*;
use symbolon_tests::drive::drive;
use symbolon_tests::fixture::*;
use symbolon_tests::keys;
use symbolon_tests::peer::*;
use symbolon_tests::store::{MemoryStore, Stored};

const METADATA: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke","jwks_uri":"https://as.example/jwks",
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;

fn jwks(kid: &str) -> String {
    let jwk = keys::jwk("es256-server").expect("a key");
    format!("{{\"keys\":[{}]}}", jwk.replacen('{', &format!("{{\"kid\":\"{kid}\","), 1))
}

fn signed(header: &Value, claims: &Value, key: &str) -> String {
    let encoded = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = keys::sign(key, message.as_bytes()).expect("a key");
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn response(access_token: &str, id_token: Option<&str>) -> Canned {
    let mut body =
        json!({"access_token": access_token, "token_type": "Bearer", "expires_in": 600, "refresh_token": "rt"});
    if let Some(token) = id_token {
        body["id_token"] = token.into();
    }
    Canned::json(200, &body.to_string())
}

struct SignIn {
    app: App,
    session: Key,
    query: String,
    nonce: String,
}

/// A sign-in that has begun, of an authentication at most a minute ago.
fn begun() -> SignIn {
    begun_with(Some(60))
}

fn begun_with(max_age: Option<u64>) -> SignIn {
    let mut app = App { metadata: metadata(ISSUER, METADATA), ..App::default() };
    (app.client.scope, app.client.id_token_algorithm) = ("openid", Algorithm::Es256);
    let (mut buffer, mut store) = (vec![0; BUFFER], MemoryStore::default());
    let browser = UserAgent::new(BROWSER).expect("long enough");
    let request = AuthorizationRequest { max_age, acr_values: "gold silver", ..Default::default() };
    let step = app.client.authorize(&app.metadata, browser, request, NOW, entropy(9), &mut buffer).expect("room");
    let begun = drive(step, &mut store).map_err(|failure| failure.reason).expect("a sign-in");
    let (sent, session) = (query(begun.url), begun.session);
    let parameter = |name| parameter(&sent, name).expect("there");
    assert_eq!(sent.contains("max_age"), max_age.is_some());
    assert!(max_age.is_none_or(|seconds| parameter("max_age") == seconds.to_string()));
    assert_eq!(parameter("acr_values"), "gold%20silver");
    let (nonce, state) = (parameter("nonce"), parameter("state"));
    app.store = store;
    SignIn { app, session, query: format!("code=x&iss=https%3A%2F%2Fas.example&state={state}"), nonce }
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k"})
}

fn claims(nonce: &str) -> Value {
    let at_hash = Base64UrlUnpadded::encode_string(&Sha256::digest(b"at")[..16]);
    json!({"iss": ISSUER, "sub": "alice", "aud": "c1", "exp": NOW.0 + 60, "iat": NOW.0, "nonce": nonce,
        "auth_time": NOW.0 - 60, "acr": "gold", "at_hash": at_hash})
}

/// A row with the server's keys, read so many seconds ago; without any, it is but a lease.
fn kept(keys: &str, ago: u64, lease_until: Time) -> (Key, Stored) {
    let fetched_at = Time(NOW.0 - ago);
    let document = Document { fetched_at, fresh_until: fetched_at.after(3600), lease_until, body: keys.as_bytes() };
    let mut value = vec![0; 1024];
    let len = document.encode(&mut value).expect("room");
    value.truncate(len);
    let expires_at = NOW.0 + 3600;
    let stored = Stored { version: 1, value, expires_at, kind: "document", client_id: None, subject: None };
    (Key::document(DocumentKind::IssuerKeys, "https://as.example/jwks"), stored)
}

impl SignIn {
    /// The rows after a sign-in with this token.
    fn signed_in(&self, token: &str) -> MemoryStore {
        let mut store = self.app.store.clone();
        let mut host = Peer::new(&mut store, |sent, _| {
            let is_token = sent.url == "https://as.example/token";
            Some(if is_token { response("at", Some(token)) } else { Canned::json(200, &jwks("k")) })
        });
        self.app.callback_on(&self.query, BROWSER, &mut host).expect("tokens");
        store
    }

    /// How the sign-in ends with this token, and whether a session is left.
    fn ends(&self, token: Option<&str>, keys: &[Option<Canned>]) -> (Result<Held, Reason>, bool, Vec<String>) {
        let mut store = self.app.store.clone();
        let left = RefCell::new(keys.iter().cloned());
        let mut host = Peer::new(&mut store, |sent, _| match sent.url.as_str() {
            "https://as.example/token" => Some(response("at", token)),
            _ => left.borrow_mut().next().flatten(),
        });
        let ended = self.app.callback_on(&self.query, BROWSER, &mut host).map_err(|refusal| refusal.reason);
        // Tokens whose user is not known are kept by nobody, and revoked.
        let revoked = host.sent.iter().position(|sent| sent.url == "https://as.example/revoke");
        assert_eq!(revoked.is_some(), ended.is_err(), "{ended:?}");
        if let Some(place) = revoked {
            let token = host.sent[place].parameter("token");
            assert_eq!((place + 1, token.as_deref()), (host.sent.len(), Some("rt")));
        }
        let urls = host.sent.iter().map(|sent| sent.url.clone()).filter(|url| !url.ends_with("/revoke")).collect();
        let kept = store.rows.contains_key(&self.session);
        (ended, kept, urls)
    }
}

#[test]
fn a_good_token_names_the_user_and_its_keys_are_asked_for_once() {
    let sign_in = begun();
    let token = signed(&header(), &claims(&sign_in.nonce), "es256-server");
    let (ended, kept, urls) = sign_in.ends(Some(&token), &[Some(Canned::json(200, &jwks("k")))]);
    assert_eq!((ended.expect("tokens").access_token.as_str(), kept), ("at", true));
    assert_eq!(urls, ["https://as.example/token", "https://as.example/jwks"]);
}

#[test]
fn each_claim_that_is_wrong_ends_the_sign_in_and_nothing_is_handed_out() {
    let sign_in = begun();
    let good = claims(&sign_in.nonce);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        match value {
            Value::Null => claims.as_object_mut().expect("an object").remove(name),
            value => claims.as_object_mut().expect("an object").insert(name.to_owned(), value),
        };
        claims
    };
    let cases = [
        (with("iss", json!("https://evil.example")), Name::Iss),
        (with("iss", json!("https://as.example/")), Name::Iss),
        (with("iss", Value::Null), Name::Iss),
        (with("aud", json!("c2")), Name::Aud),
        (with("aud", json!(["c2"])), Name::Aud),
        (with("aud", json!(["c1", 1])), Name::Aud),
        (with("aud", Value::Null), Name::Aud),
        (with("aud", json!(["c1", "c2"])), Name::Azp),
        (with("azp", json!("c2")), Name::Azp),
        (with("azp", json!(1)), Name::Azp),
        (with("nonce", json!("another")), Name::Nonce),
        (with("nonce", Value::Null), Name::Nonce),
        (with("nonce", json!(1)), Name::Nonce),
        (with("exp", json!(NOW.0)), Name::Exp),
        (with("exp", json!(format!("{}", NOW.0 + 60))), Name::Exp),
        (with("exp", Value::Null), Name::Exp),
        (with("iat", json!(NOW.0 + 11)), Name::Iat),
        (with("iat", Value::Null), Name::Iat),
        (with("nbf", json!(NOW.0 + 11)), Name::Nbf),
        (with("auth_time", json!(NOW.0 - 71)), Name::AuthTime),
        (with("auth_time", Value::Null), Name::AuthTime),
        (with("auth_time", json!("1")), Name::AuthTime),
        (with("acr", json!("bronze")), Name::Acr),
        (with("acr", Value::Null), Name::Acr),
        (with("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")), Name::AtHash),
        (with("at_hash", json!("")), Name::AtHash),
        (with("sub", json!("")), Name::Sub),
        (with("sub", Value::Null), Name::Sub),
        (with("sub", json!("a".repeat(256))), Name::Sub),
    ];
    for (claims, name) in cases {
        let token = signed(&header(), &claims, "es256-server");
        let (ended, kept, urls) = sign_in.ends(Some(&token), &[Some(Canned::json(200, &jwks("k")))]);
        assert_eq!((ended, kept), (Err(Reason::IdToken(name)), false), "{claims}");
        assert_eq!(urls.len(), 1, "the keys are not asked for");
    }
    // `azp` may say what is so, and the audience may be an array.
    for claims in [with("azp", json!("c1")), with("aud", json!(["c1"])), with("at_hash", Value::Null)] {
        let token = signed(&header(), &claims, "es256-server");
        assert!(sign_in.ends(Some(&token), &[Some(Canned::json(200, &jwks("k")))]).0.is_ok(), "{claims}");
    }
    assert_eq!(sign_in.ends(None, &[]).0, Err(Reason::Missing(Name::IdToken)));
}

#[test]
fn the_signature_is_checked_with_the_one_key_that_fits_and_no_other() {
    let sign_in = begun();
    let claims = claims(&sign_in.nonce);
    let keys = || Some(Canned::json(200, &jwks("k")));
    for (header, key, name) in [
        (header(), "es256-other", Name::Signature),
        (json!({"alg": "EdDSA", "kid": "k"}), "ed25519-1", Name::Alg),
        (json!({"alg": "none"}), "es256-server", Name::Alg),
        (json!({"alg": "HS256", "kid": "k"}), "es256-server", Name::Alg),
        (json!({"alg": "ES256", "kid": "k", "typ": "at+jwt"}), "es256-server", Name::Typ),
        (json!({"alg": "ES256", "kid": "k", "typ": "dpop+jwt"}), "es256-server", Name::Typ),
        (json!({"alg": "ES256", "kid": "k", "jwk": {}}), "es256-server", Name::Jwk),
    ] {
        let token = signed(&header, &claims, key);
        let (ended, kept, _) = sign_in.ends(Some(&token), &[keys()]);
        assert_eq!((ended, kept), (Err(Reason::IdToken(name)), false), "{header}");
    }
    // A key that is not in the set: it may be newer, but a set that was just read is not asked for again.
    let token = signed(&header(), &claims, "es256-server");
    let (ended, _, urls) = sign_in.ends(Some(&token), &[Some(Canned::json(200, &jwks("other"))), keys()]);
    assert_eq!((ended, urls.len()), (Err(Reason::IdToken(Name::Kid)), 2));
    // No keys, no sign-in.
    for reply in [None, Some(Canned::json(404, "{}")), Some(Canned::json(200, "{}")), Some(Canned::json(302, "{}"))] {
        let (ended, kept, _) = sign_in.ends(Some(&token), std::slice::from_ref(&reply));
        assert!(ended.is_err() && !kept, "{reply:?}");
    }
}

#[test]
fn a_refresh_is_of_the_same_user() {
    let sign_in = begun();
    let token = signed(&header(), &claims(&sign_in.nonce), "es256-server");
    let full = sign_in.signed_in(&token);
    let refresh = |change: &dyn Fn(&mut Value), key: &str| {
        let mut claims = claims(&sign_in.nonce);
        claims["at_hash"] = Base64UrlUnpadded::encode_string(&Sha256::digest(b"at-2")[..16]).into();
        change(&mut claims);
        let token = signed(&header(), &claims, key);
        let mut store = full.clone();
        let mut host = Peer::new(&mut store, |_, _| Some(response("at-2", Some(&token))));
        let ended = sign_in.app.refresh_on(sign_in.session, Some("at"), &mut host);
        let revoked = host.sent.last().is_some_and(|sent| sent.url == "https://as.example/revoke");
        assert_eq!(revoked, matches!(ended, Refresh::SignInAgain(_)), "{ended:?}");
        let after = App { store, now: Time(NOW.0), ..App::default() };
        (ended, after.state(sign_in.session))
    };
    assert!(matches!(refresh(&|_| {}, "es256-server"), (Refresh::Usable(_), "active")));
    let without_nonce = |claims: &mut Value| {
        claims.as_object_mut().expect("an object").remove("nonce");
    };
    assert!(matches!(refresh(&without_nonce, "es256-server"), (Refresh::Usable(_), "active")));
    for (name, value, fault) in [
        ("sub", json!("mallory"), Name::Sub),
        ("aud", json!("c2"), Name::Aud),
        ("iss", json!("https://evil.example"), Name::Iss),
        ("nonce", json!("another"), Name::Nonce),
        ("auth_time", json!(NOW.0), Name::AuthTime),
    ] {
        let ended = refresh(&|claims: &mut Value| claims[name] = value.clone(), "es256-server");
        assert_eq!(ended, (Refresh::SignInAgain(Reason::IdToken(fault).into()), "gone"), "{name}");
    }
    // A clock that is off says nothing of the user.
    for (name, value) in [("iat", NOW.0 + 11), ("nbf", NOW.0 + 11), ("exp", NOW.0)] {
        let (ended, state) = refresh(&|claims: &mut Value| claims[name] = value.into(), "es256-server");
        assert!(matches!(ended, Refresh::Failed(_)) && state == "active", "{name}: {ended:?}");
    }
    let forged = refresh(&|_| {}, "es256-other");
    assert_eq!(forged, (Refresh::SignInAgain(Reason::IdToken(Name::Signature).into()), "gone"));
}

#[test]
fn a_key_that_could_not_be_looked_up_is_no_key_that_is_not_there() {
    let sign_in = begun();
    let full = sign_in.signed_in(&signed(&header(), &claims(&sign_in.nonce), "es256-server"));
    let mut claims = claims(&sign_in.nonce);
    claims["at_hash"] = Base64UrlUnpadded::encode_string(&Sha256::digest(b"at-2")[..16]).into();
    claims["exp"] = (NOW.0 + 600).into();
    // The server has begun to use another key.
    let token = signed(&json!({"alg": "ES256", "kid": "new"}), &claims, "es256-server");
    let refresh = |(key, row): (Key, Stored), published: &str, later: u64| {
        let mut store = full.clone();
        store.rows.insert(key, row);
        let mut app = App { metadata: metadata(ISSUER, METADATA), now: NOW, ..App::default() };
        (app.client.scope, app.client.id_token_algorithm) = ("openid", Algorithm::Es256);
        let mut ends = Vec::new();
        for seconds in [0, later] {
            app.now = NOW.after(seconds);
            let mut host = Peer::new(&mut store, |sent, _| match sent.url.as_str() {
                "https://as.example/token" => Some(response("at-2", Some(&token))),
                "https://as.example/jwks" => Some(Canned::json(200, published)),
                _ => None,
            });
            ends.push(app.refresh_on(sign_in.session, Some("at"), &mut host));
        }
        let after = App { store, now: NOW, ..App::default() };
        let second = ends.pop().expect("two");
        (ends.pop().expect("two"), second, after.state(sign_in.session))
    };
    // Another flow has read the keys so lately that there is no asking again yet: the tokens are kept, and the next one asks.
    let (first, second, state) = refresh(kept(&jwks("k"), 10, Time(0)), &jwks("new"), limits::COOL_DOWN);
    assert_eq!(first, Refresh::Failed(Reason::PeerUnavailable.into()));
    assert!(matches!(second, Refresh::Usable(_)) && state == "active", "{second:?}");
    // Another one is asking: so does this one, as there is no telling what that one will find.
    let (first, _, state) = refresh(kept(&jwks("k"), 100, NOW.after(9)), &jwks("new"), 0);
    assert!(matches!(first, Refresh::Usable(_)) && state == "active", "{first:?}");
    // This one has asked, and it is not there.
    for lease_until in [Time(0), NOW.after(9)] {
        let (first, _, state) = refresh(kept(&jwks("k"), 100, lease_until), &jwks("other"), 0);
        assert_eq!((first, state), (Refresh::SignInAgain(Reason::IdToken(Name::Kid).into()), "gone"));
    }
}

#[test]
fn a_sign_in_whose_code_is_spent_does_not_wait_for_another_to_read_the_keys() {
    let mut sign_in = begun();
    let token = signed(&header(), &claims(&sign_in.nonce), "es256-server");
    let (key, lease) = kept("", 10, NOW.after(9));
    sign_in.app.store.rows.insert(key, lease);
    let (ended, kept, urls) = sign_in.ends(Some(&token), &[Some(Canned::json(200, &jwks("k")))]);
    assert_eq!((ended.expect("tokens").access_token.as_str(), kept), ("at", true));
    assert_eq!(urls, ["https://as.example/token", "https://as.example/jwks"]);
    assert!(!sign_in.ends(Some(&token), &[None]).1);
}

#[test]
fn the_time_of_authentication_at_a_refresh_is_that_of_the_sign_in_if_it_told_one() {
    let sign_in = begun_with(None);
    let mut untold = claims(&sign_in.nonce);
    untold.as_object_mut().expect("an object").remove("auth_time");
    let store = sign_in.signed_in(&signed(&header(), &untold, "es256-server"));
    let mut told = claims(&sign_in.nonce);
    told["at_hash"] = Base64UrlUnpadded::encode_string(&Sha256::digest(b"at-2")[..16]).into();
    let token = signed(&header(), &told, "es256-server");
    let mut store = store;
    let mut host = Peer::new(&mut store, |_, _| Some(response("at-2", Some(&token))));
    let ended = sign_in.app.refresh_on(sign_in.session, Some("at"), &mut host);
    assert!(matches!(ended, Refresh::Usable(_)), "{ended:?}");
}

#[test]
fn the_age_of_an_authentication_is_that_at_the_request() {
    let mut sign_in = begun_with(Some(0));
    // The user takes that long to consent.
    sign_in.app.now = NOW.after(45);
    for (ago, good) in [(0, true), (10, true), (11, false)] {
        let mut claims = claims(&sign_in.nonce);
        claims["auth_time"] = (NOW.0 - ago).into();
        let token = signed(&header(), &claims, "es256-server");
        let ended = sign_in.ends(Some(&token), &[Some(Canned::json(200, &jwks("k")))]).0;
        assert_eq!(ended.err(), (!good).then_some(Reason::IdToken(Name::AuthTime)), "{ago}");
    }
}
