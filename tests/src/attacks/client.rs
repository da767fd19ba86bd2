//! The client: state, mix-up, what a token response may look like, and what a hostile server's metadata may say.

use std::collections::HashSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use symbolon::client::{Client, Refreshed};
use symbolon::proof::pkce::challenge_of;
use symbolon::server::Authenticated;

use super::form::Form;
use super::outcome::{Checked, each, each_text, ensure};
use super::peer::{Aborted, Begun, Canned, METADATA, TOKENS, Visit, aborted, client, exchanged_for_nothing};
use super::{Ground, Row, row};
use crate::fixture::{BROWSER, ISSUER, NOW};

pub(super) const ROWS: &[Row] = &[
    row("PK-16", "the verifier travels in the state", "opencode-gemini-auth #41", pk_16),
    row("PK-17", "the client relies on PKCE at a server that ignores it", "RFC 9700 section 2.1.1", pk_17),
    row("PK-18", "verifiers of the wrong length", "oauthlib #876, #893", pk_18),
    row("PK-22", "a second try uses the verifier of the first", "OAuth 2.1 section 7.5.1", pk_22),
    row("CS-01", "one state for everybody", "CVE-2023-31999", cs_01),
    row("CS-03", "the state is not bound to the browser", "CVE-2026-41425", cs_03),
    row("CS-04", "the state is compared in part", "CVE-2025-12419", cs_04),
    row("CS-06", "a state works twice", "RFC 9700 section 4.7", cs_06),
    row("CS-13", "a token is taken from the front channel", "RFC 9700 section 4.6", cs_13),
    row("CS-15", "a response of status 200 without a token is a success", "CVE-2021-41580", cs_15),
    row("CS-16", "a token response of another shape is read all the same", "RFC 6749 section 5.1", cs_16),
    row("CS-17", "an empty scope becomes a wide one", "CVE-2022-31690", cs_17),
    row("CS-18", "an access token in the URL signs in", "CVE-2013-4593", cs_18),
    row("CS-27", "two sign-ins at once share their state", "CVE-2026-33544", cs_27),
    row("CS-31", "an empty subject is somebody", "CVE-2026-23990", cs_31),
    row("CS-35", "a parameter of the request comes twice", "mod_auth_openidc 2026", cs_35),
    row("RT-26", "a session outlives its only token", "GHSA-3rw9-wmc8-8948", rt_26),
    row("EL-02", "error parameters are reflected", "GHSA-9x4v-xfq5-m8x5, CVE-2026-33758", el_02),
];

pub(super) const EVIL: &str = "https://evil.example";
pub(super) fn visit(ground: &Ground) -> Visit {
    Visit::new(ground.plant)
}

/// The owner can still sign in with this.
pub(super) fn goes_on(visit: &mut Visit, begun: &Begun) -> Result<(), String> {
    visit.replies.push_back(Canned::json(200, TOKENS));
    let landed = visit.callback(&begun.response().text());
    let signed = landed.map_err(|aborted| format!("the owner cannot go on: {aborted:?}"))?;
    ensure(signed.access_token == "at-1", || format!("another token: {signed:?}"))
}

/// Many sign-ins, each handed over with its verifier.
fn many(ground: &Ground, count: usize) -> Result<Vec<(Begun, String)>, String> {
    let mut visit = visit(ground);
    (0..count)
        .map(|_| {
            let begun = visit.begin()?;
            let verifier = visit.verifier(&begun).ok_or("no verifier is kept")?;
            visit.store.rows.clear();
            Ok((begun, verifier))
        })
        .collect()
}

fn pk_16(ground: &Ground) -> Checked {
    let begun = many(ground, 100)?;
    for (begun, verifier) in &begun {
        // Nor backwards, nor decoded, nor a half of it.
        let forms =
            [verifier.clone(), verifier.chars().rev().collect(), verifier[..20].to_owned(), verifier[23..].to_owned()];
        ensure(forms.iter().all(|form| !begun.url.contains(form)), || format!("{verifier} in {}", begun.url))?;
        let challenge = Base64UrlUnpadded::encode_string(&challenge_of(verifier));
        ensure(begun.request.value("code_challenge") == Some(&challenge), || "another challenge".to_owned())?;
        ensure(begun.request.value("code_challenge_method") == Some("S256"), || "not S256".to_owned())?;
    }
    Ok(format!(
        "{} authorization requests -> the S256 challenge of the verifier, and nothing of the verifier",
        begun.len()
    ))
}

