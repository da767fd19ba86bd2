//! DPoP: the proofs themselves, whoever asks for them.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use symbolon::limits;
use symbolon::proof::dpop::Freshness;
use symbolon::proof::possession::KeyHeld;
use symbolon::record::Key;
use symbolon::terms::Time;
use symbolon::terms::confirmation::Confirmation;

use super::outcome::*;
use super::signed::{ASKED, Asked, Judge, Jwt, NOW, URL, jwk, with};
use super::{Ground, Row, row};
use crate::keys;

pub(super) const ROWS: &[Row] = &[
    row("DP-01", "no proof, or several", "RFC 9449 section 4.3 item 1", dp_01),
    row("DP-02", "a JWT of another type is taken for a proof", "RFC 9449 section 4.3 item 4", dp_02),
    row("DP-04", "a proof shows its private key", "RFC 9449 section 4.3 item 7", dp_04),
    row("DP-05", "a proof is not signed by its own key", "RFC 9449 section 4.3 item 6", dp_05),
    row("DP-06", "a proof is for another method", "RFC 9449 section 4.3 item 8", dp_06),
    row("DP-07", "a proof is for another URL", "RFC 9449 section 4.3 item 9", dp_07),
    row("DP-09", "a proof is old, or made ahead of time", "RFC 9449 section 11.1", dp_09),
    row("DP-10", "a proof is used twice", "RFC 9449 section 11.1", dp_10),
    row("DP-11", "a mark lapses before its proof", "node-oidc-provider", dp_11),
    row("DP-13", "a store that fails has not seen the proof", "mod_auth_openidc", dp_13),
    row("DP-17", "a token is used with another key", "RFC 9449 section 6", dp_17),
    row("DP-28", "proofs are made ahead of time", "RFC 9449 section 11.2", dp_28),
];

/// Each of these proofs is refused.
fn refused_proofs<L: AsRef<str>>(ground: &Ground, proofs: impl IntoIterator<Item = (L, Jwt)>) -> Checked {
    let mut judge = Judge::new(ground);
    each(proofs, |jwt| judge.denies_everywhere(&jwt))
}

fn dp_01(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let (one, other) = (Jwt::proof().sign(), Jwt::proof().claim("jti", json!("j2")).sign());
    let joined = format!("{one},{other}");
    each(
        [
            ("none", vec![]),
            ("two", vec![one.as_str(), &other]),
            ("the same twice", vec![&one, &one]),
            ("joined by a comma", vec![&joined]),
            ("empty", vec![""]),
        ],
        |fields| judge.denies_proof(&fields, ASKED),
    )
}

fn dp_02(ground: &Ground) -> Checked {
    let types = ["JWT", "dpop+JWT", "dpop+jwt ", "application/dpop+jwt", "at+jwt", ""];
    let typed = types.map(|typ| (format!("typ {typ:?}"), Jwt::proof().header("typ", json!(typ))));
    let missing = ("no typ".to_owned(), Jwt::proof().without_header("typ"));
    let null = ("typ null".to_owned(), Jwt::proof().header("typ", Value::Null));
    refused_proofs(ground, typed.into_iter().chain([missing, null]))
}

fn dp_04(ground: &Ground) -> Checked {
    let private = ["d", "p", "q", "k", "dp", "qi", "oth"];
    let members = private.map(|name| (name, with(jwk("es256-1"), json!({ name: "AAAA" }))));
    let symmetric = ("kty oct", json!({ "kty": "oct", "k": "AAAA" }));
    let proofs = members.into_iter().chain([symmetric]).map(|(name, key)| (name, Jwt::proof().header("jwk", key)));
    refused_proofs(ground, proofs)
}

fn dp_05(ground: &Ground) -> Checked {
    refused_proofs(
        ground,
        [
            ("another key's signature", Jwt::proof().signed_by("es256-2")),
            ("another key shown", Jwt::proof().header("jwk", jwk("es256-2"))),
            ("a key of another type shown", Jwt::proof().header("jwk", jwk("ed25519-1"))),
            ("a kid alone", Jwt::proof().without_header("jwk").header("kid", json!("k1"))),
            ("a kid besides", Jwt::proof().header("kid", json!("k1"))),
            ("x5c alone", Jwt::proof().without_header("jwk").header("x5c", json!(["MIIB"]))),
            ("jku", Jwt::proof().header("jku", json!("https://evil.example/jwks"))),
            ("a key that is no object", Jwt::proof().header("jwk", json!("key"))),
            ("alg none", Jwt::proof().header("alg", json!("none"))),
        ],
    )
}

fn dp_06(ground: &Ground) -> Checked {
    let methods = ["GET", "post", " POST", "POST ", "PO\u{0}ST", ""];
    let others = methods.map(|htm| (format!("htm {htm:?}"), Jwt::proof().claim("htm", json!(htm))));
    let missing = ("no htm".to_owned(), Jwt::proof().without_claim("htm"));
    let array = ("an array".to_owned(), Jwt::proof().claim("htm", json!(["POST"])));
    refused_proofs(ground, others.into_iter().chain([missing, array]))
}

