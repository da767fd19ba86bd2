//! The lines of a `host` block: a question, an arrow, the answer.
//!
//! ```text
//! load client c1 -> c1@1
//! load grant g1 -> absent
//! commit grant g1 absent => g1@1-pending until 1000600 (client c1) -> committed
//! commit grant g1 @2 => deleted until 1000600 (client c1, subject alice) -> unavailable !
//! send (https, public addresses, 65536 bytes, 10 seconds) -> answered
//! ```

use super::http::Request;
use super::{Answer, Names, Question, hex};

/// Writes a question.
pub fn write_question(question: &Question, names: &Names) -> String {
    match question {
        Question::Load { kind, key } => format!("load {kind} {}", names.name_of_key(key)),
        Question::Commit { kind, key, expected, value, expires_at, client_id, subject } => {
            let from = expected.map_or("absent".into(), |version| format!("@{version}"));
            let to = value.as_ref().map_or("deleted".into(), |value| {
                names.name_of_row(key, expected.map_or(1, |version| version.saturating_add(1)), value)
            });
            let client = client_id.as_ref().map(|client| format!("client {client}"));
            let subject = subject.as_ref().map(|subject| format!("subject {subject}"));
            let labels: Vec<String> = client.into_iter().chain(subject).collect();
            let key = names.name_of_key(key);
            format!("commit {kind} {key} {from} => {to} until {expires_at} ({})", labels.join(", "))
        }
        Question::Send { plain_http, public_addresses_only, body_cap, timeout, .. } => {
            let scheme = if *plain_http { "http or https" } else { "https" };
            let addresses = if *public_addresses_only { "public addresses" } else { "any address" };
            format!("send ({scheme}, {addresses}, {body_cap} bytes, {timeout} seconds)")
        }
    }
}

/// Writes the answer to a question.
pub fn write_answer(question: &Question, answer: &Answer, names: &Names) -> String {
    match (question, answer) {
        (Question::Load { key, .. }, Answer::Row { version, value }) => names.name_of_row(key, *version, value),
        (_, Answer::Row { version, value }) => format!("@{version}={}", hex(value)),
        (_, Answer::Absent) => "absent".into(),
        (_, Answer::Committed) => "committed".into(),
        (_, Answer::Conflict) => "conflict".into(),
        (_, Answer::Unavailable) => "unavailable".into(),
        (_, Answer::UnavailableAfterWrite) => "unavailable after write".into(),
        (_, Answer::Response(_)) => "answered".into(),
    }
}

/// Splits a line in question, answer, and whether the answer is staged.
pub fn split(line: &str) -> Option<(&str, &str, bool)> {
    let (question, answer) = line.rsplit_once("-> ")?;
    let staged = answer.strip_suffix(" !");
    Some((question.trim_end(), staged.unwrap_or(answer), staged.is_some()))
}

/// Reads a question. That of an exchange goes on in the next block, which is `request`.
pub fn read_question(
    text: &str,
    names: &Names,
    request: impl FnOnce() -> Result<Request, String>,
) -> Result<Question, String> {
    let wrong = || format!("not a question: {text}");
    let unknown = |name: &str| format!("{name} is not among the rows: {text}");
    match text.split_once(' ').ok_or_else(wrong)? {
        ("load", rest) => {
            let (kind, name) = rest.split_once(' ').ok_or_else(wrong)?;
            Ok(Question::Load { kind: kind.into(), key: names.key(name).ok_or_else(|| unknown(name))? })
        }
        ("commit", rest) => {
            let (words, labels) = rest.strip_suffix(')').and_then(|rest| rest.split_once(" (")).ok_or_else(wrong)?;
            let [kind, name, from, "=>", to, "until", expires_at] = words.split(' ').collect::<Vec<_>>()[..] else {
                return Err(wrong());
            };
            let expected = match from {
                "absent" => None,
                _ => Some(from.strip_prefix('@').and_then(|version| version.parse().ok()).ok_or_else(wrong)?),
            };
            let value = match to {
                "deleted" => None,
                _ => match names.row(to).ok_or_else(|| unknown(to))? {
                    (version, value) if version == expected.map_or(1, |expected: u64| expected + 1) => {
                        Some(value.into())
                    }
                    _ => return Err(format!("{to} is not the next version: {text}")),
                },
            };
            let label = |word: &str| {
                let label = labels.split(", ").find_map(|label| label.strip_prefix(word)?.strip_prefix(' '));
                label.map(str::to_owned)
            };
            Ok(Question::Commit {
                kind: kind.into(),
                key: names.key(name).ok_or_else(|| unknown(name))?,
                expected,
                value,
                expires_at: expires_at.parse().map_err(|_| wrong())?,
                client_id: label("client"),
                subject: label("subject"),
            })
        }
        ("send", rest) => {
            let policy = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or_else(wrong)?;
            let [scheme, addresses, bytes, seconds] = policy.split(", ").collect::<Vec<_>>()[..] else {
                return Err(wrong());
            };
            let one_of = |text: &str, no: &str, yes: &str| match text {
                _ if text == no => Ok(false),
                _ if text == yes => Ok(true),
                _ => Err(wrong()),
            };
            Ok(Question::Send {
                request: request()?,
                plain_http: one_of(scheme, "https", "http or https")?,
                public_addresses_only: one_of(addresses, "any address", "public addresses")?,
                body_cap: bytes.strip_suffix(" bytes").and_then(|n| n.parse().ok()).ok_or_else(wrong)?,
                timeout: seconds.strip_suffix(" seconds").and_then(|n| n.parse().ok()).ok_or_else(wrong)?,
            })
        }
        _ => Err(wrong()),
    }
}

/// Reads an answer other than the response of an exchange, which stands in a block.
pub fn read_answer(text: &str, names: &Names) -> Result<Answer, String> {
    Ok(match text {
        "absent" => Answer::Absent,
        "committed" => Answer::Committed,
        "conflict" => Answer::Conflict,
        "unavailable" => Answer::Unavailable,
        "unavailable after write" => Answer::UnavailableAfterWrite,
        _ => match names.row(text) {
            Some((version, value)) => Answer::Row { version, value: value.into() },
            None => return Err(format!("not an answer, and not among the rows: {text}")),
        },
    })
}
