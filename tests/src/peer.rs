//! A host whose HTTP exchanges are answered by the test, and which can be down at any one question.

use symbolon::step::{Commit, Committed, Exchange, Flow, Load, Send, SendPolicy, Step};
use symbolon::wire::http::{Field, Method, Response};

use crate::drive::Host;
use crate::fixture::{Answer, Bench, Message};
use crate::store::MemoryStore;

/// An exchange that a flow asked for, as data that outlives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The URL.
    pub url: String,
    /// The request.
    pub message: Message,
    /// What the exchange may do.
    pub policy: SendPolicy,
}

impl From<&Exchange<'_>> for Sent {
    fn from(exchange: &Exchange<'_>) -> Self {
        let headers = exchange.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
        let body = exchange.body.to_vec();
        let message = Message { method: exchange.method, query: Vec::new(), headers, body, certificate: None };
        Self { url: exchange.url.to_owned(), message, policy: exchange.policy }
    }
}

impl Sent {
    /// The form.
    pub fn form(&self) -> String {
        String::from_utf8(self.message.body.clone()).expect("text")
    }

    /// The first value of a parameter of the form, undecoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let form = self.form();
        let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }
}

/// What the peer answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canned {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Canned {
    /// A JSON response.
    pub fn json(status: u16, body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_owned() }
    }
}

impl From<Answer> for Canned {
    fn from(answer: Answer) -> Self {
        Self { status: answer.status, headers: answer.headers, body: answer.body }
    }
}

/// The server of the bench, asked by the URL.
pub fn serve(bench: &mut Bench, sent: &Sent) -> Option<Canned> {
    let message = sent.message.clone();
    let answer = match (message.method, sent.url.as_str()) {
        (Method::Get, "https://as.example/.well-known/oauth-authorization-server") => bench.metadata(),
        (_, "https://as.example/token") => bench.token(message),
        (_, "https://as.example/revoke") => bench.revoke(message),
        (_, "https://as.example/introspect") => bench.introspect(message),
        (_, other) => panic!("nobody listens at {other}"),
    };
    Some(answer.into())
}

/// What goes wrong at one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The question is not answered, and nothing has happened.
    Unavailable,
    /// The question is not answered, but what it asked for has happened.
    Lost,
    /// No question is answered from this one on.
    Down,
    /// A commit is answered with a conflict, as if another had won; the row is untouched.
    Conflict,
}

/// The host.
pub struct Peer<'s, P> {
    /// The rows.
    pub store: &'s mut MemoryStore,
    /// Answers exchanges; it may touch the rows meanwhile, as other flows would.
    pub answer: P,
    /// What was sent.
    pub sent: Vec<Sent>,
    /// How many questions were asked.
    pub questions: usize,
    /// At which question something goes wrong.
    pub fault: Option<(usize, Fault)>,
}

impl<'s, P: FnMut(&Sent, &mut MemoryStore) -> Option<Canned>> Peer<'s, P> {
    /// A host that works.
    pub fn new(store: &'s mut MemoryStore, answer: P) -> Self {
        Self { store, answer, sent: Vec::new(), questions: 0, fault: None }
    }

    /// The same with something that goes wrong at the question of this number, from 0.
    pub fn with_fault(mut self, at: usize, fault: Fault) -> Self {
        self.fault = Some((at, fault));
        self
    }

    fn fault(&mut self) -> Option<Fault> {
        let now = self.questions;
        self.questions += 1;
        self.fault.filter(|&(at, fault)| at == now || fault == Fault::Down && at < now).map(|(_, fault)| fault)
    }
}

impl<P: FnMut(&Sent, &mut MemoryStore) -> Option<Canned>> Host for Peer<'_, P> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        match self.fault() {
            None | Some(Fault::Conflict) => self.store.answer_load(question),
            Some(_) => question.unavailable(),
        }
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        match self.fault() {
            None => {
                let outcome = self.store.commit(question.write());
                question.answer(outcome)
            }
            Some(Fault::Conflict) => question.answer(Committed::Conflict),
            Some(Fault::Unavailable | Fault::Down) => question.unavailable(),
            Some(Fault::Lost) => {
                self.store.commit(question.write());
                question.unavailable()
            }
        }
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        let sent = Sent::from(question.exchange());
        let fault = self.fault();
        self.sent.push(sent.clone());
        if matches!(fault, Some(Fault::Unavailable | Fault::Down)) {
            return question.unavailable();
        }
        match (self.answer)(&sent, self.store) {
            Some(mut canned) if fault != Some(Fault::Lost) => {
                let headers: Vec<Field<'_>> =
                    canned.headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
                let mut body = std::mem::take(&mut canned.body).into_bytes();
                question.answer(Response { status: canned.status, headers: &headers, body: &mut body })
            }
            _ => question.unavailable(),
        }
    }
}

/// A host that loses so many races for a row that stays as it is.
pub struct Losing<'s> {
    /// The rows.
    pub store: &'s mut MemoryStore,
    /// How many are to be lost yet.
    pub races: u8,
    /// What every exchange is answered with.
    pub answer: Option<Canned>,
}

impl Host for Losing<'_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.store.answer_load(question)
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        match self.races.checked_sub(1) {
            Some(races) => {
                self.races = races;
                question.answer(Committed::Conflict)
            }
            None => {
                let outcome = self.store.commit(question.write());
                question.answer(outcome)
            }
        }
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        let answer = self.answer.clone();
        Peer::new(self.store, |_, _| answer.clone()).send(question)
    }
}
