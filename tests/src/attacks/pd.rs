//! Parsing, and requests that are meant to exhaust.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symbolon::ErrorCode;
use symbolon::wire::http::Method;

use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{Answer, Bench, C1_SECRET, C2_SECRET, Interaction, Message};

pub(super) const ROWS: &[Row] = &[
    row("PD-01", "an IPv6 redirection URI blows up a regular expression", "CVE-2022-36087", pd_01),
    row("PD-02", "an IPv6 address cut off crashes the server", "django-oauth-toolkit", pd_02),
    row("PD-04", "an invalid URL crashes the handler", "CVE-2022-31093", pd_04),
    row("PD-05", "an empty query, an empty value, an index below zero", "mod_auth_openidc 2026", pd_05),
    row("PD-06", "the content type is looked for anywhere in the field", "workers-oauth-provider 0.8.3", pd_06),
    row("PD-07", "a form that cannot be decoded is read all the same", "the form vectors", pd_07),
    row("PD-08", "of a repeated parameter the last one wins", "RFC 6749 sections 3.1 and 3.2", pd_08),
    row("PD-09", "query and body are merged", "RFC 6749 section 2.3.1", pd_09),
    row("PD-10", "the token endpoint answers GET", "OAuth 2.1 section 3.2", pd_10),
    row("PD-11", "of a repeated header field one wins", "RFC 9110 section 5.3", pd_11),
    row("PD-12", "JSON where a form is expected", "CVE-2026-44325", pd_12),
    row("PD-22", "arbitrary bytes at every endpoint", "any panic", pd_22),
    row("PD-23", "a regular expression runs on what a peer sent", "CVE-2026-0621", pd_23),
];

fn redirect_uri(ground: &Ground, uri: &str) -> Checked {
    local(&mut ground.bench(), &Form::authorization("c1").with("redirect_uri", uri))
}

fn pd_01(ground: &Ground) -> Checked {
    each([50_000, 4_000, 1_900, 100].map(|length| (format!("http://[ and {length} colons"), length)), |length| {
        let uri = format!("http://[{}", ":".repeat(length));
        // Colons stand encoded and bare: the limits hold before and after decoding.
        let encoded = redirect_uri(ground, &uri)?;
        let query = format!("{}&redirect_uri={uri}", Form::authorization("c1").without("redirect_uri").text());
        let bare = local_message(&mut ground.bench(), Message::get(&query))?;
        Ok(if encoded == bare { encoded } else { format!("{encoded}, and not encoded: {bare}") })
    })
}

fn pd_02(ground: &Ground) -> Checked {
    each_text(["http://[::1", "http://[::1]x/cb", "http://[", "http://[]", "http://[::1]:", "http://::1]/cb"], |uri| {
        redirect_uri(ground, uri)
    })
}

fn pd_04(ground: &Ground) -> Checked {
    each_text(["http://[", "http:", "://", "https://", "%", "http://\u{0}", "https://client.example:99999/cb"], |uri| {
        redirect_uri(ground, uri)
    })
}

fn pd_05(ground: &Ground) -> Checked {
    each_text(["&", "", "&&&", "=", "&=&", "iss=", "client_id=", "client_id", "client_id=&redirect_uri="], |query| {
        local_message(&mut ground.bench(), Message::get(query))
    })
}

/// The endpoints that take a form by POST, each with a good request of `c1`.
fn endpoints(bench: &mut Bench) -> Result<Vec<(&'static str, Form)>, String> {
    let live = tokens_of_c1(bench, "read")?;
    let code = bench.code_of_c1("read");
    Ok(vec![
        ("redemption", Form::code(&code)),
        ("refresh", Form::refresh(&live.refresh)),
        ("revocation", Form::token(&live.access)),
        ("introspection", Form::token(&live.access)),
    ])
}

fn send(ground: &Ground, bench: &mut Bench, endpoint: &str, message: Message) -> Answer {
    let message = ground.received(message);
    match endpoint {
        "revocation" => bench.revoke(message),
        "introspection" => bench.introspect(message),
        _ => bench.token(message),
    }
}

/// The same spoilt message at each endpoint: refused, and nothing changed.
fn everywhere(ground: &Ground, status: u16, error: ErrorCode, spoil: impl Fn(&Form) -> Message) -> Checked {
    let mut bench = ground.bench();
    let mut outcomes = Vec::new();
    for (endpoint, form) in endpoints(&mut bench)? {
        let outcome = unmoved(&mut bench, |bench| refused(&send(ground, bench, endpoint, spoil(&form)), status, error));
        outcomes.push(outcome.map_err(|wrong| format!("{endpoint}: {wrong}"))?);
    }
    outcomes.dedup();
    Ok(format!("{} at each endpoint", outcomes.join(", ")))
}

