//! Output: pieces of text carved one after the other from the caller's buffer.

use crate::error::{Reason, TooSmall};
use crate::wire::base64;

/// The caller's buffer. What has been written stays where it is and is handed out for as long as the buffer is lent.
pub struct Arena<'a> {
    rest: &'a mut [u8],
}

impl<'a> Arena<'a> {
    /// Takes a buffer of at least `needed` bytes.
    pub const fn new(buffer: &'a mut [u8], needed: usize) -> Result<Self, TooSmall> {
        if buffer.len() < needed { Err(TooSmall { needed }) } else { Ok(Self { rest: buffer }) }
    }

    /// Writes a piece. `Reason::Buffer` if it does not fit; the buffer is then as before.
    pub fn write(&mut self, fill: impl FnOnce(&mut Writer<'_>)) -> Result<&'a [u8], Reason> {
        let left = fill_from(self.rest, fill);
        Ok(self.carve_before(left)?)
    }

    /// Writes a piece of text.
    pub fn text(&mut self, fill: impl FnOnce(&mut Writer<'_>)) -> Result<&'a str, Reason> {
        let left = fill_from(self.rest, fill);
        self.carve_text(left)
    }

    /// Keeps a copy of `bytes`.
    pub fn copy(&mut self, bytes: &[u8]) -> Result<&'a [u8], Reason> {
        self.write(|w| w.bytes(bytes))
    }

    /// Keeps a copy of `bytes` that may be read in place.
    pub fn copy_mut(&mut self, bytes: &[u8]) -> Result<&'a mut [u8], Reason> {
        self.fill(|place| {
            copy(place.get_mut(..bytes.len())?, bytes);
            Some(bytes.len())
        })
    }

    /// Keeps a copy of `text`.
    pub fn copy_str(&mut self, text: &str) -> Result<&'a str, Reason> {
        self.text(|w| w.str(text))
    }

    /// Lets `fill` write to all that is left and keeps as many bytes as it says.
    pub fn fill(&mut self, fill: impl FnOnce(&mut [u8]) -> Option<usize>) -> Result<&'a mut [u8], Reason> {
        let len = fill(self.rest);
        self.carve(len)
    }

    /// Lends all that is left for a while; nothing of it is kept.
    pub fn lend<T>(&mut self, borrow: impl FnOnce(&mut [u8]) -> T) -> T {
        borrow(self.rest)
    }

    /// All that is left, for another's use.
    pub fn take(&mut self) -> Self {
        Self { rest: core::mem::take(&mut self.rest) }
    }

    fn carve(&mut self, len: Option<usize>) -> Result<&'a mut [u8], Reason> {
        let len = len.ok_or(Reason::Buffer)?;
        match core::mem::take(&mut self.rest).split_at_mut_checked(len) {
            Some((piece, rest)) => {
                self.rest = rest;
                Ok(piece)
            }
            None => Err(Reason::Buffer),
        }
    }

    #[inline(never)]
    fn carve_text(&mut self, left: usize) -> Result<&'a str, Reason> {
        core::str::from_utf8(self.carve_before(left)?).map_err(|_| Reason::Buffer)
    }

    /// Keeps all but the last `left` bytes. The same for every `fill`: once in a program.
    #[inline(never)]
    fn carve_before(&mut self, left: usize) -> Result<&'a mut [u8], Reason> {
        let len = self.rest.len().checked_sub(left);
        self.carve(len)
    }
}

