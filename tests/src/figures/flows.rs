//! The flows that are counted, each with everything that it will ask for at hand.

use symbolon::Event;
use symbolon::client::{self, Refreshed, Revoked};
use symbolon::error::TooSmall;
use symbolon::record::{Key, Kind};
use symbolon::resource::{self, Judgement, Needs, ResourceRequest};
use symbolon::server::{Authenticated, Authorization, BUFFER, Decision};
use symbolon::step::{Commit, Committed, Flow, Load, Row, Send, Sign, Step, Verdict, Verify};
use symbolon::terms::{Time, UserAgent};
use symbolon::wire::http::{Field, Response};

use super::{Count, counted};
use crate::app::{App, resource_server};
use crate::drive::{Host, drive};
use crate::fixture::*;
use crate::peer::{Canned, Peer, serve};
use crate::store::MemoryStore;

/// Of these flows it is not said which compressions they cannot avoid.
pub(super) const UNCOUNTED: &[(&str, usize)] = &[("not counted", 0)];

/// A flow to be counted.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// The SHA-256 compressions that the flow cannot avoid: what they are for, and how many.
    pub(super) hashes: &'static [(&'static str, usize)],
    /// The most that it may take, in hundredths of what those take, where that is bounded; it then asks three questions.
    pub(super) bound: Option<u64>,
    /// Runs the flow once.
    pub(super) run: fn() -> Count,
}

impl Case {
    pub(super) fn compressions(&self) -> usize {
        self.hashes.iter().map(|(_, blocks)| blocks).sum()
    }
}

/// The aim: one and a half times the compressions.
const CODE: Option<u64> = Some(150);
/// The aim is the same, and missed: this is what it takes today, so that it takes no more.
const REFRESH: Option<u64> = Some(154);

const CLIENT_KEY: (&str, usize) = ("client row key", 1);
const SECRET: (&str, usize) = ("client secret", 1);
const BROWSER_HASH: (&str, usize) = ("user agent", 1);
// The compressions over the key's pads are made once, with the key ring; one over the payload and one over its hash are left.
const ACCESS_TOKEN: (&str, usize) = ("access token", 2);
const REFRESH_TOKEN: (&str, usize) = ("refresh token", 2);
const TOKEN_OPENED: (&str, usize) = ("token opened", 2);
const CODE_OPENED: (&str, usize) = ("code opened", 2);
const HANDLE_OPENED: (&str, usize) = ("handle opened", 2);
const PKCE: (&str, usize) = ("PKCE", 1);

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    Case { name: "server authorize", bound: None, run: server_authorize,
        hashes: &[("entropy as a key", 2), ("grant id", 2), BROWSER_HASH, CLIENT_KEY, ("handle", 2)] },
    Case { name: "server resume", bound: None, run: server_resume, hashes: &[HANDLE_OPENED, BROWSER_HASH] },
    Case { name: "server decide, approved", bound: None, run: server_decide,
        hashes: &[HANDLE_OPENED, BROWSER_HASH, ("code", 2)] },
    Case { name: "server token by code, public client", bound: CODE, run: code_public,
        hashes: &[CLIENT_KEY, CODE_OPENED, PKCE, ACCESS_TOKEN, REFRESH_TOKEN] },
    Case { name: "server token by code, client_secret_basic", bound: CODE, run: code_basic,
        hashes: &[CLIENT_KEY, SECRET, CODE_OPENED, PKCE, ACCESS_TOKEN, REFRESH_TOKEN] },
    Case { name: "server token by refresh, public client", bound: REFRESH, run: refresh_public,
        hashes: &[CLIENT_KEY, TOKEN_OPENED, ACCESS_TOKEN, REFRESH_TOKEN] },
    Case { name: "server token by refresh, client_secret_basic", bound: REFRESH, run: refresh_basic,
        hashes: &[CLIENT_KEY, SECRET, TOKEN_OPENED, ACCESS_TOKEN, REFRESH_TOKEN] },
    Case { name: "server revoke, client_secret_basic", bound: None, run: server_revoke,
        hashes: &[CLIENT_KEY, SECRET, TOKEN_OPENED] },
    Case { name: "server introspect, client_secret_basic", bound: None, run: server_introspect,
        hashes: &[CLIENT_KEY, SECRET, TOKEN_OPENED] },
    Case { name: "server metadata", bound: None, run: server_metadata, hashes: &[] },
    Case { name: "client discover", bound: None, run: client_discover, hashes: &[] },
    Case { name: "client authorize", bound: None, run: client_authorize,
        hashes: &[("entropy as a key", 2), ("state", 2), ("verifier", 2), ("challenge", 1), BROWSER_HASH, ("session row key", 1)] },
    Case { name: "client callback, with the exchange of the code", bound: None, run: client_callback,
        hashes: &[("session row key", 1), BROWSER_HASH] },
    Case { name: "client refresh, the token works", bound: None, run: client_refresh_works, hashes: &[] },
    Case { name: "client refresh, with the exchange", bound: None, run: client_refresh_exchange, hashes: &[] },
    Case { name: "client revoke", bound: None, run: client_revoke, hashes: &[] },
    Case { name: "resource judge, opaque token", bound: None, run: resource_judge, hashes: &[] },
];

