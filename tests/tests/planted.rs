//! Shows of each property of the walk that it is false of a run that was tampered with.

use std::sync::OnceLock;

use symbolon::server::Server;
use symbolon::{Event, Reason};
use symbolon_tests::fixture::{C1_SECRET, VERIFIER, server};
use symbolon_tests::walk::properties::{ALWAYS, named};
use symbolon_tests::walk::{Case, Given, Output, Question, Run, cases, rows, walk};

/// The first run of these cases that ends in `event` or `reason`.
fn find(cases: Vec<Case>, wanted: impl Fn(&Run<'_>) -> bool) -> Run<'static> {
    let server: Server<'static> = server();
    let mut found = None;
    for case in cases.leak() {
        walk(&server, case, |run| {
            if found.is_none() && wanted(&run) {
                found = Some(run);
            }
        });
        if found.is_some() {
            break;
        }
    }
    found.expect("a run like this")
}

fn event(run: &Run<'_>, event: Event) -> bool {
    run.reply().is_some_and(|answer| answer.event == Some(event))
}

fn reason(run: &Run<'_>, reason: Reason) -> bool {
    run.reply().is_some_and(|answer| answer.reason == Some(reason))
}

fn redeemed() -> Run<'static> {
    static RUN: OnceLock<Run<'static>> = OnceLock::new();
    RUN.get_or_init(|| find(cases::redemptions(), |run| event(run, Event::CodeRedeemed))).clone()
}

fn refreshed() -> Run<'static> {
    static RUN: OnceLock<Run<'static>> = OnceLock::new();
    RUN.get_or_init(|| find(cases::refreshes(), |run| event(run, Event::Refreshed))).clone()
}

fn approved() -> Run<'static> {
    static RUN: OnceLock<Run<'static>> = OnceLock::new();
    let approved = RUN.get_or_init(|| find(cases::decisions(), |run| event(run, Event::Approved)));
    // Without the mark, which changes nothing.
    let mut approved = approved.clone();
    approved.record.truncate(2);
    approved
}

fn prompted() -> Run<'static> {
    static RUN: OnceLock<Run<'static>> = OnceLock::new();
    RUN.get_or_init(|| find(cases::authorizations(), |run| matches!(run.output, Output::Prompt(_)))).clone()
}

fn revoked() -> Run<'static> {
    static RUN: OnceLock<Run<'static>> = OnceLock::new();
    RUN.get_or_init(|| find(cases::revocations(), |run| event(run, Event::Revoked))).clone()
}

fn active() -> Run<'static> {
    static RUN: OnceLock<Run<'static>> = OnceLock::new();
    RUN.get_or_init(|| {
        find(cases::introspections(), |run| run.reply().is_some_and(|answer| answer.body.contains("\"active\":true")))
    })
    .clone()
}

fn refused(with: Reason) -> Run<'static> {
    find(cases::redemptions(), move |run| reason(run, with))
}

