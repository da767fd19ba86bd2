//! Two and three flows on one store, in every order; and what faulty stores do to them.

use symbolon::server::Decision;
use symbolon::{Event, Reason};
use symbolon_tests::explore::faulty::Fault;
use symbolon_tests::explore::server::{Meeting, count, logged, misjudged, same_tokens, state};
use symbolon_tests::explore::{Mishap, Played, explore};
use symbolon_tests::fixture::*;
use symbolon_tests::walk::Call;

/// How many users are asked.
fn prompts(played: &Played) -> usize {
    played.answers.iter().flatten().filter(|answer| answer.status == 200).count()
}

/// A request that was pushed is shown to one user at most, and to nobody unless it is stored as waiting.
fn one_use(played: &Played) -> bool {
    prompts(played) <= 1 && (prompts(played) == 0 || state(played) == "pending")
}

fn bring(request_uri: &str) -> Call {
    Call::Authorize(Message::get(&format!("client_id=c1&request_uri={request_uri}")))
}

fn redeem(code: &str) -> Call {
    Call::Token(Message::post(&redemption(code)).basic("c1", C1_SECRET))
}

fn redeem_as_c2(code: &str) -> Call {
    Call::Token(Message::post(&format!("{}&client_id=c2&client_secret={C2_SECRET}", redemption(code))))
}

fn refresh(client_id: &str, token: &str) -> Call {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    Call::Token(match client_id {
        "c1" => Message::post(&form).basic("c1", C1_SECRET),
        _ => Message::post(&format!("{form}&client_id={client_id}")),
    })
}

fn revoke(token: &str) -> Call {
    Call::Revoke(Message::post(&format!("token={token}")).basic("c1", C1_SECRET))
}

fn decide(handle: &str, approved: Option<&str>) -> Call {
    Call::Decide(handle.to_owned(), BROWSER, approved.map(str::to_owned))
}

fn asked() -> (Bench, String) {
    let mut bench = Bench::default();
    let query = authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read");
    let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else { panic!("no interaction") };
    (bench, handle)
}

fn approved() -> (Bench, String) {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    (bench, code)
}

/// A grant of `client_id` in its first generation: its code, its access token, its refresh token.
fn redeemed(client_id: &str) -> (Bench, String, String, String) {
    let mut bench = Bench::default();
    let (code, tokens) = if client_id == "c1" {
        let code = bench.code_of_c1("read");
        (code.clone(), bench.redeem_as_c1(&code))
    } else {
        let code = bench.code_of_pub1("read");
        (code.clone(), bench.redeem_as_pub1(&code))
    };
    let token = |name| tokens.member(name).expect("a token");
    (bench, code, token("access_token"), token("refresh_token"))
}

