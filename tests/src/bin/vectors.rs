//! `vectors [FILE...]` runs test vectors; without arguments those of `tests/vectors`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    symbolon_tests::vectors::run(&files, &mut std::io::stdout().lock())
}