fn pk_17(ground: &Ground) -> Checked {
    let methods = [
        "",
        "\"code_challenge_methods_supported\":[],",
        "\"code_challenge_methods_supported\":[\"plain\"],",
        "\"code_challenge_methods_supported\":[\"s256\"],",
    ];
    each(
        methods.map(|methods| (if methods.is_empty() { "no methods in the metadata" } else { methods }, methods)),
        |methods| {
            let document = METADATA.replace("\"code_challenge_methods_supported\":[\"S256\"],", methods);
            match visit(ground).start(&client(ISSUER), &document, BROWSER) {
                Err(reason) => Ok(format!("no sign-in ({reason:?})")),
                Ok(begun) => Err(format!("sent to {}", begun.url)),
            }
        },
    )
}

fn pk_18(ground: &Ground) -> Checked {
    let begun = many(ground, 3000)?;
    for (_, verifier) in &begun {
        let unreserved = verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        ensure((43..=128).contains(&verifier.len()) && unreserved, || verifier.clone())?;
    }
    let different: HashSet<&str> = begun.iter().map(|(_, verifier)| verifier.as_str()).collect();
    ensure(different.len() == begun.len(), || format!("{} of {} differ", different.len(), begun.len()))?;
    Ok(format!(
        "{} sign-ins -> {} verifiers of {} unreserved characters, from 32 bytes each",
        begun.len(),
        different.len(),
        begun[0].1.len()
    ))
}

fn pk_22(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let first = visit.begin()?;
    let verifier = visit.verifier(&first);
    let end = aborted(&mut visit, |visit| {
        visit.callback(&first.response().with("error", "access_denied").without("code").text())
    })?;
    let second = visit.begin()?;
    ensure(first.state() != second.state() && verifier != visit.verifier(&second), || "the same again".to_owned())?;
    Ok(format!("{end}; the next sign-in -> another state and another verifier"))
}

fn cs_01(ground: &Ground) -> Checked {
    let begun = many(ground, 3000)?;
    let different: HashSet<&str> = begun.iter().map(|(begun, _)| begun.state()).collect();
    ensure(different.len() == begun.len(), || format!("{} of {} differ", different.len(), begun.len()))?;
    let bits = begun[0].0.state().len() * 6;
    ensure(bits >= 128, || format!("{bits} bits"))?;
    Ok(format!("{} sign-ins -> {} states of {bits} bits", begun.len(), different.len()))
}

fn cs_03(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun =
        visit.start(&client(ISSUER), METADATA, ground.other_browser()).map_err(|reason| format!("{reason:?}"))?;
    let outcome = aborted(&mut visit, |visit| visit.callback(&begun.response().text()))?;
    ensure(visit.store.rows.contains_key(&begun.session), || "consumed by a stranger".to_owned())?;
    Ok(format!("the attacker's state and code in the victim's browser -> {outcome}"))
}

fn cs_04(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let state = begun.state().to_owned();
    let mut states: Vec<String> = (1..state.len()).map(|end| state[..end].to_owned()).collect();
    states.extend(["A", "=", " ", ".", "\u{0}"].map(|tail| format!("{state}{tail}")));
    states.extend([format!(" {state}"), state.to_lowercase(), state.to_uppercase(), format!("{state}{state}")]);
    let outcome = each_text(states, |state| {
        aborted(&mut visit, |visit| visit.callback(&begun.response().with("state", state).text()))
    })?;
    let absent = each(
        [
            ("no state", begun.response().without("state")),
            ("an empty one", begun.response().with("state", "")),
            ("it twice", begun.response().and("state", &state)),
        ],
        |form| aborted(&mut visit, |visit| visit.callback(&form.text())),
    )?;
    goes_on(&mut visit, &begun)?;
    Ok(format!("{outcome}; {absent}; the right one still works"))
}

fn cs_06(ground: &Ground) -> Checked {
    let ends = [
        ("after success", true, Some(Canned::json(200, TOKENS))),
        ("after a refused exchange", true, Some(Canned::json(400, "{\"error\":\"invalid_grant\"}"))),
        ("after no answer", true, None),
        ("after an error response", false, None),
    ];
    each(ends.map(|(label, code, reply)| (label, (code, reply))), |(has_code, reply)| {
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        visit.replies.extend(reply);
        let good = begun.response();
        let first = if has_code { good.clone() } else { good.clone().without("code").with("error", "access_denied") };
        let _ = visit.callback(&first.text());
        ensure(visit.sent.len() == usize::from(has_code), || format!("{} requests", visit.sent.len()))?;
        aborted(&mut visit, |visit| visit.callback(&good.text()))
            .map(|outcome| format!("the same state again: {outcome}"))
    })
}

