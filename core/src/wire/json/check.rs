//! The first walk over a JSON text, which checks and rewrites it.

use core::cell::Cell;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;

/// The walk, and how far it is.
pub(super) struct Checker<'t> {
    text: &'t [Cell<u8>],
    at: usize,
}

/// An array or object that is open.
#[derive(Clone, Copy)]
enum Level {
    Array,
    /// An object, whose names begin at this place of the list of names.
    Object(usize),
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A name, or `}` right after `{`.
    FirstName,
    Name,
    /// A value, or `]` right after `[`.
    FirstValue,
    Value,
    /// A comma, or the end of the level.
    CommaOrEnd,
}

impl<'t> Checker<'t> {
    pub(super) const fn new(text: &'t [Cell<u8>]) -> Self {
        Self { text, at: 0 }
    }

    /// Checks the whole text, whose outermost value begins with `open`, and returns where its members or values begin.
    ///
    /// ```abnf
    /// JSON-text = ws ( object / array ) ws
    /// object    = "{" ws [ member *( "," member ) ] "}"
    /// member    = ws string ws ":" ws value ws
    /// array     = "[" ws [ value *( ws "," ws value ) ] ws "]"
    /// value     = "false" / "null" / "true" / object / array / number / string
    /// ```
    pub(super) fn check(mut self, open: u8) -> Result<usize, Reason> {
        let mut names = heapless::Vec::<usize, { limits::JSON_MEMBERS }>::new();
        let mut levels = heapless::Vec::<Level, { limits::JSON_DEPTH }>::new();

        if self.token()? != open {
            return Err(Reason::Json);
        }
        let start = self.at;
        let (mut level, mut next) = match open {
            b'{' => (Level::Object(0), Next::FirstName),
            _ => (Level::Array, Next::FirstValue),
        };
        loop {
            let first = self.token()?;
            next = match (next, first, level) {
                (Next::FirstName | Next::Name, b'"', Level::Object(base)) => {
                    let name = self.at.saturating_sub(1);
                    self.string()?;
                    self.add_name(&mut names, base, name)?;
                    if self.token()? != b':' {
                        return Err(Reason::Json);
                    }
                    Next::Value
                }
                (Next::FirstName, b'}', _) | (Next::FirstValue, b']', _) | (Next::CommaOrEnd, b'}' | b']', _) => {
                    match (level, first) {
                        (Level::Object(base), b'}') => names.truncate(base),
                        (Level::Array, b']') => {}
                        _ => return Err(Reason::Json),
                    }
                    match levels.pop() {
                        Some(outer) => level = outer,
                        None => break,
                    }
                    Next::CommaOrEnd
                }
                (Next::CommaOrEnd, b',', Level::Object(_)) => Next::Name,
                (Next::CommaOrEnd, b',', Level::Array) => Next::Value,
                (Next::FirstValue | Next::Value, b'{' | b'[', _) => {
                    // The level in hand counts too.
                    if levels.len().saturating_add(1) >= limits::JSON_DEPTH || levels.push(level).is_err() {
                        return Err(Reason::TooMany(Name::JsonLevels));
                    }
                    let object = first == b'{';
                    level = if object { Level::Object(names.len()) } else { Level::Array };
                    if object { Next::FirstName } else { Next::FirstValue }
                }
                (Next::FirstValue | Next::Value, _, _) => {
                    match first {
                        b'"' => self.string()?,
                        b'n' => self.literal(b"ull")?,
                        b't' => self.literal(b"rue")?,
                        b'f' => self.literal(b"alse")?,
                        b'-' | b'0'..=b'9' => self.number(first)?,
                        _ => return Err(Reason::Json),
                    }
                    Next::CommaOrEnd
                }
                _ => return Err(Reason::Json),
            };
        }
        // Nothing but space may follow.
        self.skip_space();
        if self.peek().is_some() { Err(Reason::Json) } else { Ok(start) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).map(Cell::get)
    }

