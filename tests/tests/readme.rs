//! What the README shows in C compiles as it stands there. Its Rust is tested by the crate's own documentation tests, its
//! JavaScript by `tests/wasm`.

use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn the_token_endpoint_in_c_compiles_as_c99_and_as_c11() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```c\n").expect("a block of C");
    let (code, _) = rest.split_once("```").expect("the end of the block");
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/../bindings-c/include");
    for standard in ["-std=c99", "-std=c11"] {
        let mut cc = Command::new("cc")
            .args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", include])
            .args(["-fsyntax-only", "-x", "c", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a C compiler");
        cc.stdin.take().expect("its input").write_all(code.as_bytes()).expect("is read");
        assert!(cc.wait().expect("ends").success(), "{standard}");
    }
}
