//! The flows of the client and of the resource server, walked as those of the server are.

use symbolon::client::{Authentication, BUFFER, Client, Refreshed, Revoked, SignIn};
use symbolon::record::{Active, Grant, Key, Owner, Refreshing, Session, Started, TokenSet};
use symbolon::resource::{Judgement, ResourceServer};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::resource::Resource;
use symbolon::terms::{Time, UserAgent};
use symbolon::{Reason, resource};

use super::tree::answered;
use super::{Given, Menu, Question, Recorder, rows};
use crate::app::{DOCUMENT, client};
use crate::drive::drive;
use crate::fixture::{Answer, BROWSER, C1_SECRET, ISSUER, NOW, OTHER_BROWSER, RESOURCE, RS1_SECRET, VERIFIER, entropy};
use crate::peer::{Canned, Sent};

pub mod properties;

/// The `state` of the session that is walked.
pub const STATE: &str = "state-of-the-session";
/// The code that comes back.
pub const CODE: &str = "code-from-the-server";
/// The access token in the session's row.
pub const ACCESS: &str = "access-token-in-the-row";
/// The refresh token in the session's row.
pub const REFRESH: &str = "refresh-token-in-the-row";
/// The access token that a good response brings.
pub const NEW_ACCESS: &str = "access-token-of-the-response";
/// The refresh token that a good response brings.
pub const NEW_REFRESH: &str = "refresh-token-of-the-response";
/// The access token that a resource server is shown.
pub const SHOWN: &str = "access-token-of-a-request";

/// What is asked of the client or the resource server.
#[derive(Clone, Debug)]
pub enum Call {
    /// Begin a sign-in, for this scope.
    Authorize(Option<&'static str>),
    /// End it: the query that came, and the browser that brought it.
    Callback(String, &'static [u8]),
    /// Have an access token that works; this one was rejected.
    Refresh(Option<&'static str>),
    /// Sign out.
    Revoke,
    /// Find the server.
    Discover,
    /// Judge a request with this `Authorization` for this scope.
    Judge(Option<String>, &'static str),
}

impl Call {
    /// The file of the flow, below `core/src`.
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Authorize(_) => "client/authorize.rs",
            Self::Callback(..) => "client/callback.rs",
            Self::Refresh(_) => "client/refresh.rs",
            Self::Revoke => "client/revoke.rs",
            Self::Discover => "client/discover.rs",
            Self::Judge(..) => "resource/judge.rs",
        }
    }
}

/// A call, and the answers that its questions may get.
pub struct Case {
    /// For people.
    pub name: String,
    /// The call.
    pub call: Call,
    /// Whether the client has a secret.
    pub confidential: bool,
    /// The issuer that the client is set up for; its metadata is [`ISSUER`]'s.
    pub issuer: &'static str,
    /// The answers.
    pub menu: Menu,
}

/// What a flow ended in, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The user is to be sent to this URL.
    SendTo(String),
    /// An access token that may be used.
    Tokens(String),
    /// The session is being refreshed elsewhere.
    Busy,
    /// The session is over.
    SignInAgain(Reason),
    /// Nothing came of it.
    Failed(Reason),
    /// Signed out; whether the server knows.
    SignedOut(bool),
    /// The server was found: its token endpoint.
    Found(String),
    /// The request may be served, within this scope.
    Allow(String),
    /// It may not.
    Deny(Answer),
}

/// A flow driven to its end.
#[derive(Clone)]
pub struct Run<'c> {
    /// The call.
    pub case: &'c Case,
    /// Each question with its answer.
    pub record: Vec<(Question, Given)>,
    /// The end.
    pub outcome: Outcome,
}

impl<'c> Run<'c> {
    /// The run without its last exchange, where that one revokes tokens which nobody is left to keep.
    pub fn without_clean_up(&self) -> Run<'c> {
        let mut run = self.clone();
        let cleans = |sent: &Sent| sent.url == "https://as.example/revoke" && !matches!(run.case.call, Call::Revoke);
        if matches!(run.record.last(), Some((Question::Send(sent), _)) if cleans(sent)) {
            run.record.pop();
        }
        run
    }
}

