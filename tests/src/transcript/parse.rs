//! Documents to data.

use base64ct::{Base64, Encoding};

use super::block::{self, Block, Piece};
use super::http::{Request, Response, is_incoming, is_response};
use super::{Answer, Asked, Call, ENTRIES, Flow, Names, Outcome, Settings, Transcript, line, unhex};
use crate::fixture;

/// Reads a document.
pub fn parse(document: &str) -> Result<Transcript, String> {
    let items = items(document)?;
    let mut names = Names::default();
    for block in items.iter().filter_map(|item| if let Item::Rows(block) = item { Some(block) } else { None }) {
        read_rows(block, &mut names).map_err(|error| at(block, &error))?;
    }
    let mut scene = Scene::default();
    let mut title = String::new();
    let mut flows = Vec::new();
    for item in &items {
        match item {
            Item::Prose(prose) => title = heading(prose).unwrap_or(title),
            Item::Given(block) => scene.given(block).map(drop).map_err(|error| at(block, &error))?,
            Item::Flow(call, rest) => {
                let flow = || {
                    let title = title.clone();
                    let call_data = scene.call(call)?;
                    let (asked, outcome) = read_rest(rest, &names, &scene)?;
                    scene.remember(&outcome);
                    Ok(Flow { line: call.line, title, call: call_data, asked, outcome })
                };
                flows.push({ flow }().map_err(|error: String| at(call, &error))?);
            }
            Item::Rows(_) | Item::Aside(_) => {}
        }
    }
    if flows.is_empty() { Err("holds no flows".into()) } else { Ok(Transcript { flows, names }) }
}

fn at(block: &Block, error: &str) -> String {
    format!("line {}: {error}", block.line)
}

fn heading(prose: &str) -> Option<String> {
    prose.lines().rfind(|line| line.starts_with('#')).map(|line| line.trim_start_matches(['#', ' ']).to_owned())
}

/// What a document is made of.
pub enum Item {
    /// Prose.
    Prose(String),
    /// A change of the circumstances.
    Given(Block),
    /// A call, and the blocks that belong to it.
    Flow(Block, Vec<Block>),
    /// What rows and keys are called.
    Rows(Block),
    /// A block for people.
    Aside(Block),
}

/// Reads what a document is made of. The blocks of a flow stand together, with nothing but blank lines between them.
pub fn items(document: &str) -> Result<Vec<Item>, String> {
    let mut items: Vec<Item> = Vec::new();
    let mut blank = String::new();
    for piece in block::read(document)? {
        let block = match piece {
            Piece::Prose(prose) if prose.trim().is_empty() => {
                blank = prose;
                continue;
            }
            Piece::Prose(prose) => {
                items.push(Item::Prose(prose));
                continue;
            }
            Piece::Block(block) => block,
        };
        let mut blank = std::mem::take(&mut blank);
        let item = match (block.info.as_str(), items.last_mut()) {
            ("given", _) => Item::Given(block),
            ("rows", _) => Item::Rows(block),
            ("text", _) => Item::Aside(block),
            ("call", _) => Item::Flow(block, Vec::new()),
            _ if is_incoming(&block) => Item::Flow(block, Vec::new()),
            (_, Some(Item::Flow(_, rest))) => {
                rest.push(block);
                continue;
            }
            _ => return Err(at(&block, &format!("no flow goes on here: {}", block.info))),
        };
        if !blank.is_empty() {
            items.push(Item::Prose(std::mem::take(&mut blank)));
        }
        items.push(item);
    }
    if !blank.is_empty() {
        items.push(Item::Prose(blank));
    }
    Ok(items)
}

fn read_rows(block: &Block, names: &mut Names) -> Result<(), String> {
    for line in block.lines() {
        let (name, digits) = line.split_once(' ').unwrap_or((&line, ""));
        let bytes = unhex(digits)?;
        if names.key(name).is_some() || names.row(name).is_some() {
            return Err(format!("{name} is there twice"));
        }
        if name.contains('@') {
            super::split_row(name).ok_or_else(|| format!("{name} has no version"))?;
            names.rows.push((name.into(), bytes));
        } else {
            let key = bytes.try_into().map_err(|_| format!("{name} is not 32 bytes long"))?;
            names.keys.push((name.into(), key));
        }
    }
    Ok(())
}

