//! Mix-up and session fixation, at the client.

use symbolon::client::{Client, MixUpDefense};

use super::client::{EVIL, goes_on, visit};
use super::form::Form;
use super::outcome::{Checked, each, each_text, ensure};
use super::peer::{Canned, METADATA, TOKENS, Visit, aborted, client};
use super::{Ground, Row, row};
use crate::fixture::{BROWSER, ISSUER};

pub(super) const ROWS: &[Row] = &[
    row("MX-01", "the response is of another server", "RFC 9207 section 2.4", mx_01),
    row("MX-02", "the response does not say of which server it is", "RFC 9207 section 2.4", mx_02),
    row("MX-03", "iss comes from a server that is not known to send it", "RFC 9207 section 2.4", mx_03),
    row("MX-07", "the attacker's server names the honest one's authorization endpoint", "RFC 9700 section 4.4", mx_07),
    row("MX-08", "servers are told apart by their endpoints", "RFC 9700 section 4.4", mx_08),
    row("MX-09", "kept metadata of a look-alike issuer is used", "RFC 8414 section 3.3", mx_09),
    row("MX-10", "the code goes to another token endpoint than that of the issuer", "arXiv 1508.04324", mx_10),
    row("MX-12", "a response comes to the redirection URI of another server", "RFC 9700 section 4.4.2.2", mx_12),
    row("MX-13", "a response for one connection is delivered under another", "COAT, USENIX Security 2025", mx_13),
    row("MX-15", "an attacker begins, the victim finishes", "cross-user session fixation", mx_15),
    row("MX-17", "an attacker finishes what the victim's browser began", "FAPI 2.0 attacker model", mx_17),
    row("MX-18", "the verifier is sent to the attacker's token endpoint", "RFC 9700 section 4.4", mx_18),
    row("MX-22", "a response that nobody asked for", "RFC 9700 section 4.7", mx_22),
];

fn mx_01(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let issuers = [
        EVIL,
        "https://as.example/",
        "https://AS.example",
        "http://as.example",
        "https://as.example.evil.example",
        "https://as.exampl",
        "as.example",
        "",
    ];
    let outcome = each_text(issuers, |iss| {
        aborted(&mut visit, |visit| visit.callback(&begun.response().with("iss", iss).text()))
    })?;
    let twice = aborted(&mut visit, |visit| visit.callback(&begun.response().and("iss", EVIL).text()))?;
    goes_on(&mut visit, &begun)?;
    Ok(format!("iss {outcome}; twice -> {twice}"))
}

fn mx_02(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let code = aborted(&mut visit, |visit| visit.callback(&begun.response().without("iss").text()))?;
    let error = Form::of(&[("error", "access_denied"), ("state", begun.state())]);
    let error = aborted(&mut visit, |visit| visit.callback(&error.text()))?;
    Ok(format!("a code without iss -> {code}; an error without iss -> {error}"))
}

/// Metadata of a server that does not say that it sends `iss`.
fn silent() -> String {
    METADATA.replace(",\"authorization_response_iss_parameter_supported\":true", "")
}

fn mx_03(ground: &Ground) -> Checked {
    let client = Client { mix_up_defense: MixUpDefense::OwnRedirectUri, ..client(ISSUER) };
    let start = |visit: &mut Visit| visit.start(&client, &silent(), BROWSER).map_err(|reason| format!("{reason:?}"));
    let mut visit = visit(ground);
    let begun = start(&mut visit)?;
    let other = begun.response().with("iss", EVIL).text();
    let other = aborted(&mut visit, |visit| visit.land(&client, &silent(), &other, BROWSER))?;
    visit.replies.push_back(Canned::json(200, TOKENS));
    let equal = visit.land(&client, &silent(), &begun.response().text(), BROWSER);
    equal.map_err(|aborted| format!("the right iss: {aborted:?}"))?;
    Ok(format!("another server's -> {other}; its own -> accepted"))
}

/// The attacker's server, with these endpoints.
fn evil(authorization: &str, token: &str) -> String {
    METADATA
        .replace("\"issuer\":\"https://as.example\"", "\"issuer\":\"https://evil.example\"")
        .replace("https://as.example/authorize", authorization)
        .replace("https://as.example/token", token)
}

/// A sign-in at the attacker's server that the honest one answers: nothing may reach the attacker's token endpoint.
fn mixed_up(ground: &Ground, document: &str) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.start(&client(EVIL), document, BROWSER).map_err(|reason| format!("{reason:?}"))?;
    let query = begun.response().text();
    let outcome = aborted(&mut visit, |visit| visit.land(&client(EVIL), document, &query, BROWSER))?;
    // Nor when the response is delivered as one of the honest server.
    let swapped = aborted(&mut visit, |visit| visit.callback(&query))?;
    Ok(format!(
        "begun at the attacker's, answered with iss of the honest server -> {outcome}; taken as the honest server's -> {swapped}"
    ))
}