/// Runs a case from its start; `answer` says what each question gets.
pub fn perform<'c>(case: &'c Case, buffer: &mut [u8], answer: &mut dyn FnMut(&Question) -> Given) -> Run<'c> {
    const ENOUGH: &str = "the buffer is long enough";
    let mut host = Recorder { record: Vec::new(), answer };
    let authentication =
        if case.confidential { Authentication::ClientSecretBasic(C1_SECRET) } else { Authentication::None };
    let issuer = Issuer::parse_allowing_plain_http_on_loopback(case.issuer).expect("an issuer");
    let client = Client { authentication, issuer, ..client() };
    let mut document = DOCUMENT.as_bytes().to_vec();
    let known = Issuer::parse(ISSUER).expect("an issuer");
    let server = symbolon::terms::metadata::ServerMetadata::read(&mut document, known, Schemes::Https);
    let server = server.expect("metadata");
    let session = Key::session(STATE);
    let outcome = match &case.call {
        Call::Authorize(scope) => {
            let browser = UserAgent::new(BROWSER).expect("long enough");
            let step = client.authorize(&server, browser, *scope, NOW, &entropy(1), buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                Ok(SignIn { url, .. }) => Outcome::SendTo(url.to_owned()),
                Err(reason) => Outcome::Failed(reason),
            }
        }
        Call::Callback(query, binding) => {
            let mut query = query.clone().into_bytes();
            let browser = UserAgent::new(binding).expect("long enough");
            let step = client.callback(&server, &mut query, browser, NOW, buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                Ok(signed_in) => Outcome::Tokens(signed_in.tokens.access_token.to_owned()),
                Err(failure) => Outcome::Failed(failure.reason),
            }
        }
        Call::Refresh(rejected) => {
            let step = client.refresh(&server, session, *rejected, NOW, buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                Refreshed::Usable(tokens) => Outcome::Tokens(tokens.access_token.to_owned()),
                Refreshed::Busy { .. } => Outcome::Busy,
                Refreshed::SignInAgain(failure) => Outcome::SignInAgain(failure.reason),
                Refreshed::Failed(failure) => Outcome::Failed(failure.reason),
            }
        }
        Call::Revoke => match drive(client.revoke(&server, session, NOW, buffer).expect(ENOUGH), &mut host) {
            Revoked::SignedOut { at_server } => Outcome::SignedOut(at_server),
            Revoked::Failed(failure) => Outcome::Failed(failure.reason),
        },
        Call::Discover => match drive(client.discover(buffer).expect(ENOUGH), &mut host) {
            Ok(found) => Outcome::Found(found.token_endpoint().as_str().to_owned()),
            Err(reason) => Outcome::Failed(reason),
        },
        Call::Judge(authorization, scope) => {
            let headers: Vec<_> = authorization
                .iter()
                .map(|value| symbolon::wire::http::Field { name: "Authorization", value: value.as_bytes() })
                .collect();
            let server = resource_server();
            match drive(server.judge(&headers, scope, NOW, buffer).expect(ENOUGH), &mut host) {
                Judgement::Allow(claims) => Outcome::Allow(claims.scope().words().collect::<Vec<_>>().join(" ")),
                Judgement::Deny(reply) => Outcome::Deny(reply.into()),
            }
        }
    };
    Run { case, record: host.record, outcome }
}

fn resource_server() -> ResourceServer<'static> {
    let endpoint = Endpoint::parse("introspection_endpoint", "https://as.example/introspect", Schemes::Https);
    ResourceServer {
        resource: Resource::parse(RESOURCE).expect("a resource"),
        issuer: Issuer::parse(ISSUER).expect("an issuer"),
        introspection_endpoint: endpoint.expect("an endpoint"),
        client_id: ClientId::parse("rs1").expect("a client_id"),
        client_secret: RS1_SECRET,
        realm: "rs",
    }
}

/// Runs a case along every sequence of answers that its menu allows; returns how many there are.
pub fn walk<'c>(case: &'c Case, mut visit: impl FnMut(Run<'c>)) -> usize {
    let mut buffer = vec![0; BUFFER.max(resource::BUFFER)];
    answered(&case.menu, |answer| visit(perform(case, &mut buffer, answer)))
}

/// Runs a case with answers that were given before.
pub fn replay<'c>(run: &Run<'c>, buffer: &mut [u8]) -> Run<'c> {
    let mut given = run.record.iter().map(|(_, given)| given.clone());
    perform(run.case, buffer, &mut |_| given.next().expect("as many questions as before"))
}

/// Whose the session is.
pub const OWNER: Owner<'static> = Owner { issuer: ISSUER, client_id: "c1" };

fn started() -> Started<'static> {
    Started {
        owner: OWNER,
        user_agent: rows::browser(),
        iss_promised: true,
        code_verifier: VERIFIER,
        redirect_uri: "https://client.example/cb",
        scope: "read",
        resources: RESOURCE,
        expires_at: NOW.after(600),
    }
}

