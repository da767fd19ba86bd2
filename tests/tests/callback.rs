//! The authorization response: what the client refuses, in which order, and what is left behind.

use symbolon::Name;
use symbolon::Reason;
use symbolon::client::{Client, MixUpDefense};
use symbolon::limits::SEND_TIMEOUT;
use symbolon::server::Decision;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::issuer::Issuer;
use symbolon_tests::app::*;
use symbolon_tests::fixture::*;
use symbolon_tests::peer::*;

/// A sign-in that waits for its response, and the good response.
fn begun() -> (App, Bench, symbolon::record::Key, String) {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let response = app.visit(&mut bench, &url, Decision::Approve { scope: "read", authorization_details: "" });
    (app, bench, session, response)
}

/// Brings a response that must be refused with nothing sent; what is left of the session.
fn refused(
    app: &App,
    session: symbolon::record::Key,
    response: &str,
    browser: &[u8],
) -> (Refusal, usize, &'static str) {
    let mut store = app.store.clone();
    let mut host = Peer::new(&mut store, nobody);
    let refusal = app.callback_on(response, browser, &mut host).err().unwrap_or_else(|| panic!("taken: {response}"));
    let questions = host.questions;
    let after = App { store, client: client(), ..App::default() };
    (refusal, questions, after.state(session))
}

const ISS: &str = "iss=https%3A%2F%2Fas.example";

#[test]
fn a_response_of_another_server_is_refused_before_anything_is_read() {
    let (app, _, session, good) = begun();
    for (response, reason) in [
        (good.replace(ISS, "iss=https%3A%2F%2Fevil.example"), Reason::IssMismatch),
        (good.replace(ISS, "iss=https%3A%2F%2Fas.example%2F"), Reason::IssMismatch),
        (good.replace(ISS, "iss=HTTPS%3A%2F%2Fas.example"), Reason::IssMismatch),
        (good.replace(ISS, "iss=%00"), Reason::IssMismatch),
        (good.replace(ISS, "x=1"), Reason::IssMissing),
        (good.replace(ISS, "iss="), Reason::IssMissing),
        (format!("{good}&{ISS}"), Reason::Repeated(Name::Iss)),
        (format!("{good}&state=x"), Reason::Repeated(Name::State)),
        (format!("{good}&code="), Reason::Repeated(Name::Code)),
        ("error=a&error=b".to_owned(), Reason::Repeated(Name::Error)),
        (format!("{ISS}&code=x"), Reason::StateUnknown),
        (format!("{ISS}&code=x&state=%0a"), Reason::StateUnknown),
        ("%zz".to_owned(), Reason::PercentEncoding),
        // A forged error is neither shown nor does it end the sign-in.
        (
            "error=access_denied&error_description=pay+here&iss=https%3A%2F%2Fevil.example&state=x".to_owned(),
            Reason::IssMismatch,
        ),
    ] {
        let (refusal, questions, state) = refused(&app, session, &response, BROWSER);
        assert_eq!((refusal, questions, state), (reason.into(), 0, "started"), "{response}");
    }
}

#[test]
fn iss_is_judged_by_the_table_of_rfc_9207() {
    let silent = metadata(ISSUER, &DOCUMENT.replace("true", "false"));
    for (iss, advertised, taken) in [
        (Some(ISS), true, true),
        (None, true, false),
        (Some("iss=https%3A%2F%2Fevil.example"), true, false),
        (Some(ISS), false, true),
        (None, false, true),
        (Some("iss=https%3A%2F%2Fevil.example"), false, false),
    ] {
        let (mut app, mut bench) = (App::default(), Bench::default());
        if !advertised {
            app.metadata = silent;
            app.client.mix_up_defense = MixUpDefense::OwnRedirectUri;
        }
        let (url, _) = app.authorize(BROWSER, None).expect("a sign-in");
        let good = app.visit(&mut bench, &url, Decision::Approve { scope: "read", authorization_details: "" });
        let response = good.replace(ISS, iss.unwrap_or("x=1"));
        assert_eq!(app.callback(&response, BROWSER, &mut bench).is_ok(), taken, "{iss:?} {advertised}");
    }
}

