//! A document written anew: what the core asks and what comes out, on a store in memory.
//!
//! What the author wrote stays: prose, `given` blocks, calls, the responses of exchanges, and each answer that ends in `!`.

use std::fmt::Write as _;

use symbolon::record::{
    AuthenticationMethod, CertificateSubject, Client, ClientKeys, Grant, Key, Record, SenderConstraint, Session,
};
use symbolon::step::{Commit, Committed, Flow as CoreFlow, Load, Row, Send, Sign, Step, Verdict, Verify};
use symbolon::wire::jose::Algorithm;

use super::block::{self, Block, Piece, fold_hex};
use super::http::{Response, is_response};
use super::parse::{self, Item};
use super::scene::{Change, Scene};
use super::{Answer, Asked, Call, ENTRIES, Names, Outcome, Question, Role, hex, line, replay};
use crate::drive::Host;
use crate::store::MemoryStore;
use crate::{fixture, keys};

/// Writes a document anew.
pub fn bless(document: &str) -> Result<String, String> {
    let mut scene = Scene::default();
    let mut desk = Desk::default();
    let mut pieces = Vec::new();
    let mut has_rows = false;
    for item in parse::items(document)? {
        let failed = |block: &Block, error: String| format!("line {}: {error}", block.line);
        match item {
            Item::Prose(prose) => pieces.push(Piece::Prose(prose)),
            Item::Aside(block) => pieces.push(Piece::Block(block)),
            Item::Rows(_) => has_rows = true,
            Item::Given(block) => {
                for change in scene.given(&block).map_err(|error| failed(&block, error))? {
                    desk.change(&change).map_err(|error| failed(&block, error))?;
                }
                pieces.push(Piece::Block(block));
            }
            Item::Flow(call, rest) => {
                let blocks = desk.run(&mut scene, &call, &rest).map_err(|error| failed(&call, error))?;
                pieces.push(Piece::Block(call));
                for block in blocks {
                    pieces.push(Piece::Prose("\n".into()));
                    pieces.push(Piece::Block(block));
                }
            }
        }
    }
    if !desk.names.keys.is_empty() {
        if !has_rows {
            pieces.push(Piece::Prose("\n## Rows\n\n".into()));
        }
        pieces.push(Piece::Block(rows_block(&desk.names)));
    }
    Ok(block::write(&pieces))
}

/// The store, and what its rows are called.
struct Desk {
    store: MemoryStore,
    names: Names,
}

impl Default for Desk {
    fn default() -> Self {
        Self { store: fixture::clients(), names: Names::default() }
    }
}

impl Desk {
    /// Runs a flow; the blocks behind its call.
    fn run(&mut self, scene: &mut Scene, call: &Block, rest: &[Block]) -> Result<Vec<Block>, String> {
        let data = scene.call(call)?;
        let staged = staged(rest, scene, &self.names)?;
        let mut recorder = Recorder { desk: self, call: &data, staged, asked: Vec::new() };
        let outcome = replay::run(&data, &mut recorder)?;
        let asked = recorder.asked;
        scene.remember(&outcome);
        let mut blocks = Vec::new();
        let mut lines = Vec::new();
        for one in &asked {
            let Asked { question, answer, staged } = one;
            lines.push(line::write(one, &self.names));
            if let Question::Send { request, .. } = question {
                blocks.push(Block::new("host", std::mem::take(&mut lines).join("\n")));
                blocks.push(request.write());
                if let Answer::Response(response) = answer {
                    // The author's own text has its names in braces.
                    let answers = blocks.iter().filter(|block| is_response(block)).count();
                    let written = exchange_responses(rest).nth(answers).filter(|_| *staged);
                    blocks.push(written.map_or_else(|| response.write(), Block::clone));
                }
            }
        }
        let mut end = outcome_blocks(&outcome);
        if let Some(logged) = end.first_mut().filter(|block| block.info == "host") {
            lines.extend(logged.text.lines().map(str::to_owned));
            end.remove(0);
        }
        if !lines.is_empty() {
            blocks.push(Block::new("host", lines.join("\n")));
        }
        blocks.extend(end);
        Ok(blocks)
    }

