//! JSON Web Tokens: their algorithms, keys and signatures.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use symbolon::wire::jose::Algorithm;

use super::outcome::*;
use super::signed::{Judge, Jwt, NOW, encoded, jwk, set_of, with};
use super::{Ground, Row, row};
use crate::fixture::ISSUER;
use crate::keys;

pub(super) const ROWS: &[Row] = &[
    row("JW-01", "the algorithm none is taken", "CVE-2026-28802", jw_01),
    row("JW-02", "a deny-list of algorithms is passed by spelling", "RFC 8725bis section 2.11", jw_02),
    row("JW-03", "an unknown algorithm skips the check", "CVE-2026-23993", jw_03),
    row("JW-05", "a public key is taken for the secret of a MAC", "CVE-2015-9235", jw_05),
    row("JW-06", "the algorithm is the token's where the key names none", "CVE-2026-22817", jw_06),
    row("JW-08", "one key serves two algorithms", "RFC 8725 section 3.1", jw_08),
    row("JW-09", "the key comes with the token", "CVE-2018-0114", jw_09),
    row("JW-10", "the token says where its key is", "RFC 8725 section 3.10", jw_10),
    row("JW-11", "the name of a key is taken for more than a name", "RFC 8725 section 3.10", jw_11),
    row("JW-14", "keys are too weak", "CVE-2025-45765", jw_14),
    row("JW-27", "a token need not expire", "GHSA-wxg7-w2v3-w38g", jw_27),
    row("JW-28", "the signer is not tied to whom the token is from", "CVE-2024-5037", jw_28),
    row("JW-30", "a signature of zeros holds", "CVE-2022-21449", jw_30),
    row("JW-31", "the twin of a signature passes for another token", "ECDSA malleability", jw_31),
    row("JW-32", "signatures of ES256 are in DER, or of another length", "RFC 7518 section 3.4", jw_32),
    row("JW-34", "a key of another curve is used", "RFC 7518 section 6.2.1.1", jw_34),
    row("JW-35", "a point is not on its curve", "CVE-2016-9121", jw_35),
    row("JW-52", "one kind of token passes for another", "RFC 8725 section 3.11", jw_52),
];

/// Refused with each of these header algorithms, whoever signed.
fn algorithms(ground: &Ground, algorithms: impl IntoIterator<Item = Value>) -> Checked {
    let mut judge = Judge::new(ground);
    each(algorithms.into_iter().map(|alg| (format!("alg {alg}"), alg)), |alg| {
        let signed = Jwt::assertion().header("alg", alg.clone()).sign();
        let (message, _) = signed.rsplit_once('.').expect("three parts");
        judge.denies(&format!("{message}."))?;
        judge.denies_both(&Jwt::assertion().header("alg", alg))
    })
}

