//! `application/x-www-form-urlencoded`, decoded in place (RFC 6749 appendix B).
//!
//! Strict where other decoders guess: a `%` without two hexadecimal digits and bytes that are not UTF-8 are refused.
//! Only `&` separates pairs; nothing is trimmed and nothing is decoded twice.

use core::cell::Cell;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;

/// The pairs of a form, in their order. After an error there are no more.
pub struct Pairs<'r> {
    rest: &'r mut [u8],
    left: usize,
}

/// Reads a form body or a query. At most [`limits::FORM`] bytes and [`limits::PARAMETERS`] pairs; `text` is overwritten
/// as the pairs are read.
///
/// ```abnf
/// form  = [ pair ] *( "&" [ pair ] )
/// pair  = *char [ "=" *( char / "=" ) ]
/// char  = "+" / "%" HEXDIG HEXDIG / any other octet but "&", "=" and "%"
/// ```
pub fn pairs(text: &mut [u8]) -> Result<Pairs<'_>, Reason> {
    if text.len() > limits::FORM {
        return Err(Reason::TooLong(Name::Form));
    }
    Ok(Pairs { rest: text, left: limits::PARAMETERS })
}

impl<'r> Iterator for Pairs<'r> {
    type Item = Result<(&'r str, &'r str), Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = core::mem::take(&mut self.rest);
            // Most pairs have nothing to decode: it is one look to see that, and where they end.
            let first = position_of(text, [b'&', b'%', b'+']);
            let plain = first.is_none_or(|at| text.get(at) == Some(&b'&'));
            let end = if plain { first } else { position_of(text, [b'&']) };
            let (pair, rest) = split_at(text, end)?;
            if pair.is_empty() {
                self.rest = rest;
                continue;
            }
            // An error leaves `rest` empty, so that iteration ends.
            let Some(left) = self.left.checked_sub(1) else {
                return Some(Err(Reason::TooMany(Name::Parameters)));
            };
            let decoded = if plain { plain_pair(pair) } else { decode_pair(pair) };
            if decoded.is_ok() {
                self.left = left;
                self.rest = rest;
            }
            return Some(decoded);
        }
    }
}

fn plain_pair(pair: &[u8]) -> Result<(&str, &str), Reason> {
    let end = position_of(pair, [b'=']).unwrap_or(pair.len());
    let pair = core::str::from_utf8(pair).map_err(|_| Reason::NotUtf8)?;
    let (name, rest) = pair.split_at_checked(end).unwrap_or_default();
    Ok((name, rest.strip_prefix('=').unwrap_or_default()))
}

fn decode_pair(pair: &mut [u8]) -> Result<(&str, &str), Reason> {
    let end = position_of(pair, [b'=']);
    let (name, value) = split_at(pair, end).unwrap_or_default();
    Ok((component(name)?, component(value)?))
}

/// Decodes one name or value in place.
pub fn component(text: &mut [u8]) -> Result<&str, Reason> {
    let decoded = match position_of(text, [b'%', b'+']) {
        None => text,
        Some(first) => {
            let length = decode_from(text, first)?;
            text.get_mut(..length).unwrap_or_default()
        }
    };
    core::str::from_utf8(decoded).map_err(|_| Reason::NotUtf8)
}

/// Decodes from `first` on; returns the length of the whole decoded text.
fn decode_from(text: &mut [u8], first: usize) -> Result<usize, Reason> {
    // One slice, read and written at once: the write never overtakes the read.
    let cells = Cell::from_mut(text).as_slice_of_cells();
    let mut read = cells.get(first..).unwrap_or_default().iter();
    let mut write = read.clone();
    while let Some(byte) = read.next() {
        let byte = match byte.get() {
            b'+' => b' ',
            b'%' => {
                let (Some(high), Some(low)) = (read.next().and_then(hex), read.next().and_then(hex)) else {
                    return Err(Reason::PercentEncoding);
                };
                (high << 4) | low
            }
            other => other,
        };
        if let Some(to) = write.next() {
            to.set(byte);
        }
    }
    Ok(cells.len().saturating_sub(write.len()))
}

/// The value of a hexadecimal digit.
fn hex(digit: &Cell<u8>) -> Option<u8> {
    match digit.get() {
        digit @ b'0'..=b'9' => Some(digit & 0x0f),
        digit @ (b'a'..=b'f' | b'A'..=b'F') => Some((digit & 0x0f).saturating_add(9)),
        _ => None,
    }
}

