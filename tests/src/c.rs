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

/// Builds the library with AddressSanitizer in it; the file.
pub fn sanitized_library() -> Result<PathBuf, String> {
    // Apart from other builds, which would begin anew after this one.
    let target = target()?.join("sanitized");
    let rustc = run(Command::new("rustc").arg("-vV"))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not name its host")?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // With a target named, the flags are not for what runs while cargo builds.
    command.args(["build", "-q", "--release", "-p", "symbolon-c", "--target", host, "--target-dir"]).arg(&target);
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address").env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(command.current_dir(source(".")))?;
    Ok(target.join(host).join("release/libsymbolon.a"))
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
