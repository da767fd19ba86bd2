//! One case per reason that the server can give; and the list of those that it cannot.

use std::collections::BTreeSet;

use symbolon::Name;
use symbolon::record::Key;
use symbolon::server::{AccessTokens, Authenticated, BUFFER, Decision, SigningKey, SigningKeys, TokenKeys, Unasked};
use symbolon::terms::{Entropy, UserAgent};
use symbolon::wire::jose::Algorithm;
use symbolon::{Reason, limits};
use symbolon_tests::drive::{Host, drive};
use symbolon_tests::fixture::*;
use symbolon_tests::keyed;
use symbolon_tests::peer::{Canned, Peer, Sent};
use symbolon_tests::reasons::{ALSO_OF_SERVER, NOT_YET, OF_ACCESS, OF_OTHER_ROLES, OF_RESOURCE, name, variants};
use symbolon_tests::store::{MemoryStore, Stored};

const WEB: &str = "https%3A%2F%2Fclient.example%2Fcb";

/// A store that answers in one way alone.
enum Broken {
    Down,
    Busy(symbolon_tests::store::MemoryStore),
}

impl Host for Broken {
    fn load<'a, F: symbolon::step::Flow>(
        &mut self,
        question: symbolon::step::Load<'a, F>,
    ) -> symbolon::step::Step<'a, F> {
        match self {
            Self::Down => question.unavailable(),
            Self::Busy(store) => Host::load(store, question),
        }
    }

    fn commit<'a, F: symbolon::step::Flow>(
        &mut self,
        question: symbolon::step::Commit<'a, F>,
    ) -> symbolon::step::Step<'a, F> {
        match self {
            Self::Down => question.unavailable(),
            Self::Busy(_) => question.answer(symbolon::step::Committed::Conflict),
        }
    }
}

fn page(bench: &mut Bench, query: &str) -> Answer {
    match bench.authorize(Message::get(query)) {
        Interaction::Refused(answer) => answer,
        Interaction::Ask { .. } => panic!("the user is asked"),
    }
}

/// The redirect that a query ends in.
fn redirected(bench: &mut Bench, query: &str) -> Answer {
    match bench.authorize(Message::get(query)) {
        Interaction::Ask { handle, refusal: Some(_) } => bench.decide(&handle, Decision::Deny),
        other => panic!("no error waits: {other:?}"),
    }
}

fn asked(bench: &mut Bench) -> String {
    waiting(bench, &good())
}

/// The page that a `request_uri` ends in.
fn bring(bench: &mut Bench, client_id: &str, request_uri: &str) -> Answer {
    page(bench, &format!("client_id={client_id}&request_uri={request_uri}"))
}

/// A request that lets nobody be asked, ended so.
fn silent(bench: &mut Bench, why: Unasked) -> Answer {
    let handle = waiting(bench, &format!("{}&prompt=none", good()));
    bench.decline(&handle, why)
}

fn waiting(bench: &mut Bench, query: &str) -> String {
    match bench.authorize(Message::get(query)) {
        Interaction::Ask { handle, .. } => handle,
        Interaction::Refused(answer) => panic!("{answer:?}"),
    }
}

fn good() -> String {
    authorization_query("c1", WEB, "&scope=read")
}

fn as_c1(bench: &mut Bench, form: &str) -> Answer {
    bench.token(Message::post(form).basic("c1", C1_SECRET))
}

fn as_c2(bench: &mut Bench, form: &str) -> Answer {
    bench.token(Message::post(&format!("{form}&client_id=c2&client_secret={C2_SECRET}")))
}

fn refresh_token(bench: &mut Bench) -> String {
    let code = bench.code_of_c1("read");
    bench.redeem_as_c1(&code).member("refresh_token").expect("a refresh token")
}

type Provoke = fn(&mut Bench) -> Answer;

