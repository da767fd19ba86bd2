//! The bodies of the fuzz targets: what must hold for any bytes. `fuzz/` feeds them; `tests/corpus.rs` replays the seeds.

use symbolon::proof::pkce;
use symbolon::record::Kind;
use symbolon::resource::{Judgement, Needs, ResourceRequest};
use symbolon::server::{Authorization, BUFFER};
use symbolon::step::{Commit, Committed, Flow, Load, Row, Step};
use symbolon::terms::UserAgent;
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::redirect_uri::{self, ApplicationType};
use symbolon::wire::http::{Field, Method, Reply, Request};
use symbolon::wire::{form, json, uri};

use crate::app::{self, App};
use crate::drive::{Host, drive};
use crate::fixture::{Answer, BROWSER, Bench, C1_SECRET, ISSUER, Message, NOW, RESOURCE, RS1_SECRET, entropy};
use crate::peer::{Canned, Peer};
use crate::store::MemoryStore;

pub mod c_abi;
pub mod signed;

/// A target: its name, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("form", form),
    ("uri", uri),
    ("redirect_match", redirect_match),
    ("pkce", pkce),
    ("credential", credential),
    ("json", json),
    ("authorize", authorize),
    ("token", token),
    ("metadata", metadata),
    ("callback", callback),
    ("judge", judge),
    ("jose", signed::jose),
    ("jwk", signed::jwk),
    ("dpop", signed::dpop),
    ("c_abi", c_abi::c_abi),
];

/// In place and out of place decode alike; what was decoded, encoded again, decodes to itself.
pub fn form(bytes: &[u8]) {
    let mut text = bytes.to_vec();
    let Ok(pairs) = form::pairs(&mut text) else { return };
    let Ok(pairs) = pairs.map(|pair| pair.map(|(n, v)| (n.to_owned(), v.to_owned()))).collect::<Result<Vec<_>, _>>()
    else {
        return;
    };
    assert_eq!(pairs, naive_form(bytes).expect("what decodes in place decodes"));
    let escape = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
    let again: Vec<String> = pairs.iter().map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
    let mut again = again.join("&").into_bytes();
    if let Ok(decoded) = form::pairs(&mut again) {
        let decoded: Vec<_> = decoded.map(|pair| pair.expect("escapes decode")).collect();
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(decoded, pairs);
    }
}

fn naive_form(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let decode = |part: &[u8]| {
        let mut out = Vec::new();
        let mut rest = part.iter();
        while let Some(byte) = rest.next() {
            out.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let hex: Vec<u8> = rest.by_ref().take(2).copied().collect();
                    let hex = std::str::from_utf8(&hex).ok().filter(|h| h.len() == 2 && !h.starts_with('+'))?;
                    u8::from_str_radix(hex, 16).ok()?
                }
                other => *other,
            });
        }
        String::from_utf8(out).ok()
    };
    bytes
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = halves.next().unwrap_or_default();
            Some((decode(name)?, decode(halves.next().unwrap_or_default())?))
        })
        .collect()
}

/// The parts of a URI, put together again, are the URI.
pub fn uri(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(uri) = uri::parse(text) else { return };
    let mut whole = format!("{}:", uri.scheme);
    if let Some(authority) = uri.authority {
        whole.push_str("//");
        if let Some(userinfo) = authority.userinfo {
            whole.push_str(&format!("{userinfo}@"));
        }
        whole.push_str(authority.host);
        if let Some(port) = authority.port {
            whole.push_str(&format!(":{port}"));
        }
    }
    whole.push_str(uri.path);
    if let Some(query) = uri.query {
        whole.push_str(&format!("?{query}"));
    }
    if let Some(fragment) = uri.fragment {
        whole.push_str(&format!("#{fragment}"));
    }
    assert_eq!(whole, text);
    assert!(text.is_ascii());
}

