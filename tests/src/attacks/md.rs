//! What a hostile server sends: metadata, redirects, JSON.

use symbolon::Reason;
use symbolon::client::WellKnown;
use symbolon::step::SendPolicy;
use symbolon::terms::issuer::Issuer;

use super::client::{goes_on, responses, visit};
use super::outcome::{Checked, each, each_text, ensure};
use super::peer::{Canned, METADATA, TOKENS, Visit, client, exchanged_for_nothing};
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::{BROWSER, C1_SECRET, ISSUER, NOW};

pub(super) const ROWS: &[Row] = &[
    row("MD-01", "a hostile endpoint is handed to a shell", "CVE-2025-6514", md_01),
    row("MD-02", "a hostile endpoint is a script", "CVE-2025-58444", md_02),
    row("MD-03", "metadata of another issuer", "RFC 8414 section 3.3", md_03),
    row("MD-04", "an issuer that is none", "RFC 8414 section 2", md_04),
    row("MD-05", "the well-known path of an issuer with a path", "RFC 8414 section 3.1", md_05),
    row("MD-06", "metadata of another shape", "RFC 8414 section 2", md_06),
    row("MD-07", "discovery follows redirects", "CVE-2026-49478", md_07),
    row("MD-09", "the token request follows redirects, with its secret", "CVE-2026-54603, CVE-2026-54605", md_09),
    row("PD-13", "JSON that readers differ on, or that exhausts them", "RFC 8259", pd_13),
    row("PD-19", "expires_in overflows", "RFC 6749 section 5.1", pd_19),
];

const HOSTILE: [&str; 14] = [
    "file:/c:/windows/system32/calc.exe?$(calc)",
    "javascript:alert(1)",
    "JavaScript://as.example/%0aalert(1)",
    "data:text/html,x",
    "a:$(x)",
    "--flag",
    "https://x/$(calc)",
    "https://x/`calc`",
    "https://x/\\\"&calc",
    "https://x/'|calc",
    "https://x/\\n\\r",
    "https://x/ y",
    "http://as.example/authorize",
    "https://u:p@as.example/",
];

/// Each hostile URL as this endpoint.
fn hostile(ground: &Ground, endpoint: &str, url: &str) -> Checked {
    each_text(HOSTILE, |hostile| {
        let document = METADATA.replace(url, hostile);
        ensure(document != METADATA, || format!("{endpoint} is not in the metadata"))?;
        match visit(ground).start(&client(ISSUER), &document, BROWSER) {
            Err(reason @ Reason::Malformed(name)) if name.as_str() == endpoint => {
                Ok(format!("no sign-in ({reason:?})"))
            }
            Err(reason) => Err(format!("{reason:?}")),
            Ok(begun) => Err(format!("sent to {}", begun.url)),
        }
    })
}

fn md_01(ground: &Ground) -> Checked {
    hostile(ground, "authorization_endpoint", "https://as.example/authorize")
}

fn md_02(ground: &Ground) -> Checked {
    let token = hostile(ground, "token_endpoint", "https://as.example/token")?;
    Ok(format!(
        "as token_endpoint: {token}; as revocation_endpoint: {}",
        hostile(ground, "revocation_endpoint", "https://as.example/revoke")?
    ))
}

/// Discovery that is answered with this.
fn discover(ground: &Ground, issuer: &str, reply: Option<Canned>) -> Result<(Visit, Result<String, Reason>), String> {
    let mut visit = visit(ground);
    visit.replies.extend(reply);
    let client = client(issuer);
    let mut buffer = vec![0; symbolon::client::BUFFER];
    let found = drive(client.discover(WellKnown::OAuth, None, &mut buffer).map_err(|_| "no room")?, &mut visit);
    let found = found.map(|server| server.token_endpoint().as_str().to_owned());
    Ok((visit, found))
}

fn refused_discovery(ground: &Ground, reply: Canned) -> Checked {
    match discover(ground, ISSUER, Some(reply))? {
        (visit, Err(reason)) if visit.sent.len() == 1 => Ok(format!("refused ({reason:?})")),
        (visit, found) => Err(format!("{found:?} after {} requests", visit.sent.len())),
    }
}

fn md_03(ground: &Ground) -> Checked {
    let issuers = [
        "https://as.example.evil",
        "",
        "https://as.example/",
        "http://as.example",
        "https://AS.example",
        "https://evil.example",
    ];
    each_text(issuers, |issuer| {
        let document = METADATA.replacen("https://as.example\"", &format!("{issuer}\""), 1);
        refused_discovery(ground, Canned::json(200, document))
    })
}

