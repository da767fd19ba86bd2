//! An application that signs users in: our client, with its own store, at the server of the bench.

use std::sync::LazyLock;

use symbolon::Name;
use symbolon::Reason;
use symbolon::client::{
    Addresses, Authentication, AuthorizationRequest, BUFFER, Binding, Client, Failure, Lifetimes, MixUpDefense,
    PushedRequests, Refreshed, Revoked, Tokens,
};
use symbolon::record::{Key, Record, Session};
use symbolon::resource::{Accepts, AccessTokens, ResourceServer};
use symbolon::server::Decision;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::resource::Resource;
use symbolon::terms::{Time, UserAgent};
use symbolon::wire::jose::Algorithm;

use crate::drive::{Host, drive};
use crate::fixture::*;
use crate::peer::{Canned, Peer, Sent, serve};
use crate::store::MemoryStore;

/// Why a flow failed, as data that outlives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// `error` and `error_description`.
    pub error: Option<(String, Option<String>)>,
}

impl From<Failure<'_>> for Refusal {
    fn from(failure: Failure<'_>) -> Self {
        let error = failure.error.map(|error| (error.code.to_owned(), error.description.map(str::to_owned)));
        Self { reason: failure.reason, error }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, error: None }
    }
}

/// Tokens as data that outlives their flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The access token.
    pub access_token: String,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// The scope.
    pub scope: String,
    /// Whether the scope is wider than asked.
    pub wider: bool,
}

impl From<Tokens<'_>> for Held {
    fn from(tokens: Tokens<'_>) -> Self {
        Self {
            access_token: tokens.access_token.to_owned(),
            expires_at: tokens.expires_at,
            scope: tokens.scope.to_owned(),
            wider: tokens.scope_is_wider,
        }
    }
}

/// How a refresh ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Refresh {
    Usable(Held),
    Busy(Time),
    SignInAgain(Refusal),
    Failed(Refusal),
}

/// How a sign-out ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SignOut {
    SignedOut { at_server: bool },
    Failed(Refusal),
}

/// The client of the tests: `c1`.
pub fn client() -> Client<'static> {
    Client {
        issuer: Issuer::parse(ISSUER).expect("an issuer"),
        client_id: ClientId::parse("c1").expect("a client_id"),
        authentication: Authentication::ClientSecretBasic(C1_SECRET),
        redirect_uri: "https://client.example/cb",
        scope: "read",
        resources: RESOURCE,
        mix_up_defense: MixUpDefense::Iss,
        schemes: Schemes::Https,
        addresses: Addresses::PublicOnly,
        binding: Binding::None,
        pushed_requests: PushedRequests::IfRequired,
        id_token_algorithm: Algorithm::Rs256,
        lifetimes: Lifetimes::default(),
    }
}

/// The resource server of the tests: `rs1`.
pub fn resource_server() -> ResourceServer<'static> {
    let introspection = server().endpoints.introspection;
    ResourceServer {
        resource: Resource::parse(RESOURCE).expect("a resource"),
        issuer: Issuer::parse(ISSUER).expect("an issuer"),
        access_tokens: AccessTokens::Opaque {
            introspection_endpoint: Endpoint::parse(Name::IntrospectionEndpoint, introspection, Schemes::Https)
                .expect("an endpoint"),
            client_id: ClientId::parse("rs1").expect("a client_id"),
            client_secret: RS1_SECRET,
        },
        accepts: Accepts::ANY,
        dpop_nonces: None,
        metadata: None,
        realm: "rs",
    }
}

/// The document of the bench's server.
pub const DOCUMENT: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke",
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;

/// Reads a metadata document.
pub fn metadata(issuer: &'static str, document: &str) -> ServerMetadata<'static> {
    let document = document.as_bytes().to_vec().leak();
    ServerMetadata::read(document, Issuer::parse(issuer).expect("an issuer"), Schemes::Https).expect("metadata")
}

/// The application.
pub struct App {
    /// The client.
    pub client: Client<'static>,
    /// The server, as the client knows it.
    pub metadata: ServerMetadata<'static>,
    /// The application's rows.
    pub store: MemoryStore,
    /// The application's clock.
    pub now: Time,
    /// Which entropy comes next.
    pub draws: u8,
}

impl Default for App {
    fn default() -> Self {
        static METADATA: LazyLock<ServerMetadata<'static>> = LazyLock::new(|| metadata(ISSUER, DOCUMENT));
        Self { client: client(), metadata: *METADATA, store: MemoryStore::default(), now: NOW, draws: 100 }
    }
}

/// No exchange is expected.
pub fn nobody(sent: &Sent, _: &mut MemoryStore) -> Option<Canned> {
    panic!("sent to {}", sent.url)
}

/// The query of a URL.
pub fn query(url: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    query.split('#').next().unwrap_or_default().to_owned()
}

/// A parameter of a query, undecoded.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v.to_owned())
}

