//! The exhaustive walk: each flow, with each abstract request, along each sequence of abstract answers.
//!
//! A run is a flow driven from its start by answers from a [`Menu`]; what was asked, answered and replied is kept as data,
//! so that the properties of [`properties`] judge a record and not a machine.

use std::collections::BTreeMap;

use symbolon::Reason;
use symbolon::record::Key;
use symbolon::server::{Authenticated, Authorization, Decision, Prompt, Server, Unasked, User, UserinfoReply};
use symbolon::step::{Commit, Committed, Flow, Load, Row, Send, Sign, Step, Verdict, Verify};
use symbolon::terms::{Time, UserAgent};
use symbolon::wire::http::{Field, Response};

use crate::drive::{Host, drive};
use crate::fixture::{Answer, Message, USER, entropy};
use crate::peer::{Canned, Sent};

pub mod access;
pub mod cases;
pub mod client;
pub mod documents;
pub mod graph;
pub mod keyed;
pub mod properties;
pub mod resource;
pub mod rows;
mod tree;
pub mod userinfo;

/// A question as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A read.
    Load {
        /// What the row would hold.
        kind: &'static str,
        /// Its key.
        key: Key,
    },
    /// A compare-and-swap.
    Commit(Write),
    /// A signing.
    Sign,
    /// A signature check.
    Verify,
    /// An HTTP exchange.
    Send(Sent),
}

/// A compare-and-swap as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// What the row holds.
    pub kind: &'static str,
    /// Its key.
    pub key: Key,
    /// The version it must still have.
    pub expected: Option<u64>,
    /// The new bytes.
    pub value: Option<Vec<u8>>,
    /// When it may be dropped.
    pub expires_at: Time,
    /// The client that it is labelled with.
    pub client_id: Option<String>,
    /// The user that it is labelled with.
    pub subject: Option<String>,
}

impl Question {
    /// The node of the graph at which the question is asked.
    pub fn node(&self) -> String {
        match self {
            Self::Load { kind, .. } => format!("load {kind}"),
            Self::Commit(Write { kind, .. }) => format!("commit {kind}"),
            Self::Sign => "sign".to_owned(),
            Self::Verify => "verify".to_owned(),
            Self::Send(_) => "send".to_owned(),
        }
    }
}

/// An answer as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// To a read: the row's version and value, if there is one.
    Row(Option<(u64, Vec<u8>)>),
    /// To a write: it was done.
    Committed,
    /// To a write: the race was lost.
    Conflict,
    /// To a signing.
    Signature(Vec<u8>),
    /// To a signature check.
    Verdict(Verdict),
    /// To an exchange.
    Response(Canned),
    /// To any: the host cannot say.
    Unavailable,
}

/// The answers that a question may get, by its node in the graph; from the first lost race on by its name with ` again`.
pub type Menu = BTreeMap<&'static str, Vec<Given>>;

/// How a flow is called.
#[derive(Clone, Debug)]
pub enum Call {
    /// The authorization endpoint, from the user's browser.
    Authorize(Message),
    /// The page of an interaction, with a handle, from the browser with this binding.
    Resume(String, &'static [u8]),
    /// A decision on an interaction: approval of a scope, or `None` for a refusal.
    Decide(String, &'static [u8], Option<String>),
    /// The end of an interaction without its user; `None` for a user who cannot be authenticated as asked.
    Decline(String, &'static [u8], Option<Unasked>),
    /// The endpoint for pushed authorization requests.
    Push(Message),
    /// The token endpoint.
    Token(Message),
    /// The revocation endpoint.
    Revoke(Message),
    /// The introspection endpoint.
    Introspect(Message),
    /// The userinfo endpoint.
    Userinfo(Message),
}

impl Call {
    /// The file of the flow, below `core/src`.
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Authorize(_) => "server/authorize.rs",
            Self::Resume(..) => "server/interaction.rs",
            Self::Decide(..) | Self::Decline(..) => "server/decide.rs",
            Self::Push(_) => "server/push.rs",
            Self::Token(_) => "server/token.rs",
            Self::Revoke(_) => "server/revoke.rs",
            Self::Introspect(_) => "server/introspect.rs",
            Self::Userinfo(_) => "server/userinfo.rs",
        }
    }
}

/// What a request shows of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its `client_id` alone.
    Nothing,
    /// Its secret, by Basic.
    Basic(String),
    /// Its secret, by post.
    Post(String),
}

/// What the test knows of a request without asking the core.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The client that the request is from, as it says.
    pub client_id: String,
    /// By what it shows that.
    pub shown: Shown,
    /// The code, token or handle that it presents.
    pub presented: String,
    /// Whether that was made by the server, is of the right kind and has not expired.
    pub genuine: bool,
    /// The verifier.
    pub verifier: Option<String>,
    /// The redirection URI.
    pub redirect_uri: Option<String>,
}

