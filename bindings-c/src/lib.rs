//! The C library: what `symbolon-abi` exports, and a panic handler that no code reaches.
#![no_std]

pub use symbolon_abi::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The tests link the library without this loop: see `tests/no_panic`.
    loop {}
}