#[test]
fn metadata_that_is_read_again_does_not_drop_the_defense() {
    let silent = metadata(ISSUER, &DOCUMENT.replace("true", "false"));
    for mix_up_defense in [MixUpDefense::Iss, MixUpDefense::OwnRedirectUri, MixUpDefense::OnlyServer] {
        let (mut app, _, session, good) = begun();
        app.metadata = silent;
        app.client.mix_up_defense = mix_up_defense;
        let (refusal, _, left) = refused(&app, session, &good.replace(ISS, "x=1"), BROWSER);
        assert_eq!((refusal, left), (Reason::IssMissing.into(), "started"), "{mix_up_defense:?}");
        let begun = app.authorize(BROWSER, None).map(|_| ());
        let expected = if mix_up_defense == MixUpDefense::Iss { Err(Reason::IssUnsupported) } else { Ok(()) };
        assert_eq!(begun, expected);
    }
}

#[test]
fn a_response_of_no_session_of_this_browser_is_refused() {
    let (app, _, session, good) = begun();
    let state = parameter(&good, "state").expect("a state");
    for (response, browser) in [
        // Signed in by an attacker, finished by a victim; and the other way round.
        (good.clone(), OTHER_BROWSER),
        (good.replace(&state, "unknown"), BROWSER),
        (good.replace(&state, &state[..42]), BROWSER),
        (good.replace(&state, &format!("{state}A")), BROWSER),
    ] {
        let (refusal, questions, state) = refused(&app, session, &response, browser);
        assert_eq!((refusal, questions, state), (Reason::StateUnknown.into(), 1, "started"), "{response}");
    }
    let late = App { now: NOW.after(600), store: app.store.clone(), ..App::default() };
    assert_eq!(refused(&late, session, &good, BROWSER).0, Reason::StateExpired.into());
    let forged = format!("error=access_denied&{ISS}&state={state}");
    assert_eq!(refused(&app, session, &forged, OTHER_BROWSER), (Reason::StateUnknown.into(), 1, "started"));
}

#[test]
fn a_session_of_one_server_never_meets_another() {
    let (app, _, session, good) = begun();
    // Two servers that share an authorization endpoint: the attacker's has a token endpoint of its own (RFC 9700 4.4).
    let evil = "https://evil.example";
    let document = DOCUMENT.replace("\"https://as.example\"", "\"https://evil.example\"").replace("true", "false");
    let at_evil = App {
        client: Client {
            issuer: Issuer::parse(evil).expect("an issuer"),
            mix_up_defense: MixUpDefense::OwnRedirectUri,
            ..client()
        },
        metadata: metadata(evil, &document.replace("https://as.example/token", "https://evil.example/token")),
        store: app.store.clone(),
        ..App::default()
    };
    let response = good.replace(ISS, "x=1");
    assert_eq!(refused(&at_evil, session, &response, BROWSER), (Reason::SessionForeign.into(), 1, "started"));
    // Metadata of another server than the client's, whoever mixed them up.
    let mixed = App { metadata: at_evil.metadata, store: app.store.clone(), ..App::default() };
    assert_eq!(refused(&mixed, session, &response, BROWSER), (Reason::IssuerMismatch.into(), 0, "started"));
    // Another client of the same server, and another context of the same client.
    let client_id = ClientId::parse("c2").expect("a client_id");
    for other in [Client { client_id, ..client() }, Client { redirect_uri: "https://client.example/cb2", ..client() }] {
        let other = App { client: other, store: app.store.clone(), ..App::default() };
        assert_eq!(refused(&other, session, &good, BROWSER), (Reason::SessionForeign.into(), 1, "started"));
    }
}

#[test]
fn an_attacker_that_forwards_to_the_honest_server_gets_no_code() {
    // The attacker's metadata names the honest authorization endpoint; the user comes back with the honest `iss`.
    let evil = "https://evil.example";
    let document = DOCUMENT.replace("\"https://as.example\"", "\"https://evil.example\"");
    let document = document.replace("https://as.example/token", "https://evil.example/token");
    let mut app = App {
        client: Client { issuer: Issuer::parse(evil).expect("an issuer"), ..client() },
        metadata: metadata(evil, &document),
        ..App::default()
    };
    let mut bench = Bench::default();
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let response = app.visit(&mut bench, &url, Decision::Approve { scope: "read", authorization_details: "" });
    assert!(response.contains(ISS) && response.contains("code="));
    assert_eq!(refused(&app, session, &response, BROWSER), (Reason::IssMismatch.into(), 0, "started"));
}

