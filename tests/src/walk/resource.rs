//! The flow of the resource server, walked for JWTs and for what tokens are bound to. Opaque bearer tokens are walked with the
//! [client](super::client).

use symbolon::record::{Document, Record};
use symbolon::resource::{
    Accepts, AccessTokens, Detail, IssuerKeys, Judgement, Needs, ResourceServer, Sender, Subject,
};
use symbolon::step::Verdict;
use symbolon::terms::Time;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::{Name, Reason, limits};

use super::tree::answered;
use super::{Given, Menu, Question, Recorder, rows};
use crate::fixture::{Answer, NOW};
use crate::peer::Canned;
use crate::protected::{CLIENT_KEY, ISSUER_KEY, Incoming, Jwt, certificate, jwt_server, key_set};

/// Where the keys are published.
pub const JWKS: &str = "https://as.example/jwks";
/// The hash of the client's certificate.
pub const THUMBPRINT: [u8; 32] = [7; 32];

/// A request, and the answers that its questions may get.
pub struct Case {
    /// For people.
    pub name: String,
    /// The request.
    pub incoming: Incoming,
    /// The resource server.
    pub server: ResourceServer<'static>,
    /// Whether the request would be served if all that it shows is genuine.
    pub good: bool,
    /// The answers.
    pub menu: Menu,
}

/// What a flow ended in, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request may be served: who sent it, and for whom.
    Allow(Sender, String),
    /// It may not.
    Deny(Answer),
}

/// A flow driven to its end.
#[derive(Clone)]
pub struct Run<'c> {
    /// The request.
    pub case: &'c Case,
    /// Each question with its answer.
    pub record: Vec<(Question, Given)>,
    /// The end.
    pub outcome: Outcome,
}

/// Runs a case from its start; `answer` says what each question gets.
pub fn perform<'c>(case: &'c Case, answer: &mut dyn FnMut(&Question) -> Given) -> Run<'c> {
    let mut host = Recorder { record: Vec::new(), answer };
    let outcome = case.incoming.judge(&case.server, &mut host, |judgement| match judgement {
        Judgement::Allow(claims) => {
            let sub = claims.subject().map_or("", Subject::as_str);
            Outcome::Allow(claims.sender(), sub.to_owned())
        }
        Judgement::Deny(reply) => Outcome::Deny(reply.into()),
    });
    Run { case, record: host.record, outcome }
}

/// Runs a case along every sequence of answers that its menu allows; returns how many there are.
pub fn walk<'c>(case: &'c Case, mut visit: impl FnMut(Run<'c>)) -> usize {
    answered(&case.menu, |answer| visit(perform(case, answer)))
}

/// A row with keys that were read so many seconds ago, and are fresh for an hour from then.
fn kept(keys: &str, ago: u64, lease_until: Time) -> Given {
    let fetched_at = Time(NOW.0 - ago);
    let fresh_until = fetched_at.after(3600);
    Given::Row(Some((1, rows::encode(&Document { fetched_at, fresh_until, lease_until, body: keys.as_bytes() }))))
}

fn menu() -> Menu {
    let (good, other) = (key_set(&[ISSUER_KEY]), key_set(&["ed25519-another"]));
    let stale = 3600 + 60;
    let documents = vec![
        kept(&good, 10, Time(0)),
        kept(&other, 10, Time(0)),
        kept(&other, limits::COOL_DOWN + 1, Time(0)),
        kept(&good, stale, Time(0)),
        kept(&good, stale, NOW.after(5)),
        kept("", 10, NOW.after(5)),
        Given::Row(Some((1, vec![0xff; 9]))),
        Given::Row(None),
        Given::Unavailable,
    ];
    let response = |status, body: &str| Given::Response(Canned::json(status, body));
    let responses = vec![
        response(200, &good),
        response(200, &other),
        response(200, "{}"),
        response(200, "[]"),
        response(500, &good),
        Given::Unavailable,
    ];
    let written = || vec![Given::Committed, Given::Conflict, Given::Unavailable];
    Menu::from([
        ("load document", documents.clone()),
        ("load document again", vec![documents[0].clone(), documents[7].clone()]),
        ("commit document", written()),
        ("send", responses),
        ("verify", vec![Given::Verdict(Verdict::Valid), Given::Verdict(Verdict::Invalid), Given::Unavailable]),
        ("commit mark", written()),
    ])
}

/// The server that finds its issuer's keys where they are published.
fn published() -> ResourceServer<'static> {
    let url = Endpoint::parse(Name::JwksUri, JWKS, Schemes::Https).expect("an endpoint");
    let access_tokens = AccessTokens::Jwt { keys: IssuerKeys::Published(url), algorithm: None };
    ResourceServer { access_tokens, ..jwt_server() }
}

/// A detail that the token of [`detailed`] covers.
pub const DETAIL: Detail<'static> = Detail {
    of_type: "account",
    actions: "read",
    datatypes: "",
    privileges: "",
    identifier: "7",
    judged_by_caller: "",
};

