//! A session's refresh: one lease, one spent refresh token, whatever fails.

use symbolon::Reason;
use symbolon::limits::{FRESH_MARGIN, SESSION_LEASE};
use symbolon::record::Key;
use symbolon::terms::Time;
use symbolon_tests::app::*;
use symbolon_tests::fixture::*;
use symbolon_tests::peer::*;
use symbolon_tests::store::MemoryStore;

/// When the access token of the tests has ended.
const LATER: Time = Time(NOW.0 + 600);

/// A session whose access token has ended.
fn ended() -> (App, Bench, Key, Held) {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (session, tokens) = app.signed_in(&mut bench);
    (app.now, bench.now) = (LATER, LATER);
    (app, bench, session, tokens)
}

fn on(store: MemoryStore, now: Time) -> App {
    App { store, now, ..App::default() }
}

#[test]
fn a_fresh_token_costs_one_question() {
    let (mut app, _, session, tokens) = ended();
    for (now, fresh) in [
        (NOW, true),
        (Time(LATER.0 - FRESH_MARGIN - 1), true),
        (Time(LATER.0 - FRESH_MARGIN), false),
        (Time(NOW.0 - 5000), true),
    ] {
        app.now = now;
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |_, _| None);
        let ended = app.refresh_on(session, None, &mut host);
        assert_eq!(host.questions == 1, fresh, "{now:?}");
        assert_eq!(matches!(&ended, Refresh::Usable(held) if held.access_token == tokens.access_token), fresh);
    }
}

#[test]
fn a_rejected_token_is_not_handed_out_again() {
    let (mut app, mut bench, session, tokens) = ended();
    (app.now, bench.now) = (NOW.after(1), NOW.after(1));
    let Refresh::Usable(next) = app.refresh(session, Some(&tokens.access_token), &mut bench) else {
        panic!("no token")
    };
    assert_ne!(next.access_token, tokens.access_token);
    // Another tab that met the same rejection takes what the first has got.
    assert_eq!(app.refresh(session, Some(&tokens.access_token), &mut bench), Refresh::Usable(next));
}

#[test]
fn two_tabs_spend_one_refresh_token() {
    let (app, mut bench, session, _) = ended();
    let mut store = app.store.clone();
    let (mut second, mut sends) = (None, 0);
    let mut host = Peer::new(&mut store, |sent, store| {
        sends += 1;
        second = Some(app.refresh_on(session, None, &mut Peer::new(store, nobody)));
        serve(&mut bench, sent)
    });
    let Refresh::Usable(first) = app.refresh_on(session, None, &mut host) else { panic!("no token") };
    assert_eq!((sends, second), (1, Some(Refresh::Busy(LATER.after(SESSION_LEASE)))));
    // Both have read the row before either wrote: the loser reads again.
    let after = on(store.clone(), LATER);
    assert_eq!(after.refresh_on(session, None, &mut Peer::new(&mut store, nobody)), Refresh::Usable(first));
    let mut store = app.store.clone();
    let mut host = Peer::new(&mut store, |sent, _| serve(&mut bench, sent)).with_fault(1, Fault::Conflict);
    let ended = app.refresh_on(session, None, &mut host);
    assert_eq!((host.sent.len(), host.questions), (1, 6), "{ended:?}");
}

#[test]
fn a_lease_lapses_and_is_taken_over() {
    let (app, mut bench, session, tokens) = ended();
    // The holder dies before it sends.
    let mut store = app.store.clone();
    app.refresh_on(session, None, &mut Peer::new(&mut store, |_, _| None).with_fault(3, Fault::Unavailable));
    let mut later = on(store, LATER);
    assert_eq!(later.state(session), "refreshing");
    later.now = Time(LATER.0 + SESSION_LEASE - 1);
    assert_eq!(later.refresh(session, None, &mut bench), Refresh::Busy(LATER.after(SESSION_LEASE)));
    later.now = LATER.after(SESSION_LEASE);
    bench.now = later.now;
    let store = later.store.clone();
    assert!(matches!(later.refresh(session, None, &mut bench), Refresh::Usable(_)));
    assert_eq!(later.state(session), "active");
    // A clock that is behind the holder's does not take its lease away.
    for behind in [1, SESSION_LEASE] {
        let back = on(MemoryStore::default(), Time(LATER.0 - behind));
        let busy = back.refresh_on(session, Some(&tokens.access_token), &mut Peer::new(&mut store.clone(), nobody));
        assert_eq!(busy, Refresh::Busy(LATER.after(SESSION_LEASE)), "{behind}");
    }
    // A clock that was set back does not lock the session up.
    let back = on(store.clone(), Time(LATER.0 - SESSION_LEASE - 1));
    let mut host_store = store;
    let mut host = Peer::new(&mut host_store, |_, _| None);
    assert!(matches!(back.refresh_on(session, Some(&tokens.access_token), &mut host), Refresh::Failed(_)));
    assert_eq!(host.sent.len(), 1);
}

