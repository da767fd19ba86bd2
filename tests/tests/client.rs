//! The client as an application sees it: discovery, the authorization request, the whole sign-in, the sign-out.

use symbolon::Name;
use symbolon::client::{Addresses, Authentication, AuthorizationRequest, BUFFER, Client, MixUpDefense, WellKnown};
use symbolon::record::{Key, Record, SESSION_ROW, Session};
use symbolon::server::Decision;
use symbolon::step::{Commit, Flow, Load, Send, Step};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::{Entropy, UserAgent};
use symbolon::wire::http::Method;
use symbolon::{Reason, TooSmall};
use symbolon_tests::app::*;
use symbolon_tests::drive::{Host, drive};
use symbolon_tests::fixture::*;
use symbolon_tests::peer::*;
use symbolon_tests::store::MemoryStore;

/// Discovers, with this answer; what was asked, and the token endpoint that was found.
fn discover(client: &Client<'_>, answer: Option<Canned>) -> (Vec<Sent>, Result<String, Reason>) {
    let (mut store, mut buffer) = (MemoryStore::default(), vec![0; BUFFER]);
    let mut host = Peer::new(&mut store, |_, _| answer.clone());
    let step = client.discover(WellKnown::OAuth, None, &mut buffer).expect("the buffer is long enough");
    let found = drive(step, &mut host).map(|found| found.token_endpoint().as_str().to_owned());
    (host.sent, found)
}

#[test]
fn a_server_is_found_by_its_issuer() {
    let bench = Bench::default();
    let (sent, found) = discover(&client(), Some(bench.metadata().into()));
    assert_eq!(found, Ok("https://as.example/token".to_owned()));
    let [sent] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((sent.message.method, sent.message.body.len()), (Method::Get, 0));
    assert!(!sent.policy.plain_http && sent.policy.body_cap > 0 && sent.policy.timeout > 0);
}

#[test]
fn the_well_known_path_goes_before_the_path_of_the_issuer() {
    for (issuer, schemes, url) in [
        ("https://as.example", Schemes::Https, "https://as.example/.well-known/oauth-authorization-server"),
        ("https://as.example/", Schemes::Https, "https://as.example/.well-known/oauth-authorization-server"),
        ("https://as.example/t1", Schemes::Https, "https://as.example/.well-known/oauth-authorization-server/t1"),
        (
            "https://as.example:8443/a/b/",
            Schemes::Https,
            "https://as.example:8443/.well-known/oauth-authorization-server/a/b",
        ),
        (
            "http://[::1]:80/t",
            Schemes::HttpsAndPlainHttpOnLoopback,
            "http://[::1]:80/.well-known/oauth-authorization-server/t",
        ),
    ] {
        let issuer = Issuer::parse_allowing_plain_http_on_loopback(issuer).expect("an issuer");
        let (sent, _) = discover(&Client { issuer, schemes, ..client() }, None);
        assert_eq!(sent.first().map(|sent| sent.url.as_str()), Some(url));
        assert_eq!(sent.first().map(|sent| sent.policy.plain_http), Some(url.starts_with("http:")));
        assert_eq!(sent.first().map(|sent| sent.policy.public_addresses_only), Some(url.starts_with("https:")));
        let addresses = Addresses::PrivateAndLoopbackToo;
        let (sent, _) = discover(&Client { issuer, schemes, addresses, ..client() }, None);
        assert_eq!(sent.first().map(|sent| sent.policy.public_addresses_only), Some(false));
    }
    // The loud option of the issuer alone does not send anything in the clear.
    let issuer = Issuer::parse_allowing_plain_http_on_loopback("http://localhost").expect("an issuer");
    let (sent, found) = discover(&Client { issuer, ..client() }, None);
    assert_eq!((sent.len(), found), (0, Err(Reason::Malformed(Name::Issuer))));
}

