//! A protected resource of the tests, and the requests that come to it: JWTs and proofs as their makers would make them.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use symbolon::resource::{AccessTokens, BUFFER, IssuerKeys, Judgement, Needs, ResourceRequest, ResourceServer};
use symbolon::terms::Time;
use symbolon::wire::http::{Certificate, Field};

use crate::app::resource_server;
use crate::drive::{Host, drive};
use crate::fixture::{ISSUER, NOW, RESOURCE};
use crate::keys;

/// The URL that requests come to.
pub const URL: &str = "https://rs.example/data";
/// The key that the issuer signs with.
pub const ISSUER_KEY: &str = "ed25519-as";
/// The key that the client proves.
pub const CLIENT_KEY: &str = "es256-client";
/// The key of somebody else.
pub const OTHER_KEY: &str = "es256-other";

/// A JWK set of these keys, each with its id.
pub fn key_set(key_ids: &[&str]) -> String {
    let key = |key_id: &&str| {
        let mut jwk: Value = serde_json::from_str(&keys::jwk(key_id).expect("a key")).expect("JSON");
        jwk["kid"] = json!(key_id);
        jwk
    };
    json!({ "keys": key_ids.iter().map(key).collect::<Vec<_>>() }).to_string()
}

/// A resource server that checks JWTs with pinned keys.
pub fn jwt_server() -> ResourceServer<'static> {
    static KEYS: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| key_set(&[ISSUER_KEY, "es256-as-old"]));
    let access_tokens = AccessTokens::Jwt { keys: IssuerKeys::Pinned(&KEYS), algorithm: None };
    ResourceServer { access_tokens, ..resource_server() }
}

/// A JWT before it is signed. What is set to `null` is left out.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl Jwt {
    /// An access token of RFC 9068 for the scope `read`.
    pub fn access_token() -> Self {
        let (now, end) = (NOW.0, NOW.0 + 600);
        Self {
            header: json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": ISSUER_KEY }),
            claims: json!({
                "iss": ISSUER, "exp": end, "aud": RESOURCE, "sub": "alice", "client_id": "c1", "iat": now, "jti": "at-1",
                "scope": "read",
            }),
        }
    }

    /// The same, bound to the client's key.
    pub fn bound_token() -> Self {
        Self::access_token().with("cnf", json!({ "jkt": keys::thumbprint(CLIENT_KEY) }))
    }

    /// A DPoP proof of the client's key for a `GET` with this access token.
    pub fn proof(token: &str) -> Self {
        Self::proof_of(CLIENT_KEY, token)
    }

    /// A DPoP proof of some key.
    pub fn proof_of(key_id: &str, token: &str) -> Self {
        let jwk: Value = serde_json::from_str(&keys::jwk(key_id).expect("a key")).expect("JSON");
        let ath = Base64UrlUnpadded::encode_string(&Sha256::digest(token));
        Self {
            header: json!({ "typ": "dpop+jwt", "alg": jwk["alg"], "jwk": jwk }),
            claims: json!({ "jti": "proof-1", "htm": "GET", "htu": URL, "iat": NOW.0, "ath": ath }),
        }
    }

    /// With another claim.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    /// With another header parameter.
    #[must_use]
    pub fn headed(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    /// The two parts that are signed.
    pub fn message(&self) -> String {
        let part = |object: &Value| {
            let mut object = object.clone();
            object.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
            Base64UrlUnpadded::encode_string(object.to_string().as_bytes())
        };
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    /// The JWT.
    pub fn sign(&self, key_id: &str) -> String {
        let message = self.message();
        let signature = keys::sign(key_id, message.as_bytes()).expect("a key");
        format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
    }
}

/// A certificate with this thumbprint.
pub const fn certificate(thumbprint: [u8; 32]) -> Certificate<'static> {
    Certificate { thumbprint, chain_verified: false, subject: "", dns: "", uri: "", ip: "", email: "" }
}

/// A request to the resource.
#[derive(Clone)]
pub struct Incoming {
    /// The method.
    pub method: &'static str,
    /// The URL.
    pub url: &'static str,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The certificate of the connection.
    pub certificate: Option<Certificate<'static>>,
    /// What the request needs.
    pub needs: Needs<'static>,
    /// When it comes.
    pub now: Time,
}

impl Incoming {
    /// A request with this `Authorization`.
    pub fn with(authorization: &str) -> Self {
        Self::of(&[("Authorization", authorization)])
    }

    /// A request with these header fields.
    pub fn of(headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { method: "GET", url: URL, headers, certificate: None, needs: Needs::scope("read"), now: NOW }
    }

    /// A request with a bound token and this proof.
    pub fn proven(token: &str, proof: &str) -> Self {
        Self::of(&[("Authorization", &format!("DPoP {token}")), ("DPoP", proof)])
    }

    /// Has it judged; `end` sees the judgement.
    pub fn judge<T>(
        &self,
        server: &ResourceServer<'_>,
        host: &mut impl Host,
        end: impl FnOnce(Judgement<'_>) -> T,
    ) -> T {
        let mut buffer = vec![0; BUFFER];
        let headers: Vec<Field<'_>> =
            self.headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
        let Self { method, url, certificate, needs, now, .. } = *self;
        let request = ResourceRequest { method, url, headers: &headers, certificate };
        end(drive(server.judge(request, needs, now, &mut buffer).expect("room"), host))
    }
}
