//! What the client signs: assertions and DPoP proofs, each for one request, with the server's nonce.

use std::collections::BTreeSet;

use symbolon::client::{Authentication, AuthorizationRequest, BUFFER, Binding, Client, PushedRequests};
use symbolon::proof::dpop::{DpopProof, Expected, Freshness};
use symbolon::record::{Key, Record, Session};
use symbolon::step::Verdict;
use symbolon::terms::UserAgent;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::wire::http::Field;
use symbolon::wire::jose::{Algorithm, Jws};
use symbolon::wire::write::Arena;
use symbolon::{Name, Reason};
use symbolon_tests::app::*;
use symbolon_tests::drive::drive;
use symbolon_tests::fixture::*;
use symbolon_tests::keys;
use symbolon_tests::peer::*;

const METADATA: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke",
    "pushed_authorization_request_endpoint":"https://as.example/par","dpop_signing_alg_values_supported":["ES256"],
    "token_endpoint_auth_methods_supported":["private_key_jwt"],
    "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.as.example/token"},
    "code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}"#;
const TOKENS: &str =
    r#"{"access_token":"at-1","token_type":"DPoP","expires_in":600,"refresh_token":"rt-1","scope":"read"}"#;
const PUSHED: &str = r#"{"request_uri":"urn:ietf:params:oauth:request_uri:1","expires_in":60}"#;