fn cs_13(ground: &Ground) -> Checked {
    each_text(["access_token", "id_token", "token_type", "token", "response"], |name| {
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        aborted(&mut visit, |visit| visit.callback(&begun.response().with(name, "stolen").text()))
    })
}

/// Each of these token responses ends the sign-in.
pub(super) fn responses<L: AsRef<str>>(ground: &Ground, replies: impl IntoIterator<Item = (L, Canned)>) -> Checked {
    each(replies, |reply| {
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        exchanged_for_nothing(&mut visit, &begun, reply)
    })
}

fn bodies(ground: &Ground, bodies: &[&str]) -> Checked {
    responses(ground, bodies.iter().map(|&body| (body, Canned::json(200, body))))
}

fn cs_15(ground: &Ground) -> Checked {
    let body = |access_token: &str| TOKENS.replace("\"at-1\"", access_token);
    let both = TOKENS.replace("\"scope\"", "\"error\":\"x\",\"scope\"");
    bodies(ground, &["{\"error\":\"invalid_grant\"}", "{}", &body("null"), &body("\"\""), &both])
}

fn cs_16(ground: &Ground) -> Checked {
    let replace = |from: &str, to: &str| TOKENS.replace(from, to);
    let bodies = bodies(
        ground,
        &[
            &replace("\"at-1\"", "1"),
            &replace("\"at-1\"", "\"a\\nb\""),
            &replace("\"scope\"", "\"access_token\""),
            &replace("\"scope\"", "\"acc\\u0065ss_token\""),
            &replace("\"Bearer\"", "[\"Bearer\"]"),
            &replace("\"token_type\":\"Bearer\",", ""),
            &replace("Bearer", "mac"),
            &replace("Bearer", "DPoP"),
            &replace("\"rt-1\"", "7"),
            &replace("\"read\"", "[\"read\"]"),
            &format!("[{TOKENS}]"),
            "",
        ],
    )?;
    let ok = Canned::json(200, TOKENS);
    let headers = responses(
        ground,
        [
            ("Content-Type text/html", ok.clone().headed(&[("Content-Type", "text/html")])),
            ("no Content-Type", ok.clone().headed(&[])),
            ("two of them", ok.headed(&[("Content-Type", "application/json"), ("Content-Type", "application/json")])),
        ],
    )?;
    let statuses = [201, 204, 206, 302, 400, 401, 500, 503]
        .map(|status| (format!("status {status} with tokens"), Canned::json(status, TOKENS)));
    Ok(format!("{bodies}; {headers}; {}", responses(ground, statuses)?))
}

fn cs_17(ground: &Ground) -> Checked {
    let scopes = [
        ("scope empty", "\"scope\":\"\"", "", false),
        ("absent", "\"x\":1", "read", false),
        ("wider", "\"scope\":\"read admin\"", "read admin", true),
    ];
    each(scopes.map(|(label, member, scope, wider)| (label, (member, scope, wider))), |(member, scope, wider)| {
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        visit.replies.push_back(Canned::json(200, TOKENS.replace("\"scope\":\"read\"", member)));
        let signed = visit.callback(&begun.response().text()).map_err(|aborted| format!("{aborted:?}"))?;
        ensure((signed.scope.as_str(), signed.scope_is_wider) == (scope, wider), || format!("{signed:?}"))?;
        Ok(format!("scope {:?}, wider than asked: {}", signed.scope, signed.scope_is_wider))
    })
}

fn cs_18(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let stolen = [
        ("access_token alone", Form::of(&[("access_token", "stolen")])),
        (
            "with state and iss",
            begun.response().without("code").and("access_token", "stolen").and("token_type", "Bearer"),
        ),
    ];
    each(stolen, |form| aborted(&mut visit, |visit| visit.callback(&form.text())))
}

fn cs_27(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let (first, second) = (visit.begin()?, visit.begin()?);
    let verifiers =
        [visit.verifier(&first).ok_or("no first session")?, visit.verifier(&second).ok_or("no second session")?];
    // The second comes back first.
    goes_on(&mut visit, &second)?;
    goes_on(&mut visit, &first)?;
    for (sent, verifier) in visit.sent.iter().zip(verifiers.iter().rev()) {
        ensure(sent.body.contains(&format!("code_verifier={verifier}")), || {
            format!("another verifier: {}", sent.body)
        })?;
    }
    ensure(visit.sent.len() == 2, || format!("{} requests", visit.sent.len()))?;
    Ok("two in one browser, the second back first -> each exchanged its code with its own verifier".to_owned())
}