/// A host that has its answers at hand, so that next to nothing but the core is counted: the rows in the order in which the
/// flow reads them, the response to the one exchange that it makes, and signatures that nobody makes or checks.
pub(super) struct Rows<'r> {
    rows: std::vec::IntoIter<Row<'r>>,
    response: Option<Response<'r>>,
    questions: usize,
}

impl<'r> Rows<'r> {
    pub(super) fn new(store: &'r MemoryStore, keys: &[Key]) -> Self {
        let rows: Vec<_> = keys.iter().map(|key| store.load(*key).expect("a row")).collect();
        Self { rows: rows.into_iter(), response: None, questions: 0 }
    }

    pub(super) fn with(mut self, response: Response<'r>) -> Self {
        self.response = Some(response);
        self
    }

    /// Counts a flow, which says whether it ended as it should.
    pub(super) fn count(mut self, flow: impl FnOnce(&mut Self) -> bool) -> Count {
        let (as_it_should, allocations) = counted(|| flow(&mut self));
        assert!(as_it_should, "the flow did not end as it should");
        Count { questions: self.questions, allocations }
    }
}

impl Host for Rows<'_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        question.answer(self.rows.next())
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        question.answer(Committed::Yes)
    }

    fn sign<'a, F: Flow>(&mut self, question: Sign<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        question.answer(&[0x51; 64])
    }

    fn verify<'a, F: Flow>(&mut self, question: Verify<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        question.answer(Verdict::Valid)
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        match self.response.take() {
            Some(response) => question.answer(response),
            None => question.unavailable(),
        }
    }
}

/// Drives a flow to its end; the buffers here are long enough.
pub(super) fn end<'a, F: Flow>(step: Result<Step<'a, F>, TooSmall>, rows: &mut Rows<'_>) -> F::Output<'a> {
    match step {
        Ok(step) => drive(step, rows),
        Err(_) => panic!("the buffer is too small"),
    }
}

/// The key of the one row of this kind.
pub(super) fn only(store: &MemoryStore, kind: Kind) -> Key {
    let mut keys = store.rows.iter().filter(|(_, row)| row.kind == kind.as_str()).map(|(key, _)| *key);
    match (keys.next(), keys.next()) {
        (Some(key), None) => key,
        _ => panic!("not one row of kind {}", kind.as_str()),
    }
}

/// Lends a response as a flow wants it.
pub(super) fn lend<T>(canned: Canned, then: impl FnOnce(Response<'_>) -> T) -> T {
    let headers: Vec<Field<'_>> =
        canned.headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
    let mut body = canned.body.into_bytes();
    then(Response { status: canned.status, headers: &headers, body: &mut body })
}

pub(super) fn browser() -> UserAgent<'static> {
    UserAgent::new(BROWSER).expect("long enough")
}

fn good_query() -> String {
    authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read+write")
}

fn server_authorize() -> Count {
    let bench = Bench::default();
    let rows = Rows::new(&bench.store, &[Key::client("c1")]);
    let (browser, entropy, mut buffer) = (browser(), entropy(1), vec![0; BUFFER]);
    Message::get(&good_query()).lend(|request| {
        rows.count(|rows| {
            let step = bench.server.authorize(request, browser, bench.now, entropy, &mut buffer);
            matches!(end(step, rows), Authorization::Interact(prompt) if prompt.refusal.is_none())
        })
    })
}

/// A request that waits for its user's decision, and its handle.
fn asked() -> (Bench, String) {
    let mut bench = Bench::default();
    match bench.authorize(Message::get(&good_query())) {
        Interaction::Ask { handle, refusal: None } => (bench, handle),
        other => panic!("no question to the user: {other:?}"),
    }
}

