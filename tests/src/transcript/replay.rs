//! Flows through the Rust core.

use std::fmt::Write as _;

use symbolon::Reason;
use symbolon::step::{Commit, Committed, Exchange, Flow as CoreFlow, Load, Row, Send, Sign, Step, Verdict, Verify};
use symbolon::terms::UserAgent;
use symbolon::wire::http::{Field, Method, Reply};

use super::http::{Request, Response};
use super::{Answer, Asked, Call, Flow, Names, Outcome, Question, Role, client, line, resource, server};
use crate::drive::Host;
use crate::fixture::Message;

/// Replays a flow; what differs, if something does.
pub fn replay(flow: &Flow, names: &Names) -> Result<(), String> {
    let mut script = Script { asked: flow.asked.iter(), position: 0, names, difference: None };
    let outcome = run(&flow.call, &mut script);
    let left = script.asked.next();
    let difference = match (script.difference, outcome, left) {
        (Some(difference), ..) => difference,
        (None, Err(error), _) => error,
        (None, Ok(_), Some(asked)) => {
            differs(&format!("question {}", script.position + 1), &show(&asked.question, names), "no question")
        }
        (None, Ok(outcome), None) if outcome == flow.outcome => return Ok(()),
        (None, Ok(outcome), None) => differs("the outcome", &show_outcome(&flow.outcome), &show_outcome(&outcome)),
    };
    Err(format!("{}: {} ({}): {difference}", flow.line, flow.title, flow.call.entry.name))
}

/// Calls an entry point and drives its flow: the table of [`ENTRIES`](super::ENTRIES), with what each one does.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    match call.entry.role {
        Role::Server => server::run(call, host),
        Role::Client => client::run(call, host),
        Role::Resource => resource::run(call, host),
    }
}

impl Call {
    /// The value of an argument.
    pub fn argument(&self, name: &str) -> Result<&str, String> {
        let argument = self.arguments.iter().find(|(known, _)| known == name);
        argument.map(|(_, value)| value.as_str()).ok_or_else(|| format!("{} needs {name}", self.entry.name))
    }

    /// The binding of the user agent.
    pub fn user_agent(&self) -> Result<UserAgent<'_>, String> {
        UserAgent::new(self.user_agent.as_bytes()).map_err(|reason| format!("{reason:?}"))
    }

    /// The request as the core wants it.
    pub fn message(&self) -> Message {
        let message = self.request.as_ref().map_or_else(|| Message::get(""), message);
        Message { certificate: self.certificate.clone(), ..message }
    }
}

/// What starts, or the host's error.
pub fn fits<T>(step: Result<T, symbolon::TooSmall>) -> Result<T, String> {
    step.map_err(|symbolon::TooSmall { needed }| format!("the buffer must have {needed} bytes"))
}

fn message(request: &Request) -> Message {
    Message {
        method: Method::from_bytes(request.method.as_bytes()),
        query: request.target.split_once('?').map_or("", |(_, query)| query).into(),
        headers: request.headers.iter().map(|(name, value)| (name.clone(), value.as_bytes().to_vec())).collect(),
        body: request.body.clone().into_bytes(),
        certificate: None,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn texts(headers: &[Field<'_>]) -> Vec<(String, String)> {
    headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect()
}

/// A reply as data.
pub fn reply(reply: Reply<'_>) -> Outcome {
    let Reply { status, headers, body, reason, event } = reply;
    Outcome {
        response: Some(Response { status, headers: texts(&headers), body: text(body) }),
        fields: None,
        reason: reason.map(name_of_reason),
        event: event.map(|event| event.name().into()),
    }
}

/// The name of a reason, with the parameter at fault and the limit where there is one.
pub fn name_of_reason(reason: Reason) -> String {
    let mut text = String::from(reason.name());
    if let Some(parameter) = reason.parameter() {
        text = format!("{text} {}", parameter.as_str());
    }
    if let Some(limit) = reason.limit() {
        text = format!("{text} {limit}");
    }
    text
}

/// The data of a read.
pub fn load_question<F: CoreFlow>(question: &Load<'_, F>) -> Question {
    Question::Load { kind: question.kind().as_str().into(), key: question.key().0 }
}

/// The data of a write.
pub fn commit_question<F: CoreFlow>(question: &Commit<'_, F>) -> Question {
    let write = question.write();
    Question::Commit {
        kind: write.labels.kind.as_str().into(),
        key: write.key.0,
        expected: write.expected,
        value: write.value.map(<[u8]>::to_vec),
        expires_at: write.expires_at.0,
        client_id: write.labels.client_id.map(str::to_owned),
        subject: write.labels.subject.map(str::to_owned),
    }
}

/// The data of a signing.
pub fn sign_question<F: CoreFlow>(question: &Sign<'_, F>) -> Question {
    Question::Sign { key_id: question.key_id().into(), message: question.message().into() }
}

/// The data of a signature check.
pub fn verify_question<F: CoreFlow>(question: &Verify<'_, F>) -> Question {
    Question::Verify {
        key: question.key().into(),
        message: question.message().into(),
        signature: question.signature().into(),
    }
}

/// The data of an exchange.
pub fn send_question<F: CoreFlow>(question: &Send<'_, F>) -> Question {
    let Exchange { method, url, headers, body, policy } = question.exchange();
    let method = method.as_str();
    Question::Send {
        request: Request { method: method.into(), target: (*url).into(), headers: texts(headers), body: text(body) },
        plain_http: policy.plain_http,
        public_addresses_only: policy.public_addresses_only,
        client_certificate: policy.client_certificate,
        body_cap: policy.body_cap,
        timeout: policy.timeout,
    }
}

/// Answers an exchange.
pub fn answer_send<'a, F: CoreFlow>(question: Send<'a, F>, response: &Response) -> Step<'a, F> {
    let Response { status, headers, body } = response;
    let headers: Vec<Field<'_>> = headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
    let mut body = body.clone().into_bytes();
    question.answer(symbolon::wire::http::Response { status: *status, headers: &headers, body: &mut body })
}

/// The host of a replay: it expects the questions of the document, and answers as the document does. From the first
/// difference on it is unavailable.
struct Script<'t> {
    asked: std::slice::Iter<'t, Asked>,
    position: usize,
    names: &'t Names,
    difference: Option<String>,
}