/// A message of `c1` with these header fields for content type.
fn typed(form: &Form, types: &[&str]) -> Message {
    let mut message = form.from("c1");
    message.headers.retain(|(name, _)| name != "Content-Type");
    types.iter().fold(message, |message, value| message.with("Content-Type", value))
}

fn pd_06(ground: &Ground) -> Checked {
    let types = [
        "application/json, application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded, application/json",
        "application/json; x=application/x-www-form-urlencoded",
        "application/x-www-form-urlencodedx",
        "multipart/form-data; boundary=a",
        "text/plain",
        "",
    ];
    let back =
        each_text(types, |value| everywhere(ground, 400, ErrorCode::InvalidRequest, |form| typed(form, &[value])))?;
    let mut message = Form::authorization("c1").post();
    message.headers.clear();
    let front = local_message(&mut ground.bench(), message.with("Content-Type", types[0]))?;
    Ok(format!("{back}; at the authorization endpoint by POST -> {front}"))
}

fn pd_07(ground: &Ground) -> Checked {
    let cases: serde_json::Value = serde_json::from_str(include_str!("../../vectors/form.json")).expect("JSON");
    let text = |case: &serde_json::Value, name: &str| case[name].as_str().unwrap_or_default().to_owned();
    let rejected = cases.as_array().expect("an array").iter().filter(|case| text(case, "layer") == "form");
    let raw = rejected.filter_map(|case| {
        let bytes = match (case["raw"].as_str(), case["raw_hex"].as_str()) {
            (Some(raw), _) => raw.as_bytes().to_vec(),
            (_, Some(hex)) => {
                let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("hex");
                hex.as_bytes().chunks(2).map(byte).collect()
            }
            _ => return None,
        };
        Some((String::from_utf8_lossy(&bytes).into_owned(), bytes))
    });
    each(raw, |bytes| {
        let mut bench = ground.bench();
        let good = Form::authorization("c1").text();
        let query = [good.as_bytes(), b"&", bytes.as_slice()].concat();
        let front = local_message(&mut bench, Message { query, ..Message::get("") })?;
        let code = bench.code_of_c1("read");
        let form = Form::code(&code).text();
        let body = [form.as_bytes(), b"&", bytes.as_slice()].concat();
        let message = Message { body, ..Message::post("") }.basic("c1", C1_SECRET);
        let back = unmoved(&mut bench, |bench| refused(&bench.token(message), 400, ErrorCode::InvalidRequest))?;
        Ok(format!("{front}; at the token endpoint {back}"))
    })
}

fn pd_08(ground: &Ground) -> Checked {
    let request = Form::authorization("c1").and("response_mode", "query");
    let mut front = Vec::new();
    for name in request.names() {
        let same = request.value(&name).unwrap_or_default().to_owned();
        for copy in [same.as_str(), "", "other"] {
            front.push((name.clone(), local(&mut ground.bench(), &request.clone().and(&name, copy))?));
        }
    }
    let count = front.len();
    ensure(front.iter().all(|(name, outcome)| outcome.contains(name.as_str())), || format!("{front:?}"))?;
    let mut back = 0;
    for at in 0..4 {
        let mut bench = ground.bench();
        let (endpoint, form) = endpoints(&mut bench)?.remove(at);
        let form = form.and("client_id", "c1");
        for name in form.names() {
            let same = form.value(&name).unwrap_or_default().to_owned();
            for copy in [same.as_str(), "", "other"] {
                let message = form.clone().and(&name, copy).post().basic("c1", C1_SECRET);
                unmoved(&mut bench, |bench| {
                    refused(&send(ground, bench, endpoint, message), 400, ErrorCode::InvalidRequest)
                })
                .map_err(|wrong| format!("{endpoint}, {name} twice: {wrong}"))?;
                back += 1;
            }
        }
    }
    Ok(format!(
        "each parameter again with the same, an empty and another value: {count} times at the authorization endpoint -> error page, \
         nothing stored; {back} times at the token, revocation and introspection endpoints -> 400 invalid_request, nothing changed"
    ))
}

fn pd_09(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let whole = |body: &str| Message { query: Form::code(&code).text().into(), ..Message::post(body) };
    let split = unmoved(&mut bench, |bench| {
        refused(
            &bench.token(ground.received(whole("grant_type=authorization_code").basic("c1", C1_SECRET))),
            400,
            ErrorCode::InvalidRequest,
        )
    })?;
    let secret = format!("client_id=c2&client_secret={C2_SECRET}");
    let message = Message { query: secret.into(), ..Form::code(&code).post() };
    let secret =
        unmoved(&mut bench, |bench| refused(&bench.token(ground.received(message)), 400, ErrorCode::InvalidRequest))?;
    let other = Message { query: b"grant_type=zzz&code=zzz".to_vec(), ..Form::code(&code).from("c1") };
    tokens(&bench.token(ground.received(other)))?;
    Ok(format!(
        "the code in the query -> {split}; client_secret in the query -> {secret}; another code in the query -> ignored"
    ))
}

