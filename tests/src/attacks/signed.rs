//! What is signed, and who judges it: client assertions by an issuer, DPoP proofs for a request, access tokens by a resource.
//!
//! Each is judged twice: by the code that judges its kind alone, which says most exactly what is wrong, and at the endpoints that
//! it is sent to. The two must agree.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use symbolon::proof::assertion::{self, ClientAssertion};
use symbolon::proof::dpop::{self, DpopProof, Expected, Freshness};
use symbolon::proof::possession::KeyHeld;
use symbolon::record::{AuthenticationMethod, Client, ClientKeys, GrantTypes, SenderConstraint};
use symbolon::resource::{AccessTokens, IssuerKeys, Judgement, ResourceServer};
use symbolon::terms::Time;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::secret;
use symbolon::wire::http::Field;
use symbolon::wire::jose::Algorithm;
use symbolon::wire::json;
use symbolon::wire::write::Arena;
use symbolon::{ErrorCode, Reason};

use super::Ground;
use super::endpoint::Guarded;
use super::form::{Form, encode};
use super::outcome::{Checked, ensure, refused};
use crate::app::resource_server;
use crate::fixture::{Answer, Bench, C1_SECRET, ISSUER, Message, RESOURCE, c1, put, put_unchecked};
use crate::keys;
use crate::protected::{self, Incoming};
use crate::store::MemoryStore;

/// The time at which everything happens.
pub(super) const NOW: u64 = 1_000_000;
/// The target of the requests that are proven.
pub(super) const URL: &str = "https://as.example/token";

/// A JWT to be.
#[derive(Clone)]
pub(super) struct Jwt {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    pub(super) key: &'static str,
}

impl Jwt {
    fn new(header: Value, claims: Value, key: &'static str) -> Self {
        let object = |value| if let Value::Object(object) = value { object } else { Map::new() };
        Self { header: object(header), claims: object(claims), key }
    }

    /// An assertion of `c1`, which is right in every way.
    pub(super) fn assertion() -> Self {
        let claims = json!({ "iss": "c1", "sub": "c1", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "j1" });
        Self::new(json!({ "alg": "ES256", "kid": "k1" }), claims, "es256-1")
    }

    /// A proof for a request to the token endpoint, which is right in every way.
    pub(super) fn proof() -> Self {
        let claims = json!({ "htm": "POST", "htu": URL, "iat": NOW, "jti": "j1" });
        Self::new(json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk("es256-1") }), claims, "es256-1")
    }

    pub(super) fn header(mut self, name: &str, value: Value) -> Self {
        self.header.insert(name.to_owned(), value);
        self
    }

    pub(super) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    pub(super) fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub(super) fn signed_by(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    pub(super) fn texts(&self) -> (String, String) {
        (Value::Object(self.header.clone()).to_string(), Value::Object(self.claims.clone()).to_string())
    }

    /// The access token that is wrong in the way in which this assertion is: what is as it must be in the one, is so in the other.
    pub(super) fn as_access_token(&self) -> Self {
        let good = Self::assertion();
        let mut token = self.clone();
        token.header.entry("typ").or_insert(json!("at+jwt"));
        let claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "alice", "client_id": "c1", "exp": NOW + 60, "iat": NOW, "jti": "j1", "scope": "read"
        });
        for (name, value) in claims.as_object().into_iter().flatten() {
            if self.claims.get(name) == good.claims.get(name) {
                token.claims.insert(name.clone(), value.clone());
            }
        }
        token
    }

    /// The same proof for a request to the resource, with this access token.
    pub(super) fn at_resource(&self, access_token: &str) -> Self {
        let mut proof = self.clone();
        let good = protected::Jwt::proof(access_token).claims;
        let swap = |from: &Value| match from.as_str() {
            Some("POST") => json!("GET"),
            Some("GET") => json!("POST"),
            _ => from.clone(),
        };
        if let Some(htm) = proof.claims.get("htm").map(swap) {
            proof.claims.insert("htm".to_owned(), htm);
        }
        if proof.claims.get("htu") == Some(&json!(URL)) {
            proof.claims.insert("htu".to_owned(), json!(protected::URL));
        }
        proof.claims.entry("ath").or_insert(good["ath"].clone());
        proof
    }

    pub(super) fn sign(&self) -> String {
        let (header, claims) = self.texts();
        keys::jws(self.key, &header, &claims)
    }
}