impl<'t> Script<'t> {
    fn expect(&mut self, question: &Question) -> Option<&'t Answer> {
        if self.difference.is_some() {
            return None;
        }
        self.position += 1;
        let expected = self.asked.next();
        if let Some(asked) = expected.filter(|asked| asked.question == *question) {
            return Some(&asked.answer);
        }
        let expected = expected.map_or("no question".into(), |asked| show(&asked.question, self.names));
        let what = format!("question {}", self.position);
        self.difference = Some(differs(&what, &expected, &show(question, self.names)));
        None
    }

    fn misfit(&mut self) {
        self.difference = Some(format!("question {} has an answer of another question", self.position));
    }
}

impl Host for Script<'_> {
    fn load<'a, F: CoreFlow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        match self.expect(&load_question(&question)) {
            Some(Answer::Row { version, value }) => question.answer(Some(Row { version: *version, value })),
            Some(Answer::Absent) => question.answer(None),
            Some(Answer::Unavailable) | None => question.unavailable(),
            Some(_) => {
                self.misfit();
                question.unavailable()
            }
        }
    }

    fn commit<'a, F: CoreFlow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        match self.expect(&commit_question(&question)) {
            Some(Answer::Committed) => question.answer(Committed::Yes),
            Some(Answer::Conflict) => question.answer(Committed::Conflict),
            Some(Answer::Unavailable | Answer::UnavailableAfterWrite) | None => question.unavailable(),
            Some(_) => {
                self.misfit();
                question.unavailable()
            }
        }
    }

    fn sign<'a, F: CoreFlow>(&mut self, question: Sign<'a, F>) -> Step<'a, F> {
        match self.expect(&sign_question(&question)) {
            Some(Answer::Signature(signature)) => question.answer(signature),
            Some(Answer::Unavailable) | None => question.unavailable(),
            Some(_) => {
                self.misfit();
                question.unavailable()
            }
        }
    }

    fn verify<'a, F: CoreFlow>(&mut self, question: Verify<'a, F>) -> Step<'a, F> {
        match self.expect(&verify_question(&question)) {
            Some(Answer::Valid) => question.answer(Verdict::Valid),
            Some(Answer::Invalid) => question.answer(Verdict::Invalid),
            Some(Answer::Unavailable) | None => question.unavailable(),
            Some(_) => {
                self.misfit();
                question.unavailable()
            }
        }
    }

    fn send<'a, F: CoreFlow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        match self.expect(&send_question(&question)) {
            Some(Answer::Response(response)) => answer_send(question, response),
            Some(Answer::Unavailable) | None => question.unavailable(),
            Some(_) => {
                self.misfit();
                question.unavailable()
            }
        }
    }
}

fn show(question: &Question, names: &Names) -> String {
    let line = line::write_question(question, names);
    match question {
        Question::Send { request, .. } => format!("{line}\n{}", request.write().text),
        _ => line,
    }
}

fn show_outcome(outcome: &Outcome) -> String {
    super::bless::outcome_blocks(outcome).into_iter().map(|block| block.text).collect::<Vec<_>>().join("\n")
}

/// The lines of both sides, those marked that only one of them has.
fn differs(what: &str, expected: &str, got: &str) -> String {
    let mut text = format!("{what} differs");
    for line in expected.lines() {
        let mark = if got.lines().any(|other| other == line) { ' ' } else { '-' };
        let _ = write!(text, "\n  {mark} {line}");
    }
    for line in got.lines().filter(|line| !expected.lines().any(|other| other == *line)) {
        let _ = write!(text, "\n  + {line}");
    }
    text
}
