//! The exhaustive walk over the flow of the resource server.

use std::collections::BTreeSet;

use symbolon_tests::reasons::{OF_RESOURCE, name};
use symbolon_tests::walk::resource::{ALWAYS, Outcome, Run, cases, perform, walk};
use symbolon_tests::walk::{Given, client, edges, graph, said};

#[test]
fn every_property_holds_of_every_run_and_the_flow_takes_the_edges_that_its_file_draws() {
    let (mut runs, mut failures, mut taken) = (0, Vec::new(), graph::Edges::new());
    let (mut reasons, mut served) = (BTreeSet::new(), BTreeSet::new());
    let cases = cases();
    for case in &cases {
        runs += walk(case, |run| {
            taken.extend(edges(&run.record));
            match &run.outcome {
                Outcome::Allow(..) => drop(served.insert(case.name.as_str())),
                Outcome::Deny(answer) => reasons.extend(answer.reason.map(|reason| name(&format!("{reason:?}")))),
            }
            let mut given = run.record.iter().map(|(_, given)| given.clone());
            let again = perform(case, &mut |_| given.next().expect("as many questions as before"));
            let same = (&again.record, &again.outcome) == (&run.record, &run.outcome);
            let broken = ALWAYS.iter().filter(|property| !(property.holds)(&run)).map(|property| property.name);
            for name in broken.chain((!same).then_some("the same answers lead to the same bytes")) {
                let asked: Vec<String> = run.record.iter().map(|(question, given)| said(question, given)).collect();
                failures.push(format!("{name}: {}: {asked:#?} {:?}", case.name, run.outcome));
            }
        });
    }
    println!("{runs} runs");
    let first: Vec<_> = failures.iter().take(5).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failures: {}", failures.len(), first.join("\n"));

    for case in &cases {
        assert_eq!(served.contains(case.name.as_str()), case.good, "{}", case.name);
    }
    for reason in OF_RESOURCE {
        assert!(reasons.contains(*reason), "never given: {reason}");
    }

    // Opaque bearer tokens are walked there.
    for case in client::cases::cases().iter().filter(|case| case.call.file() == "resource/judge.rs") {
        client::walk(case, |run| taken.extend(edges(&run.record)));
    }
    let source = include_str!("../../core/src/resource/judge.rs");
    let drawn = graph::of_source(source).expect("a graph");
    let (stale, missing): (Vec<_>, Vec<_>) = (drawn.difference(&taken).collect(), taken.difference(&drawn).collect());
    assert!(stale.is_empty() && missing.is_empty(), "drawn, not taken: {stale:?}; taken, not drawn: {missing:?}");
}

/// The first run of the case of this name that is served.
fn served(wanted: &str) -> Run<'static> {
    let case = cases().leak().iter().find(|case| case.name == wanted).expect("a case");
    let mut found = None;
    walk(case, |run| {
        if found.is_none() && matches!(run.outcome, Outcome::Allow(..)) {
            found = Some(run);
        }
    });
    found.expect("a run that is served")
}

#[test]
fn each_property_is_false_of_a_run_that_was_tampered_with() {
    use symbolon::step::Verdict;
    let proven = served("a bound token with its proof, published keys");
    let pinned = served("a bound token with its proof, pinned keys");
    let denied = {
        let case = cases().leak().iter().find(|case| case.name == "no proof").expect("a case");
        let mut found = None;
        walk(case, |run| found = Some(run));
        found.expect("a run")
    };
    let given = |run: &Run<'static>, place: usize, given: Given| {
        let mut run = run.clone();
        run.record[place].1 = given;
        run
    };
    let answered = |change: fn(&mut symbolon_tests::fixture::Answer)| {
        let mut run = denied.clone();
        let Outcome::Deny(answer) = &mut run.outcome else { panic!("it was denied") };
        change(answer);
        run
    };
    let last = proven.record.len() - 1;
    let refused = |run: &Run<'static>| Run { outcome: denied.outcome.clone(), ..run.clone() };
    let tampered = [
        (
            "a request that is allowed is good and its signatures hold",
            vec![
                given(&proven, last - 1, Given::Verdict(Verdict::Invalid)),
                given(&pinned, 0, Given::Unavailable),
                Run { outcome: proven.outcome.clone(), ..denied.clone() },
            ],
        ),
        (
            "a key that is proven is marked last",
            vec![given(&proven, last, Given::Conflict), given(&proven, last, Given::Unavailable), {
                let mut run = proven.clone();
                run.record.pop();
                run
            }],
        ),
        ("a token is checked with a key of its issuer", vec![given(&proven, 0, Given::Row(None))]),
        (
            "nothing is marked that is not served",
            vec![refused(&given(&proven, last - 1, Given::Verdict(Verdict::Invalid)))],
        ),
        (
            "a request that is denied is told why",
            vec![
                answered(|answer| answer.headers.clear()),
                answered(|answer| answer.headers.retain(|(name, _)| name != "Cache-Control")),
                answered(|answer| answer.reason = None),
                answered(|answer| answer.status = 500),
            ],
        ),
        (
            "a host that fails is no verdict on the token",
            vec![
                refused(&given(&proven, last, Given::Unavailable)),
                refused(&given(&pinned, 1, Given::Unavailable)).cut(2),
            ],
        ),
    ];
    assert!(
        tampered.iter().map(|(name, _)| *name).eq(ALWAYS.iter().map(|property| property.name)),
        "each in its order"
    );
    for (property, runs) in tampered {
        let holds = ALWAYS.iter().find(|known| known.name == property).expect("a property").holds;
        assert!(holds(&proven) && holds(&pinned) && holds(&denied), "{property} of a run as it was");
        for (n, run) in runs.iter().enumerate() {
            assert!(!holds(run), "{property} holds of the tampered run {n}");
        }
    }
}

/// A run that was cut short.
trait Cut {
    fn cut(self, len: usize) -> Self;
}

impl Cut for Run<'_> {
    fn cut(mut self, len: usize) -> Self {
        self.record.truncate(len);
        self
    }
}
