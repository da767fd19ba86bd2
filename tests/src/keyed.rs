//! Clients that prove keys, and what they prove them with: the assertions, DPoP proofs and certificates of the tests.

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use symbolon::record::{
    AuthenticationMethod, CertificateSubject, Client, ClientKeys, Grant, GrantTypes, Record, SenderConstraint,
};
use symbolon::server::{AccessTokens, Server, SigningKey, SigningKeys, TokenKeys};
use symbolon::terms::Time;
use symbolon::terms::confirmation::Confirmation;
use symbolon::wire::jose::Algorithm;
use symbolon::wire::write::Arena;

use crate::fixture::{Bench, ISSUER, Message, NOW, Shown, c1, put, server};
use crate::keys;

/// The key of `k1`.
pub const K1_KEY: &str = "es256-k1";
/// The DPoP key of whoever has a right to be there.
pub const DPOP_KEY: &str = "ed25519-dpop";
/// The DPoP key of somebody else.
pub const OTHER_DPOP_KEY: &str = "es256-dpop";
/// The key that the server signs with.
pub const SERVER_KEY: &str = "es256-server";
/// The URL of the token endpoint.
pub const TOKEN: &str = "https://as.example/token";
/// The URL of the endpoint for pushed authorization requests.
pub const PAR: &str = "https://as.example/par";
/// The subject of the certificate of `m1`.
pub const M1_SUBJECT: &str = "CN=m1,O=Example";

/// The certificate of `m1`.
pub fn m1_certificate() -> Shown {
    Shown { thumbprint: [0x6d; 32], chain_verified: true, subject: M1_SUBJECT.to_owned(), ..Shown::default() }
}
/// The certificate of `s1`, which nobody vouches for.
pub fn s1_certificate() -> Shown {
    Shown { thumbprint: S1_THUMBPRINT, subject: "CN=s1".to_owned(), ..Shown::default() }
}
const S1_THUMBPRINT: [u8; 32] = [0x73; 32];

/// A JWK set with the public key of each of these.
pub fn jwks(key_ids: &[&str]) -> String {
    let key = |id: &&str| {
        let jwk = keys::jwk(id).expect("a key");
        format!("{},\"kid\":\"{id}\"}}", jwk.strip_suffix('}').expect("an object"))
    };
    format!("{{\"keys\":[{}]}}", key_ids.iter().map(key).collect::<Vec<_>>().join(","))
}

static K1_JWKS: LazyLock<String> = LazyLock::new(|| jwks(&[K1_KEY]));
/// The JWK set of `k1`.
pub fn k1_jwks() -> String {
    K1_JWKS.clone()
}

/// The JWK set of `s1`.
pub fn s1_jwks() -> String {
    S1_JWKS.clone()
}

/// A client that nobody has registered: the URL of its metadata document.
pub const APP: &str = "https://app.example/client.json";
/// Where the keys are of the clients that have them elsewhere.
pub const APP_JWKS: &str = "https://app.example/jwks";

/// The metadata document of that client, which authenticates so; `more` is more members.
pub fn app_document(method: &str, more: &str) -> String {
    format!(
        "{{\"client_id\":\"{APP}\",\"client_name\":\"App\",\"redirect_uris\":[\"https://app.example/cb\"],\
         \"grant_types\":[\"authorization_code\",\"refresh_token\"],\"token_endpoint_auth_method\":\"{method}\"{more}}}"
    )
}

/// The server, which takes clients by their metadata documents.
pub fn documented_server() -> Server<'static> {
    Server { client_id_metadata_documents: true, protected_resources: crate::fixture::RESOURCE, ..signing_server() }
}

/// The same with opaque access tokens.
pub fn opaque_documented_server() -> Server<'static> {
    Server { signing_keys: TokenKeys::NONE, ..documented_server() }
}