    fn take(&mut self) -> Result<u8, Reason> {
        let byte = self.peek().ok_or(Reason::Json)?;
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    /// ```abnf
    /// ws = *( %x20 / %x09 / %x0A / %x0D )
    /// ```
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    /// The first byte of the next token.
    fn token(&mut self) -> Result<u8, Reason> {
        self.skip_space();
        self.take()
    }

    fn literal(&mut self, rest: &[u8]) -> Result<(), Reason> {
        for &byte in rest {
            if self.take()? != byte {
                return Err(Reason::Json);
            }
        }
        Ok(())
    }

    /// ```abnf
    /// number = [ "-" ] ( "0" / ( %x31-39 *DIGIT ) ) [ "." 1*DIGIT ] [ ( "e" / "E" ) [ "-" / "+" ] 1*DIGIT ]
    /// ```
    fn number(&mut self, first: u8) -> Result<(), Reason> {
        let digit = if first == b'-' { self.take()? } else { first };
        match digit {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return Err(Reason::Json),
        }
        if self.peek() == Some(b'.') {
            self.take()?;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.take()?;
            if let Some(b'-' | b'+') = self.peek() {
                self.take()?;
            }
            self.digits()?;
        }
        // A digit after a leading zero is refused by the caller, which then expects a comma or an end.
        Ok(())
    }

    fn skip_digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    fn digits(&mut self) -> Result<(), Reason> {
        if !self.take()?.is_ascii_digit() {
            return Err(Reason::Json);
        }
        self.skip_digits();
        Ok(())
    }

    /// Checks and rewrites a string whose opening quote was just taken.
    ///
    /// ```abnf
    /// string    = %x22 *char %x22
    /// char      = unescaped / %x5C ( %x22 / %x5C / "/" / %s"b" / %s"f" / %s"n" / %s"r" / %s"t" / %s"u" 4HEXDIG )
    /// unescaped = %x20-21 / %x23-5B / %x5D-10FFFF
    /// ```
    fn string(&mut self) -> Result<(), Reason> {
        let header = self.text.get(self.at.saturating_sub(1)..).unwrap_or_default();
        let mut out = Shifted { to: self.text.get(self.at..).unwrap_or_default().iter(), held: 0, length: 0 };
        loop {
            match self.take()? {
                b'"' => break,
                b'\\' => self.escape(&mut out)?,
                0..0x20 => return Err(Reason::Json),
                byte => out.push(byte),
            }
        }
        let length = u16::try_from(out.length)
            .ok()
            .filter(|_| out.length <= limits::JSON_STRING)
            .ok_or(Reason::TooLong(Name::JsonString))?;
        // The byte that is still held falls on the closing quote or before it; the rest becomes space.
        let left = self.at.saturating_sub(self.text.len().saturating_sub(out.to.len()));
        let mut rest = out.to;
        if let Some(last) = rest.next() {
            last.set(out.held);
        }
        for cell in rest.take(left.saturating_sub(1)) {
            cell.set(b' ');
        }
        if let [first, second, ..] = header {
            let [high, low] = length.to_be_bytes();
            first.set(high | 0x80);
            second.set(low);
        }
        Ok(())
    }

    fn escape(&mut self, out: &mut Shifted<'_>) -> Result<(), Reason> {
        let byte = match self.take()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = self.escaped_character()?;
                out.push_character(character);
                return Ok(());
            }
            _ => return Err(Reason::Json),
        };
        out.push(byte);
        Ok(())
    }

    /// What follows `\u`; a character outside the basic plane is a pair of surrogates (RFC 8259 section 7).
    fn escaped_character(&mut self) -> Result<u32, Reason> {
        match self.four_digits()? {
            high @ 0xd800..0xdc00 => {
                self.literal(b"\\u")?;
                match self.four_digits()? {
                    low @ 0xdc00..0xe000 => Ok((((high & 0x3ff) << 10) | (low & 0x3ff)).saturating_add(0x1_0000)),
                    _ => Err(Reason::Json),
                }
            }
            0xdc00..0xe000 => Err(Reason::Json),
            character => Ok(character),
        }
    }

    fn four_digits(&mut self) -> Result<u32, Reason> {
        let mut number = 0;
        for _ in 0..4 {
            number = (number << 4) | char::from(self.take()?).to_digit(16).ok_or(Reason::Json)?;
        }
        Ok(number)
    }

    /// Adds a name to those of its object, which begin at `base`.
    fn add_name(
        &self,
        names: &mut heapless::Vec<usize, { limits::JSON_MEMBERS }>,
        base: usize,
        name: usize,
    ) -> Result<(), Reason> {
        let bytes = self.rewritten(name);
        if names.iter().skip(base).any(|&other| self.rewritten(other) == bytes) {
            return Err(Reason::JsonRepeated);
        }
        names.push(name).map_err(|_| Reason::TooMany(Name::JsonMembers))
    }

    /// A rewritten string with its header.
    fn rewritten(&self, at: usize) -> &[Cell<u8>] {
        let text = self.text.get(at..).unwrap_or_default();
        let [high, low, ..] = text else { return &[] };
        let length = usize::from(u16::from_be_bytes([high.get() & 0x7f, low.get()]));
        text.get(..length.saturating_add(2)).unwrap_or_default()
    }
}

/// Writes one byte behind the place that is read: each byte is held until the next one comes.
struct Shifted<'t> {
    to: core::slice::Iter<'t, Cell<u8>>,
    held: u8,
    length: usize,
}

impl Shifted<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(to) = self.to.next() {
            to.set(self.held);
        }
        self.held = byte;
        self.length = self.length.saturating_add(1);
    }

    /// UTF-8 (RFC 3629 section 3).
    fn push_character(&mut self, character: u32) {
        let part = |shift: u32, mask: u32, mark: u8| {
            let [low, ..] = ((character >> shift) & mask).to_le_bytes();
            low | mark
        };
        match character {
            0..0x80 => self.push(part(0, 0x7f, 0)),
            0x80..0x800 => self.push(part(6, 0x1f, 0xc0)),
            0x800..0x1_0000 => {
                self.push(part(12, 0x0f, 0xe0));
                self.push(part(6, 0x3f, 0x80));
            }
            _ => {
                self.push(part(18, 0x07, 0xf0));
                self.push(part(12, 0x3f, 0x80));
                self.push(part(6, 0x3f, 0x80));
            }
        }
        if character >= 0x80 {
            self.push(part(0, 0x3f, 0x80));
        }
    }
}
