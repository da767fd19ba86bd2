//! The client's requests to resources, walked as its other flows are: with every session, nonce and response.

use std::sync::LazyLock;

use symbolon::Reason;
use symbolon::client::{BUFFER, Binding, Client, Requested, ResourceRequest};
use symbolon::record::{Identity, Key, Nonce, Owner, Record, Refreshing, Session, Signing, TokenSet};
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::wire::jose::Algorithm;

use super::client::{ACCESS, OWNER, REFRESH, STATE};
use super::tree::answered;
use super::{Given, Menu, Question, Recorder, rows};
use crate::app::client;
use crate::drive::drive;
use crate::fixture::{ISSUER, NOW, OTHER_RESOURCE, RESOURCE, entropy};
use crate::keys;
use crate::peer::{Canned, Sent};

/// What is asked of the resource.
pub const URL: &str = "https://rs.example/data?page=2";
/// Where the server tells of its users.
pub const USERINFO: &str = "https://as.example/userinfo";
/// The key that tokens are bound to.
pub const KEY: &str = "es256-tokens";
/// The nonce that a response brings.
pub const NONCE: &str = "nonce-of-the-resource";
/// The nonce in the row.
pub const OLD_NONCE: &str = "nonce-in-the-row";
/// The user of the session.
pub const USER: &str = "alice";

/// What is asked, of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A resource: the URL, and the resource that the application says it is at.
    Request(&'static str, &'static str),
    /// The userinfo endpoint, which the server has or has not.
    Userinfo(bool),
}

impl Call {
    /// The file of the flow, below `core/src`.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Request(..) => "client/request.rs",
            Self::Userinfo(_) => "client/userinfo.rs",
        }
    }
}

/// A call of a client whose tokens are bound to a key, or are not.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The call.
    pub call: Call,
    /// Whether they are bound.
    pub bound: bool,
}

/// How a request ended, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Outcome {
    Answered(u16, String),
    Claims(String),
    TokenEnded(Option<String>),
    StepUp { acr_values: String, max_age: Option<u64> },
    ScopeInsufficient(String),
    SignInAgain(Reason),
    Failed(Reason),
}

/// A flow driven to its end.
#[derive(Clone)]
pub struct Run {
    /// The call.
    pub case: Case,
    /// Each question with its answer.
    pub record: Vec<(Question, Given)>,
    /// The end.
    pub outcome: Outcome,
}

fn outcome(requested: &Requested<'_>) -> Outcome {
    match *requested {
        Requested::Answered(response) => {
            Outcome::Answered(response.status, String::from_utf8_lossy(response.body).into_owned())
        }
        Requested::TokenEnded { rejected } => Outcome::TokenEnded(rejected.map(str::to_owned)),
        Requested::StepUp(needed) => {
            Outcome::StepUp { acr_values: needed.acr_values.to_owned(), max_age: needed.max_age }
        }
        Requested::ScopeInsufficient { scope } => Outcome::ScopeInsufficient(scope.to_owned()),
        Requested::SignInAgain(failure) => Outcome::SignInAgain(failure.reason),
        Requested::Failed(failure) => Outcome::Failed(failure.reason),
    }
}

/// The client of a case.
pub fn client_of(bound: bool) -> Client<'static> {
    static JWK: LazyLock<String> = LazyLock::new(|| keys::jwk(KEY).expect("a key"));
    let key = SigningKey { key_id: KEY, algorithm: Algorithm::Es256, jwk: &JWK };
    let keys = SigningKeys::new(&[key]).expect("a key");
    Client { binding: if bound { Binding::Dpop(keys) } else { Binding::None }, ..client() }
}

/// Runs a case from its start; `answer` says what each question gets.
pub fn perform(case: Case, buffer: &mut [u8], answer: &mut dyn FnMut(&Question) -> Given) -> Run {
    const ENOUGH: &str = "the buffer is long enough";
    let mut host = Recorder { record: Vec::new(), answer };
    let (client, session) = (client_of(case.bound), Key::session(STATE));
    let outcome = match case.call {
        Call::Request(url, resource) => {
            let request = ResourceRequest::get(url, resource);
            outcome(&drive(client.request(session, request, NOW, entropy(1), buffer).expect(ENOUGH), &mut host))
        }
        Call::Userinfo(offered) => {
            let endpoint = if offered { format!(",\"userinfo_endpoint\":\"{USERINFO}\"}}") } else { "}".to_owned() };
            let document = crate::app::DOCUMENT.strip_suffix('}').expect("an object").to_owned() + &endpoint;
            let (mut document, issuer) = (document.into_bytes(), Issuer::parse(ISSUER).expect("an issuer"));
            let server = ServerMetadata::read(&mut document, issuer, Schemes::Https).expect("metadata");
            match drive(client.userinfo(&server, session, NOW, entropy(1), buffer).expect(ENOUGH), &mut host) {
                Ok(claims) => Outcome::Claims(claims.text.to_owned()),
                Err(requested) => outcome(&requested),
            }
        }
    };
    Run { case, record: host.record, outcome }
}

