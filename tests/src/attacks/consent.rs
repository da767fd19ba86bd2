//! Consent, and the redirect that ends it.

use symbolon::Reason;
use symbolon::server::{Authenticated, Authorization, Decision};
use symbolon::terms::UserAgent;

use super::cr::{GRANT, page};
use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::{Answer, Bench, Interaction};

pub(super) const ROWS: &[Row] = &[
    row("CR-09", "the code can be fetched with the name of the request", "CVE-2022-39222", cr_09),
    row("CR-15", "a public client is approved because it was approved before", "CVE-2023-34246", cr_15),
    row("CR-16", "consent given for one client serves another", "CVE-2026-27124", cr_16),
    row("CR-18", "a code is issued to a session that is not fully signed in", "CVE-2026-32246, CVE-2025-64103", cr_18),
    row("CR-20", "the code leaks by Referer and cache", "RFC 9700 section 4.2.4", cr_20),
    row("CR-21", "a 307 posts the user's password to the client", "RFC 9700 section 4.12", cr_21),
];

/// A decision from another browser.
fn decide_elsewhere(ground: &Ground, bench: &mut Bench, handle: &str) -> Answer {
    let mut buffer = vec![0; symbolon::server::BUFFER];
    let browser = UserAgent::new(ground.other_browser()).expect("long enough");
    let user = Authenticated::new("mallory", bench.now).expect("a subject");
    let step = bench.server.decide(
        handle,
        browser,
        user,
        Decision::Approve { scope: "read", authorization_details: "" },
        bench.now,
        &mut buffer,
    );
    drive(step.expect("room"), &mut bench.store).into()
}

fn resume_elsewhere(ground: &Ground, bench: &mut Bench, handle: &str) -> Checked {
    let mut buffer = vec![0; symbolon::server::BUFFER];
    let browser = UserAgent::new(ground.other_browser()).expect("long enough");
    match drive(bench.server.resume(handle, browser, bench.now, &mut buffer).expect("room"), &mut bench.store) {
        Authorization::Interact(_) => Err("the other browser is shown the interaction".to_owned()),
        Authorization::Refused(reply) => Ok(format!("error page ({})", String::from_utf8_lossy(reply.body))),
    }
}

fn cr_09(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let handle = asked(&mut bench, &Form::authorization("c1"))?;
    let shown = resume_elsewhere(ground, &mut bench, &handle)?;
    let decided =
        unmoved(&mut bench, |bench| page(&decide_elsewhere(ground, bench, &handle), Reason::InteractionForeign))?;
    let state = unmoved(&mut bench, |bench| page(&bench.decide("xyz", Decision::Deny), Reason::InteractionInvalid))?;
    ensure(
        bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" }).status == 303,
        || "the owner cannot go on".to_owned(),
    )?;
    let again = page(
        &bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" }),
        Reason::InteractionDecided,
    )?;
    Ok(format!(
        "the name in another browser -> {shown}; decided there -> {decided}; the state as name -> {state}; after the decision, in the \
         same browser -> {again}"
    ))
}

fn cr_15(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    bench.code_of_pub1("read");
    let before = bench.store.clone();
    let form = Form::authorization("pub1");
    let handle = asked(&mut bench, &form)?;
    let row = bench.store.rows.iter().find(|(key, _)| !before.rows.contains_key(key)).ok_or("no row")?;
    ensure(row.1.subject.is_none(), || "the request already has its user".to_owned())?;
    let value = unmoved(&mut bench, |bench| refused(&bench.token(Form::code(&handle).from("pub1")), 400, GRANT))?;
    Ok(format!(
        "a second request after an approval -> waits for a decision of its own; what it has until then, as code -> {value}"
    ))
}

fn cr_16(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let foreign = asked(&mut bench, &Form::authorization("c2"))?;
    bench.code_of_c1("read");
    let elsewhere =
        unmoved(&mut bench, |bench| page(&decide_elsewhere(ground, bench, &foreign), Reason::InteractionForeign))?;
    // In one browser the decision on c2's request goes to c2, whatever was approved for c1.
    let answer = bench.decide(&foreign, Decision::Approve { scope: "read", authorization_details: "" });
    response(&answer, "https://two.example/cb")?;
    let code = answer.location("code").ok_or("no code")?.to_owned();
    let redeemed = refused(&bench.redeem_as_c1(&code), 400, GRANT)?;
    Ok(format!(
        "a request of c2 approved in another browser -> {elsewhere}; approved in its own, then redeemed by c1 -> {redeemed}"
    ))
}

fn cr_18(ground: &Ground) -> Checked {
    let subjects: [(&str, String); 4] = [
        ("no subject", String::new()),
        ("a subject with a line feed", "alice\n".to_owned()),
        ("of 256 bytes", "a".repeat(256)),
        ("not ASCII", "\u{e4}".to_owned()),
    ];
    each(subjects, |subject| {
        let mut bench = ground.bench();
        asked(&mut bench, &Form::authorization("c1"))?;
        match Authenticated::new(&subject, bench.now) {
            Err(reason) => Ok(format!("nobody is authenticated ({reason:?}), and without that there is no decision")),
            Ok(_) => Err("counts as an authenticated user".to_owned()),
        }
    })
}

/// Every redirect that a decision can end in.
fn redirects(ground: &Ground) -> Result<Vec<(&'static str, Answer)>, String> {
    let mut redirects = Vec::new();
    for (what, form, decision) in [
        ("approved", Form::authorization("c1"), Decision::Approve { scope: "read", authorization_details: "" }),
        ("refused by the user", Form::authorization("c1"), Decision::Deny),
        ("refused by the server", Form::authorization("c1").with("scope", "bad"), Decision::Deny),
    ] {
        let mut bench = ground.bench();
        let Interaction::Ask { handle, .. } = bench.authorize(form.post()) else {
            return Err("no interaction".to_owned());
        };
        redirects.push((what, bench.decide(&handle, decision)));
    }
    Ok(redirects)
}

fn cr_20(ground: &Ground) -> Checked {
    each(redirects(ground)?, |answer| {
        let header = |name: &str| answer.header(name).unwrap_or("absent").to_owned();
        let (referrer, cache) = (header("Referrer-Policy"), header("Cache-Control"));
        ensure(referrer == "no-referrer" && cache == "no-store", || format!("{referrer}, {cache}"))?;
        Ok(format!("{}, Referrer-Policy {referrer}, Cache-Control {cache}", answer.status))
    })
}

fn cr_21(ground: &Ground) -> Checked {
    each(redirects(ground)?, |answer| {
        ensure(answer.status == 303, || format!("status {}", answer.status))?;
        Ok(format!("{} to a POST", answer.status))
    })
}