#[test]
fn a_response_is_used_once_whatever_it_says() {
    let (mut app, mut bench, session, good) = begun();
    let state = parameter(&good, "state").expect("a state");
    for (more, reason) in [
        ("error=access_denied", Reason::ServerRefused),
        ("error=access_denied&code=x", Reason::ServerRefused),
        ("error=a%22b", Reason::Malformed(Name::Error)),
        ("code=", Reason::Missing(Name::Code)),
        ("x=1", Reason::Missing(Name::Code)),
        ("code=%0a", Reason::Malformed(Name::Code)),
        ("code=x&access_token=t", Reason::ResponseUnexpected),
        ("access_token=t&token_type=Bearer", Reason::ResponseUnexpected),
        ("code=x&id_token=t", Reason::ResponseUnexpected),
        ("code=x&token=t", Reason::ResponseUnexpected),
        ("code=x&token_type=Bearer", Reason::ResponseUnexpected),
        ("code=x&response=t", Reason::ResponseUnexpected),
    ] {
        let (refusal, questions, left) = refused(&app, session, &format!("{more}&{ISS}&state={state}"), BROWSER);
        assert_eq!((refusal.reason, questions, left), (reason, 2, "gone"), "{more}");
    }
    assert!(app.callback(&good, BROWSER, &mut bench).is_ok());
    assert_eq!(refused(&app, session, &good, BROWSER), (Reason::StateUsed.into(), 1, "active"));
}

#[test]
fn the_words_of_a_server_are_shown_only_if_they_follow_their_grammar() {
    let (app, _, session, good) = begun();
    let state = parameter(&good, "state").expect("a state");
    for (description, shown) in [
        ("not+today", Some("not today")),
        ("%3Csvg%3E", Some("<svg>")),
        ("a%22b", None),
        ("%0d%0aa", None),
        ("%c3%a9", None),
    ] {
        let response = format!("error=access_denied&error_description={description}&{ISS}&state={state}");
        let (refusal, ..) = refused(&app, session, &response, BROWSER);
        assert_eq!(refusal.error, Some(("access_denied".to_owned(), shown.map(str::to_owned))), "{description}");
    }
}

#[test]
fn two_tabs_with_one_response_exchange_one_code() {
    let (app, mut bench, _, good) = begun();
    let mut store = app.store.clone();
    let mut inner = None;
    let mut host = Peer::new(&mut store, |sent, store| {
        inner = Some(app.callback_on(&good, BROWSER, &mut Peer::new(store, nobody)));
        serve(&mut bench, sent)
    });
    assert!(app.callback_on(&good, BROWSER, &mut host).is_ok());
    assert_eq!((host.sent.len(), inner), (1, Some(Err(Reason::StateUsed.into()))));
    // Both have read the row before either wrote.
    let mut store = app.store.clone();
    let mut host = Peer::new(&mut store, nobody).with_fault(1, Fault::Conflict);
    assert_eq!(app.callback_on(&good, BROWSER, &mut host), Err(Reason::StateUsed.into()));
}