fn tokens(bound: bool) -> TokenSet<'static> {
    TokenSet {
        owner: OWNER,
        access_token: ACCESS,
        expires_at: Some(NOW.after(600)),
        refresh_token: Some(REFRESH),
        scope: "read",
        scope_asked: "read",
        resources: RESOURCE,
        signing: Signing { seed: [7; 32], key_id: bound.then_some(KEY), nonce: None },
        identity: Some(Identity { subject: USER, authenticated_at: None }),
    }
}

fn sessions(bound: bool) -> Vec<Given> {
    let good = tokens(bound);
    let other = Owner { issuer: "https://other.example", ..OWNER };
    let gone = Signing { key_id: Some("es256-gone"), ..good.signing };
    let states = [
        Session::Active(good),
        Session::Refreshing(Refreshing { tokens: good, lease_until: NOW.after(1) }),
        Session::Active(TokenSet { expires_at: None, identity: None, ..good }),
        Session::Active(TokenSet { expires_at: Some(NOW.after(1)), ..good }),
        Session::Active(TokenSet { expires_at: Some(NOW.after(1)), refresh_token: None, ..good }),
        Session::Active(TokenSet { expires_at: Some(NOW), refresh_token: None, ..good }),
        Session::Active(TokenSet { owner: other, ..good }),
        Session::Active(TokenSet { resources: OTHER_RESOURCE, ..good }),
        Session::Active(TokenSet { resources: "", ..good }),
        Session::Active(TokenSet { resources: "urn:example:a https://rs.example/", ..good }),
        Session::Active(TokenSet { signing: gone, ..good }),
        Session::Redeeming(OWNER),
    ];
    let rows = states.iter().map(rows::encode).chain([vec![], vec![0xff; 40]]);
    rows.map(|value| Given::Row(Some((3, value)))).chain([Given::Row(None), Given::Unavailable]).collect()
}

fn nonces() -> Vec<Given> {
    let row = |value: Vec<u8>| Given::Row(Some((5, value)));
    let kept = |value| row(rows::encode(&Nonce { value }));
    vec![Given::Row(None), kept(OLD_NONCE), kept(NONCE), row(vec![0xff]), Given::Unavailable]
}

/// A response with these header fields.
pub fn response(status: u16, fields: &[(&str, &str)], body: &str) -> Given {
    let mut canned = Canned::json(status, body);
    canned.headers.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Given::Response(canned)
}

fn responses() -> Vec<Given> {
    let claims = format!("{{\"sub\":\"{USER}\",\"name\":\"Alice\"}}");
    let challenge = |status, value: &str| response(status, &[("WWW-Authenticate", value)], "{}");
    let wants = |scheme: &str, nonce: &str| {
        let value = format!("{scheme} error=\"use_dpop_nonce\"");
        response(401, &[("WWW-Authenticate", &value), ("DPoP-Nonce", nonce)], "{}")
    };
    let mut all = vec![
        response(200, &[], &claims),
        response(200, &[("DPoP-Nonce", NONCE)], &claims),
        response(200, &[("DPoP-Nonce", "no nonce")], &claims.replace(USER, "mallory")),
        response(200, &[], "{\"name\":\"Alice\"}"),
        response(200, &[], &claims.replace("}", ",\"sub\":\"mallory\"}")),
        response(302, &[("Location", "https://evil.example/")], ""),
        response(503, &[], ""),
        response(401, &[], ""),
        wants("DPoP", NONCE),
        wants("DPoP", "no nonce"),
        wants("Bearer", NONCE),
        Given::Unavailable,
    ];
    let html =
        Canned { status: 200, headers: vec![("Content-Type".to_owned(), "application/jwt".to_owned())], body: claims };
    all.push(Given::Response(html));
    for scheme in ["Bearer", "DPoP"] {
        all.push(challenge(401, &format!("{scheme} error=\"invalid_token\"")));
    }
    all.extend([
        challenge(403, "Bearer error=\"insufficient_scope\", scope=\"read write\", DPoP error=insufficient_scope"),
        challenge(401, "Bearer error=\"invalid_token\", error=\"insufficient_scope\""),
        challenge(
            401,
            "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\", max_age=60, \
             DPoP error=insufficient_user_authentication, acr_values=gold, max_age=\"60\"",
        ),
        challenge(401, "DPoP error=insufficient_user_authentication, Bearer error=insufficient_user_authentication"),
        challenge(401, "Bearer error=\"invalid_request\", DPoP error=\"invalid_dpop_proof\""),
    ]);
    all
}

