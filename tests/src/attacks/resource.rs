//! The resource server: which token counts, for what, and how a refusal is told.

use symbolon::resource::{BUFFER, Judgement, Needs, ResourceRequest, ResourceServer, Subject};
use symbolon::terms::resource::Resource;
use symbolon::wire::http::Field;

use super::outcome::{Checked, each, each_text, ensure};
use super::peer::{Canned, Visit};
use super::{Ground, Plant, Row, row};
use crate::app::resource_server;
use crate::drive::drive;
use crate::fixture::Answer;
use crate::protected::URL;

pub(super) const ROWS: &[Row] = &[
    row("RS-04", "credentials of another shape are read all the same", "RFC 6750 section 2.1", rs_04),
    row("RS-05", "a token as password skips the scope", "CVE-2026-28699", rs_05),
    row("RS-09", "a token for another server is good here", "CVE-2025-69196", rs_09),
    row("RS-10", "scope is compared by prefix or without case", "RFC 6749 section 3.3", rs_10),
    row("RS-11", "the refusal does not say which scope is needed", "RFC 6750 section 3.1", rs_11),
    row("RT-24", "a verdict is kept, and holds for another scope", "CVE-2026-33496, CVE-2021-32701", rt_24),
    row("PD-03", "a malformed percent sign in the token crashes", "CVE-2026-73418", pd_03),
    row("EL-06", "attributes of a challenge come twice or unescaped", "RFC 9110 section 11.6.1", el_06),
    row("EL-07", "a missing token is called an invalid one", "RFC 6750 section 3.1", el_07),
];

/// A good introspection response.
const ACTIVE: &str = "{\"active\":true,\"iss\":\"https://as.example\",\"client_id\":\"c1\",\"sub\":\"alice\",\"scope\":\"read\",\
     \"aud\":\"https://rs.example/\",\"exp\":2000000,\"token_type\":\"Bearer\"}";

fn server(realm: &str) -> ResourceServer<'_> {
    ResourceServer { realm, ..resource_server() }
}

/// What became of a request.
enum Judged {
    Allowed { scope: String, subject: Option<String> },
    Denied(Answer),
}

fn judge(visit: &mut Visit, headers: &[(&str, &str)], scope: &str, realm: &str) -> Judged {
    let mut server = server(realm);
    if visit.has(Plant::OtherResource) {
        server.resource = Resource::parse("https://api.example/").expect("a resource");
    }
    let headers: Vec<Field<'_>> =
        headers.iter().map(|&(name, value)| Field { name, value: value.as_bytes() }).collect();
    let mut buffer = vec![0; BUFFER];
    let now = visit.now;
    let needs =
        if scope.is_empty() || visit.has(Plant::NothingNeeded) { Needs::ANY_TOKEN } else { Needs::scope(scope) };
    let request = ResourceRequest { method: "GET", url: URL, headers: &headers, certificate: None };
    match drive(server.judge(request, needs, now, &mut buffer).expect("room"), visit) {
        Judgement::Allow(claims) => Judged::Allowed {
            scope: claims.scope().words().collect::<Vec<_>>().join(" "),
            subject: claims.subject().map(|subject| match subject {
                Subject::User(sub) => sub.to_owned(),
                Subject::Client(sub) => format!("the client {sub}"),
            }),
        },
        Judgement::Deny(reply) => Judged::Denied(reply.into()),
    }
}

/// Denied with this status; the challenge.
fn denied(judged: Judged, status: u16) -> Checked {
    match judged {
        Judged::Allowed { scope, subject } => Err(format!("allowed, scope {scope:?}, subject {subject:?}")),
        Judged::Denied(answer) => {
            ensure(answer.status == status, || format!("status {} ({:?})", answer.status, answer.reason))?;
            let challenge = answer.header("WWW-Authenticate").unwrap_or_default();
            ensure(status == 503 || !challenge.is_empty(), || "no challenge".to_owned())?;
            Ok(if status == 503 { "503".to_owned() } else { format!("{status} {challenge}") })
        }
    }
}

/// The header fields of a request.
type Headers = &'static [(&'static str, &'static str)];

const BEARER: Headers = &[("Authorization", "Bearer at-1")];

/// The judgement of a request whose token the server explains in these words.
fn explained(ground: &Ground, body: &str, scope: &str) -> (Visit, Judged) {
    let mut visit = Visit::new(ground.plant);
    visit.replies.push_back(Canned::json(200, body));
    let judged = judge(&mut visit, BEARER, scope, "rs");
    (visit, judged)
}