/// Two URIs, split at the first newline: a match is identity, or differs in the port of a loopback address alone.
pub fn redirect_match(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((registered, requested)) = text.split_once('\n') else { return };
    for kind in [ApplicationType::Web, ApplicationType::Native, ApplicationType::NativeTreatingLocalhostAsLoopback] {
        if redirect_uri::may_register(registered, kind).is_err() {
            continue;
        }
        assert!(redirect_uri::matches(registered, registered, kind));
        if registered == requested || !redirect_uri::matches(registered, requested, kind) {
            continue;
        }
        assert_ne!(kind, ApplicationType::Web);
        let parts = |text| {
            let uri = uri::parse(text).expect("a match is a URI");
            let authority = uri.authority.expect("a loopback URI has a host");
            assert!(["127.0.0.1", "[::1]", "localhost"].contains(&authority.host));
            assert_eq!((uri.scheme, authority.userinfo, uri.fragment), ("http", None, None));
            (authority.host.to_owned(), uri.path.to_owned(), uri.query.map(str::to_owned))
        };
        assert_eq!(parts(registered), parts(requested));
    }
}

/// A challenge is 32 bytes, spelled in one way.
pub fn pkce(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(challenge) = pkce::read_challenge(Ok(Some(text)), Ok(Some("S256"))) {
        use base64ct::{Base64UrlUnpadded, Encoding};
        assert_eq!(Base64UrlUnpadded::encode_string(&challenge), text);
    }
    let _ = pkce::verify(Ok(Some(text)), &pkce::challenge_of(text)).map_err(|reason| panic!("{reason:?}"));
}

/// No bytes are a credential, but those that were minted: a grant is asked for only by one that is. `{code}` stands for a
/// genuine code.
pub fn credential(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut bench = Bench::default();
    let genuine = if text.contains("{code}") { bench.code_of_pub1("read") } else { String::new() };
    let text = text.replace("{code}", &genuine);
    if text == genuine {
        return;
    }
    let escaped: String = text.bytes().map(|b| format!("%{b:02x}")).collect();
    let mut buffer = vec![0; BUFFER];
    let mut host = NoGrant(bench.store.clone());
    for grant in ["authorization_code&code", "refresh_token&refresh_token"] {
        let form = format!("grant_type={grant}={escaped}&client_id=pub1");
        let reply: Answer = Message::post(&form).lend(|request| {
            drive(
                bench
                    .server
                    .token(request, NOW, crate::fixture::entropy(1), &mut buffer)
                    .expect("the buffer is long enough"),
                &mut host,
            )
            .into()
        });
        assert_eq!(reply.status, 400, "{reply:?}");
    }
    let form = format!("token={escaped}");
    Message::post(&form).basic("c1", C1_SECRET).lend(|request| {
        let _ = drive(bench.server.revoke(request, NOW, &mut buffer).expect("the buffer is long enough"), &mut host);
    });
    Message::post(&form).basic("rs1", RS1_SECRET).lend(|request| {
        let _ =
            drive(bench.server.introspect(request, NOW, &mut buffer).expect("the buffer is long enough"), &mut host);
    });
    let browser = UserAgent::new(BROWSER).expect("long enough");
    let step = bench.server.resume(&text, browser, NOW, &mut buffer).expect("the buffer is long enough");
    assert!(matches!(drive(step, &mut host), Authorization::Refused(_)));
}

/// A store that must not be asked for a grant.
struct NoGrant(MemoryStore);

impl Host for NoGrant {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        assert_ne!(question.kind(), Kind::Grant, "a credential that nobody minted was opened");
        let row = MemoryStore::load(&self.0, question.key());
        question.answer(row)
    }

    fn commit<'a, F: Flow>(&mut self, _: Commit<'a, F>) -> Step<'a, F> {
        panic!("a write")
    }
}

/// What another reader makes of a text that we read. Nothing, if a number is beyond it: it makes floats of them, we do not.
fn another(text: &[u8]) -> Option<serde_json::Value> {
    match serde_json::from_slice(text) {
        Ok(value) => Some(value),
        Err(error) if error.to_string().starts_with("number out of range") => None,
        Err(error) => panic!("what we read, another does not: {error}"),
    }
}

