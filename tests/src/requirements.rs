//! What RFC 9700 asks of software in its sections 2 and 4, statement by statement, each with what shows that it holds.
//!
//! `cargo attacks --requirements` prints it. A statement is held by attacks, tests, transcripts or vectors of this
//! repository; where it is for the host to hold, the reference host's own test stands there. What is named must exist, or
//! the command fails.

mod section_2;
mod section_4;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::attacks::{NOT_HERE, Why, rows};

/// A statement of RFC 9700.
pub struct Requirement {
    /// The section and a number.
    pub id: &'static str,
    /// Of whom it is asked: `AS`, `C` (client), `RS` (resource server) or `host`.
    pub role: &'static str,
    /// The word that the RFC uses.
    pub level: &'static str,
    /// What must hold.
    pub statement: &'static str,
    /// What shows it: never nothing.
    pub proofs: &'static [Proof],
}

/// What shows that a statement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An attack: `cargo attacks ID`.
    Attack(&'static str),
    /// An attack for which the API has no words: `cargo attacks --not-here ID`. Never alone.
    Inexpressible(&'static str),
    /// A test function, by its file below `tests` and its name; in JavaScript, the words of the test.
    Test(&'static str, &'static str),
    /// A section of a transcript.
    Transcript(&'static str, &'static str),
    /// The cases of a vector file with this tag.
    Vectors(&'static str, &'static str),
    /// What the core leaves to its host, and the test of the reference host that shows it done.
    Host(&'static str, &'static str, &'static str),
    /// What is still to be built.
    Open(&'static str),
}

const fn requirement(
    id: &'static str,
    role: &'static str,
    level: &'static str,
    statement: &'static str,
    proofs: &'static [Proof],
) -> Requirement {
    Requirement { id, role, level, statement, proofs }
}

/// Every statement, in the order of the RFC.
pub fn requirements() -> impl Iterator<Item = &'static Requirement> {
    section_2::REQUIREMENTS.iter().chain(section_4::REQUIREMENTS)
}

impl Proof {
    /// The words for it.
    fn words(self) -> String {
        match self {
            Self::Attack(id) => format!("attack {id}"),
            Self::Inexpressible(id) => format!("inexpressible {id}"),
            Self::Test(file, name) => format!("test {name:?} in tests/{file}"),
            Self::Transcript(file, section) => format!("transcript {file}, {section:?}"),
            Self::Vectors(file, tag) => format!("vectors {file}, {tag}"),
            Self::Host(duty, file, name) => format!("the host {duty}: test {name:?} in tests/{file}"),
            Self::Open(what) => format!("OPEN: {what}"),
        }
    }

    /// What is wrong with it, if anything: a proof that is not there proves nothing.
    pub fn fault(self) -> Option<String> {
        let found = match self {
            Self::Attack(id) => rows().iter().any(|row| row.id == id),
            Self::Inexpressible(id) => NOT_HERE.iter().any(|row| row.id == id && row.why == Why::Inexpressible),
            Self::Test(file, name) | Self::Host(_, file, name) => has_test(file, name),
            Self::Transcript(file, section) => has_section(file, section),
            Self::Vectors(file, tag) => has_case(file, tag),
            Self::Open(what) => return Some(format!("open: {what}")),
        };
        (!found).then(|| format!("there is no {}", self.words()))
    }
}

impl Requirement {
    /// What is wrong with its proofs, if anything.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.proofs.iter().filter_map(|proof| proof.fault()).collect();
        if self.proofs.iter().all(|proof| matches!(proof, Proof::Inexpressible(_))) {
            faults.push("nothing shows it".to_owned());
        }
        faults
    }
}

fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn lines(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(own(path)).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Whether a file has a test of this name.
fn has_test(file: &str, name: &str) -> bool {
    let lines = lines(file);
    if file.ends_with(".js") {
        let begins = [format!("test('{name}'"), format!("test(\"{name}\"")];
        return lines.iter().any(|line| begins.iter().any(|begin| line.starts_with(begin)));
    }
    let function = format!("fn {name}(");
    let is_test =
        |attribute: &str| attribute == "#[test]" || attribute.starts_with("#[tokio::test") && attribute.ends_with(']');
    lines.windows(2).any(|pair| {
        let declared = pair[1].strip_prefix("async ").unwrap_or(&pair[1]);
        is_test(&pair[0]) && declared.starts_with(&function)
    })
}

/// Whether a transcript has a section of this name with a flow in it.
fn has_section(file: &str, section: &str) -> bool {
    let lines = lines(&format!("transcripts/{file}"));
    let heading = |line: &String| line.trim_start_matches('#').trim() == section && line.starts_with('#');
    let Some(at) = lines.iter().position(heading) else { return false };
    lines[at + 1..].iter().take_while(|line| !line.starts_with("## ")).any(|line| line.starts_with("```"))
}

/// Whether a vector file has a case with this tag.
fn has_case(file: &str, tag: &str) -> bool {
    let text = std::fs::read(own(&format!("vectors/{file}"))).unwrap_or_default();
    let Ok(Value::Array(cases)) = serde_json::from_slice(&text) else { return false };
    cases.iter().any(|case| case["tag"] == tag)
}

/// Prints every statement with what shows it; whether all are shown.
pub fn print(out: &mut dyn Write) -> io::Result<bool> {
    let (mut shown, mut failed) = (0, 0);
    for requirement in requirements() {
        let Requirement { id, role, level, statement, proofs } = requirement;
        let proofs: Vec<String> = proofs.iter().map(|proof| proof.words()).collect();
        writeln!(out, "{id}  {role} {level}: {statement}: {}", proofs.join("; "))?;
        let faults = requirement.faults();
        for fault in &faults {
            writeln!(out, "    FAILED: {fault}")?;
        }
        if faults.is_empty() { shown += 1 } else { failed += 1 }
    }
    writeln!(out, "{shown} passed, {failed} failed")?;
    Ok(failed == 0 && shown > 0)
}