fn rs_04(ground: &Ground) -> Checked {
    let malformed = [
        "Bearer",
        "Bearer ",
        "Bearer x y",
        "Bearer x,y",
        "Bearer \"x\"",
        "Bearer x\u{0}",
        "Bearer \u{e4}",
        "Bearer =x",
        "Bearer x=y",
    ];
    let tokenless = ["Bearer\tx", "Bearerx", "bearer:x", "x", "", "Digest x"];
    let mut visit = Visit::new(ground.plant);
    let refused = each_text(malformed, |value| denied(judge(&mut visit, &[("Authorization", value)], "", "rs"), 400))?;
    let absent = each_text(tokenless, |value| denied(judge(&mut visit, &[("Authorization", value)], "", "rs"), 401))?;
    let twice = denied(judge(&mut visit, &[BEARER[0], ("authorization", "Bearer y")], "", "rs"), 400)?;
    ensure(visit.sent.is_empty(), || format!("{:?} was sent", visit.sent))?;
    let good = each_text(["Bearer at-1", "bearer at-1", "BEARER at-1", "Bearer  at-1"], |value| {
        visit.replies.push_back(Canned::json(200, ACTIVE));
        match judge(&mut visit, &[("Authorization", value)], "read", "rs") {
            Judged::Allowed { .. } => Ok("allowed".to_owned()),
            Judged::Denied(answer) => Err(format!("{:?}", answer.reason)),
        }
    })?;
    Ok(format!("{refused}; {absent}; two fields -> {twice}; {good}"))
}

fn rs_05(ground: &Ground) -> Checked {
    let mut visit = Visit::new(ground.plant);
    let outcome = each_text(["Basic YXQtMTo=", "Basic OmF0LTE=", "basic YTphdC0x"], |value| {
        denied(judge(&mut visit, &[("Authorization", value)], "read", "rs"), 401)
    })?;
    ensure(visit.sent.is_empty(), || "it was introspected".to_owned())?;
    Ok(format!("{outcome}, and nothing was asked"))
}

fn rs_09(ground: &Ground) -> Checked {
    let with = |from: &str, to: &str| ACTIVE.replace(from, to);
    let aud = "\"https://rs.example/\"";
    let bodies = [
        ("aud of another resource", with(aud, "\"https://api.example/\"")),
        ("aud a prefix", with(aud, "\"https://rs.example\"")),
        ("aud in other case", with(aud, "\"https://RS.example/\"")),
        ("aud longer", with(aud, "\"https://rs.example/a\"")),
        ("aud several, none of them this", with(aud, "[\"https://api.example/\",\"c1\"]")),
        ("aud empty", with(aud, "[]")),
        ("no aud", with("\"aud\"", "\"x\"")),
        ("another issuer", with("https://as.example\"", "https://evil.example\"")),
        ("another token type", with("Bearer", "DPoP")),
        ("expired", with("2000000", "1000000")),
        ("not active", with("true", "false")),
    ];
    let refused = each(bodies, |body| denied(explained(ground, &body, "read").1, 401))?;
    let bodies = [
        ("active a string", with("true", "\"true\"")),
        ("no active", with("active", "x")),
        ("aud a number", with(aud, "1")),
        ("sub empty", with("alice", "")),
        ("active twice", with("{", "{\"active\":true,")),
        ("an array", format!("[{ACTIVE}]")),
    ];
    let unreadable = each(bodies, |body| denied(explained(ground, &body, "read").1, 503))?;
    Ok(format!("{refused}; {unreadable}"))
}

fn rs_10(ground: &Ground) -> Checked {
    let scopes = ["readonly", "READ", "rea", "write", "reader read2", ""];
    let need = each(scopes.map(|scope| (format!("has {scope:?}, needs read"), scope)), |scope| {
        denied(explained(ground, &ACTIVE.replace("\"read\"", &format!("\"{scope}\"")), "read").1, 403)
    })?;
    let both = denied(explained(ground, ACTIVE, "read write").1, 403)?;
    let malformed = each_text(["read ", " read", "read  write"], |scope| {
        denied(explained(ground, &ACTIVE.replace("\"read\"", &format!("\"{scope}\"")), "read").1, 503)
    })?;
    Ok(format!("{need}; has \"read\", needs read and write -> {both}; a scope that is none: {malformed}"))
}

fn rs_11(ground: &Ground) -> Checked {
    let challenge = denied(explained(ground, ACTIVE, "write admin").1, 403)?;
    ensure(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"write admin\""), || {
        challenge.clone()
    })?;
    Ok(format!("needs write and admin -> {challenge}"))
}