    fn change(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::Client { client_id, member, value } => {
                let key = Key::client(client_id);
                let stored = self.store.rows.get(&key).ok_or_else(|| format!("no client {client_id}"))?.clone();
                let mut client = Client::decode(&stored.value).map_err(|reason| format!("{reason:?}"))?;
                match member.as_str() {
                    "disabled" => client.disabled = true,
                    "pushed_requests_only" => client.pushed_requests_only = true,
                    "authorization_details_types" => client.authorization_details_types = value,
                    "scope" => client.scope = value,
                    "default_scope" => client.default_scope = value,
                    "resources" => client.resources = value,
                    "redirect_uris" => client.redirect_uris = value,
                    "grant_types" => {
                        client.grant_types.authorization_code =
                            value.split(' ').any(|word| word == "authorization_code");
                        client.grant_types.refresh_token = value.split(' ').any(|word| word == "refresh_token");
                        client.grant_types.client_credentials =
                            value.split(' ').any(|word| word == "client_credentials");
                    }
                    "authentication" => {
                        let (method, subject) = value.split_once(' ').unwrap_or((value, ""));
                        client.secrets = &[];
                        client.authentication = match method {
                            "none" => AuthenticationMethod::None,
                            "private_key_jwt" => AuthenticationMethod::PrivateKeyJwt,
                            "tls_client_auth" => AuthenticationMethod::TlsClientAuth,
                            "self_signed_tls_client_auth" => AuthenticationMethod::SelfSignedTlsClientAuth,
                            _ => return Err(format!("a client does not come to authenticate by {method}")),
                        };
                        if !subject.is_empty() {
                            client.certificate = CertificateSubject::Dn(subject);
                        }
                    }
                    "jwks" => client.keys = ClientKeys::Jwks(value),
                    "jwks_uri" => client.keys = ClientKeys::JwksUri(value),
                    "token_endpoint_auth_signing_alg" => client.signing_algorithm = Algorithm::from_name(value),
                    "sender_constrained" => client.sender_constraint = SenderConstraint::Required,
                    _ => return Err(format!("no member {member}")),
                }
                fixture::put(&mut self.store, &client);
                if let Some(row) = self.store.rows.get_mut(&key) {
                    row.version = stored.version + 1;
                }
            }
            Change::Row { name, value } => {
                let key = self.names.key(name).ok_or_else(|| format!("no row of {name} so far"))?;
                let row = self.store.rows.get_mut(&Key(key)).ok_or_else(|| format!("no row of {name}"))?;
                row.version += 1;
                row.value.clone_from(value);
            }
        }
        Ok(())
    }

    /// Gives names to what a question and its answer hold.
    fn name(&mut self, question: &Question, answer: &Answer) {
        let (kind, key) = match question {
            Question::Load { kind, key } | Question::Commit { kind, key, .. } => (kind, key),
            Question::Sign { .. } | Question::Verify { .. } | Question::Send { .. } => return,
        };
        let known = self.names.keys.iter().any(|(_, known)| known == key);
        if !known {
            let client = self.store.rows.get(&Key(*key)).filter(|row| row.kind == "client");
            let name = client.and_then(|row| row.client_id.clone()).unwrap_or_else(|| {
                let initial = if kind == "client" { "nobody" } else { &kind[..1] };
                let others =
                    self.names.keys.iter().filter(|(name, _)| name.strip_prefix(initial).is_some_and(is_number));
                format!("{initial}{}", others.count() + 1)
            });
            self.names.keys.push((name, *key));
        }
        let written = match question {
            Question::Commit { expected, value: Some(value), .. } => {
                Some((expected.map_or(1, |version| version.saturating_add(1)), value))
            }
            _ => None,
        };
        let read = if let Answer::Row { version, value } = answer { Some((*version, value)) } else { None };
        for (version, value) in written.into_iter().chain(read) {
            if self.names.find_row(key, version, value).is_none() {
                let name = format!("{}@{version}{}", self.names.name_of_key(key), state(kind, value));
                let mut free = name.clone();
                let mut copies = 1;
                while self.names.row(&free).is_some() {
                    copies += 1;
                    free = format!("{name}-{copies}");
                }
                self.names.rows.push((free, value.clone()));
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the name of a row says of its state.
fn state(kind: &str, value: &[u8]) -> &'static str {
    match kind {
        "grant" => match Grant::decode(value) {
            Ok(Grant::Pushed(_)) => "-pushed",
            Ok(Grant::Pending(_)) => "-pending",
            Ok(Grant::Code(_)) => "-code",
            Ok(Grant::Active(_)) => "-active",
            Ok(Grant::Revoked(_)) => "-revoked",
            Err(_) => "-undecodable",
        },
        "session" => match Session::decode(value) {
            Ok(Session::Started(_)) => "-started",
            Ok(Session::Redeeming(_)) => "-redeeming",
            Ok(Session::Active(_)) => "-active",
            Ok(Session::Refreshing(_)) => "-refreshing",
            Err(_) => "-undecodable",
        },
        "client" if Client::decode(value).is_err() => "-undecodable",
        _ => "",
    }
}

/// The answers that the author gave, by position.
fn staged(rest: &[Block], scene: &Scene, names: &Names) -> Result<Vec<Option<Answer>>, String> {
    let mut responses = exchange_responses(rest);
    let lines = rest.iter().filter(|block| block.info == "host").flat_map(Block::lines);
    let questions = lines.filter(|line| !line.starts_with("reason ") && !line.starts_with("event "));
    questions
        .map(|text| match line::split(&text) {
            Some((_, "answered", staged)) => {
                let response = parse::read_response(responses.next(), scene)?;
                Ok(staged.then_some(Answer::Response(response)))
            }
            Some((question, answer, true)) => line::read_answer(question, answer, names).map(Some),
            _ => Ok(None),
        })
        .collect()
}

/// The responses of exchanges: each follows its request, or, in what is not blessed yet, the question.
fn exchange_responses(rest: &[Block]) -> impl Iterator<Item = &Block> {
    let is_asked = |block: &Block| match block.info.as_str() {
        "host" => block.text.ends_with("-> answered !"),
        _ => block.info == "http" && !is_response(block),
    };
    rest.windows(2).filter(move |pair| is_asked(&pair[0]) && is_response(&pair[1])).map(|pair| &pair[1])
}

/// The host of a recording: it answers from the store, or as the author wants it.
struct Recorder<'d> {
    desk: &'d mut Desk,
    call: &'d Call,
    staged: Vec<Option<Answer>>,
    asked: Vec<Asked>,
}

impl Recorder<'_> {
    fn staged(&self) -> Option<Answer> {
        self.staged.get(self.asked.len()).cloned().flatten()
    }

    /// The server of the tests answers what is sent to it, with the same store and clock.
    fn answer_as_server(&mut self, question: &Question) -> Option<Answer> {
        let Question::Send { request, .. } = question else { return None };
        let target = request.target.strip_prefix(fixture::ISSUER)?;
        let entry = ENTRIES.iter().find(|entry| entry.role == Role::Server && entry.path == Some(target))?;
        let call = Call {
            entry,
            request: Some(request.clone()),
            arguments: Vec::new(),
            certificate: None,
            ..self.call.clone()
        };
        replay::run(&call, &mut self.desk.store).ok()?.response.map(Answer::Response)
    }

    fn record(&mut self, question: Question, answer: &Answer, staged: bool) {
        self.desk.name(&question, answer);
        self.asked.push(Asked { question, answer: answer.clone(), staged });
    }
}