fn tokens() -> TokenSet<'static> {
    TokenSet {
        owner: OWNER,
        access_token: ACCESS,
        expires_at: Some(NOW.after(600)),
        refresh_token: Some(REFRESH),
        scope: "read",
        scope_asked: "read",
        resources: RESOURCE,
    }
}

/// The places in [`sessions`] of what a flow that lost a race may find.
const AFTER_A_RACE: [usize; 11] = [2, 5, 10, 11, 12, 13, 15, 16, 17, 20, 21];

fn sessions() -> Vec<Given> {
    let other = Owner { issuer: "https://other.example", ..OWNER };
    let ended = TokenSet { expires_at: Some(NOW), ..tokens() };
    let leased = |lease_until| Session::Refreshing(Refreshing { tokens: ended, lease_until });
    let states = [
        Session::Started(started()),
        Session::Started(Started { user_agent: [9; 32], ..started() }),
        Session::Started(Started { expires_at: NOW, ..started() }),
        Session::Started(Started { owner: other, ..started() }),
        Session::Started(Started { redirect_uri: "https://client.example/other", ..started() }),
        Session::Redeeming(OWNER),
        Session::Active(tokens()),
        Session::Active(ended),
        Session::Active(TokenSet { refresh_token: None, ..ended }),
        Session::Active(TokenSet { expires_at: None, ..tokens() }),
        Session::Active(TokenSet { owner: other, ..ended }),
        Session::Active(TokenSet { refresh_token: Some("another-refresh-token"), ..tokens() }),
        leased(NOW.after(1)),
        leased(NOW),
        leased(Time(u64::MAX)),
    ];
    let good = rows::encode(&states[6]);
    let of_a_grant =
        rows::encode(&Grant::Active(Active { granted: rows::granted("c1"), generation: 1, issued_at: NOW }));
    let broken = [vec![], vec![0xff; 40], good[..good.len() - 1].to_vec(), [good, vec![0]].concat(), of_a_grant];
    let whole = states.iter().map(rows::encode);
    let values = broken.into_iter().chain(whole).map(|value| Given::Row(Some((1, value))));
    values.chain([Given::Row(None), Given::Unavailable]).collect()
}

fn responses(bodies: &[(u16, &str)]) -> Vec<Given> {
    let mut all: Vec<Given> =
        bodies.iter().map(|(status, body)| Given::Response(Canned::json(*status, body))).collect();
    let html = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    all.push(Given::Response(Canned { status: 200, headers: html, body: bodies[0].1.to_owned() }));
    all.push(Given::Response(Canned { status: 200, headers: Vec::new(), body: bodies[0].1.to_owned() }));
    for status in [204, 302, 307, 500, 503] {
        all.push(Given::Response(Canned::json(status, bodies[0].1)));
    }
    all.push(Given::Unavailable);
    all
}

fn token_responses() -> Vec<Given> {
    let good = format!(
        "{{\"access_token\":\"{NEW_ACCESS}\",\"token_type\":\"bearer\",\"expires_in\":600,\
         \"refresh_token\":\"{NEW_REFRESH}\",\"scope\":\"read\"}}"
    );
    responses(&[
        (200, &good),
        (200, &format!("{{\"access_token\":\"{NEW_ACCESS}\",\"token_type\":\"Bearer\"}}")),
        (200, &good.replace("\"scope\":\"read\"", "\"scope\":\"read admin\"")),
        (200, &good.replace("bearer", "mac")),
        (200, &good.replace("access_token", "id_token")),
        (200, &good.replace("}", ",\"error\":\"invalid_grant\"}")),
        (200, &good.replace("}", ",\"scope\":\"x\"}")),
        (200, "[]"),
        (200, &good[..20]),
        (400, "{\"error\":\"invalid_grant\",\"error_description\":\"no\"}"),
        (400, "{\"error\":\"unsupported_token_type\"}"),
        (401, "{\"error\":\"invalid_client\"}"),
        (400, "{\"error\":\"a\\\"b\"}"),
        (400, "not JSON"),
    ])
}

