//! The server's metadata say what it enforces: for each member, a request with each value that is named works, and a request
//! with one that is not is refused. A member that nobody has tried here is a failure.

use std::collections::BTreeMap;

use serde_json::Value;
use symbolon::record::{AuthenticationMethod, Client, ClientKeys};
use symbolon::server::{AccessTokens, Decision, Server, SigningKey, SigningKeys, TokenKeys};
use symbolon::terms::secret;
use symbolon::wire::jose::Algorithm;
use symbolon_tests::fixture::*;
use symbolon_tests::keyed::{self, PAR, TOKEN, asserted};
use symbolon_tests::keys;
use symbolon_tests::peer::{Canned, Peer, Sent};
use symbolon_tests::store::MemoryStore;

const WEB: &str = "https%3A%2F%2Fclient.example%2Fcb";
const ALGORITHMS: [&str; 9] = ["ES256", "EdDSA", "PS256", "RS256", "none", "HS256", "ES384", "RS512", "ES256K"];

type Document = BTreeMap<String, Value>;
type Check = fn(&Value);
type Checks = BTreeMap<&'static str, Box<dyn Fn(&Value)>>;

/// The server, with everything that it can offer switched on.
fn server() -> Server<'static> {
    Server { client_id_metadata_documents: true, protected_resources: RESOURCE, ..keyed::signing_server() }
}

fn bench() -> Bench {
    keyed::bench(server())
}

fn document(server: Server<'static>) -> Document {
    let text = Bench { server, ..Bench::default() }.metadata().body;
    serde_json::from_str(&text).expect("an object")
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().expect("an array").iter().map(|word| word.as_str().expect("a text")).collect()
}

/// Tries each of these values, and says that those which are named work, and no other.
fn exactly(named: &Value, tried: &[&str], works: impl Fn(&str) -> bool) {
    let named = words(named);
    for value in tried {
        assert_eq!(works(value), named.contains(value), "{value}, and named are {named:?}");
    }
    for value in named {
        assert!(tried.contains(&value), "{value} is not tried");
    }
}

fn query(more: &str) -> String {
    authorization_query("c1", WEB, more)
}

/// Whether an authorization request asks the user, and nothing waits to be refused.
fn is_asked(bench: &mut Bench, query: &str) -> bool {
    matches!(bench.authorize(Message::get(query)), Interaction::Ask { refusal: None, .. })
}

fn redirect(bench: &mut Bench) -> Answer {
    let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query("&scope=read"))) else {
        panic!("refused")
    };
    bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" })
}

fn url(name: &str) -> impl Fn(&Value) {
    let name = name.to_owned();
    move |value| assert_eq!(value, &Value::from(format!("{ISSUER}/{name}")))
}

/// The two halves of what is signed and its signature, by a key of this algorithm, or none at all.
fn signed(algorithm: &str, header: &str, claims: &str) -> (String, Option<String>) {
    let key_id = match algorithm {
        "ES256" => "es256-m",
        "EdDSA" => "ed25519-m",
        "PS256" => "ps256-rfc7515",
        "RS256" => "rs256-rfc7515",
        // Under another name.
        _ => "es256-m",
    };
    let jwk = keys::jwk(key_id).expect("a key").replace("\"alg\":\"ES256\"", &format!("\"alg\":\"{algorithm}\""));
    let header = header.replace("{alg}", algorithm).replace("{jwk}", &jwk);
    (keyed::jws(key_id, &header, claims), keys::named_jwk(key_id))
}

/// Sends what a client shows of itself to an endpoint that authenticates clients; whether it is known there.
fn is_known(endpoint: &str, bench: &mut Bench, message: Message, form: &str) -> bool {
    let answer = match endpoint {
        "token" => {
            bench.token(Message { body: format!("grant_type=refresh_token&refresh_token=x&{form}").into(), ..message })
        }
        "revocation" => bench.revoke(Message { body: format!("token=x&{form}").into(), ..message }),
        "introspection" => bench.introspect(Message { body: format!("token=x&{form}").into(), ..message }),
        _ => {
            let query = authorization_query("x", WEB, "&scope=read").replace("&client_id=x", "");
            bench.push(Message { body: format!("{query}&{form}").into(), ..message })
        }
    };
    answer.member("error").as_deref() != Some("invalid_client") && answer.status != 401
}