/// Reads the blocks behind a call.
fn read_rest(rest: &[Block], names: &Names, scene: &Scene) -> Result<(Vec<Asked>, Outcome), String> {
    let mut asked = Vec::new();
    let mut outcome = Outcome::default();
    let mut blocks = rest.iter();
    while let Some(block) = blocks.next() {
        if block.info == "host" {
            for text in block.lines() {
                match text.split_once(' ') {
                    Some(("reason", reason)) => outcome.reason = Some(reason.into()),
                    Some(("event", event)) => outcome.event = Some(event.into()),
                    _ => {
                        let (question, answer, staged) =
                            line::split(&text).ok_or_else(|| format!("not a question and its answer: {text}"))?;
                        let request = || match blocks.next() {
                            Some(block) if block.info == "http" => Request::read(&block.lines()),
                            _ => Err("the request does not follow".into()),
                        };
                        let asked_for = line::read_question(question, names, request)?;
                        let answer = match answer {
                            "answered" => Answer::Response(read_response(blocks.next(), scene)?),
                            _ => line::read_answer(question, answer, names)?,
                        };
                        let question = asked_for;
                        asked.push(Asked { question, answer, staged });
                    }
                }
            }
            continue;
        }
        if outcome.response.is_some() || outcome.fields.is_some() {
            return Err(format!("more comes after the outcome: {}", block.info));
        }
        if block.info == "http" {
            outcome.response = Some(Response::read(&block.lines())?);
        } else {
            let field = |line: &String| match line.split_once(' ') {
                Some((name, value)) => (name.into(), value.into()),
                None => (line.clone(), String::new()),
            };
            outcome.fields = Some((block.info.clone(), block.lines().iter().map(field).collect()));
        }
    }
    if outcome.response.is_none() && outcome.fields.is_none() {
        return Err("the outcome is missing; BLESS=1 writes it".into());
    }
    Ok((asked, outcome))
}

/// Reads the response of an exchange, which the document's author wrote.
pub fn read_response(block: Option<&Block>, scene: &Scene) -> Result<Response, String> {
    match block {
        Some(block) if is_response(block) => Response::read(&scene.lines(block)?),
        _ => Err("the response does not follow".into()),
    }
}

/// A change that only a store sees; a replay has its rows from the document.
pub enum Change {
    /// A member of a client's registration.
    Client {
        /// The client.
        client_id: String,
        /// The member.
        member: String,
        /// Its new value.
        value: String,
    },
    /// The bytes of a row.
    Row {
        /// The key's name.
        name: String,
        /// The new value.
        value: Vec<u8>,
    },
}

/// The circumstances at one place of a document.
pub struct Scene {
    settings: Settings,
    now: u64,
    user_agent: String,
    entropy: Option<[u8; 32]>,
    draws: u8,
    /// Names and values that came out so far, in order.
    said: Vec<(String, String)>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            settings: Settings {
                keys: vec![(1, fixture::KEY)],
                lifetimes: fixture::server().lifetimes,
                authentication: "basic".into(),
                document: None,
                needs: "read".into(),
            },
            now: fixture::NOW.0,
            user_agent: String::from_utf8_lossy(fixture::BROWSER).into_owned(),
            entropy: None,
            draws: 0,
            said: Vec::new(),
        }
    }
}

impl Scene {
    /// Applies a `given` block; returns what concerns the store.
    pub fn given(&mut self, block: &Block) -> Result<Vec<Change>, String> {
        let mut changes = Vec::new();
        for line in self.lines(block)? {
            let wrong = || format!("cannot be given: {line}");
            let (what, value) = line.split_once(' ').ok_or_else(wrong)?;
            let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
            match what {
                "now" => {
                    self.now = match (value.strip_prefix('+'), value.strip_prefix('-')) {
                        (Some(later), _) => self.now.saturating_add(number(later)?),
                        (_, Some(earlier)) => self.now.saturating_sub(number(earlier)?),
                        _ => number(value)?,
                    }
                }
                "name" => {
                    let (name, value) = value.split_once(' ').ok_or_else(wrong)?;
                    self.said.push((name.into(), value.into()));
                }
                "browser" => self.user_agent = value.into(),
                "entropy" => self.entropy = Some(bytes32(value)?),
                "keys" => {
                    let key = |word: &str| {
                        let (id, key) = word.split_once('=').ok_or_else(wrong)?;
                        Ok((id.parse().map_err(|_| wrong())?, bytes32(key)?))
                    };
                    self.settings.keys = value.split(' ').map(key).collect::<Result<_, String>>()?;
                }
                "lifetime" => {
                    let (what, seconds) = value.split_once(' ').ok_or_else(wrong)?;
                    let lifetimes = &mut self.settings.lifetimes;
                    *match what {
                        "interaction" => &mut lifetimes.interaction,
                        "code" => &mut lifetimes.code,
                        "access_token" => &mut lifetimes.access_token,
                        "refresh_token" => &mut lifetimes.refresh_token,
                        "grant" => &mut lifetimes.grant,
                        "retry" => &mut lifetimes.retry,
                        _ => return Err(wrong()),
                    } = number(seconds)?;
                }
                "authentication" => self.settings.authentication = value.into(),
                "document" => self.settings.document = Some(value.into()),
                "needs" => self.settings.needs = value.into(),
                "client" => {
                    let (client_id, change) = value.split_once(' ').ok_or_else(wrong)?;
                    let (member, value) = change.split_once(' ').unwrap_or((change, ""));
                    let (client_id, member, value) = (client_id.into(), member.into(), value.into());
                    changes.push(Change::Client { client_id, member, value });
                }
                "row" => {
                    let (name, digits) = value.split_once(' ').unwrap_or((value, ""));
                    changes.push(Change::Row { name: name.into(), value: unhex(digits)? });
                }
                _ => return Err(wrong()),
            }
        }
        Ok(changes)
    }

