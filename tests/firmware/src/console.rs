//! The host, by semihosting: its files, its console, and the command line that it gives.

use core::cell::Cell;
use core::panic::PanicInfo;

use cortex_m_semihosting::{debug, hio, nr, syscall};

/// The console.
pub struct Console(Option<hio::HostStream>);

impl Console {
    /// Opens the console.
    pub fn open() -> Self {
        Self(hio::hstdout().ok())
    }

    /// Writes bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(stream) = &mut self.0 {
            let _ = stream.write_all(bytes);
        }
    }
}

/// Ends the emulation with status 0, or 1.
pub fn exit(well: bool) -> ! {
    loop {
        debug::exit(if well { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
}

/// What a panic handler does: says where it was, and ends the emulation.
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    let mut console = Console::open();
    console.write(b"panicked");
    if let Some(place) = info.location() {
        console.write(b" at ");
        console.write(place.file().as_bytes());
        console.write(b":");
        console.write(crate::text::Digits::of(u64::from(place.line())).as_bytes());
    }
    console.write(b"\n");
    exit(false)
}

/// What the host has given as the command line, with the NUL behind it.
pub fn command_line(place: &mut [u8]) -> Option<&[u8]> {
    // The host writes the length into it.
    let block = [Cell::new(place.as_mut_ptr().addr()), Cell::new(place.len())];
    // SAFETY: the block says where the text goes, and how much room there is.
    let status = unsafe { syscall(nr::GET_CMDLINE, &block) };
    let end = place.iter().position(|&byte| byte == 0)?;
    (status == 0).then(|| &place[..=end])
}

/// A file of the host.
pub struct File(usize);

impl File {
    /// Opens a file to be read; a NUL is behind its path.
    pub fn open(path: &[u8]) -> Option<Self> {
        let (_, path_len) = (path.last().filter(|byte| **byte == 0)?, path.len() - 1);
        let block = [path.as_ptr().addr(), nr::open::R_BINARY, path_len];
        // SAFETY: the block says where the path is.
        let handle = unsafe { syscall(nr::OPEN, &block) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Fills `place` as far as the file goes, and says how far.
    pub fn read(&mut self, place: &mut [u8]) -> usize {
        let block = [self.0, place.as_mut_ptr().addr(), place.len()];
        // SAFETY: the block says where the bytes go, and how many there may be.
        let missing = unsafe { syscall(nr::READ, &block) };
        place.len().saturating_sub(missing)
    }
}
