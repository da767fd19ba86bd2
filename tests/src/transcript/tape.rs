//! Transcripts as a tape: what a runner in another language follows, without Markdown and without knowing what to expect.
//!
//! A tape is lines; a line is words with one space between them. A word writes bytes: a printable ASCII character other
//! than `%` is itself, and any other byte is `%` with two hexadecimal digits. An empty value is no word. Numbers are
//! decimal, and `bool` is 0 or 1. Lines and words may be as long as a message.
//!
//! ```text
//! flow TITLE                   a flow begins, in fresh storage: what was set and given before is gone
//! set STRUCT MEMBER VALUE      into a struct that symbolon_describe_input describes; of a pointer also MEMBER_len
//! set request headers NAME VALUE           one header field more
//! set server_config keys ID SECRET         one credential key more
//! set server_config signing_keys ID ALGORITHM JWK       likewise dpop_keys of client_config, and its one assertion_key
//! set certificate MEMBER VALUE             and then it belongs to the request
//! give NAME VALUE              an argument: browser, now, entropy, handle, scope, session, rejected, document,
//!                              well_known
//! start NAME                   configure what was set, and call symbolon_NAME_start
//! = WORD...                    the next line of the step, as the runner renders it
//! header NAME VALUE            a header field of the response that the next answer gives
//! answer row VERSION VALUE     or: answer absent, committed, conflict, unavailable, response STATUS BODY,
//!                              signature 0 VALUE, verdict 1, verdict 0
//! end                          nothing more happens
//! ```
//!
//! Whatever is not set is zero, and a text that is not given is absent. Every struct with a member `abi` has
//! `SYMBOLON_ABI` there. `document` is for `symbolon_metadata_read`. The query of a callback and the header fields of a
//! request to a resource are set in `request`, too.
//!
//! A step is rendered from its description: first the name of the struct, then each member in order, but for opaque ones,
//! as `NAME VALUE`. Header fields are a line each: `headers NAME VALUE`. The end is rendered after what all ends have in
//! common. A runner compares this with the `=` lines, one by one, until both are through; then it finds `answer` or `end`.
//!
//! ```text
//! = load
//! = key %e3%b0...
//! = kind grant
//! answer absent
//! = done
//! = kind 1
//! = reason CodeInvalid
//! = parameter
//! = limit 0
//! = event CredentialForged
//! = reply
//! = status 400
//! = headers Content-Type application/json
//! = body {"error":"invalid_grant"}
//! end
//! ```

use std::fmt::Write as _;

use symbolon_abi::describe::{Description, ENDS, INPUTS, QUESTIONS};
use symbolon_abi::types::MemberType;

use super::given::given;
use super::{Answer, Asked, Flow, Outcome, Question, Transcript, unhex};

/// Writes the flows of a document; `file` is how failures call it.
pub fn write(file: &str, transcript: &Transcript) -> Result<String, String> {
    let mut tape = Tape::default();
    for flow in &transcript.flows {
        tape.flow(file, flow).map_err(|error| format!("line {}: {error}", flow.line))?;
    }
    Ok(tape.text)
}

