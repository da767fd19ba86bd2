//! The abstract requests of clients whose keys are in a document of theirs, or all that is known of them; and what holds of them.

use symbolon::limits;
use symbolon::proof::pkce::challenge_of;
use symbolon::record::{Active, Client, Code, Document, Grant, Granted, Record, Requested};
use symbolon::server::Server;
use symbolon::terms::Time;
use symbolon::wire::http::Method;

use super::properties::Property;
use super::{Call, Case, Facts, Given, Menu, Output, Question, Run, Shown, rows};
use crate::fixture::{Message, NOW, VERIFIER, authorization_query};
use crate::keyed::{
    APP, APP_JWKS, OTHER_DPOP_KEY, app_document, asserted, assertion_for, assertion_of, documented_server, jwks,
    k1_jwks, opaque_documented_server, s1, s1_certificate, s1_jwks, u1,
};
use crate::peer::Canned;

const REDIRECT_URI: &str = "https%3A%2F%2Fapp.example%2Fcb";

fn document(fetched_at: u64, fresh_until: u64, lease_until: u64, body: &str) -> Given {
    let [fetched_at, fresh_until, lease_until] = [fetched_at, fresh_until, lease_until].map(Time);
    let mut row = vec![0; limits::JWKS + 64];
    let len = Document { fetched_at, fresh_until, lease_until, body: body.as_bytes() }.encode(&mut row).expect("room");
    row.truncate(len);
    Given::Row(Some((1, row)))
}

/// What is at the URLs: each is what it must be in one case or another.
fn good() -> [String; 4] {
    [
        app_document("none", ""),
        app_document("private_key_jwt", &format!(",\"jwks_uri\":\"{APP_JWKS}\"")),
        k1_jwks(),
        s1_jwks(),
    ]
}

fn menu(client: &Client<'_>, owner: &'static str, good: &[&str]) -> Menu {
    let mut row = [0; symbolon::record::CLIENT_ROW];
    let len = client.register(&mut row).expect("a client that may be registered");
    let other = jwks(&[OTHER_DPOP_KEY]);
    let (past, now) = (NOW.0 - 1000, NOW.0);
    let mut documents = vec![
        Given::Row(None),
        document(past, now + 9, 0, &other),
        document(now, now + 9, 0, &other),
        document(past, now - 9, now + 9, "{}"),
        Given::Row(Some((1, vec![9]))),
        Given::Unavailable,
    ];
    documents.extend(good.iter().map(|body| document(past, now + 9, 0, body)));
    documents.extend(good.iter().map(|body| document(past, now - 9, 0, body)));
    let mut responses = vec![
        Given::Response(Canned::json(200, "{\"client_id\":\"https://evil.example/\"}")),
        Given::Response(Canned::json(404, good[0])),
        Given::Unavailable,
    ];
    responses.extend(good.iter().map(|body| Given::Response(Canned::json(200, body))));
    let granted = Granted { challenge: challenge_of(VERIFIER), bound_to: None, resources: "", ..rows::granted(owner) };
    let grants = [
        Grant::Code(Code { granted, redirect_uri: rows::REDIRECT_URI }),
        Grant::Active(Active { granted, generation: 1, issued_at: NOW }),
        Grant::Pushed(Requested {
            expires_at: NOW.after(60),
            redirect_uri: "https://app.example/cb",
            ..rows::pending(owner).requested
        }),
    ];
    let grants: Vec<Given> = grants.iter().map(|grant| Given::Row(Some((1, rows::encode(grant))))).collect();
    let outcomes = || vec![Given::Committed, Given::Conflict, Given::Unavailable];
    Menu::from([
        ("load client", vec![Given::Row(Some((1, row[..len].to_vec())))]),
        ("load document", documents),
        ("commit document", outcomes()),
        ("send", responses),
        ("load grant", grants),
        ("commit mark", outcomes()),
        ("commit grant", vec![Given::Committed]),
    ])
}

