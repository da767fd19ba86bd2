//! The WebAssembly module of symbolon: what `symbolon-abi` exports, and a panic handler.
// For other targets it is compiled by whoever takes the whole workspace, with panics that unwind.
#![cfg_attr(target_arch = "wasm32", no_std)]

pub use symbolon_abi::*;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // That no panic is reachable is shown by `tests/no_panic`, which links the same functions without this trap.
    core::arch::wasm32::unreachable()
}
