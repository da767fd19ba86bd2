//! The interleaving explorer: several flows on one store, their questions answered in every order.
//!
//! No flow writes a client's row, so that reading it commutes with all else, and so does what keys are asked: these
//! questions are answered at once, and only the questions about grants take turns.
//!
//! The flows of the client, which ask a server too, are in [`client`].

pub mod client;
pub mod faulty;
pub mod meetings;
pub mod model;
pub mod server;
pub mod world;

use symbolon::record::{Key, Kind};
use symbolon::server::{Authenticated, Authorization, BUFFER, Decision, Server};
use symbolon::step::{Committed, Flow, Row, Step, Write};
use symbolon::terms::{Time, UserAgent};
use symbolon::wire::http::{Field, Reply, Request};

use crate::choice::{Choices, every};
use crate::drive;
use crate::fixture::{Answer, BROWSER, Message, USER, entropy};
use crate::store::{MemoryStore, Stored};
use crate::walk::Call;

/// What answers the questions of all flows, one at a time.
pub trait Shared {
    /// Reads a row.
    fn read(&mut self, key: Key) -> Option<Stored>;
    /// Writes a row.
    fn write(&mut self, write: &Write<'_>) -> Committed;
    /// The rows as they are now.
    fn rows(&self) -> MemoryStore;
}

impl Shared for MemoryStore {
    fn read(&mut self, key: Key) -> Option<Stored> {
        self.rows.get(&key).cloned()
    }

    fn write(&mut self, write: &Write<'_>) -> Committed {
        self.commit(write)
    }

    fn rows(&self) -> MemoryStore {
        self.clone()
    }
}

/// What may go wrong once in a schedule, at any question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mishap {
    /// The question is never answered: the process that ran the flow is gone.
    Crash,
    /// The store does not answer, and did nothing.
    Down,
    /// The store did what it was asked, and its answer is lost.
    LostAnswer,
}

/// A flow at its question. Flows of all kinds look the same from here.
trait Suspended {
    /// Whether the question that the flow stands at is about keys, or a row that no flow writes.
    fn commutes(&self) -> bool;
    /// Answers the question that the flow stands at; the answer of the flow if that was its last.
    fn advance(&mut self, store: &mut dyn Shared, mishap: Option<Mishap>) -> Option<Answer>;
}

/// What a flow ends in, as an answer; a prompt is one that was served.
trait Ends {
    fn answer(self) -> Answer;
}

impl Ends for Reply<'_> {
    fn answer(self) -> Answer {
        self.into()
    }
}

impl Ends for Authorization<'_> {
    fn answer(self) -> Answer {
        match self {
            Self::Refused(page) => page.into(),
            Self::Interact(prompt) => Answer {
                status: 200,
                headers: Vec::new(),
                body: format!("prompt {}", prompt.handle),
                reason: None,
                event: None,
            },
        }
    }
}

struct At<'a, F: Flow>(Option<Step<'a, F>>);

impl<'a, F: Flow<Output<'a>: Ends>> Suspended for At<'a, F> {
    fn commutes(&self) -> bool {
        match &self.0 {
            Some(Step::Load(question)) => question.kind() == Kind::Client,
            Some(Step::Sign(_) | Step::Verify(_)) => true,
            _ => false,
        }
    }

    fn advance(&mut self, store: &mut dyn Shared, mishap: Option<Mishap>) -> Option<Answer> {
        let down = mishap.is_some();
        let next = match self.0.take().expect("a flow that is not at its end") {
            Step::Load(question) if down => question.unavailable(),
            Step::Load(question) => {
                let row = store.read(question.key());
                question.answer(row.as_ref().map(|row| Row { version: row.version, value: &row.value }))
            }
            Step::Commit(question) => match mishap {
                Some(Mishap::LostAnswer) => {
                    let _ = store.write(question.write());
                    question.unavailable()
                }
                Some(_) => question.unavailable(),
                None => {
                    let outcome = store.write(question.write());
                    question.answer(outcome)
                }
            },
            Step::Sign(question) if down => question.unavailable(),
            Step::Verify(question) if down => question.unavailable(),
            Step::Sign(question) => drive::sign(question),
            Step::Verify(question) => drive::verify(question),
            Step::Done(_) | Step::Send(_) => panic!("no flow of the server is here"),
        };
        self.settle(next)
    }
}

impl<'a, F: Flow<Output<'a>: Ends>> At<'a, F> {
    fn settle(&mut self, next: Step<'a, F>) -> Option<Answer> {
        match next {
            Step::Done(output) => Some(output.answer()),
            next => {
                self.0 = Some(next);
                None
            }
        }
    }
}

/// One schedule, played to its end.
#[derive(Clone, Debug)]
pub struct Played {
    /// The answer of each flow; `None` of one that crashed.
    pub answers: Vec<Option<Answer>>,
    /// Which flow had its question answered, in order, and what went wrong there.
    pub schedule: Vec<(usize, Option<Mishap>)>,
    /// The rows at the end.
    pub store: MemoryStore,
}

