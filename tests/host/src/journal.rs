//! What travelled, for the demonstration: every request, question, answer and reply, with its secrets abbreviated.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use serde_json::Value;
use symbolon::step::Exchange;
use symbolon::wire::http::Field;

/// Entries kept; older ones are dropped.
const KEPT: usize = 512;
/// Characters shown of a secret, at its beginning and at its end: the credentials of one grant begin alike.
const SHOWN: (usize, usize) = (6, 4);
/// Parameters and members whose values are abbreviated.
const SECRETS: [&str; 13] = [
    "access_token",
    "client_assertion",
    "code",
    "code_challenge",
    "code_verifier",
    "csrf",
    "handle",
    "id_token",
    "nonce",
    "refresh_token",
    "request_uri",
    "state",
    "token",
];
/// What people and clients know by heart: of these, nothing is shown.
const HIDDEN: [&str; 2] = ["client_secret", "password"];
/// Claims of a JWT that say nothing to a reader.
const OPAQUE: [&str; 5] = ["ath", "at_hash", "jti", "nonce", "sid"];
/// Header fields that say something about the protocol.
const FIELDS: [&str; 13] = [
    "allow",
    "authorization",
    "cache-control",
    "content-security-policy",
    "content-type",
    "cookie",
    "dpop",
    "dpop-nonce",
    "location",
    "referrer-policy",
    "retry-after",
    "set-cookie",
    "www-authenticate",
];

/// Whose flow, or whose message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The browser with its person.
    Browser,
    /// The authorization server.
    Server,
    /// The client.
    Client,
    /// The protected resource.
    Resource,
}

impl Actor {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Server => "server",
            Self::Client => "client",
            Self::Resource => "resource",
        }
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that came in.
    Request,
    /// A question of the core and the host's answer.
    Question,
    /// A reply that went out.
    Reply,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who did it.
    pub actor: Actor,
    /// What it is.
    pub kind: Kind,
    /// Its first line.
    pub title: String,
    /// The lines below it.
    pub lines: Vec<String>,
}

/// The entries, in the order in which they happened.
#[derive(Default)]
pub struct Journal(Mutex<VecDeque<Entry>>);

impl Journal {
    /// Takes the entries out.
    pub fn take(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// The entries, which stay.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn push(&self, actor: Actor, kind: Kind, title: String, lines: Vec<String>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(Entry { actor, kind, title, lines });
    }

    /// A request came in at `actor`.
    pub fn request<'f>(
        &self,
        actor: Actor,
        method: &str,
        target: &str,
        fields: impl Iterator<Item = Field<'f>>,
        body: &[u8],
    ) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut lines: Vec<String> = form(query).collect();
        lines.extend(message(fields, body));
        self.push(actor, Kind::Request, format!("{method} {path}"), lines);
    }

    /// A reply went out from `actor`.
    pub fn reply<'f>(&self, actor: Actor, status: u16, fields: impl Iterator<Item = Field<'f>>, body: &[u8]) {
        self.push(actor, Kind::Reply, status.to_string(), message(fields, body));
    }

    /// The core asked for something, and the answer was `outcome`.
    pub fn question(&self, actor: Actor, question: &str, what: &str, outcome: &str) {
        self.push(actor, Kind::Question, format!("{question} {what} -> {outcome}"), Vec::new());
    }

    /// The core asks for an exchange. What is sent is told by whoever receives it, which in a demonstration is this host.
    pub fn sending(&self, actor: Actor, exchange: &Exchange<'_>) {
        self.push(actor, Kind::Question, send(exchange), Vec::new());
    }

    /// The exchange ended with this status, or not at all.
    pub fn sent(&self, actor: Actor, exchange: &Exchange<'_>, status: Option<u16>) {
        let outcome = status.map_or("unavailable".to_owned(), |status| format!("status {status}"));
        self.push(actor, Kind::Question, format!("{} -> {outcome}", send(exchange)), Vec::new());
    }
}

fn send(exchange: &Exchange<'_>) -> String {
    let method = exchange.method.as_str();
    format!("send {method} {}", without_secrets(exchange.url))
}

fn message<'f>(fields: impl Iterator<Item = Field<'f>>, body: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut kind = String::new();
    for field in fields.filter(|field| FIELDS.iter().any(|name| name.eq_ignore_ascii_case(field.name))) {
        let name = field.name.to_ascii_lowercase();
        let value = String::from_utf8_lossy(field.value);
        let value = match name.as_str() {
            "authorization" => authorization(&value),
            "dpop" | "dpop-nonce" => secret(&value),
            "cookie" | "set-cookie" => cookies(&value),
            "location" => without_secrets(&value),
            _ => value.into_owned(),
        };
        lines.push(format!("{name}: {value}"));
        if name == "content-type" {
            kind = value;
        }
    }
    let text = String::from_utf8_lossy(body);
    if kind.starts_with("text/html") {
        let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        lines.push(format!("(a page: {})", title.map_or("untitled", |(title, _)| title)));
    } else if kind.starts_with("application/json") {
        lines.extend(json(&text));
    } else {
        lines.extend(form(&text));
    }
    lines
}

/// Credentials with their secret part abbreviated; of Basic, the client identifier alone.
fn authorization(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("Basic") => match Base64::decode_vec(rest) {
            Ok(pair) if pair.contains(&b':') => {
                let id = pair.split(|byte| *byte == b':').next().unwrap_or_default();
                format!("{scheme} {}:…", String::from_utf8_lossy(id))
            }
            _ => format!("{scheme} …"),
        },
        Some((scheme, rest)) => format!("{scheme} {}", secret(rest)),
        None => "…".to_owned(),
    }
}