impl App {
    /// Begins a sign-in from this browser; the URL and the session.
    pub fn authorize(&mut self, browser: &[u8], scope: Option<&str>) -> Result<(String, Key), Reason> {
        let mut store = std::mem::take(&mut self.store);
        let begun = self.authorize_on(browser, scope, &mut store);
        self.store = store;
        begun
    }

    /// The same on another host.
    pub fn authorize_on(
        &mut self,
        browser: &[u8],
        scope: Option<&str>,
        host: &mut impl Host,
    ) -> Result<(String, Key), Reason> {
        self.draws += 1;
        let mut buffer = vec![0; BUFFER];
        let browser = UserAgent::new(browser).expect("long enough");
        let step = self.client.authorize(
            &self.metadata,
            browser,
            AuthorizationRequest { scope, ..AuthorizationRequest::default() },
            self.now,
            entropy(self.draws),
            &mut buffer,
        );
        drive(step.expect("the buffer is long enough"), host)
            .map(|begun| (begun.url.to_owned(), begun.session))
            .map_err(|failure| failure.reason)
    }

    /// Brings a response to the redirection URI.
    pub fn callback_on(&self, query: &str, browser: &[u8], host: &mut impl Host) -> Result<Held, Refusal> {
        let (mut buffer, mut query) = (vec![0; BUFFER], query.as_bytes().to_vec());
        let browser = UserAgent::new(browser).expect("long enough");
        let step = self.client.callback(&self.metadata, &mut query, browser, self.now, &mut buffer);
        match drive(step.expect("the buffer is long enough"), host) {
            Ok(signed_in) => Ok(signed_in.tokens.into()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The same at the bench's server.
    pub fn callback(&mut self, query: &str, browser: &[u8], bench: &mut Bench) -> Result<Held, Refusal> {
        let mut store = std::mem::take(&mut self.store);
        let ended = self.callback_on(query, browser, &mut Peer::new(&mut store, |sent, _| serve(bench, sent)));
        self.store = store;
        ended
    }

    /// Finds an access token.
    pub fn refresh_on(&self, session: Key, rejected: Option<&str>, host: &mut impl Host) -> Refresh {
        let mut buffer = vec![0; BUFFER];
        let step = self.client.refresh(&self.metadata, session, rejected, self.now, &mut buffer);
        match drive(step.expect("the buffer is long enough"), host) {
            Refreshed::Usable(tokens) => Refresh::Usable(tokens.into()),
            Refreshed::Busy { until } => Refresh::Busy(until),
            Refreshed::SignInAgain(failure) => Refresh::SignInAgain(failure.into()),
            Refreshed::Failed(failure) => Refresh::Failed(failure.into()),
        }
    }

    /// The same at the bench's server.
    pub fn refresh(&mut self, session: Key, rejected: Option<&str>, bench: &mut Bench) -> Refresh {
        let mut store = std::mem::take(&mut self.store);
        let ended = self.refresh_on(session, rejected, &mut Peer::new(&mut store, |sent, _| serve(bench, sent)));
        self.store = store;
        ended
    }

    /// Signs out.
    pub fn revoke_on(&self, session: Key, host: &mut impl Host) -> SignOut {
        let mut buffer = vec![0; BUFFER];
        let step = self.client.revoke(&self.metadata, session, self.now, &mut buffer);
        match drive(step.expect("the buffer is long enough"), host) {
            Revoked::SignedOut { at_server } => SignOut::SignedOut { at_server },
            Revoked::Failed(failure) => SignOut::Failed(failure.into()),
        }
    }

    /// The response that the bench's server and its user give to a request.
    pub fn visit(&self, bench: &mut Bench, url: &str, decision: Decision<'_>) -> String {
        match bench.authorize(Message::get(&query(url))) {
            Interaction::Ask { handle, refusal: None } => {
                let answer = bench.decide(&handle, decision);
                assert_eq!(answer.status, 303, "{answer:?}");
                query(answer.header("Location").expect("a redirect"))
            }
            other => panic!("no question to the user: {other:?}"),
        }
    }

    /// A session with tokens.
    pub fn signed_in(&mut self, bench: &mut Bench) -> (Key, Held) {
        let (url, session) = self.authorize(BROWSER, None).expect("a sign-in");
        let response = self.visit(bench, &url, Decision::Approve { scope: "read", authorization_details: "" });
        (session, self.callback(&response, BROWSER, bench).expect("tokens"))
    }

    /// The state of a session, for people: no more than its name.
    pub fn state(&self, session: Key) -> &'static str {
        match self.store.load(session).map(|row| Session::decode(row.value).expect("a session")) {
            None => "gone",
            Some(Session::Started(_)) => "started",
            Some(Session::Redeeming(_)) => "redeeming",
            Some(Session::Active(_)) => "active",
            Some(Session::Refreshing(_)) => "refreshing",
        }
    }

    /// The refresh token of a session.
    pub fn refresh_token(&self, session: Key) -> Option<String> {
        let row = self.store.load(session)?;
        let session = Session::decode(row.value).expect("a session");
        session.tokens()?.refresh_token.map(str::to_owned)
    }
}
