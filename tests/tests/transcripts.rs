//! The transcripts hold, and their runner would notice if they did not.

use std::path::PathBuf;

use symbolon_tests::transcript::{Tally, bless, command, parse, replay, tally};

const DOCUMENT: &str = include_str!("../transcripts/code-exchange.md");

/// How many flows of a document fail, and how the first one does.
fn failures(document: &str) -> (usize, String) {
    let transcript = match parse::parse(document) {
        Ok(transcript) => transcript,
        Err(error) => return (usize::MAX, error),
    };
    let failures: Vec<String> =
        transcript.flows.iter().filter_map(|flow| replay::replay(flow, &transcript.names).err()).collect();
    (failures.len(), failures.first().cloned().unwrap_or_default())
}

/// The document with one change in the first place behind `after` where `from` stands.
fn with(after: &str, from: &str, to: &str) -> String {
    change(DOCUMENT, after, from, to)
}

fn change(document: &str, after: &str, from: &str, to: &str) -> String {
    let (head, tail) = document.split_once(after).expect("a place");
    assert!(tail.contains(from), "{from} is not behind {after}");
    format!("{head}{after}{}", tail.replacen(from, to, 1))
}

#[test]
fn every_transcript_holds() {
    let mut out = Vec::new();
    let tally = tally(&[], false, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!(tally.failed, 0, "{out}");
    assert!(tally.passed > 500, "{out}");
    assert!(out.ends_with(&format!("{} passed, 0 failed\n", tally.passed)));
}

/// Blessing a document that holds changes nothing: every block in it is one that blessing would write.
#[test]
fn every_transcript_is_as_blessed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name() != Some("README.md".as_ref()) {
            let document = std::fs::read_to_string(&path).unwrap();
            assert_eq!(bless::bless(&document).as_deref(), Ok(document.as_str()), "{}", path.display());
        }
    }
}

#[test]
fn another_byte_in_a_question_fails() {
    for (after, from, to) in [
        ("commit grant g1 @2 => g1@3-active", "8776000", "8776001"),
        ("commit grant g1 @2 => g1@3-active", "subject alice", "subject alicf"),
        ("commit grant g1 @2 => g1@3-active", "client c1", "client c2"),
        ("\ng1@3-active ", "c0d2", "c0d3"),
        ("event Approved", "commit grant g1 @2", "commit grant g2 @2"),
        ("event Approved", "load grant g1", "load client g1"),
        ("event Approved", "load grant g1 -> g1@2-code\n", ""),
        ("event Approved", "event CodeRedeemed", "load client c1 -> c1@1\nevent CodeRedeemed"),
    ] {
        let (failed, text) = failures(&with(after, from, to));
        assert_eq!(failed, 1, "{after} {from}: {text}");
        assert!(text.contains("question"), "{text}");
        assert!(text.contains("A client that authenticates by Basic (token)"), "{text}");
    }
}

#[test]
fn another_byte_in_an_answer_fails_in_what_follows() {
    // The challenge of the stored grant: the verifier no longer fits.
    let (failed, text) = failures(&with("\ng1@2-code ", "13d3", "13d4"));
    assert_eq!(failed, 2, "{text}");
    // The client's name: the prompt and the row differ.
    let (_, text) = failures(&with("\nc1@1 ", "436c69656e74", "436c69656e75"));
    assert!(text.contains("question 2 differs"), "{text}");
    // The version that is read is the version that must still be there.
    let (failed, text) =
        failures(&DOCUMENT.replace("g1@2-code", "g1@7-code").replace("g1 @1 => g1@7", "g1 @6 => g1@7"));
    assert_eq!(failed, 2, "{text}");
    let (failed, text) = failures(&with("event Approved", "-> committed", "-> conflict"));
    assert_eq!(failed, 1, "{text}");
    let (failed, text) = failures(&with("event Approved", "-> committed", "-> absent"));
    assert_eq!(failed, 1, "{text}");
    assert!(text.contains("an answer of another question"), "{text}");
}

