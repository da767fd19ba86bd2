//! What the core costs: instructions and questions per flow, memory, and the size of what is linked or downloaded.
//!
//! Instructions are counted by callgrind between entry and exit of one function, and are the same in every run of one
//! build. Each flow is set beside the SHA-256 compressions that it cannot avoid, counted in the same run with the same
//! backend.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use symbolon::step::Step;
use symbolon::{client, resource, server};

mod flows;
mod keyed;

use flows::Case;

/// Every flow that is counted.
const CASES: [&[Case]; 2] = [flows::CASES, keyed::CASES];

fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.into_iter().flatten()
}

fn case(number: usize) -> &'static Case {
    cases().nth(number).expect("a number of a flow")
}

/// Allocations since the start of the program; the program that prints figures counts them here.
pub static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// The questions of a code exchange, and of a refresh: two rows read, one written.
const AIM_QUESTIONS: usize = 3;

/// What one run of a flow asked and allocated.
struct Count {
    questions: usize,
    allocations: usize,
}

/// Callgrind counts from the entry of this function to its exit: one run of one flow, from its start to its end. All that is
/// counted goes through this one function: a second with the same code could be merged with it, and its name never be seen.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) fn symbolon_figures_flow(flow: &mut dyn FnMut()) {
    flow();
    // The call above must not become a jump: callgrind is to see both the entry and the exit of this function.
    std::hint::black_box(());
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

/// Runs a flow once where callgrind counts it: how it ended, and how often it allocated.
fn counted(flow: impl FnOnce() -> bool) -> (bool, usize) {
    let (mut flow, mut end) = (Some(flow), false);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    symbolon_figures_flow(&mut || end = flow.take().is_some_and(|flow| flow()));
    (end, ALLOCATIONS.load(Ordering::Relaxed) - before)
}

