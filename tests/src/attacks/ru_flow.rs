//! Redirection URIs: the vectors of the port exception and of path confusion, and what becomes of a response.

use symbolon::ErrorCode;
use symbolon::record::Client;
use symbolon::server::{Authorization, Decision};
use symbolon::terms::UserAgent;

use super::form::{Form, decode};
use super::outcome::*;
use super::ru::{NATIVE, WEB, foreign, never_registered, register, registered};
use super::{Ground, Row, row};
use crate::fixture::{self, BROWSER, Interaction, Message, c1, put};

pub(super) const ROWS: &[Row] = &[
    row(
        "RU-34",
        "validator and consumer resolve a path in two ways",
        "ACSAC 2023, Redirect URI Validation Falls Short",
        ru_34,
    ),
    row("RU-35", "a code planted in the URI's query is read in place of the real one", "same paper", ru_35),
    row(
        "RU-36",
        "the port exception spreads to other hosts, schemes, paths and impossible ports",
        "RFC 8252 section 7.3",
        ru_36,
    ),
    row("RU-37", "an unproven native client rides on an earlier consent", "RFC 8252 section 8.6", ru_37),
    row("RU-38", "the out-of-band URI is supported", "RFC 8252 section 8", ru_38),
    row("RU-40", "an absent URI is guessed", "RFC 6749 section 3.1.2.3", ru_40),
    row(
        "RU-41",
        "a registered attacker has the server redirect a user who never signed in",
        "RFC 9700 section 4.11.2",
        ru_41,
    ),
    row("RU-42", "the browser carries the request's fragment over to the client", "RFC 9700 section 4.1.3", ru_42),
    row("RU-43", "URLs are built from Host and forwarding headers", "CVE-2025-64101, CVE-2026-53523", ru_43),
];

/// The cases of the vector file with one of these tags, each as a registration and a request.
fn vectors(ground: &Ground, tag: impl Fn(&str) -> bool) -> Checked {
    let cases: serde_json::Value = serde_json::from_str(include_str!("../../vectors/redirect-uri.json")).expect("JSON");
    let text = |case: &serde_json::Value, name: &str| case[name].as_str().unwrap_or_default().to_owned();
    let cases = cases.as_array().expect("an array").iter();
    each(cases.filter(|case| tag(&text(case, "tag"))).map(|case| (text(case, "requested"), case)), |case| {
        let (id, requested) = (text(case, "id"), text(case, "requested"));
        let application_type = if text(case, "client_type") == "native" { NATIVE } else { WEB };
        if text(case, "stage") == "registration" {
            return register(&text(case, "registered"), application_type).map_err(|wrong| format!("{id}: {wrong}"));
        }
        let mut bench = registered(ground, &text(case, "registered"), application_type);
        let form = Form::authorization("x").with("redirect_uri", &requested);
        if text(case, "expect") == "reject" {
            return local(&mut bench, &form).map_err(|wrong| format!("{id}: {wrong}"));
        }
        asked(&mut bench, &form).map_err(|wrong| format!("{id}: {wrong}"))?;
        Ok("the registered URI with another port: accepted".to_owned())
    })
}

fn ru_34(ground: &Ground) -> Checked {
    vectors(ground, |tag| tag == "web-mismatch" || tag == "web-ctl")
}

fn ru_35(ground: &Ground) -> Checked {
    let mut bench = registered(ground, "https://client.example/cb?x=1", WEB);
    let form = Form::authorization("x").with("redirect_uri", "https://client.example/cb?code=stolen");
    let requested = local(&mut bench, &form)?;
    let names = ["code", "state", "iss", "error", "access_token", "id_token", "c%6fde", "%73tate"];
    let uris: Vec<String> = names.iter().map(|name| format!("https://client.example/cb?x=1&{name}=stolen")).collect();
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    let at_registration = never_registered(&uris)?;
    let handle = asked(&mut bench, &form.with("redirect_uri", "https://client.example/cb?x=1"))?;
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let sent = response(&answer, "https://client.example/cb?x=1")?;
    let codes = answer.header("Location").unwrap_or_default().matches("code=").count();
    ensure(codes == 1, || format!("{codes} codes in the response"))?;
    Ok(format!(
        "?code= against a registered ?x=1 -> {requested}; {at_registration}; sent: ?x=1 and {}",
        sent.names().join(", ")
    ))
}

fn ru_36(ground: &Ground) -> Checked {
    vectors(ground, |tag| tag.starts_with("loopback-") || tag == "localhost")
}