fn server_resume() -> Count {
    let (bench, handle) = asked();
    let rows = Rows::new(&bench.store, &[only(&bench.store, Kind::Grant)]);
    let (browser, mut buffer) = (browser(), vec![0; BUFFER]);
    rows.count(|rows| {
        let step = bench.server.resume(&handle, browser, bench.now, &mut buffer);
        matches!(end(step, rows), Authorization::Interact(_))
    })
}

fn server_decide() -> Count {
    let (bench, handle) = asked();
    let rows = Rows::new(&bench.store, &[only(&bench.store, Kind::Grant)]);
    let user = Authenticated::new(USER, bench.now).expect("a subject");
    let (browser, mut buffer) = (browser(), vec![0; BUFFER]);
    rows.count(|rows| {
        let decision = Decision::Approve { scope: "read write", authorization_details: "" };
        let step = bench.server.decide(&handle, browser, user, decision, bench.now, &mut buffer);
        end(step, rows).event == Some(Event::Approved)
    })
}

pub(super) fn token(bench: &Bench, client_id: &str, mut message: Message, event: Event) -> Count {
    let rows = Rows::new(&bench.store, &[Key::client(client_id), only(&bench.store, Kind::Grant)]);
    let mut buffer = vec![0; BUFFER];
    message.lend(|request| {
        rows.count(|rows| {
            end(bench.server.token(request, bench.now, entropy(1), &mut buffer), rows).event == Some(event)
        })
    })
}

fn code_public() -> Count {
    let mut bench = Bench::default();
    let form = format!("{}&client_id=pub1", redemption(&bench.code_of_pub1("read write")));
    token(&bench, "pub1", Message::post(&form), Event::CodeRedeemed)
}

fn code_basic() -> Count {
    let mut bench = Bench::default();
    let form = redemption(&bench.code_of_c1("read write"));
    token(&bench, "c1", Message::post(&form).basic("c1", C1_SECRET), Event::CodeRedeemed)
}

fn refresh_public() -> Count {
    let mut bench = Bench::default();
    let code = bench.code_of_pub1("read write");
    let spent = member(&bench.redeem_as_pub1(&code), "refresh_token");
    let form = format!("grant_type=refresh_token&refresh_token={spent}&client_id=pub1");
    token(&bench, "pub1", Message::post(&form), Event::Refreshed)
}

fn refresh_basic() -> Count {
    let (bench, tokens) = redeemed();
    let form = format!("grant_type=refresh_token&refresh_token={}", member(&tokens, "refresh_token"));
    token(&bench, "c1", Message::post(&form).basic("c1", C1_SECRET), Event::Refreshed)
}

/// A grant of `c1`, and the reply with its first tokens.
fn redeemed() -> (Bench, Answer) {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read write");
    let tokens = bench.redeem_as_c1(&code);
    (bench, tokens)
}

pub(super) fn member(answer: &Answer, name: &str) -> String {
    answer.member(name).unwrap_or_else(|| panic!("no {name} in {answer:?}"))
}

fn server_revoke() -> Count {
    let (bench, tokens) = redeemed();
    let rows = Rows::new(&bench.store, &[Key::client("c1"), only(&bench.store, Kind::Grant)]);
    let form = format!("token={}", member(&tokens, "refresh_token"));
    let mut buffer = vec![0; BUFFER];
    Message::post(&form).basic("c1", C1_SECRET).lend(|request| {
        rows.count(|rows| end(bench.server.revoke(request, bench.now, &mut buffer), rows).event == Some(Event::Revoked))
    })
}

/// What `rs1` asks of an access token.
fn introspection(tokens: &Answer) -> Message {
    let form = format!("token={}&token_type_hint=access_token", member(tokens, "access_token"));
    Message::post(&form).basic("rs1", RS1_SECRET)
}

fn server_introspect() -> Count {
    let (bench, tokens) = redeemed();
    let rows = Rows::new(&bench.store, &[Key::client("rs1"), only(&bench.store, Kind::Grant)]);
    let mut buffer = vec![0; BUFFER];
    introspection(&tokens).lend(|request| {
        rows.count(|rows| {
            let reply = end(bench.server.introspect(request, bench.now, &mut buffer), rows);
            reply.body.starts_with(b"{\"active\":true")
        })
    })
}

fn server_metadata() -> Count {
    let bench = Bench::default();
    let mut buffer = vec![0; BUFFER];
    let rows = Rows::new(&bench.store, &[]);
    rows.count(|_| matches!(bench.server.metadata(&mut buffer), Ok(reply) if reply.status == 200))
}