static S1_JWKS: LazyLock<String> = LazyLock::new(|| {
    let thumbprint = Base64UrlUnpadded::encode_string(&S1_THUMBPRINT);
    format!("{{\"keys\":[{{\"kty\":\"EC\",\"x5t#S256\":\"{thumbprint}\"}}]}}")
});
static SERVER_JWK: LazyLock<String> = LazyLock::new(|| keys::jwk(SERVER_KEY).expect("a key"));

/// The server, with a key to sign with and JWT access tokens.
pub fn signing_server() -> Server<'static> {
    Server { signing_keys: signing_keys(AccessTokens::Jwt), ..server() }
}

/// The key of this server.
pub fn signing_keys(access_tokens: AccessTokens) -> TokenKeys<'static> {
    let key = SigningKey { key_id: SERVER_KEY, algorithm: Algorithm::Es256, jwk: &SERVER_JWK };
    let keys = SigningKeys::new(&[key]).expect("a key");
    TokenKeys::new(keys, access_tokens).expect("a key")
}

/// `k1`, a confidential client that authenticates by `private_key_jwt`, and may act for itself.
pub fn k1() -> Client<'static> {
    Client {
        client_id: "k1",
        name: "Keyed One",
        authentication: AuthenticationMethod::PrivateKeyJwt,
        keys: ClientKeys::Jwks(&K1_JWKS),
        grant_types: GrantTypes { client_credentials: true, ..GrantTypes::SIGN_IN },
        scope: "openid read write",
        ..c1(&[])
    }
}

/// `u1`, as `k1`, but that its keys are at a URL.
pub fn u1() -> Client<'static> {
    Client { client_id: "u1", name: "Keyed Elsewhere", keys: ClientKeys::JwksUri(APP_JWKS), ..k1() }
}

/// `m1`, a confidential client that authenticates by a certificate of an authority.
pub fn m1() -> Client<'static> {
    Client {
        client_id: "m1",
        name: "Certified One",
        authentication: AuthenticationMethod::TlsClientAuth,
        keys: ClientKeys::None,
        certificate: CertificateSubject::Dn(M1_SUBJECT),
        ..k1()
    }
}

/// `s1`, a confidential client that authenticates by a certificate that it has signed itself.
pub fn s1() -> Client<'static> {
    Client {
        client_id: "s1",
        name: "Selfmade One",
        authentication: AuthenticationMethod::SelfSignedTlsClientAuth,
        keys: ClientKeys::Jwks(&S1_JWKS),
        ..k1()
    }
}

/// `b1`, a public client whose tokens must be bound to a key.
pub fn b1() -> Client<'static> {
    Client {
        client_id: "b1",
        name: "Bound One",
        authentication: AuthenticationMethod::None,
        keys: ClientKeys::None,
        grant_types: GrantTypes::SIGN_IN,
        sender_constraint: SenderConstraint::Required,
        ..k1()
    }
}

/// A bench with these clients too.
pub fn bench(server: Server<'static>) -> Bench {
    let mut bench = Bench { server, ..Bench::default() };
    for client in [k1(), m1(), s1(), b1()] {
        put(&mut bench.store, &client);
    }
    bench
}

/// Binds what the one grant of a bench has handed out to this key.
pub fn bind(bench: &mut Bench, key_id: &str) {
    let thumbprint = keys::thumbprint(key_id).expect("a key");
    let jkt = Base64UrlUnpadded::decode_vec(&thumbprint).expect("base64url").try_into().expect("32 bytes");
    let row = bench.store.rows.values_mut().find(|row| row.kind == "grant").expect("a grant");
    let value = row.value.clone();
    let mut grant = Grant::decode(&value).expect("a grant");
    match &mut grant {
        Grant::Code(code) => code.granted.bound_to = Some(Confirmation::Jkt(jkt)),
        Grant::Active(active) => active.granted.bound_to = Some(Confirmation::Jkt(jkt)),
        Grant::Pushed(_) | Grant::Pending(_) | Grant::Revoked(_) => panic!("nothing is handed out"),
    }
    row.value = crate::walk::rows::encode(&grant);
}