fn meetings() -> Vec<Meeting> {
    let (with_request, handle) = asked();
    let (with_code, code) = approved();
    let mut pushed = Bench::default();
    let request_uri = pushed.pushed_by_c1("");
    let (of_c1, c1_code, c1_access, c1_refresh) = redeemed("c1");
    let (of_pub1, _, _, pub1_refresh) = redeemed("pub1");
    let (and_decided, decided_handle, decided_code) = {
        let (mut bench, handle) = asked();
        let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
        (bench, handle, answer.location("code").expect("a code").to_owned())
    };
    let one_redemption = |played: &Played| {
        played.with("access_token").len() == 1
            && state(played) == "revoked"
            && count(played, Reason::CodeReplayed) == 1
            && count(played, Reason::CodeReplayed) + count(played, Reason::CodeDead) == played.answers.len() - 1
    };
    let at_most_one_redemption = |played: &Played| {
        let replayed = count(played, Reason::CodeReplayed) > 0;
        played.with("access_token").len() <= 1
            && (!replayed || state(played) == "revoked")
            && ["code", "active 1", "revoked"].contains(&state(played).as_str())
    };
    let one_public_refresh = |played: &Played| {
        played.with("access_token").len() == 1
            && count(played, Reason::RefreshTokenReused) == 1
            && state(played) == "revoked"
    };
    let at_most_one_public_refresh = |played: &Played| {
        let reused = count(played, Reason::RefreshTokenReused) > 0;
        played.with("access_token").len() <= 1
            && (!reused || state(played) == "revoked")
            && ["active 1", "active 2", "revoked"].contains(&state(played).as_str())
    };
    let revoked_if_said = |played: &Played| {
        let over = [Event::Revoked, Event::CodeReplayed].iter().any(|event| logged(played, *event) > 0);
        (!over || state(played) == "revoked") && same_tokens(played)
    };
    let one_decision = |played: &Played| {
        let decided = logged(played, Event::Approved) + logged(played, Event::Denied);
        let codes = played.with("code").len();
        decided <= 1 && codes == logged(played, Event::Approved) && (codes == 0 || state(played) == "code")
    };
    vec![
        Meeting {
            name: "two redemptions of one code",
            bench: Bench { store: with_code.store.clone(), ..Bench::default() },
            calls: vec![redeem(&code), redeem(&code)],
            calm: one_redemption,
            always: at_most_one_redemption,
        },
        Meeting {
            name: "three redemptions of one code",
            bench: Bench { store: with_code.store.clone(), ..Bench::default() },
            calls: vec![redeem(&code), redeem(&code), redeem(&code)],
            calm: one_redemption,
            always: at_most_one_redemption,
        },
        Meeting {
            name: "a redemption by the owner and one by a thief",
            bench: with_code,
            calls: vec![redeem(&code), redeem_as_c2(&code)],
            calm: |played| {
                let owner_won = played.answers[0].as_ref().is_some_and(|answer| answer.status == 200);
                let thief = count(played, Reason::CodeReplayedForeign) + count(played, Reason::CodeForeign);
                thief == 1 && state(played) == if owner_won { "active 1" } else { "revoked" }
            },
            always: |played| {
                let thief_won = played.answers[1].as_ref().is_some_and(|answer| answer.status == 200);
                let burnt = logged(played, Event::CodeBurnt) > 0;
                !thief_won && (!burnt || (state(played) == "revoked" && played.with("access_token").is_empty()))
            },
        },
        Meeting {
            name: "two refreshes of one token by a public client",
            bench: Bench { store: of_pub1.store.clone(), ..Bench::default() },
            calls: vec![refresh("pub1", &pub1_refresh), refresh("pub1", &pub1_refresh)],
            calm: one_public_refresh,
            always: at_most_one_public_refresh,
        },
        Meeting {
            name: "three refreshes of one token by a public client",
            bench: of_pub1,
            calls: vec![refresh("pub1", &pub1_refresh), refresh("pub1", &pub1_refresh), refresh("pub1", &pub1_refresh)],
            calm: one_public_refresh,
            always: at_most_one_public_refresh,
        },
        Meeting {
            name: "two refreshes of one token by a confidential client",
            bench: Bench { store: of_c1.store.clone(), ..Bench::default() },
            calls: vec![refresh("c1", &c1_refresh), refresh("c1", &c1_refresh)],
            calm: |played| played.with("access_token").len() == 2 && same_tokens(played) && state(played) == "active 2",
            always: |played| same_tokens(played) && ["active 1", "active 2"].contains(&state(played).as_str()),
        },
        Meeting {
            name: "a refresh and a revocation",
            bench: Bench { store: of_c1.store.clone(), ..Bench::default() },
            calls: vec![refresh("c1", &c1_refresh), revoke(&c1_refresh)],
            calm: |played| state(played) == "revoked" && logged(played, Event::Revoked) == 1,
            always: revoked_if_said,
        },
        Meeting {
            name: "two refreshes and a revocation",
            bench: Bench { store: of_c1.store.clone(), ..Bench::default() },
            calls: vec![refresh("c1", &c1_refresh), refresh("c1", &c1_refresh), revoke(&c1_access)],
            calm: |played| state(played) == "revoked" && logged(played, Event::Revoked) == 1 && same_tokens(played),
            always: revoked_if_said,
        },
        Meeting {
            name: "a refresh and a replay of the code",
            bench: of_c1,
            calls: vec![refresh("c1", &c1_refresh), redeem(&c1_code)],
            calm: |played| state(played) == "revoked" && count(played, Reason::CodeReplayed) == 1,
            always: revoked_if_said,
        },
        Meeting {
            name: "two uses of one request_uri",
            bench: Bench { store: pushed.store.clone(), ..Bench::default() },
            calls: vec![bring(&request_uri), bring(&request_uri)],
            calm: |played| {
                state(played) == "pending" && prompts(played) == 1 && count(played, Reason::PushedRequestUsed) == 1
            },
            always: one_use,
        },
        Meeting {
            name: "three uses of one request_uri",
            bench: pushed,
            calls: vec![bring(&request_uri), bring(&request_uri), bring(&request_uri)],
            calm: |played| {
                state(played) == "pending" && prompts(played) == 1 && count(played, Reason::PushedRequestUsed) == 2
            },
            always: one_use,
        },
        Meeting {
            name: "two approvals",
            bench: Bench { store: with_request.store.clone(), ..Bench::default() },
            calls: vec![decide(&handle, Some("read")), decide(&handle, Some("read"))],
            calm: |played| played.with("code").len() == 1 && count(played, Reason::InteractionDecided) == 1,
            always: one_decision,
        },
        Meeting {
            name: "an approval and a refusal",
            bench: with_request,
            calls: vec![decide(&handle, Some("read")), decide(&handle, None)],
            calm: |played| match state(played).as_str() {
                "code" => played.with("code").len() == 1 && count(played, Reason::InteractionDecided) == 1,
                "gone" => played.with("code").is_empty() && count(played, Reason::InteractionExpired) == 1,
                _ => false,
            },
            always: one_decision,
        },
        Meeting {
            name: "a redemption and a second decision",
            bench: and_decided,
            calls: vec![redeem(&decided_code), decide(&decided_handle, None)],
            calm: |played| state(played) == "active 1" && count(played, Reason::InteractionDecided) == 1,
            always: |played| {
                logged(played, Event::Denied) == 0 && ["code", "active 1"].contains(&state(played).as_str())
            },
        },
    ]
}

