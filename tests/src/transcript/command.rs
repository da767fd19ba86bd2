//! The command `transcripts`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::{Transcript, bless, parse, replay, tape};
use crate::c;

/// How many flows held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Flows that held.
    pub passed: usize,
    /// Flows that did not, and documents that could not be run.
    pub failed: usize,
}

/// The command `transcripts [--through rust|c|wasm|cortex-m] [FILE...]`. With `bless` the documents are written anew first.
pub fn command(arguments: impl IntoIterator<Item = String>, bless: bool, out: &mut dyn Write) -> ExitCode {
    let mut files = Vec::new();
    let mut through = "rust".to_owned();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--through") {
            Some("") => through = arguments.next().unwrap_or_default(),
            Some(name) => through = name.trim_start_matches('=').into(),
            None => files.push(PathBuf::from(argument)),
        }
    }
    let tally = match through.as_str() {
        "rust" => tally(&files, bless, out),
        "c" => tally_of_tape(&files, bless, out, replay_through_c),
        "wasm" => tally_of_tape(&files, bless, out, replay_through_wasm),
        "cortex-m" => tally_of_tape(&files, bless, out, replay_through_cortex_m),
        _ => {
            let _ = writeln!(out, "--through takes rust, c, wasm or cortex-m");
            return ExitCode::from(2);
        }
    };
    match tally {
        Ok(Tally { failed: 0, .. }) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs the documents, or those of `tests/transcripts` if none is named, and prints what failed and the tally.
pub fn tally(files: &[PathBuf], bless: bool, out: &mut dyn Write) -> io::Result<Tally> {
    let (transcripts, mut tally) = read(files, bless, out)?;
    for (file, Transcript { flows, names }) in &transcripts {
        for flow in flows {
            match replay::replay(flow, names) {
                Ok(()) => tally.passed += 1,
                Err(failure) => {
                    writeln!(out, "{}:{failure}", file.display())?;
                    tally.failed += 1;
                }
            }
        }
    }
    tally.print(out)?;
    Ok(tally)
}

impl Tally {
    fn print(self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} passed, {} failed", self.passed, self.failed)
    }

    /// Reads what [`print`](Self::print) writes.
    fn read(line: &str) -> Option<Self> {
        let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
        Some(Self { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
    }
}

/// Writes the tape of the documents, and hands it to `runner`, which says what its program has printed.
fn tally_of_tape(
    files: &[PathBuf],
    bless: bool,
    out: &mut dyn Write,
    runner: fn(&str) -> Result<String, String>,
) -> io::Result<Tally> {
    let (transcripts, mut tally) = read(files, bless, out)?;
    let mut flows = 0;
    let mut tape = String::new();
    for (file, transcript) in &transcripts {
        match tape::write(&file.display().to_string(), transcript) {
            Ok(text) => {
                flows += transcript.flows.len();
                tape.push_str(&text);
            }
            Err(failure) => {
                writeln!(out, "{}: {failure}", file.display())?;
                tally.failed += 1;
            }
        }
    }
    let said = runner(&tape).unwrap_or_else(|failure| failure + "\n");
    let mut lines: Vec<&str> = said.lines().collect();
    match lines.last().and_then(|line| Tally::read(line)) {
        Some(counted) if counted.passed + counted.failed == flows => {
            lines.pop();
            tally.passed += counted.passed;
            tally.failed += counted.failed;
        }
        _ => tally.failed += flows.max(1),
    }
    for line in lines {
        writeln!(out, "{line}")?;
    }
    tally.print(out)?;
    Ok(tally)
}

/// The tape of the documents in `tests/transcripts`.
pub fn own_tape() -> Result<String, String> {
    let tapes = own_files().into_iter().map(|file| tape::write(&file.display().to_string(), &read_one(&file, false)?));
    Ok(tapes.collect::<Result<Vec<_>, String>>()?.concat())
}

/// Feeds a tape to the runner in C.
fn replay_through_c(tape: &str) -> Result<String, String> {
    let library = c::library()?.join("libsymbolon.a");
    let program = c::compile(&["cc", "-std=c99", "-g", "-O1"], "replay.c", "replay", &[library])?;
    follow(&mut Command::new(&program), &program.with_extension("tape"), tape)
}

/// Feeds a tape to the runner in JavaScript, after building the module.
fn replay_through_wasm(tape: &str) -> Result<String, String> {
    let target = c::target()?;
    c::run(Command::new(c::source("bindings-wasm/build.sh")).env("CARGO_TARGET_DIR", &target))?;
    follow(Command::new("node").arg(c::source("tests/wasm/replay.mjs")), &target.join("wasm.tape"), tape)
}

/// What a runner prints that reads the tape, which is kept in `file`.
fn follow(runner: &mut Command, file: &Path, tape: &str) -> Result<String, String> {
    fs::write(file, tape).map_err(|error| format!("{}: {error}", file.display()))?;
    let stdin = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let output = runner.stdin(stdin).stderr(Stdio::inherit()).output();
    Ok(String::from_utf8_lossy(&output.map_err(|error| error.to_string())?.stdout).into_owned())
}

/// Has the firmware follow a tape, on a machine that QEMU plays. One that does not end is stopped after ten minutes.
fn replay_through_cortex_m(tape: &str) -> Result<String, String> {
    const REPLAY: [&str; 5] = ["-q", "--release", "--bin", "replay", "--target-dir"];
    let (target, folder) = (c::target()?.join("firmware"), c::source("tests/firmware"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // How to link it is said in that folder, and would be overruled.
    let in_folder = |command: &str| {
        let mut command = Command::new(command);
        command.current_dir(&folder).env_remove("RUSTFLAGS");
        command
    };
    let mut build = in_folder("env");
    c::run(build.arg(&cargo).arg("build").args(REPLAY).arg(&target))?;
    let file = target.join("replay.tape");
    fs::write(&file, tape).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut run = in_folder("timeout");
    run.arg("600").arg(&cargo).arg("run").args(REPLAY).arg(&target).args(["--", "-semihosting-config"]);
    // A comma in a value is written twice there.
    run.arg(format!("enable=on,target=native,arg={}", file.display().to_string().replace(',', ",,")));
    let output = run.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads the documents, or those of `tests/transcripts` if none is named. Prints and counts those that cannot be read.
fn read(files: &[PathBuf], bless: bool, out: &mut dyn Write) -> io::Result<(Vec<(PathBuf, Transcript)>, Tally)> {
    let mut tally = Tally::default();
    let mut transcripts = Vec::new();
    let own = if files.is_empty() { own_files() } else { Vec::new() };
    if files.is_empty() && own.is_empty() {
        writeln!(out, "{}: holds no transcripts", own_folder().display())?;
        tally.failed += 1;
    }
    for file in files.iter().chain(&own) {
        match read_one(file, bless) {
            Ok(transcript) => transcripts.push((file.clone(), transcript)),
            Err(failure) => {
                writeln!(out, "{}: {failure}", file.display())?;
                tally.failed += 1;
            }
        }
    }
    Ok((transcripts, tally))
}

fn read_one(file: &Path, bless: bool) -> Result<Transcript, String> {
    let mut document = fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    if bless {
        document = bless::bless(&document)?;
        fs::write(file, &document).map_err(|error| format!("cannot be written: {error}"))?;
    }
    parse::parse(&document)
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

fn own_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(own_folder()).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_transcript = |path: &PathBuf| {
        path.extension().is_some_and(|ext| ext == "md") && path.file_name() != Some("README.md".as_ref())
    };
    let mut files: Vec<PathBuf> = entries.filter(is_transcript).collect();
    files.sort();
    files
}
