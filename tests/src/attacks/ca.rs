//! Client authentication by a key: assertions and certificates, whatever endpoint asks for them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use symbolon::Reason;
use symbolon::proof::certificate::CertificateMatched;
use symbolon::record::CertificateSubject;
use symbolon::wire::http::Certificate;
use symbolon::wire::json;

use super::outcome::*;
use super::signed::{Judge, Jwt, NOW, jwk, with};
use super::{Ground, Row, row};
use crate::fixture::ISSUER;

pub(super) const ROWS: &[Row] = &[
    row("CA-01", "an assertion is used twice", "CVE-2020-5300", ca_01),
    row("CA-02", "an assertion for another audience is taken", "CVE-2025-27370", ca_02),
    row("CA-04", "an audience of another type is taken", "node-oidc-provider", ca_04),
    row("CA-24", "keys that are no public keys are taken", "node-oidc-provider", ca_24),
    row("CA-25", "a client's keys are fetched from anywhere", "RFC 7591 section 2", ca_25),
    row("CA-31", "the name in a certificate is matched in part", "RFC 8705 section 2.1", ca_31),
    row("CA-32", "any self-signed certificate is taken", "RFC 8705 section 2.2", ca_32),
];

fn ca_01(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let token = Jwt::assertion().sign();
    let first = judge.takes(&token)?;
    let again = judge.denies(&token)?;
    let anew = judge.denies(&Jwt::assertion().claim("iat", json!(NOW - 1)).sign())?;
    // Until it ends, and not a moment less.
    judge.wait_until(NOW + 59);
    let late = judge.denies(&token)?;
    ensure(late.contains("AssertionReplayed"), || late.clone())?;
    judge.wait_until(NOW + 60);
    let after = judge.denies(&token)?;
    let others = judge.takes(&Jwt::assertion().claim("jti", json!("j2")).claim("exp", json!(NOW + 120)).sign())?;
    Ok(format!(
        "once -> {first}; again -> {again}; its jti signed anew -> {anew}; at the last moment -> {late}; after it -> {after}; another jti -> {others}"
    ))
}

fn ca_02(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let audiences = [
        json!("https://as.example/token"),
        json!("https://as.example/par"),
        json!(format!("{ISSUER}/")),
        json!("HTTPS://AS.EXAMPLE"),
        json!("https://evil.example"),
        json!([ISSUER, "https://evil.example"]),
        json!([ISSUER, ISSUER]),
        json!([]),
        json!(["https://as.example/token"]),
    ];
    let refused = each(audiences.map(|aud| (format!("aud {aud}"), aud)), |aud| {
        judge.denies(&Jwt::assertion().claim("aud", aud).sign())
    })?;
    let missing = judge.denies(&Jwt::assertion().without_claim("aud").sign())?;
    let alone = judge.takes(&Jwt::assertion().claim("aud", json!([ISSUER])).sign())?;
    Ok(format!("{refused}; no aud -> {missing}; the issuer alone in an array -> {alone}"))
}

fn ca_04(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let audiences =
        [json!([ISSUER, 1]), json!([null]), json!([[ISSUER]]), json!({ ISSUER: 1 }), json!(""), json!(1), Value::Null];
    each(audiences.map(|aud| (format!("aud {aud}"), aud)), |aud| {
        judge.denies(&Jwt::assertion().claim("aud", aud).sign())
    })
}

fn ca_24(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let own = || with(jwk("es256-1"), json!({ "kid": "k1" }));
    let sets = [
        ("a symmetric key", json!({ "keys": [{ "kty": "oct", "k": "AAAA", "kid": "k1" }] })),
        ("a private key", json!({ "keys": [with(own(), json!({ "d": "AAAA" }))] })),
        ("a key for encryption", json!({ "keys": [with(own(), json!({ "use": "enc" }))] })),
        ("a key to sign with", json!({ "keys": [with(own(), json!({ "key_ops": ["sign"] }))] })),
        ("a null among the keys", json!({ "keys": [own(), null] })),
        ("keys null", json!({ "keys": null })),
        ("no keys", json!({ "keys": [] })),
        ("a bare key", own()),
        ("an empty object", json!({})),
        ("thirty-three keys", json!({ "keys": vec![json!({ "kty": "x" }); 33] })),
    ];
    each(sets, |set| {
        judge.set = set;
        judge.denies(&Jwt::assertion().sign())
    })
}

/// A client has keys by value or by URL: `ClientKeys` has no words for both.
fn ca_25(_: &Ground) -> Checked {
    use crate::keyed::k1;
    use symbolon::record::{Client, ClientKeys};
    let urls = [
        "http://client.example/jwks",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://u@client.example/jwks",
        "https://client.example/jwks#f",
        "//client.example/jwks",
        "/jwks",
        "",
    ];
    each_text(urls, |url| match (Client { keys: ClientKeys::JwksUri(url), ..k1() }).register(&mut [0; 16_384]) {
        Err(reason) => Ok(format!("registration refused ({})", reason.name())),
        Ok(_) => Err("registered".to_owned()),
    })
}

