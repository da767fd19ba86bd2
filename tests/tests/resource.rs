//! The resource server: which requests it serves, and what it answers to the others.

use symbolon::Name;
use symbolon::resource::{Judgement, Needs, ResourceServer, Subject};
use symbolon::{Event, Reason};
use symbolon_tests::app::resource_server;
use symbolon_tests::fixture::*;
use symbolon_tests::peer::*;
use symbolon_tests::protected::Incoming;
use symbolon_tests::store::MemoryStore;

fn resource(realm: &'static str) -> ResourceServer<'static> {
    ResourceServer { realm, ..resource_server() }
}

/// Claims as data: client, user, scope, end.
type Allowed = (Option<String>, Option<String>, String, Option<u64>);

/// Judges a request with these header fields; what was asked, and the judgement.
fn judge(
    headers: &[(&str, &str)],
    scope: &'static str,
    mut answer: impl FnMut(&Sent) -> Option<Canned>,
) -> (Vec<Sent>, Result<Allowed, Answer>) {
    let (server, mut store) = (resource("the \"realm\"\r\n"), MemoryStore::default());
    let mut host = Peer::new(&mut store, |sent, _| answer(sent));
    let needs = if scope.is_empty() { Needs::ANY_TOKEN } else { Needs::scope(scope) };
    let incoming = Incoming { needs, ..Incoming::of(headers) };
    let judged = incoming.judge(&server, &mut host, |judgement| match judgement {
        Judgement::Allow(claims) => Ok((
            claims.client_id().map(str::to_owned),
            claims.subject().map(|subject| match subject {
                Subject::User(sub) | Subject::Client(sub) => sub.to_owned(),
            }),
            claims.scope().words().collect::<Vec<_>>().join(" "),
            claims.expires_at().map(|end| end.0),
        )),
        Judgement::Deny(reply) => Err(reply.into()),
    });
    (host.sent, judged)
}

const REALM: &str = "Bearer realm=\"the \\\"realm\\\"??\"";

/// Judges a request with the token `t`, explained so.
fn explained(scope: &'static str, body: &str) -> Result<Allowed, Answer> {
    judge(&[("Authorization", "Bearer t")], scope, |_| Some(Canned::json(200, body))).1
}

fn denied(judged: Result<Allowed, Answer>) -> (u16, Option<Reason>, Option<String>) {
    let answer = judged.expect_err("denied");
    assert_eq!((answer.header("Cache-Control"), answer.body.as_str()), (Some("no-store"), ""));
    let challenges: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate").map(|(_, value)| value.as_str()).collect();
    // What is wrong is told under the scheme that was used, or under both if that is not clear.
    let ambiguous = matches!(answer.reason, Some(Reason::Repeated(_) | Reason::Malformed(_)));
    match challenges[..] {
        [] => assert!(answer.status >= 500),
        [bearer, dpop] => {
            assert!(bearer.starts_with("Bearer ") && dpop.starts_with("DPoP ") && dpop.contains("algs=\"ES256 "));
            assert_eq!(dpop.contains("error="), ambiguous, "{dpop}");
        }
        _ => panic!("{challenges:?}"),
    }
    (answer.status, answer.reason, answer.header("WWW-Authenticate").map(str::to_owned))
}

#[test]
fn a_token_of_the_server_is_judged_by_its_introspection() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let tokens = bench.redeem_as_c1(&code);
    let access = format!("Bearer {}", tokens.member("access_token").expect("a token"));
    let allowed = (Some("c1".to_owned()), Some("alice".to_owned()), "read".to_owned(), Some(NOW.0 + 600));
    for scope in ["", "read"] {
        let (sent, judged) = judge(&[("Authorization", &access)], scope, |sent| serve(&mut bench, sent));
        assert_eq!(judged, Ok(allowed.clone()));
        assert_eq!((sent.len(), sent[0].url.as_str()), (1, "https://as.example/introspect"));
        assert!(!sent[0].policy.plain_http);
    }
    let (_, judged) = judge(&[("authorization", &access)], "read write", |sent| serve(&mut bench, sent));
    let challenge = format!(
        "{REALM}, error=\"insufficient_scope\", error_description=\"the access token does not hold the scope needed\", \
         scope=\"read write\""
    );
    assert_eq!(denied(judged), (403, Some(Reason::TokenScope), Some(challenge)));
    // A refresh token is no access token, whatever it may do elsewhere.
    let refresh = format!("Bearer {}", tokens.member("refresh_token").expect("a token"));
    let (_, judged) = judge(&[("Authorization", &refresh)], "", |sent| serve(&mut bench, sent));
    assert_eq!(denied(judged).1, Some(Reason::TokenInactive));
    let form = format!("token={}", tokens.member("refresh_token").expect("a token"));
    assert_eq!(bench.revoke(Message::post(&form).basic("c1", C1_SECRET)).status, 200);
    let (_, judged) = judge(&[("Authorization", &access)], "read", |sent| serve(&mut bench, sent));
    let challenge = format!("{REALM}, error=\"invalid_token\", error_description=\"the access token is not valid\"");
    assert_eq!(denied(judged), (401, Some(Reason::TokenInactive), Some(challenge)));
}