fn md_04(_: &Ground) -> Checked {
    let issuers = [
        "https://a@b",
        "https://b?x",
        "https://b#f",
        "http://b",
        "https://",
        "https:b",
        "https://b:0",
        "https://b:99999",
        "//b",
        "https://b/..",
    ];
    each_text(issuers, |issuer| match Issuer::parse(issuer) {
        Err(reason) => Ok(format!("no issuer ({reason:?})")),
        Ok(_) => Err("an issuer".to_owned()),
    })
}

fn md_05(ground: &Ground) -> Checked {
    let paths = [
        ("https://as.example", ""),
        ("https://as.example/t1", "/t1"),
        ("https://as.example/t1/", "/t1"),
        ("https://as.example/a/b", "/a/b"),
    ];
    let found = each(paths.map(|(issuer, path)| (issuer, (issuer, path))), |(issuer, path)| {
        let (visit, _) = discover(ground, issuer, None)?;
        let url = format!("https://as.example/.well-known/oauth-authorization-server{path}");
        let sent = visit.sent.first().ok_or("nothing was asked")?;
        ensure(sent.url == url && visit.sent.len() == 1, || sent.url.clone())?;
        Ok(sent.url.clone())
    })?;
    let traversals =
        ["https://as.example/..", "https://as.example/a/../b", "https://as.example/%2e%2e/b", "https://as.example/./b"];
    let refused = each_text(traversals, |issuer| match Issuer::parse(issuer) {
        Err(reason) => Ok(format!("no issuer ({reason:?})")),
        Ok(_) => Err("an issuer".to_owned()),
    })?;
    Ok(format!("{found}; {refused}"))
}

fn md_06(ground: &Ground) -> Checked {
    let long = format!("{{\"x\":\"{}\"}}", "a".repeat(10 << 20));
    let deep = METADATA.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(5000), "]".repeat(5000)), 1);
    let wide =
        METADATA.replacen('{', &format!("{{{}", (0..200).map(|n| format!("\"m{n}\":1,")).collect::<String>()), 1);
    let documents = [
        ("issuer a number", METADATA.replace("\"issuer\":\"https://as.example\"", "\"issuer\":1")),
        ("token_endpoint null", METADATA.replace("\"https://as.example/token\"", "null")),
        ("token_endpoint an array", METADATA.replace("\"https://as.example/token\"", "[\"https://as.example/token\"]")),
        ("no token_endpoint", METADATA.replace("token_endpoint", "x")),
        ("methods a string", METADATA.replace("[\"S256\"]", "\"S256\"")),
        ("methods with a number", METADATA.replace("[\"S256\"]", "[\"S256\",1]")),
        ("issuer twice", METADATA.replacen('{', "{\"issuer\":\"https://as.example\",", 1)),
        ("issuer twice, once escaped", METADATA.replacen('{', "{\"\\u0069ssuer\":\"https://as.example\",", 1)),
        ("an array", format!("[{METADATA}]")),
        ("a string", "\"x\"".to_owned()),
        ("nothing", String::new()),
        ("10 MB", long),
        ("5000 levels", deep),
        ("200 members", wide),
    ];
    each(documents, |document| refused_discovery(ground, Canned::json(200, document)))
}

/// No redirect is followed: the flow's exchanges say so, and a redirect as answer is an error.
fn md_07(ground: &Ground) -> Checked {
    const { assert!(!SendPolicy::FOLLOW_REDIRECTS) };
    let statuses = [301, 302, 303, 307, 308, 201, 404, 500];
    each(statuses.map(|status| (format!("{status} with the document"), status)), |status| {
        let reply = Canned::json(status, METADATA);
        refused_discovery(
            ground,
            reply.headed(&[("Location", "//evil.example/leak"), ("Content-Type", "application/json")]),
        )
    })
}

