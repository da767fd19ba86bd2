//! The exhaustive walk over every flow, its properties, and the graphs that the flows' files open with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use symbolon::ErrorCode;
use symbolon::server::{BUFFER, Server};
use symbolon_tests::fixture::server;
use symbolon_tests::reasons::{ALSO_OF_SERVER, NOT_YET, OF_ACCESS, OF_OTHER_ROLES, OF_RESOURCE, name, variants};
use symbolon_tests::walk::properties::{ALWAYS, Property};
use symbolon_tests::walk::{
    Call, Case, Given, Output, Run, cases, documents, edges, graph, keyed, replay, said, userinfo, walk,
};

/// What the walk came by.
#[derive(Default)]
struct Seen {
    runs: usize,
    edges: BTreeMap<&'static str, graph::Edges>,
    reasons: BTreeSet<String>,
    codes: BTreeSet<String>,
    events: BTreeSet<String>,
    judgements: BTreeSet<&'static str>,
    failures: Vec<String>,
}

impl Seen {
    fn of(cases: &[Case], server: &Server<'_>, always: &[Property]) -> Self {
        let mut buffer = vec![0; BUFFER];
        let mut seen = Self::default();
        for case in cases {
            seen.runs += walk(server, case, |run| {
                seen.edges.entry(case.call.file()).or_default().extend(edges(&run.record));
                match &run.output {
                    Output::Reply(answer) => {
                        if let Some(reason) = answer.reason {
                            seen.reasons.insert(name(&format!("{reason:?}")));
                            seen.codes.insert(reason.answer().code.as_str().to_owned());
                        }
                        seen.codes.extend(answer.location("error").map(str::to_owned));
                        seen.events.extend(answer.event.map(|event| format!("{event:?}")));
                    }
                    Output::User(_) => {}
                    Output::Prompt(shows) => {
                        // Told to the client by redirect.
                        seen.reasons.extend(shows.refusal.map(|reason| name(&format!("{reason:?}"))));
                        seen.codes.extend(shows.refusal.map(|reason| reason.answer().code.as_str().to_owned()));
                    }
                }
                seen.judgements.extend(judgement(&run));
                let mut fail = |property: &str| {
                    if seen.failures.len() < 5 {
                        let asked: Vec<String> =
                            run.record.iter().map(|(question, given)| said(question, given)).collect();
                        seen.failures.push(format!("{property}: {}: {asked:?} {:?}", case.name, run.output));
                    }
                };
                for property in always.iter().filter(|property| !(property.holds)(&run)) {
                    fail(property.name);
                }
                let again = replay(server, &run, &mut buffer);
                if (&again.record, &again.output) != (&run.record, &run.output) {
                    fail("the same answers lead to the same bytes");
                }
            });
        }
        seen
    }

    fn join(mut self, other: Self) -> Self {
        self.runs += other.runs;
        for (file, edges) in other.edges {
            self.edges.entry(file).or_default().extend(edges);
        }
        self.reasons.extend(other.reasons);
        self.codes.extend(other.codes);
        self.events.extend(other.events);
        self.judgements.extend(other.judgements);
        self.failures.extend(other.failures);
        self
    }
}

/// The whole walk, made once.
fn seen() -> &'static Seen {
    static SEEN: OnceLock<Seen> = OnceLock::new();
    SEEN.get_or_init(|| {
        let sets: [fn() -> Vec<Case>; 9] = [
            cases::redemptions,
            cases::refreshes,
            cases::revocations,
            cases::introspections,
            cases::authorizations,
            cases::resumptions,
            cases::decisions,
            cases::pushes,
            cases::pushed_authorizations,
        ];
        type Keyed = (fn() -> Vec<Case>, fn() -> Server<'static>);
        let keyed_sets: [Keyed; 5] = [
            (keyed::pushes, keyed::keyed_server),
            (keyed::pushes, keyed::nonce_server),
            (keyed::token_requests, keyed::keyed_server),
            (keyed::token_presentations, keyed::keyed_server),
            (keyed::nonce_requests, keyed::nonce_server),
        ];
        std::thread::scope(|scope| {
            let walks = sets.map(|cases| scope.spawn(move || Seen::of(&cases(), &server(), ALWAYS)));
            let keyed =
                keyed_sets.map(|(cases, server)| scope.spawn(move || Seen::of(&cases(), &server(), keyed::KEYED)));
            let documented = documents::servers().map(|server| {
                scope.spawn(move || Seen::of(&documents::requests_by_documents(), &server(), documents::DOCUMENTED))
            });
            let userinfo = scope.spawn(|| {
                Seen::of(&userinfo::userinfo_requests(), &keyed::keyed_server(), userinfo::USERINFO_PROPERTIES)
            });
            let keyed = keyed.into_iter().chain(documented).chain([userinfo]);
            let all = walks.into_iter().chain(keyed).map(|walk| walk.join().expect("a walk"));
            all.fold(Seen::default(), Seen::join)
        })
    })
}