/// What stands before and after the byte at `end`; all and nothing if there is none. `None` for an empty text.
fn split_at(text: &mut [u8], end: Option<usize>) -> Option<(&mut [u8], &mut [u8])> {
    if text.is_empty() {
        return None;
    }
    let (before, after) = text.split_at_mut_checked(end.unwrap_or(text.len()))?;
    Some((before, after.split_first_mut().map_or(Default::default(), |(_, after)| after)))
}

/// Where the first of some bytes stands. Eight bytes at a time, as this is where a form spends its time.
fn position_of<const N: usize>(text: &[u8], any: [u8; N]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // The lowest bit set marks the first zero byte; bits above it may be wrong.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let any_words = any.map(|byte| u64::from_ne_bytes([byte; 8]));

    let (words, tail) = text.as_chunks::<8>();
    let mut at = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let found = any_words.iter().fold(0, |found, any| found | zeros(word ^ any));
        if found != 0 {
            return Some(at.saturating_add(usize::try_from(found.trailing_zeros() >> 3).unwrap_or(0)));
        }
        at = at.saturating_add(8);
    }
    tail.iter().position(|byte| any.contains(byte)).map(|offset| at.saturating_add(offset))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn read(text: &[u8]) -> Result<Vec<(String, String)>, Reason> {
        let mut text = text.to_vec();
        pairs(&mut text)?.map(|pair| pair.map(|(name, value)| (name.to_string(), value.to_string()))).collect()
    }

    /// The same by the book, with no thought for speed.
    fn naive(text: &[u8]) -> Result<Vec<(String, String)>, Reason> {
        let decode = |text: &[u8]| {
            let mut out = Vec::new();
            let mut at = 0;
            while at < text.len() {
                match text[at] {
                    b'+' => out.push(b' '),
                    b'%' => {
                        let digits = text.get(at + 1..at + 3).ok_or(Reason::PercentEncoding)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return Err(Reason::PercentEncoding);
                        }
                        out.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                        at += 2;
                    }
                    other => out.push(other),
                }
                at += 1;
            }
            String::from_utf8(out).map_err(|_| Reason::NotUtf8)
        };
        let mut out = Vec::new();
        for pair in text.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            if out.len() == limits::PARAMETERS {
                return Err(Reason::TooMany(Name::Parameters));
            }
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap())?;
            out.push((name, decode(halves.next().unwrap_or_default())?));
        }
        Ok(out)
    }

    fn encode(text: &str) -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' => String::from("+"),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
                other => std::format!("%{other:02X}"),
            })
            .collect()
    }

    #[test]
    fn decodes_what_was_encoded() {
        for text in ["", " %&+\u{a3}\u{20ac}", "a=b&c", "\u{0}\r\n~", "https://client.example/cb?a=1&b=%20"] {
            let form = std::format!("x={}&{}=y", encode(text), encode(text));
            assert_eq!(read(form.as_bytes()), Ok(std::vec![("x".into(), text.into()), (text.into(), "y".into())]));
        }
    }

    #[test]
    fn agrees_with_the_naive_decoder_on_random_text_and_all_its_prefixes() {
        let mut state = 1_u64;
        let alphabet = b"a0Z%%%+&=4fC3\xc3\xa9~";
        for _ in 0..3000 {
            let text: Vec<u8> = (0..40)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    alphabet[usize::try_from(state % 18).unwrap() % alphabet.len()]
                })
                .collect();
            for end in 0..=text.len() {
                assert_eq!(read(&text[..end]), naive(&text[..end]), "{:?}", String::from_utf8_lossy(&text[..end]));
            }
        }
    }

    #[test]
    fn holds_its_limits() {
        assert_eq!(read(&[b'a'; limits::FORM]).map(|pairs| pairs.len()), Ok(1));
        assert_eq!(read(&[b'a'; limits::FORM + 1]), Err(Reason::TooLong(Name::Form)));
        assert_eq!(read("a&".repeat(limits::PARAMETERS).as_bytes()).map(|pairs| pairs.len()), Ok(limits::PARAMETERS));
        let reason = Reason::TooMany(Name::Parameters);
        assert_eq!(read("a&".repeat(limits::PARAMETERS + 1).as_bytes()), Err(reason));
    }

    #[test]
    fn ends_after_an_error() {
        let mut text = *b"a=%zz&b=1";
        let mut pairs = pairs(&mut text).unwrap();
        assert_eq!(pairs.next(), Some(Err(Reason::PercentEncoding)));
        assert_eq!(pairs.next(), None);
    }
}