/// What reads in place is JSON to another reader, with the same members.
pub fn json(bytes: &[u8]) {
    let mut text = bytes.to_vec();
    let Ok(object) = json::object(&mut text) else { return };
    let Some(other) = another(bytes) else { return };
    let other = other.as_object().expect("an object");
    assert_eq!(object.members().count(), other.len());
    for (name, value) in object.members() {
        let there = other.get(name).expect("the same member");
        if let Some(text) = value.as_str() {
            assert_eq!(there.as_str(), Some(text));
        }
        if let Some(number) = value.as_u64() {
            assert_eq!(there.as_u64(), Some(number));
        }
    }
}

/// A host whose answers are chosen by the fuzzer, one byte each.
struct Chosen<'c> {
    choices: std::slice::Iter<'c, u8>,
    store: MemoryStore,
}

impl Chosen<'_> {
    fn next(&mut self) -> u8 {
        self.choices.next().copied().unwrap_or(255)
    }
}

impl Host for Chosen<'_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        let key = question.key();
        match self.next() {
            0 => question.unavailable(),
            1 => question.answer(None),
            choice @ 2..=99 => {
                let mut value = self.store.load(key).map_or_else(Vec::new, |row| row.value.to_vec());
                value.truncate(usize::from(choice));
                question.answer(Some(Row { version: 1, value: &value }))
            }
            choice @ 100..=199 => {
                let mut value = self.store.load(key).map_or_else(Vec::new, |row| row.value.to_vec());
                if let Some(byte) = value.get_mut(usize::from(choice - 100)) {
                    *byte ^= self.next();
                }
                question.answer(Some(Row { version: 1, value: &value }))
            }
            _ => question.answer(self.store.load(key)),
        }
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        match self.next() {
            0 => question.unavailable(),
            1 => question.answer(Committed::Conflict),
            _ => {
                let outcome = self.store.commit(question.write());
                question.answer(outcome)
            }
        }
    }
}

fn sound(reply: &Reply<'_>) {
    assert!((200..600).contains(&reply.status));
    for field in &reply.headers {
        assert!(field.value.iter().all(|b| (0x20..0x7f).contains(b)), "{}", field.name);
    }
    assert!(!reply.headers.iter().any(|field| field.name == "Location") || reply.status == 303);
}

/// `choices NEWLINE query`: any request, any answers.
pub fn authorize(bytes: &[u8]) {
    let Some((choices, query)) = split(bytes) else { return };
    let bench = Bench::default();
    let mut host = Chosen { choices: choices.iter(), store: bench.store.clone() };
    let mut buffer = vec![0; BUFFER];
    let mut query = query.to_vec();
    let request = Request { method: Method::Get, query: &mut query, headers: &[], body: &mut [], certificate: None };
    let browser = UserAgent::new(BROWSER).expect("long enough");
    let step = bench.server.authorize(request, browser, bench.now, entropy(1), &mut buffer);
    match drive(step.expect("the buffer is long enough"), &mut host) {
        Authorization::Interact(prompt) => {
            let registered = ["https://client.example/cb", "https://two.example/cb", "https://two.example/cb2"];
            let native = ["http://127.0.0.1", "http://[::1]", "com.example.app:/oauth2redirect"];
            let uri = prompt.redirect_uri;
            // A row with flipped bytes may name another URI: then it is the store that was broken into.
            assert!(
                choices.iter().any(|c| (100..200).contains(c))
                    || registered.contains(&uri)
                    || native.iter().any(|start| uri.starts_with(start)),
                "{uri}"
            );
        }
        Authorization::Refused(reply) => {
            sound(&reply);
            assert_ne!(reply.status, 303);
        }
    }
}

