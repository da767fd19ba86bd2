//! Test vectors: JSON files, each an array of cases. What a case is shows in its members:
//!
//! | members | what is run |
//! |---|---|
//! | `raw`, `raw_hex` or `raw_repeat` | the form decoder, then every parameter's grammar |
//! | `registered`, `requested` | the rules for redirection URIs |
//! | `verifier`, `challenge` | PKCE with S256 |
//! | `kind`, `input` | an example of an RFC, by the reader of its kind; those of keys and signatures are in `vectors/jose.rs` |
//!
//! A case may be held wrong: `verdict_held_wrong` says why, and `ours` is the verdict that is checked instead.

mod jose;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use symbolon::Name;
use symbolon::Reason;
use symbolon::proof::pkce;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::parameter;
use symbolon::terms::redirect_uri::{self, ApplicationType};
use symbolon::wire::header::{self, Authorization};
use symbolon::wire::http::Field;
use symbolon::wire::write::Arena;
use symbolon::wire::{form, json, uri};

/// One case: its members.
type Case = Map<String, Value>;
/// What went wrong.
type Failure = String;
/// What runs the cases of a kind.
type Runner = fn(&Case) -> Result<(), Failure>;

/// How many cases held.
#[derive(Default)]
pub struct Tally {
    /// Cases that held.
    pub passed: usize,
    /// Cases that did not, and files that could not be run.
    pub failed: usize,
}

/// Runs the files, or those of `tests/vectors` if none is named, and prints what failed and the tally.
pub fn run(files: &[PathBuf], out: &mut dyn Write) -> ExitCode {
    match tally(files, out) {
        Ok(Tally { failed: 0, .. }) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// As [`run`], without an exit code.
pub fn tally(files: &[PathBuf], out: &mut dyn Write) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let own = if files.is_empty() { own_files() } else { Vec::new() };
    if files.is_empty() && own.is_empty() {
        writeln!(out, "{}: holds no vector files", own_folder().display())?;
        tally.failed += 1;
    }
    for file in files.iter().chain(&own) {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        let cases = match read(file) {
            Ok(cases) => cases,
            Err(failure) => {
                writeln!(out, "{}: {failure}", file.display())?;
                tally.failed += 1;
                continue;
            }
        };
        for (position, case) in cases.iter().enumerate() {
            let id = case.get("id").and_then(Value::as_str).map_or(format!("case {}", position + 1), String::from);
            if let Some(reason) = case.get("verdict_held_wrong") {
                writeln!(
                    out,
                    "{name} {id}: checked against {}, for its verdict is held wrong: {reason}",
                    case["ours"]
                )?;
            }
            match check(case) {
                Ok(()) => tally.passed += 1,
                Err(failure) => {
                    writeln!(out, "{name} {id}: {failure}")?;
                    tally.failed += 1;
                }
            }
        }
    }
    writeln!(out, "{} passed, {} failed", tally.passed, tally.failed)?;
    Ok(tally)
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn own_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(own_folder()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "json")).collect();
    files.sort();
    files
}

/// Reads a file of cases, all of which are of a kind that is known.
fn read(file: &Path) -> Result<Vec<Case>, Failure> {
    let text = std::fs::read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let value: Value = serde_json::from_slice(&text).map_err(|error| format!("is not JSON: {error}"))?;
    let Value::Array(cases) = value else { return Err("is not an array of cases".into()) };
    if cases.is_empty() {
        return Err("holds no cases".into());
    }
    let known = |(position, case): (usize, Value)| match case {
        Value::Object(case) if runner(&case).is_some() => Ok(case),
        _ => Err(format!("case {} is of no kind that is known", position + 1)),
    };
    cases.into_iter().enumerate().map(known).collect()
}

/// What runs a case of this shape.
fn runner(case: &Case) -> Option<Runner> {
    let has = |name| case.contains_key(name);
    if has("raw") || has("raw_hex") || has("raw_repeat") {
        Some(check_form)
    } else if has("registered") {
        Some(check_redirect_uri)
    } else if has("verifier") {
        Some(check_pkce)
    } else if has("kind") && has("input") {
        Some(check_example)
    } else {
        None
    }
}