/// Writes to the start of a buffer, and says how much; `None` if it does not fit.
pub fn into(buffer: &mut [u8], fill: impl FnOnce(&mut Writer<'_>)) -> Option<usize> {
    let room = buffer.len();
    room.checked_sub(fill_from(buffer, fill))
}

/// Writes to the start of a buffer, and says how much is left of it; [`usize::MAX`] if what was written does not fit.
fn fill_from(buffer: &mut [u8], fill: impl FnOnce(&mut Writer<'_>)) -> usize {
    let mut writer = Writer { rest: buffer, full: false };
    fill(&mut writer);
    writer.left()
}

/// Copies bytes to a place that is as long. Not `copy_from_slice`, which compares the lengths again: a panic path where it is not
/// inlined.
#[inline]
pub fn copy(place: &mut [u8], bytes: &[u8]) {
    for (place, byte) in place.iter_mut().zip(bytes) {
        *place = *byte;
    }
}

/// Appends to a piece. Once something did not fit, there is no room left and the whole piece fails.
pub struct Writer<'w> {
    rest: &'w mut [u8],
    full: bool,
}

impl Writer<'_> {
    const fn left(&self) -> usize {
        if self.full { usize::MAX } else { self.rest.len() }
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len()) {
            Some((place, rest)) => {
                copy(place, bytes);
                self.rest = rest;
            }
            None => self.full = true,
        }
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) {
        match core::mem::take(&mut self.rest).split_first_mut() {
            Some((place, rest)) => {
                *place = byte;
                self.rest = rest;
            }
            None => self.full = true,
        }
    }

    #[inline(never)]
    fn quote(&mut self) {
        self.byte(b'"');
    }

    /// Appends text as it is.
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Appends words with a space between them, each once.
    pub fn distinct<'s>(&mut self, words: impl IntoIterator<Item = &'s str, IntoIter: Clone>) {
        let words = words.into_iter();
        for (i, word) in words.clone().enumerate() {
            if words.clone().take(i).any(|earlier| earlier == word) {
                continue;
            }
            if i > 0 {
                self.bytes(b" ");
            }
            self.str(word);
        }
    }

    /// Appends a number in decimal.
    pub fn decimal(&mut self, mut number: u64) {
        let mut digits = [0u8; 20];
        let mut start = digits.len();
        for place in digits.iter_mut().rev() {
            let digit = number.checked_rem(10).and_then(|d| u8::try_from(d).ok()).unwrap_or(0);
            *place = b'0'.saturating_add(digit);
            start = start.saturating_sub(1);
            number = number.checked_div(10).unwrap_or(0);
            if number == 0 {
                break;
            }
        }
        self.bytes(digits.get(start..).unwrap_or_default());
    }

    /// Appends `text` in the application/x-www-form-urlencoded form (RFC 6749 appendix B), with `%20` for a space, which
    /// is right in a query and in a form alike.
    pub fn form(&mut self, text: &str) {
        self.runs(
            text,
            |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'),
            |w, b| {
                w.bytes(&[b'%', hex(b >> 4, b'A'), hex(b & 15, b'A')]);
            },
        );
    }

    /// Appends `text` as a JSON string with its quotes (RFC 8259 section 7).
    pub fn json(&mut self, text: &str) {
        self.quote();
        self.runs(
            text,
            |b| b >= 0x20 && b != b'"' && b != b'\\',
            |w, b| match b {
                b'"' | b'\\' => w.bytes(&[b'\\', b]),
                _ => w.bytes(&[b'\\', b'u', b'0', b'0', hex(b >> 4, b'a'), hex(b & 15, b'a')]),
            },
        );
        self.quote();
    }

    /// Appends `text` as a quoted-string (RFC 9110 section 5.6.4); a byte that may not stand in one becomes `?`.
    pub fn quoted(&mut self, text: &str) {
        self.quote();
        self.runs(
            text,
            |b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\',
            |w, b| match b {
                b'"' | b'\\' => w.bytes(&[b'\\', b]),
                _ => w.bytes(b"?"),
            },
        );
        self.quote();
    }

    /// Appends `bytes` in base64url without padding.
    pub fn base64url(&mut self, bytes: &[u8]) {
        self.encoded(|rest| base64::encode_url(bytes, rest));
    }

    /// Appends `bytes` in base64 with padding.
    pub fn base64(&mut self, bytes: &[u8]) {
        self.encoded(|rest| base64::encode_standard(bytes, rest));
    }

    #[inline]
    fn encoded(&mut self, encode: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let rest = core::mem::take(&mut self.rest);
        match encode(rest).and_then(|len| rest.get_mut(len..)) {
            Some(rest) => self.rest = rest,
            None => self.full = true,
        }
    }

    /// Appends the bytes that are `plain` in runs, and the others one by one through `escape`.
    fn runs(&mut self, text: &str, plain: impl Fn(u8) -> bool, escape: impl Fn(&mut Self, u8)) {
        let mut rest = text.as_bytes();
        loop {
            let run = rest.iter().position(|&b| !plain(b)).unwrap_or(rest.len());
            let (head, tail) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            self.bytes(head);
            match tail.split_first() {
                Some((&byte, tail)) => {
                    escape(self, byte);
                    rest = tail;
                }
                None => return,
            }
        }
    }
}