#[test]
fn a_request_without_a_token_gets_the_bare_challenge() {
    let bare = (401, Some(Reason::TokenMissing), Some(format!("{REALM}, scope=\"read\"")));
    for headers in
        [&[][..], &[("X", "Bearer t")], &[("Authorization", "Basic dXNlcjpwYXNz")], &[("Authorization", "Bearers t")]]
    {
        let (sent, judged) = judge(headers, "read", |_| None);
        assert_eq!((sent.len(), denied(judged)), (0, bare.clone()), "{headers:?}");
    }
}

#[test]
fn a_malformed_request_is_told_so() {
    for (headers, reason) in [
        (&[("Authorization", "Bearer")][..], Reason::Malformed(Name::Authorization)),
        (&[("Authorization", "Bearer ")], Reason::Malformed(Name::Authorization)),
        (&[("Authorization", "Bearer a b")], Reason::Malformed(Name::Authorization)),
        (&[("Authorization", "Bearer a, Basic b")], Reason::Malformed(Name::Authorization)),
        (&[("Authorization", "Bearer a"), ("authorization", "Bearer a")], Reason::Repeated(Name::Authorization)),
        (&[("Authorization", "Basic a"), ("Authorization", "Bearer a")], Reason::Repeated(Name::Authorization)),
    ] {
        let (sent, judged) = judge(headers, "read", |_| None);
        let (status, got, challenge) = denied(judged);
        assert_eq!((sent.len(), status, got), (0, 400, Some(reason)), "{headers:?}");
        let challenge = challenge.expect("a challenge");
        assert!(challenge.starts_with(&format!("{REALM}, error=\"invalid_request\", ")), "{challenge}");
    }
}