/// An abstract request to one flow, and the answers that its questions may get.
pub struct Case {
    /// For people.
    pub name: String,
    /// The flow and the request.
    pub call: Call,
    /// When.
    pub now: Time,
    /// What is known of the request.
    pub facts: Facts,
    /// The answers.
    pub menu: Menu,
}

/// What a flow ended in, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A reply to send.
    Reply(Answer),
    /// A page to show.
    Prompt(Shows),
    /// A user to tell of.
    User(Told),
}

/// A [`User`] as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The user.
    pub subject: String,
    /// The scope of the token.
    pub scope: String,
    /// The reply without the host's claims.
    pub body: String,
}

/// A [`Prompt`] as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shows {
    /// Names the interaction.
    pub handle: String,
    /// The client.
    pub client_id: String,
    /// Where the user will be sent.
    pub redirect_uri: String,
    /// The scope asked for.
    pub scope: String,
    /// The error that waits to be redirected.
    pub refusal: Option<Reason>,
}

/// A flow driven to its end.
#[derive(Clone)]
pub struct Run<'c> {
    /// The request.
    pub case: &'c Case,
    /// Each question with its answer.
    pub record: Vec<(Question, Given)>,
    /// The end.
    pub output: Output,
}

impl Run<'_> {
    /// The reply, if the run ended in one.
    pub const fn reply(&self) -> Option<&Answer> {
        match &self.output {
            Output::Reply(answer) => Some(answer),
            Output::Prompt(_) | Output::User(_) => None,
        }
    }
}

/// The edges of the graph that a run with this record took.
pub fn edges(record: &[(Question, Given)]) -> graph::Edges {
    let asked = record.iter().map(|(question, _)| question.node());
    let nodes: Vec<String> = ["start".to_owned()].into_iter().chain(asked).chain(["done".to_owned()]).collect();
    nodes.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// A question and its answer in one line, to be read by a person.
pub fn said(question: &Question, given: &Given) -> String {
    let given = match given {
        Given::Row(Some((version, value))) => {
            let text = |&byte: &u8| if byte.is_ascii_graphic() { char::from(byte) } else { '.' };
            format!("{version} {}", value.iter().map(text).collect::<String>())
        }
        Given::Response(Canned { status, body, .. }) => format!("{status} {body}"),
        other => format!("{other:?}"),
    };
    format!("{}: {given}", question.node())
}

/// A host that keeps the record and gets its answers from a function.
struct Recorder<A> {
    record: Vec<(Question, Given)>,
    answer: A,
}

impl<A: FnMut(&Question) -> Given> Recorder<A> {
    fn ask(&mut self, question: Question) -> Given {
        let given = (self.answer)(&question);
        self.record.push((question, given.clone()));
        given
    }
}

impl<A: FnMut(&Question) -> Given> Host for Recorder<A> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        match self.ask(Question::Load { kind: question.kind().as_str(), key: question.key() }) {
            Given::Row(row) => question.answer(row.as_ref().map(|(version, value)| Row { version: *version, value })),
            Given::Unavailable => question.unavailable(),
            other => panic!("{other:?} to a read"),
        }
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        let write = question.write();
        let asked = Question::Commit(Write {
            kind: write.labels.kind.as_str(),
            key: write.key,
            expected: write.expected,
            value: write.value.map(<[u8]>::to_vec),
            expires_at: write.expires_at,
            client_id: write.labels.client_id.map(str::to_owned),
            subject: write.labels.subject.map(str::to_owned),
        });
        match self.ask(asked) {
            Given::Committed => question.answer(Committed::Yes),
            Given::Conflict => question.answer(Committed::Conflict),
            Given::Unavailable => question.unavailable(),
            other => panic!("{other:?} to a write"),
        }
    }

    fn sign<'a, F: Flow>(&mut self, question: Sign<'a, F>) -> Step<'a, F> {
        match self.ask(Question::Sign) {
            Given::Signature(signature) => question.answer(&signature),
            Given::Unavailable => question.unavailable(),
            other => panic!("{other:?} to a signing"),
        }
    }

    fn verify<'a, F: Flow>(&mut self, question: Verify<'a, F>) -> Step<'a, F> {
        match self.ask(Question::Verify) {
            Given::Verdict(verdict) => question.answer(verdict),
            Given::Unavailable => question.unavailable(),
            other => panic!("{other:?} to a signature check"),
        }
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        match self.ask(Question::Send(question.exchange().into())) {
            Given::Response(Canned { status, headers, body }) => {
                let headers: Vec<Field<'_>> =
                    headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
                question.answer(Response { status, headers: &headers, body: &mut body.into_bytes() })
            }
            Given::Unavailable => question.unavailable(),
            other => panic!("{other:?} to an exchange"),
        }
    }
}

