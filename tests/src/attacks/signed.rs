//! What is signed, and who judges it: client assertions by an issuer, DPoP proofs for a request.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use symbolon::Reason;
use symbolon::proof::assertion::{self, ClientAssertion};
use symbolon::proof::dpop::{self, DpopProof, Expected, Freshness};
use symbolon::proof::possession::KeyHeld;
use symbolon::terms::Time;
use symbolon::terms::issuer::Issuer;
use symbolon::wire::http::Field;
use symbolon::wire::jose::Algorithm;
use symbolon::wire::json;
use symbolon::wire::write::Arena;

use super::Ground;
use super::outcome::{Checked, ensure};
use crate::fixture::ISSUER;
use crate::keys;
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
    /// The keys of `c1`.
    pub(super) set: Value,
    /// The algorithm that `c1` has registered.
    pub(super) registered: Option<Algorithm>,
    pub(super) now: u64,
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

impl<'g> Judge<'g> {
    pub(super) fn new(ground: &'g Ground) -> Self {
        let set = json!({ "keys": [with(jwk("es256-1"), json!({ "kid": "k1" })), with(jwk("ed25519-1"), json!({ "kid": "k2" }))] });
        Self { ground, store: MemoryStore::default(), set, registered: None, now: NOW }
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
        unmarked.marked(Ok(marked))
    }

    /// The same of one proof for a request to the token endpoint.
    pub(super) fn proof(&mut self, token: &str) -> Result<KeyHeld, Reason> {
        self.proofs(&[token], ASKED)
    }

    /// DENY: an assertion is refused, and nothing is stored.
    pub(super) fn denies(&mut self, token: &str) -> Checked {
        let before = self.store.clone();
        let judged = self.assertion(token);
        self.refusal(judged.map(|client| format!("taken for {client}'s")), &before)
    }

    /// DENY: a proof is refused, and nothing is stored.
    pub(super) fn denies_proof(&mut self, fields: &[&str], asked: Asked<'_>) -> Checked {
        let before = self.store.clone();
        let judged = self.proofs(fields, asked);
        self.refusal(judged.map(|held| format!("a proof of {:?}", held.confirmation())), &before)
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
            Ok(client) if client == "c1" => Ok("taken".to_owned()),
            other => Err(format!("{other:?}")),
        }
    }
}
