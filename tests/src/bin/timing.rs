//! Counts whether a secret can be guessed by time: see `symbolon_tests::timing`.

use std::process::ExitCode;

fn main() -> ExitCode {
    symbolon_tests::timing::main(&std::env::args().skip(1).collect::<Vec<_>>())
}
