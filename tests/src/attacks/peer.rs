//! The client's side: a client of the fixture's server, in a user's browser, and a server whose replies the attack writes.

use std::collections::VecDeque;

use symbolon::client::{
    Addresses, Authentication, AuthorizationRequest, Binding, Client, Lifetimes, MixUpDefense, PushedRequests,
    Refreshed,
};
use symbolon::record::{Key, Record, Session};
use symbolon::step::{Commit, Flow, Load, Send, SendPolicy, Step};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::{Entropy, Time, UserAgent};
use symbolon::wire::http::{Field, Response};
use symbolon::wire::jose::Algorithm;
use symbolon::{ErrorCode, Reason};

use super::Plant;
use super::form::{Form, decode};
use super::outcome::{Checked, ensure};
use crate::drive::{Host, drive};
use crate::fixture::{BROWSER, C1_SECRET, ISSUER, NOW, RESOURCE};
use crate::store::MemoryStore;

/// The metadata of the fixture's server.
pub const METADATA: &str = "{\"issuer\":\"https://as.example\",\"authorization_endpoint\":\"https://as.example/authorize\",\
     \"token_endpoint\":\"https://as.example/token\",\"revocation_endpoint\":\"https://as.example/revoke\",\
     \"code_challenge_methods_supported\":[\"S256\"],\"authorization_response_iss_parameter_supported\":true}";
/// A good token response.
pub const TOKENS: &str = "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"rt-1\",\"scope\":\"read\"}";

/// The client `c1` at an issuer.
pub fn client(issuer: &str) -> Client<'_> {
    Client {
        issuer: Issuer::parse(issuer).expect("an issuer"),
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

/// Reads a metadata document and lends it.
pub fn with_metadata<T>(document: &str, issuer: &str, then: impl FnOnce(ServerMetadata<'_>) -> T) -> Result<T, Reason> {
    let mut document = document.as_bytes().to_vec();
    ServerMetadata::read(&mut document, Issuer::parse(issuer)?, Schemes::Https).map(then)
}

/// A request that a flow has asked for.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Where to.
    pub url: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// What it may do.
    pub policy: SendPolicy,
}

/// A reply that waits to be given.
#[derive(Clone)]
pub struct Canned {
    status: u16,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

impl Canned {
    /// A reply of this status with this JSON.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", b"application/json".to_vec())], body: body.into() }
    }

    /// The same with these header fields alone.
    pub fn headed(self, headers: &[(&'static str, &str)]) -> Self {
        Self { headers: headers.iter().map(|&(name, value)| (name, value.into())).collect(), ..self }
    }
}

/// What a callback ends in.
pub type Landed = Result<Signed, Aborted>;

/// A sign-in that ended well.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The access token.
    pub access_token: String,
    /// The scope.
    pub scope: String,
    /// Whether it is wider than what was asked for.
    pub scope_is_wider: bool,
    /// When the access token ends.
    pub expires_at: Option<Time>,
}

/// A sign-in that was given up.
#[derive(Clone, Debug)]
pub struct Aborted {
    /// Why.
    pub reason: Reason,
    /// The server's words.
    pub error: Option<(String, Option<String>)>,
}

/// A sign-in that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser is sent.
    pub url: String,
    /// The parameters of that URL.
    pub request: Form,
    /// The session.
    pub session: Key,
}

impl Begun {
    /// The `state`.
    pub fn state(&self) -> &str {
        self.request.value("state").unwrap_or_default()
    }

    /// A good response to it.
    pub fn response(&self) -> Form {
        Form::of(&[("code", "code-1"), ("state", self.state()), ("iss", ISSUER)])
    }
}

/// The store of the client, the clock, and the network.
pub struct Visit {
    /// The rows.
    pub store: MemoryStore,
    /// The time.
    pub now: Time,
    /// What was sent.
    pub sent: Vec<Sent>,
    /// What will be answered, in order; then nothing is.
    pub replies: VecDeque<Canned>,
    /// How many draws of entropy there were.
    pub draws: u64,
    plant: Option<Plant>,
}

impl Visit {
    /// A client that nobody has used.
    pub fn new(plant: Option<Plant>) -> Self {
        let (store, sent, replies) = Default::default();
        Self { store, now: NOW, sent, replies, draws: 0, plant }
    }

    /// Whether the host has this fault.
    pub fn has(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    /// Begins a sign-in of `client` in a browser.
    pub fn start(&mut self, client: &Client<'_>, document: &str, browser: &[u8]) -> Result<Begun, Reason> {
        let mut buffer = vec![0; symbolon::client::BUFFER];
        self.draws += u64::from(self.plant != Some(Plant::StuckEntropy) || self.draws == 0);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.draws.to_be_bytes());
        if self.plant == Some(Plant::StuckEntropy) {
            self.store.rows.clear();
        }
        let (now, issuer) = (self.now, client.issuer.as_str());
        with_metadata(document, issuer, |server| {
            let browser = UserAgent::new(browser)?;
            let step = client.authorize(
                &server,
                browser,
                AuthorizationRequest::default(),
                now,
                Entropy::new(seed),
                &mut buffer,
            );
            let sign_in = drive(step.expect("room"), self).map_err(|failure| failure.reason)?;
            let (_, query) = sign_in.url.split_once('?').expect("a query");
            let pairs: Vec<(String, String)> =
                query.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (decode(n), decode(v))).collect();
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            Ok(Begun { url: sign_in.url.to_owned(), request: Form::of(&pairs), session: sign_in.session })
        })?
    }

    /// Begins a sign-in of `c1` at the fixture's server, in the user's browser.
    pub fn begin(&mut self) -> Result<Begun, String> {
        self.start(&client(ISSUER), METADATA, BROWSER).map_err(|reason| format!("{reason:?}"))
    }

    /// Takes a response in a browser.
    pub fn land(&mut self, client: &Client<'_>, document: &str, query: &str, browser: &[u8]) -> Landed {
        let mut buffer = vec![0; symbolon::client::BUFFER];
        let mut query = query.as_bytes().to_vec();
        let now = self.now;
        let landed = with_metadata(document, client.issuer.as_str(), |server| {
            let browser = UserAgent::new(browser).expect("long enough");
            let step = client.callback(&server, &mut query, browser, now, &mut buffer).expect("room");
            match drive(step, self) {
                Ok(signed_in) => Ok(Signed {
                    access_token: signed_in.tokens.access_token.to_owned(),
                    scope: signed_in.tokens.scope.to_owned(),
                    scope_is_wider: signed_in.tokens.scope_is_wider,
                    expires_at: signed_in.tokens.expires_at,
                }),
                Err(failure) => Err(Aborted {
                    reason: failure.reason,
                    error: failure.error.map(|error| (error.code.to_owned(), error.description.map(str::to_owned))),
                }),
            }
        });
        landed.unwrap_or_else(|reason| Err(Aborted { reason, error: None }))
    }

    /// Takes a response of the fixture's server in the user's browser.
    pub fn callback(&mut self, query: &str) -> Landed {
        self.land(&client(ISSUER), METADATA, query, BROWSER)
    }

    /// Has a session refreshed.
    pub fn refresh<T>(&mut self, session: Key, then: impl FnOnce(Refreshed<'_>) -> T) -> T {
        let mut buffer = vec![0; symbolon::client::BUFFER];
        let (client, now) = (client(ISSUER), self.now);
        let refreshed = with_metadata(METADATA, ISSUER, |server| {
            then(drive(client.refresh(&server, session, None, now, &mut buffer).expect("room"), self))
        });
        refreshed.expect("metadata")
    }

    /// The `code_verifier` of a sign-in that waits.
    pub fn verifier(&self, begun: &Begun) -> Option<String> {
        match Session::decode(&self.store.rows.get(&begun.session)?.value) {
            Ok(Session::Started(started)) => Some(started.code_verifier.to_owned()),
            _ => None,
        }
    }
}

impl Host for Visit {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        Host::load(&mut self.store, question)
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        if self.plant == Some(Plant::SessionKept) && question.write().expected.is_some() {
            // The store says that the session was taken, and keeps it as it was.
            return question.answer(symbolon::step::Committed::Yes);
        }
        Host::commit(&mut self.store, question)
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let exchange = question.exchange();
        self.sent.push(Sent {
            url: exchange.url.to_owned(),
            headers: exchange.headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect(),
            body: text(exchange.body),
            policy: exchange.policy,
        });
        let Some(mut reply) = self.replies.pop_front() else { return question.unavailable() };
        if self.has(Plant::RedirectsFollowed) && (300..400).contains(&reply.status) {
            reply.status = 200;
        }
        let headers: Vec<Field<'_>> = reply.headers.iter().map(|(name, value)| Field { name, value }).collect();
        question.answer(Response { status: reply.status, headers: &headers, body: &mut reply.body })
    }
}