fn dp_07(ground: &Ground) -> Checked {
    let others = [
        "https://evil.example/token",
        "https://as.example.evil.example/token",
        "https://as.example@evil.example/token",
        "https://u@as.example/token",
        "http://as.example/token",
        "https://as.example:8443/token",
        "https://as.example/token/",
        "https://as.example/Token",
        "https://as.example//token",
        "https://as.example/x/../token",
        "https://as.example/%2e/token",
        "https://as.example/par",
        "https://as.example/token?a=b",
        "https://as.example/token?",
        "https://as.example/token#f",
        "https://as.example/tok%65n%2F",
        "//as.example/token",
        "/token",
        "token",
        "",
        "https://as.example /token",
    ];
    let mut judge = Judge::new(ground);
    let refused = each_text(others, |htu| judge.denies_proof(&[&Jwt::proof().claim("htu", json!(htu)).sign()], ASKED))?;
    let types = [json!(1), json!([URL]), Value::Null, json!({})];
    let types = each(types.map(|value| (value.to_string(), value)), |value| {
        judge.denies_proof(&[&Jwt::proof().claim("htu", value).sign()], ASKED)
    })?;
    // What RFC 3986 section 6.2 calls the same.
    let same = [
        "HTTPS://AS.EXAMPLE/token",
        "https://as.example:443/token",
        "https://as.example:/token",
        "https://as.example/%74oken",
    ];
    let taken = each_text(same, |htu| {
        let jwt = Jwt::proof().claim("htu", json!(htu)).claim("jti", json!(htu));
        judge.proof(&jwt.sign()).map(|_| "taken".to_owned()).map_err(|reason| format!("{reason:?}"))
    })?;
    let queried = Asked { url: "https://as.example/token?x=1", ..ASKED };
    let query = judge.proofs(&[&Jwt::proof().claim("jti", json!("q")).sign()], queried);
    ensure(query.is_ok(), || "a request with a query has no proof".to_owned())?;
    Ok(format!("{refused}; {types}; {taken}"))
}

fn dp_09(ground: &Ground) -> Checked {
    let age = limits::DPOP_AGE;
    let times = [
        json!(NOW - age - 1),
        json!(NOW + limits::CLOCK_AHEAD + 1),
        json!(NOW.to_string()),
        json!(1e300),
        json!(-1),
        json!([NOW]),
        Value::Null,
    ];
    let told = refused_proofs(ground, times.map(|iat| (format!("iat {iat}"), Jwt::proof().claim("iat", iat))))?;
    let missing = refused_proofs(ground, [("no iat", Jwt::proof().without_claim("iat"))])?;
    let mut judge = Judge::new(ground);
    for (jti, iat) in [("a", NOW - age), ("b", NOW + limits::CLOCK_AHEAD)] {
        let edge = Jwt::proof().claim("iat", json!(iat)).claim("jti", json!(jti)).sign();
        judge.proof(&edge).map_err(|reason| format!("at the edge: {reason:?}"))?;
    }
    Ok(format!("{told}; {missing}; at either edge -> taken"))
}

fn dp_10(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let first = Jwt::proof().sign();
    judge.proof(&first).map_err(|reason| format!("the first: {reason:?}"))?;
    let again = judge.denies_proof(&[&first], ASKED)?;
    let par = "https://as.example/par";
    let elsewhere = Jwt::proof().claim("htu", json!(par)).sign();
    let elsewhere = judge.denies_proof(&[&elsewhere], Asked { url: par, ..ASKED })?;
    let anew = judge.denies_proof(&[&Jwt::proof().claim("iat", json!(NOW - 1)).sign()], ASKED)?;
    // Another key may have drawn the same.
    let other = Jwt::proof().header("jwk", jwk("es256-2")).signed_by("es256-2").sign();
    judge.proof(&other).map_err(|reason| format!("another key's: {reason:?}"))?;
    let malformed = [json!(""), json!("j".repeat(10_240)), json!(1), json!(["j1"]), Value::Null];
    let malformed = refused_proofs(
        ground,
        malformed.map(|jti| (format!("jti {}", show(&jti.to_string())), Jwt::proof().claim("jti", jti))),
    )?;
    Ok(format!("again -> {again}; its jti for another URL -> {elsewhere}; its jti signed anew -> {anew}; {malformed}"))
}

fn dp_11(ground: &Ground) -> Checked {
    let mut told = Vec::new();
    let until = NOW + 1000;
    let nonced = Asked { freshness: Freshness::Nonce(Some(Time(until))), ..ASKED };
    for (name, asked, last) in [("by iat", ASKED, NOW + limits::DPOP_AGE), ("by nonce", nonced, until - 1)] {
        let mut judge = Judge::new(ground);
        let proof = Jwt::proof().claim("nonce", json!("n")).sign();
        judge.proofs(&[&proof], asked).map_err(|reason| format!("the first: {reason:?}"))?;
        judge.wait_until(last);
        let late = judge.denies_proof(&[&proof], asked)?;
        ensure(late.contains("DpopReplayed"), || format!("{name}: {late}"))?;
        judge.wait_until(last + 1);
        let after = judge.denies_proof(&[&proof], asked)?;
        told.push(format!("{name}: at the last moment -> {late}, after it -> {after}"));
    }
    Ok(told.join("; "))
}