const CERTIFICATE: Certificate<'static> = Certificate {
    thumbprint: [1; 32],
    chain_verified: true,
    subject: "CN=client.example,O=Client",
    dns: "client.example www.client.example",
    uri: "https://client.example/",
    ip: "192.0.2.1 2001:db8::1",
    email: "c1@client.example",
};

fn told<T>(matched: Result<T, Reason>) -> Checked {
    match matched {
        Ok(_) => Err("taken".to_owned()),
        Err(reason) => Ok(format!("refused ({})", reason.name())),
    }
}

fn ca_31(_: &Ground) -> Checked {
    use CertificateSubject::{Dn, Dns, Email, Ip, None as Nothing, Uri};
    let own = [
        Dn("CN=client.example,O=Client"),
        Dns("client.example"),
        Dns("www.client.example"),
        Uri("https://client.example/"),
        Ip("2001:db8::1"),
        Email("c1@client.example"),
    ];
    for subject in own {
        CertificateMatched::by_subject(Some(&CERTIFICATE), subject).map_err(|reason| format!("its own: {reason:?}"))?;
        told(CertificateMatched::by_subject(None, subject))?;
        let unverified = Certificate { chain_verified: false, ..CERTIFICATE };
        told(CertificateMatched::by_subject(Some(&unverified), subject))?;
    }
    let others = each(
        [
            ("a longer DNS name", Dns("client.example.evil")),
            ("a shorter one", Dns("client")),
            ("a wildcard", Dns("*.client.example")),
            ("two at once", Dns("client.example www.client.example")),
            ("an empty name", Dns("")),
            ("a part of the subject", Dn("CN=client.example")),
            ("the subject in another order", Dn("O=Client,CN=client.example")),
            ("an empty subject", Dn("")),
            ("the subject as DNS name", Dns("CN=client.example,O=Client")),
            ("a DNS name as URI", Uri("client.example")),
            ("an address in another form", Ip("2001:0db8::1")),
            ("another mailbox", Email("c2@client.example")),
            ("none registered", Nothing),
        ],
        |subject| told(CertificateMatched::by_subject(Some(&CERTIFICATE), subject)),
    )?;
    let nameless = Certificate { subject: "", dns: "", uri: "", ip: "", email: "", ..CERTIFICATE };
    let empty = each([("DN", Dn("")), ("DNS", Dns("")), ("URI", Uri(""))], |subject| {
        told(CertificateMatched::by_subject(Some(&nameless), subject))
    })?;
    Ok(format!(
        "{others}; a certificate without names: empty {empty}; no certificate, or one that no authority vouches for -> refused"
    ))
}

fn ca_32(_: &Ground) -> Checked {
    use base64ct::{Base64, Base64UrlUnpadded, Encoding};
    // What stands for the DER of a certificate: only its hash counts.
    let der: Vec<u8> = (0..=255).cycle().take(700).collect();
    let shown = Certificate { thumbprint: Sha256::digest(&der).into(), chain_verified: false, ..CERTIFICATE };
    let (own, other) = (Base64::encode_string(&der), Base64::encode_string(&der[1..]));
    let hash = |bytes: &[u8]| Base64UrlUnpadded::encode_string(&Sha256::digest(bytes));
    let by = |set: Value| {
        let mut text = set.to_string().into_bytes();
        let set = json::object(&mut text)?;
        CertificateMatched::by_keys(Some(&shown), &set)?.ok_or(Reason::Certificate)
    };
    let key = |members: Value| json!({ "keys": [with(jwk("es256-1"), members)] });
    for set in
        [key(json!({ "x5c": [own] })), key(json!({ "x5t#S256": hash(&der) })), key(json!({ "x5c": [own, other] }))]
    {
        by(set).map_err(|reason| format!("its own: {reason:?}"))?;
    }
    let refused = each(
        [
            ("another certificate", key(json!({ "x5c": [other] }))),
            ("it second in the chain", key(json!({ "x5c": [other, own] }))),
            ("another hash", key(json!({ "x5t#S256": hash(&der[1..]) }))),
            ("another hash besides", key(json!({ "x5c": [own], "x5t#S256": hash(&der[1..]) }))),
            ("the hash in hexadecimal", key(json!({ "x5t#S256": "ab".repeat(32) }))),
            ("in base64url", key(json!({ "x5c": [Base64UrlUnpadded::encode_string(&der)] }))),
            ("cut short", key(json!({ "x5c": [own[..own.len() - 4]] }))),
            ("padded twice", key(json!({ "x5c": [format!("{own}====")] }))),
            ("of another type", key(json!({ "x5c": own }))),
            ("a bare key", key(json!({}))),
            ("no keys", json!({ "keys": [] })),
            ("no set", json!({})),
        ],
        |set| told(by(set)),
    )?;
    let mut empty = key(json!({ "x5c": [own] })).to_string().into_bytes();
    let none =
        told(CertificateMatched::by_keys(None, &json::object(&mut empty).map_err(|reason| format!("{reason:?}"))?))?;
    Ok(format!("{refused}; no certificate -> {none}"))
}