fn introspections() -> Vec<Given> {
    let good = format!(
        "{{\"active\":true,\"iss\":\"{ISSUER}\",\"client_id\":\"c1\",\"sub\":\"alice\",\"exp\":{},\"scope\":\"read\",\
         \"aud\":[\"{RESOURCE}\"],\"token_type\":\"Bearer\"}}",
        NOW.0 + 1
    );
    let exp = format!("\"exp\":{}", NOW.0 + 1);
    responses(&[
        (200, &good),
        (200, "{\"active\":false}"),
        (200, "{}"),
        (200, &good.replace("true", "\"true\"")),
        (200, &good.replace(&exp, &format!("\"exp\":{}", NOW.0))),
        (200, &good.replace(&exp, &format!("\"nbf\":{}", NOW.0 + 1))),
        (200, &good.replace("as.example", "evil.example")),
        (200, &good.replace("rs.example", "other.example")),
        (200, &good.replace(&format!("[\"{RESOURCE}\"]"), &format!("\"{RESOURCE}\""))),
        (200, &good.replace("\"aud\"", "\"audience\"")),
        (200, &good.replace("\"scope\":\"read\"", "\"scope\":\"write\"")),
        (200, &good.replace("Bearer", "DPoP")),
        (200, &good.replace("}", ",\"cnf\":{\"jkt\":\"x\"}}")),
        (200, &good.replace("}", ",\"active\":false}")),
        (400, "{\"error\":\"invalid_request\"}"),
        (401, "{\"error\":\"invalid_client\"}"),
    ])
}

fn documents() -> Vec<Given> {
    responses(&[
        (200, DOCUMENT),
        (200, &DOCUMENT.replace("https://as.example\"", "https://as.example/\"")),
        (200, &DOCUMENT.replace("https://as.example\"", "https://evil.example\"")),
        (200, &DOCUMENT.replace("S256", "plain")),
        (200, &DOCUMENT.replace("https://as.example/token", "http://as.example/token")),
        (200, &DOCUMENT.replace("\"token_endpoint\"", "\"issuer\"")),
        (404, "{}"),
    ])
}

/// The query of a good authorization response.
pub fn good_response() -> String {
    format!("code={CODE}&state={STATE}&iss=https%3A%2F%2Fas.example")
}

/// Every call, with every answer to its questions.
pub fn cases() -> Vec<Case> {
    let good = good_response();
    let queries = [
        good.clone(),
        good.replace("&iss=https%3A%2F%2Fas.example", ""),
        good.replace("as.example", "evil.example"),
        good.replace(STATE, ""),
        good.replace(CODE, ""),
        good.replace(CODE, "%00"),
        format!("{good}&state={STATE}"),
        format!("{good}&code=x"),
        format!("{good}&error=access_denied"),
        format!("{good}&error=%00"),
        format!("{good}&access_token=x"),
        format!("{good}&response=x"),
        format!("error=access_denied&error_description=no&state={STATE}&iss=https%3A%2F%2Fas.example"),
        "%zz".to_owned(),
        String::new(),
    ];
    let bearer = format!("Bearer {SHOWN}");
    let mut calls: Vec<Call> = [None, Some("read write"), Some("\"")].map(Call::Authorize).into();
    calls.extend(queries.map(|query| Call::Callback(query, BROWSER)));
    calls.push(Call::Callback(good, OTHER_BROWSER));
    calls.extend([None, Some(ACCESS), Some("another")].map(Call::Refresh));
    calls.extend([Call::Revoke, Call::Discover]);
    calls.extend(["", "read", "read write", "\""].map(|scope| Call::Judge(Some(bearer.clone()), scope)));
    calls.extend(
        [None, Some("Basic YTpi".to_owned()), Some("Bearer".to_owned()), Some("Bearer a b".to_owned())]
            .map(|value| Call::Judge(value, "")),
    );
    let mut all: Vec<(Call, bool, &str)> = calls.into_iter().map(|call| (call, true, ISSUER)).collect();
    let few = [Call::Callback(good_response(), BROWSER), Call::Refresh(None), Call::Revoke, Call::Authorize(None)];
    all.extend(few.iter().map(|call| (call.clone(), false, ISSUER)));
    all.extend(few.map(|call| (call, true, "https://other.example")));
    all.push((Call::Discover, true, "http://127.0.0.1:8080"));
    let case = |(call, confidential, issuer)| {
        let send = match call {
            Call::Judge(..) => introspections(),
            Call::Discover => documents(),
            _ => token_responses(),
        };
        let menu = Menu::from([
            ("load session", sessions()),
            ("load session again", AFTER_A_RACE.map(|place| sessions()[place].clone()).into()),
            ("commit session", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
            ("commit session again", vec![Given::Committed, Given::Conflict]),
            // Tokens that nobody is left to keep are revoked, whatever comes of that.
            ("send again", vec![Given::Unavailable, send[0].clone()]),
            ("send", send),
        ]);
        Case {
            name: format!("{call:?}, {}", if confidential { "confidential" } else { "public" }),
            call,
            confidential,
            issuer,
            menu,
        }
    };
    all.into_iter().map(case).collect()
}
