//! The lines of a `host` block: a question, an arrow, the answer.
//!
//! ```text
//! load client c1 -> c1@1
//! load grant g1 -> absent
//! commit grant g1 absent => g1@1-pending until 1000600 (client c1) -> committed
//! commit grant g1 @2 => deleted until 1000600 (client c1, subject alice) -> unavailable !
//! sign rfc8037 {"alg":"EdDSA"}.{"sub":"alice"} -> kYbJ...
//! verify {"alg":"EdDSA",...} {"alg":"EdDSA"}.{"sub":"alice"}.kYbJ... -> valid
//! send (https, public addresses, 65536 bytes, 10 seconds) -> answered
//! ```
//!
//! What is signed is a JWS without its last part; a check shows the JWS whole. Both are readable: see [`jws`].

use super::http::Request;
use super::{Answer, Asked, Names, Question, hex, jws};

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
        Question::Sign { key_id, message } => format!("sign {key_id} {}", jws::show_message(message)),
        Question::Verify { key, message, signature } => {
            format!("verify {} {}.{}", jws::show_key(key), jws::show_message(message), jws::encode(signature))
        }
        Question::Send { plain_http, public_addresses_only, client_certificate, body_cap, timeout, .. } => {
            let scheme = if *plain_http { "http or https" } else { "https" };
            let addresses = if *public_addresses_only { "public addresses" } else { "any address" };
            let certificate = if *client_certificate { "certificate shown, " } else { "" };
            format!("send ({scheme}, {addresses}, {certificate}{body_cap} bytes, {timeout} seconds)")
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
        (_, Answer::Signature(signature)) => jws::encode(signature),
        (_, Answer::Valid) => "valid".into(),
        (_, Answer::Invalid) => "invalid".into(),
        (_, Answer::Response(_)) => "answered".into(),
    }
}

