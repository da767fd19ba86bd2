//! A client on a device: `tests/firmware/device` starts it, and answers what it asks.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use symbolon_firmware::console::{self, Console, File};
use symbolon_firmware::device::{Device, Memory, Places};
use symbolon_firmware::lines::Lines;

const KIB: usize = 1024;

#[entry]
fn main() -> ! {
    static mut PLACES: MaybeUninit<Places> = MaybeUninit::zeroed();
    static mut LINES: [u8; 256 * KIB] = [0; _];
    static mut FOUND: [u8; 384 * KIB] = [0; _];
    static mut BUFFER: [u8; 384 * KIB] = [0; _];
    static mut GIVEN: [u64; 4 * KIB] = [0; _];
    static mut ANSWERED: [u64; 32 * KIB] = [0; _];
    static mut SHOWN: [u8; 256 * KIB] = [0; _];

    let mut path = [0; 64];
    let file = console::command_line(&mut path).and_then(File::open).expect("the command line names the input");
    let lines = Lines::of(file, LINES);
    let places = PLACES.as_mut_ptr();
    let memory = Memory { places, found: FOUND, buffer: BUFFER, given: GIVEN, answered: ANSWERED, shown: SHOWN };
    console::exit(Device::new(Console::open(), lines, memory).run())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    console::panicked(info)
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    panic!()
}