fn methods(endpoint: &'static str) -> impl Fn(&Value) {
    move |named| {
        let all = [
            "none",
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
            "attest_jwt_client_auth",
        ];
        exactly(named, &all, |method| {
            let mut bench = bench();
            let message = Message::post("");
            let by_secret = secret::hash(C1_SECRET);
            // The token request asks with a refresh token that is none: who asks is found out before, or not at all.
            let code = bench.code_of_c1("read");
            let refresh = bench.redeem_as_c1(&code).member("refresh_token").expect("a refresh token");
            let client = Client {
                authentication: AuthenticationMethod::ClientSecretPost,
                secrets: &by_secret,
                ..c1(&by_secret)
            };
            let (message, form) = match method {
                "none" => (message, "client_id=b1".to_owned()),
                "client_secret_basic" => (message.basic("c1", C1_SECRET), String::new()),
                "client_secret_post" => {
                    put(&mut bench.store, &Client { client_id: "post", ..client });
                    (message, format!("client_id=post&client_secret={C1_SECRET}"))
                }
                "private_key_jwt" => (message, keyed::k1_assertion("m1")),
                "client_secret_jwt" => {
                    let claims = keyed::assertion_claims("k1", "m1");
                    (message, asserted(&keyed::jws(keyed::K1_KEY, "{\"alg\":\"HS256\"}", &claims)))
                }
                "tls_client_auth" => (message.over(keyed::m1_certificate()), "client_id=m1".to_owned()),
                "self_signed_tls_client_auth" => (message.over(keyed::s1_certificate()), "client_id=s1".to_owned()),
                _ => (message.with("OAuth-Client-Attestation", "x"), "client_id=k1".to_owned()),
            };
            let form = form.trim_start_matches('&').to_owned();
            match endpoint {
                "token" => {
                    let form = format!("grant_type=refresh_token&refresh_token={refresh}&{form}");
                    let answer = bench.token(Message { body: form.into(), ..message });
                    answer.member("error").as_deref() != Some("invalid_client")
                }
                _ => is_known(endpoint, &mut bench, message, &form),
            }
        });
    }
}

fn assertion_algorithms(endpoint: &'static str) -> impl Fn(&Value) {
    move |named| {
        exactly(named, &ALGORITHMS, |algorithm| {
            let mut bench = bench();
            let claims = keyed::assertion_claims("a", "m1");
            let (assertion, jwk) = signed(algorithm, "{\"alg\":\"{alg}\"}", &claims);
            let jwks = format!("{{\"keys\":[{}]}}", jwk.expect("a key"));
            put(&mut bench.store, &Client { client_id: "a", keys: ClientKeys::Jwks(&jwks), ..keyed::k1() });
            let shown = asserted(&assertion);
            if endpoint == "token" {
                let form = format!("grant_type=client_credentials&scope=read{shown}");
                return bench.token(Message::post(&form)).status == 200;
            }
            is_known(endpoint, &mut bench, Message::post(""), shown.trim_start_matches('&'))
        });
    }
}

fn dpop_algorithms(named: &Value) {
    for endpoint in [TOKEN, PAR] {
        exactly(named, &ALGORITHMS, |algorithm| {
            let mut bench = bench();
            let claims = format!("{{\"jti\":\"d\",\"htm\":\"POST\",\"htu\":\"{endpoint}\",\"iat\":{}}}", NOW.0);
            let (proof, _) = signed(algorithm, "{\"typ\":\"dpop+jwt\",\"alg\":\"{alg}\",\"jwk\":{jwk}}", &claims);
            let assertion = keyed::k1_assertion("m1");
            match endpoint {
                TOKEN => {
                    let form = format!("grant_type=client_credentials&scope=read{assertion}");
                    bench.token(Message::post(&form).with_proof(&proof)).status == 200
                }
                _ => {
                    let form = format!("{}{assertion}", authorization_query("k1", WEB, "&scope=read"));
                    bench.push(Message::post(&form).with_proof(&proof)).status == 201
                }
            }
        });
    }
}

fn grant_types(named: &Value) {
    let all = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ];
    exactly(named, &all, |grant| {
        let mut bench = bench();
        let code = bench.code_of_c1("read");
        let answer = match grant {
            "authorization_code" => bench.redeem_as_c1(&code),
            "refresh_token" => {
                let token = bench.redeem_as_c1(&code).member("refresh_token").expect("a refresh token");
                bench.refresh_as_c1(&token)
            }
            _ => {
                let more = keyed::k1_assertion("m1");
                bench.token(Message::post(&format!("grant_type={grant}&scope=read{more}")))
            }
        };
        let refused = answer.member("error").as_deref() == Some("unsupported_grant_type");
        assert_eq!(answer.status == 200, !refused, "{answer:?}");
        !refused
    });
}