#[test]
fn a_document_that_is_not_the_servers_own_is_refused() {
    let good = || Canned::json(200, DOCUMENT);
    let body = |body: String| Canned { body, ..good() };
    for (answer, reason) in [
        (None, Reason::PeerUnavailable),
        (Some(Canned { status: 302, ..good() }), Reason::Status),
        (Some(Canned { status: 404, ..good() }), Reason::Status),
        (Some(Canned { headers: vec![("Content-Type".into(), "text/html".into())], ..good() }), Reason::ContentType),
        (Some(Canned { headers: vec![], ..good() }), Reason::ContentType),
        (Some(body(DOCUMENT.replace("\"https://as.example\"", "\"https://as.example/\""))), Reason::IssuerMismatch),
        (Some(body(DOCUMENT.replace("S256", "plain"))), Reason::PkceUnsupported),
        (
            Some(body(DOCUMENT.replace("https://as.example/authorize", "javascript:alert(1)"))),
            Reason::Malformed(Name::AuthorizationEndpoint),
        ),
        (Some(body(format!("[{DOCUMENT}]"))), Reason::Json),
        (Some(body(DOCUMENT.replace("token_endpoint", "issuer"))), Reason::JsonRepeated),
    ] {
        assert_eq!(discover(&client(), answer.clone()).1, Err(reason), "{answer:?}");
    }
    assert!(discover(&client(), Some(good())).1.is_ok());
}

#[test]
fn the_request_carries_a_challenge_and_never_the_verifier() {
    let mut app = App::default();
    app.client.resources = "https://rs.example/ https://api.example/";
    let (url, key) = app.authorize(BROWSER, Some("read write")).expect("a sign-in");
    let state = parameter(&query(&url), "state").expect("a state");
    let challenge = parameter(&query(&url), "code_challenge").expect("a challenge");
    assert_eq!(
        url,
        format!(
            "https://as.example/authorize?response_type=code&client_id=c1&redirect_uri=https%3A%2F%2Fclient.example%2Fcb\
             &scope=read%20write&resource=https%3A%2F%2Frs.example%2F&resource=https%3A%2F%2Fapi.example%2F&state={state}\
             &code_challenge={challenge}&code_challenge_method=S256"
        )
    );
    let row = app.store.load(key).expect("a row");
    let Ok(Session::Started(started)) = Session::decode(row.value) else { panic!("not started") };
    assert_eq!((key, state.len(), started.code_verifier.len()), (Key::session(&state), 43, 43));
    assert!(!url.contains(started.code_verifier), "the verifier is in the URL");
    assert_ne!(state, started.code_verifier);
    let again = app.authorize(BROWSER, Some("read write")).expect("a sign-in");
    assert_ne!(parameter(&query(&again.0), "state"), Some(state));
    assert_ne!(parameter(&query(&again.0), "code_challenge"), Some(challenge));
}

#[test]
fn a_request_is_refused_before_anything_is_stored() {
    let issuer = Issuer::parse("https://other.example").expect("an issuer");
    let long = "s".repeat(2000).leak();
    for (client, scope, reason) in [
        (Client { issuer, ..client() }, None, Reason::IssuerMismatch),
        (Client { redirect_uri: "/cb", ..client() }, None, Reason::Malformed(Name::RedirectUri)),
        (Client { resources: "rs", ..client() }, None, Reason::Malformed(Name::Resource)),
        (client(), Some("read\""), Reason::Malformed(Name::Scope)),
        (client(), Some(&*long), Reason::TooLong(Name::Scope)),
    ] {
        let mut app = App { client, ..App::default() };
        assert_eq!(app.authorize(BROWSER, scope), Err(reason));
        assert!(app.store.rows.is_empty());
    }
    let app = App::default();
    let (browser, zeros) = (UserAgent::new(BROWSER).expect("long enough"), || Entropy::new([0; 32]));
    let mut buffer = vec![0; BUFFER];
    let step = app.client.authorize(&app.metadata, browser, AuthorizationRequest::default(), NOW, zeros(), &mut buffer);
    let ended = drive(step.expect("the buffer is long enough"), &mut MemoryStore::default());
    assert_eq!(ended.err().map(|failure| failure.reason), Some(Reason::EntropyMissing));
    let step =
        app.client.authorize(&app.metadata, browser, AuthorizationRequest::default(), NOW, zeros(), &mut buffer[1..]);
    assert_eq!(step.err(), Some(TooSmall { needed: BUFFER }));
}

#[test]
fn the_scope_of_another_server_is_its_own_business() {
    let many: Vec<String> = (0..100).map(|n| format!("s{n}")).collect();
    for scope in [many.join(" ").as_str(), "read read"] {
        let (url, _) = App::default().authorize(BROWSER, Some(scope)).expect("a sign-in");
        assert_eq!(parameter(&query(&url), "scope"), Some(scope.replace(' ', "%20")));
    }
}

