//! The exhaustive walk over the flows of the client and of the resource server.

use std::collections::{BTreeMap, BTreeSet};

use symbolon::Reason;
use symbolon::limits::RACES;
use symbolon_tests::fixture::Answer;
use symbolon_tests::reasons::{OF_OTHER_ROLES, name};
use symbolon_tests::walk::client::cases::cases;
use symbolon_tests::walk::client::properties::{ALWAYS, broken};
use symbolon_tests::walk::client::{CODE, NEW_REFRESH, Outcome, REFRESH, Run, SHOWN, Setup, replay, walk};
use symbolon_tests::walk::{Given, Question, edges, graph, said};

/// Reasons that no run of this walk gives: of registration, and of a client that is set up for another server.
const NOT_REACHED: &[&str] = &["RedirectUriForbidden", "SessionBusy"];

#[test]
fn every_property_holds_of_every_run_and_each_flow_takes_the_edges_that_its_file_draws() {
    let mut buffer = vec![0; symbolon::client::BUFFER.max(symbolon::resource::BUFFER)];
    let (mut runs, mut failures) = (0, Vec::new());
    let mut taken: BTreeMap<&str, graph::Edges> = BTreeMap::new();
    let (mut reasons, mut ends, mut gave_up) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for case in cases() {
        runs += walk(&case, |run| {
            taken.entry(case.call.file()).or_default().extend(edges(&run.record));
            if run.outcome == Outcome::Failed(Reason::StoreBusy) {
                let lost = run.record.iter().filter(|(_, given)| *given == Given::Conflict).count();
                gave_up.insert((
                    case.call.file(),
                    run.record.iter().any(|(_, given)| *given == Given::Committed),
                    lost,
                ));
            }
            ends.insert(name(&format!("{:?}", run.outcome)));
            reasons.extend(match &run.outcome {
                Outcome::SignInAgain(reason) | Outcome::Failed(reason) => Some(name(&format!("{reason:?}"))),
                Outcome::Deny(answer) => answer.reason.map(|reason| name(&format!("{reason:?}"))),
                _ => None,
            });
            let again = replay(&run, &mut buffer);
            let same = (&again.record, &again.outcome) == (&run.record, &run.outcome);
            let same = (!same).then_some("the same answers lead to the same bytes");
            for name in broken(&run).into_iter().chain(same) {
                let asked: Vec<String> = run.record.iter().map(|(question, given)| said(question, given)).collect();
                failures.push(format!("{name}: {}: {asked:#?} {:?}", case.name, run.outcome));
            }
        });
    }
    println!("{runs} runs");
    let mut by_name = BTreeMap::<&str, usize>::new();
    for failure in &failures {
        *by_name.entry(failure.split(':').next().unwrap_or_default()).or_default() += 1;
    }
    println!("{by_name:?}");
    let first: Vec<_> = failures.iter().take(5).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failures: {}", failures.len(), first.join("\n"));

    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/");
    // Whatever a resource server does is walked by itself.
    for (file, taken) in taken.iter().filter(|(file, _)| !file.starts_with("resource/")) {
        let source = std::fs::read_to_string(format!("{root}{file}")).expect("a source file");
        let drawn = graph::of_source(&source).unwrap_or_else(|| panic!("{file} opens with no graph"));
        let (stale, missing): (Vec<_>, Vec<_>) =
            (drawn.difference(taken).collect(), taken.difference(&drawn).collect());
        assert!(
            stale.is_empty() && missing.is_empty(),
            "{file}: drawn, not taken: {stale:?}; taken, not drawn: {missing:?}"
        );
    }
    assert_eq!(taken.len(), 7, "flows that were walked");

    // The lost races of whoever gave up, before and after a write that was done.
    for (file, held) in [("client/refresh.rs", false), ("client/refresh.rs", true), ("client/revoke.rs", false)] {
        assert!(gave_up.contains(&(file, held, 1 + usize::from(RACES))), "{file} never loses every race");
    }

    let every_end = ["Allow", "Busy", "Deny", "Failed", "Found", "SendTo", "SignInAgain", "SignedOut", "Tokens"];
    assert_eq!(ends, every_end.map(str::to_owned).into());
    // What the client and the resource server can give; the rest of their reasons are of registration and of limits.
    for reason in OF_OTHER_ROLES.iter().filter(|reason| !NOT_REACHED.contains(*reason)) {
        assert!(reasons.contains(*reason), "never given: {reason}");
    }
}