fn client_discover() -> Count {
    let app = App::default();
    let mut buffer = vec![0; client::BUFFER];
    lend(Bench::default().metadata().into(), |response| {
        let rows = Rows::new(&app.store, &[]).with(response);
        rows.count(|rows| end(app.client.discover(client::WellKnown::OAuth, None, &mut buffer), rows).is_ok())
    })
}

fn client_authorize() -> Count {
    let app = App::default();
    let rows = Rows::new(&app.store, &[]);
    let (browser, entropy, mut buffer) = (browser(), entropy(1), vec![0; client::BUFFER]);
    rows.count(|rows| {
        let step = app.client.authorize(
            &app.metadata,
            browser,
            client::AuthorizationRequest::default(),
            app.now,
            entropy,
            &mut buffer,
        );
        end(step, rows).is_ok()
    })
}

fn client_callback() -> Count {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let query = app.visit(&mut bench, &url, Decision::Approve { scope: "read", authorization_details: "" });
    // The verifier is in the row alone: the exchange is made once on a copy of the rows, and its response kept.
    let (mut tokens, mut copy) = (None, app.store.clone());
    let mut peer = Peer::new(&mut copy, |sent, _| {
        tokens = serve(&mut bench, sent);
        tokens.clone()
    });
    app.callback_on(&query, BROWSER, &mut peer).expect("tokens");
    let (browser, mut query, mut buffer) = (browser(), query.into_bytes(), vec![0; client::BUFFER]);
    lend(tokens.expect("a response"), |response| {
        let rows = Rows::new(&app.store, &[session]).with(response);
        rows.count(|rows| {
            let step = app.client.callback(&app.metadata, &mut query, browser, app.now, &mut buffer);
            end(step, rows).is_ok()
        })
    })
}

/// An application with a session, at the server that it is signed in at.
fn signed_in() -> (App, Bench, Key) {
    let (mut app, mut bench) = (App::default(), Bench::default());
    let (session, _) = app.signed_in(&mut bench);
    (app, bench, session)
}

fn client_refresh_works() -> Count {
    let (app, _, session) = signed_in();
    let mut buffer = vec![0; client::BUFFER];
    Rows::new(&app.store, &[session]).count(|rows| {
        let step = app.client.refresh(&app.metadata, session, None, app.now, &mut buffer);
        matches!(end(step, rows), Refreshed::Usable(_))
    })
}

fn client_refresh_exchange() -> Count {
    let (mut app, mut bench, session) = signed_in();
    app.now = Time(NOW.0 + bench.server.lifetimes.access_token);
    bench.now = app.now;
    let tokens = bench.refresh_as_c1(&app.refresh_token(session).expect("a refresh token"));
    let mut buffer = vec![0; client::BUFFER];
    lend(tokens.into(), |response| {
        Rows::new(&app.store, &[session]).with(response).count(|rows| {
            let step = app.client.refresh(&app.metadata, session, None, app.now, &mut buffer);
            matches!(end(step, rows), Refreshed::Usable(_))
        })
    })
}

fn client_revoke() -> Count {
    let (app, mut bench, session) = signed_in();
    let form = format!("token={}", app.refresh_token(session).expect("a refresh token"));
    let revoked = bench.revoke(Message::post(&form).basic("c1", C1_SECRET));
    let mut buffer = vec![0; client::BUFFER];
    lend(revoked.into(), |response| {
        Rows::new(&app.store, &[session]).with(response).count(|rows| {
            let step = app.client.revoke(&app.metadata, session, app.now, &mut buffer);
            matches!(end(step, rows), Revoked::SignedOut { at_server: true })
        })
    })
}

fn resource_judge() -> Count {
    let (mut bench, tokens) = redeemed();
    let claims = bench.introspect(introspection(&tokens));
    let bearer = format!("Bearer {}", member(&tokens, "access_token"));
    let headers = [Field { name: "Authorization", value: bearer.as_bytes() }];
    let (server, mut buffer) = (resource_server(), vec![0; resource::BUFFER]);
    lend(claims.into(), |response| {
        Rows::new(&bench.store, &[]).with(response).count(|rows| {
            let request =
                ResourceRequest { method: "GET", url: "https://rs.example/data", headers: &headers, certificate: None };
            let step = server.judge(request, Needs::scope("read"), bench.now, &mut buffer);
            matches!(end(step, rows), Judgement::Allow(_))
        })
    })
}
