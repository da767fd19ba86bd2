//! `attacks [ID or TOPIC...]` runs attacks against the core; `--list` names them, `--not-here` names those that have no
//! place here and says why, `--requirements` names what RFC 9700 asks for and what shows that it holds.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    symbolon_tests::attacks::run(&arguments, &mut std::io::stdout().lock())
}