fn check(case: &Case) -> Result<(), Failure> {
    runner(case).map_or(Err("is of no kind that is known".into()), |run| run(case))
}

/// The verdict to check against.
fn verdict(case: &Case) -> Result<&str, Failure> {
    let member = if case.contains_key("verdict_held_wrong") { "ours" } else { "expect" };
    string(case, member)
}

fn string<'c>(case: &'c Case, member: &str) -> Result<&'c str, Failure> {
    case.get(member).and_then(Value::as_str).ok_or(format!("has no text {member}"))
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, got: T) -> Result<(), Failure> {
    if expected == got { Ok(()) } else { Err(format!("expected {what} {expected:?}, got {got:?}")) }
}

// Forms.

/// The values of each name, in their order.
type Params = BTreeMap<String, Vec<String>>;

fn check_form(case: &Case) -> Result<(), Failure> {
    let raw = raw(case)?;
    let decoded = decode(&raw);
    let content_type = case.get("content_type").and_then(Value::as_str);
    let accepted = content_type.map_or(Ok(()), check_content_type).and_then(|()| accept(&raw));
    match (verdict(case)?, case.get("layer").and_then(Value::as_str)) {
        ("ok", _) => {
            let decoded = decoded.map_err(|reason| format!("expected ok, got {reason:?}"))?;
            let accepted = accepted.map_err(|reason| format!("expected ok, got {reason:?}"))?;
            let params = params(case.get("params").unwrap_or(&Value::Null))?;
            expect("params", &params, &decoded)?;
            match accepted.iter().find(|(name, values)| params.get(*name) != Some(values)) {
                Some(other) => Err(format!("expected params {params:?}, the OAuth layer got {other:?}")),
                None => Ok(()),
            }
        }
        ("reject", Some("form")) if decoded.is_err() => Ok(()),
        ("reject", Some("form")) => Err(format!("expected that it cannot be decoded, got {decoded:?}")),
        ("reject", _) => match (decoded, accepted) {
            (Ok(_), Err(_)) => Ok(()),
            (Ok(_), Ok(params)) => Err(format!("expected reject, got {params:?}")),
            (Err(reason), _) => Err(format!("expected reject after decoding, got {reason:?} from the decoder")),
        },
        (other, _) => Err(format!("has an unknown verdict {other}")),
    }
}

