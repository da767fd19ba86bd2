//! What a client says of itself: a document that a server can read, and a set with the keys that its assertions are checked by.

use serde_json::{Value, json};
use symbolon::client::{Authentication, Binding, Client, METADATA_BUFFER, Published, PushedRequests};
use symbolon::terms::client_id::ClientId;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::wire::jose::Algorithm;
use symbolon::wire::{json as wire, jwk};
use symbolon::{Name, Reason, limits};
use symbolon_tests::app::client;
use symbolon_tests::fixture::{Bench, Message, authorization_query};
use symbolon_tests::peer::{Canned, Peer, Sent};
use symbolon_tests::store::MemoryStore;
use symbolon_tests::{keyed, keys};

const URL: &str = "https://client.example/oauth/client.json";
const CB: &str = "https://client.example/cb";

fn key(key_id: &'static str) -> SigningKey<'static> {
    SigningKey { key_id, algorithm: Algorithm::Es256, jwk: keys::jwk(key_id).expect("a key").leak() }
}

fn keys_of(key_ids: &[&'static str]) -> SigningKeys<'static> {
    let keys: Vec<_> = key_ids.iter().map(|key_id| key(key_id)).collect();
    SigningKeys::new(&keys).expect("keys")
}

fn app() -> Client<'static> {
    Client {
        client_id: ClientId::parse(URL).expect("a client_id"),
        authentication: Authentication::PrivateKeyJwt(key("es256-client")),
        binding: Binding::Dpop(keys_of(&["es256-tokens"])),
        pushed_requests: PushedRequests::Always,
        id_token_algorithm: Algorithm::Es256,
        scope: "openid read",
        ..client()
    }
}

fn published() -> Published<'static> {
    let redirect_uris = "https://client.example/cb https://client.example/cb2";
    Published { client_name: "A \"client\"", redirect_uris, jwks_uri: None, other_keys: keys_of(&["es256-next"]) }
}

fn document(client: &Client<'static>, published: &Published<'_>) -> Result<Value, Reason> {
    let buffer = vec![0; METADATA_BUFFER].leak();
    let document = client.metadata(published, buffer).expect("room")?;
    Ok(serde_json::from_slice(document).expect("JSON"))
}

#[test]
fn the_document_says_what_the_configuration_does_and_nothing_secret() {
    let said = document(&app(), &published()).expect("a document");
    let jwk = |key_id: &str| {
        let mut jwk: Value = serde_json::from_str(&keys::jwk(key_id).expect("a key")).expect("JSON");
        jwk["kid"] = key_id.into();
        jwk
    };
    let expected = json!({
        "client_id": URL,
        "client_name": "A \"client\"",
        "redirect_uris": [CB, "https://client.example/cb2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [jwk("es256-client"), jwk("es256-next")]},
        "scope": "openid read",
        "id_token_signed_response_alg": "ES256",
        "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true,
    });
    assert_eq!(said, expected);

    // Bound to the certificate that it shows (RFC 8705 section 3.4).
    let said = document(&Client { binding: Binding::Certificate, ..app() }, &published()).expect("a document");
    assert_eq!(said["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(said.get("dpop_bound_access_tokens"), None);

    // A client without keys, as it is on a device.
    let public = Client {
        authentication: Authentication::None,
        binding: Binding::None,
        pushed_requests: PushedRequests::IfRequired,
        scope: "",
        ..app()
    };
    let said = document(&public, &Published { client_name: "", redirect_uris: CB, ..published() }).expect("a document");
    let expected = json!({
        "client_id": URL,
        "redirect_uris": [CB],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    assert_eq!(said, expected);
}

#[test]
fn the_keys_may_be_elsewhere_and_each_is_found_by_its_id() {
    let uri = "https://client.example/oauth/jwks";
    let said = document(&app(), &Published { jwks_uri: Some(uri), ..published() }).expect("a document");
    assert_eq!((said.get("jwks_uri").and_then(Value::as_str), said.get("jwks")), (Some(uri), None));
    let buffer = vec![0; METADATA_BUFFER].leak();
    let set = app().jwks(&keys_of(&["es256-next"]), buffer).expect("room").expect("a set");
    let mut text = set.to_vec();
    let set = wire::object(&mut text).expect("an object");
    for key_id in ["es256-client", "es256-next"] {
        let found = jwk::select(&set, Some(key_id), Algorithm::Es256, None).expect("a set").expect("a key");
        let public = keys::thumbprint(key_id).expect("a key");
        use base64ct::{Base64UrlUnpadded, Encoding};
        assert_eq!(Base64UrlUnpadded::encode_string(&found.thumbprint()), public);
    }
    assert!(jwk::select(&set, Some("es256-tokens"), Algorithm::Es256, None).expect("a set").is_none());
}

#[test]
fn what_a_document_cannot_say_is_refused() {
    let method = Err(Reason::Malformed(Name::TokenEndpointAuthMethod));
    let with = |authentication| document(&Client { authentication, ..app() }, &published()).map(|_| ());
    assert_eq!(with(Authentication::ClientSecretBasic("secret-0123456789")), method);
    assert_eq!(with(Authentication::ClientSecretPost("secret-0123456789")), method);
    assert_eq!(with(Authentication::TlsClientAuth), method);
    let named = |client_id: &'static str| {
        let client_id = ClientId::parse(client_id).expect("a client_id");
        document(&Client { client_id, ..app() }, &published()).map(|_| ())
    };
    for client_id in ["c1", "http://client.example/c", "https://client.example", "https://127.0.0.1/c"] {
        assert_eq!(named(client_id), Err(Reason::Malformed(Name::ClientId)), "{client_id}");
    }
    let published_as = |published: Published<'_>| document(&app(), &published).map(|_| ());
    let elsewhere = Published { redirect_uris: "https://client.example/cb2", ..published() };
    assert_eq!(published_as(elsewhere), Err(Reason::RedirectUriMismatch));
    let twice = Published { other_keys: keys_of(&["es256-client"]), ..published() };
    assert_eq!(published_as(twice), Err(Reason::Repeated(Name::Kid)));
    let long = "n".repeat(limits::CLIENT_DOCUMENT);
    assert_eq!(published_as(Published { client_name: &long, ..published() }), Err(Reason::TooLong(Name::Body)));
    let short = vec![0; METADATA_BUFFER - 1].leak();
    let needed = app().metadata(&published(), short).err().map(|short| short.needed);
    assert_eq!(needed, Some(METADATA_BUFFER));
}

#[test]
fn a_server_takes_the_client_as_it_says_that_it_is() {
    let key = key(keyed::K1_KEY);
    for (authentication, shown, good) in [
        (Authentication::None, String::new(), true),
        (Authentication::PrivateKeyJwt(key), keyed::asserted(&keyed::assertion_for(URL, "j1")), true),
        (Authentication::PrivateKeyJwt(key), String::new(), false),
    ] {
        let app = Client { authentication, binding: Binding::None, scope: "read", ..app() };
        let buffer = vec![0; METADATA_BUFFER].leak();
        let document = app.metadata(&published(), buffer).expect("room").expect("a document");
        let document = String::from_utf8(document.to_vec()).expect("text");
        let mut bench = Bench { server: keyed::documented_server(), ..Bench::default() };
        let mut store = std::mem::take(&mut bench.store);
        let mut peer = Peer::new(&mut store, |sent: &Sent, _: &mut MemoryStore| {
            assert_eq!(sent.url, URL);
            Some(Canned::json(200, &document))
        });
        let form = authorization_query(
            "https%3A%2F%2Fclient.example%2Foauth%2Fclient.json",
            "https%3A%2F%2Fclient.example%2Fcb",
            "&scope=read",
        );
        let answer = bench.push_on(Message::post(&format!("{form}{shown}")), &mut peer);
        assert_eq!(answer.status == 201, good, "{answer:?}");
    }
}