/// ABORT before anything is sent: the response is not acted upon.
pub fn aborted(visit: &mut Visit, attempt: impl FnOnce(&mut Visit) -> Landed) -> Checked {
    let before = visit.sent.len();
    match attempt(visit) {
        Ok(signed) => Err(format!("signed in: {signed:?}")),
        Err(Aborted { reason, error }) => {
            ensure(visit.sent.len() == before, || {
                format!("{reason:?}, but a request went to {}", visit.sent[before].url)
            })?;
            ensure(error.is_none() || reason == Reason::ServerRefused, || format!("{reason:?} with {error:?}"))?;
            Ok(format!("aborted ({reason:?}), nothing sent"))
        }
    }
}

/// ABORT after the exchange: no token comes out, none is kept.
pub fn exchanged_for_nothing(visit: &mut Visit, begun: &Begun, reply: Canned) -> Checked {
    let before = visit.sent.len();
    visit.replies.push_back(reply);
    match visit.callback(&begun.response().text()) {
        Ok(signed) => Err(format!("signed in: {signed:?}")),
        Err(Aborted { reason, .. }) => {
            ensure(visit.sent.len() == before + 1, || format!("{} requests", visit.sent.len() - before))?;
            ensure(!visit.store.rows.contains_key(&begun.session), || "the session is still there".to_owned())?;
            ensure(reason.answer().code != ErrorCode::InvalidToken, || format!("{reason:?}"))?;
            Ok(format!("aborted ({reason:?}), no token kept"))
        }
    }
}
