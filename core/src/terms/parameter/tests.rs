extern crate std;
use super::*;
use crate::limits;
use crate::name::Name;

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
        assert_eq!(required(read.code, Name::Code), Ok("a+b"));
        assert_eq!(required(read.scope, Name::Scope), Err(Reason::Missing(Name::Scope)));
    });
    assert_eq!(Bare::read(&mut b"client_id=c".to_vec()).ok().and_then(|read| read.client_id.ok()), Some(Some("c")));
}

#[test]
fn keeps_what_breaks_its_grammar_for_the_endpoint() {
    example("code=%0A&scope=a", |read| {
        let read = read.unwrap_or_else(|_| panic!());
        assert_eq!((read.code, read.scope), (Err(Reason::Malformed(Name::Code)), Ok(Some("a"))));
    });
}

#[test]
fn refuses_repetition() {
    for text in ["code=a&code=a", "code=a&code=", "code&code=a", "code&code", "cod%65=%0a&code=a"] {
        example(text, |read| assert_eq!(read.err(), Some(Reason::Repeated(Name::Code))));
    }
    let reason = Reason::TooMany(Name::Resource);
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
    for &name in EVERY.iter().chain(&[Name::Resource]) {
        let limit = name.length().unwrap();
        assert_eq!(check(name, &"a".repeat(limit + 1)), Err(Reason::TooLong(name)));
        let unicode = [Name::Username, Name::Password, Name::LoginHint, Name::Nonce].contains(&name);
        if name == Name::AuthorizationDetails {
            assert!(check(name, "\t\r\n\u{e9}").is_ok());
            assert_eq!(check(name, "\u{0}"), Err(Reason::Malformed(name)));
            continue;
        }
        for text in ["\u{0}", "a\n", "a\u{7f}", if unicode { "\u{ffff}" } else { "\u{e9}" }] {
            assert_eq!(check(name, text), Err(Reason::Malformed(name)), "{name:?} {text:?}");
        }
    }
}

#[test]
fn follows_the_grammars() {
    let good = [
        (Name::CodeVerifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        (Name::CodeChallenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        (Name::GrantType, "urn:ietf:params:oauth:grant-type:device_code"),
        (Name::ResponseType, "code id_token"),
        (Name::ErrorUri, "/errors#1"),
        (Name::TokenType, "Bearer"),
        (Name::RedirectUri, "com.example.app:/cb"),
        (Name::Iss, "https://as.example"),
        (Name::Password, "\u{e9} \t\u{fffd}"),
        (Name::MaxAge, "0"),
        (Name::AcrValues, "urn:mace:incommon:iap:silver phr"),
        (Name::DpopJkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    ];
    let bad = [
        (Name::CodeVerifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX"),
        (Name::CodeChallenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw~cM"),
        (Name::GrantType, "authorization_code "),
        (Name::ResponseType, "code  id_token"),
        (Name::Scope, "a\\b"),
        (Name::Error, "a\"b"),
        (Name::RedirectUri, "/cb"),
        (Name::RedirectUri, "https://client.example/cb#"),
        (Name::Iss, "https://as.example?a"),
        (Name::MaxAge, "-1"),
        (Name::MaxAge, "1.5"),
        (Name::DpopJkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4"),
    ];
    for (name, value) in good {
        assert_eq!(check(name, value), Ok(()), "{name:?}");
    }
    for (name, value) in bad {
        assert_eq!(check(name, value), Err(Reason::Malformed(name)), "{name:?}");
    }
}
