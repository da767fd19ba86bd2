//! The cast of the tests: one server, its clients, a user, a clock; and short cuts to any point of a grant's life.

use symbolon::record::{
    AuthenticationMethod, CertificateSubject, Client, ClientKeys, GrantTypes, Key, SenderConstraint,
};
use symbolon::server::{
    Authenticated, Authorization, Decision, Endpoints, Lifetimes, Server, TokenKeys, Unasked, UserinfoReply,
};
use symbolon::step::{Flow, Step};
use symbolon::terms::credential::CredentialKeys;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::redirect_uri::ApplicationType;
use symbolon::terms::{Entropy, Time, UserAgent, secret};
use symbolon::wire::http::{Certificate, Field, Method, Reply, Request};

use crate::drive::{Host, drive};
use crate::store::{MemoryStore, Stored};

/// The issuer.
pub const ISSUER: &str = "https://as.example";
/// The protected resource.
pub const RESOURCE: &str = "https://rs.example/";
/// Another protected resource.
pub const OTHER_RESOURCE: &str = "https://api.example/";
/// When the tests begin.
pub const NOW: Time = Time(1_000_000);
/// The binding of the user's browser.
pub const BROWSER: &[u8] = b"browser-binding-0001";
/// The binding of somebody else's browser.
pub const OTHER_BROWSER: &[u8] = b"browser-binding-0002";
/// The user.
pub const USER: &str = "alice";
/// The server's credential key; its id is 1.
pub const KEY: [u8; 32] = [7; 32];
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The secret of `c1`.
pub const C1_SECRET: &str = "c1-secret-0123456789abcdef";
/// The secret of `c2`.
pub const C2_SECRET: &str = "c2-secret-0123456789abcdef";
/// The secret of `rs1`.
pub const RS1_SECRET: &str = "rs1-secret-0123456789abcdef";

/// The server.
pub fn server() -> Server<'static> {
    Server {
        issuer: Issuer::parse(ISSUER).expect("an issuer"),
        keys: CredentialKeys::new(1, &KEY).expect("a key"),
        endpoints: Endpoints {
            authorization: "https://as.example/authorize",
            token: "https://as.example/token",
            revocation: "https://as.example/revoke",
            introspection: "https://as.example/introspect",
            pushed_authorization_request: "https://as.example/par",
            jwks: "https://as.example/jwks",
            userinfo: "https://as.example/userinfo",
        },
        signing_keys: TokenKeys::NONE,
        sender_constraint: SenderConstraint::AsPresented,
        dpop_nonces: false,
        pushed_requests_only: false,
        client_id_metadata_documents: false,
        authorization_details_types: "payment_initiation account_information",
        scopes_supported: "read write admin",
        protected_resources: "",
        lifetimes: Lifetimes::default(),
    }
}

/// The entropy of the n-th flow.
pub fn entropy(n: u8) -> Entropy {
    Entropy::new([n.max(1); 32])
}

/// A confidential web client that authenticates by Basic.
pub fn c1(secrets: &[u8]) -> Client<'_> {
    Client {
        client_id: "c1",
        name: "Client One",
        application_type: ApplicationType::Web,
        authentication: AuthenticationMethod::ClientSecretBasic,
        secrets,
        keys: ClientKeys::None,
        signing_algorithm: None,
        certificate: CertificateSubject::None,
        sender_constraint: SenderConstraint::AsPresented,
        pushed_requests_only: false,
        redirect_uris: "https://client.example/cb",
        grant_types: GrantTypes::SIGN_IN,
        scope: "read write",
        default_scope: "read",
        resources: "https://rs.example/ https://api.example/",
        authorization_details_types: "",
        serves: "",
        disabled: false,
    }
}

/// Every client of the tests: `c1` (Basic), `c2` (post), `pub1` (public, native), `rs1` (serves [`RESOURCE`]).
pub fn clients() -> MemoryStore {
    let mut store = MemoryStore::default();
    put(&mut store, &c1(&secret::hash(C1_SECRET)));
    put(
        &mut store,
        &Client {
            client_id: "c2",
            name: "Client Two",
            authentication: AuthenticationMethod::ClientSecretPost,
            redirect_uris: "https://two.example/cb https://two.example/cb2",
            ..c1(&secret::hash(C2_SECRET))
        },
    );
    put(
        &mut store,
        &Client {
            client_id: "pub1",
            name: "Public One",
            application_type: ApplicationType::Native,
            authentication: AuthenticationMethod::None,
            redirect_uris: "http://127.0.0.1/cb http://[::1]/cb com.example.app:/oauth2redirect",
            ..c1(&[])
        },
    );
    put(
        &mut store,
        &Client {
            client_id: "rs1",
            name: "Resource Server One",
            redirect_uris: "",
            grant_types: GrantTypes::NONE,
            scope: "",
            default_scope: "",
            resources: "",
            serves: RESOURCE,
            ..c1(&secret::hash(RS1_SECRET))
        },
    );
    store
}

