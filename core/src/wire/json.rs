//! JSON (RFC 8259), read in place.
//!
//! [`object()`] or [`array()`] checks the whole text before anything of it is used. On its way it rewrites each string: the two quotes
//! make room for a header of two bytes that holds the length of the unescaped content,
//!
//! ```text
//! before   "  a  \  u  0  0  e  9  "        the header's first byte is 0x80 | length >> 8: no JSON token
//! after   80 03  a c3 a9 20 20 20 20        begins with such a byte, so later walks know a string by it
//! ```
//!
//! so that later walks pass over a string in one step, and take its content as it stands.

mod check;
mod text;

use core::cell::Cell;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;

/// A JSON value.
#[derive(Clone, Copy)]
pub enum Value<'j> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number<'j>),
    /// A string, unescaped.
    String(&'j str),
    /// An array.
    Array(Array<'j>),
    /// An object.
    Object(Object<'j>),
}

impl<'j> Value<'j> {
    /// The string that this is.
    pub const fn as_str(self) -> Option<&'j str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number that this is, if it is written as a non-negative integer: `1.0` and `1e0` are not.
    pub fn as_u64(self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_str().parse().ok() } else { None }
    }

    /// The boolean that this is.
    pub const fn as_bool(self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(value) } else { None }
    }

    /// The array that this is.
    pub const fn as_array(self) -> Option<Array<'j>> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The object that this is.
    pub const fn as_object(self) -> Option<Object<'j>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

/// A number, as it is written.
#[derive(Clone, Copy)]
pub struct Number<'j>(&'j str);

impl<'j> Number<'j> {
    /// The number by the grammar of RFC 8259 section 6.
    pub const fn as_str(self) -> &'j str {
        self.0
    }
}

/// An array: what follows its `[` in a checked text.
#[derive(Clone, Copy)]
pub struct Array<'j>(&'j [u8]);

impl<'j> Array<'j> {
    /// The values, in their order.
    pub const fn iter(&self) -> Values<'j> {
        Values(self.0)
    }
}

/// The values of an array.
#[derive(Clone)]
pub struct Values<'j>(&'j [u8]);

impl<'j> Iterator for Values<'j> {
    type Item = Value<'j>;

    fn next(&mut self) -> Option<Value<'j>> {
        let (value, rest) = value(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// An object: what follows its `{` in a checked text. No two members have the same name.
#[derive(Clone, Copy)]
pub struct Object<'j>(&'j [u8]);

impl<'j> Object<'j> {
    /// The value of the member of this name.
    pub fn get(&self, name: &str) -> Option<Value<'j>> {
        self.members().find(|(member, _)| *member == name).map(|(_, value)| value)
    }

    /// The member of this name, which must be a string if it is there: `null` or another type is no absence.
    pub fn string(&self, name: Name) -> Result<Option<&'j str>, Reason> {
        self.typed(name, Value::as_str)
    }

    /// The member of this name, which must be a non-negative integer if it is there.
    pub fn integer(&self, name: Name) -> Result<Option<u64>, Reason> {
        self.typed(name, Value::as_u64)
    }

    /// The member of this name, which must be a boolean if it is there.
    pub fn boolean(&self, name: Name) -> Result<Option<bool>, Reason> {
        self.typed(name, Value::as_bool)
    }

    /// The member of this name, which must be an array if it is there.
    pub fn array(&self, name: Name) -> Result<Option<Array<'j>>, Reason> {
        self.typed(name, Value::as_array)
    }

    /// The member of this name, which must be an object if it is there.
    pub fn object(&self, name: Name) -> Result<Option<Self>, Reason> {
        self.typed(name, Value::as_object)
    }

    fn typed<T>(&self, name: Name, read: fn(Value<'j>) -> Option<T>) -> Result<Option<T>, Reason> {
        self.get(name.as_str()).map(|value| read(value).ok_or(Reason::Malformed(name))).transpose()
    }

    /// The members, in their order.
    pub const fn members(&self) -> Members<'j> {
        Members(self.0)
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct Members<'j>(&'j [u8]);

impl<'j> Iterator for Members<'j> {
    type Item = (&'j str, Value<'j>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = value(self.0)?;
        let (value, rest) = value(rest)?;
        self.0 = rest;
        Some((name.as_str()?, value))
    }
}

/// Reads a JSON text whose top level is an object, and overwrites it. Refused are, besides what RFC 8259 does not allow:
/// repeated members at any level (compared unescaped), lone surrogates, a byte order mark, texts over
/// [`limits::JSON`] bytes and nesting over [`limits::JSON_DEPTH`].
pub fn object(text: &mut [u8]) -> Result<Object<'_>, Reason> {
    checked(text, b'{').map(Object)
}

/// As [`object`], of a JSON text whose top level is an array.
pub fn array(text: &mut [u8]) -> Result<Array<'_>, Reason> {
    checked(text, b'[').map(Array)
}

fn checked(text: &mut [u8], open: u8) -> Result<&[u8], Reason> {
    if text.len() > limits::JSON {
        return Err(Reason::TooLong(Name::Json));
    }
    if core::str::from_utf8(text).is_err() {
        return Err(Reason::NotUtf8);
    }
    let start = check::Checker::new(Cell::from_mut(&mut *text).as_slice_of_cells()).check(open)?;
    Ok(text.get(start..).unwrap_or_default())
}

// Walks over a checked text. What cannot be there ends a walk.

/// The next value, its name and comma before it passed over, and what follows it; `None` at the end of the level.
fn value(text: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':'))?;
    let text = text.get(start..)?;
    let (&first, rest) = text.split_first()?;
    Some(match first {
        0x80.. => {
            let (content, rest) = string(text)?;
            (Value::String(core::str::from_utf8(content).ok()?), rest)
        }
        b'{' => (Value::Object(Object(rest)), after_level(rest)),
        b'[' => (Value::Array(Array(rest)), after_level(rest)),
        b'n' => (Value::Null, text.get(4..)?),
        b't' => (Value::Bool(true), text.get(4..)?),
        b'f' => (Value::Bool(false), text.get(5..)?),
        b'-' | b'0'..=b'9' => {
            let end = text.iter().position(|&byte| !is_in_number(byte)).unwrap_or(text.len());
            let (number, rest) = text.split_at_checked(end)?;
            (Value::Number(Number(core::str::from_utf8(number).ok()?)), rest)
        }
        _ => return None,
    })
}

/// The content of a rewritten string, and what follows it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[high, low], rest) = text.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes([high & 0x7f, low])))
}

/// What follows the level that `text` is in.
fn after_level(mut text: &[u8]) -> &[u8] {
    let mut depth = 1_usize;
    while let Some((&first, rest)) = text.split_first() {
        text = match first {
            0x80.. => string(text).unwrap_or_default().1,
            _ => rest,
        };
        match first {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    text
}

const fn is_in_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests;