fn rt_24(ground: &Ground) -> Checked {
    let mut visit = Visit::new(ground.plant);
    let mut verdicts = Vec::new();
    for scope in ["read", "write", "read"] {
        visit.replies.push_back(Canned::json(200, ACTIVE));
        verdicts.push(match judge(&mut visit, BEARER, scope, "rs") {
            Judged::Allowed { .. } => "allowed",
            Judged::Denied(_) => "denied",
        });
    }
    ensure(verdicts == ["allowed", "denied", "allowed"], || format!("{verdicts:?}"))?;
    let asked = visit.sent.len();
    ensure(asked == 3 && visit.store.rows.is_empty(), || format!("asked {asked} times"))?;
    // The issuer does not answer: no earlier verdict is remembered.
    let down = denied(judge(&mut visit, BEARER, "read", "rs"), 503)?;
    Ok(format!(
        "one token for read, write, read -> {}, asked {asked} times; then no answer -> {down}",
        verdicts.join(", ")
    ))
}

fn pd_03(ground: &Ground) -> Checked {
    let mut visit = Visit::new(ground.plant);
    let outcome = each_text(["Bearer %E0%A4%A", "Bearer %", "Bearer %zz"], |value| {
        denied(judge(&mut visit, &[("Authorization", value)], "", "rs"), 400)
    })?;
    ensure(visit.sent.is_empty(), || "it was introspected".to_owned())?;
    Ok(outcome)
}

/// The attributes of a challenge, by the grammar: `name="quoted"`, with commas between.
fn attributes(challenge: &str) -> Result<Vec<(String, String)>, String> {
    let mut rest = challenge.strip_prefix("Bearer ").ok_or("not Bearer")?;
    let mut attributes = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").ok_or_else(|| format!("no attribute: {rest}"))?;
        let mut text = String::new();
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next() {
                Some((_, '\\')) => text.extend(chars.next().map(|(_, escaped)| escaped)),
                Some((at, '"')) => break at,
                Some((_, other)) => text.push(other),
                None => return Err("a quotation that does not end".to_owned()),
            }
        };
        attributes.push((name.to_owned(), text));
        rest = match value[end + 1..].strip_prefix(", ") {
            Some(more) => more,
            None if value[end + 1..].is_empty() => return Ok(attributes),
            None => return Err(format!("after a quotation: {}", &value[end + 1..])),
        };
    }
}

fn el_06(ground: &Ground) -> Checked {
    let cases: [(&str, Headers, &str, &str); 4] = [
        ("no token", &[], "", ACTIVE),
        ("malformed token", &[("Authorization", "Bearer a b")], "", ACTIVE),
        ("inactive token", BEARER, "", "{\"active\":false}"),
        ("scope missing", BEARER, "write", ACTIVE),
    ];
    let realms = ["rs", "a\"b\\c", "a\r\nX-Evil: 1", "\u{e4}, error=\"x"];
    each(cases.map(|(label, headers, scope, body)| (label, (headers, scope, body))), |(headers, scope, body)| {
        let mut seen = Vec::new();
        for realm in realms {
            let mut visit = Visit::new(ground.plant);
            visit.replies.push_back(Canned::json(200, body));
            let Judged::Denied(answer) = judge(&mut visit, headers, scope, realm) else {
                return Err("allowed".to_owned());
            };
            let fields: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate").collect();
            ensure(fields.len() == 2, || format!("{fields:?}"))?;
            let challenge = &fields[0].1;
            ensure(challenge.bytes().all(|byte| matches!(byte, 0x20..=0x7e)), || format!("{challenge:?}"))?;
            let attributes = attributes(challenge)?;
            let mut names: Vec<String> = attributes.iter().map(|(name, _)| name.clone()).collect();
            let printable = realm.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
            ensure(!printable || attributes[0].1 == realm, || format!("realm {:?}", attributes[0].1))?;
            seen = names.clone();
            names.sort();
            names.dedup();
            ensure(names.len() == attributes.len(), || format!("twice: {challenge}"))?;
        }
        Ok(format!("{} realms, each with {} once", realms.len(), seen.join(", ")))
    })
}

fn el_07(ground: &Ground) -> Checked {
    let mut visit = Visit::new(ground.plant);
    let challenge = denied(judge(&mut visit, &[("Cookie", "access_token=at-1")], "read", "rs"), 401)?;
    ensure(!challenge.contains("error"), || challenge.clone())?;
    Ok(format!("no Authorization -> {challenge}"))
}