fn jw_01(ground: &Ground) -> Checked {
    let signed = algorithms(ground, [json!("none")])?;
    let mut judge = Judge::new(ground);
    judge.set = json!({ "keys": [] });
    let keyless = judge.denies(&format!(
        "{}.",
        keys::jws("es256-1", r#"{"alg":"none"}"#, &Jwt::assertion().texts().1).rsplit_once('.').expect("three parts").0
    ))?;
    Ok(format!("{signed}; without keys -> {keyless}"))
}

fn jw_02(ground: &Ground) -> Checked {
    let spellings = ["None", "NONE", "nOnE", "none ", "", "es256", "ES256 ", "ES256\u{0}"].map(|alg| json!(alg));
    let told = algorithms(
        ground,
        spellings.into_iter().chain([Value::Null, json!(0), json!([]), json!(["none"]), json!(["ES256"])]),
    )?;
    let missing = Judge::new(ground).denies(&Jwt::assertion().without_header("alg").sign())?;
    Ok(format!("{told}; missing -> {missing}"))
}

fn jw_03(ground: &Ground) -> Checked {
    algorithms(
        ground,
        ["BANDANA", "hs256", "RS257", "RS256 ", "ES384", "ES512", "PS512", "Ed448", "RS1"].map(|alg| json!(alg)),
    )
}

/// HMAC with SHA-256 (RFC 2104), for keys that are hashed if they are longer than a block.
fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn jw_05(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let key = jwk("es256-1");
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    let secrets = [
        ("the JWK", key.to_string()),
        ("the JWK with alg", keys::jwk("es256-1").expect("a key")),
        ("the coordinate", key["x"].as_str().expect("x").to_owned()),
        ("a PEM", pem.to_owned()),
        ("a PEM after a line feed", format!("\n{pem}")),
        ("nothing", String::new()),
    ];
    each(secrets, |secret| {
        let mut outcome = Ok(String::new());
        for alg in ["HS256", "HS384", "HS512"] {
            let (_, claims) = Jwt::assertion().texts();
            let message = format!("{}.{}", encoded(json!({ "alg": alg, "kid": "k1" }).to_string()), encoded(claims));
            outcome = judge.denies(&format!("{message}.{}", encoded(mac(secret.as_bytes(), message.as_bytes()))));
            outcome.clone()?;
        }
        outcome
    })
}

fn rsa(alg: &str, key: &'static str) -> String {
    Jwt::assertion().header("alg", json!(alg)).signed_by(key).sign()
}

fn jw_06(ground: &Ground) -> Checked {
    let tokens = || {
        [
            ("RS256", rsa("RS256", "rs256-rfc7515")),
            ("PS256", rsa("PS256", "ps256-rfc7515")),
            ("RS512", rsa("RS512", "rs256-rfc7515")),
            ("HS256", rsa("HS256", "rs256-rfc7515")),
        ]
    };
    let mut judge = Judge::new(ground);
    judge.set = set_of("rs256-rfc7515", json!({ "kid": "k1" }));
    let unnamed = each(tokens(), |token| judge.denies(&token))?;
    judge.registered = Some(Algorithm::Rs256);
    let registered = judge.takes(&tokens()[0].1)?;
    let others = each(tokens().into_iter().skip(1), |token| judge.denies(&token))?;
    Ok(format!("no algorithm registered: {unnamed}; RS256 registered: RS256 -> {registered}, {others}"))
}

fn jw_08(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    judge.set = set_of("rs256-rfc7515", json!({ "kid": "k1", "alg": "RS256" }));
    let other = judge.denies(&rsa("PS256", "ps256-rfc7515"))?;
    let pretended = judge.denies(&rsa("RS256", "ps256-rfc7515"));
    let own = judge.takes(&rsa("RS256", "rs256-rfc7515"))?;
    Ok(format!("a key for RS256: PS256 -> {other}, a signature of PS256 as RS256 -> {}, RS256 -> {own}", pretended?))
}

fn jw_09(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let evil = || Jwt::assertion().signed_by("es256-evil");
    each(
        [
            ("jwk", evil().header("jwk", jwk("es256-evil"))),
            ("jwk and no kid", evil().header("jwk", jwk("es256-evil")).without_header("kid")),
            ("jwk of the right key", Jwt::assertion().header("jwk", jwk("es256-1"))),
            ("jwk null", Jwt::assertion().header("jwk", Value::Null)),
            ("x5c", evil().header("x5c", json!(["MIIB"]))),
            ("x5c empty", evil().header("x5c", json!([]))),
        ],
        |jwt| judge.denies_both(&jwt),
    )
}

fn jw_10(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let evil = |name: &str, url: &str| Jwt::assertion().signed_by("es256-evil").header(name, json!(url));
    each(
        [
            ("jku", evil("jku", "https://evil.example/jwks")),
            ("jku of the right host, as userinfo", evil("jku", "https://as.example@evil.example/")),
            ("jku of the issuer", Jwt::assertion().header("jku", json!("https://as.example/jwks"))),
            ("x5u", evil("x5u", "https://evil.example/x.pem")),
        ],
        |jwt| judge.denies_both(&jwt),
    )
}

fn jw_11(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let long = "k".repeat(10_000);
    let names = [
        json!("../../dev/null"),
        json!("' OR 1=1--"),
        json!("*)(kid=*"),
        json!("$(id)"),
        json!(long),
        json!(1),
        Value::Null,
        json!(""),
        json!("K1"),
        json!("k1\u{0}"),
    ];
    let named = each(names.into_iter().map(|kid| (kid.to_string(), kid)), |kid| {
        judge.denies_both(&Jwt::assertion().header("kid", kid))
    })?;
    let twice = |second: &str| json!({ "keys": [with(jwk("es256-1"), json!({ "kid": "k1" })), with(jwk(second), json!({ "kid": "k1" }))] });
    judge.set = twice("es256-evil");
    let ambiguous = judge.denies_both(&Jwt::assertion())?;
    judge.set = twice("es256-1");
    let same = judge.denies_both(&Jwt::assertion())?;
    Ok(format!("{named}; two keys of that name -> {ambiguous}; the same key twice -> {same}"))
}

fn jw_14(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let number = |bytes: &[u8]| encoded(bytes);
    let modulus = |len: usize| number(&[&[0xc1][..], &vec![0x55; len - 2], &[0x01]].concat());
    let key = jwk("rs256-rfc7515");
    let keys = [
        ("RSA of 1024 bits", with(key.clone(), json!({ "n": modulus(128) }))),
        ("RSA of 2040 bits", with(key.clone(), json!({ "n": modulus(255) }))),
        ("RSA of 8192 bits", with(key.clone(), json!({ "n": modulus(1024) }))),
        ("e = 1", with(key.clone(), json!({ "e": number(&[1]) }))),
        ("e even", with(key.clone(), json!({ "e": number(&[1, 0, 0]) }))),
        ("e = 0", with(key.clone(), json!({ "e": number(&[0]) }))),
        ("a symmetric key", json!({ "kty": "oct", "k": "AAAA" })),
        ("P-192", json!({ "kty": "EC", "crv": "P-192", "x": "AAAA", "y": "AAAA" })),
        ("a private key", with(key, json!({ "d": "AAAA" }))),
    ];
    each(keys, |key| {
        judge.set = json!({ "keys": [with(key, json!({ "kid": "k1", "alg": "RS256" }))] });
        judge.denies_both(&Jwt::assertion().header("alg", json!("RS256")).signed_by("rs256-rfc7515"))
    })
}

fn jw_27(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let ended = each(
        [
            ("no exp", Jwt::assertion().without_claim("exp")),
            ("exp now", Jwt::assertion().claim("exp", json!(NOW))),
            ("exp past", Jwt::assertion().claim("exp", json!(NOW - 1))),
            ("nbf to come", Jwt::assertion().claim("nbf", json!(NOW + 11))),
            ("iat to come", Jwt::assertion().claim("iat", json!(NOW + 11))),
        ],
        |jwt| judge.denies_both(&jwt),
    )?;
    // An access token may live as long as its issuer likes.
    let year = judge.denies(&Jwt::assertion().claim("exp", json!(NOW + 31_536_000)).sign())?;
    Ok(format!("{ended}; exp in a year -> {year}"))
}

fn jw_28(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let outcome = each(
        [
            ("signed by another's key", Jwt::assertion().signed_by("es256-2")),
            ("by another key of the client", Jwt::assertion().signed_by("ed25519-1")),
            ("iss another client", Jwt::assertion().claim("iss", json!("c2"))),
        ],
        |jwt| judge.denies_both(&jwt),
    )?;
    // That is whom an access token is from.
    let server = judge.denies(&Jwt::assertion().claim("iss", json!(ISSUER)).sign())?;
    Ok(format!("{outcome}; iss the server -> {server}"))
}

/// The order of P-256, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A signed assertion with another signature.
fn resigned(signature: &[u8]) -> String {
    let token = Jwt::assertion().sign();
    format!("{}.{}", token.rsplit_once('.').expect("three parts").0, encoded(signature))
}

fn jw_30(ground: &Ground) -> Checked {
    let (zero, one, most) = ([0; 32], [vec![0; 31], vec![1]].concat(), [0xff; 32]);
    let pairs: [(&str, &[u8], &[u8]); 7] = [
        ("r = 0, s = 0", &zero, &zero),
        ("r = 1, s = 0", &one, &zero),
        ("r = 0, s = 1", &zero, &one),
        ("r = n, s = n", &ORDER, &ORDER),
        ("r = n, s = 1", &ORDER, &one),
        ("r = 1, s = n", &one, &ORDER),
        ("r > n", &most, &most),
    ];
    let mut judge = Judge::new(ground);
    each(pairs.map(|(name, r, s)| (name, [r, s].concat())), |signature| judge.denies(&resigned(&signature)))
}

fn jw_31(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let token = Jwt::assertion().sign();
    let (message, _) = token.rsplit_once('.').expect("three parts");
    let signature = keys::sign("es256-1", message.as_bytes()).expect("a key");
    let (r, s) = signature.split_at(32);
    // n - s, from the last byte on.
    let (mut twin, mut borrow) = ([0; 32], 0);
    for i in (0..32).rev() {
        let difference = i16::from(ORDER[i]) - i16::from(s[i]) - borrow;
        borrow = i16::from(difference < 0);
        twin[i] = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    let twin = format!("{message}.{}", encoded([r, &twin].concat()));
    ensure(judge.ground.plant.is_some() || Judge::new(ground).takes(&twin).is_ok(), || {
        "the twin is no signature".to_owned()
    })?;
    let first = judge.takes(&token)?;
    Ok(format!("the token -> {first}; its twin -> {}", judge.denies(&twin)?))
}

fn jw_32(ground: &Ground) -> Checked {
    let token = Jwt::assertion().sign();
    let signature = keys::sign("es256-1", token.rsplit_once('.').expect("three parts").0.as_bytes()).expect("a key");
    let (r, s) = signature.split_at(32);
    let integer = |number: &[u8]| [&[2, 33, 0][..], number].concat();
    let inside = [integer(r), integer(s)].concat();
    let der = [&[0x30, u8::try_from(inside.len()).expect("short")][..], &inside].concat();
    let forms = [
        ("DER", der),
        ("63 bytes", signature[1..].to_vec()),
        ("65 bytes", [&[0][..], &signature].concat()),
        ("96 bytes", [&signature[..], r].concat()),
        ("with leading zeros", [&[0][..], r, &[0], s].concat()),
    ];
    let mut judge = Judge::new(ground);
    each(forms, |signature| judge.denies(&resigned(&signature)))
}

fn jw_34(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let ed = || Jwt::assertion().signed_by("ed25519-1");
    let sets = [
        ("P-384", with(jwk("es256-1"), json!({ "kid": "k1", "crv": "P-384" })), Jwt::assertion()),
        ("secp256k1", with(jwk("es256-1"), json!({ "kid": "k1", "crv": "secp256k1" })), Jwt::assertion()),
        ("Ed25519 for ES256", with(jwk("ed25519-1"), json!({ "kid": "k1" })), ed()),
        (
            "P-256 for EdDSA",
            with(jwk("es256-1"), json!({ "kid": "k1" })),
            Jwt::assertion().header("alg", json!("EdDSA")),
        ),
        ("Ed448", with(jwk("ed25519-1"), json!({ "kid": "k1", "crv": "Ed448" })), ed().header("alg", json!("EdDSA"))),
        ("X25519", with(jwk("ed25519-1"), json!({ "kid": "k1", "crv": "X25519" })), ed().header("alg", json!("EdDSA"))),
    ];
    each(sets.map(|(name, key, jwt)| (name, (key, jwt))), |(key, jwt)| {
        judge.set = json!({ "keys": [key] });
        judge.denies_both(&jwt)
    })
}

fn jw_35(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let (zero, point) = (encoded([0; 32]), jwk("es256-1"));
    let keys = [
        ("not on the curve", json!({ "y": point["x"] })),
        ("the point of zeros", json!({ "x": zero, "y": zero })),
        ("x too short", json!({ "x": encoded([1; 31]) })),
        ("y too long", json!({ "y": encoded([1; 33]) })),
        ("above the field", json!({ "x": encoded([0xff; 32]) })),
    ];
    each(keys, |members| {
        judge.set = set_of("es256-1", with(members, json!({ "kid": "k1" })));
        judge.denies_both(&Jwt::assertion())
    })
}

fn jw_52(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let types = [
        "at+jwt",
        "application/at+jwt",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "oauth-authz-req+jwt",
        "token-introspection+jwt",
        "id_token",
        "",
    ];
    let assertions = each_text(types, |typ| judge.denies(&Jwt::assertion().header("typ", json!(typ)).sign()))?;
    let proof = judge.denies(&Jwt::proof().sign())?;
    let assertion = judge.denies_proof(&[&Jwt::assertion().sign()], super::signed::ASKED)?;
    Ok(format!(
        "as a client assertion: {assertions}; a DPoP proof -> {proof}; a client assertion as a DPoP proof -> {assertion}"
    ))
}
