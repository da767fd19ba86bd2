//! The explorer of the client's flows: the session's row and the server are both shared.
//!
//! The server acts upon a request at one step, and its answer makes itself felt at the flow's next question, which is another:
//! between the two all others may run. That the answer arrives changes nothing but the flow itself, and takes no turn.
//!
//! The explorer goes from state to state and enters none twice, so that the schedule of an end is one of those that lead
//! there: whether something holds of an end must not depend on it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use symbolon::Reason;
use symbolon::client::{self, BUFFER, Client, Refreshed, Revoked, SignedIn};
use symbolon::record::{Key, Record, Session};
use symbolon::step::{Commit, Committed, Flow, Row, Send, Step};
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::{Time, UserAgent};
use symbolon::wire::http::{Field, Response};

use crate::choice::{Choices, every};
use crate::drive;
use crate::explore::Mishap;
use crate::explore::model::{Model, access_token};
use crate::explore::world::{Sound, World};
use crate::fixture::BROWSER;
use crate::peer::{Canned, Sent};

/// A flow of the client, and what its clock says at its start.
#[derive(Clone, Debug)]
pub enum Call {
    /// With the query of the response.
    Callback(String, Time),
    /// With the access token that a resource has refused, if one has.
    Refresh(Option<String>, Time),
    /// A sign-out.
    Revoke(Time),
}

impl Call {
    /// What its clock says.
    pub const fn now(&self) -> Time {
        match self {
            Self::Callback(_, now) | Self::Refresh(_, now) | Self::Revoke(now) => *now,
        }
    }
}

/// How a flow ended. `SignInAgain` is also the end of a sign-in that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum End {
    Usable(String),
    Busy(Time),
    SignInAgain(Reason),
    SignedOut { at_server: bool },
    Failed(Reason),
}

trait Ends: Flow {
    fn end(output: Self::Output<'_>) -> End;
}

impl Ends for client::Callback {
    fn end(output: Self::Output<'_>) -> End {
        match output {
            Ok(SignedIn { tokens, .. }) => End::Usable(tokens.access_token.to_owned()),
            Err(failure) => End::SignInAgain(failure.reason),
        }
    }
}

impl Ends for client::Refresh {
    fn end(output: Self::Output<'_>) -> End {
        match output {
            Refreshed::Usable(tokens) => End::Usable(tokens.access_token.to_owned()),
            Refreshed::Busy { until } => End::Busy(until),
            Refreshed::SignInAgain(failure) => End::SignInAgain(failure.reason),
            Refreshed::Failed(failure) => End::Failed(failure.reason),
        }
    }
}

impl Ends for client::Revoke {
    fn end(output: Self::Output<'_>) -> End {
        match output {
            Revoked::SignedOut { at_server } => End::SignedOut { at_server },
            Revoked::Failed(failure) => End::Failed(failure.reason),
        }
    }
}

/// What a flow asks its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Question {
    Load,
    Commit,
    Sign,
    Verify,
    Send,
}

impl Question {
    /// What can go wrong at it. What changes nothing and whose answer is lost did not happen.
    const fn mishaps(self) -> &'static [Mishap] {
        match self {
            Self::Load | Self::Sign | Self::Verify => &[Mishap::Crash, Mishap::Down],
            Self::Commit | Self::Send => &[Mishap::Crash, Mishap::Down, Mishap::LostAnswer],
        }
    }
}

/// Tokens that were put into the session's row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Put {
    /// The access token.
    pub access_token: String,
    /// Whether the server took the grant for alive then.
    pub alive: bool,
    /// Whether the server had issued none that are newer.
    pub newest: bool,
}

/// What has happened, as far as the properties ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// What went wrong.
    pub mishaps: Vec<(Question, Mishap)>,
    /// The tokens that were put into the row, each once.
    pub put: Vec<Put>,
    /// The commits that lost a race.
    pub lost_races: usize,
}

impl History {
    fn note_row(&mut self, value: Option<&[u8]>, model: &Model) {
        let Some(Ok(Session::Active(tokens))) = value.map(Session::decode) else { return };
        let newest = tokens.access_token == access_token(model.issued);
        let put = Put { access_token: tokens.access_token.to_owned(), alive: model.has_live_tokens(), newest };
        if !self.put.contains(&put) {
            self.put.push(put);
        }
    }
}

/// All flows at their end, or crashed.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How each flow ended; `None` of one that crashed.
    pub ends: Vec<Option<End>>,
    /// The store and the server.
    pub world: Sound,
    /// What has happened.
    pub history: History,
    /// Which flow did what, in order: one way to this end.
    pub schedule: Vec<(usize, Question, Option<Mishap>)>,
}