fn cs_31(_: &Ground) -> Checked {
    match Authenticated::new("", NOW) {
        Err(reason) => Ok(format!("as the server's user -> nobody ({reason:?})")),
        Ok(_) => Err("the empty subject is a user".to_owned()),
    }
}

fn cs_35(ground: &Ground) -> Checked {
    let queries = [
        "state=x",
        "redirect_uri=https://evil.example/",
        "code_challenge=x",
        "client_id=evil",
        "%73cope=admin",
        "resource=x:y",
    ];
    let endpoint = each_text(queries, |query| {
        let document =
            METADATA.replace("https://as.example/authorize", &format!("https://as.example/authorize?{query}"));
        match visit(ground).start(&client(ISSUER), &document, BROWSER) {
            Err(reason) => Ok(format!("no sign-in ({reason:?})")),
            Ok(begun) => Err(format!("sent to {}", begun.url)),
        }
    })?;
    let sly = Client { scope: "read&state=x&redirect_uri=https://evil.example/", ..client(ISSUER) };
    let begun = visit(ground).start(&sly, METADATA, BROWSER).map_err(|reason| format!("{reason:?}"))?;
    let names = begun.request.names();
    let different: HashSet<&String> = names.iter().collect();
    ensure(different.len() == names.len() && begun.request.value("scope") == Some(sly.scope), || begun.url.clone())?;
    Ok(format!(
        "the endpoint's own query with {endpoint}; separators in scope -> encoded, {} parameters once each",
        names.len()
    ))
}

fn rt_26(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    visit.replies.push_back(Canned::json(200, TOKENS.replace("\"refresh_token\":\"rt-1\",", "")));
    visit.callback(&begun.response().text()).map_err(|aborted| format!("{aborted:?}"))?;
    let outcome = |refreshed: Refreshed<'_>| match refreshed {
        Refreshed::Usable(_) => "usable".to_owned(),
        Refreshed::SignInAgain(failure) => format!("sign in again ({:?})", failure.reason),
        Refreshed::Busy { .. } => "busy".to_owned(),
        Refreshed::Failed(failure) => format!("failed ({:?})", failure.reason),
    };
    let before = visit.refresh(begun.session, outcome);
    visit.now = visit.now.after(600);
    let after = visit.refresh(begun.session, outcome);
    ensure(before == "usable" && after.starts_with("sign in again"), || format!("{before}, then {after}"))?;
    ensure(visit.sent.len() == 1, || format!("{} requests", visit.sent.len()))?;
    Ok(format!("an access token without a refresh token -> {before}; once it has ended -> {after}"))
}

fn el_02(ground: &Ground) -> Checked {
    let errors = [
        ("error=<svg onload=x>", ("<svg onload=x>", "text")),
        ("error_description with CR LF", ("access_denied", "a\r\nSet-Cookie: x=y")),
        ("error_description with quotation marks", ("access_denied", "\"><script>")),
        ("error with a line feed", ("a\nb", "text")),
        ("error not ASCII", ("\u{e4}", "text")),
        ("error of 10000 bytes", (&*"a".repeat(10_000), "text")),
    ]
    .map(|(label, (error, description))| (label, (error.to_owned(), description.to_owned())));
    let bound = each(errors, |(error, description)| {
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        let form = begun.response().without("code").with("error", &error).with("error_description", &description);
        match visit.callback(&form.text()) {
            Ok(signed) => Err(format!("signed in: {signed:?}")),
            Err(Aborted { reason, error: said }) => {
                ensure(visit.sent.is_empty(), || "something was sent".to_owned())?;
                let nqschar =
                    |text: &str| text.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
                if let Some((code, description)) = &said {
                    ensure(nqschar(code) && description.as_deref().is_none_or(nqschar), || format!("{said:?}"))?;
                }
                ensure(!reason.answer().text.contains(&error), || "in the fixed text".to_owned())?;
                Ok(match said {
                    Some((_, Some(_))) => format!("{reason:?}, the server's words set apart as such"),
                    Some((_, None)) => format!("{reason:?}, the code set apart, the description dropped"),
                    None => format!("{reason:?}, its words dropped"),
                })
            }
        }
    })?;
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let foreign = aborted(&mut visit, |visit| {
        visit.callback(&begun.response().without("code").with("error", "x").with("iss", EVIL).text())
    })?;
    Ok(format!("{bound}; an error of another server -> {foreign}"))
}
