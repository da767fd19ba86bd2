//! The C library: what `symbolon-abi` exports, and the panic handler that a library without std must have.
#![no_std]

pub use symbolon_abi::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // That no panic is reachable is shown by `tests/no_panic`, which links the same functions without this loop.
    loop {}
}
