//! Everything that the C library exports, in a library whose panic handler calls a function that does not exist. The library
//! links if no panic is reachable, and fails to link if one is. `tests/run` links it at several levels of optimization, and
//! once with the feature `planted`, which must fail.
#![no_std]

use core::panic::PanicInfo;

pub use symbolon_abi::*;

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: never called: the library does not link if this is reachable.
    unsafe { a_panic_is_reachable() }
}

/// A panic that is reachable, to show that the link fails then.
#[cfg(feature = "planted")]
#[unsafe(no_mangle)]
pub extern "C" fn planted(bytes: &[u8; 32], at: usize) -> u8 {
    bytes[at]
}