#[test]
fn a_request_that_is_not_stored_is_not_made() {
    for (fault, reason) in [
        (Fault::Unavailable, Reason::StoreUnavailable),
        (Fault::Lost, Reason::StoreUnavailable),
        (Fault::Conflict, Reason::StoreBusy),
    ] {
        let mut store = MemoryStore::default();
        let mut host = Peer::new(&mut store, nobody).with_fault(0, fault);
        assert_eq!(App::default().authorize_on(BROWSER, None, &mut host), Err(reason));
    }
}

#[test]
fn a_user_signs_in_the_session_is_refreshed_and_signed_out() {
    for (client_id, authentication, redirect_uri) in [
        ("c1", Authentication::ClientSecretBasic(C1_SECRET), "https://client.example/cb"),
        ("c2", Authentication::ClientSecretPost(C2_SECRET), "https://two.example/cb2"),
        ("pub1", Authentication::None, "http://127.0.0.1:51004/cb"),
    ] {
        let client_id = ClientId::parse(client_id).expect("a client_id");
        let client = Client { client_id, authentication, redirect_uri, ..client() };
        let (mut app, mut bench) = (App { client, ..App::default() }, Bench::default());
        let (session, tokens) = app.signed_in(&mut bench);
        assert_eq!((tokens.scope.as_str(), tokens.wider, app.state(session)), ("read", false, "active"));
        assert_eq!(tokens.expires_at, Some(NOW.after(600)));
        assert!(bench.is_active(&tokens.access_token));

        app.now = app.now.after(600);
        bench.now = app.now;
        let Refresh::Usable(refreshed) = app.refresh(session, None, &mut bench) else { panic!("not refreshed") };
        assert_ne!(refreshed.access_token, tokens.access_token);
        assert!(bench.is_active(&refreshed.access_token));

        let mut store = std::mem::take(&mut app.store);
        let ended = app.revoke_on(session, &mut Peer::new(&mut store, |sent, _| serve(&mut bench, sent)));
        assert_eq!(ended, SignOut::SignedOut { at_server: true });
        assert!(store.rows.is_empty() && !bench.is_active(&refreshed.access_token));
    }
}

#[test]
fn credentials_are_sent_by_one_method() {
    let basic = "Basic YSUzQWI6cyUyQiUyMCUyRg==";
    for (authentication, header, form) in [
        (Authentication::None, None, "&client_id=a%3Ab"),
        (Authentication::ClientSecretBasic("s+ /"), Some(basic), ""),
        (Authentication::ClientSecretPost("s+ /"), None, "&client_id=a%3Ab&client_secret=s%2B%20%2F"),
    ] {
        let client_id = ClientId::parse("a:b").expect("a client_id");
        let mut app = App { client: Client { client_id, authentication, ..client() }, ..App::default() };
        let (url, _) = app.authorize(BROWSER, None).expect("a sign-in");
        let state = parameter(&query(&url), "state").expect("a state");
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |_, _| None);
        let response = format!("code=x&iss=https%3A%2F%2Fas.example&state={state}");
        assert_eq!(app.callback_on(&response, BROWSER, &mut host).err(), Some(Reason::PeerUnavailable.into()));
        let sent = &host.sent[0];
        let fields: Vec<_> = sent.message.headers.iter().filter(|(name, _)| name == "Authorization").collect();
        assert_eq!(fields.first().map(|(_, value)| value.as_slice()), header.map(str::as_bytes));
        assert!(fields.len() < 2 && sent.form().ends_with(&format!("{}{form}", "rs.example%2F")), "{}", sent.form());
        assert!(sent.message.headers.contains(&("Accept".to_owned(), b"application/json".to_vec())));
    }
}

#[test]
fn a_refusing_user_ends_the_sign_in() {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let response = app.visit(&mut bench, &url, Decision::Deny);
    let refusal = app.callback(&response, BROWSER, &mut bench).expect_err("a refusal");
    assert_eq!(
        (refusal.reason, refusal.error.map(|(code, _)| code).as_deref()),
        (Reason::ServerRefused, Some("access_denied"))
    );
    assert_eq!(app.state(session), "gone");
}