#[test]
fn every_order_keeps_what_each_meeting_promises() {
    let schedules: usize = meetings().iter().map(Meeting::keeps_its_promises).sum();
    println!("{schedules} schedules");
    assert!(schedules > 5_000, "{schedules}");
}

#[test]
fn every_fault_of_a_store_is_found_by_every_meeting_that_it_can_hurt() {
    let harmless: &[(&str, Fault)] = &[
        // Both write the same successor: the second write changes nothing, or makes up for the first.
        ("two refreshes of one token by a confidential client", Fault::Unconditional),
        ("two refreshes of one token by a confidential client", Fault::Forgets),
        // A row that is read too old loses the race, and that is all that there is to lose.
        ("two uses of one request_uri", Fault::Stale),
        ("three uses of one request_uri", Fault::Stale),
        // A second decision finds nothing to do, and writes nothing that a store could spoil.
        ("a redemption and a second decision", Fault::Unconditional),
        ("a redemption and a second decision", Fault::Stale),
    ];
    assert_eq!(misjudged(&meetings(), harmless), []);
}

/// A call whose commit is done, and whose answer never arrives.
fn lost(bench: &mut Bench, call: Call) -> Answer {
    let mut last = None;
    explore(
        &bench.server,
        bench.now,
        &[call],
        Some(Mishap::LostAnswer),
        || bench.store.clone(),
        |played| {
            if played.store != bench.store {
                last = Some(played);
            }
        },
    );
    let played = last.expect("a schedule that writes");
    bench.store = played.store;
    played.answers[0].clone().expect("an answer")
}

#[test]
fn a_client_knows_what_to_do_when_an_answer_is_lost() {
    let busy = |answer: &Answer| assert_eq!((answer.status, answer.reason), (503, Some(Reason::StoreUnavailable)));

    // A client that authenticates gets the successor that it missed.
    let (mut bench, _, _, token) = redeemed("c1");
    busy(&lost(&mut bench, refresh("c1", &token)));
    let again = bench.refresh_as_c1(&token);
    assert_eq!(again.event, Some(Event::RefreshRetried));
    assert_eq!(bench.refresh_as_c1(&again.member("refresh_token").unwrap()).status, 200);

    // To a public client the lost successor is a stolen one: the user must sign in again.
    let (mut bench, _, _, token) = redeemed("pub1");
    busy(&lost(&mut bench, refresh("pub1", &token)));
    assert_eq!(bench.refresh_as_pub1(&token).reason, Some(Reason::RefreshTokenReused));

    // A code is spent, whoever holds its tokens: the client must begin again.
    let (mut bench, code) = approved();
    busy(&lost(&mut bench, redeem(&code)));
    assert_eq!(bench.redeem_as_c1(&code).reason, Some(Reason::CodeReplayed));
    assert_eq!(bench.redeem_as_c1(&code).reason, Some(Reason::CodeDead));

    // A decision stands, and its code reaches nobody.
    let (mut bench, handle) = asked();
    busy(&lost(&mut bench, decide(&handle, Some("read"))));
    assert_eq!(bench.decide(&handle, Decision::Deny).reason, Some(Reason::InteractionDecided));

    // RFC 7009 section 2.2.1: the client may ask again, and the token is dead.
    let (mut bench, _, access, token) = redeemed("c1");
    busy(&lost(&mut bench, revoke(&token)));
    let again = bench.revoke(Message::post(&format!("token={token}")).basic("c1", C1_SECRET));
    assert_eq!((again.status, again.reason), (200, None));
    assert!(!bench.is_active(&access));
}

#[test]
fn a_flow_that_is_abandoned_leaves_the_row_to_the_next() {
    let (bench, code) = approved();
    let mut crashed_after_commit = 0;
    explore(
        &bench.server,
        bench.now,
        &[redeem(&code)],
        Some(Mishap::Crash),
        || bench.store.clone(),
        |played| {
            let written = played.store != bench.store;
            crashed_after_commit += usize::from(written);
            let mut after = Bench { store: played.store, ..Bench::default() };
            let answer = after.redeem_as_c1(&code);
            assert_eq!(answer.status, if written { 400 } else { 200 }, "{answer:?}");
        },
    );
    assert_eq!(crashed_after_commit, 1, "the schedule without a crash");
}