fn pd_10(ground: &Ground) -> Checked {
    each([("GET", Method::Get), ("PUT or another", Method::Other)], |method| {
        everywhere(ground, 405, ErrorCode::InvalidRequest, |form| {
            let message = form.from("c1");
            Message { method, query: message.body.clone(), ..message }
        })
    })
}

fn pd_11(ground: &Ground) -> Checked {
    let fields = [
        ("two Authorization", ("Authorization", "Basic YzI6eA==")),
        ("the same, lower case", ("authorization", "Bearer x")),
        ("two Content-Type", ("Content-Type", "application/x-www-form-urlencoded")),
        ("the same, lower case", ("content-type", "application/json")),
    ];
    each(fields, |(name, value)| {
        everywhere(ground, 400, ErrorCode::InvalidRequest, |form| form.from("c1").with(name, value))
    })
}

fn pd_12(ground: &Ground) -> Checked {
    let bodies = ["{\"grant_type\":[\"x\"]}", "{\"grant_type\":\"authorization_code\",\"code\":{}}", "[]", "null"];
    each_text(bodies, |body| {
        let as_json = everywhere(ground, 400, ErrorCode::InvalidRequest, |form| Message {
            body: body.into(),
            ..typed(form, &["application/json"])
        })?;
        let as_form = everywhere(ground, 400, ErrorCode::InvalidRequest, |form| Message {
            body: body.into(),
            ..form.from("c1")
        })?;
        ensure(as_json == as_form, || format!("as JSON {as_json}, as a form {as_form}"))?;
        Ok(as_json)
    })
}

/// Bytes that look like requests, and some that do not: from one seed, the same each time.
fn noise(state: &mut u64) -> Vec<u8> {
    const PIECES: [&[u8]; 20] = [
        b"&",
        b"=",
        b"%",
        b"%00",
        b"%ff",
        b"+",
        b"client_id=c1",
        b"redirect_uri=https%3A%2F%2Fclient.example%2Fcb",
        b"response_type=code",
        b"code_challenge=",
        b"grant_type=authorization_code",
        b"grant_type=refresh_token",
        b"code=",
        b"token=",
        b"resource=a:b",
        b"scope=read",
        b"state=",
        b"\xff\xfe",
        b"\0",
        b"client_secret=c2-secret-0123456789abcdef",
    ];
    let mut next = || {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    };
    (0..next() % 24)
        .flat_map(|_| match next() % 4 {
            0 => vec![next() as u8],
            _ => PIECES[(next() % 20) as usize].to_vec(),
        })
        .collect()
}

fn pd_22(ground: &Ground) -> Checked {
    const RUNS: usize = 4000;
    let mut state = 0x5eed;
    let mut bench = ground.bench();
    let before = bench.store.clone();
    for run in 0..RUNS {
        let (query, body, field) = (noise(&mut state), noise(&mut state), noise(&mut state));
        let mut message = Message { query, body, ..Message::post("") };
        message.method = [Method::Post, Method::Get, Method::Other][run % 3];
        if run % 2 == 0 {
            message.headers.push(("Authorization".to_owned(), [b"Basic ".as_slice(), &field].concat()));
        }
        bench.draws = 0;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let statuses = ["token", "revocation", "introspection"]
                .map(|endpoint| send(ground, &mut bench, endpoint, message.clone()).status);
            (bench.authorize(message.clone()), statuses)
        }));
        let (front, statuses) = outcome.map_err(|_| format!("a panic on {message:?}"))?;
        ensure(statuses.iter().all(|status| (400..500).contains(status)), || format!("{statuses:?} for {message:?}"))?;
        if matches!(front, Interaction::Ask { refusal: None, .. }) {
            return Err(format!("taken for a good request: {message:?}"));
        }
        bench.store.clone_from(&before);
    }
    Ok(format!("{RUNS} messages at four endpoints -> no panic, no token, no request to be approved"))
}

fn pd_23(_: &Ground) -> Checked {
    let manifest = include_str!("../../../core/Cargo.toml");
    let dependencies =
        manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).ok_or("no dependencies")?;
    let names: Vec<&str> =
        dependencies.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    ensure(names.len() > 3, || format!("{names:?}"))?;
    let engines =
        names.iter().filter(|name| name.contains("regex") || name.contains("pattern") || name.contains("glob")).count();
    ensure(engines == 0, || format!("{names:?}"))?;
    Ok(format!("of the core's {} dependencies ({}) {engines} match patterns", names.len(), names.join(", ")))
}
