//! Documents to data.

use super::block::{self, Block, Piece};
use super::http::{Request, Response, is_incoming, is_response};
use super::scene::Scene;
use super::{Answer, Asked, Flow, Names, Outcome, Transcript, line, unhex};

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