/// Puts another row in the place of the last one that was read of this kind.
fn with_row(mut run: Run<'static>, of: &str, value: Option<Vec<u8>>) -> Run<'static> {
    let read = run.record.iter_mut().rev().find(|(question, _)| question.node() == format!("load {of}"));
    read.expect("a read").1 = Given::Row(value.map(|value| (2, value)));
    run
}

fn with_reply(mut run: Run<'static>, change: impl FnOnce(&mut symbolon_tests::fixture::Answer)) -> Run<'static> {
    match &mut run.output {
        Output::Reply(answer) => change(answer),
        Output::Prompt(_) | Output::User(_) => panic!("no reply"),
    }
    run
}

fn with_header(run: Run<'static>, name: &str, value: &str) -> Run<'static> {
    with_reply(run, |answer| {
        answer.headers.retain(|(known, _)| known != name);
        answer.headers.push((name.to_owned(), value.to_owned()));
    })
}

fn with_last_answer(mut run: Run<'static>, given: Given) -> Run<'static> {
    run.record.last_mut().expect("a question").1 = given;
    run
}

/// The property fails on each of these runs.
fn finds(property: &str, tampered: Vec<Run<'static>>) {
    assert!(!tampered.is_empty());
    for (n, run) in tampered.iter().enumerate() {
        assert!(!(named(property).holds)(run), "{property} holds of the tampered run {n}");
    }
}

/// The rows of a grant at the time of the redemption: see `rows::grant`.
fn row(place: usize) -> Option<Vec<u8>> {
    rows::grant("c1", symbolon_tests::fixture::NOW)[place].clone()
}
const PENDING: usize = 7;
const PENDING_ELSEWHERE: usize = 8;
const CODE: usize = 12;
const CODE_CHALLENGED: usize = 14;
const CODE_FOREIGN: usize = 15;
const ACTIVE_1: usize = 18;
const REVOKED: usize = 26;

#[test]
fn tokens_that_are_not_earned() {
    let mut without_commit = redeemed();
    without_commit.record.pop();
    let client = rows::client("c1");
    let in_place = |place| with_row(redeemed(), "grant", row(place));
    finds(
        "tokens are earned",
        vec![
            without_commit,
            in_place(CODE_CHALLENGED),
            in_place(CODE_FOREIGN),
            in_place(ACTIVE_1),
            in_place(REVOKED),
            with_row(redeemed(), "grant", None),
            // The disabled client, another's, one with another secret.
            with_row(redeemed(), "client", client[8].clone()),
            with_row(redeemed(), "client", client[9].clone()),
            with_row(redeemed(), "client", client[15].clone()),
            with_row(redeemed(), "client", None),
            with_row(refreshed(), "grant", row(ACTIVE_1)),
            with_row(refreshed(), "grant", row(CODE)),
        ],
    );
}

#[test]
fn codes_prompts_and_verdicts_that_are_not_earned() {
    let mut foreign = approved();
    foreign.record[0].1 = Given::Row(Some((1, row(PENDING_ELSEWHERE).expect("a row"))));
    let mut uncommitted = approved();
    uncommitted.record.pop();
    finds("codes are earned", vec![foreign, uncommitted, with_row(approved(), "grant", row(CODE))]);

    let mut uncommitted = prompted();
    uncommitted.record.pop();
    let mut elsewhere = prompted();
    if let Output::Prompt(shows) = &mut elsewhere.output {
        shows.redirect_uri = "https://evil.example/cb".into();
    }
    finds(
        "prompts are earned",
        vec![uncommitted, elsewhere, with_row(prompted(), "client", rows::client("c1")[8].clone())],
    );

    let foreign = with_row(active(), "grant", rows::grant("c1", active().case.now)[25].clone());
    finds(
        "an active token is earned",
        vec![foreign, with_row(active(), "grant", row(REVOKED)), with_row(active(), "grant", row(CODE))],
    );

    let mut unwritten = revoked();
    unwritten.record.pop();
    finds(
        "a revocation is earned",
        vec![unwritten, with_row(revoked(), "grant", row(25)), with_row(revoked(), "grant", row(CODE))],
    );
}

#[test]
fn what_is_handed_out_without_its_commit() {
    let both =
        |run: fn() -> Run<'static>| [Given::Conflict, Given::Unavailable].map(|given| with_last_answer(run(), given));
    finds("nothing is handed out without its commit", [both(redeemed), both(refreshed), both(approved)].concat());
}

#[test]
fn questions_out_of_order() {
    let mut twice = redeemed();
    let again = twice.record[1].clone();
    twice.record.insert(2, again);
    finds("a row is read again after a lost race only", vec![twice]);

    let lost = find(cases::redemptions(), |run| reason(run, Reason::StoreBusy));
    let mut endless = lost.clone();
    endless.record.extend(lost.record[1..3].to_vec());
    let busy_for_nothing = with_last_answer(lost, Given::Committed);
    finds("races are bounded", vec![endless, busy_for_nothing]);

    let mut after = redeemed();
    after.record.push(after.record[1].clone());
    finds("a done commit is the last question", vec![after]);

    let change = |change: fn(&mut symbolon_tests::walk::Write)| {
        let mut run = redeemed();
        let Some((Question::Commit(write), _)) = run.record.last_mut() else { panic!("no commit") };
        change(write);
        run
    };
    finds(
        "a commit is of what was read",
        vec![
            change(|write| write.expected = None),
            change(|write| write.expected = write.expected.map(|version| version - 1)),
            change(|write| write.client_id = Some("another".into())),
            change(|write| write.subject = None),
            change(|write| write.expires_at = write.expires_at.after(1)),
        ],
    );
    finds("rows are asked for by the request's names", vec![change(|write| write.key.0[0] ^= 1)]);
}

#[test]
fn refusals_that_write_or_say_the_wrong_thing() {
    let mut written = refused(Reason::Scope);
    written.record.push(redeemed().record[2].clone());
    finds("what is asked too much writes nothing", vec![written]);

    let down = refused(Reason::StoreUnavailable);
    let misnamed = with_reply(down.clone(), |answer| answer.reason = Some(Reason::CodeDead));
    finds("a host that fails is named as the reason", vec![misnamed, with_last_answer(down, Given::Row(None))]);

    let dead = || refused(Reason::CodeDead);
    finds(
        "a reply says what its reason says",
        vec![
            with_reply(dead(), |answer| answer.status = 200),
            with_reply(dead(), |answer| answer.event = Some(Event::CodeReplayed)),
            with_reply(dead(), |answer| answer.body = answer.body.replace("invalid_grant", "invalid_client")),
            with_reply(redeemed(), |answer| answer.status = 500),
        ],
    );
}

#[test]
fn replies_in_the_wrong_form() {
    finds("a reply is not stored by caches", vec![with_header(redeemed(), "Cache-Control", "no-cache")]);
    finds(
        "a body is what its endpoint speaks",
        vec![
            with_header(redeemed(), "Content-Type", "text/html"),
            with_reply(redeemed(), |answer| answer.body.truncate(10)),
            with_reply(refused(Reason::CodeDead), |answer| answer.body = answer.body.replace("code", "c\\u00f8de")),
        ],
    );
    let unauthenticated = refused(Reason::ClientAuthentication);
    finds(
        "a challenge comes with 401 alone",
        vec![
            with_header(redeemed(), "WWW-Authenticate", "Basic"),
            with_header(unauthenticated, "WWW-Authenticate", "Basic realm=\"https://evil.example\""),
        ],
    );
    let location = |change: fn(&str) -> String| {
        let run = approved();
        let location = change(run.reply().and_then(|answer| answer.header("Location")).expect("a redirect"));
        with_header(run, "Location", &location)
    };
    finds(
        "a redirect goes where it must",
        vec![
            location(|to| to.replace("client.example", "evil.example")),
            location(|to| to.replace("/cb?", "/cb/?")),
            location(|to| to.replace("state=a", "state=b")),
            location(|to| to.replace("&state=", "&State=")),
            location(|to| to.replace("iss=", "issuer=")),
            location(|to| to.replace("as.example", "bs.example")),
            location(|to| to.replace("#", "&state=x#")),
            location(|to| to.replace("#", "&error=access_denied#")),
            with_reply(approved(), |answer| answer.status = 302),
            with_header(redeemed(), "Location", "https://client.example/cb?code=x#_"),
        ],
    );
}

#[test]
fn users_that_are_passed_over() {
    let declined = || find(cases::decisions(), |run| reason(run, Reason::LoginRequired));
    finds(
        "who was not asked was not to be asked",
        vec![with_row(declined(), "grant", row(PENDING)), with_row(declined(), "grant", row(CODE))],
    );
}

#[test]
fn secrets_that_get_out() {
    let leaks = [C1_SECRET, VERIFIER, redeemed().case.facts.presented.as_str()].map(|secret| {
        let secret = secret.to_owned();
        [
            with_header(redeemed(), "X", &secret),
            with_reply(redeemed(), |answer| answer.body = format!("{{\"x\":\"{secret}\"}}")),
        ]
    });
    finds("no secret is told", leaks.concat());

    let stored = |secret: String| {
        let mut run = redeemed();
        let Some((Question::Commit(write), _)) = run.record.last_mut() else { panic!("no commit") };
        write.value.as_mut().expect("a row").extend(secret.bytes());
        run
    };
    let made = redeemed().reply().and_then(|answer| answer.member("refresh_token")).expect("a token");
    finds("no secret is stored", vec![stored(C1_SECRET.into()), stored(VERIFIER.into()), stored(made)]);
}

#[test]
fn every_property_is_put_to_the_test_here() {
    let source = include_str!("planted.rs");
    for property in ALWAYS {
        assert!(source.contains(&format!("\"{}\"", property.name)), "{} is never seen to fail", property.name);
        for run in [redeemed(), refreshed(), approved(), prompted(), revoked(), active()] {
            assert!((property.holds)(&run), "{} of a run as it was", property.name);
        }
    }
}
