extern crate std;
use super::*;

parameters! {
    struct Example { grant_type, code, scope; many resource }
}
parameters! {
    struct Bare { client_id }
}

fn example(text: &str, then: impl FnOnce(Result<Example<'_>, Reason>)) {
    then(Example::read(&mut text.as_bytes().to_vec()));
}

#[test]
fn reads_what_is_listed_and_ignores_the_rest() {
    example("code=a%2Bb&x=1&x=2&scope=&resource=&resource=urn:a&resource=b&=1&client_id=", |read| {
        let read = read.unwrap_or_else(|_| panic!());
        assert_eq!((read.grant_type, read.code, read.scope), (Ok(None), Ok(Some("a+b")), Ok(None)));
        assert_eq!(read.resource.as_slice(), ["urn:a", "b"]);
        assert_eq!(required(read.code, "code"), Ok("a+b"));
        assert_eq!(required(read.scope, "scope"), Err(Reason::Missing("scope")));
    });
    assert_eq!(Bare::read(&mut b"client_id=c".to_vec()).ok().and_then(|read| read.client_id.ok()), Some(Some("c")));
}

#[test]
fn keeps_what_breaks_its_grammar_for_the_endpoint() {
    example("code=%0A&scope=a", |read| {
        let read = read.unwrap_or_else(|_| panic!());
        assert_eq!((read.code, read.scope), (Err(Reason::Malformed("code")), Ok(Some("a"))));
    });
}

#[test]
fn refuses_repetition() {
    for text in ["code=a&code=a", "code=a&code=", "code&code=a", "code&code", "cod%65=%0a&code=a"] {
        example(text, |read| assert_eq!(read.err(), Some(Reason::Repeated("code"))));
    }
    let reason = Reason::TooMany { what: "resource", limit: limits::RESOURCES };
    example(&"resource=a&".repeat(limits::RESOURCES), |read| assert!(read.is_ok()));
    example(&"resource=a&".repeat(limits::RESOURCES + 1), |read| assert_eq!(read.err(), Some(reason)));
}

#[test]
fn refuses_what_cannot_be_decoded_whoever_sent_it() {
    example("x=%zz", |read| assert_eq!(read.err(), Some(Reason::PercentEncoding)));
    example("x=%ff", |read| assert_eq!(read.err(), Some(Reason::NotUtf8)));
}

#[test]
fn every_rule_refuses_control_characters_and_what_is_too_long() {
    for name in EVERY.iter().chain(&["resource"]) {
        let limit = rule(name).unwrap().limit;
        assert_eq!(check(name, &"a".repeat(limit + 1)), Err(Reason::TooLong { what: name, limit }));
        let unicode = ["username", "password", "login_hint", "nonce"].contains(name);
        if *name == "authorization_details" {
            assert!(check(name, "\t\r\n\u{e9}").is_ok());
            assert_eq!(check(name, "\u{0}"), Err(Reason::Malformed(name)));
            continue;
        }
        for text in ["\u{0}", "a\n", "a\u{7f}", if unicode { "\u{ffff}" } else { "\u{e9}" }] {
            assert_eq!(check(name, text), Err(Reason::Malformed(name)), "{name} {text:?}");
        }
    }
}

#[test]
fn follows_the_grammars() {
    let good = [
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("response_type", "code id_token"),
        ("error_uri", "/errors#1"),
        ("token_type", "Bearer"),
        ("redirect_uri", "com.example.app:/cb"),
        ("iss", "https://as.example"),
        ("password", "\u{e9} \t\u{fffd}"),
        ("max_age", "0"),
        ("acr_values", "urn:mace:incommon:iap:silver phr"),
        ("dpop_jkt", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    ];
    let bad = [
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw~cM"),
        ("grant_type", "authorization_code "),
        ("response_type", "code  id_token"),
        ("scope", "a\\b"),
        ("error", "a\"b"),
        ("redirect_uri", "/cb"),
        ("redirect_uri", "https://client.example/cb#"),
        ("iss", "https://as.example?a"),
        ("max_age", "-1"),
        ("max_age", "1.5"),
        ("dpop_jkt", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4"),
    ];
    for (name, value) in good {
        assert_eq!(check(name, value), Ok(()), "{name}");
    }
    for (name, value) in bad {
        assert_eq!(check(name, value), Err(Reason::Malformed(name)), "{name}");
    }
}