/// Which judgement of a code or refresh token a run shows.
fn judgement(run: &Run<'_>) -> Option<&'static str> {
    let Call::Token(_) = run.case.call else { return None };
    let answer = run.reply()?;
    let wrote = run.record.last().is_some_and(|(_, given)| *given == Given::Committed);
    let refused = answer.reason.map(|reason| reason.answer().code);
    match (wrote, refused) {
        (true, None) => Some("Advance"),
        (false, None) => Some("Again"),
        (true, Some(ErrorCode::InvalidGrant)) => Some("End"),
        (false, Some(ErrorCode::InvalidGrant)) if !run.record.is_empty() => Some("Refuse"),
        _ => None,
    }
}

#[test]
fn every_property_holds_of_every_run() {
    let seen = seen();
    println!("{} runs", seen.runs);
    assert!(seen.failures.is_empty(), "{}", seen.failures.join("\n\n"));
}

#[test]
fn each_flow_takes_the_edges_that_its_file_draws_and_no_other() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/");
    for (file, taken) in &seen().edges {
        let source = std::fs::read_to_string(format!("{root}{file}")).expect("a source file");
        let drawn = graph::of_source(&source).unwrap_or_else(|| panic!("{file} opens with no graph"));
        assert_eq!(
            drawn.difference(taken).collect::<Vec<_>>(),
            Vec::<&(String, String)>::new(),
            "{file}: drawn, not taken"
        );
        assert_eq!(
            taken.difference(&drawn).collect::<Vec<_>>(),
            Vec::<&(String, String)>::new(),
            "{file}: taken, not drawn"
        );
    }
    assert_eq!(seen().edges.len(), 8, "flows that were walked");
}

/// Reasons of the server that this walk does not see, and why.
const REASONS_NOT_REACHED: &[(&str, &str)] = &[
    ("TooLong", "the abstract requests are short: see bad_input"),
    ("TooMany", "the abstract requests are short: see bad_input"),
    ("GrantType", "the abstract requests name known grants: see bad_input"),
    ("EntropyMissing", "the walk's entropy is no zeros: see bad_input"),
    ("Buffer", "the buffer has the length that the flow asks for: see buffer"),
];

#[test]
fn sometimes_each_reason_is_given() {
    let excused = |reason: &String| {
        let also = ALSO_OF_SERVER.contains(&reason.as_str());
        (!also && [OF_OTHER_ROLES, OF_RESOURCE, OF_ACCESS].iter().any(|others| others.contains(&reason.as_str())))
            || NOT_YET.contains(&reason.as_str())
            || REASONS_NOT_REACHED.iter().any(|(name, _)| name == reason)
    };
    let (excused, owed): (Vec<_>, Vec<_>) = variants("Reason").into_iter().partition(excused);
    let missing: Vec<_> = owed.iter().filter(|reason| !seen().reasons.contains(*reason)).collect();
    assert!(missing.is_empty(), "never given: {missing:?}");
    let needless: Vec<_> = excused.iter().filter(|reason| seen().reasons.contains(*reason)).collect();
    assert!(needless.is_empty(), "given, though excused: {needless:?}");
}

#[test]
fn sometimes_each_error_code_is_sent() {
    // The codes of bearer tokens are the resource server's; the grant is asked for in bad_input.
    let others = ["insufficient_user_authentication", "unsupported_grant_type"];
    let sent: Vec<&str> = seen().codes.iter().map(String::as_str).collect();
    assert_eq!(sent.len() + others.len(), variants("ErrorCode").len(), "{sent:?}");
    assert!(others.iter().all(|code| !sent.contains(code)));
}

#[test]
fn sometimes_each_judgement_is_passed() {
    assert_eq!(seen().judgements, BTreeSet::from(["Advance", "Again", "End", "Refuse"]));
}

#[test]
fn sometimes_each_event_is_logged() {
    // The client and the resource server log the others.
    let others = ["ResponseRefused", "ServerDowngraded", "TokenForeign"];
    let missing: Vec<_> = variants("Event").into_iter().filter(|event| !seen().events.contains(event)).collect();
    assert_eq!(missing, others);
}