fn detailed() -> Jwt {
    let details = serde_json::json!([{ "type": "account", "actions": ["read", "list"], "identifier": "7" }]);
    Jwt::access_token().with("authorization_details", details)
}

/// Every request, with every answer to its questions.
pub fn cases() -> Vec<Case> {
    use base64ct::Encoding;
    use serde_json::{Value, json};
    let mut all = Vec::new();
    let mut add = |name: &str, good: bool, server: ResourceServer<'static>, incoming: Incoming| {
        all.push(Case { name: name.to_owned(), incoming, server, good, menu: menu() });
    };
    let bearer = |jwt: &Jwt| Incoming::with(&format!("Bearer {}", jwt.sign(ISSUER_KEY)));
    let good = Jwt::access_token();
    add("a bearer token, published keys", true, published(), bearer(&good));
    add("a bearer token, pinned keys", true, jwt_server(), bearer(&good));
    for (name, jwt) in [
        ("another kind of JWT", good.clone().headed("typ", "JWT")),
        ("no kind", good.clone().headed("typ", Value::Null)),
        ("another issuer", good.clone().with("iss", "https://evil.example")),
        ("ended", good.clone().with("exp", NOW.0)),
        ("no end", good.clone().with("exp", Value::Null)),
        ("not yet", good.clone().with("nbf", NOW.0 + 60)),
        ("no jti", good.clone().with("jti", Value::Null)),
        ("another resource", good.clone().with("aud", "https://other.example/")),
        ("an audience of another type", good.clone().with("aud", 1)),
        ("another scope", good.clone().with("scope", "write")),
        ("scope as an array", good.clone().with("scope", json!(["read"]))),
        ("a key that is not there", good.clone().headed("kid", "ed25519-gone")),
        ("bound to what is not known", good.clone().with("cnf", json!({ "kid": "1" }))),
        ("bound to a key", Jwt::bound_token()),
    ] {
        add(name, false, jwt_server(), bearer(&jwt));
    }
    let gone = good.clone().headed("kid", "ed25519-gone");
    add("a key that is not published", false, published(), bearer(&gone));
    let constrained = ResourceServer { accepts: Accepts::SENDER_CONSTRAINED, ..jwt_server() };
    add("a bearer token where none is accepted", false, constrained, bearer(&good));
    let unreadable = AccessTokens::Jwt { keys: IssuerKeys::Pinned("{"), algorithm: None };
    add(
        "pinned keys that cannot be read",
        false,
        ResourceServer { access_tokens: unreadable, ..jwt_server() },
        bearer(&good),
    );

    let bound = Jwt::bound_token().sign(ISSUER_KEY);
    let proof = Jwt::proof(&bound);
    let proven = |proof: &Jwt, key| Incoming::proven(&bound, &proof.sign(key));
    add("a bound token with its proof, published keys", true, published(), proven(&proof, CLIENT_KEY));
    add("a bound token with its proof, pinned keys", true, jwt_server(), proven(&proof, CLIENT_KEY));
    for (name, proof) in [
        ("a proof for another method", proof.clone().with("htm", "POST")),
        ("a proof for another URL", proof.clone().with("htu", "https://rs.example/other")),
        ("an old proof", proof.clone().with("iat", NOW.0 - 301)),
        ("a proof for another token", proof.clone().with("ath", Value::Null)),
        ("a proof of another key", Jwt::proof_of("es256-other", &bound)),
    ] {
        let key = if name.ends_with("key") { "es256-other" } else { CLIENT_KEY };
        add(name, false, jwt_server(), proven(&proof, key));
    }
    add("no proof", false, jwt_server(), Incoming::with(&format!("DPoP {bound}")));
    let unbound = good.sign(ISSUER_KEY);
    let with_proof = Incoming::proven(&unbound, &Jwt::proof(&unbound).sign(CLIENT_KEY));
    add("a proof with a token that is not bound", false, jwt_server(), with_proof);

    let x5t =
        Jwt::access_token().with("cnf", json!({ "x5t#S256": base64ct::Base64UrlUnpadded::encode_string(&THUMBPRINT) }));
    let shown = |thumbprint| Incoming { certificate: Some(certificate(thumbprint)), ..bearer(&x5t) };
    add("the certificate that the token is bound to", true, jwt_server(), shown(THUMBPRINT));
    add("another certificate", false, jwt_server(), shown([8; 32]));
    add("no certificate", false, jwt_server(), bearer(&x5t));

    let needing = |needs, jwt: &Jwt| Incoming { needs, ..bearer(jwt) };
    add("a detail that is covered", true, jwt_server(), needing(Needs::detail(DETAIL), &detailed()));
    let more = Detail { actions: "read delete", ..DETAIL };
    add("a detail that is not covered", false, jwt_server(), needing(Needs::detail(more), &detailed()));
    add("a detail where there is none", false, jwt_server(), needing(Needs::detail(DETAIL), &good));
    let strong = Jwt::access_token().with("acr", "strong").with("auth_time", NOW.0 - 60);
    let needs = Needs::scope("read").and_acr("strong stronger").and_max_age(60);
    add("an authentication that is good enough", true, jwt_server(), needing(needs, &strong));
    add("one that is too long ago", false, jwt_server(), needing(needs.and_max_age(59), &strong));
    add("one of another way", false, jwt_server(), needing(needs.and_acr("stronger"), &strong));
    add("one that the token does not tell", false, jwt_server(), needing(needs, &good));
    add("needs that are none", false, jwt_server(), needing(Needs::scope(""), &good));
    all
}

