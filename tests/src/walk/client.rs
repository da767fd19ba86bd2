//! The flows of the client and of the resource server, walked as those of the server are.

use std::sync::LazyLock;

use symbolon::client::{
    Authentication, AuthorizationRequest, BUFFER, Binding, Client, PushedRequests, Refreshed, Revoked, SignIn,
    WellKnown,
};
use symbolon::record::{Key, Owner};
use symbolon::resource::{Judgement, Needs, ResourceRequest};
use symbolon::terms::UserAgent;
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::wire::jose::Algorithm;
use symbolon::{Reason, resource};

use super::tree::answered;
use super::{Given, Menu, Question, Recorder};
use crate::app::{DOCUMENT, client};
use crate::drive::drive;
use crate::fixture::{Answer, BROWSER, C1_SECRET, ISSUER, NOW, entropy};
use crate::peer::Sent;

pub mod cases;
pub mod properties;

/// Where tokens are revoked.
pub const REVOCATION: &str = "https://as.example/revoke";
/// Whose the session is.
pub const OWNER: Owner<'static> = Owner { issuer: ISSUER, client_id: "c1" };
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

/// The metadata of a server that says the least.
const BARE: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","code_challenge_methods_supported":["S256"]}"#;

/// The key that the client of [`Setup::Keys`] authenticates with, and the one that its tokens are bound to.
pub const KEYS: [&str; 2] = ["ed25519-client", "es256-tokens"];

/// The metadata of a server that takes all that is signed.
pub const SIGNED: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke",
    "pushed_authorization_request_endpoint":"https://as.example/par","dpop_signing_alg_values_supported":["ES256"],
    "token_endpoint_auth_methods_supported":["private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported":["EdDSA"],
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;

/// Where the keys of a server are that names its users.
pub const JWKS_URI: &str = "https://as.example/jwks";

/// The metadata of such a server.
const OPENID: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke",
    "jwks_uri":"https://as.example/jwks","pushed_authorization_request_endpoint":"https://as.example/par","id_token_signing_alg_values_supported":["RS256","ES256"],
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;

/// How the client is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// With a secret.
    Secret,
    /// With none.
    Public,
    /// With an assertion for every request, tokens that are bound to a key, and pushed requests.
    Keys,
    /// With a secret, for users whom an ID token names.
    OpenId,
}

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
    /// Have an access token of the client's own; this one was rejected.
    Credentials(Option<&'static str>),
    /// Find the server, which was known before or was not.
    Discover(bool),
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
            Self::Credentials(_) => "client/credentials.rs",
            Self::Discover(_) => "client/discover.rs",
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
    /// How the client is set up.
    pub setup: Setup,
    /// The issuer that the client is set up for; its metadata is [`ISSUER`]'s.
    pub issuer: &'static str,
    /// Whether those metadata say the least that they may: no `iss` in responses, and no revocation endpoint.
    pub bare: bool,
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
    /// Whether an exchange revokes tokens that nobody is left to keep: it does not belong to the call.
    pub fn cleans_up(&self, sent: &Sent) -> bool {
        sent.url == REVOCATION && !matches!(self.case.call, Call::Revoke)
    }

    /// The run without the questions that are about the keys of the server, and what they have signed.
    pub fn without_keys(&self) -> Run<'c> {
        let mut run = self.clone();
        run.record.retain(|(question, _)| match question {
            Question::Load { kind, .. } => *kind != "document",
            Question::Commit(write) => write.kind != "document",
            Question::Send(sent) => sent.url != JWKS_URI,
            Question::Verify => false,
            Question::Sign => true,
        });
        run
    }

    /// The run without its last exchange, if that one cleans up.
    pub fn without_clean_up(&self) -> Run<'c> {
        let mut run = self.clone();
        let given_up = matches!(run.outcome, Outcome::SignInAgain(reason) | Outcome::Failed(reason)
            if matches!(reason, Reason::SessionGone | Reason::StoreBusy));
        let cleans_up = match run.record.last() {
            Some((Question::Send(sent), _)) => run.cleans_up(sent),
            Some((Question::Sign, _)) => given_up && !matches!(run.case.call, Call::Revoke),
            _ => false,
        };
        if cleans_up {
            run.record.pop();
            while matches!(run.record.last(), Some((Question::Sign, _))) {
                run.record.pop();
            }
        }
        run
    }
}