#[test]
fn who_comes_back_after_its_lease_has_lapsed_takes_nothing_from_its_successor() {
    let (app, mut bench, session, _) = ended();
    let refreshed = r#"{"access_token":"new","token_type":"Bearer","refresh_token":"next","expires_in":600}"#;
    // The successor has refreshed meanwhile; the first holder then hears `invalid_grant`, or is answered after all.
    for (late, usable) in [
        (Canned::json(400, r#"{"error":"invalid_grant"}"#), "new"),
        (Canned::json(200, &refreshed.replace("new", "old").replace("next", "lost")), "new"),
    ] {
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |_, store| {
            let successor = on(MemoryStore::default(), LATER.after(SESSION_LEASE));
            let mut host = Peer::new(store, |_, _| Some(Canned::json(200, refreshed)));
            assert!(matches!(successor.refresh_on(session, None, &mut host), Refresh::Usable(_)));
            Some(late.clone())
        });
        let Refresh::Usable(held) = app.refresh_on(session, None, &mut host) else { panic!("{late:?}") };
        assert_eq!(held.access_token, usable);
        let after = on(store, LATER);
        assert_eq!((after.state(session), after.refresh_token(session).as_deref()), ("active", Some("next")));
    }
    // The successor has only taken the lease: what the first has got is newer than what the row holds.
    let mut store = app.store.clone();
    let mut host = Peer::new(&mut store, |sent, store| {
        let successor = on(MemoryStore::default(), LATER.after(SESSION_LEASE));
        let dead = Peer::new(store, |_, _| None);
        successor.refresh_on(session, None, &mut dead.with_fault(3, Fault::Unavailable));
        serve(&mut bench, sent)
    });
    assert!(matches!(app.refresh_on(session, None, &mut host), Refresh::Usable(_)));
    assert_eq!(on(store, LATER).state(session), "active");
    // The user has signed out meanwhile.
    let mut store = app.store.clone();
    let mut host = Peer::new(&mut store, |_, store| {
        store.rows.clear();
        Some(Canned::json(200, refreshed))
    });
    assert_eq!(app.refresh_on(session, None, &mut host), Refresh::SignInAgain(Reason::SessionGone.into()));
    // What came after it is revoked.
    assert_eq!(host.sent.last().and_then(|sent| sent.parameter("token")).as_deref(), Some("next"));
    assert_eq!(host.sent.len(), 2);
    assert!(store.rows.is_empty());
}

#[test]
fn the_refresh_token_stays_if_the_server_sends_no_other() {
    let (app, _, session, _) = ended();
    let run = |body: &str| {
        let mut store = app.store.clone();
        let ended = app.refresh_on(session, None, &mut Peer::new(&mut store, |_, _| Some(Canned::json(200, body))));
        (ended, on(store, LATER).refresh_token(session))
    };
    let held = |scope: &str, wider| {
        let (access_token, scope) = ("a".to_owned(), scope.to_owned());
        Refresh::Usable(Held { access_token, expires_at: None, scope, wider })
    };
    let old = app.refresh_token(session);
    assert!(old.is_some());
    assert_eq!(run(r#"{"access_token":"a","token_type":"Bearer"}"#), (held("read", false), old.clone()));
    let next = run(r#"{"access_token":"a","token_type":"Bearer","refresh_token":"next","scope":"read admin"}"#);
    assert_eq!(next, (held("read admin", true), Some("next".to_owned())));
}

#[test]
fn a_scope_is_wider_than_the_one_asked_for_and_not_than_the_last() {
    let (mut app, _, session, tokens) = ended();
    let body = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"next","scope":"read admin"}"#;
    let mut store = std::mem::take(&mut app.store);
    // From the server, from the row, and from a server that says nothing of the scope.
    for (rejected, body) in [
        (Some(tokens.access_token.as_str()), body),
        (None, ""),
        (Some("a"), r#"{"access_token":"b","token_type":"Bearer"}"#),
    ] {
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, body)));
        match app.refresh_on(session, rejected, &mut host) {
            Refresh::Usable(held) => assert!(held.wider && held.scope == "read admin", "{held:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn only_invalid_grant_ends_the_session() {
    let (app, _, session, _) = ended();
    let old = app.refresh_token(session);
    for (canned, reason, state) in [
        (Some(Canned::json(400, r#"{"error":"invalid_grant"}"#)), Reason::ServerRefused, "gone"),
        (Some(Canned::json(403, r#"{"error":"invalid_grant"}"#)), Reason::ServerRefused, "gone"),
        (Some(Canned::json(401, r#"{"error":"invalid_client"}"#)), Reason::ServerRefused, "active"),
        (Some(Canned::json(500, r#"{"error":"invalid_grant"}"#)), Reason::PeerUnavailable, "active"),
        (Some(Canned::json(400, "{}")), Reason::Status, "active"),
        (Some(Canned::json(302, "{}")), Reason::Status, "active"),
        (Some(Canned::json(200, "{}")), Reason::TokenType, "active"),
        (None, Reason::PeerUnavailable, "active"),
    ] {
        let mut store = app.store.clone();
        let ended = app.refresh_on(session, None, &mut Peer::new(&mut store, |_, _| canned.clone()));
        let after = on(store, LATER);
        assert_eq!(after.state(session), state, "{canned:?}");
        match ended {
            Refresh::SignInAgain(refusal) => assert_eq!((refusal.reason, state), (reason, "gone"), "{canned:?}"),
            Refresh::Failed(refusal) => {
                assert_eq!((refusal.reason, state), (reason, "active"), "{canned:?}");
                assert_eq!(after.refresh_token(session), old);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_is_lost_whichever_question_fails() {
    use Fault::{Conflict, Down, Lost, Unavailable};
    let (app, _, session, _) = ended();
    let body = r#"{"access_token":"a","token_type":"Bearer"}"#;
    // load, commit the lease, send, commit the tokens; and if that is not answered by yes, load and commit again.
    for (at, fault, reason, sent, state) in [
        (0, Unavailable, Some(Reason::StoreUnavailable), 0, "active"),
        (1, Unavailable, Some(Reason::StoreUnavailable), 0, "active"),
        (1, Lost, Some(Reason::StoreUnavailable), 0, "refreshing"),
        (1, Conflict, None, 1, "active"),
        (2, Unavailable, Some(Reason::PeerUnavailable), 1, "active"),
        (2, Lost, Some(Reason::PeerUnavailable), 1, "active"),
        (3, Unavailable, None, 1, "active"),
        (3, Lost, None, 1, "active"),
        (3, Down, Some(Reason::StoreUnavailable), 1, "refreshing"),
        (3, Conflict, None, 1, "active"),
    ] {
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, body))).with_fault(at, fault);
        match (app.refresh_on(session, None, &mut host), reason) {
            (Refresh::Usable(held), None) => assert_eq!(held.access_token, "a"),
            (Refresh::Failed(refusal), Some(reason)) => assert_eq!(refusal, reason.into(), "{at} {fault:?}"),
            other => panic!("{at} {fault:?}: {other:?}"),
        }
        assert_eq!(host.sent.len(), sent, "{at} {fault:?}");
        let after = on(store, LATER);
        assert_eq!(after.state(session), state, "{at} {fault:?}");
        assert!(after.refresh_token(session).is_some());
    }
    // What could not be given back lapses; what could not be deleted is over all the same.
    for (canned, lost) in
        [(None, "refreshing"), (Some(Canned::json(400, r#"{"error":"invalid_grant"}"#)), "refreshing")]
    {
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |_, _| canned.clone()).with_fault(3, Unavailable);
        let ended = app.refresh_on(session, None, &mut host);
        assert_eq!(matches!(ended, Refresh::SignInAgain(_)), canned.is_some());
        assert_eq!(on(store, LATER).state(session), lost);
    }
}

#[test]
fn a_session_that_is_none_is_refused() {
    let (mut app, _, session, _) = ended();
    let mut store = app.store.clone();
    let gone = Refresh::SignInAgain(Reason::SessionGone.into());
    assert_eq!(app.refresh_on(Key([9; 32]), None, &mut Peer::new(&mut store, nobody)), gone);
    let (_, begun) = app.authorize(BROWSER, None).expect("a sign-in");
    let mut store = app.store.clone();
    assert_eq!(app.refresh_on(begun, None, &mut Peer::new(&mut store, nobody)), gone);
    // Another client of the same server.
    app.client.client_id = symbolon::terms::client_id::ClientId::parse("c2").expect("a client_id");
    let foreign = Refresh::Failed(Reason::SessionForeign.into());
    assert_eq!(app.refresh_on(session, None, &mut Peer::new(&mut store, nobody)), foreign);
    assert_eq!(
        app.revoke_on(session, &mut Peer::new(&mut store, nobody)),
        SignOut::Failed(Reason::SessionForeign.into())
    );
    store.rows.get_mut(&session).expect("a row").value.truncate(20);
    let undecodable = Refresh::Failed(Reason::RowUndecodable.into());
    assert_eq!(app.refresh_on(session, None, &mut Peer::new(&mut store, nobody)), undecodable);
}

#[test]
fn a_session_without_a_refresh_token_lives_as_long_as_its_access_token() {
    let mut app = App::default();
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let state = parameter(&query(&url), "state").expect("a state");
    let mut store = std::mem::take(&mut app.store);
    let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":600}"#;
    let response = format!("code=x&iss=https%3A%2F%2Fas.example&state={state}");
    assert!(
        app.callback_on(&response, BROWSER, &mut Peer::new(&mut store, |_, _| Some(Canned::json(200, body)))).is_ok()
    );
    assert_eq!(store.rows[&session].expires_at, LATER.0);
    app.now = Time(LATER.0 - 1);
    assert!(matches!(app.refresh_on(session, None, &mut Peer::new(&mut store, nobody)), Refresh::Usable(_)));
    let over = Refresh::SignInAgain(Reason::SessionExpired.into());
    assert_eq!(app.refresh_on(session, Some("a"), &mut Peer::new(&mut store, nobody)), over);
    app.now = LATER;
    assert_eq!(app.refresh_on(session, None, &mut Peer::new(&mut store, nobody)), over);
}
