//! Two flows on one store whose callers prove keys: a proof is good once, in whatever order the questions are answered.

use symbolon::{Event, Reason};
use symbolon_tests::explore::Played;
use symbolon_tests::explore::faulty::Fault;
use symbolon_tests::explore::server::{Meeting, count, misjudged, same_tokens, state};
use symbolon_tests::fixture::*;
use symbolon_tests::keyed::{self, DPOP_KEY, OTHER_DPOP_KEY, PAR, k1_assertion, proof, proof_for};
use symbolon_tests::keys;
use symbolon_tests::walk::Call;

const MACHINE: &str = "grant_type=client_credentials&scope=read";

/// A request of `k1`, with the assertion of this `jti`.
fn by_k1(form: &str, jti: &str) -> Message {
    Message::post(&format!("{form}{}", k1_assertion(jti)))
}

/// A request of `b1`, with a proof of this key and `jti`.
fn by_b1(form: &str, key: &str, jti: &str) -> Call {
    Call::Token(Message::post(&format!("{form}&client_id=b1")).with_proof(&proof(key, jti)))
}

fn bench() -> Bench {
    keyed::bench(server())
}

/// A code of `b1`, for its key if `bound`.
fn approved(bound: bool) -> (Bench, String) {
    let mut bench = bench();
    let jkt = keys::thumbprint(DPOP_KEY).expect("a key");
    let more = if bound { format!("&scope=read&dpop_jkt={jkt}") } else { "&scope=read".to_owned() };
    let code = bench.code(&authorization_query("b1", "https%3A%2F%2Fclient.example%2Fcb", &more), "read");
    (bench, redemption(&code))
}

/// A refresh of a grant of `b1` in its first generation, bound to its key.
fn redeemed() -> (Bench, String) {
    let (mut bench, form) = approved(false);
    let Call::Token(message) = by_b1(&form, DPOP_KEY, "p0") else { panic!("a token request") };
    let token = bench.token(message).member("refresh_token").expect("a refresh token");
    (bench, format!("grant_type=refresh_token&refresh_token={token}"))
}

/// How many are answered as they wish.
fn served(played: &Played) -> usize {
    played.answers.iter().flatten().filter(|answer| answer.status < 300).count()
}

/// One is served, the other has used a proof that is spent.
fn one_is_served(played: &Played) -> bool {
    served(played) == 1 && count(played, Reason::AssertionReplayed) + count(played, Reason::DpopReplayed) == 1
}

/// With a mishap, none may be.
fn at_most_one_is_served(played: &Played) -> bool {
    served(played) <= 1
}

