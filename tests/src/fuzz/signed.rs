//! The targets for what is signed: JWS, keys, DPoP proofs.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use symbolon::limits;
use symbolon::proof::dpop::{self, DpopProof, Expected, Freshness};
use symbolon::proof::possession::KeyHeld;
use symbolon::proof::replay::Unmarked;
use symbolon::proof::signature::Unverified;
use symbolon::record::Key;
use symbolon::step::{Committed, Verdict};
use symbolon::terms::Time;
use symbolon::terms::confirmation::Confirmation;
use symbolon::wire::http::Field;
use symbolon::wire::jose::{Algorithm, Jws};
use symbolon::wire::json;
use symbolon::wire::jwk::{self, Jwk};
use symbolon::wire::write::Arena;

/// The JSON object that a reader of its own finds; none where that reader knows no number so large.
fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Some(object),
        Err(error) if error.to_string().starts_with("number out of range") => None,
        other => panic!("what was taken for an object is {other:?}"),
    }
}

/// Lines of a header and of claims, and the bytes of a signature, as a JWS; without lines, the text as it is.
fn compact(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let (first, second, signature) = (lines.next()?, lines.next(), lines.next());
    let Some(claims) = second else { return String::from_utf8(first.to_vec()).ok() };
    // No seed need hold a signature: any of the right length may stand there.
    let signature = match signature {
        None => &[7; 64],
        Some(signature) => signature,
    };
    let parts = [first, claims, signature].map(Base64UrlUnpadded::encode_string);
    Some(parts.join("."))
}

/// What is read as a JWS has three parts, one spelling and a known algorithm, and says what another reader finds in it.
pub fn jose(bytes: &[u8]) {
    let Some(text) = compact(bytes) else { return };
    let mut buffer = vec![0; 2 * limits::JWS];
    let mut arena = Arena::new(&mut buffer, 0).expect("any length");
    let jws = match Jws::read(&text, &mut arena) {
        Ok(jws) => jws,
        Err(_) => match Jws::read_with_key(&text, &mut arena) {
            Ok((jws, _)) => jws,
            Err(_) => return,
        },
    };
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{} parts", parts.len()) };
    let decode = |part| Base64UrlUnpadded::decode_vec(part).expect("strict base64url");
    assert_eq!(jws.message(), &text.as_bytes()[..text.len() - signature.len() - 1]);
    assert_eq!(jws.signature(), decode(signature));
    let (Some(header), Some(claims)) = (object(&decode(header)), object(&decode(claims))) else { return };
    let alg = header["alg"].as_str().expect("a text");
    assert!(jws.algorithm().as_str() == alg || alg == "Ed25519");
    assert_eq!(jws.key_id(), header.get("kid").map(|kid| kid.as_str().expect("a text")));
    assert_eq!(jws.media_type(), header.get("typ").map(|typ| typ.as_str().expect("a text")));
    for refused in ["crit", "b64", "jku", "x5u", "x5c", "zip", "enc", "cty"] {
        assert!(!header.contains_key(refused));
    }
    assert_eq!(jws.claims().members().count(), claims.len());
    for (name, value) in jws.claims().members() {
        assert_eq!(value.as_str(), claims[name].as_str());
    }
}