/// The public half of a key of the tests.
pub(super) fn jwk(key_id: &str) -> Value {
    let text = keys::jwk(key_id).expect("a key of the tests");
    let mut jwk: Value = serde_json::from_str(&text).expect("JSON");
    if let Some(members) = jwk.as_object_mut() {
        members.shift_remove("alg");
    }
    jwk
}

/// A key set of one key, with these members besides.
pub(super) fn set_of(key_id: &str, more: Value) -> Value {
    json!({ "keys": [with(jwk(key_id), more)] })
}

/// The members of both.
pub(super) fn with(mut value: Value, more: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (value.as_object_mut(), more) {
        members.extend(more);
    }
    value
}

/// Text in base64url.
pub(super) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

/// Whoever judges, with its store.
pub(super) struct Judge<'g> {
    pub(super) ground: &'g Ground,
    pub(super) store: MemoryStore,
    /// The server, with rows of its own: `c1` authenticates by assertions, and `d1` must prove a key.
    at: Bench,
    /// The keys of `c1`, and of the issuer of access tokens.
    pub(super) set: Value,
    /// The algorithm that `c1` has registered, and that the issuer signs with.
    pub(super) registered: Option<Algorithm>,
    now: u64,
}

/// A request with a proof.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) freshness: Freshness,
    pub(super) access_token: Option<&'a str>,
}

/// A request to the token endpoint.
pub(super) const ASKED: Asked<'_> =
    Asked { method: "POST", url: URL, freshness: Freshness::IssuedAt, access_token: None };

impl Asked<'_> {
    fn is_for_token(&self) -> bool {
        let plain = matches!(self.freshness, Freshness::IssuedAt) && self.access_token.is_none();
        plain && (self.method, self.url) == (ASKED.method, ASKED.url)
    }
}

/// What a client that acts for itself is registered for.
const MACHINE: GrantTypes = GrantTypes { client_credentials: true, ..GrantTypes::SIGN_IN };

