//! What the core costs: instructions and questions per flow.
//!
//! Instructions are counted by callgrind between entry and exit of one function, and are the same in every run of one
//! build. Each flow is set beside the SHA-256 compressions that it cannot avoid, counted in the same run with the same
//! backend.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use symbolon::record::{Key, Kind};
use symbolon::server::{BUFFER, Server};
use symbolon::step::{Commit, Committed, Flow, Load, Row, Step};
use symbolon::terms::Time;
use symbolon::wire::http::Request;

use crate::drive::{Host, drive};
use crate::fixture::*;

/// Allocations since the start of the program; the program that prints figures counts them here.
pub static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// A flow to be measured.
struct Case {
    name: &'static str,
    /// The compressions that the flow cannot avoid, and what each is for.
    compressions: usize,
    why: &'static str,
    prepare: fn(&mut Bench) -> Message,
}

const CASES: &[Case] = &[
    Case {
        name: "code exchange, public client",
        compressions: 8,
        why: "client row key 1, code opened 2, PKCE 1, access token 2, refresh token 2",
        prepare: |bench| {
            let code = bench.code_of_pub1("read write");
            Message::post(&format!("{}&client_id=pub1", redemption(&code)))
        },
    },
    Case {
        name: "code exchange, client_secret_basic",
        compressions: 9,
        why: "the same, and the secret 1",
        prepare: |bench| {
            let code = bench.code_of_c1("read write");
            Message::post(&redemption(&code)).basic("c1", C1_SECRET)
        },
    },
    Case {
        name: "refresh, public client",
        compressions: 7,
        why: "client row key 1, refresh token opened 2, access token 2, refresh token 2",
        prepare: |bench| {
            let code = bench.code_of_pub1("read write");
            let token = bench.redeem_as_pub1(&code).member("refresh_token").expect("a refresh token");
            Message::post(&format!("grant_type=refresh_token&refresh_token={token}&client_id=pub1"))
        },
    },
    Case {
        name: "refresh, client_secret_basic",
        compressions: 8,
        why: "the same, and the secret 1",
        prepare: |bench| {
            let code = bench.code_of_c1("read write");
            let token = bench.redeem_as_c1(&code).member("refresh_token").expect("a refresh token");
            Message::post(&format!("grant_type=refresh_token&refresh_token={token}")).basic("c1", C1_SECRET)
        },
    },
];

/// Answers from two rows at hand, so that next to nothing but the core is counted.
struct Rows<'r> {
    client: Row<'r>,
    grant: Row<'r>,
    questions: usize,
}

impl Host for Rows<'_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        let row = if question.kind() == Kind::Client { self.client } else { self.grant };
        question.answer(Some(row))
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        self.questions += 1;
        question.answer(Committed::Yes)
    }
}

/// Callgrind counts from the entry of this function to its exit: the flow from its start to its reply.
#[unsafe(no_mangle)]
#[inline(never)]
fn symbolon_figures_flow(
    server: &Server<'_>,
    request: Request<'_, '_>,
    now: Time,
    buffer: &mut [u8],
    rows: &mut Rows<'_>,
) -> u16 {
    match server.token(request, now, buffer) {
        Ok(step) => drive(step, rows).status,
        Err(_) => 0,
    }
}

/// Callgrind counts from the entry of this function to its exit: `count` compressions, each of a block of its own.
#[unsafe(no_mangle)]
#[inline(never)]
fn symbolon_figures_compressions(state: &mut [u32; 8], count: usize) {
    for i in 0..count {
        let block = [i as u8; 64];
        sha2::block_api::compress256(state, core::slice::from_ref(&block));
    }
}

/// Runs one case in this process and prints its questions and allocations.
fn child(case: &Case) {
    let mut bench = Bench::default();
    let mut message = (case.prepare)(&mut bench);
    let mut buffer = vec![0; BUFFER];
    let of_kind = |kind: &str| {
        let row = bench.store.rows.iter().find(|(key, row)| {
            row.kind == kind
                && (kind == "grant"
                    || ["c1", "pub1"].iter().any(|id| **key == Key::client(id)) && {
                        let grant = bench.store.rows.values().find(|row| row.kind == "grant");
                        grant.and_then(|grant| grant.client_id.clone()) == row.client_id
                    })
        });
        let (_, row) = row.expect("a row");
        Row { version: row.version, value: &row.value }
    };
    let mut rows = Rows { client: of_kind("client"), grant: of_kind("grant"), questions: 0 };
    message.lend(|request| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let status = symbolon_figures_flow(&bench.server, request, bench.now, &mut buffer, &mut rows);
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        assert_eq!(status, 200, "{}", case.name);
        println!("{} {allocations}", rows.questions);
    });
}

/// Runs this program again under callgrind; the instructions counted in `function`, and what the program printed.
fn count(function: &str, arguments: &[&str]) -> Result<(u64, String), String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", &format!("--toggle-collect={function}")])
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|e| format!("valgrind does not start: {e}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected :")).map(|(_, n)| n.trim().to_owned());
    match collected.and_then(|n| n.parse().ok()) {
        Some(n) if output.status.success() && n > 0 => {
            Ok((n, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
        }
        _ => Err(format!("callgrind counted nothing: {log}")),
    }
}

/// The program: prints the table, or runs one case when called by itself.
pub fn main(arguments: Vec<String>) -> i32 {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--case", n] => {
            child(&CASES[n.parse::<usize>().expect("a number")]);
            0
        }
        ["--compressions", n] => {
            let mut state = [1; 8];
            symbolon_figures_compressions(&mut state, n.parse().expect("a number"));
            println!("{}", state[0]);
            0
        }
        [] => match table() {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("{error}");
                1
            }
        },
        _ => {
            eprintln!("usage: cargo figures");
            2
        }
    }
}

fn table() -> Result<(), String> {
    println!("instructions, counted by callgrind; no noise: the same build gives the same count");
    println!();
    println!("| flow | questions | allocations | instructions | SHA-256 it cannot avoid | ratio |");
    println!("|---|---|---|---|---|---|");
    for (i, case) in CASES.iter().enumerate() {
        let (flow, printed) = count("symbolon_figures_flow", &["--case", &i.to_string()])?;
        let blocks = case.compressions.to_string();
        let (floor, _) = count("symbolon_figures_compressions", &["--compressions", &blocks])?;
        let (questions, allocations) = printed.split_once(' ').ok_or("the case printed nothing")?;
        if (questions, allocations) != ("3", "0") {
            return Err(format!("{}: {questions} questions and {allocations} allocations, not 3 and 0", case.name));
        }
        let ratio = flow as f64 / floor as f64;
        let name = case.name;
        println!("| {name} | {questions} | {allocations} | {flow} | {floor} ({blocks}: {}) | {ratio:.3} |", case.why);
    }
    Ok(())
}