fn ru_37(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let authentication = symbolon::record::AuthenticationMethod::None;
    let redirect_uris = "http://127.0.0.1/cb";
    put(
        &mut bench.store,
        &Client { client_id: "x", application_type: NATIVE, authentication, redirect_uris, ..c1(&[]) },
    );
    let form = Form::authorization("x");
    code(&mut bench, &form, "read")?;
    let mut buffer = vec![0; symbolon::server::BUFFER];
    let mut message = form.with("prompt", "none").get();
    message.lend(|request| {
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let step = bench.server.authorize(request, browser, bench.now, fixture::entropy(200), &mut buffer);
        match crate::drive::drive(step.expect("room"), &mut bench.store) {
            Authorization::Interact(prompt) => {
                ensure(prompt.loopback, || "the page is not told that the user is sent to their own machine".to_owned())?;
                ensure(!prompt.confidential, || "the page is not told that nothing proves the client".to_owned())?;
                ensure(prompt.redirect_host == "127.0.0.1", || format!("host {}", prompt.redirect_host))?;
                Ok("prompt=none after an approval -> the user is asked again; the page is told of the loopback address, host 127.0.0.1, and that nothing proves the client".to_owned())
            }
            Authorization::Refused(reply) => Err(format!("status {}", reply.status)),
        }
    })
}

fn ru_38(ground: &Ground) -> Checked {
    let uris = ["urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob:auto"];
    Ok(format!("{}; requested: {}", never_registered(&uris)?, foreign(ground, "pub1", &uris)?))
}

fn ru_40(ground: &Ground) -> Checked {
    let absent = |client_id: &str| Form::authorization(client_id).without("redirect_uri");
    let mut bench = ground.bench();
    let handle = asked(&mut bench, &absent("c1"))?;
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    response(&answer, "https://client.example/cb")?;
    let several = each_text(["c2", "pub1"], |client_id| local(&mut ground.bench(), &absent(client_id)))?;
    let portless = each_text(["http://127.0.0.1/cb", "http://[::1]/cb"], |uri| {
        local(&mut registered(ground, uri, NATIVE), &absent("x"))
    })?;
    let mut bench = registered(ground, "http://127.0.0.1:8400/cb", NATIVE);
    asked(&mut bench, &absent("x")).map_err(|wrong| format!("a loopback URI with a port: {wrong}"))?;
    Ok(format!(
        "the only one of c1 -> the registered one; several: {several}; a loopback URI without a port: {portless}"
    ))
}

fn ru_41(ground: &Ground) -> Checked {
    let form = Form::authorization("c1");
    each(
        [
            ("scope=bad", form.clone().with("scope", "bad"), ErrorCode::InvalidScope),
            ("response_type=token", form.clone().with("response_type", "token"), ErrorCode::UnsupportedResponseType),
            ("no response_type", form.clone().without("response_type"), ErrorCode::InvalidRequest),
            (
                "resource=https://bad.example/",
                form.clone().and("resource", "https://bad.example/"),
                ErrorCode::InvalidTarget,
            ),
            ("request=x", form.clone().with("request", "x"), ErrorCode::RequestNotSupported),
        ]
        .map(|(label, form, code)| (label, (form, code))),
        |(form, code)| redirected(&mut ground.bench(), &form, code),
    )
}

fn ru_42(ground: &Ground) -> Checked {
    let decisions =
        [("approved", Decision::Approve { scope: "read", authorization_details: "" }), ("refused", Decision::Deny)];
    each(decisions, |decision| {
        let mut bench = ground.bench();
        let handle = asked(&mut bench, &Form::authorization("c1"))?;
        let answer = bench.decide(&handle, decision);
        let location = answer.header("Location").unwrap_or_default();
        let (_, fragment) = location.split_once('#').ok_or_else(|| format!("no fragment in {location}"))?;
        Ok(format!("Location ends in #{fragment}"))
    })
}

fn ru_43(ground: &Ground) -> Checked {
    let headers = [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "http"),
        ("Forwarded", "host=evil.example;proto=http"),
        ("X-Original-URL", "//evil.example/"),
    ];
    each(headers.map(|(name, value)| (format!("{name}: {value}"), (name, value))), |(name, value)| {
        let mut bench = ground.bench();
        let poisoned = |message: Message| message.with(name, value);
        let handle = match bench.authorize(poisoned(Form::authorization("c1").get())) {
            Interaction::Ask { handle, refusal: None } => handle,
            other => return Err(format!("{other:?}")),
        };
        let redirect = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
        let location = response(&redirect, "https://client.example/cb")?;
        let code = redirect.location("code").map(decode).ok_or("no code")?;
        let tokens = bench.token(poisoned(Form::code(&code).from("c1")));
        let access = tokens.member("access_token").ok_or_else(|| format!("no token: {tokens:?}"))?;
        let introspected = bench.introspect(poisoned(Form::token(&access).from("rs1")));
        let challenge = bench.token(poisoned(Form::code("x").post().basic("c1", "wrong")));
        for answer in [&redirect, &tokens, &introspected, &challenge] {
            ensure(!format!("{answer:?}").contains("evil"), || format!("echoed: {answer:?}"))?;
        }
        let iss = introspected.member("iss").unwrap_or_default();
        ensure(location.value("iss") == Some(&iss), || format!("introspection says iss {iss}"))?;
        Ok(format!("iss {iss} everywhere"))
    })
}