/// The first run of these calls that ends as wanted.
fn find(file: &str, wanted: impl Fn(&Run<'_>) -> bool) -> Run<'static> {
    find_of(Setup::Secret, file, wanted)
}

fn find_of(setup: Setup, file: &str, wanted: impl Fn(&Run<'_>) -> bool) -> Run<'static> {
    let mut found = None;
    for case in cases().leak().iter().filter(|case| case.call.file() == file && case.setup == setup) {
        walk(case, |run| {
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

fn ends_in(outcome: &str) -> impl Fn(&Run<'_>) -> bool {
    move |run| name(&format!("{:?}", run.outcome)) == outcome
}

fn with_outcome(run: &Run<'static>, outcome: Outcome) -> Run<'static> {
    Run { outcome, ..run.clone() }
}

fn without(run: &Run<'static>, place: usize) -> Run<'static> {
    let mut run = run.clone();
    run.record.remove(place);
    run
}

fn given(run: &Run<'static>, place: usize, given: Given) -> Run<'static> {
    let mut run = run.clone();
    run.record[place].1 = given;
    run
}

fn asked(run: &Run<'static>, place: usize, change: impl FnOnce(&mut Question)) -> Run<'static> {
    let mut run = run.clone();
    change(&mut run.record[place].0);
    run
}

#[test]
fn each_property_is_false_of_a_run_that_was_tampered_with() {
    let signed_in = find("client/callback.rs", ends_in("Tokens"));
    let refreshed = find("client/refresh.rs", |run| run.record.len() == 4 && ends_in("Tokens")(run));
    let failed = find("client/refresh.rs", |run| run.record.len() == 4 && ends_in("Failed")(run));
    let over = find("client/refresh.rs", |run| run.record.len() == 4 && ends_in("SignInAgain")(run));
    let started = find("client/authorize.rs", ends_in("SendTo"));
    let signed_out = find("client/revoke.rs", |run| run.record.len() == 3 && run.outcome == Outcome::SignedOut(true));
    let allowed = find("resource/judge.rs", ends_in("Allow"));
    let denied = find(
        "resource/judge.rs",
        |run| matches!(&run.outcome, Outcome::Deny(answer) if answer.status == 401 && !run.record.is_empty()),
    );
    let orphaned = find(
        "client/refresh.rs",
        |run| matches!(run.record.last(), Some((Question::Send(sent), _)) if run.cleans_up(sent)),
    );
    let foreign = find("client/refresh.rs", |run| run.outcome == Outcome::Failed(Reason::SessionForeign));
    let replaced = find("client/refresh.rs", |run| run.record.len() == 6 && run.record[3].1 == Given::Conflict);
    let nonced = find_of(Setup::Keys, "client/callback.rs", |run| run.record.len() == 9 && ends_in("Tokens")(run));
    let identified = find_of(Setup::OpenId, "client/callback.rs", ends_in("Tokens"));
    let disowned = find_of(
        Setup::OpenId,
        "client/callback.rs",
        |run| matches!(run.record.last(), Some((Question::Send(sent), _)) if run.cleans_up(sent)),
    );
    let good = [
        &disowned,
        &identified,
        &nonced,
        &signed_in,
        &refreshed,
        &replaced,
        &failed,
        &over,
        &started,
        &signed_out,
        &orphaned,
        &foreign,
        &allowed,
        &denied,
    ];
    for run in good {
        assert_eq!(broken(run), [""; 0], "of a run as it was");
    }

    let busy = |run: &Run<'static>| with_outcome(run, Outcome::Busy);
    let to = |run: &Run<'static>, place, url: &str| {
        asked(run, place, |question| {
            if let Question::Send(sent) = question {
                sent.url = url.to_owned();
            }
        })
    };
    let expecting = |run: &Run<'static>, place, version| {
        asked(run, place, |question| {
            if let Question::Commit(write) = question {
                write.expected = version;
            }
        })
    };
    let writing = |run: &Run<'static>, place, value: Option<Vec<u8>>| {
        asked(run, place, |question| {
            if let Question::Commit(write) = question {
                write.value = value;
            }
        })
    };
    let reading = |run: &Run<'static>, row| given(run, 0, Given::Row(row));
    let body = |run: &Run<'static>, from: &str, to: &str| {
        let mut run = run.clone();
        if let Some((_, Given::Response(canned))) = run.record.last_mut() {
            canned.body = canned.body.replace(from, to);
        }
        run
    };
    let row_of = |run: &Run<'static>, place: usize| match &run.record[place].1 {
        Given::Row(row) => row.clone(),
        other => panic!("{other:?} is no row"),
    };
    let told = |secret: &str| with_outcome(&started, Outcome::SendTo(format!("https://as.example/?{secret}")));
    let denied_with = |change: fn(&mut Answer)| match &denied.outcome {
        Outcome::Deny(answer) => {
            let mut answer = answer.clone();
            change(&mut answer);
            with_outcome(&denied, Outcome::Deny(answer))
        }
        other => panic!("{other:?}"),
    };
    let (last, row) = (orphaned.record.len() - 1, orphaned.record[0].1.clone());
    let over_another = |run: &Run<'static>| given(&replaced, 4, Given::Row(row_of(run, 0)));
    let tampered = [
        (
            "an exchange waits for its commit",
            vec![without(&signed_in, 1), without(&refreshed, 1), given(&refreshed, 1, Given::Unavailable)],
        ),
        (
            "an exchange goes to the session's server",
            vec![
                to(&signed_in, 2, "https://evil.example/token"),
                to(&refreshed, 2, "http://as.example/token"),
                to(&allowed, 0, "https://as.example/token"),
            ],
        ),
        ("a request is made again once, for the nonce", {
            let twice = |run: &Run<'static>, times: usize| {
                let mut run = run.clone();
                let place = run.record.iter().rposition(|(question, _)| matches!(question, Question::Send(_)));
                let place = place.expect("an exchange");
                for _ in 0..times {
                    let first = run.record[place - 3].clone();
                    let between = run.record[place - 2..place].to_vec();
                    run.record.splice(place - 2..place - 2, between.into_iter().chain([first]));
                }
                run
            };
            vec![without(&nonced, 2), without(&nonced, 5), twice(&nonced, 1)]
        }),
        (
            "tokens that nobody is left to keep are revoked",
            vec![
                without(&disowned, disowned.record.len() - 1),
                without(&orphaned, last),
                without(&orphaned, 2),
                given(&orphaned, last - 1, row.clone()),
                with_outcome(&orphaned, refreshed.outcome.clone()),
                asked(&orphaned, last, |question| {
                    if let Question::Send(sent) = question {
                        sent.message.body = b"token=another".into();
                    }
                }),
                {
                    let mut twice = orphaned.clone();
                    twice.record.push(orphaned.record[last].clone());
                    twice
                },
                {
                    let mut needless = refreshed.clone();
                    needless.record.push(orphaned.record[last].clone());
                    needless
                },
            ],
        ),
        ("a user is known by a signature that holds", {
            let verify = identified.record.iter().position(|(question, _)| *question == Question::Verify);
            let verify = verify.expect("a signature is checked");
            vec![without(&identified, verify), given(&identified, verify, Given::Unavailable)]
        }),
        (
            "a code goes out for a good response alone",
            vec![reading(&signed_in, row_of(&refreshed, 0)), reading(&signed_in, None)],
        ),
        (
            "tokens are the session's",
            vec![
                without(&signed_in, 3),
                given(&refreshed, 3, Given::Conflict),
                with_outcome(&refreshed, Outcome::Tokens("another".into())),
            ],
        ),
        (
            "a sign-in is stored before it begins",
            vec![without(&started, 0), expecting(&started, 0, Some(1)), told("state=x&code_challenge=x")],
        ),
        (
            "a session that is over has ended",
            vec![
                with_outcome(&failed, Outcome::SignInAgain(Reason::ServerRefused)),
                with_outcome(&refreshed, over.outcome.clone()),
            ],
        ),
        ("a session that is busy is under a lease", [&refreshed, &orphaned, &foreign].map(busy).into()),
        (
            "a session that is signed out is gone",
            vec![
                without(&signed_out, 2),
                with_outcome(&signed_out, Outcome::SignedOut(false)),
                given(&signed_out, 2, Given::Conflict),
            ],
        ),
        ("a refresh that fails keeps its token", vec![without(&failed, 3), writing(&failed, 3, None)]),
        ("a refresh replaces what it has spent", [&signed_in, &foreign].map(over_another).into()),
        (
            "a row is read again after a lost race only",
            vec![{
                let mut twice = refreshed.clone();
                twice.record.insert(1, refreshed.record[0].clone());
                twice
            }],
        ),
        (
            "a commit expects what is known",
            vec![
                expecting(&refreshed, 1, None),
                expecting(&signed_in, 3, Some(10)),
                reading(&refreshed, row_of(&foreign, 0)),
            ],
        ),
        (
            "a host or peer that fails is named as the reason",
            vec![given(&refreshed, 2, Given::Unavailable), given(&allowed, 0, Given::Unavailable)],
        ),
        (
            "a request that is allowed bears a good token",
            vec![
                body(&allowed, "true", "false"),
                body(&allowed, "rs.example", "other.example"),
                body(&allowed, "as.example", "evil.example"),
                body(&allowed, "\"exp\":1000001", "\"exp\":1000000"),
                with_outcome(&allowed, Outcome::Allow("read admin".into())),
            ],
        ),
        (
            "a request that is denied is told why",
            vec![
                denied_with(|answer| answer.status = 403),
                denied_with(|answer| answer.headers.clear()),
                denied_with(|answer| answer.headers.retain(|(name, _)| name != "Cache-Control")),
                denied_with(|answer| answer.reason = None),
            ],
        ),
        ("no secret is told", [CODE, REFRESH, NEW_REFRESH, SHOWN].map(told).into()),
    ];
    assert!(
        tampered.iter().map(|(name, _)| *name).eq(ALWAYS.iter().map(|property| property.name)),
        "each in its order"
    );
    for (property, runs) in tampered {
        for (n, run) in runs.iter().enumerate() {
            assert!(
                broken(run).contains(&property),
                "{property} holds of the tampered run {n}: {:?}",
                run.record.iter().map(|(q, g)| said(q, g)).collect::<Vec<_>>()
            );
        }
    }
}