/// How to provoke each reason.
const TABLE: &[(Reason, Provoke)] = &[
    (Reason::Method, |b| b.token(Message::get(""))),
    (Reason::ContentType, |b| b.token(Message { headers: vec![], ..Message::post("") })),
    (Reason::PercentEncoding, |b| page(b, "a=%")),
    (Reason::NotUtf8, |b| page(b, "a=%FF")),
    (Reason::TooLong(Name::Form), |b| page(b, &"a".repeat(limits::FORM + 1))),
    (Reason::TooMany(Name::Parameters), |b| page(b, &"a&".repeat(limits::PARAMETERS + 1))),
    (Reason::Repeated(Name::State), |b| page(b, &format!("{}&state=x", good()))),
    (Reason::Missing(Name::ClientId), |b| page(b, "")),
    (Reason::Malformed(Name::State), |b| page(b, &good().replace("state=xyz", "state=%00"))),
    (Reason::ResponseType, |b| redirected(b, &good().replace("=code&", "=token&"))),
    (Reason::ResponseMode, |b| redirected(b, &format!("{}&response_mode=fragment", good()))),
    (Reason::RequestObject, |b| redirected(b, &format!("{}&request=x", good()))),
    (Reason::RequestUri, |b| redirected(b, &format!("{}&request_uri=urn:x", good()))),
    (Reason::ChallengeMethod, |b| redirected(b, &good().replace("S256", "plain"))),
    (Reason::GrantType, |b| as_c1(b, "grant_type=password&username=a&password=b")),
    (Reason::GrantTypeNotRegistered, |b| {
        let code = b.code_of_c1("read");
        b.token(Message::post(&redemption(&code)).basic("rs1", RS1_SECRET))
    }),
    (Reason::Scope, |b| {
        let code = b.code_of_c1("read");
        as_c1(b, &format!("{}&scope=write", redemption(&code)))
    }),
    (Reason::Resource, |b| {
        let code = b.code_of_c1("read");
        as_c1(b, &format!("{}&resource=https%3A%2F%2Fevil.example", redemption(&code)))
    }),
    (Reason::UnknownClient, |b| page(b, &good().replace("=c1", "=c9"))),
    (Reason::RedirectUriMismatch, |b| page(b, &good().replace("client.example", "evil.example"))),
    (Reason::RedirectUriAmbiguous, |b| page(b, "client_id=c2")),
    (Reason::SeveralCredentials, |b| {
        let code = b.code_of_c1("read");
        as_c1(b, &format!("{}&client_id=c1&client_secret={C1_SECRET}", redemption(&code)))
    }),
    (Reason::ClientAuthentication, |b| {
        let code = b.code_of_c1("read");
        b.token(Message::post(&redemption(&code)).basic("c1", "wrong"))
    }),
    (Reason::PublicClient, |b| b.introspect(Message::post("token=x&client_id=pub1"))),
    (Reason::CodeInvalid, |b| b.redeem_as_c1("x")),
    (Reason::CodeExpired, |b| {
        let code = b.code_of_c1("read");
        b.now = b.now.after(60);
        b.redeem_as_c1(&code)
    }),
    (Reason::CodeDead, |b| {
        let code = b.code_of_c1("read");
        b.store.rows.retain(|_, row| row.kind != "grant");
        b.redeem_as_c1(&code)
    }),
    (Reason::CodeForeign, |b| {
        let code = b.code_of_c1("read");
        as_c2(b, &redemption(&code))
    }),
    (Reason::CodeRedirectUri, |b| {
        let code = b.code_of_c1("read");
        as_c1(b, &format!("{}&redirect_uri=https%3A%2F%2Fevil.example", redemption(&code)))
    }),
    (Reason::CodeVerifier, |b| {
        let code = b.code_of_c1("read");
        as_c1(b, &format!("grant_type=authorization_code&code={code}"))
    }),
    (Reason::CodeReplayed, |b| {
        let code = b.code_of_c1("read");
        let _ = b.redeem_as_c1(&code);
        b.redeem_as_c1(&code)
    }),
    (Reason::CodeReplayedForeign, |b| {
        let code = b.code_of_c1("read");
        let _ = b.redeem_as_c1(&code);
        as_c2(b, &redemption(&code))
    }),
    (Reason::RefreshTokenInvalid, |b| b.refresh_as_c1("x")),
    (Reason::RefreshTokenExpired, |b| {
        let token = refresh_token(b);
        b.now = b.now.after(2_592_000);
        b.refresh_as_c1(&token)
    }),
    (Reason::RefreshTokenDead, |b| {
        let token = refresh_token(b);
        let _ = b.revoke(Message::post(&format!("token={token}")).basic("c1", C1_SECRET));
        b.refresh_as_c1(&token)
    }),
    (Reason::RefreshTokenForeign, |b| {
        let token = refresh_token(b);
        as_c2(b, &format!("grant_type=refresh_token&refresh_token={token}"))
    }),
    (Reason::RefreshTokenReused, |b| {
        let token = refresh_token(b);
        let _ = b.refresh_as_c1(&token);
        b.now = b.now.after(31);
        b.refresh_as_c1(&token)
    }),
    (Reason::AuthorizationDetails, |b| {
        redirected(b, &format!("{}&authorization_details=%5B%7B%22type%22%3A%22payment_initiation%22%7D%5D", good()))
    }),
    (Reason::NotPushed, |b| {
        b.server.pushed_requests_only = true;
        redirected(b, &good())
    }),
    (Reason::PushedRequestInvalid, |b| bring(b, "c1", "urn:ietf:params:oauth:request_uri:x")),
    (Reason::PushedRequestExpired, |b| {
        let request_uri = b.pushed_by_c1("");
        b.now = b.now.after(60);
        bring(b, "c1", &request_uri)
    }),
    (Reason::PushedRequestForeign, |b| {
        let request_uri = b.pushed_by_c1("");
        bring(b, "c2", &request_uri)
    }),
    (Reason::PushedRequestUsed, |b| {
        let request_uri = b.pushed_by_c1("");
        let query = format!("client_id=c1&request_uri={request_uri}");
        assert!(matches!(b.authorize(Message::get(&query)), Interaction::Ask { refusal: None, .. }));
        bring(b, "c1", &request_uri)
    }),
    (Reason::LoginRequired, |b| silent(b, Unasked::LoginRequired)),
    (Reason::ConsentRequired, |b| silent(b, Unasked::ConsentRequired)),
    (Reason::InteractionRequired, |b| silent(b, Unasked::InteractionRequired)),
    (Reason::AccountSelectionRequired, |b| silent(b, Unasked::AccountSelectionRequired)),
    (Reason::PromptAllowed, |b| {
        let handle = asked(b);
        b.decline(&handle, Unasked::LoginRequired)
    }),
    (Reason::AuthenticationUnmet, |b| {
        let handle = asked(b);
        b.decide(&handle, Decision::AuthenticationUnmet)
    }),
    (Reason::AuthenticationStale, |b| {
        let handle = waiting(b, &format!("{}&prompt=login", good()));
        let mut buffer = vec![0; BUFFER];
        let user = Authenticated::new(USER, symbolon::terms::Time(b.now.0 - 1)).expect("a subject");
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let approved = Decision::Approve { scope: "read", authorization_details: "" };
        let step = b.server.decide(&handle, browser, user, approved, b.now, &mut buffer);
        drive(step.expect("long enough"), &mut b.store).into()
    }),
    (Reason::InteractionInvalid, |b| b.decide("x", Decision::Deny)),
    (Reason::InteractionExpired, |b| {
        let handle = asked(b);
        b.now = b.now.after(600);
        b.decide(&handle, Decision::Deny)
    }),
    (Reason::InteractionForeign, |b| {
        let handle = asked(b);
        let mut buffer = vec![0; BUFFER];
        let user = Authenticated::new(USER, b.now).expect("a subject");
        let browser = UserAgent::new(OTHER_BROWSER).expect("long enough");
        let step = b.server.decide(&handle, browser, user, Decision::Deny, b.now, &mut buffer);
        drive(step.expect("long enough"), &mut b.store).into()
    }),
    (Reason::InteractionDecided, |b| {
        let handle = asked(b);
        let _ = b.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
        b.decide(&handle, Decision::Deny)
    }),
    (Reason::Denied, |b| {
        let handle = asked(b);
        b.decide(&handle, Decision::Deny)
    }),
    (Reason::DecisionExceedsRequest, |b| {
        let handle = asked(b);
        b.decide(&handle, Decision::Approve { scope: "read write", authorization_details: "" })
    }),
    (Reason::StoreUnavailable, |b| match b.authorize_on(Message::get(&good()), &mut Broken::Down) {
        Interaction::Refused(answer) => answer,
        Interaction::Ask { .. } => panic!("the user is asked"),
    }),
    (Reason::StoreBusy, |b| {
        let mut busy = Broken::Busy(b.store.clone());
        match b.authorize_on(Message::get(&good()), &mut busy) {
            Interaction::Refused(answer) => answer,
            Interaction::Ask { .. } => panic!("the user is asked"),
        }
    }),
    (Reason::RowUndecodable, |b| {
        let row = b.store.rows.get_mut(&Key::client("c1")).expect("a client");
        *row = Stored { value: vec![9], ..row.clone() };
        page(b, &good())
    }),
    (Reason::EntropyMissing, |b| {
        let mut buffer = vec![0; BUFFER];
        Message::get(&good()).lend(|request| {
            let browser = UserAgent::new(BROWSER).expect("long enough");
            let step = b.server.authorize(request, browser, b.now, Entropy::new([0; 32]), &mut buffer);
            match drive(step.expect("long enough"), &mut b.store) {
                symbolon::server::Authorization::Refused(reply) => reply.into(),
                symbolon::server::Authorization::Interact(_) => panic!("the user is asked"),
            }
        })
    }),
];