const fn hex(nibble: u8, ten: u8) -> u8 {
    if nibble < 10 { b'0'.saturating_add(nibble) } else { ten.saturating_add(nibble.saturating_sub(10)) }
}

/// Writes one JSON object, member by member.
pub struct JsonObject<'o, 'w> {
    writer: &'o mut Writer<'w>,
    empty: bool,
}

impl<'o, 'w> JsonObject<'o, 'w> {
    /// Begins an object.
    pub fn new(writer: &'o mut Writer<'w>) -> Self {
        writer.bytes(b"{");
        Self { writer, empty: true }
    }

    #[inline(never)]
    fn name(&mut self, name: &str) {
        self.writer.str(if self.empty { "\"" } else { ",\"" });
        self.empty = false;
        // Member names are the specifications' own and need no escape.
        self.writer.str(name);
        self.writer.bytes(b"\":");
    }

    /// Writes a string member.
    pub fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        self.writer.json(value);
    }

    /// Writes a string member whose text needs no escape.
    pub fn text(&mut self, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        self.open(name);
        fill(self.writer);
        self.writer.quote();
    }

    #[inline(never)]
    fn open(&mut self, name: &str) {
        self.name(name);
        self.writer.quote();
    }

    /// Writes a member whose value is written as JSON.
    pub fn value(&mut self, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        self.name(name);
        fill(self.writer);
    }

    /// Writes a number member.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.writer.decimal(value);
    }

    /// Writes a boolean member.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.name(name);
        self.writer.str(if value { "true" } else { "false" });
    }

    /// Writes a member that is an object.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut JsonObject<'_, 'w>)) {
        self.name(name);
        let mut object = JsonObject::new(self.writer);
        fill(&mut object);
        object.end();
    }

    /// Writes a member whose value is JSON already.
    pub fn json(&mut self, name: &str, value: &str) {
        self.name(name);
        self.writer.str(value);
    }

    /// Writes a member that is an array of what is JSON already.
    pub fn array<'s>(&mut self, name: &str, values: impl IntoIterator<Item = &'s str>) {
        self.name(name);
        let mut before = "[";
        for value in values {
            self.writer.str(before);
            self.writer.str(value);
            before = ",";
        }
        self.close(before);
    }

    /// Writes a member that is an array of strings.
    pub fn strings<'s>(&mut self, name: &str, values: impl IntoIterator<Item = &'s str>) {
        self.name(name);
        let mut before = "[";
        for value in values {
            self.writer.str(before);
            self.writer.json(value);
            before = ",";
        }
        self.close(before);
    }

    /// Ends an array; `before` is what would come before its next value.
    fn close(&mut self, before: &str) {
        self.writer.str(if before == "," { "]" } else { "[]" });
    }

    /// Writes a string member whose value is several words with a space between them.
    pub fn words<'s>(&mut self, name: &str, words: impl IntoIterator<Item = &'s str>) {
        // Words of a scope need no escape: their grammar has neither quotation mark nor backslash.
        self.open(name);
        for (i, word) in words.into_iter().enumerate() {
            if i > 0 {
                self.writer.bytes(b" ");
            }
            self.writer.str(word);
        }
        self.writer.quote();
    }

    /// Ends the object.
    pub fn end(self) {
        self.writer.bytes(b"}");
    }
}

/// Writes `name=value` pairs of a form or query.
pub struct FormWriter<'f, 'w> {
    writer: &'f mut Writer<'w>,
    separator: &'static str,
}

impl<'f, 'w> FormWriter<'f, 'w> {
    /// Begins a form; `first` goes before the first pair.
    pub const fn new(writer: &'f mut Writer<'w>, first: &'static str) -> Self {
        Self { writer, separator: first }
    }

    /// Writes a pair.
    #[inline(never)]
    pub fn pair(&mut self, name: &str, value: &str) {
        self.name(name);
        self.writer.form(value);
    }

    /// Writes a pair whose value needs no encoding.
    pub fn text(&mut self, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        self.name(name);
        fill(self.writer);
    }

    #[inline(never)]
    fn name(&mut self, name: &str) {
        self.writer.str(self.separator);
        self.separator = "&";
        self.writer.form(name);
        self.writer.bytes(b"=");
    }

    /// Writes a pair if there is a value.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.pair(name, value);
        }
    }
}