/// The DPoP nonce of this server.
pub fn nonce(server: &Server<'_>, now: Time) -> String {
    let mut room = [0; 64];
    let mut arena = Arena::new(&mut room, 64).expect("room");
    arena.text(|w| server.keys.dpop_nonce(now, w)).expect("room").to_owned()
}

/// A DPoP proof for the token endpoint with a nonce, by a clock that is a year off.
pub fn proof_with_nonce(key_id: &str, jti: &str, nonce: &str) -> String {
    let claims = format!("{{\"jti\":\"{jti}\",\"htm\":\"POST\",\"htu\":\"{TOKEN}\",\"iat\":1,\"nonce\":\"{nonce}\"}}");
    proof_of(key_id, &claims)
}

/// A JWS over these two texts, signed with a key of the tests.
pub fn jws(key_id: &str, header: &str, claims: &str) -> String {
    let encoded = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
    let message = format!("{}.{}", encoded(header.as_bytes()), encoded(claims.as_bytes()));
    let signature = keys::sign(key_id, message.as_bytes()).expect("a key");
    format!("{message}.{}", encoded(&signature))
}

/// The algorithm of a key.
fn algorithm(key_id: &str) -> &'static str {
    if key_id.starts_with("es256") { "ES256" } else { "EdDSA" }
}

/// A client assertion with these claims.
pub fn assertion_of(key_id: &str, claims: &str) -> String {
    jws(key_id, &format!("{{\"alg\":\"{}\",\"kid\":\"{key_id}\"}}", algorithm(key_id)), claims)
}

/// The claims of a good assertion of this client.
pub fn assertion_claims(client_id: &str, jti: &str) -> String {
    let exp = NOW.0 + 60;
    format!("{{\"iss\":\"{client_id}\",\"sub\":\"{client_id}\",\"aud\":\"{ISSUER}\",\"exp\":{exp},\"jti\":\"{jti}\"}}")
}

/// A good assertion of a client that has the key of `k1`.
pub fn assertion_for(client_id: &str, jti: &str) -> String {
    assertion_of(K1_KEY, &assertion_claims(client_id, jti))
}

/// A DPoP proof for a request with this access token.
pub fn proof_of_token(key_id: &str, jti: &str, method: &str, url: &str, token: &str) -> String {
    use sha2::{Digest, Sha256};
    let ath = Base64UrlUnpadded::encode_string(&Sha256::digest(token));
    let claims =
        format!("{{\"jti\":\"{jti}\",\"htm\":\"{method}\",\"htu\":\"{url}\",\"iat\":{},\"ath\":\"{ath}\"}}", NOW.0);
    proof_of(key_id, &claims)
}

/// The parameters by which `k1` authenticates.
pub fn k1_assertion(jti: &str) -> String {
    asserted(&assertion_of(K1_KEY, &assertion_claims("k1", jti)))
}

/// The parameters that show an assertion.
pub fn asserted(assertion: &str) -> String {
    format!(
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
         &client_assertion={assertion}"
    )
}

/// A DPoP proof with these claims.
pub fn proof_of(key_id: &str, claims: &str) -> String {
    let jwk = keys::jwk(key_id).expect("a key");
    jws(key_id, &format!("{{\"typ\":\"dpop+jwt\",\"alg\":\"{}\",\"jwk\":{jwk}}}", algorithm(key_id)), claims)
}

/// A DPoP proof for the token endpoint.
pub fn proof(key_id: &str, jti: &str) -> String {
    proof_for(key_id, jti, TOKEN)
}

/// A DPoP proof for this URL.
pub fn proof_for(key_id: &str, jti: &str, url: &str) -> String {
    proof_of(key_id, &format!("{{\"jti\":\"{jti}\",\"htm\":\"POST\",\"htu\":\"{url}\",\"iat\":{}}}", NOW.0))
}

impl Message {
    /// The same with a DPoP proof.
    pub fn with_proof(self, proof: &str) -> Self {
        self.with("DPoP", proof)
    }
}
