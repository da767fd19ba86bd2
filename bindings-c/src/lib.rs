//! The C library: what `symbolon-abi` exports, and the panic handler that a library without std must have.
#![no_std]

pub use symbolon_abi::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // That no panic is reachable is shown of the core, by `tests/no_panic`, and not yet of the C interface around it.
    loop {}
}
