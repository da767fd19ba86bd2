//! `transcripts [--through rust|c|wasm|cortex-m] [FILE...]` replays transcripts; without files those of
//! `tests/transcripts`. With `BLESS=1` their blocks are written anew first.

use std::process::ExitCode;

fn main() -> ExitCode {
    let bless = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    symbolon_tests::transcript::command(std::env::args().skip(1), bless, &mut std::io::stdout().lock())
}
