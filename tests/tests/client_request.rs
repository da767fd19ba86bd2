//! The client's requests to resources, and to the userinfo endpoint: what is sent, and what comes of each answer.

use symbolon::client::{Authentication, BUFFER, Binding, Client, Requested, ResourceRequest, UserClaims};
use symbolon::proof::dpop::{DpopProof, Expected, Freshness};
use symbolon::record::{Identity, Key, Session, TokenSet};
use symbolon::step::Verdict;
use symbolon::wire::http::{Field, Method};
use symbolon::wire::json::Value;
use symbolon::wire::write::Arena;
use symbolon::{Name, Reason, limits};
use symbolon_tests::app::*;
use symbolon_tests::drive::drive;
use symbolon_tests::fixture::*;
use symbolon_tests::keys;
use symbolon_tests::peer::*;
use symbolon_tests::store::{MemoryStore, Stored};
use symbolon_tests::walk::access::{KEY, client_of};
use symbolon_tests::walk::rows;

const URL: &str = "https://rs.example/data?$filter=a";
const SESSION: Key = Key([3; 32]);

/// A store with a session that has a token.
fn store(bound: bool) -> MemoryStore {
    let owner = symbolon::record::Owner { issuer: ISSUER, client_id: "c1" };
    let signing = symbolon::record::Signing { seed: [7; 32], key_id: bound.then_some(KEY), nonce: None };
    let tokens = TokenSet {
        owner,
        access_token: "at-1",
        expires_at: Some(NOW.after(600)),
        refresh_token: Some("rt-1"),
        scope: "read",
        scope_asked: "read",
        resources: RESOURCE,
        signing,
        identity: Some(Identity { subject: "alice", authenticated_at: None }),
    };
    let mut store = MemoryStore::default();
    let value = rows::encode(&Session::Active(tokens));
    let kind = "session";
    let row = Stored { version: 1, value, expires_at: NOW.0 + 9999, kind, client_id: None, subject: None };
    store.rows.insert(SESSION, row);
    store
}

fn headed(status: u16, fields: &[(&str, &str)], body: &str) -> Canned {
    let mut canned = Canned::json(status, body);
    canned.headers.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    canned
}