/// Registers a client in a store.
pub fn put(store: &mut MemoryStore, client: &Client<'_>) {
    let mut row = [0; symbolon::record::CLIENT_ROW];
    let len = client.register(&mut row).expect("a client that may be registered");
    let row = Stored {
        version: 1,
        value: row[..len].to_vec(),
        expires_at: u64::MAX,
        kind: "client",
        client_id: Some(client.client_id.to_owned()),
        subject: None,
    };
    store.rows.insert(Key::client(client.client_id), row);
}

/// Writes the row of a client that would not be registered.
pub fn put_unchecked(store: &mut MemoryStore, client: &Client<'_>) {
    put(
        store,
        &Client {
            authentication: AuthenticationMethod::None,
            secrets: &[],
            keys: ClientKeys::None,
            grant_types: GrantTypes::NONE,
            certificate: CertificateSubject::None,
            ..*client
        },
    );
    let mut row = [0; symbolon::record::CLIENT_ROW];
    let len = symbolon::record::Record::encode(client, &mut row).expect("room");
    store.rows.get_mut(&Key::client(client.client_id)).expect("a row").value = row[..len].to_vec();
}

/// A request as data that outlives its flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The method.
    pub method: Method,
    /// The query.
    pub query: Vec<u8>,
    /// The header fields.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The certificate that its sender has shown.
    pub certificate: Option<Shown>,
}

/// A certificate as data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Shown {
    pub thumbprint: [u8; 32],
    pub chain_verified: bool,
    pub subject: String,
    pub dns: String,
    pub uri: String,
    pub ip: String,
    pub email: String,
}

impl Shown {
    /// As the core has it.
    pub fn as_certificate(&self) -> Certificate<'_> {
        let Self { thumbprint, chain_verified, subject, dns, uri, ip, email } = self;
        Certificate { thumbprint: *thumbprint, chain_verified: *chain_verified, subject, dns, uri, ip, email }
    }
}

impl Message {
    /// A GET request with this query.
    pub fn get(query: &str) -> Self {
        Self { method: Method::Get, query: query.into(), headers: Vec::new(), body: Vec::new(), certificate: None }
    }

    /// A POST request with this form.
    pub fn post(form: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec())];
        Self { method: Method::Post, query: Vec::new(), headers, body: form.into(), certificate: None }
    }

    /// The same with one more header field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same over a connection with this client certificate.
    pub fn over(self, certificate: Shown) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// The same with Basic credentials.
    pub fn basic(self, client_id: &str, secret: &str) -> Self {
        use base64ct::{Base64, Encoding};
        let value = format!("Basic {}", Base64::encode_string(format!("{client_id}:{secret}").as_bytes()));
        self.with("Authorization", &value)
    }

    /// Lends the message to `then` as the core wants it.
    pub fn lend<T>(&mut self, then: impl FnOnce(Request<'_, '_>) -> T) -> T {
        let headers: Vec<Field<'_>> = self.headers.iter().map(|(name, value)| Field { name, value }).collect();
        then(Request {
            method: self.method,
            query: &mut self.query,
            headers: &headers,
            body: &mut self.body,
            certificate: self.certificate.as_ref().map(Shown::as_certificate),
        })
    }
}

/// A reply as data that outlives its flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Why it was refused.
    pub reason: Option<symbolon::Reason>,
    /// What is logged.
    pub event: Option<symbolon::Event>,
}

impl From<Reply<'_>> for Answer {
    fn from(reply: Reply<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        Self {
            status: reply.status,
            headers: reply.headers.iter().map(|f| (f.name.to_owned(), text(f.value))).collect(),
            body: text(reply.body),
            reason: reply.reason,
            event: reply.event,
        }
    }
}

impl Answer {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// A member of the JSON body that is a string.
    pub fn member(&self, name: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        body.get(name)?.as_str().map(str::to_owned)
    }