/// The parameters of a request that shows this assertion, whatever it is.
fn asserted(token: &str) -> String {
    let name = encode(b"urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    format!("&client_assertion_type={name}&client_assertion={}", encode(token.as_bytes()))
}

/// Refused for what is wrong with it, or for being too long or no text to be read at all.
fn denied(answer: &Answer, status: u16, code: ErrorCode) -> Checked {
    refused(answer, status, code).or_else(|wrong| refused(answer, 400, ErrorCode::InvalidRequest).map_err(|_| wrong))
}

impl<'g> Judge<'g> {
    pub(super) fn new(ground: &'g Ground) -> Self {
        let set = json!({ "keys": [with(jwk("es256-1"), json!({ "kid": "k1" })), with(jwk("ed25519-1"), json!({ "kid": "k2" }))] });
        let mut at = Bench::default();
        let hash = secret::hash(C1_SECRET);
        let sender_constraint = SenderConstraint::Required;
        put(&mut at.store, &Client { client_id: "d1", grant_types: MACHINE, sender_constraint, ..c1(&hash) });
        Self { ground, store: MemoryStore::default(), at, set, registered: None, now: NOW }
    }

    /// It is this late, and the stores have dropped what they may.
    pub(super) fn wait_until(&mut self, now: u64) {
        (self.now, self.at.now) = (now, Time(now));
        self.store.drop_expired(Time(now));
        self.at.store.drop_expired(Time(now));
    }

    /// Sends a message to the token endpoint.
    fn token(&mut self, message: Message) -> Answer {
        let mut host = Guarded::on(self.ground, std::mem::take(&mut self.at.store));
        let answer = self.at.token_on(message, &mut host);
        self.at.store = host.store;
        answer
    }

    /// `c1` has these keys now.
    fn register(&mut self) {
        let set = self.set.to_string();
        let client = Client {
            authentication: AuthenticationMethod::PrivateKeyJwt,
            keys: ClientKeys::Jwks(&set),
            signing_algorithm: self.registered,
            grant_types: MACHINE,
            ..c1(&[])
        };
        // Some of these sets are refused where a client is registered: here it is what they lead to at the endpoint.
        put_unchecked(&mut self.at.store, &client);
    }

    /// The answer of the token endpoint to a request with this assertion.
    fn sent(&mut self, token: &str) -> Answer {
        self.register();
        self.token(Message::post(&format!("grant_type=client_credentials&scope=read{}", asserted(token))))
    }

    /// The answer to a request with these `DPoP` fields.
    fn proven(&mut self, fields: &[&str]) -> Answer {
        let form = Message::post("grant_type=client_credentials&scope=read").basic("d1", C1_SECRET);
        self.token(fields.iter().fold(form, |message, field| message.with("DPoP", field)))
    }

    /// Every endpoint that takes an assertion refuses this one, and stores nothing.
    fn endpoints_deny(&mut self, token: &str) -> Result<(), String> {
        self.register();
        let before = self.at.store.clone();
        let push = format!("{}{}", Form::authorization("c1").text(), asserted(token));
        let other = format!("token=x{}", asserted(token));
        let answers = [
            ("token", self.sent(token)),
            ("PAR", self.at.push(Message::post(&push))),
            ("revocation", self.at.revoke(Message::post(&other))),
            ("introspection", self.at.introspect(Message::post(&other))),
        ];
        for (endpoint, answer) in answers {
            denied(&answer, 401, ErrorCode::InvalidClient).map_err(|wrong| format!("{endpoint} endpoint: {wrong}"))?;
        }
        ensure(self.at.store == before, || "an endpoint has stored something".to_owned())
    }

    /// Judges a client assertion: whose it is.
    pub(super) fn assertion(&mut self, token: &str) -> Result<String, Reason> {
        let mut set = self.set.to_string().into_bytes();
        let set = json::object(&mut set)?;
        let mut buffer = vec![0; assertion::ROOM];
        let mut arena = Arena::new(&mut buffer, assertion::ROOM).expect("room");
        let issuer = Issuer::parse(ISSUER).expect("an issuer");
        let judged = ClientAssertion::read(token, &mut arena)?.judge(issuer, Time(self.now))?;
        let unverified =
            judged.with_keys(&set, self.registered, &mut arena)?.ok_or(Reason::Assertion(symbolon::Name::Kid))?;
        let verdict = self.ground.verify(unverified.key(), unverified.message(), unverified.signature());
        let unmarked = unverified.verified(Ok(verdict))?;
        let marked = self.ground.mark(&mut self.store, &unmarked.mark());
        Ok(unmarked.marked(Ok(marked))?.client_id().to_owned())
    }

    /// Judges the proof of a request with these `DPoP` fields.
    pub(super) fn proofs(&mut self, fields: &[&str], asked: Asked<'_>) -> Result<KeyHeld, Reason> {
        let texts = fields.to_vec();
        let fields: Vec<Field<'_>> = fields.iter().map(|text| Field { name: "DPoP", value: text.as_bytes() }).collect();
        let mut buffer = vec![0; dpop::ROOM];
        let mut arena = Arena::new(&mut buffer, dpop::ROOM).expect("room");
        let proof = DpopProof::read(&fields, &mut arena)?.ok_or(Reason::Missing(symbolon::Name::Dpop))?;
        let Asked { method, url, freshness, access_token } = asked;
        let expected = Expected { method, url, now: Time(self.now), freshness, access_token };
        let unverified = proof.judge(&expected, &mut arena)?;
        let verdict = self.ground.verify(unverified.key(), unverified.message(), unverified.signature());
        let unmarked = unverified.verified(Ok(verdict))?;
        let marked = self.ground.mark(&mut self.store, &unmarked.mark());
        let held = unmarked.marked(Ok(marked))?;
        if asked.is_for_token() {
            let answer = self.proven(&texts);
            assert_eq!(answer.member("token_type").as_deref(), Some("DPoP"), "the token endpoint: {answer:?}");
        }
        Ok(held)
    }

    /// The same of one proof for a request to the token endpoint.
    pub(super) fn proof(&mut self, token: &str) -> Result<KeyHeld, Reason> {
        self.proofs(&[token], ASKED)
    }

    /// DENY: an assertion is refused, and nothing is stored.
    pub(super) fn denies(&mut self, token: &str) -> Checked {
        let before = self.store.clone();
        let judged = self.assertion(token);
        let told = self.refusal(judged.map(|client| format!("taken for {client}'s")), &before)?;
        self.endpoints_deny(token).map(|()| told)
    }

    /// The same, and an access token that is wrong in the same way is refused by the resource.
    pub(super) fn denies_both(&mut self, jwt: &Jwt) -> Checked {
        let told = self.denies(&jwt.sign())?;
        let token = jwt.as_access_token();
        self.resource_denies(&token.sign()).map(|()| told)
    }

    /// The resource refuses an access token, and stores nothing.
    pub(super) fn resource_denies(&mut self, token: &str) -> Result<(), String> {
        let set = self.set.to_string();
        let keys = AccessTokens::Jwt { keys: IssuerKeys::Pinned(&set), algorithm: self.registered };
        let server = ResourceServer { access_tokens: keys, ..resource_server() };
        let incoming = Incoming { now: Time(self.now), ..Incoming::with(&format!("Bearer {token}")) };
        self.resource_refuses(&server, &incoming)
    }

    fn resource_refuses(&self, server: &ResourceServer<'_>, incoming: &Incoming) -> Result<(), String> {
        let mut host = Guarded::new(self.ground);
        let status = incoming.judge(server, &mut host, |judgement| match judgement {
            Judgement::Allow(_) => 200,
            Judgement::Deny(reply) => reply.status,
        });
        // Keys that are none are the issuer's fault.
        ensure(matches!(status, 400 | 401 | 503) && host.store.rows.is_empty(), || format!("the resource: {status}"))
    }

    /// Each endpoint that such a proof may come to refuses it.
    pub(super) fn denies_everywhere(&mut self, jwt: &Jwt) -> Checked {
        let told = self.denies_proof(&[&jwt.sign()], ASKED)?;
        let jkt = keys::thumbprint("es256-1");
        let token = protected::Jwt::access_token().with("cnf", json!({ "jkt": jkt })).sign(protected::ISSUER_KEY);
        let incoming = |proof: &Jwt| Incoming::proven(&token, &proof.at_resource(&token).sign());
        let server = protected::jwt_server();
        self.resource_refuses(&server, &incoming(jwt))?;
        let good = self.resource_refuses(&server, &incoming(&Jwt::proof()));
        ensure(good.is_err(), || "the resource refuses a good proof, too".to_owned())?;
        Ok(told)
    }

    /// DENY: a proof is refused, and nothing is stored.
    pub(super) fn denies_proof(&mut self, fields: &[&str], asked: Asked<'_>) -> Checked {
        let before = self.store.clone();
        let judged = self.proofs(fields, asked);
        let told = self.refusal(judged.map(|held| format!("a proof of {:?}", held.confirmation())), &before)?;
        if asked.is_for_token() {
            let before = self.at.store.clone();
            let answer = self.proven(fields);
            denied(&answer, 400, ErrorCode::InvalidDpopProof)?;
            ensure(self.at.store == before, || "the token endpoint has stored something".to_owned())?;
        }
        Ok(told)
    }

    fn refusal(&self, judged: Result<String, Reason>, before: &MemoryStore) -> Checked {
        match judged {
            Ok(taken) => Err(taken),
            // What a host is to blame for is no safe outcome.
            Err(reason) if reason.answer().status >= 500 => Err(format!("{reason:?}")),
            Err(reason) => {
                ensure(self.store == *before, || "something was stored".to_owned())?;
                Ok(format!(
                    "refused ({}{})",
                    reason.name(),
                    reason.parameter().map_or(String::new(), |name| format!(" {}", name.as_str()))
                ))
            }
        }
    }

    /// An assertion is taken for that of `c1`.
    pub(super) fn takes(&mut self, token: &str) -> Checked {
        match self.assertion(token) {
            Ok(client) if client == "c1" => {}
            other => return Err(format!("{other:?}")),
        }
        let answer = self.sent(token);
        ensure(answer.member("access_token").is_some(), || format!("the token endpoint: {answer:?}"))?;
        Ok("taken".to_owned())
    }
}