/// Makes a request; what `then` makes of its end, and what was sent.
fn ask<T>(
    client: &Client<'_>,
    store: &mut MemoryStore,
    request: ResourceRequest<'_>,
    replies: Vec<Canned>,
    draw: u8,
    then: impl FnOnce(Requested<'_>) -> T,
) -> (T, Vec<Sent>) {
    let (mut buffer, mut replies) = (vec![0; BUFFER], replies.into_iter());
    let mut host = Peer::new(store, |_, _| replies.next());
    let step = client.request(SESSION, request, NOW, entropy(draw), &mut buffer).expect("room");
    let ended = then(drive(step, &mut host));
    (ended, host.sent)
}

fn reason(requested: Requested<'_>) -> Option<Reason> {
    match requested {
        Requested::Failed(failure) | Requested::SignInAgain(failure) => Some(failure.reason),
        _ => None,
    }
}

#[test]
fn the_whole_request_is_made_and_what_is_wanted_of_the_response_comes_back() {
    let request = ResourceRequest {
        method: Method::Patch,
        content_type: "application/json",
        body: b"{}",
        wanted: "etag Link x-none",
        ..ResourceRequest::get(URL, RESOURCE)
    };
    let reply = headed(
        299,
        &[("ETag", "\"1\""), ("link", "<https://evil.example>"), ("Set-Cookie", "a"), ("Link", "x\r\nEvil: y")],
        "body",
    );
    let (ended, sent) =
        ask(&client_of(false), &mut store(false), request, vec![reply], 1, |requested| match requested {
            Requested::Answered(response) => {
                (response.status, String::from_utf8_lossy(response.headers).into_owned(), response.body.to_vec())
            }
            _ => panic!("no answer"),
        });
    assert_eq!(ended, (299, "ETag: \"1\"\r\nlink: <https://evil.example>\r\n".to_owned(), b"body".to_vec()));
    let [sent] = sent.as_slice() else { panic!("one exchange") };
    assert_eq!(
        (sent.url.as_str(), sent.message.method, sent.message.body.as_slice()),
        (URL, Method::Patch, &b"{}"[..])
    );
    let expected =
        [("Authorization", "Bearer at-1"), ("Accept", "application/json"), ("Content-Type", "application/json")];
    assert_eq!(sent.message.headers, expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    assert!(!sent.policy.client_certificate && sent.policy.public_addresses_only);
}

/// What a proof shows, once it was checked: the mark that it leaves, and its nonce.
fn checked(sent: &Sent) -> (Key, Option<String>) {
    let headers: Vec<Field<'_>> = sent.message.headers.iter().map(|(name, value)| Field { name, value }).collect();
    let mut buffer = vec![0; 64 * 1024];
    let mut arena = Arena::new(&mut buffer, 0).expect("room");
    let proof = DpopProof::read(&headers, &mut arena).expect("a proof that can be read").expect("a proof");
    let nonce = proof.nonce().map(str::to_owned);
    let freshness = if nonce.is_some() { Freshness::Nonce(Some(NOW.after(60))) } else { Freshness::IssuedAt };
    let expected = Expected { method: "GET", url: &sent.url, now: NOW, freshness, access_token: Some("at-1") };
    let judged = proof.judge(&expected, &mut arena).expect("a proof for this request and this token");
    assert_eq!(keys::verify(judged.key(), judged.message(), judged.signature()), Verdict::Valid);
    (judged.verified(Ok(Verdict::Valid)).expect("verified").mark().key, nonce)
}

#[test]
fn each_request_has_a_proof_of_its_own_with_the_nonce_of_that_origin() {
    let (client, mut store) = (client_of(true), store(true));
    let challenge = [("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\""), ("DPoP-Nonce", "n-1")];
    let mut marks = Vec::new();
    let mut nonces = Vec::new();
    for (draw, url, replies) in [
        (1, URL, vec![headed(401, &challenge, ""), Canned::json(200, "{}")]),
        // Kept for the next one, and replaced by any response.
        (2, URL, vec![headed(404, &[("DPoP-Nonce", "n-2")], "")]),
        (3, URL, vec![Canned::json(200, "{}")]),
        (4, URL, vec![headed(401, &challenge, ""), headed(401, &challenge, "")]),
    ] {
        let (_, sent) = ask(&client, &mut store, ResourceRequest::get(url, RESOURCE), replies, draw, |_| ());
        for sent in &sent {
            let (mark, nonce) = checked(sent);
            nonces.push(nonce.unwrap_or_default());
            assert!(!marks.contains(&mark), "no jti comes twice");
            marks.push(mark);
        }
    }
    assert_eq!(nonces, ["", "n-1", "n-1", "n-2", "n-2", "n-1"]);
    assert_eq!(store.rows.len(), 2, "the session, and the nonce of one origin");
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_read() {
    let good = ResourceRequest::get(URL, RESOURCE);
    for (request, expected) in [
        (ResourceRequest { url: "https://rs.example/../data", ..good }, Reason::Malformed(Name::Url)),
        (ResourceRequest { url: "https://u:p@rs.example/", ..good }, Reason::Malformed(Name::Url)),
        (ResourceRequest { url: "https://rs.example/#a", ..good }, Reason::Malformed(Name::Url)),
        (
            ResourceRequest { url: "http://rs.example/", resource: "http://rs.example/", ..good },
            Reason::Malformed(Name::Url),
        ),
        (ResourceRequest { url: "https://evil.example/", ..good }, Reason::Resource),
        (ResourceRequest { resource: "", ..good }, Reason::Malformed(Name::Resource)),
        (ResourceRequest { method: Method::Other, ..good }, Reason::Method),
        (ResourceRequest { accept: "a\r\nb", ..good }, Reason::Malformed(Name::HeaderFields)),
        (ResourceRequest { content_type: "a\0", ..good }, Reason::Malformed(Name::HeaderFields)),
    ] {
        let mut nothing = MemoryStore::default();
        let (ended, sent) = ask(&client_of(false), &mut nothing, request, vec![], 1, reason);
        assert_eq!((ended, sent.len()), (Some(expected), 0), "{} {}", request.url, request.resource);
    }
    let mut buffer = vec![0; BUFFER];
    let larger = ResourceRequest { body_cap: limits::RESPONSE_BODY + 7, ..good };
    let client = client_of(false);
    let started = client.request(SESSION, larger, NOW, entropy(1), &mut buffer);
    assert_eq!(started.err().map(|short| short.needed), Some(BUFFER + 7));
}

#[test]
fn a_response_that_is_too_long_is_none() {
    let good = ResourceRequest { body_cap: 4, wanted: "x", ..ResourceRequest::get(URL, RESOURCE) };
    let fields: Vec<(&str, &str)> = vec![("x", "yyyy"); limits::RESPONSE_FIELDS / 8];
    for (reply, expected) in [
        (Canned::json(200, "12345"), Reason::TooLong(Name::Body)),
        (headed(200, &fields, ""), Reason::TooLong(Name::HeaderFields)),
    ] {
        let (ended, _) = ask(&client_of(false), &mut store(false), good, vec![reply], 1, reason);
        assert_eq!(ended, Some(expected));
    }
}

#[test]
fn a_step_up_becomes_a_sign_in() {
    let value =
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\\ silver\", max_age=\"0\", scope=\"a\"";
    let reply = headed(401, &[("www-authenticate", value)], "");
    let request = ResourceRequest::get(URL, RESOURCE);
    let (ended, _) = ask(&client_of(false), &mut store(false), request, vec![reply], 1, |requested| match requested {
        Requested::StepUp(needed) => {
            let request = needed.request();
            (request.acr_values.to_owned(), request.max_age, needed.scope.to_owned())
        }
        _ => panic!("another end"),
    });
    assert_eq!(ended, ("gold silver".to_owned(), Some(0), "a".to_owned()));
}

/// The alias is for who shows a certificate there (RFC 8705 section 5), and that is who has tokens that are bound to it.
#[test]
fn claims_are_asked_for_at_the_alias_if_a_certificate_is_shown() {
    let endpoints = "\"userinfo_endpoint\":\"https://as.example/userinfo\",\"mtls_endpoint_aliases\":\
        {\"userinfo_endpoint\":\"https://mtls.as.example/userinfo\"},\"x\"";
    let server = metadata(ISSUER, &DOCUMENT.replace("\"revocation_endpoint\"", endpoints));
    for (binding, url) in
        [(Binding::None, "https://as.example/userinfo"), (Binding::Certificate, "https://mtls.as.example/userinfo")]
    {
        let shown = matches!(binding, Binding::Certificate);
        let client = Client { authentication: Authentication::TlsClientAuth, binding, ..client_of(false) };
        let (mut buffer, mut store) = (vec![0; BUFFER], store(false));
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, "{\"sub\":\"alice\"}")));
        let step = client.userinfo(&server, SESSION, NOW, entropy(1), &mut buffer).expect("room");
        assert!(drive(step, &mut host).is_ok());
        assert_eq!((host.sent[0].url.as_str(), host.sent[0].policy.client_certificate), (url, shown));
    }
}