fn dp_13(_: &Ground) -> Checked {
    use symbolon::proof::dpop::{DpopProof, Expected, ROOM};
    use symbolon::step::{Unavailable, Verdict};
    use symbolon::wire::http::Field;
    use symbolon::wire::write::Arena;
    let token = Jwt::proof().sign();
    let attempt = |verdict, outcome| {
        let mut buffer = vec![0; ROOM];
        let mut arena = Arena::new(&mut buffer, ROOM).expect("room");
        let headers = [Field { name: "DPoP", value: token.as_bytes() }];
        let proof = DpopProof::read(&headers, &mut arena)?.ok_or(symbolon::Reason::Missing(symbolon::Name::Dpop))?;
        let expected =
            Expected { method: "POST", url: URL, now: Time(NOW), freshness: Freshness::IssuedAt, access_token: None };
        proof.judge(&expected, &mut arena)?.verified(verdict)?.marked(outcome)
    };
    let denied = |name: &str, held: Result<KeyHeld, symbolon::Reason>| match held {
        Ok(_) => Err(format!("{name}: taken")),
        Err(reason) => Ok(format!("{name} -> {} {}", reason.answer().status, reason.name())),
    };
    let store = denied("the store does not answer", attempt(Ok(Verdict::Valid), Err(Unavailable)))?;
    let keys = denied("the keys do not answer", attempt(Err(Unavailable), Ok(symbolon::step::Committed::Yes)))?;
    Ok(format!("{store}; {keys}"))
}

fn jkt(key_id: &str) -> [u8; 32] {
    let text = keys::thumbprint(key_id).expect("a key of the tests");
    Base64UrlUnpadded::decode_vec(&text).expect("base64url").try_into().expect("a hash")
}

fn dp_17(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let token = "Kz8mXK1EalYznwH";
    let ath = Base64UrlUnpadded::encode_string(&Sha256::digest(token));
    let asked = Asked { access_token: Some(token), ..ASKED };
    let held = judge
        .proofs(&[&Jwt::proof().claim("ath", json!(ath)).sign()], asked)
        .map_err(|reason| format!("{reason:?}"))?;
    ensure(held.is(Confirmation::Jkt(jkt("es256-1"))), || "not its own key".to_owned())?;
    for bound_to in [Confirmation::Jkt(jkt("es256-2")), Confirmation::X5t(jkt("es256-1"))] {
        ensure(!held.is(bound_to), || format!("{bound_to:?} is held"))?;
    }
    let hashes = [
        json!(token),
        json!(""),
        json!(format!("{ath}=")),
        json!(Base64UrlUnpadded::encode_string(&Sha256::digest("another"))),
        Value::Null,
        json!(1),
    ];
    let hashes = each(hashes.map(|ath| (format!("ath {ath}"), ath)), |ath| {
        judge.denies_proof(&[&Jwt::proof().claim("jti", json!("j2")).claim("ath", ath).sign()], asked)
    })?;
    let missing = judge.denies_proof(&[&Jwt::proof().claim("jti", json!("j3")).sign()], asked)?;
    Ok(format!("another jkt, or the same hash as x5t -> not held; {hashes}; no ath -> {missing}"))
}

fn dp_28(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let with = |fresh| Asked { freshness: Freshness::Nonce(fresh), ..ASKED };
    let proof = |nonce: Value| Jwt::proof().claim("nonce", nonce).sign();
    let none = judge.denies_proof(&[&Jwt::proof().sign()], with(None))?;
    let stale = judge.denies_proof(&[&proof(json!("old"))], with(None))?;
    let over = judge.denies_proof(&[&proof(json!("old"))], with(Some(Time(NOW))))?;
    let malformed = judge.denies_proof(&[&proof(json!(1))], with(Some(Time(NOW + 1))))?;
    let long = judge.denies_proof(&[&proof(json!("n".repeat(limits::JWT_ID + 1)))], with(Some(Time(NOW + 1))))?;
    // Its clock need not be right then.
    let fresh = Jwt::proof().claim("nonce", json!("n")).claim("iat", json!(1)).sign();
    judge.proofs(&[&fresh], with(Some(Time(NOW + 1)))).map_err(|reason| format!("a fresh one: {reason:?}"))?;
    let key = Key::dpop_proof(&jkt("es256-1"), "j1");
    ensure(judge.ground.plant.is_some() || judge.store.rows.contains_key(&key), || "no mark".to_owned())?;
    Ok(format!(
        "no nonce -> {none}; a stale one -> {stale}; one that ends now -> {over}; a number -> {malformed}; too long -> {long}; a fresh one -> taken, whatever its iat"
    ))
}