fn id_token_algorithms(named: &Value) {
    let keys = ["es256-m", "ed25519-m", "ps256-rfc7515", "rs256-rfc7515"];
    for key_id in keys {
        let jwk: &'static str = Box::leak(keys::named_jwk(key_id).expect("a key").into_boxed_str());
        let algorithm = Algorithm::from_name(keys::algorithm(key_id).expect("one")).expect("one");
        let key = SigningKey { key_id, algorithm, jwk };
        let signing_keys =
            TokenKeys::new(SigningKeys::new(&[key]).expect("a key"), AccessTokens::Opaque).expect("a key");
        let server = Server { signing_keys, ..server() };
        let said = document(Server { signing_keys: server.signing_keys.clone(), ..self::server() });
        assert_eq!(words(&said["id_token_signing_alg_values_supported"]), [algorithm.as_str()]);
        let mut bench = keyed::bench(server);
        let query = authorization_query("k1", WEB, "&scope=openid");
        let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else { panic!("refused") };
        let answer = bench.decide(&handle, Decision::Approve { scope: "openid", authorization_details: "" });
        let code = answer.location("code").expect("a code").to_owned();
        let form = format!("{}{}", redemption(&code), keyed::k1_assertion("i"));
        let token = bench.token(Message::post(&form)).member("id_token").expect("an ID token");
        let (message, signature) = token.rsplit_once('.').expect("a JWS");
        use base64ct::{Base64UrlUnpadded, Encoding};
        let signature = Base64UrlUnpadded::decode_vec(signature).expect("base64url");
        let public = keys::jwk(key_id).expect("a key");
        let verdict = keys::verify(public.as_bytes(), message.as_bytes(), &signature);
        assert_eq!(verdict, symbolon::step::Verdict::Valid);
    }
    assert_eq!(words(named), ["ES256"]);
    assert!(
        !document(Server { signing_keys: TokenKeys::NONE, ..server() })
            .contains_key("id_token_signing_alg_values_supported")
    );
}

fn metadata_documents(named: &Value) {
    assert_eq!(named, &Value::Bool(true));
    let ask = |server: Server<'static>, scope: &str, resource: &str| {
        let mut bench = Bench { server, ..Bench::default() };
        let mut store = std::mem::take(&mut bench.store);
        let there = Canned::json(200, &keyed::app_document("none", ""));
        let mut peer = Peer::new(&mut store, |_: &Sent, _: &mut MemoryStore| Some(there.clone()));
        let more = format!("&scope={scope}&resource={resource}");
        let app = "https%3A%2F%2Fapp.example%2Fclient.json";
        let query = authorization_query(app, "https%3A%2F%2Fapp.example%2Fcb", &more);
        matches!(bench.authorize_on(Message::get(&query), &mut peer), Interaction::Ask { refusal: None, .. })
    };
    let resource = "https%3A%2F%2Frs.example%2F";
    assert!(ask(server(), "read", resource));
    assert!(!ask(server(), "more", resource) && !ask(server(), "read", "https%3A%2F%2Fother.example"));
    let without = || Server { client_id_metadata_documents: false, ..server() };
    assert!(!ask(without(), "read", resource));
    assert!(!document(without()).contains_key("client_id_metadata_document_supported"));
}

fn detail_types(named: &Value) {
    let all = ["payment_initiation", "account_information", "other"];
    exactly(named, &all, |kind| {
        let mut bench = bench();
        put(
            &mut bench.store,
            &Client {
                authorization_details_types: "payment_initiation account_information other",
                ..c1(&secret::hash(C1_SECRET))
            },
        );
        let details = format!("%5B%7B%22type%22%3A%22{kind}%22%7D%5D");
        is_asked(&mut bench, &query(&format!("&scope=read&authorization_details={details}")))
    });
}