/// Every call.
pub fn cases() -> Vec<Case> {
    let calls = [
        Call::Request(URL, RESOURCE),
        Call::Request("https://rs.example.evil.example/", RESOURCE),
        Call::Request("http://rs.example/", "http://rs.example/"),
        Call::Request("https://evil.example/", "https://evil.example/"),
        Call::Request(URL, "urn:example:a"),
        Call::Userinfo(true),
        Call::Userinfo(false),
    ];
    calls.into_iter().flat_map(|call| [false, true].map(|bound| Case { call, bound })).collect()
}

/// Runs a case along every sequence of answers; returns how many there are.
pub fn walk(case: Case, mut visit: impl FnMut(Run)) -> usize {
    let menu: Menu = [
        ("load session", sessions(case.bound)),
        ("load nonce", nonces()),
        ("send", responses()),
        ("commit nonce", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
    ]
    .into();
    let mut buffer = vec![0; BUFFER];
    answered(&menu, |answer| visit(perform(case, &mut buffer, answer)))
}

/// A property of every run.
pub struct Property {
    /// What holds.
    pub name: &'static str,
    /// Whether it does.
    pub holds: fn(&Run) -> bool,
}

/// Every one.
pub const ALWAYS: &[Property] = &[
    Property { name: "a token goes where it is for, while it lasts", holds: token_goes_where_it_is_for },
    Property { name: "a bound token has a proof with each exchange, and another has none", holds: has_its_proof },
    Property { name: "a request is made again once, for the nonce", holds: made_again_once },
    Property { name: "the end is what the last answer says", holds: ends_as_answered },
    Property { name: "a nonce that is new is kept", holds: nonce_is_kept },
    Property { name: "what is told of a user is told of the user of the session", holds: claims_are_the_users },
    Property { name: "no secret is told", holds: no_secret_is_told },
];

/// The properties that a run breaks.
pub fn broken(run: &Run) -> Vec<&'static str> {
    ALWAYS.iter().filter(|property| !(property.holds)(run)).map(|property| property.name).collect()
}

impl Run {
    /// The exchanges, each with its answer.
    pub fn sent(&self) -> impl DoubleEndedIterator<Item = (&Sent, &Given)> {
        self.record.iter().filter_map(|(question, given)| match question {
            Question::Send(sent) => Some((sent, given)),
            _ => None,
        })
    }

    fn row(&self, of: &str) -> Option<&Given> {
        let mut read = self.record.iter().filter(|(question, _)| question.node() == format!("load {of}"));
        read.next().map(|(_, given)| given)
    }
}

fn field<'s>(sent: &'s Sent, name: &str) -> Option<&'s [u8]> {
    let mut found = sent.message.headers.iter().filter(|(known, _)| known == name);
    found.next().filter(|_| found.next().is_none()).map(|(_, value)| value.as_slice())
}

/// A header field of a response.
fn header<'g>(given: &'g Given, name: &str) -> Option<&'g str> {
    let Given::Response(canned) = given else { return None };
    canned.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn token_goes_where_it_is_for(run: &Run) -> bool {
    let Some(Given::Row(Some((_, value)))) = run.row("session") else { return run.sent().next().is_none() };
    let session = Session::decode(value).ok();
    let good = session.and_then(|session| session.tokens().copied()).is_some_and(|tokens| {
        let lasts = tokens.expires_at.is_none_or(|end| NOW < end);
        let named = tokens.resources.is_empty() || tokens.resources.split(' ').any(|resource| resource == RESOURCE);
        let own = matches!(run.case.call, Call::Userinfo(true)) && tokens.identity.is_some();
        tokens.owner == OWNER && lasts && (named || own)
    });
    run.sent().all(|(sent, _)| {
        let url = match run.case.call {
            Call::Request(URL, RESOURCE) => URL,
            // Only a session whose tokens are for no resource leaves that to the application.
            Call::Request(url @ "https://evil.example/", _) => url,
            Call::Request(..) => return false,
            Call::Userinfo(_) => USERINFO,
        };
        good && sent.url == url && sent.policy.public_addresses_only && !sent.policy.plain_http
    })
}

fn has_its_proof(run: &Run) -> bool {
    let proofs: Vec<_> = run.sent().map(|(sent, _)| field(sent, "DPoP")).collect();
    let scheme = if run.case.bound { "DPoP" } else { "Bearer" };
    let expected = format!("{scheme} {ACCESS}").into_bytes();
    let signed = run.record.iter().filter(|(question, _)| *question == Question::Sign).count();
    let distinct = proofs.len() < 2 || proofs[0] != proofs[1];
    run.sent().all(|(sent, _)| field(sent, "Authorization") == Some(&expected))
        && proofs.iter().all(|proof| proof.is_some() == run.case.bound)
        && distinct
        && (run.case.bound || signed == 0)
}