#[test]
fn another_byte_in_the_outcome_fails() {
    for (after, from, to) in [
        ("event CodeRedeemed", "200 OK", "201 OK"),
        ("event CodeRedeemed", "no-store", "no-stor"),
        ("event CodeRedeemed", "\"scope\":\"read", "\"scope\":\"reac"),
        ("event CodeRedeemed", "\"expires_in\":600", "\"expires_in\":601"),
        ("event Approved", "event CodeRedeemed", "event CodeReplayed"),
        ("event Approved", "event CodeRedeemed", "reason Buffer\nevent CodeRedeemed"),
        ("```prompt", "loopback false", "loopback true"),
    ] {
        let (failed, text) = failures(&with(after, from, to));
        assert_eq!(failed, 1, "{after} {from}: {text}");
        assert!(text.contains("the outcome differs"), "{text}");
        let mark = |mark: &str| text.lines().any(|line| line.starts_with(mark));
        assert!(mark("  - ") || mark("  + "), "{text}");
    }
    // A token is also named later on, so that the request that uses it differs.
    let (failed, _) = failures(&with("event Approved", "code=A", "code=B"));
    assert_eq!(failed, 2);
}

#[test]
fn another_byte_in_an_exchange_fails() {
    let document = include_str!("../transcripts/client-session.md");
    let place = "## The access token still works";
    for (from, to, says) in [
        ("as.example/token HTTP", "as.example/tokem HTTP", "question 3 differs"),
        ("POST https", "GET https", "question 3 differs"),
        ("Accept: application/json", "Accept: application/jsom", "question 3 differs"),
        ("refresh_token=rt-1", "refresh_token=rt-2", "question 3 differs"),
        ("(https, public", "(http or https, public", "question 3 differs"),
        ("public addresses", "any address", "question 3 differs"),
        ("65536 bytes", "65537 bytes", "question 3 differs"),
        ("10 seconds", "11 seconds", "question 3 differs"),
        ("HTTP/1.1 200 OK", "HTTP/1.1 201 OK", "question 4 differs"),
        ("\"rt-2\"", "\"rt-3\"", "question 4 differs"),
    ] {
        let (failed, text) = failures(&change(document, place, from, to));
        assert_eq!(failed, 1, "{from}: {text}");
        assert!(text.contains(says), "{from}: {text}");
    }
}

#[test]
fn a_document_that_cannot_be_run_fails() {
    for (document, says) in [
        ("", "holds no flows"),
        ("# Prose alone\n", "holds no flows"),
        ("```host\nload client c1 -> absent\n```\n", "no flow goes on here"),
        ("```http\nGET /token HTTP/1.1\n```\n", "the outcome is missing"),
        ("```http\nGET /nowhere HTTP/1.1\n```\n", "no entry point has this path"),
        ("```call\nsomething\n```\n", "not an entry point"),
        ("```call\nresume\nhandle {handle}\n```\n", "nothing is called {handle} here"),
        ("```given\nmoon full\n```\n", "cannot be given"),
        ("```http\nGET /token HTTP/1.1\n", "not closed"),
        ("```http\nGET /token HTTP/1.1\n```\n```host\nload client c1 -> absent\n```\n", "c1 is not among the rows"),
    ] {
        let (failed, text) = failures(document);
        assert_eq!(failed, usize::MAX);
        assert!(text.contains(says), "{text}");
    }
    let mut out = Vec::new();
    assert_eq!(tally(&["/nonexistent/x.md".into()], false, &mut out).unwrap(), Tally { passed: 0, failed: 1 });
    assert!(String::from_utf8(out).unwrap().ends_with("\n0 passed, 1 failed\n"));
}

#[test]
fn other_runners_are_not_taken_for_a_pass() {
    let run = |arguments: &[&str]| {
        let mut out = Vec::new();
        let code = command(arguments.iter().map(|&argument| argument.to_owned()), false, &mut out);
        (format!("{code:?}"), String::from_utf8(out).unwrap())
    };
    let two = format!("{:?}", std::process::ExitCode::from(2));
    for through in ["fortran", "Rust"] {
        let (code, out) = run(&["--through", through, "x.md"]);
        assert_eq!(code, two);
        assert!(out.contains("through") && !out.contains("passed"), "{out}");
    }
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/transcripts/metadata.md");
    let (code, out) = run(&["--through=rust", document]);
    assert_eq!((code, out.as_str()), (format!("{:?}", std::process::ExitCode::SUCCESS), "1 passed, 0 failed\n"));
}
