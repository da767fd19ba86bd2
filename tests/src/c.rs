//! Programs in C on the library: built with `cc`, or with another compiler, next to what cargo builds.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How strict every compiler is.
pub const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// A file of this repository.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The folder that cargo builds into: that of the program that runs.
pub fn target() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.map(Path::to_owned).ok_or_else(|| "no folder of cargo's is around this program".into())
}

/// Builds the library as it is shipped; the folder with `libsymbolon.a` and `libsymbolon.so`.
pub fn library() -> Result<PathBuf, String> {
    let target = target()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "-q", "--release", "-p", "symbolon-c", "--target-dir"]).arg(&target);
    run(command.current_dir(source(".")))?;
    Ok(target.join("release"))
}

/// Compiles a program of `tests/c`, and links it to what is in `more`.
pub fn compile(compiler: &[&str], program: &str, output: &str, more: &[PathBuf]) -> Result<PathBuf, String> {
    let folder = target()?.join("c");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let output = folder.join(output);
    let (compiler, flags) = compiler.split_first().ok_or("no compiler")?;
    let mut command = Command::new(compiler);
    command.args(flags).args(STRICT).arg("-I").arg(source("bindings-c/include"));
    run(command.arg("-o").arg(&output).arg(source("tests/c").join(program)).args(more))?;
    Ok(output)
}

/// Runs a command; what it says on stdout. If it fails, also what it says on stderr.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("{command:?}: {}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
