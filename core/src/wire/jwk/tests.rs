extern crate std;
use super::*;
use crate::wire::json;
use crate::wire::write::Arena;
use std::string::String;
use std::vec::Vec;

/// A coordinate, or a hash, in base64url.
const C: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE";

fn with<T>(text: &str, then: impl FnOnce(&Object<'_>) -> T) -> T {
    let mut text = Vec::from(text);
    then(&json::object(&mut text).unwrap())
}

fn read(text: &str) -> Result<Option<Algorithm>, Reason> {
    with(text, |object| Jwk::read(object).map(|key| key.algorithm()))
}

fn ec(more: &str) -> String {
    std::format!("{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{C}\",\"y\":\"{C}\"{more}}}")
}

fn okp(more: &str) -> String {
    std::format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{C}\"{more}}}")
}

fn number(bytes: &[u8]) -> String {
    let mut text = std::vec![0; base64::encoded_len(bytes.len())];
    base64::encode_url(bytes, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// An odd number of so many bits.
fn odd(bits: usize) -> String {
    let mut bytes = std::vec![0; bits.div_ceil(8)];
    bytes[0] = 1 << ((bits - 1) % 8);
    *bytes.last_mut().unwrap() |= 1;
    number(&bytes)
}

fn rsa(n: &str, e: &str, more: &str) -> String {
    std::format!("{{\"kty\":\"RSA\",\"n\":\"{n}\",\"e\":\"{e}\"{more}}}")
}

#[test]
fn the_algorithm_is_that_of_the_key() {
    assert_eq!(read(&ec("")), Ok(Some(Algorithm::Es256)));
    assert_eq!(read(&ec(",\"alg\":\"ES256\",\"use\":\"sig\"")), Ok(Some(Algorithm::Es256)));
    assert_eq!(read(&okp("")), Ok(Some(Algorithm::EdDsa)));
    assert_eq!(read(&okp(",\"alg\":\"Ed25519\"")), Ok(Some(Algorithm::EdDsa)));
    assert_eq!(read(&rsa(&odd(2048), "AQAB", "")), Ok(None));
    assert_eq!(read(&rsa(&odd(2048), "AQAB", ",\"alg\":\"PS256\"")), Ok(Some(Algorithm::Ps256)));
    for text in [
        ec(",\"alg\":\"ES384\""),
        ec(",\"alg\":\"EdDSA\""),
        ec(",\"alg\":\"RS256\""),
        ec(",\"alg\":null"),
        okp(",\"alg\":\"ES256\""),
        okp(",\"alg\":\"Ed448\""),
        rsa(&odd(2048), "AQAB", ",\"alg\":\"RS512\""),
        rsa(&odd(2048), "AQAB", ",\"alg\":\"HS256\""),
        rsa(&odd(2048), "AQAB", ",\"alg\":\"RSA-OAEP\""),
        rsa(&odd(2048), "AQAB", ",\"alg\":\"none\""),
    ] {
        assert_eq!(read(&text), Err(Reason::Malformed(Name::Alg)), "{text}");
    }
}

#[test]
fn a_key_of_rsa_has_two_algorithms_until_one_is_named() {
    with(&rsa(&odd(2048), "AQAB", ""), |object| {
        let key = Jwk::read(object).unwrap_or_else(|_| panic!());
        for algorithm in [Algorithm::Ps256, Algorithm::Rs256] {
            let named = key.with_algorithm(algorithm).unwrap();
            assert_eq!(named.algorithm(), Some(algorithm));
            let other = if algorithm == Algorithm::Ps256 { Algorithm::Rs256 } else { Algorithm::Ps256 };
            assert!(named.with_algorithm(other).is_none());
        }
        assert!(key.with_algorithm(Algorithm::Es256).is_none());
    });
    with(&ec(""), |object| {
        let key = Jwk::read(object).unwrap_or_else(|_| panic!());
        assert!(key.with_algorithm(Algorithm::Es256).is_some() && key.with_algorithm(Algorithm::EdDsa).is_none());
    });
}

#[test]
fn private_and_foreign_keys_are_refused() {
    for name in PRIVATE {
        let text = name.as_str();
        assert_eq!(read(&ec(&std::format!(",\"{text}\":\"{C}\""))), Err(Reason::Malformed(name)));
        assert_eq!(read(&ec(&std::format!(",\"{text}\":null"))), Err(Reason::Malformed(name)));
    }
    for (text, name) in [
        (ec(",\"use\":\"enc\""), Name::Use),
        (ec(",\"use\":[\"sig\"]"), Name::Use),
        (ec(",\"key_ops\":[\"sign\"]"), Name::KeyOps),
        (ec(",\"key_ops\":[]"), Name::KeyOps),
        (ec(",\"key_ops\":[\"verify\",1]"), Name::KeyOps),
        (ec(",\"key_ops\":\"verify\""), Name::KeyOps),
        (ec(",\"kid\":1"), Name::Kid),
        (ec("").replace("P-256", "P-384"), Name::Crv),
        (ec("").replace("P-256", "Ed25519"), Name::Crv),
        (okp("").replace("Ed25519", "X25519"), Name::Crv),
        (okp("").replace("Ed25519", "P-256"), Name::Crv),
        (ec("").replace("\"EC\"", "\"oct\""), Name::Kty),
        (ec("").replace("\"EC\"", "\"ec\""), Name::Kty),
        (ec("").replacen(C, "AAAA", 1), Name::X),
        (ec("").replacen(C, &std::format!("{C}A"), 1), Name::X),
        (okp("").replacen("AAE", "AAF", 1), Name::X),
        (okp("").replacen("AAE", "AAE=", 1), Name::X),
    ] {
        assert_eq!(read(&text), Err(Reason::Malformed(name)), "{text}");
    }
    assert_eq!(read("{}"), Err(Reason::Missing(Name::Kty)));
    assert_eq!(read("{\"kty\":\"EC\"}"), Err(Reason::Missing(Name::Crv)));
    assert_eq!(read(&ec("").replace("\"y\"", "\"Y\"")), Err(Reason::Missing(Name::Y)));
    assert_eq!(read(&ec(",\"key_ops\":[\"verify\",\"sign\"]")), Ok(Some(Algorithm::Es256)));
}

#[test]
fn a_modulus_has_its_bits_and_an_exponent_is_odd() {
    for bits in [2048, 2049, 3072, 4095, 4096] {
        assert_eq!(read(&rsa(&odd(bits), "AQAB", "")), Ok(None), "{bits}");
    }
    for n in [odd(1024), odd(2047), odd(4097), odd(8192), String::new(), String::from("AQ")] {
        assert_eq!(read(&rsa(&n, "AQAB", "")), Err(Reason::Malformed(Name::N)));
    }
    let mut even = std::vec![0xff; 256];
    even[255] = 0xfe;
    let mut padded = std::vec![0xff; 257];
    padded[0] = 0;
    for n in [even, padded] {
        assert_eq!(read(&rsa(&number(&n), "AQAB", "")), Err(Reason::Malformed(Name::N)));
    }
    for e in [&[3][..], &[1, 0, 1], &[0xff; 4]] {
        assert_eq!(read(&rsa(&odd(2048), &number(e), "")), Ok(None));
    }
    for e in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[0, 3], &[1, 0, 0, 0, 1]] {
        assert_eq!(read(&rsa(&odd(2048), &number(e), "")), Err(Reason::Malformed(Name::E)), "{e:?}");
    }
}

#[test]
fn is_written_in_one_form() {
    let written = |text: &str| {
        with(text, |object| {
            let mut buffer = [0; 1024];
            let mut arena = Arena::new(&mut buffer, 1024).unwrap();
            let key = Jwk::read(object).unwrap_or_else(|_| panic!());
            String::from(arena.text(|w| key.write(w)).unwrap())
        })
    };
    let expected = std::format!("{{\"alg\":\"ES256\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{C}\",\"y\":\"{C}\"}}");
    assert_eq!(written(&ec(",\"kid\":\"k\",\"x5c\":[],\"note\":1")), expected);
    assert_eq!(written(&expected), expected);
    let n = odd(2048);
    let rsa = rsa(&n, "AQAB", ",\"alg\":\"RS256\"");
    assert_eq!(written(&rsa), std::format!("{{\"alg\":\"RS256\",\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"{n}\"}}"));
}

fn selected(keys: &[String], kid: Option<&str>, registered: Option<Algorithm>) -> Result<Option<String>, Reason> {
    with(&std::format!("{{\"keys\":[{}]}}", keys.join(",")), |set| {
        let found = select(set, kid, Algorithm::Rs256, registered)?;
        Ok(found.map(|key| key.key_id().unwrap_or("-").into()))
    })
}

#[test]
fn one_key_of_a_set_is_chosen_or_none() {
    let key = |more: &str| rsa(&odd(2048), "AQAB", more);
    let rs = |kid: &str| key(&std::format!(",\"alg\":\"RS256\",\"kid\":\"{kid}\""));
    let ps = key(",\"alg\":\"PS256\",\"kid\":\"p\"");
    let bare = key(",\"kid\":\"b\"");
    let set = [ec(",\"kid\":\"e\""), rs("a"), ps.clone(), String::from("{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"a\"}")];
    assert_eq!(selected(&set, Some("a"), None), Ok(Some("a".into())));
    assert_eq!(selected(&set, None, None), Ok(Some("a".into())));
    assert_eq!(selected(&set, Some("a"), Some(Algorithm::Rs256)), Ok(Some("a".into())));
    // No other key's place is taken by the one that would do.
    for kid in ["e", "p", "x", "", "A"] {
        assert_eq!(selected(&set, Some(kid), None), Ok(None), "{kid}");
    }
    // What is registered counts, not what the signature says.
    assert_eq!(selected(&set, Some("a"), Some(Algorithm::Ps256)), Err(Reason::Malformed(Name::Alg)));
    assert_eq!(selected(core::slice::from_ref(&bare), Some("b"), None), Ok(None));
    assert_eq!(selected(core::slice::from_ref(&bare), Some("b"), Some(Algorithm::Rs256)), Ok(Some("b".into())));
    assert_eq!(selected(&[ps], Some("p"), Some(Algorithm::Rs256)), Ok(None));
    // Two that fit are too many.
    assert_eq!(selected(&[rs("a"), rs("a")], Some("a"), None), Err(Reason::Repeated(Name::Kid)));
    assert_eq!(selected(&[rs("a"), rs("b")], None, None), Err(Reason::Repeated(Name::Kid)));
    assert_eq!(selected(&[rs("a"), rs("b")], Some("b"), None), Ok(Some("b".into())));
    // A key without a name is not that of a signature that names one.
    assert_eq!(selected(&[key(",\"alg\":\"RS256\"")], Some("a"), None), Ok(None));
    assert_eq!(selected(&[key(",\"alg\":\"RS256\"")], None, None), Ok(Some("-".into())));
    // A private key that is published is nobody's.
    assert_eq!(selected(&[key(",\"alg\":\"RS256\",\"d\":\"AA\"")], None, None), Ok(None));
    assert_eq!(selected(&[String::from("null")], None, None), Err(Reason::Malformed(Name::Keys)));
    let many: Vec<String> = (0..=limits::KEYS).map(|_| String::from("{\"kty\":\"x\"}")).collect();
    assert_eq!(selected(&many[1..], None, None), Ok(None));
    assert_eq!(selected(&many, None, None), Err(Reason::TooMany(Name::Keys)));
    with("{\"keys\":null}", |set| {
        assert!(matches!(select(set, None, Algorithm::Rs256, None), Err(Reason::Malformed(Name::Keys))));
    });
    with("{}", |set| assert!(matches!(select(set, None, Algorithm::Rs256, None), Err(Reason::Missing(Name::Keys)))));
}