#[test]
fn claims_about_another_user_are_none() {
    let document =
        DOCUMENT.replace("\"revocation_endpoint\"", "\"userinfo_endpoint\":\"https://as.example/userinfo\",\"x\"");
    let (client, server) = (client_of(false), metadata(ISSUER, &document));
    let asked = |reply: Canned| {
        let (mut buffer, mut store) = (vec![0; BUFFER], store(false));
        let mut host = Peer::new(&mut store, |_, _| Some(reply.clone()));
        let step = client.userinfo(&server, SESSION, NOW, entropy(1), &mut buffer).expect("room");
        let ended = match drive(step, &mut host) {
            Ok(UserClaims { subject, claims, text }) => {
                assert_eq!((subject, text), ("alice", reply.body.as_str()));
                Ok(claims.get("email").and_then(Value::as_str).map(str::to_owned))
            }
            Err(requested) => Err(reason(requested)),
        };
        assert_eq!(host.sent[0].url, "https://as.example/userinfo");
        ended
    };
    let good = "{\"sub\":\"alice\",\"email\":\"a@example.com\"}";
    assert_eq!(asked(Canned::json(200, good)), Ok(Some("a@example.com".to_owned())));
    for (body, name) in [
        (good.replace("alice", "mallory"), Name::Sub),
        (good.replace("alice", "Alice"), Name::Sub),
        (good.replace("\"sub\"", "\"subject\""), Name::Sub),
        (good.replace("\"alice\"", "1"), Name::Sub),
        (good.replace("\"email\"", "\"sub\""), Name::Json),
        (format!("[{good}]"), Name::Json),
        (String::new(), Name::Json),
    ] {
        assert_eq!(asked(Canned::json(200, &body)), Err(Some(Reason::Userinfo(name))), "{body}");
    }
    let mut signed = Canned::json(200, good);
    signed.headers[0].1 = "application/jwt".to_owned();
    assert_eq!(asked(signed), Err(Some(Reason::Userinfo(Name::ContentType))));
    assert_eq!(asked(Canned::json(500, good)), Err(None));
}