fn facts(client_id: &str) -> Facts {
    Facts {
        client_id: client_id.to_owned(),
        shown: Shown::Nothing,
        presented: String::new(),
        genuine: true,
        verifier: None,
        redirect_uri: None,
    }
}

/// Each request, and its client: one that is registered, or the one that is not.
fn requests() -> Vec<(&'static str, Call, &'static str)> {
    let made = super::cases::HandedOut::by(crate::fixture::server(), "c1");
    let app = format!("client_id={}", crate::walk::cases::encoded(APP));
    let ask =
        |client_id: &str| authorization_query(&crate::walk::cases::encoded(client_id), REDIRECT_URI, "&scope=read");
    let by_u1 = asserted(&assertion_for("u1", "a1"));
    let by_app = asserted(&assertion_of("es256-k1", &crate::keyed::assertion_claims(APP, "a1")));
    let itself = "grant_type=client_credentials&scope=read";
    let redemption = format!("grant_type=authorization_code&code={}&code_verifier={VERIFIER}", made.code);
    let token = format!("token={}", made.access[0]);
    let pushed = format!("{app}&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A{}", made.pushed);
    let post = |form: String| Message::post(&form);
    let over = |form: String| Message::post(&form).over(s1_certificate());
    vec![
        ("itself by keys at a URL", Call::Token(post(format!("{itself}{by_u1}"))), "u1"),
        ("itself by a certificate at a URL", Call::Token(over(format!("{itself}&client_id=s2"))), "s2"),
        ("a code of a client with a document", Call::Token(post(format!("{redemption}&{app}"))), APP),
        ("a code by keys of a document", Call::Token(post(format!("{redemption}{by_app}"))), APP),
        ("a code by a certificate at a URL", Call::Token(over(format!("{redemption}&client_id=s2"))), "s2"),
        ("pushed by keys at a URL", Call::Push(post(format!("{}{by_u1}", ask("u1")))), "u1"),
        ("pushed by a certificate at a URL", Call::Push(over(ask("s2"))), "s2"),
        ("pushed by a client with a document", Call::Push(post(ask(APP))), APP),
        ("revoked by keys at a URL", Call::Revoke(post(format!("{token}{by_u1}"))), "u1"),
        ("revoked by a certificate at a URL", Call::Revoke(over(format!("{token}&client_id=s2"))), "s2"),
        ("revoked by a client with a document", Call::Revoke(post(format!("{token}&{app}"))), APP),
        ("introspected by keys at a URL", Call::Introspect(post(format!("{token}{by_u1}"))), "u1"),
        ("introspected by a certificate at a URL", Call::Introspect(over(format!("{token}&client_id=s2"))), "s2"),
        ("introspected by a client with a document", Call::Introspect(post(format!("{token}&{app}"))), APP),
        ("asked by a client with a document", Call::Authorize(Message::get(&ask(APP))), APP),
        ("pushed and brought", Call::Authorize(Message::get(&pushed)), APP),
    ]
}

/// The cases.
pub fn requests_by_documents() -> Vec<Case> {
    let all = good();
    let cases = requests().into_iter().map(|(name, call, client_id)| {
        let by_keys =
            matches!(&call, Call::Token(message) if message.body.windows(17).any(|part| part == b"client_assertion="));
        let (client, good): (_, &[&str]) = match client_id {
            "u1" => (u1(), &[&all[2]]),
            "s2" => (Client { client_id: "s2", keys: u1().keys, ..s1() }, &[&all[3]]),
            _ if by_keys => (u1(), &[&all[1], &all[2]]),
            _ => (u1(), &[&all[0]]),
        };
        Case { name: name.to_owned(), call, now: NOW, facts: facts(client_id), menu: menu(&client, client_id, good) }
    });
    cases.collect()
}

/// Their server, which signs; and another, which does not.
pub fn servers() -> [fn() -> Server<'static>; 2] {
    [documented_server, opaque_documented_server]
}