/// How to provoke those of callers that prove keys.
const KEYED: &[(Reason, Provoke)] = &[
    (Reason::AuthorizationDetails, |b| b.token(machine("j1", "&authorization_details=%5B%5D"))),
    (Reason::Assertion(Name::Aud), |b| {
        let claims = keyed::assertion_claims("k1", "j1").replace("as.example", "evil.example");
        let assertion = keyed::asserted(&keyed::assertion_of(keyed::K1_KEY, &claims));
        b.token(Message::post(&format!("grant_type=client_credentials&scope=read{assertion}")))
    }),
    (Reason::AssertionReplayed, |b| {
        assert_eq!(b.token(machine("j1", "")).status, 200);
        b.token(machine("j1", ""))
    }),
    (Reason::Certificate, |b| {
        let other = symbolon_tests::fixture::Shown { subject: "CN=m2".to_owned(), ..keyed::m1_certificate() };
        b.token(Message::post("grant_type=client_credentials&scope=read&client_id=m1").over(other))
    }),
    (Reason::DpopProof(Name::Htu), |b| {
        let claims = format!("{{\"jti\":\"p1\",\"htm\":\"POST\",\"htu\":\"{ISSUER}\",\"iat\":{}}}", NOW.0);
        b.token(machine("j1", "").with_proof(&keyed::proof_of(keyed::DPOP_KEY, &claims)))
    }),
    (Reason::DpopNonce, |b| {
        b.server.dpop_nonces = true;
        b.token(machine("j1", "").with_proof(&keyed::proof(keyed::DPOP_KEY, "p1")))
    }),
    (Reason::DpopReplayed, |b| {
        let proof = keyed::proof(keyed::DPOP_KEY, "p1");
        assert_eq!(b.token(machine("j1", "").with_proof(&proof)).status, 200);
        b.token(machine("j2", "").with_proof(&proof))
    }),
    (Reason::SenderConstraintMissing, |b| {
        b.server.sender_constraint = symbolon::record::SenderConstraint::Required;
        b.token(machine("j1", ""))
    }),
    (Reason::CodeKey, |b| {
        let code = b.code_of_pub1("read");
        keyed::bind(b, keyed::DPOP_KEY);
        b.redeem_as_pub1(&code)
    }),
    (Reason::RefreshTokenKey, |b| {
        let code = b.code_of_pub1("read");
        let token = b.redeem_as_pub1(&code).member("refresh_token").expect("a refresh token");
        keyed::bind(b, keyed::DPOP_KEY);
        b.refresh_as_pub1(&token)
    }),
    (Reason::ClientDocumentUnavailable, |b| {
        put(&mut b.store, &keyed::u1());
        let assertion = keyed::asserted(&keyed::assertion_for("u1", "j1"));
        b.token(Message::post(&format!("grant_type=client_credentials&scope=read{assertion}")))
    }),
    (Reason::ClientDocument(Name::ClientId), |b| {
        b.server.client_id_metadata_documents = true;
        let mut store = std::mem::take(&mut b.store);
        let wrong = keyed::app_document("none", "").replace("client.json", "other.json");
        let mut peer = Peer::new(&mut store, |_: &Sent, _: &mut MemoryStore| Some(Canned::json(200, &wrong)));
        let form = authorization_query("https%3A%2F%2Fapp.example%2Fclient.json", WEB, "&scope=read");
        b.push_on(Message::post(&form), &mut peer)
    }),
    (Reason::KeysUnavailable, |b| {
        // No key of the tests has this id.
        let gone = SigningKey { key_id: "gone", algorithm: Algorithm::Es256, jwk: "{}" };
        b.server.signing_keys =
            TokenKeys::new(SigningKeys::new(&[gone]).expect("a key"), AccessTokens::Jwt).expect("a key");
        b.token(machine("j1", ""))
    }),
];