/// A flow at its question. Flows of all kinds look the same from here.
trait Suspended<W> {
    fn question(&self) -> Question;
    fn advance(&mut self, world: &mut W, history: &mut History, mishap: Option<Mishap>) -> Option<End>;
    /// All answers so far: the flow is a function of them.
    fn heard(&self) -> u64;
}

struct At<'a, F: Flow> {
    flow: usize,
    step: Option<Step<'a, F>>,
    heard: DefaultHasher,
}

impl<'a, F: Ends, W: World> Suspended<W> for At<'a, F> {
    fn question(&self) -> Question {
        match self.step.as_ref() {
            Some(Step::Load(_)) => Question::Load,
            Some(Step::Commit(_)) => Question::Commit,
            Some(Step::Sign(_)) => Question::Sign,
            Some(Step::Verify(_)) => Question::Verify,
            Some(Step::Send(_)) => Question::Send,
            _ => panic!("no flow of the client is here"),
        }
    }

    fn heard(&self) -> u64 {
        self.heard.finish()
    }

    fn advance(&mut self, world: &mut W, history: &mut History, mishap: Option<Mishap>) -> Option<End> {
        let next = match self.step.take().expect("a flow that is not at its end") {
            Step::Load(question) if mishap.is_some() => {
                self.hear("down");
                question.unavailable()
            }
            Step::Load(question) => {
                let row = world.read(self.flow, question.key());
                self.hear(row.as_ref().map(|row| (row.version, &row.value)));
                question.answer(row.as_ref().map(|row| Row { version: row.version, value: &row.value }))
            }
            Step::Commit(question) => self.commit(question, world, history, mishap),
            Step::Send(question) => {
                let sent = Sent::from(question.exchange());
                let answer = (mishap != Some(Mishap::Down)).then(|| world.serve(self.flow, &sent));
                let answer = answer.filter(|_| mishap.is_none());
                self.hear(answer.as_ref().map(|canned| &canned.body));
                receive(question, answer)
            }
            Step::Sign(question) => {
                self.hear(mishap.is_none());
                if mishap.is_none() { drive::sign(question) } else { question.unavailable() }
            }
            Step::Verify(question) => {
                self.hear(mishap.is_none());
                if mishap.is_none() { drive::verify(question) } else { question.unavailable() }
            }
            Step::Done(_) => panic!("no flow of the client is here"),
        };
        self.settle(next)
    }
}

fn receive<F: Flow>(question: Send<'_, F>, answer: Option<Canned>) -> Step<'_, F> {
    let Some(answer) = answer else { return question.unavailable() };
    let headers: Vec<Field<'_>> =
        answer.headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
    let mut body = answer.body.into_bytes();
    question.answer(Response { status: answer.status, headers: &headers, body: &mut body })
}

impl<'a, F: Ends> At<'a, F> {
    fn hear(&mut self, answer: impl Hash) {
        answer.hash(&mut self.heard);
    }

    fn commit<W: World>(
        &mut self,
        question: Commit<'a, F>,
        world: &mut W,
        history: &mut History,
        mishap: Option<Mishap>,
    ) -> Step<'a, F> {
        let outcome = (mishap != Some(Mishap::Down)).then(|| world.write(self.flow, question.write()));
        match outcome {
            Some(Committed::Yes) => history.note_row(question.write().value, &world.sound().model),
            Some(Committed::Conflict) => history.lost_races += 1,
            None => {}
        }
        let heard = outcome.filter(|_| mishap.is_none());
        self.hear(heard.map(|outcome| outcome == Committed::Yes));
        match heard {
            Some(outcome) => question.answer(outcome),
            None => question.unavailable(),
        }
    }

    fn settle(&mut self, next: Step<'a, F>) -> Option<End> {
        match next {
            Step::Done(output) => Some(F::end(output)),
            next => {
                self.step = Some(next);
                None
            }
        }
    }
}

/// The client, as its application has set it up, and the session that the flows meet on.
pub struct Setting<'a> {
    /// The client.
    pub client: &'a Client<'static>,
    /// The server, as the client knows it.
    pub metadata: &'a ServerMetadata<'static>,
    /// The session.
    pub session: Key,
}

/// How much there was to explore.
#[derive(Clone, Copy, Debug, Default)]
pub struct Explored {
    /// The states.
    pub states: usize,
    /// The steps from one to another.
    pub steps: usize,
    /// The states in which all flows have ended.
    pub ends: usize,
}

