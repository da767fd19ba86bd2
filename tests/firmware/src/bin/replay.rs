//! Follows the tape that the command line names, prints each flow that differs, how much of the stack each role has
//! taken, and at last `N passed, N failed`.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use symbolon_firmware::console::{self, Console, File};
use symbolon_firmware::lines::Lines;
use symbolon_firmware::replay::{Memory, Places, Replay};

const KIB: usize = 1024;

#[entry]
fn main() -> ! {
    static mut TAPE: [u8; 1024 * KIB] = [0; _];
    static mut PLACES: MaybeUninit<Places> = MaybeUninit::zeroed();
    static mut BUFFER: [u8; 640 * KIB] = [0; _];
    static mut ARENA: [u64; 128 * KIB] = [0; _];
    static mut SHOWN: [[u8; 256 * KIB]; 2] = [[0; _]; 2];
    static mut TITLE: [u8; KIB] = [0; _];

    let mut path = [0; KIB];
    let file = console::command_line(&mut path).and_then(File::open).expect("the command line names a tape");
    let [shown, shown_again] = SHOWN;
    let memory = Memory { places: PLACES.as_mut_ptr(), buffer: BUFFER, arena: ARENA, shown, shown_again, title: TITLE };
    let mut replay = Replay::new(Console::open(), memory);
    let mut lines = Lines::of(file, TAPE);
    while let Some(line) = lines.take() {
        let _ = replay.follow(line);
    }
    console::exit(replay.finish())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    console::panicked(info)
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    panic!()
}