/// How to provoke those of the userinfo endpoint.
const AT_USERINFO: &[(Reason, Provoke)] = &[
    (Reason::TokenMissing, |b| b.userinfo(Message::get(""))),
    (Reason::TokenInactive, |b| with_token(b, "Bearer", "x")),
    (Reason::TokenScope, |b| {
        let token = b.token(machine("j1", "")).member("access_token").expect("a token");
        with_token(b, "Bearer", &token)
    }),
    (Reason::TokenBound, |b| {
        let proven = machine("j1", "").with_proof(&keyed::proof(keyed::DPOP_KEY, "p1"));
        let token = b.token(proven).member("access_token").expect("a token");
        with_token(b, "Bearer", &token)
    }),
    (Reason::TokenUnbound, |b| {
        let token = b.token(machine("j1", "")).member("access_token").expect("a token");
        with_token(b, "DPoP", &token)
    }),
];

fn with_token(bench: &mut Bench, scheme: &str, token: &str) -> Answer {
    bench.userinfo(Message::get("").with("Authorization", &format!("{scheme} {token}")))
}

/// A request of `k1` for itself.
fn machine(jti: &str, more: &str) -> Message {
    Message::post(&format!("grant_type=client_credentials&scope=read{more}{}", keyed::k1_assertion(jti)))
}

