extern crate std;
use super::*;
use std::string::String;
use std::vec::Vec;

fn part(text: &str) -> String {
    let mut out = std::vec![0; base64::encoded_len(text.len())];
    base64::encode_url(text.as_bytes(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn jws(header: &str, claims: &str) -> String {
    std::format!("{}.{}.{}", part(header), part(claims), "A".repeat(86))
}

fn read(text: &str) -> Result<(), Reason> {
    let mut buffer = std::vec![0; limits::JWS];
    let mut arena = Arena::new(&mut buffer, limits::JWS).unwrap();
    Jws::read(text, &mut arena).map(|_| ())
}

fn with_header(header: &str) -> Result<(), Reason> {
    read(&jws(header, "{}"))
}

#[test]
fn hands_out_what_was_sent() {
    let text = jws(r#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#, r#"{"iss":"a","aud":["b"]}"#);
    let mut buffer = [0; 512];
    let mut arena = Arena::new(&mut buffer, 512).unwrap();
    let jws = Jws::read(&text, &mut arena).unwrap_or_else(|_| panic!());
    assert_eq!((jws.algorithm(), jws.key_id(), jws.media_type()), (Algorithm::Es256, Some("k"), Some("at+jwt")));
    assert_eq!(jws.claims().string(Name::Iss), Ok(Some("a")));
    let (message, _) = text.rsplit_once('.').unwrap();
    assert_eq!((jws.message(), jws.signature()), (message.as_bytes(), &[0; 64][..]));
}

#[test]
fn the_algorithm_is_one_that_is_known() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_name(algorithm.as_str()), Some(algorithm));
    }
    assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    assert_eq!(with_header(r#"{"alg":"EdDSA"}"#), Ok(()));
    for alg in [
        "\"none\"",
        "\"None\"",
        "\"nOnE\"",
        "\"none \"",
        "\"\"",
        "null",
        "0",
        "[]",
        "[\"none\"]",
        "\"HS256\"",
        "\"ES384\"",
        "\"es256\"",
        "\"ES256 \"",
        "\"Ed448\"",
        "\"ES256\\u0000\"",
    ] {
        assert_eq!(with_header(&std::format!("{{\"alg\":{alg}}}")), Err(Reason::Malformed(Name::Alg)), "{alg}");
    }
    assert_eq!(with_header("{}"), Err(Reason::Missing(Name::Alg)));
    assert_eq!(with_header(r#"{"ALG":"ES256"}"#), Err(Reason::Missing(Name::Alg)));
}

#[test]
fn what_would_have_to_be_understood_is_refused() {
    for name in REFUSED {
        for value in ["null", "[]", "\"x\"", "false"] {
            let header = std::format!("{{\"alg\":\"ES256\",\"{}\":{value}}}", name.as_str());
            assert_eq!(with_header(&header), Err(Reason::Malformed(name)));
        }
    }
    assert_eq!(with_header(r#"{"alg":"ES256","jwk":{}}"#), Err(Reason::Malformed(Name::Jwk)));
    assert_eq!(with_header(r#"{"alg":"ES256","jwk":null}"#), Err(Reason::Malformed(Name::Jwk)));
    assert_eq!(with_header(r#"{"alg":"ES256","kid":1}"#), Err(Reason::Malformed(Name::Kid)));
    assert_eq!(with_header(r#"{"alg":"ES256","typ":1}"#), Err(Reason::Malformed(Name::Typ)));
    let long = "k".repeat(limits::KEY_ID + 1);
    let reason = Reason::TooLong(Name::Kid);
    assert_eq!(with_header(&std::format!("{{\"alg\":\"ES256\",\"kid\":\"{long}\"}}")), Err(reason));
    assert_eq!(with_header(r#"{"alg":"ES256","alg":"none"}"#), Err(Reason::JsonRepeated));
    // Hints about the key that is known anyway.
    assert_eq!(with_header(r#"{"alg":"ES256","x5t":"a","x5t#S256":"b","other":1}"#), Ok(()));
}

#[test]
fn a_key_is_embedded_where_one_is_asked_for_alone() {
    let read = |header: &str| {
        let mut buffer = [0; 512];
        let mut arena = Arena::new(&mut buffer, 512).unwrap();
        Jws::read_with_key(&jws(header, "{}"), &mut arena)
            .map(|(_, key)| key.string(Name::Kty).map(|kty| kty.is_some()))
    };
    assert_eq!(read(r#"{"alg":"ES256","jwk":{"kty":"EC"}}"#), Ok(Ok(true)));
    assert_eq!(read(r#"{"alg":"ES256"}"#), Err(Reason::Missing(Name::Jwk)));
    assert_eq!(read(r#"{"alg":"ES256","jwk":"{}"}"#), Err(Reason::Malformed(Name::Jwk)));
    assert_eq!(read(r#"{"alg":"ES256","jwk":{},"kid":"k"}"#), Err(Reason::Malformed(Name::Kid)));
}

#[test]
fn has_one_form() {
    let good = jws(r#"{"alg":"ES256"}"#, "{}");
    assert_eq!(read(&good), Ok(()));
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!() };
    let form = Err(Reason::Malformed(Name::Jws));
    for text in [
        "",
        ".",
        "..",
        "...",
        &".".repeat(limits::JWS),
        header,
        &std::format!("{header}.{claims}"),
        &std::format!("{good}.{signature}"),
        &std::format!("{header}..{signature}"),
        &std::format!(".{claims}.{signature}"),
        &std::format!(" {good}"),
        &std::format!("{header}=.{claims}.{signature}"),
        &std::format!("{header}.{claims} .{signature}"),
        &std::format!("{header}\n.{claims}.{signature}"),
        "{\"payload\":\"e30\",\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"signature\":\"AA\"}",
    ] {
        let refused = read(text);
        assert!(
            refused == form || matches!(refused, Err(Reason::Json | Reason::Malformed(Name::Signature))),
            "{text}: {refused:?}"
        );
    }
    // Five parts are a JWE.
    assert!(read(&std::format!("{good}.AA.AA")).is_err());
    let reason = Reason::TooLong(Name::Jws);
    assert_eq!(read(&"a".repeat(limits::JWS + 1)), Err(reason));
    // Every character, at every place, is of the alphabet; and the unused bits of each part are zero.
    for (place, _) in good.char_indices() {
        for other in ['=', '+', '/', ' ', '\n', '\u{0}', '%'] {
            let mut text = good.clone().into_bytes();
            text[place] = u8::try_from(u32::from(other)).unwrap();
            assert!(read(&String::from_utf8(text).unwrap()).is_err(), "{other:?} at {place}");
        }
    }
    assert_eq!(read(&std::format!("{header}.{claims}.{}B", "A".repeat(85))), form);
}

#[test]
fn a_signature_is_as_long_as_its_algorithm_says() {
    let with = |alg: &str, bytes: usize| {
        let signature = "A".repeat(base64::encoded_len(bytes));
        read(&std::format!("{}.{}.{signature}", part(&std::format!("{{\"alg\":\"{alg}\"}}")), part("{}")))
    };
    let refused = Err(Reason::Malformed(Name::Signature));
    for (alg, good, bad) in [
        ("ES256", &[64][..], &[0, 1, 63, 65, 70, 72, 96, 132, 2000][..]),
        ("EdDSA", &[64], &[0, 63, 65, 114]),
        ("PS256", &[256, 384, 512], &[0, 64, 128, 255, 513]),
        ("RS256", &[256, 384, 512], &[0, 64, 128, 255, 513]),
    ] {
        assert!(good.iter().all(|&bytes| with(alg, bytes) == Ok(())), "{alg}");
        assert!(bad.iter().all(|&bytes| with(alg, bytes) == refused), "{alg}");
    }
}

#[test]
fn types_are_media_types() {
    let typed = |typ: &str, expected: &str| {
        let mut buffer = [0; 512];
        let mut arena = Arena::new(&mut buffer, 512).unwrap();
        let text = jws(&std::format!("{{\"alg\":\"ES256\",\"typ\":\"{typ}\"}}"), "{}");
        Jws::read(&text, &mut arena).map(|jws| jws.is_typed(expected))
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(typed(typ, "at+jwt"), Ok(true), "{typ}");
    }
    for typ in
        ["", "jwt", "at+jwt ", " at+jwt", "text/at+jwt", "application/application/at+jwt", "application/", "xat+jwt"]
    {
        assert_eq!(typed(typ, "at+jwt"), Ok(false), "{typ}");
    }
}

#[test]
fn a_buffer_that_is_too_small_is_not_the_peers_fault() {
    let text = jws(r#"{"alg":"ES256"}"#, "{}");
    for len in 0..81 {
        let mut buffer = std::vec![0; len];
        let mut arena = Arena::new(&mut buffer, 0).unwrap();
        assert_eq!(Jws::read(&text, &mut arena).err(), Some(Reason::Buffer), "{len}");
    }
    assert_eq!(read(&text), Ok(()));
}