#[test]
fn a_token_is_taken_if_every_claim_fits() {
    let good = r#"{"active":true,"scope":"read write","client_id":"c1","sub":"u","aud":"https://rs.example/"}"#;
    let (client, user) = (Some("c1".to_owned()), Some("u".to_owned()));
    assert_eq!(explained("write", good), Ok((client, user, "read write".to_owned(), None)));
    let aud = r#""aud":"https://rs.example/""#;
    for (with, taken) in [
        (r#""aud":["https://x.example/","https://rs.example/"]"#.to_owned(), true),
        (format!(r#"{aud},"exp":1000001,"nbf":1000001,"iss":"https://as.example","token_type":"bearer""#), true),
    ] {
        assert_eq!(explained("write", &good.replace(aud, &with)).is_ok(), taken, "{with}");
    }
    for (with, reason) in [
        (r#""x":1"#, Reason::TokenAudience),
        (r#""aud":[]"#, Reason::TokenAudience),
        (r#""aud":"https://rs.example""#, Reason::TokenAudience),
        (r#""aud":"https://rs.example/x""#, Reason::TokenAudience),
        (r#""aud":["https://x.example/"]"#, Reason::TokenAudience),
        (r#""aud":"https://rs.example/","exp":1000000"#, Reason::TokenInactive),
        (r#""aud":"https://rs.example/","cnf":{"jkt":"x"}"#, Reason::TokenBound),
        (r#""aud":"https://rs.example/","cnf":{}"#, Reason::TokenBound),
        (r#""aud":"https://rs.example/","token_type":"DPoP""#, Reason::TokenInactive),
        (r#""aud":"https://rs.example/","iss":"https://as.example/""#, Reason::TokenIssuer),
    ] {
        let (status, got, challenge) = denied(explained("write", &good.replace(aud, with)));
        assert_eq!((status, got), (401, Some(reason)), "{with}");
        assert!(challenge.is_some_and(|challenge| challenge.contains("error=\"invalid_token\"")));
    }
    let foreign = explained("write", &good.replace(aud, r#""aud":"https://x.example/""#)).expect_err("denied");
    assert_eq!(foreign.event, Some(Event::TokenForeign));
    for scope in ["wr", "Write", "write2", "read admin"] {
        assert_eq!(denied(explained(scope, good)).1, Some(Reason::TokenScope), "{scope}");
    }
    for scope in ["", "\"scope\":\"\","] {
        let without = good.replace("\"scope\":\"read write\",", scope);
        assert_eq!(denied(explained("read", &without)).1, Some(Reason::TokenScope));
        assert!(explained("", &without).is_ok());
    }
    assert_eq!(denied(explained("write", r#"{"active":false}"#)).1, Some(Reason::TokenInactive));
}

#[test]
fn an_issuer_that_cannot_be_understood_is_no_verdict_on_the_token() {
    let good = r#"{"active":true,"scope":"read","aud":"https://rs.example/"}"#;
    let malformed = Reason::IntrospectionMalformed;
    let html = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    for (canned, reason) in [
        (None, Reason::PeerUnavailable),
        (Some(Canned::json(500, good)), Reason::Status),
        (Some(Canned::json(401, good)), Reason::Status),
        (Some(Canned::json(302, good)), Reason::Status),
        (Some(Canned { headers: html, ..Canned::json(200, good) }), malformed),
        (Some(Canned::json(200, "")), malformed),
        (Some(Canned::json(200, "{}")), malformed),
        (Some(Canned::json(200, &good.replace("true", "\"true\""))), malformed),
        (Some(Canned::json(200, &good.replace("true", "1"))), malformed),
        (Some(Canned::json(200, &good.replace("true", "null"))), malformed),
        (Some(Canned::json(200, &good.replace("true", "true,\"active\":true"))), malformed),
        (Some(Canned::json(200, &good.replace("true", "true,\"exp\":\"9999999\""))), malformed),
        (Some(Canned::json(200, &good.replace("true", "true,\"exp\":1e9"))), malformed),
        (Some(Canned::json(200, &good.replace("\"read\"", "[\"read\"]"))), malformed),
        (Some(Canned::json(200, &good.replace("\"https://rs.example/\"", "1"))), malformed),
        (Some(Canned::json(200, &good.replace("\"https://rs.example/\"", "[\"https://rs.example/\",1]"))), malformed),
        (Some(Canned::json(200, &good.replace("true", "true,\"sub\":\"\""))), malformed),
    ] {
        let (_, judged) = judge(&[("Authorization", "Bearer t")], "read", |_| canned.clone());
        assert_eq!(denied(judged), (503, Some(reason), None), "{canned:?}");
    }
    assert!(explained("read", good).is_ok());
    let (sent, judged) = judge(&[("Authorization", "Bearer t")], "a\"b", |_| None);
    assert_eq!((sent.len(), denied(judged)), (0, (500, Some(Reason::NeedMalformed), None)));
}