impl Host for Recorder<'_> {
    fn load<'a, F: CoreFlow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        let staged = self.staged();
        let is_staged = staged.is_some();
        let answer = staged.unwrap_or_else(|| match self.desk.store.load(question.key()) {
            Some(Row { version, value }) => Answer::Row { version, value: value.into() },
            None => Answer::Absent,
        });
        self.record(replay::load_question(&question), &answer, is_staged);
        match &answer {
            Answer::Row { version, value } => question.answer(Some(Row { version: *version, value })),
            Answer::Absent => question.answer(None),
            _ => question.unavailable(),
        }
    }

    fn commit<'a, F: CoreFlow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        let staged = self.staged();
        let is_staged = staged.is_some();
        let write = |desk: &mut Desk| match desk.store.commit(question.write()) {
            Committed::Yes => Answer::Committed,
            Committed::Conflict => Answer::Conflict,
        };
        let answer = match staged {
            None => write(self.desk),
            Some(Answer::UnavailableAfterWrite) => {
                let _ = write(self.desk);
                Answer::UnavailableAfterWrite
            }
            Some(answer) => answer,
        };
        self.record(replay::commit_question(&question), &answer, is_staged);
        match answer {
            Answer::Committed => question.answer(Committed::Yes),
            Answer::Conflict => question.answer(Committed::Conflict),
            _ => question.unavailable(),
        }
    }

    fn sign<'a, F: CoreFlow>(&mut self, question: Sign<'a, F>) -> Step<'a, F> {
        let staged = self.staged();
        let is_staged = staged.is_some();
        let made = || keys::sign(question.key_id(), question.message()).map_or(Answer::Unavailable, Answer::Signature);
        let answer = staged.unwrap_or_else(made);
        self.record(replay::sign_question(&question), &answer, is_staged);
        match &answer {
            Answer::Signature(signature) => question.answer(signature),
            _ => question.unavailable(),
        }
    }

    fn verify<'a, F: CoreFlow>(&mut self, question: Verify<'a, F>) -> Step<'a, F> {
        let staged = self.staged();
        let is_staged = staged.is_some();
        let checked = || match keys::verify(question.key(), question.message(), question.signature()) {
            Verdict::Valid => Answer::Valid,
            Verdict::Invalid => Answer::Invalid,
        };
        let answer = staged.unwrap_or_else(checked);
        self.record(replay::verify_question(&question), &answer, is_staged);
        match answer {
            Answer::Valid => question.answer(Verdict::Valid),
            Answer::Invalid => question.answer(Verdict::Invalid),
            _ => question.unavailable(),
        }
    }

    fn send<'a, F: CoreFlow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        let staged = self.staged();
        let is_staged = staged.is_some();
        let data = replay::send_question(&question);
        let answer = staged.or_else(|| self.answer_as_server(&data)).unwrap_or(Answer::Unavailable);
        self.record(data, &answer, is_staged);
        match &answer {
            Answer::Response(response) => replay::answer_send(question, response),
            _ => question.unavailable(),
        }
    }
}

/// The blocks of an outcome: what is logged, and what comes out.
pub fn outcome_blocks(outcome: &Outcome) -> Vec<Block> {
    let Outcome { response, fields, reason, event } = outcome;
    let reason = reason.as_ref().map(|reason| format!("reason {reason}"));
    let logged: Vec<String> = reason.into_iter().chain(event.as_ref().map(|event| format!("event {event}"))).collect();
    let logged = (!logged.is_empty()).then(|| Block::new("host", logged.join("\n")));
    let fields = fields.as_ref().map(|(name, fields)| {
        let lines: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name} {value}").trim_end().to_owned()).collect();
        Block::new(name, lines.join("\n"))
    });
    logged.into_iter().chain(response.as_ref().map(Response::write)).chain(fields).collect()
}

fn rows_block(names: &Names) -> Block {
    let mut text = String::new();
    for (name, key) in &names.keys {
        let _ = writeln!(text, "{name} {}", hex(key));
        for (row, value) in names.rows.iter().filter(|(row, _)| row.split('@').next() == Some(name)) {
            let _ = writeln!(text, "{row} {}", fold_hex(&hex(value)));
        }
    }
    Block::new("rows", text.trim_end().into())
}