/// A value of a member, before its type is known.
pub(super) enum Value<'v> {
    Bytes(&'v [u8]),
    Text(&'v str),
    Number(u64),
    Bool(bool),
    Fields(&'v [(String, String)]),
}

/// The members of a struct by their names.
pub(super) type Members<'v> = Vec<(&'v str, Value<'v>)>;

/// What is written so far.
#[derive(Default)]
pub(super) struct Tape {
    text: String,
}

impl Tape {
    fn flow(&mut self, file: &str, flow: &Flow) -> Result<(), String> {
        let Flow { line, title, call, asked, outcome } = flow;
        self.line("flow", &[format!("{file}:{line}: {title} ({})", call.entry.name).as_bytes()]);
        given(self, call)?;
        for Asked { question, answer, .. } in asked {
            self.question(question)?;
            self.answer(answer);
        }
        self.outcome(outcome)?;
        self.line("end", &[]);
        Ok(())
    }

    /// A line: what it is, and its words.
    pub(super) fn line(&mut self, what: &str, words: &[&[u8]]) {
        self.text.push_str(what);
        for word in words.iter().filter(|word| !word.is_empty()) {
            self.text.push(' ');
            for &byte in *word {
                match byte {
                    b'!'..=b'~' if byte != b'%' => self.text.push(char::from(byte)),
                    _ => drop(write!(self.text, "%{byte:02x}")),
                }
            }
        }
        self.text.push('\n');
    }

    /// `give` lines.
    pub(super) fn give(&mut self, name: &str, value: &[u8]) {
        self.line("give", &[name.as_bytes(), value]);
    }

    /// `set` lines.
    pub(super) fn set(&mut self, name: &str, members: &Members<'_>) -> Result<(), String> {
        let of = INPUTS.iter().find(|of| of.name() == name).ok_or_else(|| format!("no struct is called {name}"))?;
        for (member, value) in members {
            let known = of.members().iter().find(|known| known.name() == *member);
            known.ok_or_else(|| format!("{name} has no member {member}"))?;
            self.member(&format!("set {name}"), member, value);
        }
        Ok(())
    }

    fn member(&mut self, what: &str, name: &str, value: &Value<'_>) {
        let name = name.as_bytes();
        match value {
            Value::Bytes(bytes) => self.line(what, &[name, bytes]),
            Value::Text(text) => self.line(what, &[name, text.as_bytes()]),
            Value::Number(number) => self.line(what, &[name, number.to_string().as_bytes()]),
            Value::Bool(value) => self.line(what, &[name, if *value { b"1" } else { b"0" }]),
            Value::Fields(fields) => {
                for (field, value) in *fields {
                    self.line(what, &[name, field.as_bytes(), value.as_bytes()]);
                }
            }
        }
    }

    /// A struct as a runner renders it. Each value must have a member, and each member a value, but for texts, which may
    /// be absent.
    fn described(&mut self, of: &Description, members: &Members<'_>) -> Result<(), String> {
        self.line("=", &[of.name().as_bytes()]);
        for (name, _) in members {
            let known = of.members().iter().find(|member| member.name() == *name);
            known.ok_or_else(|| format!("{} has no member {name}", of.name()))?;
        }
        for member in of.members() {
            let value = members.iter().find(|(name, _)| *name == member.name()).map(|(_, value)| value);
            match (value, member.member_type()) {
                (_, MemberType::Opaque) => {}
                (Some(value), _) => self.member("=", member.name(), value),
                (None, MemberType::Text | MemberType::Bytes) => self.member("=", member.name(), &Value::Text("")),
                (None, _) => return Err(format!("{} of {} is missing", member.name(), of.name())),
            }
        }
        Ok(())
    }

    fn question(&mut self, question: &Question) -> Result<(), String> {
        let (name, members): (_, Members<'_>) = match question {
            Question::Load { kind, key } => ("load", vec![("key", Value::Bytes(key)), ("kind", Value::Text(kind))]),
            Question::Commit { kind, key, expected, value, expires_at, client_id, subject } => (
                "commit",
                vec![
                    ("key", Value::Bytes(key)),
                    ("exists", Value::Bool(expected.is_some())),
                    ("expected", Value::Number(expected.unwrap_or(0))),
                    ("delete_row", Value::Bool(value.is_none())),
                    ("value", Value::Bytes(value.as_deref().unwrap_or_default())),
                    ("expires_at", Value::Number(*expires_at)),
                    ("kind", Value::Text(kind)),
                    ("client_id", Value::Text(client_id.as_deref().unwrap_or_default())),
                    ("subject", Value::Text(subject.as_deref().unwrap_or_default())),
                ],
            ),
            Question::Sign { key_id, message } => {
                ("sign", vec![("key_id", Value::Text(key_id)), ("message", Value::Bytes(message))])
            }
            Question::Verify { key, message, signature } => (
                "verify",
                vec![
                    ("key", Value::Bytes(key)),
                    ("message", Value::Bytes(message)),
                    ("signature", Value::Bytes(signature)),
                ],
            ),
            Question::Send { request, plain_http, public_addresses_only, client_certificate, body_cap, timeout } => (
                "send",
                vec![
                    ("method", Value::Text(&request.method)),
                    ("url", Value::Text(&request.target)),
                    ("headers", Value::Fields(&request.headers)),
                    ("body", Value::Text(&request.body)),
                    ("plain_http", Value::Bool(*plain_http)),
                    ("public_addresses_only", Value::Bool(*public_addresses_only)),
                    ("client_certificate", Value::Bool(*client_certificate)),
                    ("body_cap", Value::Number(u64::try_from(*body_cap).map_err(|error| error.to_string())?)),
                    ("timeout", Value::Number(u64::from(*timeout))),
                ],
            ),
        };
        self.described(named_question(name)?, &members)
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Row { version, value } => {
                self.line("answer", &[b"row", version.to_string().as_bytes(), value]);
            }
            Answer::Absent => self.line("answer", &[b"absent"]),
            Answer::Committed => self.line("answer", &[b"committed"]),
            Answer::Conflict => self.line("answer", &[b"conflict"]),
            Answer::Unavailable | Answer::UnavailableAfterWrite => self.line("answer", &[b"unavailable"]),
            Answer::Signature(signature) => self.line("answer", &[b"signature", b"0", signature]),
            Answer::Valid => self.line("answer", &[b"verdict", b"1"]),
            Answer::Invalid => self.line("answer", &[b"verdict", b"0"]),
            Answer::Response(response) => {
                for (name, value) in &response.headers {
                    self.line("header", &[name.as_bytes(), value.as_bytes()]);
                }
                let status = response.status.to_string();
                self.line("answer", &[b"response", status.as_bytes(), response.body.as_bytes()]);
            }
        }
    }

    fn outcome(&mut self, outcome: &Outcome) -> Result<(), String> {
        let Outcome { response, fields, reason, event } = outcome;
        let name = fields.as_ref().map_or("reply", |(name, _)| name);
        let (kind, end) =
            ENDS.iter().find(|(_, of)| of.name() == name).ok_or_else(|| format!("no end is called {name}"))?;
        let (reason, parameter, limit) = reason_of(reason.as_deref().unwrap_or_default())?;
        let done: Members<'_> = vec![
            ("kind", Value::Number(u64::from(*kind as u32))),
            ("reason", Value::Text(reason)),
            ("parameter", Value::Text(parameter)),
            ("limit", Value::Number(limit)),
            ("event", Value::Text(event.as_deref().unwrap_or_default())),
        ];
        self.described(named_question("done")?, &done)?;
        if let Some(response) = response {
            let reply: Members<'_> = vec![
                ("status", Value::Number(u64::from(response.status))),
                ("headers", Value::Fields(&response.headers)),
                ("body", Value::Text(&response.body)),
            ];
            return self.described(end, &reply);
        }
        let fields = fields.iter().flat_map(|(_, fields)| fields);
        let mut fields: Vec<(&str, Vec<u8>)> = fields
            .map(|(name, value)| {
                let member = end.members().iter().find(|member| member.name() == name);
                let value = match (member.map(|member| member.member_type()), value.as_str()) {
                    (Some(MemberType::Key), _) => unhex(value)?,
                    // Of several lines.
                    (Some(MemberType::Bytes), _) if name == "headers" => unhex(value)?,
                    (Some(MemberType::Bool), "true") => b"1".to_vec(),
                    (Some(MemberType::Bool), "false") => b"0".to_vec(),
                    _ => value.clone().into_bytes(),
                };
                Ok((name.as_str(), value))
            })
            .collect::<Result<_, String>>()?;
        // A document leaves a time out where any does, or none is known.
        for (name, time) in
            [("prompt", "authenticated_since"), ("signed-in", "authenticated_at"), ("usable", "authenticated_at")]
        {
            if end.name() == name && !fields.iter().any(|(name, _)| *name == time) {
                fields.push((time, b"0".to_vec()));
            }
        }
        self.described(end, &fields.iter().map(|(name, value)| (*name, Value::Bytes(value))).collect())
    }
}