/// Members with what is tried of them.
fn checks() -> Checks {
    let mut all = Checks::new();
    for (name, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("revocation_endpoint", "revoke"),
        ("introspection_endpoint", "introspect"),
        ("pushed_authorization_request_endpoint", "par"),
        ("jwks_uri", "jwks"),
        ("userinfo_endpoint", "userinfo"),
    ] {
        all.insert(name, Box::new(url(path)));
    }
    for (name, endpoint) in [
        ("token_endpoint_auth_methods_supported", "token"),
        ("revocation_endpoint_auth_methods_supported", "revocation"),
        ("introspection_endpoint_auth_methods_supported", "introspection"),
    ] {
        all.insert(name, Box::new(methods(endpoint)));
    }
    for (name, endpoint) in [
        ("token_endpoint_auth_signing_alg_values_supported", "token"),
        ("revocation_endpoint_auth_signing_alg_values_supported", "revocation"),
        ("introspection_endpoint_auth_signing_alg_values_supported", "introspection"),
    ] {
        all.insert(name, Box::new(assertion_algorithms(endpoint)));
    }
    let more: [(&'static str, Check); 16] = [
        ("issuer", |value| {
            let iss = redirect(&mut bench()).location("iss").expect("iss").replace("%3A", ":").replace("%2F", "/");
            assert_eq!(value, &Value::from(iss));
        }),
        ("authorization_response_iss_parameter_supported", |value| {
            assert_eq!(value, &Value::Bool(redirect(&mut bench()).location("iss").is_some()));
        }),
        ("scopes_supported", |named| assert_eq!(words(named).join(" "), server().scopes_supported)),
        ("protected_resources", |named| assert_eq!(words(named).join(" "), server().protected_resources)),
        ("response_types_supported", |named| {
            let all = ["code", "token", "id_token", "code token", "code id_token", "none"];
            exactly(named, &all, |kind| {
                is_asked(
                    &mut bench(),
                    &query("&scope=read").replace("=code&", &format!("={}&", kind.replace(' ', "+"))),
                )
            });
        }),
        ("response_modes_supported", |named| {
            exactly(named, &["query", "fragment", "form_post", "jwt", "query.jwt"], |mode| {
                is_asked(&mut bench(), &query(&format!("&scope=read&response_mode={mode}")))
            });
        }),
        ("code_challenge_methods_supported", |named| {
            exactly(named, &["S256", "plain", "S512"], |method| {
                is_asked(&mut bench(), &query("&scope=read").replace("=S256", &format!("={method}")))
            });
        }),
        ("request_uri_parameter_supported", |value| {
            let works = is_asked(&mut bench(), &query("&scope=read&request_uri=https%3A%2F%2Fclient.example%2Fr"));
            assert_eq!(value, &Value::Bool(works));
            assert!(!is_asked(&mut bench(), &query("&scope=read&request=x")), "false, where it is not named");
        }),
        ("grant_types_supported", grant_types),
        ("dpop_signing_alg_values_supported", dpop_algorithms),
        ("tls_client_certificate_bound_access_tokens", |value| {
            let form = "grant_type=client_credentials&scope=read&client_id=m1";
            let mut bench = bench();
            let token = bench.token(Message::post(form).over(keyed::m1_certificate())).member("access_token");
            let form = format!("token={}&client_id=m1", token.expect("a token"));
            let told = bench.introspect(Message::post(&form).over(keyed::m1_certificate())).body;
            assert_eq!(value, &Value::Bool(told.contains("x5t#S256")));
        }),
        ("authorization_details_types_supported", detail_types),
        ("client_id_metadata_document_supported", metadata_documents),
        ("subject_types_supported", |named| {
            // The same for every client.
            assert_eq!(words(named), ["public"]);
        }),
        ("id_token_signing_alg_values_supported", id_token_algorithms),
        ("require_pushed_authorization_requests", |value| {
            assert_eq!(value, &Value::Bool(true));
            let mut bench = keyed::bench(Server { pushed_requests_only: true, ..server() });
            assert!(!is_asked(&mut bench, &query("&scope=read")));
            let pushed = bench.pushed_by_c1("");
            assert!(is_asked(&mut bench, &format!("client_id=c1&request_uri={pushed}")));
        }),
    ];
    all.extend(more.map(|(name, check)| (name, Box::new(check) as Box<dyn Fn(&Value)>)));
    all
}

#[test]
fn what_is_named_works_and_nothing_else() {
    let checks = checks();
    let mut said = document(server());
    // Named where it is so alone: then is everything else as before.
    let only = document(Server { pushed_requests_only: true, ..server() });
    assert_eq!(said.get("require_pushed_authorization_requests"), None);
    said.extend(only);
    for (name, value) in &said {
        let check = checks.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not tried"));
        check(value);
    }
    let missing: Vec<_> = checks.keys().filter(|name| !said.contains_key(**name)).collect();
    assert!(missing.is_empty(), "not in the metadata: {missing:?}");
}

#[test]
fn pushed_requests_take_every_method_of_the_token_endpoint() {
    let said = document(server());
    methods("par")(&said["token_endpoint_auth_methods_supported"]);
    assertion_algorithms("par")(&said["token_endpoint_auth_signing_alg_values_supported"]);
}

#[test]
fn what_a_server_has_not_is_not_named() {
    let mut bare =
        Server { signing_keys: TokenKeys::NONE, protected_resources: "", ..symbolon_tests::fixture::server() };
    (bare.scopes_supported, bare.authorization_details_types) = ("", "");
    (bare.endpoints.userinfo, bare.endpoints.pushed_authorization_request, bare.endpoints.jwks) = ("", "", "");
    let said = document(bare);
    for name in [
        "scopes_supported",
        "protected_resources",
        "authorization_details_types_supported",
        "userinfo_endpoint",
        "pushed_authorization_request_endpoint",
        "jwks_uri",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "client_id_metadata_document_supported",
        "require_pushed_authorization_requests",
    ] {
        assert!(!said.contains_key(name), "{name}");
    }
}