impl Played {
    /// The answers that hold this member or parameter.
    pub fn with(&self, name: &str) -> Vec<&Answer> {
        let holds = |answer: &&Answer| answer.member(name).is_some() || answer.location(name).is_some();
        self.answers.iter().flatten().filter(holds).collect()
    }
}

/// Plays every schedule of `calls`; returns how many there are. With `mishap`, one thing goes wrong in each: that one, at
/// every question in turn, and nowhere.
pub fn explore<S: Shared>(
    server: &Server<'_>,
    now: Time,
    calls: &[Call],
    mishap: Option<Mishap>,
    store: impl Fn() -> S,
    mut visit: impl FnMut(Played),
) -> usize {
    every(|choices| visit(play(server, now, calls, mishap, store(), choices)))
}

fn play<S: Shared>(
    server: &Server<'_>,
    now: Time,
    calls: &[Call],
    mut mishap: Option<Mishap>,
    mut store: S,
    choices: &mut Choices,
) -> Played {
    let mut messages: Vec<Option<Message>> = calls.iter().map(message).collect();
    let fields: Vec<Vec<(String, Vec<u8>)>> =
        messages.iter().map(|message| message.iter().flat_map(|message| message.headers.clone()).collect()).collect();
    let fields: Vec<Vec<Field<'_>>> =
        fields.iter().map(|of| of.iter().map(|(name, value)| Field { name, value }).collect()).collect();
    let mut buffers = vec![vec![0; BUFFER]; calls.len()];
    let mut answers: Vec<Option<Answer>> = vec![None; calls.len()];
    let mut waiting: Vec<(usize, Box<dyn Suspended + '_>)> = Vec::new();
    let lent = calls.iter().zip(&mut messages).zip(&fields).zip(&mut buffers).enumerate();
    for (n, (((call, message), headers), buffer)) in lent {
        let request = message.as_mut().map(|Message { method, query, body, .. }| Request {
            method: *method,
            query,
            headers,
            body,
            certificate: None,
        });
        const ENOUGH: &str = "the buffer is long enough";
        let (flow, ended): (Box<dyn Suspended>, _) = match (call, request) {
            (Call::Authorize(_), Some(request)) => {
                let browser = UserAgent::new(BROWSER).expect("long enough");
                hold(server.authorize(request, browser, now, entropy(1), buffer).expect(ENOUGH))
            }
            (Call::Push(_), Some(request)) => {
                let entropy = entropy(u8::try_from(n + 2).expect("few flows"));
                hold(server.push(request, now, entropy, buffer).expect(ENOUGH))
            }
            (Call::Token(_), Some(request)) => {
                // Each makes a grant of its own, if it makes one.
                let entropy = entropy(u8::try_from(n + 2).expect("few flows"));
                hold(server.token(request, now, entropy, buffer).expect(ENOUGH))
            }
            (Call::Revoke(_), Some(request)) => hold(server.revoke(request, now, buffer).expect(ENOUGH)),
            (Call::Introspect(_), Some(request)) => hold(server.introspect(request, now, buffer).expect(ENOUGH)),
            (Call::Decide(handle, _, approved), _) => {
                let browser = UserAgent::new(BROWSER).expect("long enough");
                let user = Authenticated::new(USER, now).expect("a subject");
                let decision = approved
                    .as_deref()
                    .map_or(Decision::Deny, |scope| Decision::Approve { scope, authorization_details: "" });
                hold(server.decide(handle, browser, user, decision, now, buffer).expect(ENOUGH))
            }
            _ => panic!("not a flow that is explored"),
        };
        match ended {
            Some(answer) => answers[n] = Some(answer),
            None => waiting.push((n, flow)),
        }
    }
    let mut schedule = Vec::new();
    while !waiting.is_empty() {
        let commuting = waiting.iter().position(|(_, flow)| flow.commutes());
        let place = commuting.unwrap_or_else(|| choices.pick(waiting.len()));
        let here = mishap.filter(|_| choices.pick(2) == 1);
        let (n, flow) = &mut waiting[place];
        let n = *n;
        schedule.push((n, here));
        if here.is_some() {
            mishap = None;
        }
        if here == Some(Mishap::Crash) {
            drop(waiting.remove(place));
        } else if let Some(answer) = flow.advance(&mut store, here) {
            answers[n] = Some(answer);
            drop(waiting.remove(place));
        }
    }
    drop(waiting);
    Played { answers, schedule, store: store.rows() }
}

fn hold<'a, F: Flow<Output<'a>: Ends> + 'a>(step: Step<'a, F>) -> (Box<dyn Suspended + 'a>, Option<Answer>) {
    let mut at = At(None);
    let ended = at.settle(step);
    (Box::new(at), ended)
}

fn message(call: &Call) -> Option<Message> {
    match call {
        Call::Authorize(message)
        | Call::Push(message)
        | Call::Token(message)
        | Call::Revoke(message)
        | Call::Introspect(message)
        | Call::Userinfo(message) => Some(message.clone()),
        Call::Resume(..) | Call::Decide(..) | Call::Decline(..) => None,
    }
}
