//! Bytes and words: memory that is handed out until the flow ends, texts that grow, and the words of a line.

use symbolon_abi::types::{Bytes, Text};

/// Memory for what a flow is lent. All of it is given back at once.
pub struct Arena<'m> {
    memory: &'m mut [u64],
    used: usize,
}

impl<'m> Arena<'m> {
    /// Hands out this memory.
    pub fn of(memory: &'m mut [u64]) -> Self {
        Self { memory, used: 0 }
    }

    /// Takes everything back.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Memory for `len` bytes, aligned for anything.
    pub fn take(&mut self, len: usize) -> *mut u8 {
        let from = self.used;
        self.used += len.div_ceil(8);
        self.memory[from..self.used].as_mut_ptr().cast()
    }

    /// A copy, of which the pointer is never NULL.
    pub fn copy(&mut self, bytes: &[u8]) -> *mut u8 {
        let place = self.take(bytes.len());
        // SAFETY: it was just taken, with this length.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        place
    }

    /// A copy, as a text.
    pub fn text(&mut self, bytes: &[u8]) -> Text {
        Text { ptr: self.copy(bytes), len: bytes.len() }
    }

    /// A copy, as bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Bytes {
        Bytes { ptr: self.copy(bytes), len: bytes.len() }
    }
}

/// A text that grows.
pub struct Growing<'m> {
    memory: &'m mut [u8],
    len: usize,
}

impl<'m> Growing<'m> {
    /// Grows in this memory.
    pub fn of(memory: &'m mut [u8]) -> Self {
        Self { memory, len: 0 }
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// What it is.
    pub fn as_bytes(&self) -> &[u8] {
        &self.memory[..self.len]
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        self.memory[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends a space and a word, unless that is empty.
    fn put_word(&mut self, word: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        if !word.is_empty() {
            self.put(b" ");
        }
        for &byte in word {
            match byte {
                b'!'..=b'~' if byte != b'%' => self.put(&[byte]),
                _ => self.put(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
            }
        }
    }

    /// Appends a line of a step.
    pub fn put_line(&mut self, words: &[&[u8]]) {
        self.put(b"=");
        for word in words {
            self.put_word(word);
        }
        self.put(b"\n");
    }
}

/// A number in digits.
pub struct Digits {
    at: [u8; 20],
    from: usize,
}

impl Digits {
    /// Writes a number.
    pub fn of(mut number: u64) -> Self {
        let (mut at, mut from) = ([0; 20], 20);
        loop {
            from -= 1;
            at[from] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { at, from };
            }
        }
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.at[self.from..]
    }
}

/// Reads a number; no digits are 0.
pub fn number_of(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// Splits a line into its words, and decodes them in place.
pub fn split(line: &mut [u8]) -> [&[u8]; 6] {
    let mut ranges = [const { 0..0 }; 6];
    let (mut from, mut to) = (0, 0);
    let mut word = 0;
    while from < line.len() && word < ranges.len() {
        let start = to;
        while from < line.len() && line[from] != b' ' {
            line[to] = line[from];
            if line[from] == b'%' && from + 2 < line.len() {
                line[to] = digit(line[from + 1]) * 16 + digit(line[from + 2]);
                from += 2;
            }
            (from, to) = (from + 1, to + 1);
        }
        ranges[word] = start..to;
        (from, word) = (from + 1, word + 1);
    }
    let line = &*line;
    ranges.map(|range| &line[range])
}

fn digit(of: u8) -> u8 {
    if of <= b'9' { of - b'0' } else { of - b'a' + 10 }
}
