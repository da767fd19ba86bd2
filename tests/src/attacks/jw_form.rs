//! JSON Web Tokens: how they are written.

use serde_json::{Value, json};

use super::outcome::*;
use super::signed::{Judge, Jwt, encoded};
use super::{Ground, Row, row};
use crate::keys;

pub(super) const ROWS: &[Row] = &[
    row("JW-15", "critical extensions are not understood and ignored", "CVE-2025-59420", jw_15),
    row("JW-16", "an unencoded payload is signed in another form than it is read", "RFC 7797", jw_16),
    row("JW-17", "the JSON serialization is verified, another text is read", "CVE-2022-39227", jw_17),
    row("JW-18", "of repeated members one reader takes the first, another the last", "RFC 8725 section 2.4", jw_18),
    row("JW-19", "member names are compared without regard to case", "CVE-2026-27896", jw_19),
    row("JW-20", "a NUL ends a member name", "GHSA-q382-vc8q-7jhj", jw_20),
    row("JW-22", "times overflow", "mod_auth_openidc", jw_22),
    row("JW-24", "an array of issuers is taken", "CVE-2025-30144", jw_24),
    row("JW-33", "a signature that is too long is decoded first", "haproxy jwt_verify", jw_33),
    row("JW-36", "a token is split at every dot", "CVE-2025-30204", jw_36),
    row("JW-37", "the parts are not counted", "CVE-2019-18848", jw_37),
    row("JW-38", "headers and signatures have no bounds", "CVE-2025-61920", jw_38),
    row("JW-39", "base64url is decoded laxly", "RFC 7515 section 2", jw_39),
    row("JW-43", "a compressed token fills the memory", "CVE-2024-28176", jw_43),
    row("JW-44", "an encrypted token passes for a signed one", "CVE-2026-29000", jw_44),
];

/// Refused with each of these values of a header parameter.
fn header(ground: &Ground, name: &str, values: impl IntoIterator<Item = Value>) -> Checked {
    let mut judge = Judge::new(ground);
    each(values.into_iter().map(|value| (format!("{name}: {value}"), value)), |value| {
        judge.denies_both(&Jwt::assertion().header(name, value))
    })
}

fn jw_15(ground: &Ground) -> Checked {
    let values = [
        json!(["bork"]),
        json!([]),
        json!("b64"),
        json!([1]),
        json!(["alg"]),
        json!(["x", "x"]),
        json!(["exp"]),
        Value::Null,
    ];
    header(ground, "crit", values)
}

fn jw_16(ground: &Ground) -> Checked {
    let alone = header(ground, "b64", [json!(false), json!(true), json!("false"), Value::Null])?;
    let mut judge = Judge::new(ground);
    let both = judge.denies(&Jwt::assertion().header("b64", json!(false)).header("crit", json!(["b64"])).sign())?;
    Ok(format!("{alone}; with crit -> {both}"))
}

fn jw_17(ground: &Ground) -> Checked {
    let good = Jwt::assertion().sign();
    let parts: Vec<&str> = good.split('.').collect();
    let flat = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
    let general = json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "signature": parts[2] }] });
    let polyglot = format!("{{\"  {}.{}.\":\"{}\",\"protected\":\"{}\"}}", parts[0], parts[1], parts[2], parts[0]);
    let mut judge = Judge::new(ground);
    each([("flattened", flat.to_string()), ("general", general.to_string()), ("both at once", polyglot)], |token| {
        judge.denies(&token)
    })
}