fn key(key_id: &'static str, algorithm: Algorithm) -> SigningKey<'static> {
    SigningKey { key_id, algorithm, jwk: keys::jwk(key_id).expect("a key").leak() }
}

fn bound_to(keys: &[SigningKey<'static>]) -> Binding<'static> {
    Binding::Dpop(SigningKeys::new(keys).expect("few keys"))
}

/// A client that signs all that there is to sign.
fn app() -> App {
    let mut app = App { metadata: metadata(ISSUER, METADATA), ..App::default() };
    app.client.authentication = Authentication::PrivateKeyJwt(key("ed25519-client", Algorithm::EdDsa));
    app.client.binding = bound_to(&[key("es256-tokens", Algorithm::Es256)]);
    app.client.pushed_requests = PushedRequests::Always;
    app
}

fn wanting(nonce: &str) -> Canned {
    let mut canned = Canned::json(400, r#"{"error":"use_dpop_nonce"}"#);
    canned.headers.push(("DPoP-Nonce".to_owned(), nonce.to_owned()));
    canned
}

/// What a request shows, once all of it was checked: the `jti` of its assertion and of its proof, and the nonce.
fn checked(sent: &Sent, key_id: &str) -> (String, String, Option<String>) {
    let headers: Vec<Field<'_>> = sent.message.headers.iter().map(|(name, value)| Field { name, value }).collect();
    let mut buffer = vec![0; 64 * 1024];
    let mut arena = Arena::new(&mut buffer, 0).expect("room");
    let proof = DpopProof::read(&headers, &mut arena).expect("a proof that can be read").expect("a proof");
    let nonce = proof.nonce().map(str::to_owned);
    let freshness = match nonce {
        Some(_) => Freshness::Nonce(Some(NOW.after(60))),
        None => Freshness::IssuedAt,
    };
    let expected = Expected { method: "POST", url: &sent.url, now: NOW, freshness, access_token: None };
    let judged = proof.judge(&expected, &mut arena).expect("a proof for this request");
    assert_eq!(keys::verify(judged.key(), judged.message(), judged.signature()), Verdict::Valid);
    let marked = judged.verified(Ok(Verdict::Valid)).expect("verified").mark().key;
    let field = headers.iter().find(|field| field.name == "DPoP").expect("a proof");
    let mut arena_buffer = vec![0; 64 * 1024];
    let mut arena = Arena::new(&mut arena_buffer, 0).expect("room");
    let text = std::str::from_utf8(field.value).expect("text");
    let (jws, _) = Jws::read_with_key(text, &mut arena).expect("a JWS");
    let jti = jws.claims().string(Name::Jti).expect("text").expect("jti").to_owned();
    let jkt: [u8; 32] = {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let text = keys::thumbprint(key_id).expect("a key");
        Base64UrlUnpadded::decode_vec(&text).expect("base64url").try_into().expect("32 bytes")
    };
    assert_eq!(marked, Key::dpop_proof(&jkt, &jti), "signed by the key of the session");

    let assertion = sent.parameter("client_assertion").expect("an assertion");
    let jws = Jws::read(&assertion, &mut arena).expect("a JWS");
    assert!(jws.is_typed("client-authentication+jwt") && jws.key_id() == Some("ed25519-client"));
    let public = keys::jwk("ed25519-client").expect("a key");
    assert_eq!(keys::verify(public.as_bytes(), jws.message(), jws.signature()), Verdict::Valid);
    let text = |name| jws.claims().string(name).expect("text").expect("there").to_owned();
    assert_eq!((text(Name::Iss), text(Name::Sub), text(Name::Aud)), ("c1".into(), "c1".into(), ISSUER.into()));
    let exp = jws.claims().integer(Name::Exp).expect("a number");
    assert!(exp.is_some_and(|exp| exp > NOW.0 && exp <= NOW.0 + 300));
    assert_eq!(sent.parameter("client_id").as_deref(), Some("c1"));
    assert!(sent.parameter("client_secret").is_none());
    (text(Name::Jti), jti, nonce)
}

/// A sign-in at a server that wants a nonce with each request until it has seen `wants` of them.
fn signed_in(app: &mut App, mut wants: usize) -> (Key, Vec<Sent>) {
    let mut store = std::mem::take(&mut app.store);
    let mut given = 0;
    let mut answer = |sent: &Sent, _: &mut _| {
        if wants > 0 {
            wants -= 1;
            given += 1;
            return Some(wanting(&format!("nonce-{given}")));
        }
        Some(match sent.url.as_str() {
            "https://as.example/par" => Canned::json(201, PUSHED),
            _ => Canned::json(200, TOKENS),
        })
    };
    let mut all = Vec::new();
    let mut host = Peer::new(&mut store, &mut answer);
    let (url, session) = app.authorize_on(BROWSER, None, &mut host).expect("a sign-in");
    all.append(&mut host.sent);
    assert_eq!(query(&url), "client_id=c1&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A1");
    let state = all.last().and_then(|sent| sent.parameter("state")).expect("a state");
    let response = format!("code=x&iss=https%3A%2F%2Fas.example&state={state}");
    let mut host = Peer::new(&mut store, &mut answer);
    assert_eq!(app.callback_on(&response, BROWSER, &mut host).expect("tokens").access_token, "at-1");
    all.append(&mut host.sent);
    app.store = store;
    (session, all)
}

#[test]
fn each_request_has_an_assertion_and_a_proof_of_its_own() {
    for (wants, nonces) in [
        (0, vec![None, None]),
        // Learnt from the pushed request, and kept with the session.
        (1, vec![None, Some("nonce-1"), Some("nonce-1")]),
    ] {
        let (_, sent) = signed_in(&mut app(), wants);
        let shown: Vec<_> = sent.iter().map(|sent| checked(sent, "es256-tokens")).collect();
        assert_eq!(shown.iter().map(|(.., nonce)| nonce.as_deref()).collect::<Vec<_>>(), nonces);
        let unique: BTreeSet<&str> =
            shown.iter().flat_map(|(assertion, proof, _)| [assertion.as_str(), proof.as_str()]).collect();
        assert_eq!(unique.len(), 2 * sent.len(), "no jti comes twice");
    }
    // The request says which key the code will be bound to (RFC 9449 section 10).
    let (_, sent) = signed_in(&mut app(), 0);
    assert_eq!(sent[0].parameter("dpop_jkt"), keys::thumbprint("es256-tokens"));
}

#[test]
fn a_refresh_is_made_again_once_and_spends_its_token_once_more() {
    let mut app = app();
    let (session, _) = signed_in(&mut app, 1);
    let full = app.store.clone();
    for (replies, ended, nonces) in [
        (vec![wanting("n-2"), Canned::json(200, &TOKENS.replace("at-1", "at-2"))], Ok("at-2"), vec!["nonce-1", "n-2"]),
        (vec![wanting("n-2"), wanting("n-3")], Err(Reason::ServerRefused), vec!["nonce-1", "n-2"]),
        // Without a nonce, or with one that is none, there is nothing to try again with.
        (vec![Canned::json(400, r#"{"error":"use_dpop_nonce"}"#)], Err(Reason::ServerRefused), vec!["nonce-1"]),
        (vec![wanting("a b")], Err(Reason::ServerRefused), vec!["nonce-1"]),
        (vec![wanting(&"n".repeat(513))], Err(Reason::ServerRefused), vec!["nonce-1"]),
        // Bound tokens were asked for.
        (vec![Canned::json(200, &TOKENS.replace("DPoP", "Bearer"))], Err(Reason::TokenType), vec!["nonce-1"]),
    ] {
        let mut store = full.clone();
        let mut left = replies.clone().into_iter();
        let mut host = Peer::new(&mut store, |_, _| left.next());
        match (app.refresh_on(session, Some("at-1"), &mut host), ended) {
            (Refresh::Usable(held), Ok(token)) => assert_eq!(held.access_token, token),
            (Refresh::Failed(refusal), Err(reason)) => assert_eq!(refusal.reason, reason),
            other => panic!("{other:?}"),
        }
        let shown: Vec<_> = host.sent.iter().map(|sent| checked(sent, "es256-tokens")).collect();
        let seen: Vec<_> = shown.iter().map(|(.., nonce)| nonce.as_deref().expect("a nonce")).collect();
        assert_eq!(seen, nonces);
        assert!(host.sent.iter().all(|sent| sent.parameter("refresh_token").as_deref() == Some("rt-1")));
    }
}

#[test]
fn a_key_is_replaced_while_its_sessions_live() {
    let mut app = app();
    let (session, _) = signed_in(&mut app, 0);
    let [old, new] = ["es256-tokens", "es256-next"].map(|key_id| key(key_id, Algorithm::Es256));
    let refresh = |app: &App, key_id: &str| {
        let mut store = app.store.clone();
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, TOKENS)));
        let ended = app.refresh_on(session, Some("at-1"), &mut host);
        for sent in &host.sent {
            checked(sent, key_id);
        }
        (ended, host.sent.len())
    };
    app.client.binding = bound_to(&[new, old]);
    assert!(matches!(refresh(&app, "es256-tokens"), (Refresh::Usable(_), 1)));
    // Once it is gone, so are its sessions.
    app.client.binding = bound_to(&[new]);
    assert_eq!(refresh(&app, ""), (Refresh::SignInAgain(Reason::KeyUnknown.into()), 0));
    app.client.binding = bound_to(&[]);
    assert_eq!(app.authorize(BROWSER, None), Err(Reason::KeyUnknown));
}

#[test]
fn a_server_that_does_not_offer_what_is_needed_is_refused_before_anything_is_sent() {
    for (good, bad, name) in [
        ("\"dpop_signing_alg_values_supported\":[\"ES256\"],", "", Name::DpopSigningAlgValuesSupported),
        ("[\"ES256\"]", "[\"EdDSA\"]", Name::DpopSigningAlgValuesSupported),
        ("[\"private_key_jwt\"]", "[\"client_secret_basic\"]", Name::TokenEndpointAuthMethodsSupported),
        (
            "[\"private_key_jwt\"]",
            "[\"private_key_jwt\"],\"token_endpoint_auth_signing_alg_values_supported\":[\"RS256\"]",
            Name::TokenEndpointAuthSigningAlgValuesSupported,
        ),
        ("\"pushed_authorization_request_endpoint\"", "\"x\"", Name::PushedAuthorizationRequestEndpoint),
    ] {
        let mut app = App { metadata: metadata(ISSUER, &METADATA.replace(good, bad)), ..app() };
        assert_eq!(app.authorize(BROWSER, None), Err(Reason::ServerLacks(name)), "{bad}");
    }
    // A secret, too, is for servers that take it. One that does not say is asked.
    let secret = "secret-0123456789";
    for (authentication, method) in [
        (Authentication::ClientSecretBasic(secret), "client_secret_basic"),
        (Authentication::ClientSecretPost(secret), "client_secret_post"),
    ] {
        for (offered, taken) in [
            ("\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"],".to_owned(), false),
            (format!("\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\",\"{method}\"],"), true),
            (String::new(), true),
        ] {
            let said = "\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"],";
            let mut app = App { metadata: metadata(ISSUER, &METADATA.replace(said, &offered)), ..app() };
            (app.client.authentication, app.client.pushed_requests) = (authentication, PushedRequests::IfRequired);
            let lacks = Reason::ServerLacks(Name::TokenEndpointAuthMethodsSupported);
            assert_eq!(app.authorize(BROWSER, None).err(), (!taken).then_some(lacks), "{method} of {offered}");
        }
    }
}

#[test]
fn a_client_with_a_certificate_asks_where_it_is_wanted_and_says_so() {
    let mut app = app();
    (app.client.authentication, app.client.binding) = (Authentication::TlsClientAuth, Binding::Certificate);
    app.client.pushed_requests = PushedRequests::IfRequired;
    assert_eq!(
        app.authorize(BROWSER, None),
        Err(Reason::ServerLacks(Name::TokenEndpointAuthMethodsSupported)),
        "not offered"
    );
    let offered = METADATA.replace("[\"private_key_jwt\"]", "[\"tls_client_auth\"]");
    // What it issued to a client that has a certificate would be bound to nothing.
    let announced = "\"tls_client_certificate_bound_access_tokens\":true";
    for said in ["", &announced.replace("true", "false")] {
        let document = offered.replacen('{', &format!("{{{said}{}", if said.is_empty() { "" } else { "," }), 1);
        app.metadata = metadata(ISSUER, &document);
        let lacks = Reason::ServerLacks(Name::TlsClientCertificateBoundAccessTokens);
        assert_eq!(app.authorize(BROWSER, None), Err(lacks), "{said}");
    }
    app.metadata = metadata(ISSUER, &offered.replacen('{', &format!("{{{announced},"), 1));
    let client = Client { ..app.client };
    let mut buffer = vec![0; BUFFER];
    let mut store = std::mem::take(&mut app.store);
    let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(200, &TOKENS.replace("DPoP", "Bearer"))));
    let step = client.credentials(&app.metadata, None, None, NOW, entropy(1), &mut buffer).expect("room");
    let obtained = drive(step, &mut host).map_err(|failure| failure.reason).expect("tokens");
    assert_eq!((obtained.tokens.access_token, obtained.tokens.key_id), ("at-1", None));
    let [sent] = host.sent.as_slice() else { panic!("one exchange") };
    assert_eq!(sent.url, "https://mtls.as.example/token");
    assert!(sent.policy.client_certificate);
    assert_eq!(sent.parameter("client_id").as_deref(), Some("c1"));
    assert!(sent.message.headers.iter().all(|(name, _)| name != "Authorization" && name != "DPoP"));
}

/// It is a required parameter of the request that is pushed (RFC 9126 section 2.1).
#[test]
fn a_pushed_request_names_the_client_once_however_it_authenticates() {
    let secret = "secret-0123456789";
    for authentication in [
        Authentication::None,
        Authentication::ClientSecretBasic(secret),
        Authentication::ClientSecretPost(secret),
        Authentication::PrivateKeyJwt(key("ed25519-client", Algorithm::EdDsa)),
    ] {
        let mut app = app();
        let document = METADATA
            .replace("[\"private_key_jwt\"]", "[\"private_key_jwt\",\"client_secret_basic\",\"client_secret_post\"]");
        app.metadata = metadata(ISSUER, &document);
        app.client.authentication = authentication;
        let mut store = std::mem::take(&mut app.store);
        let mut host = Peer::new(&mut store, |_, _| Some(Canned::json(201, PUSHED)));
        app.authorize_on(BROWSER, None, &mut host).expect("a URL");
        let [sent] = host.sent.as_slice() else { panic!("one exchange") };
        assert_eq!(sent.form().split('&').filter(|pair| *pair == "client_id=c1").count(), 1, "{}", sent.form());
    }
}

/// Has a token of the client's own, from a server that answers this: the session and the token, and what was sent.
fn ask(
    app: &mut App,
    rejected: Option<&'static str>,
    reply: Option<Canned>,
) -> (Result<(Key, String), Reason>, Vec<Sent>) {
    let mut buffer = vec![0; BUFFER];
    let mut store = std::mem::take(&mut app.store);
    app.draws += 1;
    let mut host = Peer::new(&mut store, |_, _| reply.clone());
    let step = app.client.credentials(&app.metadata, None, rejected, app.now, entropy(app.draws), &mut buffer);
    let ended = drive(step.expect("room"), &mut host);
    let ended = ended.map(|obtained| (obtained.session, obtained.tokens.access_token.to_owned()));
    let (ended, sent) = (ended.map_err(|failure| failure.reason), std::mem::take(&mut host.sent));
    app.store = store;
    (ended, sent)
}

#[test]
fn a_token_of_the_clients_own_is_bound_as_the_configuration_says_now() {
    let mut app = app();
    let bound = std::mem::replace(&mut app.client.binding, Binding::None);
    let bearer = Canned::json(200, &TOKENS.replace("DPoP", "Bearer"));
    let (session, _) = ask(&mut app, None, Some(bearer.clone())).0.expect("a token");
    assert_eq!(ask(&mut app, None, None).0, Ok((session, "at-1".to_owned())));
    app.client.binding = bound;
    let (ended, sent) = ask(&mut app, None, Some(Canned::json(200, &TOKENS.replace("at-1", "at-2"))));
    assert_eq!((ended, sent.len()), (Ok((session, "at-2".to_owned())), 1));
    assert_eq!(ask(&mut app, None, None).0, Ok((session, "at-2".to_owned())));
    app.client.binding = Binding::None;
    assert_eq!(ask(&mut app, None, Some(bearer)).0, Ok((session, "at-1".to_owned())));
}

#[test]
fn a_row_that_cannot_be_read_is_no_token_of_the_clients_own() {
    let mut app = app();
    let (session, _) = ask(&mut app, None, Some(Canned::json(200, TOKENS))).0.expect("a token");
    app.store.rows.get_mut(&session).expect("a row").value.truncate(20);
    let next = Canned::json(200, &TOKENS.replace("at-1", "at-2"));
    assert_eq!(ask(&mut app, None, Some(next)).0, Ok((session, "at-2".to_owned())));
    // It was written anew.
    assert_eq!(ask(&mut app, None, None).0, Ok((session, "at-2".to_owned())));
}

#[test]
fn a_nonce_is_sent_to_the_origin_that_has_given_it() {
    for (par, kept) in [("https://as.example/par", Some("n-1")), ("https://par.as.example/par", None)] {
        let mut app = app();
        app.metadata = metadata(ISSUER, &METADATA.replace("https://as.example/par", par));
        let mut store = std::mem::take(&mut app.store);
        let mut pushed = Canned::json(201, PUSHED);
        pushed.headers.push(("DPoP-Nonce".to_owned(), "n-1".to_owned()));
        let mut host = Peer::new(&mut store, |_, _| Some(pushed.clone()));
        let (_, session) = app.authorize_on(BROWSER, None, &mut host).expect("a sign-in");
        assert_eq!(host.sent[0].url, par);
        let row = Session::decode(&store.rows[&session].value).expect("a session");
        let Session::Started(started) = row else { panic!("a sign-in that has begun") };
        assert_eq!(started.signing.nonce, kept, "{par}");
    }
}

#[test]
fn a_token_of_the_clients_own_is_shared_and_has_no_refresh_token() {
    let mut app = app();
    let good = Canned::json(200, TOKENS);
    let (ended, sent) = ask(&mut app, None, Some(good.clone()));
    let (session, token) = ended.expect("a token");
    assert_eq!((token.as_str(), sent.len()), ("at-1", 1));
    assert_eq!(sent[0].parameter("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!((app.state(session), app.refresh_token(session)), ("active", None));
    // It is there for whoever asks next, until it has ended or was refused.
    assert_eq!(ask(&mut app, None, None), (Ok((session, "at-1".to_owned())), vec![]));
    let next = Canned::json(200, &TOKENS.replace("at-1", "at-2"));
    assert_eq!(ask(&mut app, Some("at-1"), Some(next)).0, Ok((session, "at-2".to_owned())));
    assert_eq!(ask(&mut app, Some("at-2"), None).0, Err(Reason::PeerUnavailable));
    app.client.authentication = Authentication::None;
    assert_eq!(ask(&mut app, None, Some(good)).0, Err(Reason::PublicClient));
}

#[test]
fn a_pushed_request_that_is_not_taken_begins_no_sign_in() {
    for (reply, reason) in [
        (Some(Canned::json(200, PUSHED)), Reason::Status),
        (Some(Canned::json(201, "{}")), Reason::Missing(Name::ExpiresIn)),
        (Some(Canned::json(201, &PUSHED.replace("60", "0"))), Reason::Malformed(Name::ExpiresIn)),
        (Some(Canned::json(201, &PUSHED.replace("request_uri", "uri"))), Reason::Missing(Name::RequestUri)),
        (Some(Canned::json(400, r#"{"error":"invalid_request"}"#)), Reason::ServerRefused),
        (Some(wanting("n")), Reason::ServerRefused),
        (None, Reason::PeerUnavailable),
    ] {
        let mut app = app();
        let mut store = symbolon_tests::store::MemoryStore::default();
        let mut host = Peer::new(&mut store, |_, _| reply.clone());
        assert_eq!(app.authorize_on(BROWSER, None, &mut host).err(), Some(reason), "{reply:?}");
        assert!(store.rows.is_empty());
    }
    // A host whose keys do not answer.
    struct NoKeys;
    impl symbolon_tests::drive::Host for NoKeys {
        fn load<'a, F: symbolon::step::Flow>(
            &mut self,
            question: symbolon::step::Load<'a, F>,
        ) -> symbolon::step::Step<'a, F> {
            question.unavailable()
        }
        fn commit<'a, F: symbolon::step::Flow>(
            &mut self,
            question: symbolon::step::Commit<'a, F>,
        ) -> symbolon::step::Step<'a, F> {
            question.unavailable()
        }
        fn sign<'a, F: symbolon::step::Flow>(
            &mut self,
            question: symbolon::step::Sign<'a, F>,
        ) -> symbolon::step::Step<'a, F> {
            question.unavailable()
        }
    }
    let (app, mut buffer) = (app(), vec![0; BUFFER]);
    let browser = UserAgent::new(BROWSER).expect("long enough");
    let request = AuthorizationRequest::default();
    let step = app.client.authorize(&app.metadata, browser, request, NOW, entropy(1), &mut buffer).expect("room");
    assert_eq!(drive(step, &mut NoKeys).err().map(|failure| failure.reason), Some(Reason::KeysUnavailable));
}