/// The bytes of a form.
fn raw(case: &Case) -> Result<Vec<u8>, Failure> {
    if let Some(text) = case.get("raw").and_then(Value::as_str) {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(hex) = case.get("raw_hex").and_then(Value::as_str) {
        let digits: Option<Vec<u8>> =
            hex.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        return digits
            .filter(|digits| digits.len() % 2 == 0)
            .map(|digits| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
            .ok_or("has a raw_hex that is not hexadecimal".into());
    }
    let repeat = case.get("raw_repeat").and_then(Value::as_object).ok_or("has no raw text")?;
    let part = |name| repeat.get(name).and_then(Value::as_str).unwrap_or("");
    let times = repeat.get("times").and_then(Value::as_u64).and_then(|times| usize::try_from(times).ok());
    let times = times.ok_or("has a raw_repeat without times")?;
    Ok([part("prefix"), &part("unit").repeat(times), part("suffix")].concat().into_bytes())
}

/// The form decoder alone. Empty values count as absent.
fn decode(raw: &[u8]) -> Result<Params, Reason> {
    let mut raw = raw.to_vec();
    let mut params = Params::new();
    for pair in form::pairs(&mut raw)? {
        let (name, value) = pair?;
        if !name.is_empty() && !value.is_empty() {
            params.entry(name.into()).or_default().push(value.into());
        }
    }
    Ok(params)
}

/// The form as an endpoint reads it: repetition and grammar are checked.
fn accept(raw: &[u8]) -> Result<Params, Reason> {
    let mut raw = raw.to_vec();
    let mut params = Params::new();
    parameter::read_any(&mut raw, &mut |name, value| params.entry(name.into()).or_default().push(value.into()))?;
    Ok(params)
}

fn check_content_type(value: &str) -> Result<(), Reason> {
    header::expect_form(&[Field { name: "content-type", value: value.as_bytes() }])
}

/// `params` of a case: each value a text, or an array of texts.
fn params(value: &Value) -> Result<Params, Failure> {
    let texts = |value: &Value| match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(texts) => texts.iter().map(|text| text.as_str().map(String::from)).collect(),
        _ => None,
    };
    let params = value.as_object().ok_or("has no params")?;
    let pairs = params.iter().map(|(name, value)| Some((name.clone(), texts(value)?)));
    pairs.collect::<Option<Params>>().ok_or("has params that are no texts".into())
}

// Redirection URIs.

fn check_redirect_uri(case: &Case) -> Result<(), Failure> {
    let (registered, requested) = (string(case, "registered")?, string(case, "requested")?);
    let application_type = match string(case, "client_type")? {
        "web" => ApplicationType::Web,
        "native" => ApplicationType::Native,
        other => return Err(format!("has an unknown client_type {other}")),
    };
    let registrable = redirect_uri::may_register(registered, application_type).is_ok();
    let got = registrable && redirect_uri::matches(registered, requested, application_type);
    expect("verdict", verdict(case)?, if got { "accept" } else { "reject" })?;
    let stage = case.get("stage").and_then(Value::as_str);
    if stage == Some("registration") { expect("registrable", false, registrable) } else { Ok(()) }
}

// Examples of the RFCs.

fn check_pkce(case: &Case) -> Result<(), Failure> {
    let (verifier, challenge) = (string(case, "verifier")?, string(case, "challenge")?);
    for (name, value) in [(Name::CodeVerifier, verifier), (Name::CodeChallenge, challenge)] {
        parameter::check(name, value).map_err(|reason| format!("{reason:?}"))?;
    }
    let read = pkce::read_challenge(Ok(Some(challenge)), Ok(Some("S256"))).map_err(|reason| format!("{reason:?}"))?;
    expect("challenge", read, pkce::challenge_of(verifier))
}

fn check_example(case: &Case) -> Result<(), Failure> {
    if let Some(checked) = jose::check(case) {
        return checked;
    }
    let (input, expected) = (string(case, "input")?, case.get("expect").ok_or("has no expect")?);
    let got = match string(case, "kind")? {
        "form" => accept(input.as_bytes()).map(|params| show_params(&params)),
        "json" => json::object(&mut input.as_bytes().to_vec()).map(|object| show(json::Value::Object(object))),
        "uri" => read_uri(input),
        "header" => read_header(input),
        "issuer" => Issuer::parse(input).map(|issuer| json!(issuer.as_str())),
        "error" => read_error(input),
        other => return Err(format!("has an unknown kind {other}")),
    };
    expect("", expected, &got.map_err(|reason| format!("expected {expected}, got {reason:?}"))?)
}

fn show_params(params: &Params) -> Value {
    let show = |values: &Vec<String>| if let [value] = values.as_slice() { json!(value) } else { json!(values) };
    params.iter().map(|(name, values)| (name.clone(), show(values))).collect::<Map<_, _>>().into()
}

fn show(value: json::Value<'_>) -> Value {
    match value {
        json::Value::Null => Value::Null,
        json::Value::Bool(value) => json!(value),
        json::Value::Number(number) => serde_json::from_str(number.as_str()).unwrap_or(Value::Null),
        json::Value::String(text) => json!(text),
        json::Value::Array(array) => array.iter().map(show).collect(),
        json::Value::Object(object) => {
            object.members().map(|(name, value)| (name.to_string(), show(value))).collect::<Map<_, _>>().into()
        }
    }
}

/// The URI in its parts, its query read as a form.
fn read_uri(input: &str) -> Result<Value, Reason> {
    let uri = uri::parse(input).ok_or(Reason::Malformed(Name::Url))?;
    let query = accept(uri.query.unwrap_or("").as_bytes())?;
    let host = uri.authority.map(|authority| authority.host);
    Ok(json!({ "scheme": uri.scheme, "host": host, "path": uri.path, "query": show_params(&query) }))
}

/// An `Authorization` field, name and value.
fn read_header(input: &str) -> Result<Value, Reason> {
    let (name, value) = input.split_once(": ").ok_or(Reason::Malformed(Name::HeaderFields))?;
    let headers = [Field { name, value: value.as_bytes() }];
    match header::authorization(&headers)? {
        Authorization::Basic(token) => {
            let mut buffer = [0; 1024];
            let mut arena = Arena::new(&mut buffer, 1024).map_err(|_| Reason::Buffer)?;
            let (client_id, client_secret) = header::basic(token, &mut arena)?;
            Ok(json!({ "client_id": client_id, "client_secret": client_secret }))
        }
        Authorization::Bearer(token) => Ok(json!({ "access_token": token })),
        _ => Err(Reason::Malformed(Name::Authorization)),
    }
}

/// A JSON error response, its members by their grammars.
fn read_error(input: &str) -> Result<Value, Reason> {
    let mut input = input.as_bytes().to_vec();
    let object = json::object(&mut input)?;
    for name in [Name::Error, Name::ErrorDescription, Name::ErrorUri] {
        object
            .get(name.as_str())
            .and_then(json::Value::as_str)
            .map_or(Ok(()), |value| parameter::check(name, value))?;
    }
    Ok(show(json::Value::Object(object)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_texts(texts: &[&str]) -> (Tally, String) {
        let folder =
            std::env::temp_dir().join(format!("symbolon-vectors-{}-{}", std::process::id(), texts.concat().len()));
        std::fs::create_dir_all(&folder).unwrap();
        let files: Vec<PathBuf> = texts
            .iter()
            .enumerate()
            .map(|(position, text)| {
                let file = folder.join(format!("{position}.json"));
                std::fs::write(&file, text).unwrap();
                file
            })
            .collect();
        let mut out = Vec::new();
        let tally = tally(&files, &mut out).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        (tally, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_vector_holds() {
        let mut out = Vec::new();
        let tally = tally(&[], &mut out).unwrap();
        assert_eq!(tally.failed, 0, "{}", String::from_utf8_lossy(&out));
        assert!(tally.passed > 300);
    }

    #[test]
    fn a_file_without_cases_or_of_no_known_kind_fails() {
        for text in ["", "[]", "{}", "[1]", r#"[{"id":"A","expect":"ok"}]"#] {
            let (tally, out) = run_texts(&[text]);
            assert_eq!((tally.passed, tally.failed), (0, 1), "{text}: {out}");
            assert!(out.ends_with("\n0 passed, 1 failed\n"), "{out}");
        }
        let missing = tally(&["/nonexistent/x.json".into()], &mut Vec::new()).unwrap();
        assert_eq!(missing.failed, 1);
    }

    #[test]
    fn a_wrong_expectation_fails() {
        let (tally, out) = run_texts(&[
            r#"[{"id":"A","raw":"a=b","expect":"ok","params":{"a":"c"}},{"id":"B","raw":"a=b","expect":"reject"},
                {"id":"C","raw":"state=%zz","expect":"ok","params":{}},{"id":"D","raw":"state=%zz","expect":"reject","layer":"oauth"},
                {"id":"E","raw":"state=a%0a","expect":"reject","layer":"form"},{"id":"F","raw":"a=b","expect":"maybe"}]"#,
            r#"[{"id":"G","registered":"https://a.example/","requested":"https://a.example/","client_type":"web","expect":"reject"},
                {"id":"H","registered":"https://a.example/","requested":"https://b.example/","client_type":"web","expect":"accept"},
                {"id":"I","registered":"https://a.example/","requested":"https://b.example/","client_type":"web","stage":"registration","expect":"reject"}]"#,
            r#"[{"id":"J","kind":"json","input":"{}","expect":{"a":1}},{"id":"K","kind":"x","input":"","expect":1}]"#,
            r#"[{"id":"L","verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk","challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cA"}]"#,
        ]);
        assert_eq!((tally.passed, tally.failed), (0, 12), "{out}");
    }

    #[test]
    fn a_verdict_held_wrong_is_replaced_and_said() {
        let (tally, out) = run_texts(&[
            r#"[{"id":"A","raw":"a=%zz","layer":"form","expect":"ok","verdict_held_wrong":"RFC 3986","ours":"reject"}]"#,
        ]);
        assert_eq!((tally.passed, tally.failed), (1, 0));
        assert!(
            out.contains("0.json A: checked against \"reject\", for its verdict is held wrong: \"RFC 3986\""),
            "{out}"
        );
    }
}