#[test]
fn a_response_at_the_last_second_signs_in_though_the_store_drops_what_has_expired() {
    let (mut app, _, session, good) = begun();
    app.now = NOW.after(599);
    let mut store = app.store.clone();
    let mut host = Peer::new(&mut store, |_, store| {
        store.drop_expired(NOW.after(599 + u64::from(SEND_TIMEOUT)));
        Some(Canned::json(200, r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#))
    });
    assert!(app.callback_on(&good, BROWSER, &mut host).is_ok());
    store.drop_expired(NOW.after(599 + 60));
    assert!(!store.rows.contains_key(&session));
}

#[test]
fn tokens_that_come_after_a_sign_out_are_revoked() {
    let (app, _, session, good) = begun();
    for answer in [Some(Canned::json(200, "{}")), Some(Canned::json(400, "{}")), None] {
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |sent, store| {
            if sent.url.ends_with("/revoke") {
                return answer.clone();
            }
            app.revoke_on(session, &mut Peer::new(store, nobody));
            let body = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r"}"#;
            Some(Canned::json(200, body))
        });
        assert_eq!(app.callback_on(&good, BROWSER, &mut host), Err(Reason::SessionGone.into()));
        let revoked: Vec<_> = host.sent.iter().map(|sent| sent.parameter("token")).collect();
        assert_eq!(revoked, [None, Some("r".to_owned())]);
        assert!(store.rows.is_empty());
    }
}

#[test]
fn the_token_request_names_what_was_asked() {
    let (mut app, mut bench, _, good) = begun();
    let mut store = std::mem::take(&mut app.store);
    let mut host = Peer::new(&mut store, |sent, _| serve(&mut bench, sent));
    assert!(app.callback_on(&good, BROWSER, &mut host).is_ok());
    let [sent] = host.sent.as_slice() else { panic!("{:?}", host.sent) };
    assert_eq!(sent.url, "https://as.example/token");
    assert_eq!(sent.parameter("grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(sent.parameter("code"), parameter(&good, "code"));
    assert_eq!(sent.parameter("redirect_uri").as_deref(), Some("https%3A%2F%2Fclient.example%2Fcb"));
    assert_eq!(sent.parameter("resource").as_deref(), Some("https%3A%2F%2Frs.example%2F"));
    assert_eq!(sent.parameter("code_verifier").map(|verifier| verifier.len()), Some(43));
}

#[test]
fn a_token_response_is_taken_if_it_is_one() {
    let (app, _, session, good) = begun();
    let run = |canned: Canned| {
        let mut store = app.store.clone();
        let ended = app.callback_on(&good, BROWSER, &mut Peer::new(&mut store, |_, _| Some(canned.clone())));
        (ended, App { store, ..App::default() }.state(session))
    };
    let body = |body: &str| run(Canned::json(200, body));
    let held = |expires_in: Option<u64>, scope: &str, wider| {
        let expires_at = expires_in.map(|seconds| NOW.after(seconds));
        Held { access_token: "a".to_owned(), expires_at, scope: scope.to_owned(), wider }
    };
    for (text, tokens) in [
        (r#"{"access_token":"a","token_type":"Bearer"}"#, held(None, "read", false)),
        (r#"{"access_token":"a","token_type":"bEARER","expires_in":0}"#, held(Some(0), "read", false)),
        (r#"{"access_token":"a","token_type":"Bearer","scope":""}"#, held(None, "", false)),
        (r#"{"access_token":"a","token_type":"Bearer","scope":"read admin"}"#, held(None, "read admin", true)),
        (r#"{"access_token":"a","token_type":"Bearer","id_token":"x","unknown":[1]}"#, held(None, "read", false)),
    ] {
        assert_eq!(body(text), (Ok(tokens), "active"), "{text}");
    }
    for (text, reason) in [
        ("{}", Reason::TokenType),
        (r#"{"access_token":"a"}"#, Reason::TokenType),
        (r#"{"access_token":"a","token_type":"DPoP"}"#, Reason::TokenType),
        (r#"{"access_token":"a","token_type":["Bearer"]}"#, Reason::TokenType),
        (r#"{"token_type":"Bearer"}"#, Reason::Missing(Name::AccessToken)),
        (r#"{"access_token":null,"token_type":"Bearer"}"#, Reason::Malformed(Name::AccessToken)),
        (r#"{"access_token":1,"token_type":"Bearer"}"#, Reason::Malformed(Name::AccessToken)),
        (r#"{"access_token":"","token_type":"Bearer"}"#, Reason::Malformed(Name::AccessToken)),
        (r#"{"access_token":"a\n","token_type":"Bearer"}"#, Reason::Malformed(Name::AccessToken)),
        (r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#, Reason::JsonRepeated),
        (r#"{"access_token":"a","token_type":"Bearer","expires_in":"3600"}"#, Reason::Malformed(Name::ExpiresIn)),
        (r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#, Reason::Malformed(Name::ExpiresIn)),
        (r#"{"access_token":"a","token_type":"Bearer","expires_in":1.5}"#, Reason::Malformed(Name::ExpiresIn)),
        (r#"{"access_token":"a","token_type":"Bearer","refresh_token":""}"#, Reason::Malformed(Name::RefreshToken)),
        (r#"{"access_token":"a","token_type":"Bearer","refresh_token":null}"#, Reason::Malformed(Name::RefreshToken)),
        (r#"{"access_token":"a","token_type":"Bearer","scope":["read"]}"#, Reason::Malformed(Name::Scope)),
        (r#"{"error":"invalid_grant"}"#, Reason::ServerRefused),
        (r#"{"error":"x","access_token":"a","token_type":"Bearer"}"#, Reason::ServerRefused),
        (r#"["access_token"]"#, Reason::Json),
        ("", Reason::Json),
    ] {
        let (ended, state) = body(text);
        assert_eq!((ended.map_err(|refusal| refusal.reason), state), (Err(reason), "gone"), "{text}");
    }
    let good = r#"{"access_token":"a","token_type":"Bearer"}"#;
    let error = r#"{"error":"invalid_grant","error_description":"no\"quotes"}"#;
    let html = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    for (canned, reason) in [
        (Canned::json(201, good), Reason::Status),
        (Canned::json(204, good), Reason::Status),
        (
            Canned { headers: vec![("Location".into(), "//evil.example/leak".into())], ..Canned::json(307, good) },
            Reason::Status,
        ),
        (Canned::json(302, good), Reason::Status),
        (Canned::json(500, good), Reason::PeerUnavailable),
        (Canned::json(400, good), Reason::Status),
        (Canned::json(400, "oops"), Reason::Status),
        (Canned { headers: html.clone(), ..Canned::json(200, good) }, Reason::ContentType),
        (Canned { headers: html, ..Canned::json(400, error) }, Reason::Status),
        (Canned::json(400, error), Reason::ServerRefused),
        (Canned::json(400, r#"{"error":"a\"b"}"#), Reason::Status),
    ] {
        let (ended, state) = run(canned.clone());
        assert_eq!((ended.map_err(|refusal| refusal.reason), state), (Err(reason), "gone"), "{canned:?}");
    }
    let (ended, _) = run(Canned::json(400, error));
    assert_eq!(ended.expect_err("refused").error, Some(("invalid_grant".to_owned(), None)));
}

#[test]
fn nothing_is_left_half_done_whichever_question_fails() {
    use Fault::{Conflict, Down, Lost, Unavailable};
    let (mut app, _, session, good) = begun();
    let full = std::mem::take(&mut app.store);
    // load, commit Redeeming, send, commit Active; and if that is not answered by yes, load and commit again.
    for (at, fault, reason, sent, state) in [
        (0, Unavailable, Some(Reason::StoreUnavailable), 0, "started"),
        (1, Unavailable, Some(Reason::StoreUnavailable), 0, "started"),
        (1, Lost, Some(Reason::StoreUnavailable), 0, "redeeming"),
        (1, Conflict, Some(Reason::StateUsed), 0, "started"),
        (2, Unavailable, Some(Reason::PeerUnavailable), 1, "gone"),
        (2, Lost, Some(Reason::PeerUnavailable), 1, "gone"),
        (3, Unavailable, None, 1, "active"),
        (3, Lost, None, 1, "active"),
        (3, Conflict, None, 1, "active"),
        (3, Down, Some(Reason::StoreUnavailable), 1, "redeeming"),
    ] {
        let (mut store, token) = (full.clone(), r#"{"access_token":"a","token_type":"Bearer"}"#);
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, token))).with_fault(at, fault);
        let ended = app.callback_on(&good, BROWSER, &mut host);
        assert_eq!(ended.err(), reason.map(Into::into), "{at} {fault:?}");
        assert_eq!(host.sent.len(), sent, "{at} {fault:?}");
        let after = App { store, ..App::default() };
        assert_eq!(after.state(session), state, "{at} {fault:?}");
        if state != "started" {
            // Whatever is left, the response is used up.
            let (refusal, ..) = refused(&after, session, &good, BROWSER);
            assert!([Reason::StateUsed, Reason::StateUnknown].contains(&refusal.reason), "{at} {fault:?}");
        }
    }
    // The store is silent once, and the user signs out: what nobody keeps is revoked.
    let mut store = full.clone();
    let mut host = Peer::new(&mut store, |_, store| {
        store.rows.clear();
        Some(Canned::json(200, r#"{"access_token":"a","token_type":"Bearer"}"#))
    })
    .with_fault(3, Unavailable);
    assert_eq!(app.callback_on(&good, BROWSER, &mut host).err(), Some(Reason::SessionGone.into()));
    assert_eq!(host.sent.last().map(|sent| sent.url.as_str()), Some("https://as.example/revoke"));
    let mut store = full.clone();
    store.rows.get_mut(&session).expect("a row").value.push(0);
    let after = App { store, ..App::default() };
    let ended = after.callback_on(&good, BROWSER, &mut Peer::new(&mut after.store.clone(), nobody));
    assert_eq!(ended, Err(Reason::RowUndecodable.into()));
}
