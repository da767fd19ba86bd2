//! How much of the stack a call takes: it is painted beforehand, and looked at afterwards.

use cortex_m::register::msp;

/// How far below the caller it is painted, in bytes. A call that goes deeper is said to take this much.
const PAINTED: usize = 16 * 1024;
const PAINT: u32 = 0x5aa5_c33c;

/// Calls, and says how many bytes of the stack were written to below here.
#[inline(never)]
pub fn measure<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let top = msp::read() as usize & !3;
    let bottom = top - PAINTED;
    let mut at = bottom;
    while at < top {
        // SAFETY: it is below the stack pointer, where nobody keeps anything: there are no interrupts. The stack has megabytes.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
        at += 4;
    }
    let value = called(call);
    let mut lowest = bottom;
    // SAFETY: as above.
    while lowest < top && unsafe { (lowest as *const u32).read_volatile() } == PAINT {
        lowest += 4;
    }
    (value, top - lowest)
}

/// Has a frame of its own, which counts.
#[inline(never)]
fn called<T>(call: impl FnOnce() -> T) -> T {
    call()
}
