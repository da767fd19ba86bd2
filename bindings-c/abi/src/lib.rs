//! The translation: every flow of the core behind one C interface, with the storage the caller's.
//!
//! ```text
//! start function   one for each flow: takes the caller's bytes, begins the flow, puts its first step into the storage
//! Flow             the storage; what it holds is erased, but for the one function that takes an answer
//! View             the step as C reads it, the same for all flows
//! answer           one function for each answer; gives it to the flow, and puts the next step into the storage
//! ```
//!
//! A new flow needs a start function in the file of its role, and, if it ends in something new, a type in `outcome.rs`.
//! Each struct that crosses the boundary describes itself, so that the wrappers and the runners of transcripts read outcomes
//! without knowing them: see [`types::Member`].
//!
//! `symbolon.h` is the documentation of what is exported here.
#![no_std]
#![allow(clippy::missing_safety_doc)] // The header says it, for C.

use core::slice;

#[cfg(feature = "client")]
pub mod client;
pub mod describe;
pub mod flow;
pub mod outcome;
#[cfg(feature = "server")]
pub mod registration;
#[cfg(feature = "resource")]
pub mod resource;
#[cfg(feature = "server")]
pub mod server;
pub mod types;
pub mod view;

/// The number of the binary interface: it changes whenever a compiled caller would have to be compiled anew.
pub const ABI: u32 = 1;

/// The version of the library, as in `symbolon.h`.
#[unsafe(no_mangle)]
pub extern "C" fn symbolon_version() -> *const u8 {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr()
}

/// [`ABI`].
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_abi() -> u32 {
    ABI
}

/// What a status means, as static text that ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn symbolon_strerror(status: i32) -> *const u8 {
    types::Status::text_of(status).as_ptr()
}

/// Zeros a range that held secrets, as a buffer does after a flow; a compiler does not drop this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_wipe(bytes: *mut u8, len: usize) {
    if !bytes.is_null() {
        // SAFETY: the caller lends this range.
        zeroize::Zeroize::zeroize(unsafe { slice::from_raw_parts_mut(bytes, len) });
    }
}
