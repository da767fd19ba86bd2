//! The sign-out: whatever fails, it ends in a state that the application knows.

use symbolon::Reason;
use symbolon_tests::app::*;
use symbolon_tests::fixture::*;
use symbolon_tests::peer::*;

#[test]
fn a_sign_out_ends_in_a_defined_state_whatever_fails() {
    use Reason::{PeerUnavailable, ServerRefused, Status, StoreBusy, StoreUnavailable};
    let mut app = App::default();
    let mut bench = Bench::default();
    let (session, _) = app.signed_in(&mut bench);
    let full = std::mem::take(&mut app.store);
    let ok = Canned { status: 200, headers: vec![], body: String::new() };
    let run = |answer: &Option<Canned>, fault: Option<(usize, Fault)>| {
        let mut store = full.clone();
        let mut host = Peer::new(&mut store, |_, _| answer.clone());
        host.fault = fault;
        let ended = app.revoke_on(session, &mut host);
        let sent = host.sent.len();
        (ended, sent, store.rows.is_empty())
    };
    let failed = |reason: Reason| SignOut::Failed(reason.into());
    let good = Some(ok.clone());
    assert_eq!(run(&good, None), (SignOut::SignedOut { at_server: true }, 1, true));
    assert_eq!(run(&good, Some((0, Fault::Unavailable))), (failed(StoreUnavailable), 0, false));
    assert_eq!(run(&good, Some((1, Fault::Unavailable))), (failed(PeerUnavailable), 1, false));
    assert_eq!(run(&good, Some((1, Fault::Lost))), (failed(PeerUnavailable), 1, false));
    assert_eq!(run(&good, Some((2, Fault::Unavailable))), (failed(StoreUnavailable), 1, false));
    assert_eq!(run(&good, Some((2, Fault::Lost))), (failed(StoreUnavailable), 1, true));
    // Another has written the row: it is read again and deleted, and the server is not told twice.
    assert_eq!(run(&good, Some((2, Fault::Conflict))), (SignOut::SignedOut { at_server: true }, 1, true));
    assert_eq!(run(&Some(Canned { status: 503, ..ok.clone() }), None), (failed(PeerUnavailable), 1, false));
    assert_eq!(run(&Some(Canned { status: 302, ..ok.clone() }), None), (failed(Status), 1, false));
    let error = |code: &str| Some(Canned::json(400, &format!("{{\"error\":\"{code}\"}}")));
    let refusal = Refusal { reason: ServerRefused, error: Some(("invalid_client".to_owned(), None)) };
    assert_eq!(run(&error("invalid_client"), None), (SignOut::Failed(refusal), 1, false));
    assert_eq!(run(&error("unsupported_token_type"), None), (SignOut::SignedOut { at_server: false }, 1, true));

    // The refresh token stands for the grant.
    let mut store = full.clone();
    let mut host = Peer::new(&mut store, |_, _| good.clone());
    app.revoke_on(session, &mut host);
    assert_eq!(host.sent[0].parameter("token_type_hint").as_deref(), Some("refresh_token"));
    // A second sign-out finds nothing and tells nobody.
    let mut host = Peer::new(&mut store, nobody);
    assert_eq!(app.revoke_on(session, &mut host), SignOut::SignedOut { at_server: false });
    // Races without end.
    let mut store = full.clone();
    let mut host = Losing { store: &mut store, races: u8::MAX, answer: good.clone() };
    assert_eq!(app.revoke_on(session, &mut host), failed(StoreBusy));
    assert_eq!(u8::MAX - host.races, symbolon::limits::RACES + 1);
}

#[test]
fn a_sign_out_during_a_refresh_tells_the_server_of_the_tokens_that_are_deleted() {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (session, tokens) = app.signed_in(&mut bench);
    let mut store = app.store.clone();
    let fresh = r#"{"access_token":"b","token_type":"Bearer","refresh_token":"next"}"#;
    let mut told = 0;
    let mut host = Peer::new(&mut store, |_, store| {
        told += 1;
        if told == 1 {
            let mut peer = Peer::new(store, |_, _| Some(Canned::json(200, fresh)));
            app.refresh_on(session, Some(&tokens.access_token), &mut peer);
        }
        Some(Canned::json(200, "{}"))
    });
    assert_eq!(app.revoke_on(session, &mut host), SignOut::SignedOut { at_server: true });
    let tokens: Vec<_> = host.sent.iter().filter_map(|sent| sent.parameter("token")).collect();
    assert_eq!(tokens, [app.refresh_token(session).expect("a refresh token"), "next".to_owned()]);
    assert!(store.rows.is_empty());
}

#[test]
fn a_server_without_a_revocation_endpoint_is_not_told() {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (session, _) = app.signed_in(&mut bench);
    app.metadata = metadata(ISSUER, &DOCUMENT.replace("revocation_endpoint", "x"));
    let mut store = std::mem::take(&mut app.store);
    assert_eq!(app.revoke_on(session, &mut Peer::new(&mut store, nobody)), SignOut::SignedOut { at_server: false });
    assert!(store.rows.is_empty());
}