/// What holds of every run of these cases.
pub const DOCUMENTED: &[Property] = &[
    Property { name: "only documents of the client are asked for", holds: only_the_clients_documents },
    Property { name: "what is granted rests on a good document", holds: grants_rest_on_a_good_document },
    Property { name: "what is no good is not kept", holds: what_is_no_good_is_not_kept },
    Property { name: "what was withdrawn grants nothing", holds: withdrawn_grants_nothing },
    Property { name: "a document is asked for under its lease", holds: asked_for_under_its_lease },
    Property { name: "a refusal has its reason", holds: refusals_have_reasons },
];

fn only_the_clients_documents(run: &Run<'_>) -> bool {
    let sent = run.record.iter().filter_map(|(question, _)| match question {
        Question::Send(sent) => Some(sent),
        _ => None,
    });
    let mut count = 0;
    let all = sent.into_iter().all(|sent| {
        count += 1;
        let cap = if sent.url == APP { limits::CLIENT_DOCUMENT } else { limits::JWKS };
        [APP, APP_JWKS].contains(&sent.url.as_str())
            && sent.message.method == Method::Get
            && sent.message.body.is_empty()
            && sent.policy.public_addresses_only
            && !sent.policy.plain_http
            && !sent.policy.client_certificate
            && sent.policy.body_cap == cap
    });
    // The document, its keys, and newer ones.
    all && count <= 3
}

fn is_good(body: &[u8]) -> bool {
    good().iter().any(|good| good.as_bytes() == body)
}

fn granted(run: &Run<'_>) -> bool {
    match &run.output {
        Output::Prompt(shows) => shows.refusal.is_none(),
        Output::Reply(answer) => {
            answer.member("access_token").is_some()
                || answer.member("request_uri").is_some()
                || answer.body.starts_with("{\"active\":true")
        }
        Output::User(_) => true,
    }
}

fn grants_rest_on_a_good_document(run: &Run<'_>) -> bool {
    let rests = run.record.iter().any(|(question, given)| match (question, given) {
        (Question::Load { kind: "document", .. }, Given::Row(Some((_, row)))) => {
            Document::decode(row).is_ok_and(|document| is_good(document.body))
        }
        (Question::Send(_), Given::Response(Canned { status: 200, body, .. })) => is_good(body.as_bytes()),
        _ => false,
    });
    !granted(run) || rests
}

fn withdrawn_grants_nothing(run: &Run<'_>) -> bool {
    let withdrawn = run.record.iter().any(|(question, given)| match (question, given) {
        (Question::Send(_), Given::Response(Canned { status, body, .. })) => {
            *status == 404 || !is_good(body.as_bytes())
        }
        _ => false,
    });
    !(withdrawn && granted(run))
}

fn what_is_no_good_is_not_kept(run: &Run<'_>) -> bool {
    run.record.iter().enumerate().all(|(place, (question, _))| match question {
        Question::Commit(write) if write.kind == "document" => {
            let written = write.value.as_deref().and_then(|row| Document::decode(row).ok());
            written.is_some_and(|document| match run.record[..place].last() {
                Some((Question::Send(_), Given::Response(answer))) if answer.status == 404 => document.body.is_empty(),
                Some((Question::Send(_), _)) if document.body.is_empty() => document.fetched_at == Time(0),
                Some((Question::Send(_), _)) => is_good(document.body) && document.fetched_at == NOW,
                // The lease keeps what was there.
                _ => document.lease_until == NOW.after(limits::LEASE),
            })
        }
        _ => true,
    })
}

fn asked_for_under_its_lease(run: &Run<'_>) -> bool {
    run.record.iter().enumerate().all(|(place, (question, _))| {
        let before = place.checked_sub(1).map(|before| &run.record[before]);
        !matches!(question, Question::Send(_))
            || matches!(before, Some((Question::Commit(write), Given::Committed)) if write.kind == "document")
    })
}

fn refusals_have_reasons(run: &Run<'_>) -> bool {
    let Output::Reply(answer) = &run.output else { return true };
    match answer.reason {
        Some(_) => answer.status >= 400,
        None => [200, 201].contains(&answer.status),
    }
}
