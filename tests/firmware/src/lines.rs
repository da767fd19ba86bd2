//! The lines of a file that is longer than the memory for it.

use crate::console::File;

/// A file, read in blocks as long as `memory`. A line may be as long.
pub struct Lines<'m> {
    file: File,
    memory: &'m mut [u8],
    /// What is read and not yet handed out.
    from: usize,
    to: usize,
}

impl<'m> Lines<'m> {
    /// The lines of a file.
    pub fn of(file: File, memory: &'m mut [u8]) -> Self {
        Self { file, memory, from: 0, to: 0 }
    }

    /// The next line, without its end.
    pub fn take(&mut self) -> Option<&mut [u8]> {
        loop {
            let rest = &self.memory[self.from..self.to];
            if let Some(len) = rest.iter().position(|&byte| byte == b'\n') {
                let line = self.from..self.from + len;
                self.from = line.end + 1;
                return Some(&mut self.memory[line]);
            }
            self.memory.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
            assert!(self.to < self.memory.len(), "a line that is longer than the memory for it");
            let read = self.file.read(&mut self.memory[self.to..]);
            if read == 0 {
                return None;
            }
            self.to += read;
        }
    }
}
