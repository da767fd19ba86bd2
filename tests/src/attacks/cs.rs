//! Cross-site request forgery, injection, and what browsers are told; and of mix-up what the server does against it.

use symbolon::ErrorCode;
use symbolon::server::Decision;

use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{Answer, Bench, Interaction, Message, VERIFIER};

pub(super) const ROWS: &[Row] = &[
    row(
        "CS-10",
        "a stolen code is put into the attacker's own sign-in at an honest client",
        "RFC 9700 section 4.5",
        cs_10,
    ),
    row("CS-21", "a page of the server is framed", "RFC 9700 section 4.16", cs_21),
    row("CS-22", "the authorization endpoint can be read across origins", "RFC 9700 section 2.6", cs_22),
    row("CS-23", "the Origin is reflected", "CVE-2024-41657", cs_23),
    row("CS-24", "the response is posted to any window", "RFC 9700 section 4.17", cs_24),
    row("MX-06", "some responses lack iss, so that a client cannot tell who answered", "RFC 9207 section 2", mx_06),
    row("MD-11", "request_uri is fetched, wherever it points", "CVE-2020-10770", md_11),
];

fn cs_10(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let stolen = bench.code_of_c1("read");
    // The attacker's sign-in has a verifier of its own.
    let own = "attackers-own-verifier-0123456789-0123456789";
    ensure(own != VERIFIER && own.len() >= 43, || "not a verifier".to_owned())?;
    let injected =
        refused(&bench.token(Form::code(&stolen).with("code_verifier", own).from("c1")), 400, ErrorCode::InvalidGrant)?;
    let late = refused(&bench.redeem_as_c1(&stolen), 400, ErrorCode::InvalidGrant)?;
    Ok(format!("redeemed with the attacker's verifier -> {injected}; the code is burnt, its owner -> {late}"))
}

fn cs_21(ground: &Ground) -> Checked {
    let pages = [
        ("authorization endpoint", Form::authorization("c1").with("redirect_uri", "https://evil.example/cb")),
        ("unknown client", Form::authorization("nobody")),
    ];
    let page_of = |answer: &Answer| {
        let policy = answer.header("Content-Security-Policy").unwrap_or("absent");
        ensure(policy.contains("frame-ancestors 'none'"), || format!("Content-Security-Policy {policy}"))?;
        Ok(format!("Content-Security-Policy {policy}"))
    };
    let errors = each(pages, |form| match ground.bench().authorize(form.get()) {
        Interaction::Refused(page) => page_of(&page),
        other => Err(format!("{other:?}")),
    })?;
    let decision = page_of(&ground.bench().decide("zzz", Decision::Deny))?;
    Ok(format!("error pages: {errors}; of a decision -> {decision}"))
}

/// The replies of every endpoint to requests with this Origin.
fn replies(ground: &Ground, origin: &str) -> Result<Vec<(&'static str, Answer)>, String> {
    let mut bench = ground.bench();
    let from = |message: Message| message.with("Origin", origin);
    let page = |bench: &mut Bench, form: &Form| match bench.authorize(from(form.get())) {
        Interaction::Refused(page) => Ok(page),
        other => Err(format!("{other:?}")),
    };
    let error = page(&mut bench, &Form::authorization("nobody"))?;
    let handle = match bench.authorize(from(Form::authorization("c1").get())) {
        Interaction::Ask { handle, .. } => handle,
        other => return Err(format!("{other:?}")),
    };
    let redirect = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let code = redirect.location("code").ok_or("no code")?.to_owned();
    let tokens = bench.token(from(Form::code(&code).from("c1")));
    let access = tokens.member("access_token").ok_or("no token")?;
    let introspection = bench.introspect(from(Form::token(&access).from("rs1")));
    let revocation = bench.revoke(from(Form::token(&access).from("c1")));
    let refusal = bench.token(from(Form::code("x").post().basic("c1", "wrong")));
    Ok(vec![
        ("error page", error),
        ("redirect", redirect),
        ("token endpoint", tokens),
        ("introspection", introspection),
        ("revocation", revocation),
        ("refusal", refusal),
    ])
}

fn no_cors(ground: &Ground, origins: &[&str], endpoint: impl Fn(&str) -> bool) -> Checked {
    each_text(origins, |origin| {
        let mut seen = 0;
        for (what, answer) in replies(ground, origin)?.into_iter().filter(|(what, _)| endpoint(what)) {
            let cors = answer.headers.iter().find(|(name, _)| name.to_ascii_lowercase().starts_with("access-control-"));
            ensure(cors.is_none(), || format!("{what}: {cors:?}"))?;
            seen += 1;
        }
        ensure(seen > 0, || "no reply was looked at".to_owned())?;
        Ok(format!("{seen} replies without Access-Control fields"))
    })
}

fn cs_22(ground: &Ground) -> Checked {
    no_cors(ground, &["https://x.example", "https://client.example"], |what| what == "error page" || what == "redirect")
}

fn cs_23(ground: &Ground) -> Checked {
    no_cors(ground, &["null", "https://client.example.evil.example"], |_| true)
}

fn cs_24(ground: &Ground) -> Checked {
    let form = Form::authorization("c1").with("response_mode", "web_message");
    Ok(format!("response_mode=web_message -> {}", redirected(&mut ground.bench(), &form, ErrorCode::InvalidRequest)?))
}

fn mx_06(ground: &Ground) -> Checked {
    let good = Form::authorization("c1");
    let ends = [
        ("approved", (good.clone(), Decision::Approve { scope: "read", authorization_details: "" })),
        ("denied", (good.clone(), Decision::Deny)),
        (
            "without state",
            (good.clone().without("state"), Decision::Approve { scope: "read", authorization_details: "" }),
        ),
        ("invalid_scope", (good.clone().with("scope", "bad"), Decision::Deny)),
        ("unsupported_response_type", (good.clone().with("response_type", "token"), Decision::Deny)),
        ("invalid_request", (good.clone().without("code_challenge"), Decision::Deny)),
        ("invalid_target", (good.and("resource", "https://bad.example/"), Decision::Deny)),
    ];
    each(ends, |(form, decision)| {
        let mut bench = ground.bench();
        let Interaction::Ask { handle, .. } = bench.authorize(form.get()) else {
            return Err("an error page".to_owned());
        };
        let location = response(&bench.decide(&handle, decision), "https://client.example/cb")?;
        Ok(format!("iss {}", location.value("iss").unwrap_or_default()))
    })
}

fn md_11(ground: &Ground) -> Checked {
    let uris = ["http://169.254.169.254/", "https://evil.example/request", "file:///etc/passwd", "urn:example:request"];
    let own = each_text(uris, |uri| {
        let form = Form::authorization("c1").and("request_uri", uri);
        // The bench's host answers no exchange: had one been asked for, the outcome would be another.
        redirected(&mut ground.bench(), &form, ErrorCode::RequestUriNotSupported)
    })?;
    let alone = Form::of(&[
        ("client_id", "c1"),
        ("request_uri", "https://evil.example/request"),
        ("redirect_uri", "https://evil.example/cb"),
    ]);
    let forged = Form::authorization("c1").and("request_uri", "urn:ietf:params:oauth:request_uri:x");
    let forged = local(&mut ground.bench(), &forged)?;
    Ok(format!("{own}; forged -> {forged}; with a foreign redirect_uri -> {}", local(&mut ground.bench(), &alone)?))
}
