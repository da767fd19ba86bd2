//! The exhaustive walk over the client's requests to resources.

use std::collections::{BTreeMap, BTreeSet};

use symbolon::Reason;
use symbolon_tests::peer::Canned;
use symbolon_tests::reasons::name;
use symbolon_tests::walk::access::{ALWAYS, Call, Case, Outcome, Run, URL, broken, cases, response, walk};
use symbolon_tests::walk::{Given, Question, edges, graph, said};

#[test]
fn every_property_holds_of_every_run_and_each_flow_takes_the_edges_that_its_file_draws() {
    let (mut runs, mut failures) = (0, Vec::new());
    let mut taken: BTreeMap<&str, graph::Edges> = BTreeMap::new();
    let (mut ends, mut reasons) = (BTreeSet::new(), BTreeSet::new());
    for case in cases() {
        runs += walk(case, |run| {
            taken.entry(case.call.file()).or_default().extend(edges(&run.record));
            ends.insert(name(&format!("{:?}", run.outcome)));
            if let Outcome::Failed(reason) | Outcome::SignInAgain(reason) = run.outcome {
                reasons.insert(name(&format!("{reason:?}")));
            }
            for name in broken(&run) {
                let asked: Vec<String> = run.record.iter().map(|(question, given)| said(question, given)).collect();
                failures.push(format!("{name}: {case:?}: {asked:#?} {:?}", run.outcome));
            }
        });
    }
    println!("{runs} runs");
    let first: Vec<_> = failures.iter().take(5).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failures: {}", failures.len(), first.join("\n"));

    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/");
    for (file, taken) in &taken {
        let source = std::fs::read_to_string(format!("{root}{file}")).expect("a source file");
        assert_eq!(graph::of_source(&source).as_ref(), Some(taken), "{file}");
    }
    assert_eq!(taken.len(), 2, "flows that were walked");
    let every_end = ["Answered", "Claims", "Failed", "ScopeInsufficient", "SignInAgain", "StepUp", "TokenEnded"];
    assert_eq!(ends, every_end.map(str::to_owned).into());
    let every_reason = [
        "KeyUnknown",
        "KeysUnavailable",
        "Malformed",
        "Missing",
        "PeerUnavailable",
        "Resource",
        "RowUndecodable",
        "ServerLacks",
        "ServerRefused",
        "SessionForeign",
        "SessionGone",
        "StoreUnavailable",
        "Userinfo",
    ];
    assert_eq!(reasons, every_reason.map(str::to_owned).into());
}

/// The first run of a call that ends as wanted.
fn find(call: Call, bound: bool, wanted: impl Fn(&Run) -> bool) -> Run {
    let mut found = None;
    walk(Case { call, bound }, |run| {
        if found.is_none() && wanted(&run) {
            found = Some(run);
        }
    });
    found.expect("a run like this")
}

#[test]
fn each_property_is_false_of_a_run_that_was_tampered_with() {
    const REQUEST: Call = Call::Request(URL, symbolon_tests::fixture::RESOURCE);
    let answered = |run: &Run| matches!(run.outcome, Outcome::Answered(200, _));
    let bearer = find(REQUEST, false, answered);
    let bound = find(REQUEST, true, answered);
    let again = find(REQUEST, true, |run| run.sent().count() == 2 && answered(run));
    let kept = find(REQUEST, true, |run| {
        run.record.iter().any(|(question, _)| question.node() == "commit nonce") && answered(run)
    });
    let claims = find(Call::Userinfo(true), false, |run| matches!(run.outcome, Outcome::Claims(_)));
    for run in [&bearer, &bound, &again, &kept, &claims] {
        assert_eq!(broken(run), [""; 0], "of a run as it was");
    }
    let sent = |run: &Run, change: fn(&mut symbolon_tests::peer::Sent)| {
        let mut run = run.clone();
        for (question, _) in &mut run.record {
            if let Question::Send(sent) = question {
                change(sent);
            }
        }
        run
    };
    let given = |run: &Run, node: &str, given: Given| {
        let mut run = run.clone();
        let place = run.record.iter().rposition(|(question, _)| question.node() == node).expect("a question");
        run.record[place].1 = given;
        run
    };
    let without = |run: &Run, node: &str| {
        let mut run = run.clone();
        let place = run.record.iter().rposition(|(question, _)| question.node() == node).expect("a question");
        run.record.remove(place);
        run
    };
    let ended = |run: &Run, outcome: Outcome| Run { outcome, ..run.clone() };
    let other = Canned::json(500, "another");
    let tampered: [Vec<Run>; 7] = [
        vec![
            sent(&bearer, |sent| sent.url = "https://rs.example.evil.example/".to_owned()),
            sent(&bearer, |sent| sent.policy.public_addresses_only = false),
            given(&bearer, "load session", Given::Row(None)),
        ],
        vec![
            sent(&bound, |sent| sent.message.headers.retain(|(name, _)| name != "DPoP")),
            sent(&bound, |sent| {
                for (name, value) in &mut sent.message.headers {
                    if name == "Authorization" {
                        *value = format!("Bearer {}", symbolon_tests::walk::client::ACCESS).into_bytes();
                    }
                }
            }),
            sent(&again, |sent| {
                for (name, value) in &mut sent.message.headers {
                    if name == "DPoP" {
                        *value = b"the same".to_vec();
                    }
                }
            }),
        ],
        vec![{
            let mut run = again.clone();
            run.record.retain(|(question, _)| question.node() != "send");
            run.record.extend(again.record.iter().filter(|(question, _)| question.node() == "send").rev().cloned());
            run
        }],
        vec![
            given(&bearer, "send", Given::Response(other)),
            ended(&bearer, Outcome::TokenEnded(None)),
            ended(&bearer, Outcome::SignInAgain(Reason::SessionGone)),
        ],
        vec![
            without(&kept, "commit nonce"),
            given(&bound, "send", response(200, &[("DPoP-Nonce", "nonce-of-the-resource")], "")),
        ],
        vec![ended(&claims, Outcome::Claims("{\"sub\":\"mallory\"}".to_owned()))],
        vec![ended(&bearer, Outcome::Answered(200, symbolon_tests::walk::client::REFRESH.to_owned()))],
    ];
    for (property, runs) in ALWAYS.iter().zip(tampered) {
        for (n, run) in runs.iter().enumerate() {
            assert!(broken(run).contains(&property.name), "{} holds of the tampered run {n}", property.name);
        }
    }
}