    /// A parameter of the query of `Location`, undecoded.
    pub fn location(&self, name: &str) -> Option<&str> {
        let (_, query) = self.header("Location")?.split_once('?')?;
        let (query, _) = query.split_once('#').unwrap_or((query, ""));
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

/// What a request to the authorization endpoint led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// The user is to be asked; the handle, and the error that waits, if one does.
    Ask {
        /// Names the interaction.
        handle: String,
        /// The error that will be told to the client.
        refusal: Option<symbolon::ErrorCode>,
    },
    /// An error page.
    Refused(Answer),
}

/// A server with its store and a clock that is set by hand.
pub struct Bench {
    /// The server.
    pub server: Server<'static>,
    /// The rows.
    pub store: MemoryStore,
    /// The time.
    pub now: Time,
    /// Which entropy comes next.
    pub draws: u8,
    /// How many token requests there were.
    pub tokens: u16,
}

impl Default for Bench {
    fn default() -> Self {
        Self { server: server(), store: clients(), now: NOW, draws: 0, tokens: 0 }
    }
}

/// The query of a good request of `client_id`.
pub fn authorization_query(client_id: &str, redirect_uri: &str, more: &str) -> String {
    format!(
        "response_type=code&client_id={client_id}&redirect_uri={redirect_uri}&state=xyz&code_challenge={CHALLENGE}\
         &code_challenge_method=S256{more}"
    )
}

impl Bench {
    /// Drives a flow on the bench's store.
    pub fn run<'a, F: Flow>(&mut self, step: Step<'a, F>) -> F::Output<'a> {
        drive(step, &mut self.store)
    }

    /// Sends a message to the authorization endpoint, from the user's browser.
    pub fn authorize(&mut self, message: Message) -> Interaction {
        let mut store = std::mem::take(&mut self.store);
        let interaction = self.authorize_on(message, &mut store);
        self.store = store;
        interaction
    }

    /// The same on another host.
    pub fn authorize_on(&mut self, mut message: Message, host: &mut impl Host) -> Interaction {
        self.draws += 1;
        let mut buffer = vec![0; symbolon::server::BUFFER];
        message.lend(|request| {
            let browser = UserAgent::new(BROWSER).expect("long enough");
            let step = self.server.authorize(request, browser, self.now, entropy(self.draws), &mut buffer);
            match drive(step.expect("the buffer is long enough"), host) {
                Authorization::Interact(prompt) => Interaction::Ask {
                    handle: prompt.handle.to_owned(),
                    refusal: prompt.refusal.map(|reason| reason.answer().code),
                },
                Authorization::Refused(reply) => Interaction::Refused(reply.into()),
            }
        })
    }

    /// Sends a message to the endpoint for pushed authorization requests.
    pub fn push(&mut self, message: Message) -> Answer {
        let mut store = std::mem::take(&mut self.store);
        let answer = self.push_on(message, &mut store);
        self.store = store;
        answer
    }

    /// The same on another host.
    pub fn push_on(&mut self, mut message: Message, host: &mut impl Host) -> Answer {
        self.draws += 1;
        let mut buffer = vec![0; symbolon::server::BUFFER];
        message.lend(|request| {
            let step = self.server.push(request, self.now, entropy(self.draws), &mut buffer);
            drive(step.expect("the buffer is long enough"), host).into()
        })
    }

    /// The `request_uri` of a good request that `c1` has pushed.
    pub fn pushed_by_c1(&mut self, more: &str) -> String {
        let form = authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", &format!("&scope=read{more}"));
        let answer = self.push(Message::post(&form).basic("c1", C1_SECRET));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.member("request_uri").expect("a request_uri")
    }

    /// Ends an interaction whose user may not be asked.
    pub fn decline(&mut self, handle: &str, why: Unasked) -> Answer {
        let mut buffer = vec![0; symbolon::server::BUFFER];
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let step = self.server.decline(handle, browser, why, self.now, &mut buffer);
        drive(step.expect("the buffer is long enough"), &mut self.store).into()
    }

    /// Decides an interaction, from the user's browser.
    pub fn decide(&mut self, handle: &str, decision: Decision<'_>) -> Answer {
        let mut buffer = vec![0; symbolon::server::BUFFER];
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let user = Authenticated::new(USER, self.now).expect("a subject");
        let step = self.server.decide(handle, browser, user, decision, self.now, &mut buffer);
        drive(step.expect("the buffer is long enough"), &mut self.store).into()
    }

    /// Sends a message to the token endpoint.
    pub fn token(&mut self, message: Message) -> Answer {
        let mut store = std::mem::take(&mut self.store);
        let answer = self.token_on(message, &mut store);
        self.store = store;
        answer
    }

    /// The same on another host.
    pub fn token_on(&mut self, mut message: Message, host: &mut impl Host) -> Answer {
        self.tokens = self.tokens.wrapping_add(1);
        let mut bytes = [0xee; 32];
        [bytes[0], bytes[1]] = self.tokens.to_be_bytes();
        let mut buffer = vec![0; symbolon::server::BUFFER];
        message.lend(|request| {
            let step = self.server.token(request, self.now, Entropy::new(bytes), &mut buffer);
            drive(step.expect("the buffer is long enough"), host).into()
        })
    }

    /// Sends a message to the revocation endpoint.
    pub fn revoke(&mut self, mut message: Message) -> Answer {
        let mut buffer = vec![0; symbolon::server::BUFFER];
        message.lend(|request| {
            let step = self.server.revoke(request, self.now, &mut buffer).expect("the buffer is long enough");
            drive(step, &mut self.store).into()
        })
    }

    /// Sends a message to the introspection endpoint.
    pub fn introspect(&mut self, mut message: Message) -> Answer {
        let mut buffer = vec![0; symbolon::server::BUFFER];
        message.lend(|request| {
            let step = self.server.introspect(request, self.now, &mut buffer).expect("the buffer is long enough");
            drive(step, &mut self.store).into()
        })
    }

    /// Sends a message to the userinfo endpoint; the body without the host's claims.
    pub fn userinfo(&mut self, mut message: Message) -> Answer {
        let mut buffer = vec![0; symbolon::server::BUFFER];
        message.lend(|request| {
            let step = self.server.userinfo(request, self.now, &mut buffer).expect("the buffer is long enough");
            match drive(step, &mut self.store) {
                UserinfoReply::User(user) => user.reply.into(),
                UserinfoReply::Refused(reply) => reply.into(),
            }
        })
    }

    /// The metadata document.
    pub fn metadata(&self) -> Answer {
        let mut buffer = vec![0; symbolon::server::BUFFER];
        self.server.metadata(&mut buffer).expect("the buffer is long enough").into()
    }

    /// A code for `c1`, approved by the user for `scope`.
    pub fn code_of_c1(&mut self, scope: &str) -> String {
        let query = authorization_query(
            "c1",
            "https%3A%2F%2Fclient.example%2Fcb",
            &format!("&scope={}", scope.replace(' ', "+")),
        );
        self.code(&query, scope)
    }

    /// A code for `pub1`, approved by the user for `scope`.
    pub fn code_of_pub1(&mut self, scope: &str) -> String {
        let query = authorization_query(
            "pub1",
            "http%3A%2F%2F127.0.0.1%3A51004%2Fcb",
            &format!("&scope={}", scope.replace(' ', "+")),
        );
        self.code(&query, scope)
    }

    /// The code that a good authorization request ends in.
    pub fn code(&mut self, query: &str, scope: &str) -> String {
        match self.authorize(Message::get(query)) {
            Interaction::Ask { handle, refusal: None } => {
                let answer = self.decide(&handle, Decision::Approve { scope, authorization_details: "" });
                answer.location("code").expect("a code").to_owned()
            }
            other => panic!("no question to the user: {other:?}"),
        }
    }

    /// Redeems a code as `c1`.
    pub fn redeem_as_c1(&mut self, code: &str) -> Answer {
        self.token(Message::post(&redemption(code)).basic("c1", C1_SECRET))
    }

    /// Redeems a code as `pub1`.
    pub fn redeem_as_pub1(&mut self, code: &str) -> Answer {
        self.token(Message::post(&format!("{}&client_id=pub1", redemption(code))))
    }

    /// Refreshes as `c1`.
    pub fn refresh_as_c1(&mut self, token: &str) -> Answer {
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        self.token(Message::post(&form).basic("c1", C1_SECRET))
    }

    /// Refreshes as `pub1`.
    pub fn refresh_as_pub1(&mut self, token: &str) -> Answer {
        self.token(Message::post(&format!("grant_type=refresh_token&refresh_token={token}&client_id=pub1")))
    }

    /// Introspects as `rs1`; whether the token is active.
    pub fn is_active(&mut self, token: &str) -> bool {
        let answer = self.introspect(Message::post(&format!("token={token}")).basic("rs1", RS1_SECRET));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body.starts_with("{\"active\":true")
    }
}

/// The form that redeems a code, without `redirect_uri`.
pub fn redemption(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}")
}