fn named_question(name: &str) -> Result<&'static Description, String> {
    let found = QUESTIONS.iter().find(|(_, of)| of.name() == name);
    found.map(|(_, of)| of).ok_or_else(|| format!("no question is called {name}"))
}

/// Name, parameter and limit of a reason, as [`name_of_reason`](super::replay::name_of_reason) writes it.
fn reason_of(reason: &str) -> Result<(&str, &str, u64), String> {
    let (name, rest) = reason.split_once(' ').unwrap_or((reason, ""));
    match (name, rest.rsplit_once(' ')) {
        ("TooLong" | "TooMany", Some((what, limit))) => {
            Ok((name, what, limit.parse().map_err(|_| format!("not a limit: {reason}"))?))
        }
        ("TooLong" | "TooMany", None) => Err(format!("no limit: {reason}")),
        _ => Ok((name, rest, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bytes() {
        let mut tape = Tape::default();
        tape.line("give", &[b"a b%\n\x00\xff~!", b"", b"c"]);
        assert_eq!(tape.text, "give a%20b%25%0a%00%ff~! c\n");
    }

    #[test]
    fn reasons_have_parts() {
        assert_eq!(reason_of("TooLong state 2048"), Ok(("TooLong", "state", 2048)));
        assert_eq!(reason_of("Repeated Content-Type"), Ok(("Repeated", "Content-Type", 0)));
        assert_eq!(reason_of("Scope"), Ok(("Scope", "", 0)));
        assert!(reason_of("TooMany parameters").is_err());
    }

    #[test]
    fn signatures_are_asked_for_and_checked() {
        let mut tape = Tape::default();
        let message = || b"e30.e30".to_vec();
        tape.question(&Question::Sign { key_id: "k 1".into(), message: message() }).unwrap();
        tape.answer(&Answer::Signature(vec![0, 0x41]));
        tape.question(&Question::Verify { key: b"{}".to_vec(), message: message(), signature: vec![] }).unwrap();
        tape.answer(&Answer::Valid);
        tape.answer(&Answer::Invalid);
        let lines = [
            "= sign",
            "= key_id k%201",
            "= message e30.e30",
            "answer signature 0 %00A",
            "= verify",
            "= key {}",
            "= message e30.e30",
            "= signature",
            "answer verdict 1",
            "answer verdict 0",
        ];
        assert_eq!(tape.text.lines().collect::<Vec<_>>(), lines);
    }

    /// What a struct does not have is not passed over, and neither is what only the struct has.
    #[test]
    fn members_and_values_are_the_same() {
        let mut tape = Tape::default();
        let load = named_question("load").unwrap();
        let key = || ("key", Value::Bytes(&[0x41; 32]));
        assert!(tape.described(load, &vec![key(), ("kinds", Value::Text("grant"))]).is_err());
        assert!(tape.described(load, &vec![("kind", Value::Text("grant"))]).is_err());
        tape.text.clear();
        assert_eq!(tape.described(load, &vec![key()]), Ok(()));
        assert_eq!(tape.text, format!("= load\n= key {}\n= kind\n", "A".repeat(32)));
        assert!(tape.set("request", &vec![("cookie", Value::Text(""))]).is_err());
        assert!(tape.set("requests", &vec![]).is_err());
    }
}