fn md_09(ground: &Ground) -> Checked {
    const { assert!(!SendPolicy::FOLLOW_REDIRECTS) };
    let outcome =
        each([307, 308, 302, 303].map(|status| (format!("{status} to //evil.example/leak"), status)), |status| {
            let mut visit = visit(ground);
            let begun = visit.begin()?;
            let reply = Canned::json(status, TOKENS)
                .headed(&[("Location", "//evil.example/leak"), ("Content-Type", "application/json")]);
            let outcome = exchanged_for_nothing(&mut visit, &begun, reply)?;
            let leaked = visit.sent.iter().any(|sent| sent.url.contains("evil"));
            ensure(!leaked, || "sent on".to_owned())?;
            Ok(outcome)
        })?;
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    goes_on(&mut visit, &begun)?;
    let sent = &visit.sent[0];
    ensure(!sent.policy.plain_http && sent.policy.body_cap <= 64 * 1024 && sent.policy.timeout <= 10, || {
        format!("{:?}", sent.policy)
    })?;
    ensure(!sent.url.contains(C1_SECRET) && !sent.body.contains(C1_SECRET), || {
        "the secret is not in Authorization alone".to_owned()
    })?;
    let shown =
        sent.headers.iter().filter(|(name, value)| name == "Authorization" && value.starts_with("Basic ")).count();
    ensure(shown == 1, || format!("{:?}", sent.headers))?;
    Ok(outcome)
}

fn pd_13(ground: &Ground) -> Checked {
    let inject = |value: &str| TOKENS.replacen('{', &format!("{{\"x\":{value},"), 1);
    let bodies = [
        ("NaN", inject("NaN")),
        ("Infinity", inject("-Infinity")),
        ("a number with a leading zero", inject("01")),
        ("a number with a plus", inject("+1")),
        ("hexadecimal", inject("0x10")),
        ("a lone surrogate", inject("\"\\ud800\"")),
        ("surrogates the wrong way round", inject("\"\\udc00\\ud800\"")),
        ("a bare line feed in a string", inject("\"a\nb\"")),
        ("an unknown escape", inject("\"\\x41\"")),
        ("a string that does not end", inject("\"")),
        ("a trailing comma", TOKENS.replace('}', ",}")),
        ("a comment", TOKENS.replacen('{', "{/*x*/", 1)),
        ("single quotes", "{'access_token':'x'}".to_owned()),
        ("text after the object", format!("{TOKENS} {{}}")),
        ("two objects", format!("{TOKENS}{TOKENS}")),
        ("a byte order mark", format!("\u{feff}{TOKENS}")),
        ("a member twice", inject("1,\"x\":2")),
        ("a member twice deeper down", inject("{\"a\":1,\"\\u0061\":2}")),
        ("9 levels", inject(&format!("{}1{}", "[".repeat(9), "]".repeat(9)))),
        ("100000 levels", "[".repeat(100_000)),
        ("1 MB", inject(&format!("\"{}\"", "a".repeat(1 << 20)))),
        ("cut off", TOKENS[..TOKENS.len() - 1].to_owned()),
    ];
    let text = responses(ground, bodies.map(|(label, body)| (label, Canned::json(200, body))))?;
    let not_utf8 = TOKENS.bytes().map(|byte| if byte == b'1' { 0xff } else { byte }).collect::<Vec<u8>>();
    let bytes = responses(ground, [("not UTF-8", Canned::json(200, not_utf8))])?;
    let cut = (0..TOKENS.len())
        .map(|end| (format!("cut off after {end} bytes"), Canned::json(200, &TOKENS.as_bytes()[..end])));
    Ok(format!("{text}; {bytes}; {}", responses(ground, cut)?))
}

fn pd_19(ground: &Ground) -> Checked {
    let bad =
        ["-1", "-0", "1.5", "1e3", "18446744073709551616", "99999999999999999999999", "\"60\"", "\"\"", "true", "[]"];
    let bodies: Vec<String> = bad.iter().map(|value| TOKENS.replace("600", value)).collect();
    let refused = responses(
        ground,
        bad.iter().zip(&bodies).map(|(value, body)| (format!("expires_in {value}"), Canned::json(200, body.as_str()))),
    )?;
    let ends = each_text(["0", "1000000000", "18446744073709551615"], |value| {
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        visit.replies.push_back(Canned::json(200, TOKENS.replace("600", value)));
        let signed = visit.callback(&begun.response().text()).map_err(|aborted| format!("{aborted:?}"))?;
        let end = NOW.0.saturating_add(value.parse().unwrap_or(0));
        ensure(signed.expires_at.map(|time| time.0) == Some(end), || format!("{signed:?}"))?;
        Ok("added without overflow".to_owned())
    })?;
    Ok(format!("{refused}; {ends}"))
}