/// A URI with the secrets of its query abbreviated.
fn without_secrets(uri: &str) -> String {
    let Some((path, query)) = uri.split_once('?') else { return uri.to_owned() };
    let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
    let mark = if fragment.is_empty() { "" } else { "#" };
    format!("{path}?{}{mark}{fragment}", form(query).collect::<Vec<_>>().join("&"))
}

/// The pairs of a form or a query, as they travelled.
fn form(text: &str) -> impl Iterator<Item = String> {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if HIDDEN.contains(&name) => format!("{name}=…"),
        Some((name, value)) if SECRETS.contains(&name) => format!("{name}={}", secret(value)),
        _ => pair.to_owned(),
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(pair)
}

fn cookies(text: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if value.len() > 16 => format!("{name}={}", abbreviate(value)),
        _ => pair.to_owned(),
    };
    text.split(';').map(pair).collect::<Vec<_>>().join(";")
}

/// The members of a JSON object, a line each.
fn json(text: &str) -> Vec<String> {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) else {
        return vec!["(not JSON)".to_owned()];
    };
    let line = |(name, value): (&String, &serde_json::Value)| match value.as_str() {
        Some(_) if HIDDEN.contains(&name.as_str()) => format!("{name}: …"),
        Some(value) if SECRETS.contains(&name.as_str()) => format!("{name}: {}", secret(value)),
        _ => format!("{name}: {value}"),
    };
    members.iter().map(line).collect()
}

/// A secret, abbreviated; of a signed JWT the claims, which without their signature are worth nothing.
fn secret(text: &str) -> String {
    let claims = match text.split('.').collect::<Vec<_>>().as_slice() {
        [_, claims, _] => Base64UrlUnpadded::decode_vec(claims).unwrap_or_default(),
        _ => Vec::new(),
    };
    let Ok(Value::Object(claims)) = serde_json::from_slice(&claims) else { return abbreviate(text) };
    let shown = claims.iter().map(|(name, value)| match value.as_str() {
        Some(value) if OPAQUE.contains(&name.as_str()) => format!("{name} {}", abbreviate(value)),
        Some(value) => format!("{name} {value}"),
        None => format!("{name} {value}"),
    });
    format!("JWT ({}) …", shown.collect::<Vec<_>>().join(", "))
}

/// The beginning and the end of a long secret, and nothing of a short one.
pub fn abbreviate(secret: &str) -> String {
    let (head, tail) = SHOWN;
    let long = secret.is_ascii() && secret.len() > 3 * (head + tail);
    if long { format!("{}…{}", &secret[..head], &secret[secret.len() - tail..]) } else { "…".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_in_full() {
        let secret = "s3cr3t-0123456789abcdefghijklmnop";
        let journal = Journal::default();
        let field = |name, value| Field { name, value };
        let basic = format!("Basic {secret}");
        let cookie = format!("symbolon_session={secret}; other={secret}");
        let location = format!("https://c.example/cb?code={secret}&state={secret}#_");
        let fields = [
            field("Authorization", basic.as_bytes()),
            field("Cookie", cookie.as_bytes()),
            field("Location", location.as_bytes()),
        ];
        for name in SECRETS.into_iter().chain(HIDDEN) {
            let pair = format!("{name}={secret}");
            journal.request(Actor::Server, "POST", &format!("/x?{pair}"), fields.into_iter(), pair.as_bytes());
            let json = format!("{{\"{name}\":\"{secret}\"}}");
            let kind = field("Content-Type", b"application/json");
            journal.reply(Actor::Server, 200, [kind].into_iter(), json.as_bytes());
        }
        let entries = journal.take();
        assert_eq!(entries.len(), 2 * (SECRETS.len() + HIDDEN.len()));
        for entry in entries {
            assert!(!format!("{entry:?}").contains(secret), "{entry:?}");
        }
    }

    #[test]
    fn of_a_jwt_the_claims_are_shown_and_never_the_signature() {
        let claims = r#"{"htm":"POST","jti":"0123456789abcdefghijklmnopqrstuvwxyz","iat":7}"#;
        let encoded = Base64UrlUnpadded::encode_string(claims.as_bytes());
        assert_eq!(secret(&format!("e30.{encoded}.c2lnbmF0dXJl")), "JWT (htm POST, jti 012345…wxyz, iat 7) …");
        assert_eq!(secret("e30.e30"), "…");
    }

    #[test]
    fn of_what_somebody_knows_by_heart_nothing_is_shown() {
        let secret = "correct-horse-battery-staple-0123456789";
        let basic = |pair: &str| authorization(&format!("Basic {}", Base64::encode_string(pair.as_bytes())));
        assert_eq!(basic(&format!("web:{secret}")), "Basic web:…");
        assert_eq!(basic(&format!("web:{secret}:{secret}")), "Basic web:…");
        assert_eq!(basic(secret), "Basic …");
        assert_eq!(authorization(&format!("basic {secret}")), "basic …");
        assert_eq!(authorization(secret), "…");
        for name in HIDDEN {
            let shown: Vec<String> = form(&format!("a=b&{name}={secret}")).collect();
            assert_eq!(shown, ["a=b".to_owned(), format!("{name}=…")]);
            assert_eq!(json(&format!("{{\"{name}\":\"{secret}\"}}")), [format!("{name}: …")]);
        }
    }
}