fn jw_18(ground: &Ground) -> Checked {
    let (head, claims) = Jwt::assertion().texts();
    let more = |text: &str, member: &str| format!("{},{member}}}", text.strip_suffix('}').expect("an object"));
    let mut judge = Judge::new(ground);
    each(
        [
            ("two alg", (more(&head, r#""alg":"none""#), claims.clone())),
            ("two kid", (more(&head, r#""kid":"k2""#), claims.clone())),
            ("two aud", (head.clone(), more(&claims, r#""aud":"https://evil.example""#))),
            ("two exp", (head.clone(), more(&claims, r#""exp":9999999999"#))),
            ("two iss", (head.clone(), more(&claims, r#""iss":"c2""#))),
            ("two sub, one escaped", (head.clone(), more(&claims, r#""\u0073ub":"c2""#))),
            ("two alike", (head, more(&claims, r#""jti":"j1""#))),
        ],
        |(head, claims)| judge.denies(&keys::jws("es256-1", &head, &claims)),
    )
}

/// Refused where a claim stands under another name.
fn renamed(ground: &Ground, names: &[(&str, &str)]) -> Checked {
    let mut judge = Judge::new(ground);
    each(names.iter().map(|(name, other)| (other, (*name, *other))), |(name, other)| {
        let good = Jwt::assertion();
        let value = good.claims[name].clone();
        // The access token has the value of its own under the other name.
        let token = Jwt::assertion().as_access_token();
        let own = token.claims[name].clone();
        judge.resource_denies(&token.without_claim(name).claim(other, own).sign())?;
        judge.denies(&good.without_claim(name).claim(other, value).sign())
    })
}

fn jw_19(ground: &Ground) -> Checked {
    renamed(ground, &[("aud", "AUD"), ("exp", "Exp"), ("iss", "i\u{17f}s"), ("sub", "Sub"), ("jti", "JTI")])
}

fn jw_20(ground: &Ground) -> Checked {
    renamed(ground, &[("aud", "aud\0"), ("exp", "\0exp"), ("iss", "iss\0evil")])
}

fn jw_22(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let with = |name: &str, number: &str| {
        let (head, claims) = Jwt::assertion().without_claim(name).texts();
        let claims = format!("{},\"{name}\":{number}}}", claims.strip_suffix('}').expect("an object"));
        keys::jws("es256-1", &head, &claims)
    };
    let numbers = [
        "1e300",
        "-1",
        "0",
        "-0",
        "9007199254740993",
        "9223372036854775808",
        "99999999999999999999",
        "1e6",
        "\"1000060\"",
        "null",
    ];
    let refused = each_text(numbers, |number| judge.denies(&with("exp", number)))?;
    let begun = each_text(["1e300", "-1", "1000011", "\"0\"", "null"], |number| {
        judge.denies(&with("nbf", number))?;
        judge.denies(&with("iat", number))
    })?;
    let fraction = judge.takes(&with("exp", "1000001.5"))?;
    Ok(format!("as exp: {refused}; as nbf and iat: {begun}; exp 1000001.5 -> {fraction}"))
}

fn jw_24(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    let values = [json!(["c1"]), json!(["c2", "c1"]), json!({ "c1": 1 }), json!(1), Value::Null, json!("")];
    each(values.into_iter().map(|value| (format!("iss: {value}"), value)), |value| {
        judge.denies_both(&Jwt::assertion().claim("iss", value))
    })
}

/// The parts of an assertion that is right in every way.
fn parts() -> (String, String, String) {
    let good = Jwt::assertion().sign();
    let mut parts = good.split('.').map(str::to_owned);
    let mut next = || parts.next().expect("three parts");
    (next(), next(), next())
}

fn jw_33(ground: &Ground) -> Checked {
    let (head, claims, _) = parts();
    let mut judge = Judge::new(ground);
    each([("21830 characters", 21_830), ("2000", 2_000), ("88", 88), ("84", 84), ("none", 0)], |length| {
        judge.denies(&format!("{head}.{claims}.{}", "A".repeat(length)))
    })
}

fn jw_36(ground: &Ground) -> Checked {
    let mut judge = Judge::new(ground);
    each([("a million dots", 1_000_000), ("4096 dots", 4096), ("5 dots", 5)], |count| judge.denies(&".".repeat(count)))
}

fn jw_37(ground: &Ground) -> Checked {
    let (head, claims, signature) = parts();
    let mut judge = Judge::new(ground);
    each(
        [
            ("1 part", head.clone()),
            ("2 parts", format!("{head}.{claims}")),
            ("4 parts", format!("{head}.{claims}.{signature}.{signature}")),
            ("6 parts", format!("{head}.{claims}.{signature}.A.A.A")),
            ("a dot at the end", format!("{head}.{claims}.{signature}.")),
            ("no header", format!(".{claims}.{signature}")),
            ("no claims", format!("{head}..{signature}")),
            ("no signature", format!("{head}.{claims}.")),
        ],
        |token| judge.denies(&token),
    )
}

fn jw_38(ground: &Ground) -> Checked {
    let long = "a".repeat(1_000_000);
    let (head, claims, signature) = parts();
    let mut judge = Judge::new(ground);
    each(
        [
            ("a header of 1 MB", Jwt::assertion().header("x", json!(long)).sign()),
            ("a kid of 1 MB", Jwt::assertion().header("kid", json!(long)).sign()),
            ("claims of 1 MB", Jwt::assertion().claim("x", json!(long)).sign()),
            ("a signature of 1 MB", format!("{head}.{claims}.{signature}{long}")),
            ("a kid of 257 bytes", Jwt::assertion().header("kid", json!("k".repeat(257))).sign()),
            ("a jti of 129 bytes", Jwt::assertion().claim("jti", json!("j".repeat(129))).sign()),
        ],
        |token| judge.denies(&token),
    )
}

/// A change to a part.
type Change = fn(&str) -> String;

fn jw_39(ground: &Ground) -> Checked {
    let (head, claims, signature) = parts();
    let lax: [(&str, Change); 7] = [
        ("padding", |part| format!("{part}=")),
        ("a space", |part| format!("{part} ")),
        ("a line feed", |part| format!("{part}\n")),
        ("a plus", |part| format!("+{}", &part[1..])),
        ("a slash", |part| format!("/{}", &part[1..])),
        ("one character more", |part| format!("{part}AAA")),
        ("a percent sign", |part| format!("%{}", &part[1..])),
    ];
    let mut judge = Judge::new(ground);
    let parts = each(lax, |change| {
        judge.denies(&format!("{}.{claims}.{signature}", change(&head)))?;
        judge.denies(&format!("{head}.{}.{signature}", change(&claims)))?;
        judge.denies(&format!("{head}.{claims}.{}", change(&signature)))
    })?;
    // The last of 86 characters holds two bits of the signature and four that are unused.
    let mut other = signature.into_bytes();
    let last = other.last_mut().expect("a character");
    *last += 1;
    let other = String::from_utf8(other).expect("a character of the alphabet");
    let bits = judge.denies(&format!("{head}.{claims}.{other}"))?;
    Ok(format!("{parts}; bits left over in the signature -> {bits}"))
}

fn jw_43(ground: &Ground) -> Checked {
    header(ground, "zip", [json!("DEF"), json!("GZIP"), Value::Null])
}

fn jw_44(ground: &Ground) -> Checked {
    let (head, claims, signature) = parts();
    let jwe = json!({ "alg": "RSA-OAEP", "enc": "A128GCM" }).to_string();
    let old = json!({ "alg": "RSA1_5", "enc": "A128CBC-HS256" }).to_string();
    let plain = format!("{}.{claims}.", encoded(r#"{"alg":"none"}"#));
    let mut judge = Judge::new(ground);
    let forms = each(
        [
            (
                "a JWE around a plain JWT",
                format!("{}.AAAA.AAAAAAAAAAAAAAAA.{}.AAAAAAAAAAAAAAAAAAAAAA", encoded(&jwe), encoded(&plain)),
            ),
            ("RSA1_5", format!("{}.AAAA.AAAAAAAAAAAAAAAA.{claims}.AAAAAAAAAAAAAAAAAAAAAA", encoded(&old))),
            ("with a signature for its tag", format!("{head}..{claims}.{signature}.")),
            ("cut to three parts", format!("{}.{claims}.{signature}", encoded(&jwe))),
            ("direct, without a key", format!("{}..AAAA.AAAA.AAAA", encoded(r#"{"alg":"dir","enc":"A128GCM"}"#))),
        ],
        |token| judge.denies(&token),
    )?;
    let mut more = Vec::new();
    for (name, value) in [("enc", json!("A128GCM")), ("epk", json!({})), ("p2c", json!(1)), ("cty", json!("JWT"))] {
        more.push(header(ground, name, [value])?);
    }
    Ok(format!("{forms}; signed, with {}", more.join(", ")))
}