/// Runs a case from its start; `answer` says what each question gets.
pub fn perform<'c>(case: &'c Case, buffer: &mut [u8], answer: &mut dyn FnMut(&Question) -> Given) -> Run<'c> {
    const ENOUGH: &str = "the buffer is long enough";
    let mut host = Recorder { record: Vec::new(), answer };
    static JWKS: LazyLock<[String; 2]> = LazyLock::new(|| KEYS.map(|key_id| crate::keys::jwk(key_id).expect("a key")));
    let [ours, theirs] = [(0, Algorithm::EdDsa), (1, Algorithm::Es256)].map(|(n, algorithm)| SigningKey {
        key_id: KEYS[n],
        algorithm,
        jwk: &JWKS[n],
    });
    let (authentication, binding, pushed_requests) = match case.setup {
        Setup::Secret => (Authentication::ClientSecretBasic(C1_SECRET), Binding::None, PushedRequests::IfRequired),
        Setup::OpenId => (Authentication::ClientSecretBasic(C1_SECRET), Binding::None, PushedRequests::Always),
        Setup::Public => (Authentication::None, Binding::None, PushedRequests::IfRequired),
        Setup::Keys => (
            Authentication::PrivateKeyJwt(ours),
            Binding::Dpop(SigningKeys::new(&[theirs]).expect("a key")),
            PushedRequests::Always,
        ),
    };
    let issuer = Issuer::parse_allowing_plain_http_on_loopback(case.issuer).expect("an issuer");
    let scope = if case.setup == Setup::OpenId { "openid" } else { "read" };
    let id_token_algorithm = Algorithm::Es256;
    let client = Client { authentication, binding, pushed_requests, issuer, scope, id_token_algorithm, ..client() };
    let document = match case.setup {
        _ if case.bare => BARE,
        Setup::Keys => SIGNED,
        Setup::OpenId => OPENID,
        Setup::Secret | Setup::Public => DOCUMENT,
    };
    let mut document = document.as_bytes().to_vec();
    let known = Issuer::parse(ISSUER).expect("an issuer");
    let server = symbolon::terms::metadata::ServerMetadata::read(&mut document, known, Schemes::Https);
    let server = server.expect("metadata");
    let session = Key::session(STATE);
    let outcome = match &case.call {
        Call::Authorize(scope) => {
            let browser = UserAgent::new(BROWSER).expect("long enough");
            let request = AuthorizationRequest { scope: *scope, ..AuthorizationRequest::default() };
            let step = client.authorize(&server, browser, request, NOW, entropy(1), buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                Ok(SignIn { url, .. }) => Outcome::SendTo(url.to_owned()),
                Err(failure) => Outcome::Failed(failure.reason),
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
        Call::Credentials(rejected) => {
            let step = client.credentials(&server, None, *rejected, NOW, entropy(1), buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                Ok(signed_in) => Outcome::Tokens(signed_in.tokens.access_token.to_owned()),
                Err(failure) => Outcome::Failed(failure.reason),
            }
        }
        Call::Discover(known) => {
            let step = client.discover(WellKnown::OAuth, known.then_some(&server), buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                Ok(found) => Outcome::Found(found.token_endpoint().as_str().to_owned()),
                Err(reason) => Outcome::Failed(reason),
            }
        }
        Call::Judge(authorization, scope) => {
            let headers: Vec<_> = authorization
                .iter()
                .map(|value| symbolon::wire::http::Field { name: "Authorization", value: value.as_bytes() })
                .collect();
            let (server, needs) = (crate::app::resource_server(), needs(scope));
            let request =
                ResourceRequest { method: "GET", url: "https://rs.example/data", headers: &headers, certificate: None };
            match drive(server.judge(request, needs, NOW, buffer).expect(ENOUGH), &mut host) {
                Judgement::Allow(claims) => Outcome::Allow(claims.scope().words().collect::<Vec<_>>().join(" ")),
                Judgement::Deny(reply) => Outcome::Deny(reply.into()),
            }
        }
    };
    Run { case, record: host.record, outcome }
}

/// What a request needs; without a scope, any token.
fn needs(scope: &str) -> Needs<'_> {
    if scope.is_empty() { Needs::ANY_TOKEN } else { Needs::scope(scope) }
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