/// Runs a case from its start; `answer` says what each question gets.
pub fn perform<'c>(
    server: &Server<'_>,
    case: &'c Case,
    buffer: &mut [u8],
    answer: impl FnMut(&Question) -> Given,
) -> Run<'c> {
    let mut host = Recorder { record: Vec::new(), answer };
    let browser = |binding| UserAgent::new(binding).expect("long enough");
    const ENOUGH: &str = "the buffer is long enough";
    let output = match case.call.clone() {
        Call::Authorize(mut message) => message.lend(|request| {
            let browser = browser(crate::fixture::BROWSER);
            let step = server.authorize(request, browser, case.now, entropy(1), buffer);
            interaction(drive(step.expect(ENOUGH), &mut host))
        }),
        Call::Resume(handle, binding) => {
            let step = server.resume(&handle, browser(binding), case.now, buffer);
            interaction(drive(step.expect(ENOUGH), &mut host))
        }
        Call::Decide(handle, binding, approved) => {
            let user = Authenticated::new(USER, case.now).expect("a subject");
            let decision = approved
                .as_deref()
                .map_or(Decision::Deny, |scope| Decision::Approve { scope, authorization_details: "" });
            let step = server.decide(&handle, browser(binding), user, decision, case.now, buffer);
            Output::Reply(drive(step.expect(ENOUGH), &mut host).into())
        }
        Call::Decline(handle, binding, why) => {
            let user = Authenticated::new(USER, case.now).expect("a subject");
            let step = match why {
                Some(why) => server.decline(&handle, browser(binding), why, case.now, buffer),
                None => {
                    let unmet = Decision::AuthenticationUnmet;
                    server.decide(&handle, browser(binding), user, unmet, case.now, buffer)
                }
            };
            Output::Reply(drive(step.expect(ENOUGH), &mut host).into())
        }
        Call::Push(mut message) => message.lend(|request| {
            let step = server.push(request, case.now, entropy(1), buffer).expect(ENOUGH);
            Output::Reply(drive(step, &mut host).into())
        }),
        Call::Token(mut message) => message.lend(|request| {
            let step = server.token(request, case.now, entropy(1), buffer).expect(ENOUGH);
            Output::Reply(drive(step, &mut host).into())
        }),
        Call::Revoke(mut message) => message.lend(|request| {
            let step = server.revoke(request, case.now, buffer).expect(ENOUGH);
            Output::Reply(drive(step, &mut host).into())
        }),
        Call::Introspect(mut message) => message.lend(|request| {
            let step = server.introspect(request, case.now, buffer).expect(ENOUGH);
            Output::Reply(drive(step, &mut host).into())
        }),
        Call::Userinfo(mut message) => message.lend(|request| {
            let step = server.userinfo(request, case.now, buffer).expect(ENOUGH);
            match drive(step, &mut host) {
                UserinfoReply::Refused(reply) => Output::Reply(reply.into()),
                UserinfoReply::User(User { subject, scope, reply, .. }) => {
                    let (subject, scope) = (subject.to_owned(), scope.to_owned());
                    Output::User(Told { subject, scope, body: Answer::from(reply).body })
                }
            }
        }),
    };
    Run { case, record: host.record, output }
}

fn interaction(authorization: Authorization<'_>) -> Output {
    match authorization {
        Authorization::Interact(Prompt { handle, client_id, redirect_uri, scope, refusal, .. }) => {
            Output::Prompt(Shows {
                handle: handle.to_owned(),
                client_id: client_id.to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                scope: scope.to_owned(),
                refusal,
            })
        }
        Authorization::Refused(reply) => Output::Reply(reply.into()),
    }
}

/// Runs a case along every sequence of answers that its menu allows; returns how many there are.
pub fn walk<'c>(server: &Server<'_>, case: &'c Case, mut visit: impl FnMut(Run<'c>)) -> usize {
    let mut buffer = vec![0; symbolon::server::BUFFER];
    tree::answered(&case.menu, |answer| visit(perform(server, case, &mut buffer, answer)))
}

/// Runs a case with answers that were given before.
pub fn replay<'c>(server: &Server<'_>, run: &Run<'c>, buffer: &mut [u8]) -> Run<'c> {
    let mut given = run.record.iter().map(|(_, given)| given.clone());
    perform(server, run.case, buffer, |_| given.next().expect("as many questions as before"))
}