/// A key is written in one form, which is read as the same key; its thumbprint is that of RFC 7638; it is never private.
pub fn jwk(bytes: &[u8]) {
    let mut text = bytes.to_vec();
    let Ok(read) = json::object(&mut text) else { return };
    for algorithm in Algorithm::ALL {
        if let Ok(Some(key)) = jwk::select(&read, None, algorithm, None) {
            assert_eq!(key.algorithm(), Some(algorithm));
        }
    }
    let Ok(key) = Jwk::read(&read) else { return };
    let Some(members) = object(bytes) else { return };
    assert!(["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().all(|name| !members.contains_key(*name)));
    let names: &[&str] = match members["kty"].as_str() {
        Some("EC") => &["crv", "kty", "x", "y"],
        Some("OKP") => &["crv", "kty", "x"],
        _ => &["e", "kty", "n"],
    };
    let required: Vec<String> = names.iter().map(|name| format!("\"{name}\":{}", members[*name])).collect();
    assert_eq!(key.thumbprint(), <[u8; 32]>::from(Sha256::digest(format!("{{{}}}", required.join(",")))));
    let written = |key: &Jwk<'_>| {
        let mut buffer = [0; 2048];
        Arena::new(&mut buffer, 0).expect("any length").text(|w| key.write(w)).expect("room").to_owned()
    };
    let first = written(&key);
    let mut text = first.clone().into_bytes();
    let again = json::object(&mut text).expect("JSON");
    let again = Jwk::read(&again).unwrap_or_else(|reason| panic!("{first}: {reason:?}"));
    assert_eq!((written(&again), again.thumbprint()), (first, key.thumbprint()));
}

const NOW: u64 = 1_000_000;
const EXPECTED: Expected<'_> = Expected {
    method: "POST",
    url: "https://as.example/token",
    now: Time(NOW),
    freshness: Freshness::IssuedAt,
    access_token: None,
};

fn judged<'a>(proof: &str, arena: &mut Arena<'a>) -> Option<Unverified<'a, Unmarked<KeyHeld>>> {
    let headers = [Field { name: "DPoP", value: proof.as_bytes() }];
    DpopProof::read(&headers, arena).ok()??.judge(&EXPECTED, arena).ok()
}

/// A proof that is judged right is one by another reading, and proves nothing before its signature and its mark are known.
pub fn dpop(bytes: &[u8]) {
    let Some(proof) = compact(bytes) else { return };
    let with = |then: fn(Unverified<'_, Unmarked<KeyHeld>>, &str)| {
        let mut buffer = vec![0; dpop::ROOM];
        let mut arena = Arena::new(&mut buffer, dpop::ROOM).expect("room");
        if let Some(unverified) = judged(&proof, &mut arena) {
            then(unverified, &proof);
        }
    };
    with(|unverified, _| assert!(unverified.verified(Ok(Verdict::Invalid)).is_err()));
    with(|unverified, _| {
        let unmarked = unverified.verified(Ok(Verdict::Valid)).unwrap_or_else(|reason| panic!("{reason:?}"));
        assert!(unmarked.marked(Ok(Committed::Conflict)).is_err());
    });
    with(|unverified, proof| {
        let decode = |part: &str| object(&Base64UrlUnpadded::decode_vec(part).expect("strict base64url"));
        let mut parts = proof.split('.');
        let mut next = || decode(parts.next().expect("three parts"));
        let (Some(header), Some(claims)) = (next(), next()) else { return };
        assert_eq!((&header["typ"], &claims["htm"]), (&Value::from("dpop+jwt"), &Value::from("POST")));
        assert!(claims["htu"].as_str().is_some_and(|htu| htu.to_ascii_lowercase().starts_with("https://")));
        let iat = claims["iat"].as_f64().expect("a number").floor();
        assert!((999_700.0..=1_000_010.0).contains(&iat), "{iat}");
        let jti = claims["jti"].as_str().expect("a text");
        assert!((1..=limits::JWT_ID).contains(&jti.len()));
        // The key that is asked about is the one that is shown, and never a private one.
        let key = object(unverified.key()).expect("numbers of a size that is known");
        for (name, value) in &key {
            assert!(name == "alg" || header["jwk"][name] == *value, "{name}");
        }
        let unmarked = unverified.verified(Ok(Verdict::Valid)).unwrap_or_else(|reason| panic!("{reason:?}"));
        let write = unmarked.mark();
        assert!(write.expected.is_none() && write.expires_at > Time(NOW));
        let held = unmarked.marked(Ok(Committed::Yes)).unwrap_or_else(|reason| panic!("{reason:?}"));
        let Confirmation::Jkt(jkt) = held.confirmation() else { panic!("no jkt") };
        assert_eq!(write.key, Key::dpop_proof(&jkt, jti));
    });
}