fn mx_07(ground: &Ground) -> Checked {
    mixed_up(ground, &evil("https://as.example/authorize", "https://evil.example/token"))
}

fn mx_08(ground: &Ground) -> Checked {
    let document = evil("https://as.example/authorize", "https://evil.example/token")
        .replace(",\"authorization_response_iss_parameter_supported\":true", "");
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    // The servers share the authorization endpoint, and the attacker's does not send iss.
    let query = begun.response().without("iss").text();
    let outcome = aborted(&mut visit, |visit| visit.land(&client(EVIL), &document, &query, BROWSER))?;
    goes_on(&mut visit, &begun)?;
    Ok(format!("a response of the honest server taken as the attacker's, without iss -> {outcome}"))
}

fn mx_09(ground: &Ground) -> Checked {
    let issuers = ["https://as.example.evil", "", "https://as.example/", "http://as.example", "https://evil.example"];
    each_text(issuers, |issuer| {
        let document = METADATA.replacen("https://as.example\"", &format!("{issuer}\""), 1);
        let mut visit = visit(ground);
        let begun = visit.begin()?;
        match visit.start(&client(ISSUER), &document, BROWSER) {
            Err(reason) => {
                let query = begun.response().text();
                let landed = aborted(&mut visit, |visit| visit.land(&client(ISSUER), &document, &query, BROWSER))?;
                Ok(format!("no sign-in ({reason:?}); at the callback: {landed}"))
            }
            Ok(begun) => Err(format!("sent to {}", begun.url)),
        }
    })
}

fn mx_10(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    goes_on(&mut visit, &begun)?;
    let sent = visit.sent.first().ok_or("nothing was sent")?;
    ensure(visit.sent.len() == 1 && sent.url == "https://as.example/token", || format!("{:?}", visit.sent))?;
    let mixed = mixed_up(ground, &evil("https://as.example/authorize", "https://as.example/token"))?;
    Ok(format!("the code went to {}; {mixed}", sent.url))
}

fn mx_12(ground: &Ground) -> Checked {
    let elsewhere = Client { redirect_uri: "https://client.example/cb/evil", ..client(ISSUER) };
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let query = begun.response().text();
    let outcome = aborted(&mut visit, |visit| visit.land(&elsewhere, METADATA, &query, BROWSER))?;
    goes_on(&mut visit, &begun)?;
    Ok(format!("at the other redirection URI -> {outcome}; at its own -> goes on"))
}

fn mx_13(ground: &Ground) -> Checked {
    let contexts = ["https://client.example/cb/x", "https://client.example/cb/y"]
        .map(|redirect_uri| Client { redirect_uri, ..client(ISSUER) });
    let mut visit = visit(ground);
    let begun = visit.start(&contexts[0], METADATA, BROWSER).map_err(|reason| format!("{reason:?}"))?;
    let query = begun.response().text();
    let outcome = aborted(&mut visit, |visit| visit.land(&contexts[1], METADATA, &query, BROWSER))?;
    Ok(format!("one server, two connections, the response of one under the other -> {outcome}"))
}

fn mx_15(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun =
        visit.start(&client(ISSUER), METADATA, ground.other_browser()).map_err(|reason| format!("{reason:?}"))?;
    let outcome = aborted(&mut visit, |visit| visit.callback(&begun.response().text()))?;
    Ok(format!("begun in the attacker's browser, finished in the victim's, state right -> {outcome}"))
}

fn mx_17(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let begun = visit.begin()?;
    let query = begun.response().text();
    let outcome = aborted(&mut visit, |visit| visit.land(&client(ISSUER), METADATA, &query, ground.other_browser()))?;
    goes_on(&mut visit, &begun)?;
    Ok(format!("begun in the victim's browser, finished in the attacker's -> {outcome}; the victim goes on"))
}

fn mx_18(ground: &Ground) -> Checked {
    mixed_up(ground, &evil("https://evil.example/authorize", "https://evil.example/token"))
}

fn mx_22(ground: &Ground) -> Checked {
    let mut visit = visit(ground);
    let mut responses = vec![("a code", Form::of(&[("code", "x"), ("state", "unknown"), ("iss", ISSUER)]))];
    responses.push(("an error", Form::of(&[("error", "x"), ("state", "unknown"), ("iss", ISSUER)])));
    responses.push(("nothing but iss", Form::of(&[("iss", ISSUER)])));
    responses.push(("an empty iss", Form::of(&[("iss", ""), ("code", "x")])));
    responses.push(("nothing", Form::of(&[])));
    let outcome = each(responses, |form| aborted(&mut visit, |visit| visit.callback(&form.text())))?;
    let begun = visit.begin()?;
    visit.now = visit.now.after(600);
    let late = aborted(&mut visit, |visit| visit.callback(&begun.response().text()))?;
    Ok(format!("{outcome}; after ten minutes -> {late}"))
}