/// A property of every run.
pub struct Property {
    /// What it says.
    pub name: &'static str,
    /// Judges a run.
    pub holds: fn(&Run<'_>) -> bool,
}

/// Every property of a single run.
pub const ALWAYS: &[Property] = &[
    Property { name: "a request that is allowed is good and its signatures hold", holds: allowed_is_proven },
    Property { name: "a key that is proven is marked last", holds: key_is_marked_last },
    Property { name: "a token is checked with a key of its issuer", holds: key_is_the_issuers },
    Property { name: "nothing is marked that is not served", holds: nothing_is_marked_in_vain },
    Property { name: "a request that is denied is told why", holds: denied_is_told },
    Property { name: "a host that fails is no verdict on the token", holds: failures_are_named },
];

impl Run<'_> {
    fn verdicts(&self) -> impl Iterator<Item = &Given> {
        self.record.iter().filter(|(question, _)| *question == Question::Verify).map(|(_, given)| given)
    }

    fn marks(&self) -> impl Iterator<Item = (usize, &Given)> {
        let asked = self.record.iter().enumerate();
        asked.filter(|(_, (question, _))| question.node() == "commit mark").map(|(place, (_, given))| (place, given))
    }
}

fn allowed_is_proven(run: &Run<'_>) -> bool {
    let Outcome::Allow(sender, sub) = &run.outcome else { return true };
    let proofs = run.case.incoming.headers.iter().filter(|(name, _)| name == "DPoP").count();
    run.case.good
        && sub == "alice"
        && run.verdicts().count() == 1 + proofs
        && run.verdicts().all(|given| *given == Given::Verdict(Verdict::Valid))
        && (*sender == Sender::Bearer) == (proofs == 0 && run.case.incoming.certificate.is_none())
}

fn key_is_marked_last(run: &Run<'_>) -> bool {
    let proven = run.case.incoming.headers.iter().any(|(name, _)| name == "DPoP");
    let last = run.record.len().checked_sub(1);
    match run.outcome {
        Outcome::Allow(..) if proven => {
            run.marks().count() == 1
                && run.marks().all(|(place, given)| Some(place) == last && *given == Given::Committed)
        }
        _ => true,
    }
}

fn key_is_the_issuers(run: &Run<'_>) -> bool {
    let asks = run.record.iter().any(|(question, _)| question.node() == "load document");
    let allowed = matches!(run.outcome, Outcome::Allow(..));
    let good = key_set(&[ISSUER_KEY]);
    let seen = run.record.iter().any(|(_, given)| match given {
        Given::Row(Some((_, row))) => Document::decode(row).is_ok_and(|document| document.body == good.as_bytes()),
        Given::Response(response) => response.status == 200 && response.body == good,
        _ => false,
    });
    !allowed || !asks || seen
}

fn nothing_is_marked_in_vain(run: &Run<'_>) -> bool {
    run.marks().next().is_none()
        || (run.case.good && run.verdicts().all(|given| *given == Given::Verdict(Verdict::Valid)))
}

fn denied_is_told(run: &Run<'_>) -> bool {
    let Outcome::Deny(answer) = &run.outcome else { return true };
    let Some(reason) = answer.reason else { return false };
    let challenges: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate").map(|(_, value)| value.as_str()).collect();
    let error = format!("error=\"{}\"", reason.answer().code.as_str());
    let told = if answer.status >= 500 {
        challenges.is_empty()
    } else {
        !challenges.is_empty()
            && (reason == Reason::TokenMissing) == challenges.iter().all(|challenge| !challenge.contains("error="))
            && (reason == Reason::TokenMissing || challenges.iter().any(|challenge| challenge.contains(&error)))
    };
    told && answer.header("Cache-Control") == Some("no-store") && answer.event == reason.event()
}

fn failures_are_named(run: &Run<'_>) -> bool {
    let Outcome::Deny(answer) = &run.outcome else { return true };
    // Keys that could not be kept were read all the same.
    let read = matches!(&run.record[..], [.., (Question::Send(_), _), (Question::Commit(_), _)]);
    match run.record.last() {
        Some((_, Given::Unavailable)) if !read => answer.status == 503,
        _ => true,
    }
}