#[test]
fn the_longest_values_fit_the_buffer() {
    use symbolon::limits;
    let fill = |start: &str, len: usize| format!("{start}{}", "/".repeat(len - start.len()));
    let vschars = |len: usize| "%".repeat(len);
    let issuer: &'static str = fill("https://as.example/", limits::URI).leak();
    let endpoint = |name: &str| fill(&format!("https://as.example/{name}"), limits::URI);
    let resources: Vec<String> =
        (0..limits::RESOURCES).map(|n| fill(&format!("https://rs.example/{n}"), limits::RESOURCE)).collect();
    let (scope, secret) = ("!".repeat(limits::SCOPE), vschars(limits::CLIENT_SECRET));
    let document = format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"{}","token_endpoint":"{}","revocation_endpoint":"{}",
        "introspection_endpoint":"{}","code_challenge_methods_supported":["S256"]}}"#,
        endpoint("a"),
        endpoint("t"),
        endpoint("r"),
        endpoint("i")
    );
    let secret: &'static str = secret.leak();
    for authentication in [Authentication::ClientSecretBasic(secret), Authentication::ClientSecretPost(secret)] {
        let client = Client {
            issuer: Issuer::parse(issuer).expect("an issuer"),
            client_id: ClientId::parse(vschars(limits::CLIENT_ID).leak()).expect("a client_id"),
            authentication,
            redirect_uri: fill("https://client.example/", limits::URI).leak(),
            scope: scope.clone().leak(),
            resources: resources.join(" ").leak(),
            mix_up_defense: MixUpDefense::OnlyServer,
            ..client()
        };
        let mut app = App { client, metadata: metadata(issuer, &document), ..App::default() };
        let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
        let state = parameter(&query(&url), "state").expect("a state");
        let token = vschars(limits::FOREIGN_TOKEN);
        let body = format!(
            r#"{{"access_token":"{token}","refresh_token":"{token}","token_type":"Bearer","expires_in":1,"scope":"{scope}"}}"#
        );
        let code = "!".repeat(limits::FOREIGN_TOKEN);
        let mut store = std::mem::take(&mut app.store);
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, &body)));
        assert!(app.callback_on(&format!("code={code}&state={state}"), BROWSER, &mut host).is_ok());
        // Two lost races before the exchange, and the release of the lease after it.
        for answer in [Some(Canned::json(200, &body)), None] {
            let mut host = Losing { store: &mut store, races: limits::RACES, answer: answer.clone() };
            match app.refresh_on(session, None, &mut host) {
                Refresh::Usable(_) => assert!(answer.is_some()),
                Refresh::Failed(refusal) => {
                    assert_eq!((refusal, answer.is_none()), (Reason::PeerUnavailable.into(), true))
                }
                other => panic!("{other:?}"),
            }
        }
        let row = store.load(session).expect("a row").value.len();
        // No key, nonce and subject: this client's tokens are borne.
        let others = limits::KEY_ID + limits::NONCE + limits::SUBJECT;
        assert!(row + others <= SESSION_ROW && row + others > SESSION_ROW - 128, "{row}");
        // As many lost races, and a sign-out during the exchange.
        let mut signed_out = store.clone();
        let mut host = Losing { store: &mut signed_out, races: limits::RACES, answer: None };
        let mut sent = 0;
        let gone = app.refresh_on(session, None, &mut Emptied { host: &mut host, body: &body, sent: &mut sent });
        assert_eq!((gone, sent), (Refresh::SignInAgain(Reason::SessionGone.into()), 2));
        let mut host = Losing { store: &mut store, races: limits::RACES, answer: Some(Canned::json(200, "{}")) };
        assert_eq!(app.revoke_on(session, &mut host), SignOut::SignedOut { at_server: true });
    }
}

/// A host whose rows are gone once it has sent something.
struct Emptied<'s, 'h> {
    host: &'h mut Losing<'s>,
    body: &'h str,
    sent: &'h mut usize,
}

impl Host for Emptied<'_, '_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.host.load(question)
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        self.host.commit(question)
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        self.host.store.rows.clear();
        self.host.answer = Some(Canned::json(200, self.body));
        *self.sent += 1;
        self.host.send(question)
    }
}