    /// Reads a call with all its arguments.
    pub fn call(&mut self, block: &Block) -> Result<Call, String> {
        let lines = self.lines(block)?;
        let (entry, request, arguments) = if block.info == "call" {
            let (name, arguments) = lines.split_first().ok_or("an empty call")?;
            let entry = ENTRIES.iter().find(|entry| entry.name == name);
            let argument = |line: &String| {
                let (name, value) = line.split_once(' ').unwrap_or((line, ""));
                (name.to_owned(), value.to_owned())
            };
            let entry = entry.ok_or_else(|| format!("not an entry point: {name}"))?;
            (entry, None, arguments.iter().map(argument).collect())
        } else {
            let request = Request::read(&lines)?;
            let path = request.target.split('?').next();
            let entry = ENTRIES.iter().find(|entry| entry.path.is_some() && entry.path == path);
            let entry = entry.ok_or_else(|| format!("no entry point has this path: {}", request.target))?;
            (entry, Some(request), Vec::new())
        };
        let mut entropy = [0; 32];
        if entry.draws {
            self.draws = self.draws.saturating_add(1);
            entropy = self.entropy.take().unwrap_or([self.draws; 32]);
        }
        let (settings, user_agent) = (self.settings.clone(), self.user_agent.clone());
        Ok(Call { entry, request, arguments, settings, now: self.now, entropy, user_agent })
    }

    /// Keeps what came out, to be named later.
    pub fn remember(&mut self, outcome: &Outcome) {
        if let Some(response) = &outcome.response {
            for (_, value) in response.headers.iter().filter(|(name, _)| name == "Location") {
                self.remember_query(value);
            }
            if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&response.body) {
                let texts = members.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                self.said.extend(texts);
            }
        }
        for (name, value) in outcome.fields.iter().flat_map(|(_, fields)| fields) {
            self.said.push((name.clone(), value.clone()));
            self.remember_query(value);
        }
    }

    fn remember_query(&mut self, uri: &str) {
        let query = uri.split('#').next().and_then(|uri| uri.split_once('?')).map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        self.said.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    /// The lines of a block with what stands in braces put in.
    pub fn lines(&self, block: &Block) -> Result<Vec<String>, String> {
        block.lines().iter().map(|line| self.expand(line)).collect()
    }

    fn expand(&self, line: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            match after.split_once('}') {
                // JSON has a quotation mark or a brace here.
                Some((inside, more)) if inside.starts_with(|char: char| char.is_ascii_lowercase()) => {
                    text.push_str(&self.value(inside)?);
                    rest = more;
                }
                _ => {
                    text.push('{');
                    rest = after;
                }
            }
        }
        text.push_str(rest);
        Ok(text)
    }

    /// The last value of `name`, or `base64 TEXT`, or `repeat TIMES TEXT`, or `forged name`: the value with another byte.
    fn value(&self, inside: &str) -> Result<String, String> {
        let unknown = || format!("nothing is called {{{inside}}} here");
        match inside.split_once(' ') {
            Some(("base64", text)) => Ok(Base64::encode_string(text.as_bytes())),
            Some(("repeat", rest)) => {
                let (times, text) = rest.split_once(' ').ok_or_else(unknown)?;
                Ok(text.repeat(times.parse().map_err(|_| unknown())?))
            }
            Some(("forged", name)) => {
                let value = self.value(name)?;
                let (head, end) = value.split_at_checked(value.len().saturating_sub(5)).ok_or_else(unknown)?;
                let other = if end.starts_with('A') { 'B' } else { 'A' };
                Ok(format!("{head}{other}{}", end.get(1..).unwrap_or_default()))
            }
            Some(_) => Err(unknown()),
            None => {
                let value = self.said.iter().rfind(|(known, _)| known == inside).map(|(_, value)| value);
                value.cloned().ok_or_else(unknown)
            }
        }
    }
}

/// 32 bytes in hexadecimal digits, or one that is repeated.
fn bytes32(digits: &str) -> Result<[u8; 32], String> {
    match *unhex(digits)?.as_slice() {
        [byte] => Ok([byte; 32]),
        ref bytes => bytes.try_into().map_err(|_| format!("neither 1 nor 32 bytes: {digits}")),
    }
}
