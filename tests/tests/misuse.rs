//! What a program can do wrong with the C library, under sanitizers and valgrind: the program, the runner of the tapes, and
//! the library itself are watched.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use symbolon_tests::{c, transcript};

const WATCHED: [&str; 6] =
    ["gcc", "-std=c99", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// The closing line of a program, or all that it says if it did not end well.
fn closing_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.success() {
        true => said.lines().last().unwrap_or_default().to_owned(),
        false => format!("{}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr)),
    }
}

fn watched(program: &str, output: &str, more: &str) -> PathBuf {
    let library = c::sanitized_library().expect("the library");
    let compiler: Vec<&str> = WATCHED.into_iter().chain([more]).filter(|flag| !flag.is_empty()).collect();
    c::compile(&compiler, program, output, &[library]).expect("compiles")
}

/// The tape of all transcripts, and how many flows are on it.
fn tape(name: &str) -> (PathBuf, usize) {
    let tape = transcript::own_tape().expect("a tape");
    let file = c::target().expect("a folder").join("c").join(name);
    std::fs::write(&file, &tape).expect("writable");
    (file, tape.lines().filter(|line| line.starts_with("flow ")).count())
}

fn replay(command: &mut Command, tape: &Path) -> String {
    let output = command.stdin(File::open(tape).expect("a tape")).stdout(Stdio::piped()).output();
    closing_line(&output.expect("runs"))
}

#[test]
fn misuse_has_a_status_and_changes_nothing() {
    let line = closing_line(&Command::new(watched("misuse.c", "misuse", "")).output().expect("runs"));
    let (passed, rest) = line.split_once(" passed").expect(&line);
    assert_eq!(rest, ", 0 failed", "{line}");
    assert!(passed.parse::<u32>().expect("a number") > 400, "{line}");
}

/// The library writes to a buffer that was freed: that is seen, so the library is watched as well.
#[test]
fn the_library_is_watched() {
    let said = closing_line(&Command::new(watched("misuse.c", "misuse-planted", "-DPLANTED")).output().expect("runs"));
    assert!(said.contains("heap-use-after-free") && said.contains("symbolon_metadata_start"), "{said}");
}

#[test]
fn the_transcripts_hold_under_sanitizers() {
    let (tape, flows) = tape("sanitized.tape");
    let line = replay(&mut Command::new(watched("replay.c", "replay-sanitized", "")), &tape);
    assert_eq!(line, format!("{flows} passed, 0 failed"));
}

/// Memory that nobody has written to is not read, either.
#[test]
fn the_transcripts_hold_under_valgrind() {
    let library = c::library().expect("the library").join("libsymbolon.a");
    let program = c::compile(&["cc", "-std=c99", "-g", "-O1"], "replay.c", "replay-valgrind", &[library]);
    let (tape, flows) = tape("valgrind.tape");
    let mut command = Command::new("valgrind");
    command.args(["-q", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=all"]);
    assert_eq!(replay(command.arg(program.expect("compiles")), &tape), format!("{flows} passed, 0 failed"));
}

/// A runner that expects nothing by itself notices each difference, in the flow where it is.
#[test]
fn the_runner_notices_differences() {
    let library = c::library().expect("the library").join("libsymbolon.a");
    let program = c::compile(&["cc", "-std=c99"], "replay.c", "replay-planted", &[library]).expect("compiles");
    let (file, _) = tape("planted.tape");
    let whole = std::fs::read_to_string(&file).expect("a tape");
    let at = whole.find("that%20authenticates%20by%20Basic%20(token)").expect("the exchange of a code");
    let at = whole[..at].rfind("flow ").expect("its line");
    let end = at + whole[at..].find("\nend\n").expect("its end") + 5;
    let flow = &whole[at..end];
    let other = flow.replace("(token)", "(other)");
    let question = flow.lines().find(|line| line.starts_with("= kind client")).expect("a question").to_owned() + "\n";
    let answer = flow.lines().find(|line| line.starts_with("answer ")).expect("an answer").to_owned() + "\n";
    for changed in [
        flow.replacen("= kind client", "= kind clienu", 1),
        flow.replacen("= kind client", "= kind", 1),
        flow.replacen(&question, "", 1),
        flow.replacen(&question, &format!("{question}= more 1\n"), 1),
        flow.replacen(&answer, "", 1),
        flow.replacen(&answer, "answer absent\n", 1),
        flow.replacen(&answer, "answer committed\n", 1),
        flow.replacen("= status ", "= status 1", 1),
        flow.replacen("= headers ", "= headers X", 1),
        flow.replacen("= body ", "= body x", 1),
        flow.replacen("\nend\n", "\n= more\nend\n", 1),
        flow.replacen("\nend\n", "\n", 1),
        flow.replacen("set request method", "set request mood", 1),
        flow.replacen("set request method", "set requests method", 1),
        flow.replacen("give now", "give then", 1),
        flow.replacen("start token", "start tokens", 1),
        flow.replacen("start token", "begin token", 1),
    ] {
        assert_ne!(changed, flow);
        std::fs::write(&file, changed + &other).expect("writable");
        let said = replay(&mut Command::new(&program), &file);
        assert!(said.contains("(token): ") && said.ends_with("1 passed, 1 failed\n"), "{said}");
    }
}