/// Writes a question with its answer.
pub fn write(Asked { question, answer, staged }: &Asked, names: &Names) -> String {
    let mark = if *staged { " !" } else { "" };
    let (asks, says) = (write_question(question, names), write_answer(question, answer, names));
    match question {
        Question::Sign { .. } | Question::Verify { .. } => format!("{}\n -> {says}{mark}", jws::fold_question(&asks)),
        _ => format!("{asks} -> {says}{mark}"),
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
                    (version, value) if version == expected.map_or(1, |expected: u64| expected.saturating_add(1)) => {
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
        ("sign", rest) => {
            let (key_id, message) = rest.split_once(' ').ok_or_else(wrong)?;
            Ok(Question::Sign { key_id: key_id.into(), message: jws::read_message(message)? })
        }
        ("verify", rest) => {
            let (key, jws) = jws::split_first(rest, ' ').ok_or_else(wrong)?;
            let (message, signature) = jws.rsplit_once('.').ok_or_else(wrong)?;
            let (key, message) = (jws::read_key(key)?, jws::read_message(message)?);
            Ok(Question::Verify { key, message, signature: jws::decode(signature)? })
        }
        ("send", rest) => {
            let policy = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or_else(wrong)?;
            let mut words: Vec<&str> = policy.split(", ").collect();
            let client_certificate = words.get(2) == Some(&"certificate shown");
            if client_certificate {
                words.remove(2);
            }
            let [scheme, addresses, bytes, seconds] = words[..] else { return Err(wrong()) };
            let one_of = |text: &str, no: &str, yes: &str| match text {
                _ if text == no => Ok(false),
                _ if text == yes => Ok(true),
                _ => Err(wrong()),
            };
            Ok(Question::Send {
                request: request()?,
                plain_http: one_of(scheme, "https", "http or https")?,
                public_addresses_only: one_of(addresses, "any address", "public addresses")?,
                client_certificate,
                body_cap: bytes.strip_suffix(" bytes").and_then(|n| n.parse().ok()).ok_or_else(wrong)?,
                timeout: seconds.strip_suffix(" seconds").and_then(|n| n.parse().ok()).ok_or_else(wrong)?,
            })
        }
        _ => Err(wrong()),
    }
}

/// Reads an answer other than the response of an exchange, which stands in a block.
pub fn read_answer(question: &str, text: &str, names: &Names) -> Result<Answer, String> {
    Ok(match text {
        "valid" => Answer::Valid,
        "invalid" => Answer::Invalid,
        "absent" => Answer::Absent,
        "committed" => Answer::Committed,
        "conflict" => Answer::Conflict,
        "unavailable" => Answer::Unavailable,
        "unavailable after write" => Answer::UnavailableAfterWrite,
        _ if question.starts_with("sign ") => Answer::Signature(jws::decode(text)?),
        _ => match names.row(text) {
            Some((version, value)) => Answer::Row { version, value: value.into() },
            None => return Err(format!("not an answer, and not among the rows: {text}")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::block::unfold;
    use super::*;

    fn names() -> Names {
        let rows = [("g1@1-pending", vec![1, 2]), ("g1@3-active", vec![3]), ("g1@3-active-2", vec![4])];
        Names {
            keys: vec![("c1".into(), [1; 32]), ("g1".into(), [2; 32])],
            rows: rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    fn post() -> Result<Request, String> {
        let lines = ["POST https://as.example/token HTTP/1.1", "Accept: application/json", "", "a=b"];
        Request::read(&lines.map(str::to_owned))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let lines = [
            "load client c1 -> absent",
            "load grant g1 -> g1@3-active-2 !",
            "commit grant g1 absent => g1@1-pending until 1000600 (client c1) -> committed",
            "commit grant g1 @2 => g1@3-active until 7 (client c1, subject alice) -> unavailable after write !",
            "commit grant g1 @18446744073709551614 => deleted until 18446744073709551615 () -> conflict",
            r#"sign rfc8037 {"alg":"EdDSA"}.{"sub":"a -> b"} -> AAEC"#,
            r#"sign as-1 {"alg":"EdDSA"}.{"sub":"alice"} -> unavailable !"#,
            r#"verify {"kty":"OKP"} {"alg":"EdDSA"}.{"a b":[{"c":"."}]}.AAEC -> valid"#,
            r#"verify {"kty":"OKP"} eyJ9.e30.AAEC -> invalid !"#,
            r#"verify {"kty":"OKP"} {}.{}. -> unavailable"#,
            "send (https, public addresses, 65536 bytes, 10 seconds) -> unavailable !",
            "send (http or https, any address, 1 bytes, 0 seconds) -> unavailable",
        ];
        for text in lines {
            let (asked, answer, staged) = split(text).unwrap();
            let question = read_question(asked, &names(), post).unwrap();
            let answer = read_answer(asked, answer, &names()).unwrap();
            let written = write(&Asked { question, answer, staged }, &names());
            assert_eq!(written.replace("\n -> ", " -> "), text);
            assert_eq!(split(&unfold(&written)[0]), split(text));
        }
        assert_eq!(post().map(|request| Request::read(&request.write().lines())), Ok(post()));
    }

    #[test]
    fn what_is_not_a_question_is_refused() {
        for text in [
            "load",
            "load client c9",
            "read client c1",
            "commit grant g1 @1 => g1@3-active until 7 (client c1)",
            "commit grant g1 @2 -> g1@3-active until 7 (client c1)",
            "commit grant g1 @2 => g1@9 until 7 (client c1)",
            "commit grant g1 @2 => deleted until soon (client c1)",
            "commit grant g1 @2 => deleted until 7",
            "sign rfc8037",
            r#"sign rfc8037 {"alg"}.{}"#,
            "verify {} {}.{}",
            "verify {} {}.{}.A",
            "send (ftp, any address, 1 bytes, 0 seconds)",
            "send (https, any address)",
        ] {
            assert!(read_question(text, &names(), post).is_err(), "{text}");
        }
        assert!(read_answer("load client c1", "perhaps", &names()).is_err());
        assert!(read_answer("sign as-1 e30", "perhaps!", &names()).is_err());
    }

    /// An unknown row shows its bytes, so that a difference can be seen.
    #[test]
    fn what_has_no_name_is_shown_in_digits() {
        let answer = Answer::Row { version: 4, value: vec![0xab, 1] };
        let question = Question::Load { kind: "grant".into(), key: [2; 32] };
        assert_eq!(write_answer(&question, &answer, &names()), "g1@4=ab01");
        let question = Question::Load { kind: "grant".into(), key: [9; 32] };
        assert_eq!(write_question(&question, &names()), format!("load grant {}", "09".repeat(32)));
    }
}
