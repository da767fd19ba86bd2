//! Prints what the core costs: see `symbolon_tests::figures`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering;

use symbolon_tests::figures;

/// Counts allocations, so that the figure for the core is measured and not claimed.
struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        figures::ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    std::process::exit(figures::main(std::env::args().skip(1).collect()));
}