fn made_again_once(run: &Run) -> bool {
    let given: Vec<_> = run.sent().map(|(_, given)| given).collect();
    let wants = |given: &Given| {
        run.case.bound
            && header(given, "WWW-Authenticate").is_some_and(|value| value.starts_with("DPoP error=\"use_dpop_nonce\""))
            && header(given, "DPoP-Nonce") == Some(NONCE)
    };
    match given.as_slice() {
        [] => true,
        [only] => !wants(only) || run.outcome == Outcome::Failed(Reason::KeysUnavailable),
        [first, _] => wants(first),
        _ => false,
    }
}

fn ends_as_answered(run: &Run) -> bool {
    let last = run.sent().next_back().map(|(_, given)| given);
    let says = |code: &str| {
        let scheme = if run.case.bound { "DPoP error=" } else { "Bearer error=" };
        let value = last.and_then(|given| header(given, "WWW-Authenticate")).unwrap_or_default();
        value.split_once(scheme).is_some_and(|(_, rest)| rest.trim_start_matches('"').starts_with(code))
    };
    match &run.outcome {
        Outcome::Answered(status, body) => {
            matches!(last, Some(Given::Response(canned)) if (canned.status, &canned.body) == (*status, body))
        }
        Outcome::TokenEnded(Some(token)) => token == ACCESS && says("invalid_token"),
        Outcome::TokenEnded(None) => last.is_none() && matches!(run.row("session"), Some(Given::Row(Some(_)))),
        Outcome::StepUp { acr_values, max_age } => {
            says("insufficient_user_authentication") && (acr_values.as_str(), *max_age) == ("gold", Some(60))
        }
        Outcome::ScopeInsufficient(scope) => says("insufficient_scope") && (run.case.bound || scope == "read write"),
        Outcome::SignInAgain(reason) => last.is_none() && matches!(reason, Reason::SessionGone | Reason::KeyUnknown),
        Outcome::Failed(Reason::PeerUnavailable) => last == Some(&Given::Unavailable),
        Outcome::Failed(Reason::ServerRefused) => says("use_dpop_nonce") || says("invalid_dpop_proof"),
        Outcome::Failed(Reason::Userinfo(_)) | Outcome::Claims(_) => {
            matches!(run.case.call, Call::Userinfo(true))
                && matches!(last, Some(Given::Response(canned)) if canned.status == 200)
        }
        Outcome::Failed(Reason::StoreUnavailable) => {
            last.is_none() && matches!(run.record.last(), Some((_, Given::Unavailable)))
        }
        Outcome::Failed(_) => true,
    }
}

fn nonce_is_kept(run: &Run) -> bool {
    let brought = run.sent().any(|(_, given)| header(given, "DPoP-Nonce") == Some(NONCE));
    let (version, known) = match run.row("nonce") {
        Some(Given::Row(Some((version, value)))) => {
            (Some(*version), Nonce::decode(value).map_or("", |nonce| nonce.value))
        }
        _ => (None, ""),
    };
    let writes: Vec<_> = run.record.iter().filter(|(question, _)| question.node() == "commit nonce").collect();
    if !run.case.bound || !brought || known == NONCE {
        return writes.is_empty();
    }
    let [(Question::Commit(write), _)] = writes.as_slice() else { return false };
    let value = write.value.as_deref().and_then(|value| Nonce::decode(value).ok()).map(|nonce| nonce.value);
    let last = matches!(run.record.last(), Some((Question::Commit(_), _)));
    let origin = if matches!(run.case.call, Call::Userinfo(_)) {
        ISSUER
    } else if matches!(run.case.call, Call::Request(URL, _)) {
        "https://rs.example"
    } else {
        "https://evil.example"
    };
    last && value == Some(NONCE) && write.expected == version && write.key == Key::origin_nonce(ISSUER, "c1", origin)
}

fn claims_are_the_users(run: &Run) -> bool {
    let Outcome::Claims(text) = &run.outcome else { return true };
    let declared = run.sent().next_back().and_then(|(_, given)| header(given, "Content-Type"));
    text.matches("\"sub\"").count() == 1 && text.contains("\"sub\":\"alice\"") && declared == Some("application/json")
}

fn no_secret_is_told(run: &Run) -> bool {
    let told = match &run.outcome {
        // For the refresh, which must not hand it out again.
        Outcome::TokenEnded(Some(token)) => token.replace(ACCESS, ""),
        other => format!("{other:?}"),
    };
    [ACCESS, REFRESH].iter().all(|secret| !told.contains(secret))
}
