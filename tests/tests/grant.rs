//! The life cycle of a grant, from the authorization request to revocation.

use symbolon::server::{Authenticated, BUFFER, Decision};
use symbolon::terms::UserAgent;
use symbolon::{Event, Name, Reason};
use symbolon_tests::drive::drive;
use symbolon_tests::fixture::*;

#[test]
fn a_code_is_redeemed_refreshed_and_revoked() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read write");
    let tokens = bench.redeem_as_c1(&code);
    assert_eq!((tokens.status, tokens.event), (200, Some(Event::CodeRedeemed)), "{tokens:?}");
    assert_eq!(tokens.header("Cache-Control"), Some("no-store"));
    let access = tokens.member("access_token").unwrap();
    assert!(bench.is_active(&access));
    let refreshed = bench.refresh_as_c1(&tokens.member("refresh_token").unwrap());
    assert_eq!((refreshed.status, refreshed.event), (200, Some(Event::Refreshed)), "{refreshed:?}");
    let revoked = bench
        .revoke(Message::post(&format!("token={}", refreshed.member("refresh_token").unwrap())).basic("c1", C1_SECRET));
    assert_eq!((revoked.status, revoked.event), (200, Some(Event::Revoked)), "{revoked:?}");
    assert!(!bench.is_active(&access));
    let dead = bench.refresh_as_c1(&refreshed.member("refresh_token").unwrap());
    assert_eq!((dead.status, dead.reason), (400, Some(Reason::RefreshTokenDead)));
}

#[test]
fn a_lost_response_is_answered_again_with_the_same_tokens() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let first = bench.redeem_as_c1(&code).member("refresh_token").unwrap();
    let lost = bench.refresh_as_c1(&first);
    bench.now = bench.now.after(5);
    let again = bench.refresh_as_c1(&first);
    assert_eq!(again.event, Some(Event::RefreshRetried), "{again:?}");
    for token in ["access_token", "refresh_token"] {
        assert_eq!(lost.member(token), again.member(token));
    }
    bench.now = bench.now.after(60);
    let reuse = bench.refresh_as_c1(&first);
    assert_eq!((reuse.status, reuse.reason), (400, Some(Reason::RefreshTokenReused)));
    assert!(!bench.is_active(&again.member("access_token").unwrap()));
}

#[test]
fn a_superseded_refresh_token_of_a_public_client_ends_the_grant() {
    let mut bench = Bench::default();
    let code = bench.code_of_pub1("read");
    let first = bench.redeem_as_pub1(&code).member("refresh_token").unwrap();
    let second = bench.refresh_as_pub1(&first);
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(bench.refresh_as_pub1(&first).reason, Some(Reason::RefreshTokenReused));
    let dead = bench.refresh_as_pub1(&second.member("refresh_token").unwrap());
    assert_eq!(dead.reason, Some(Reason::RefreshTokenDead));
}

#[test]
fn a_decision_is_made_once() {
    let mut bench = Bench::default();
    let query = authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read");
    let Interaction::Ask { handle, refusal: None } = bench.authorize(Message::get(&query)) else { panic!() };
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location("state"), Some("xyz"));
    assert_eq!(answer.location("iss"), Some("https%3A%2F%2Fas.example"));
    assert_eq!(bench.decide(&handle, Decision::Deny).reason, Some(Reason::InteractionDecided));
}

#[test]
fn no_user_is_called_as_the_client_is() {
    let mut bench = Bench::default();
    let query = authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read");
    let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else { panic!("no question") };
    let start = bench.store.clone();
    let approved = Decision::Approve { scope: "read", authorization_details: "" };
    let (browser, mut buffer) = (UserAgent::new(BROWSER).expect("long enough"), vec![0; BUFFER]);
    let user = Authenticated::new("c1", bench.now).expect("a subject");
    let step = bench.server.decide(&handle, browser, user, approved, bench.now, &mut buffer);
    let answer: Answer = drive(step.expect("long enough"), &mut bench.store).into();
    assert_eq!(answer.reason, Some(Reason::Malformed(Name::Sub)));
    assert_eq!(answer.location("code"), None);
    assert_eq!(bench.store, start);
}