/// `choices NEWLINE authorization NEWLINE body`: any request, any answers. `{code}` in the body stands for a genuine code.
pub fn token(bytes: &[u8]) {
    let Some((choices, rest)) = split(bytes) else { return };
    let Some((authorization, body)) = split(rest) else { return };
    let mut bench = Bench::default();
    let body = String::from_utf8_lossy(body).into_owned();
    let body = if body.contains("{code}") { body.replace("{code}", &bench.code_of_pub1("read write")) } else { body };
    let mut body = body.into_bytes();
    let fields = [
        Field { name: "Content-Type", value: b"application/x-www-form-urlencoded" },
        Field { name: "Authorization", value: authorization },
    ];
    let headers = if authorization.is_empty() { &fields[..1] } else { &fields[..] };
    let mut host = Chosen { choices: choices.iter(), store: bench.store.clone() };
    let mut buffer = vec![0; BUFFER];
    let request = Request { method: Method::Post, query: &mut [], headers, body: &mut body, certificate: None };
    let step = bench
        .server
        .token(request, bench.now, crate::fixture::entropy(1), &mut buffer)
        .expect("the buffer is long enough");
    let reply = drive(step, &mut host);
    sound(&reply);
    let committed = host.store != bench.store;
    assert!(reply.status != 200 || committed, "tokens without a write");
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == b'\n')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// What reads as metadata is that of the issuer, with endpoints that may be asked, to another reader too.
pub fn metadata(bytes: &[u8]) {
    let mut document = bytes.to_vec();
    let issuer = Issuer::parse(ISSUER).expect("an issuer");
    let Ok(metadata) = ServerMetadata::read(&mut document, issuer, Schemes::Https) else { return };
    let Some(other) = another(bytes) else { return };
    assert_eq!(other["issuer"], ISSUER);
    assert_eq!(other["token_endpoint"], metadata.token_endpoint().as_str());
    assert!(metadata.token_endpoint().as_str().starts_with("https://"));
    // A server that has no authorization endpoint need not know of PKCE.
    let s256 = |methods: &serde_json::Value| methods.as_array().expect("an array").contains(&"S256".into());
    assert!(metadata.authorization_endpoint().is_none() || s256(&other["code_challenge_methods_supported"]));
}

/// `query NEWLINE response`: whatever comes to the redirection URI, and whatever the token endpoint says. `{state}` stands
/// for the state of a sign-in that this browser has begun.
pub fn callback(bytes: &[u8]) {
    let Some((query, response)) = split(bytes) else { return };
    let mut app = App::default();
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let state = app::parameter(&app::query(&url), "state").expect("a state");
    let query = String::from_utf8_lossy(query).replace("{state}", &state);
    let response = String::from_utf8_lossy(response).into_owned();
    let mut store = std::mem::take(&mut app.store);
    let mut peer = Peer::new(&mut store, |_, _| Some(Canned::json(200, &response)));
    let ended = app.callback_on(&query, BROWSER, &mut peer);
    let sent = peer.sent.len();
    if let Ok(tokens) = &ended
        && let Some(other) = another(response.as_bytes())
    {
        assert_eq!(other["access_token"], tokens.access_token);
    }
    assert!(sent <= 1);
    assert!(sent == 0 || (query.contains(&state) && query.contains("iss=") && query.contains("code=")), "{query}");
    assert_eq!(ended.is_ok(), store.rows.contains_key(&session) && sent == 1);
}

/// Whatever introspection says, only an active token for this resource is let in.
pub fn judge(bytes: &[u8]) {
    let server = app::resource_server();
    let headers = [Field { name: "Authorization", value: b"Bearer token" }];
    let mut buffer = vec![0; symbolon::resource::BUFFER];
    let request =
        ResourceRequest { method: "GET", url: "https://rs.example/data", headers: &headers, certificate: None };
    let step = server.judge(request, Needs::scope("read"), NOW, &mut buffer).expect("the buffer is long enough");
    let response = String::from_utf8_lossy(bytes).into_owned();
    let mut store = MemoryStore::default();
    match drive(step, &mut Peer::new(&mut store, |_, _| Some(Canned::json(200, &response)))) {
        Judgement::Allow(_) => {
            let Some(other) = another(response.as_bytes()) else { return };
            assert_eq!(other["active"], true);
            let aud = &other["aud"];
            assert!(*aud == RESOURCE || aud.as_array().is_some_and(|all| all.contains(&RESOURCE.into())));
            assert!(other["scope"].as_str().is_some_and(|scope| scope.split(' ').any(|token| token == "read")));
        }
        Judgement::Deny(reply) => {
            sound(&reply);
            assert!(reply.status >= 400);
        }
    }
}
