//! Gives the shared library its soname: the number changes whenever a compiled program would have to be compiled anew.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // On other systems the linker has other words for it, and `install` does not know them either.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsymbolon.so.0");
    }
}