/// The program: prints the table, or runs one flow or some compressions when called by itself.
pub fn main(arguments: Vec<String>) -> i32 {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--case", n] => {
            let run = case(n.parse().expect("a number")).run;
            // How far a copy on the stack is from alignment costs a few instructions. The main thread's stack begins where the
            // environment and the path of this program leave it; that of a thread does not depend on them.
            let ended = std::thread::spawn(run).join();
            let Count { questions, allocations } = ended.expect("the flow is run to its end");
            println!("{questions} {allocations}");
            0
        }
        ["--compressions", n] => {
            let mut state = [1; 8];
            symbolon_figures_compressions(&mut state, n.parse().expect("a number"));
            println!("{}", state[0]);
            0
        }
        [] => match table() {
            Ok(mut misses) => {
                memory();
                misses.extend(programs());
                for miss in &misses {
                    eprintln!("{miss}");
                }
                i32::from(!misses.is_empty())
            }
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

/// Runs this program again under callgrind; the instructions counted in `function`, and what the program printed.
pub(crate) fn count(function: &str, arguments: &[&str]) -> Result<(u64, String), String> {
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

/// A row of the table.
struct Figures {
    count: Count,
    instructions: u64,
    /// The instructions of the compressions that the flow cannot avoid.
    floor: u64,
}

impl Figures {
    fn of(case_number: usize, floors: &[(usize, u64)]) -> Result<Self, String> {
        let case = case(case_number);
        let in_case = |error| format!("{}: {error}", case.name);
        let (instructions, printed) =
            count("symbolon_figures_flow", &["--case", &case_number.to_string()]).map_err(in_case)?;
        let (questions, allocations) = printed.split_once(' ').ok_or_else(|| in_case("nothing printed".into()))?;
        let number = |text: &str| text.parse().map_err(|_| in_case(format!("{text} is no number")));
        let count = Count { questions: number(questions)?, allocations: number(allocations)? };
        let floor = floors.iter().find(|(blocks, _)| *blocks == case.compressions()).map_or(0, |(_, floor)| *floor);
        Ok(Self { count, instructions, floor })
    }

    fn print(&self, case: &Case) {
        let Self { count: Count { questions, allocations }, instructions, floor } = self;
        let (hashes, floor, ratio) = if case.compressions() == 0 {
            (case.hashes.first().map_or("0", |(what, _)| what).to_owned(), "-".to_owned(), "-".to_owned())
        } else {
            let list: Vec<_> = case.hashes.iter().map(|(what, blocks)| format!("{what} {blocks}")).collect();
            let ratio = *instructions as f64 / *floor as f64;
            (format!("{}: {}", case.compressions(), list.join(", ")), floor.to_string(), format!("{ratio:.3}"))
        };
        let name = case.name;
        println!("| {name} | {questions} | {allocations} | {instructions} | {hashes} | {floor} | {ratio} |");
    }

    /// What is not as it should be.
    fn misses(&self, case: &Case) -> Vec<String> {
        let mut misses = Vec::new();
        let Self { count: Count { questions, allocations }, instructions, floor } = *self;
        if allocations != 0 {
            misses.push(format!("{}: {allocations} allocations, not 0", case.name));
        }
        if let Some(bound) = case.bound {
            if questions != AIM_QUESTIONS {
                misses.push(format!("{}: {questions} questions, not {AIM_QUESTIONS}", case.name));
            }
            if instructions * 100 > floor * bound {
                misses.push(format!(
                    "{}: {instructions} instructions are more than {bound} hundredths of {floor}",
                    case.name
                ));
            }
        }
        misses
    }
}

/// Prints the table; gives what is not as it should be.
fn table() -> Result<Vec<String>, String> {
    let mut blocks: Vec<_> = cases().map(Case::compressions).filter(|&blocks| blocks > 0).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let floors = two_at_a_time(blocks.len(), |i| {
        let (floor, _) = count("symbolon_figures_compressions", &["--compressions", &blocks[i].to_string()])?;
        Ok((blocks[i], floor))
    })?;
    let figures = two_at_a_time(cases().count(), |i| Figures::of(i, &floors))?;

    println!("instructions, counted by callgrind; no noise: the same build gives the same count");
    println!();
    println!(
        "| flow | questions | allocations | instructions | SHA-256 it cannot avoid | instructions of that | ratio |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut misses = Vec::new();
    for (case, figures) in cases().zip(&figures) {
        figures.print(case);
        misses.extend(figures.misses(case));
    }
    Ok(misses)
}

/// Does `count` jobs, two at a time; the results in order, or the first error.
fn two_at_a_time<T: Send>(count: usize, job: impl Fn(usize) -> Result<T, String> + Sync) -> Result<Vec<T>, String> {
    let results = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(i) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < count) {
                    let result = job(i);
                    results.lock().expect("no job panics").push((i, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no job panics");
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Prints the memory that a flow needs, per role, in bytes: the buffer that it is lent, and the step that its host holds.
fn memory() {
    const fn step<F: symbolon::step::Flow>() -> usize {
        size_of::<Step<'static, F>>()
    }
    let server = [
        ("authorize", step::<server::Authorize>()),
        ("push", step::<server::Push>()),
        ("resume", step::<server::Resume>()),
        ("decide", step::<server::Decide>()),
        ("token", step::<server::Token>()),
        ("revoke", step::<server::Revoke>()),
        ("introspect", step::<server::Introspect>()),
        ("userinfo", step::<server::Userinfo>()),
    ];
    let client = [
        ("discover", step::<client::Discover>()),
        ("authorize", step::<client::Authorize>()),
        ("callback", step::<client::Callback>()),
        ("refresh", step::<client::Refresh>()),
        ("revoke", step::<client::Revoke>()),
    ];
    let resource = [("judge", step::<resource::Judge>())];
    println!();
    println!("| role | bytes of buffer | bytes of its largest step |");
    println!("|---|---|---|");
    let roles: [(_, _, &[(&str, usize)]); 3] = [
        ("server", server::BUFFER, &server),
        ("client", client::BUFFER, &client),
        ("resource", resource::BUFFER, &resource),
    ];
    for (role, buffer, steps) in roles {
        if let Some((flow, step)) = steps.iter().max_by_key(|(_, step)| step) {
            println!("| {role} | {buffer} | {step} ({flow}) |");
        }
    }
}

/// Each builds programs that count bytes, prints their sizes as a table, and fails if one is above its bound or cannot be built.
const PROGRAMS: [&str; 3] = ["bindings-c/size", "tests/wasm/figures", "tests/firmware/figures"];

/// Runs them; gives those that failed.
fn programs() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut failed = Vec::new();
    for program in PROGRAMS {
        println!();
        let status = Command::new(root.join(program)).current_dir(&root).status();
        if !status.is_ok_and(|status| status.success()) {
            failed.push(format!("{program}: too large, or not built"));
        }
    }
    failed
}
