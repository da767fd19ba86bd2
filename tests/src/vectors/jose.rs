//! Cases of JOSE and of DPoP: what is read by the core, and verified by its feature `rustcrypto`.

use serde_json::{Value, json};
use symbolon::Name;
use symbolon::Reason;
use symbolon::proof::dpop::{self, DpopProof, Expected, Freshness};
use symbolon::rustcrypto;
use symbolon::step::{Committed, Verdict};
use symbolon::terms::Time;
use symbolon::terms::confirmation::Confirmation;
use symbolon::wire::http::Field;
use symbolon::wire::jose::Jws;
use symbolon::wire::json::{self};
use symbolon::wire::jwk::Jwk;
use symbolon::wire::write::Arena;

use super::{Case, Failure, expect, show, string};

/// Runs a case of one of these kinds; `None` if it is of another.
pub(super) fn check(case: &Case) -> Option<Result<(), Failure>> {
    Some(match case.get("kind")?.as_str()? {
        "jws" => check_jws(case),
        "signature" => check_signature(case),
        "thumbprint" => check_thumbprint(case),
        "dpop" => check_dpop(case),
        _ => return None,
    })
}

/// What was expected of a reader: what it gives, or the name of what it refuses.
fn compare(case: &Case, got: Result<Value, Reason>) -> Result<(), Failure> {
    let got = match got {
        Ok(value) => value,
        Err(Reason::Json) => json!("JSON"),
        Err(reason) => json!(reason.parameter().map_or(reason.name(), Name::as_str)),
    };
    expect("", case.get("expect").ok_or("has no expect")?, &got)
}

fn check_jws(case: &Case) -> Result<(), Failure> {
    let input = string(case, "input")?;
    let mut buffer = vec![0; input.len()];
    let mut arena = Arena::new(&mut buffer, 0).expect("any length");
    compare(case, Jws::read(input, &mut arena).map(|jws| show(json::Value::Object(jws.claims()))))
}

/// Shows `then` the key of a case.
fn with_key<T>(case: &Case, then: impl FnOnce(&Jwk<'_>) -> T) -> Result<T, Failure> {
    let mut text = case.get("key").ok_or("has no key")?.to_string().into_bytes();
    let object = json::object(&mut text).map_err(|reason| format!("key: {reason:?}"))?;
    Ok(then(&Jwk::read(&object).map_err(|reason| format!("key: {reason:?}"))?))
}

/// A key as it is handed to the host.
pub(super) fn written(key: &Jwk<'_>) -> String {
    let mut buffer = [0; 2048];
    let mut arena = Arena::new(&mut buffer, 0).expect("any length");
    arena.text(|w| key.write(w)).expect("room").to_owned()
}

fn check_signature(case: &Case) -> Result<(), Failure> {
    let signature = decoded(string(case, "signature")?)?;
    let key = with_key(case, written)?;
    let verdict = rustcrypto::verify(key.as_bytes(), string(case, "input")?.as_bytes(), &signature);
    expect("", string(case, "expect")?, if verdict == Verdict::Valid { "valid" } else { "invalid" })
}

fn decoded(text: &str) -> Result<Vec<u8>, Failure> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    Base64UrlUnpadded::decode_vec(text).map_err(|error| error.to_string())
}

fn check_thumbprint(case: &Case) -> Result<(), Failure> {
    let thumbprint = with_key(case, |key| key.thumbprint())?;
    expect("", decoded(string(case, "expect")?)?, thumbprint.to_vec())
}

fn check_dpop(case: &Case) -> Result<(), Failure> {
    let [input, method, url] = [string(case, "input")?, string(case, "method")?, string(case, "url")?];
    let now = Time(case.get("at").and_then(Value::as_u64).ok_or("has no time")?);
    let access_token = case.get("access_token").and_then(Value::as_str);
    let mut buffer = vec![0; dpop::ROOM];
    let mut arena = Arena::new(&mut buffer, 0).expect("any length");
    let headers = [Field { name: "dpop", value: input.as_bytes() }];
    let mut judge = || {
        let proof = DpopProof::read(&headers, &mut arena)?.ok_or(Reason::Missing(Name::Dpop))?;
        let expected = Expected { method, url, now, freshness: Freshness::IssuedAt, access_token };
        let unverified = proof.judge(&expected, &mut arena)?;
        let verdict = rustcrypto::verify(unverified.key(), unverified.message(), unverified.signature());
        unverified.verified(Ok(verdict))?.marked(Ok(Committed::Yes))
    };
    let got = judge().map(|held| match held.confirmation() {
        Confirmation::Jkt(jkt) => {
            use base64ct::{Base64UrlUnpadded, Encoding};
            json!(Base64UrlUnpadded::encode_string(&jkt))
        }
        Confirmation::X5t(_) => Value::Null,
    });
    compare(case, got)
}