#[test]
fn each_reason_is_provoked_and_answered_as_the_table_says() {
    for (reason, provoke) in TABLE.iter().chain(KEYED).chain(AT_USERINFO) {
        let answer = provoke(&mut keyed::bench(keyed::signing_server()));
        let wire = reason.answer();
        if ALSO_OF_SERVER.contains(&reason.name()) {
            assert_eq!(answer.reason, Some(*reason));
            let challenges = answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate");
            let challenge: String = challenges.map(|(_, value)| value.as_str()).collect();
            assert_eq!(challenge.contains(wire.code.as_str()), *reason != Reason::TokenMissing, "{challenge}");
            assert_eq!(answer.status, wire.status, "{reason:?}");
        } else if answer.status == 303 {
            assert_eq!(answer.location("error"), Some(wire.code.as_str()), "{reason:?}");
            assert_eq!(answer.location("code"), None, "{reason:?}");
            let description = answer.location("error_description").expect("a description").replace("%20", " ");
            assert_eq!(description, wire.text, "{reason:?}");
        } else {
            assert_eq!((answer.reason, answer.status), (Some(*reason), wire.status), "{reason:?}");
            assert_eq!(answer.event, reason.event(), "{reason:?}");
        }
    }
}

#[test]
fn no_reason_is_forgotten() {
    let provoked = TABLE.iter().chain(KEYED).map(|(reason, _)| name(&format!("{reason:?}")));
    // The buffer has the length that the flows ask for: see buffer.rs.
    let others = OF_OTHER_ROLES
        .iter()
        .chain(OF_RESOURCE)
        .chain(OF_ACCESS)
        .chain(NOT_YET)
        .chain(&["Buffer"])
        .map(|reason| (*reason).to_owned());
    let mut known: Vec<String> = provoked.chain(others).collect();
    known.sort();
    // One may be provoked in more than one way.
    known.dedup();
    let all: BTreeSet<String> = variants("Reason").into_iter().collect();
    assert_eq!(known, all.into_iter().collect::<Vec<_>>());
}