fn meetings() -> Vec<Meeting> {
    let of_k1 = |calls: Vec<Call>, name| Meeting {
        name,
        bench: bench(),
        calls,
        calm: one_is_served,
        always: at_most_one_is_served,
    };
    let push = |jti: &str, proven: &str| {
        let query = authorization_query("k1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read");
        Call::Push(by_k1(&query, jti).with_proof(&proof_for(DPOP_KEY, proven, PAR)))
    };
    let (with_code, code) = approved(false);
    let (with_bound_code, bound_code) = approved(true);
    let (with_tokens, refresh) = redeemed();
    let again = |of: &Bench| Bench { store: of.store.clone(), ..bench() };
    vec![
        of_k1(
            vec![Call::Token(by_k1(MACHINE, "a1")), Call::Token(by_k1(MACHINE, "a1"))],
            "two requests with one assertion",
        ),
        of_k1(
            vec![Call::Token(by_k1(MACHINE, "a1")), Call::Introspect(by_k1("token=x", "a1"))],
            "one assertion at two endpoints",
        ),
        of_k1(vec![Call::Revoke(by_k1("token=x", "a1")), push("a1", "p1")], "one assertion at two other endpoints"),
        of_k1(
            ["a1", "a2"].map(|jti| Call::Token(by_k1(MACHINE, jti).with_proof(&proof(DPOP_KEY, "p1")))).into(),
            "two requests with one proof",
        ),
        of_k1(vec![push("a1", "p1"), push("a2", "p1")], "two pushed requests with one proof"),
        Meeting {
            name: "one redemption that is sent twice",
            bench: again(&with_code),
            calls: vec![by_b1(&code, DPOP_KEY, "p1"), by_b1(&code, DPOP_KEY, "p1")],
            // The second is stopped at its proof: it does not look like a replay of the code.
            calm: |played| one_is_served(played) && state(played) == "active 1",
            always: |played| at_most_one_is_served(played) && ["code", "active 1"].contains(&state(played).as_str()),
        },
        Meeting {
            name: "two redemptions of one code",
            bench: with_code,
            calls: vec![by_b1(&code, DPOP_KEY, "p1"), by_b1(&code, DPOP_KEY, "p2")],
            calm: |played| {
                served(played) == 1 && count(played, Reason::CodeReplayed) == 1 && state(played) == "revoked"
            },
            always: |played| {
                let replayed = count(played, Reason::CodeReplayed) > 0;
                served(played) <= 1 && (!replayed || state(played) == "revoked")
            },
        },
        Meeting {
            name: "a redemption with the key of the code and one with another",
            bench: with_bound_code,
            calls: vec![by_b1(&bound_code, DPOP_KEY, "p1"), by_b1(&bound_code, OTHER_DPOP_KEY, "p2")],
            calm: |played| {
                let owner_won = played.answers[0].as_ref().is_some_and(|answer| answer.status == 200);
                let burnt = played.answers[1].as_ref().is_some_and(|answer| answer.event == Some(Event::CodeBurnt));
                // Whoever comes second has the verifier, too: so the code has leaked, and the grant ends.
                owner_won != burnt && state(played) == "revoked"
            },
            always: |played| played.answers[1].as_ref().is_none_or(|answer| answer.status >= 400),
        },
        Meeting {
            name: "one refresh that is sent twice",
            bench: again(&with_tokens),
            calls: vec![by_b1(&refresh, DPOP_KEY, "p1"), by_b1(&refresh, DPOP_KEY, "p1")],
            calm: |played| one_is_served(played) && state(played) == "active 2",
            always: |played| {
                at_most_one_is_served(played) && ["active 1", "active 2"].contains(&state(played).as_str())
            },
        },
        Meeting {
            name: "two refreshes with the key",
            bench: again(&with_tokens),
            calls: vec![by_b1(&refresh, DPOP_KEY, "p1"), by_b1(&refresh, DPOP_KEY, "p2")],
            // Who holds the key may ask again: both have the same tokens, and there is one generation more.
            calm: |played| served(played) == 2 && same_tokens(played) && state(played) == "active 2",
            always: |played| same_tokens(played) && ["active 1", "active 2"].contains(&state(played).as_str()),
        },
        Meeting {
            name: "a refresh with the key and one with another",
            bench: with_tokens,
            calls: vec![by_b1(&refresh, DPOP_KEY, "p1"), by_b1(&refresh, OTHER_DPOP_KEY, "p2")],
            calm: |played| {
                served(played) == 1 && count(played, Reason::RefreshTokenKey) == 1 && state(played) == "active 2"
            },
            always: |played| {
                played.answers[1].as_ref().is_none_or(|answer| answer.status >= 400)
                    && ["active 1", "active 2"].contains(&state(played).as_str())
            },
        },
    ]
}

#[test]
fn every_order_keeps_what_each_meeting_promises() {
    let schedules: usize = meetings().iter().map(Meeting::keeps_its_promises).sum();
    println!("{schedules} schedules");
    assert!(schedules > 1_000, "{schedules}");
}

#[test]
fn every_fault_of_a_store_is_found_by_every_meeting_that_it_can_hurt() {
    let harmless: &[(&str, Fault)] = &[
        // A mark is written and never read: there is nothing to read too old.
        ("two requests with one assertion", Fault::Stale),
        ("one assertion at two endpoints", Fault::Stale),
        ("one assertion at two other endpoints", Fault::Stale),
        ("two requests with one proof", Fault::Stale),
        ("two pushed requests with one proof", Fault::Stale),
        ("one redemption that is sent twice", Fault::Stale),
        ("one refresh that is sent twice", Fault::Stale),
        // What is forgotten is the first write: a mark that the other request does not need.
        ("two requests with one proof", Fault::Forgets),
        ("two pushed requests with one proof", Fault::Forgets),
        ("two redemptions of one code", Fault::Forgets),
        ("a redemption with the key of the code and one with another", Fault::Forgets),
        ("a refresh with the key and one with another", Fault::Forgets),
        // Both write the same successor.
        ("two refreshes with the key", Fault::Unconditional),
        ("two refreshes with the key", Fault::Forgets),
        // Who has another key writes nothing.
        ("a refresh with the key and one with another", Fault::Unconditional),
        ("a refresh with the key and one with another", Fault::Stale),
    ];
    assert_eq!(misjudged(&meetings(), harmless), []);
}