/// Goes through every state that `calls` can come to on this world, if no more than `mishaps` things go wrong.
pub fn explore<W: World>(
    setting: &Setting<'_>,
    calls: &[Call],
    mishaps: usize,
    world: &W,
    mut visit: impl FnMut(Ended),
) -> Explored {
    let mut buffers = vec![vec![0; BUFFER]; calls.len()];
    let mut seen = HashSet::new();
    let mut explored = Explored::default();
    explored.steps = every(|choices| {
        if let Some(ended) = play(setting, calls, mishaps, world.clone(), choices, &mut buffers, &mut seen) {
            explored.ends += 1;
            visit(ended);
        }
    });
    explored.states = seen.len();
    explored
}

/// Plays one schedule to its end, or to a state that was seen before. `seen` holds hashes of 64 bits: two states out of some
/// hundred thousand share one with a chance of less than one in a billion.
fn play<W: World>(
    Setting { client, metadata, session }: &Setting<'_>,
    calls: &[Call],
    mishaps: usize,
    mut world: W,
    choices: &mut Choices,
    buffers: &mut [Vec<u8>],
    seen: &mut HashSet<u64>,
) -> Option<Ended> {
    const ENOUGH: &str = "the buffer is long enough";
    let mut queries: Vec<Vec<u8>> = calls.iter().map(query).collect();
    let mut ends: Vec<Option<End>> = vec![None; calls.len()];
    let mut waiting: Vec<(usize, Box<dyn Suspended<W> + '_>)> = Vec::new();
    for (n, ((call, query), buffer)) in calls.iter().zip(&mut queries).zip(buffers).enumerate() {
        let (flow, ended) = match call {
            Call::Callback(_, now) => {
                let browser = UserAgent::new(BROWSER).expect("long enough");
                hold(n, client.callback(metadata, query, browser, *now, buffer).expect(ENOUGH))
            }
            Call::Refresh(rejected, now) => {
                hold(n, client.refresh(metadata, *session, rejected.as_deref(), *now, buffer).expect(ENOUGH))
            }
            Call::Revoke(now) => hold(n, client.revoke(metadata, *session, *now, buffer).expect(ENOUGH)),
        };
        match ended {
            Some(end) => ends[n] = Some(end),
            None => waiting.push((n, flow)),
        }
    }
    let (mut schedule, mut history) = (Vec::new(), History::default());
    let row = world.sound().store.rows.get(session).map(|row| row.value.clone());
    history.note_row(row.as_deref(), &world.sound().model);
    loop {
        if !choices.is_scripted() && !seen.insert(state(&waiting, &ends, &world, &history)) {
            return None;
        }
        if waiting.is_empty() {
            return Some(Ended { ends, world: world.sound().clone(), history, schedule });
        }
        let place = choices.pick(waiting.len());
        let (n, flow) = &mut waiting[place];
        let (n, question) = (*n, flow.question());
        let possible = if history.mishaps.len() < mishaps { question.mishaps() } else { &[] };
        let mishap = choices.pick(possible.len() + 1).checked_sub(1).map(|which| possible[which]);
        history.mishaps.extend(mishap.map(|mishap| (question, mishap)));
        schedule.push((n, question, mishap));
        if mishap == Some(Mishap::Crash) {
            drop(waiting.remove(place));
        } else if let Some(end) = flow.advance(&mut world, &mut history, mishap) {
            ends[n] = Some(end);
            drop(waiting.remove(place));
        }
    }
}

/// How a flow has ended says what it needs to of what the flow has heard.
fn state<W: World>(
    waiting: &[(usize, Box<dyn Suspended<W> + '_>)],
    ends: &[Option<End>],
    world: &W,
    history: &History,
) -> u64 {
    let mut state = DefaultHasher::new();
    for (n, flow) in waiting {
        (n, flow.question(), flow.heard()).hash(&mut state);
    }
    (world, history, format!("{ends:?}")).hash(&mut state);
    state.finish()
}

fn query(call: &Call) -> Vec<u8> {
    match call {
        Call::Callback(query, _) => query.clone().into_bytes(),
        Call::Refresh(..) | Call::Revoke(_) => Vec::new(),
    }
}

fn hold<'a, F: Ends + 'a, W: World>(flow: usize, step: Step<'a, F>) -> (Box<dyn Suspended<W> + 'a>, Option<End>) {
    let mut at = At { flow, step: None, heard: DefaultHasher::new() };
    let ended = at.settle(step);
    (Box::new(at), ended)
}
