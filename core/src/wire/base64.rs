//! Base64 (RFC 4648), strict and in constant time: eight characters at a time, by arithmetic on the bytes of one word,
//! without a table and without a branch on what is coded.
//!
//! The crates that do this keep panic paths in builds for size, where every other part of this crate has none.

/// The two characters in which the alphabets differ.
#[derive(Clone, Copy)]
struct Alphabet {
    /// The character of 62.
    c62: u8,
    /// The character of 63.
    c63: u8,
}

const URL: Alphabet = Alphabet { c62: b'-', c63: b'_' };
const STANDARD: Alphabet = Alphabet { c62: b'+', c63: b'/' };

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// The length of `bytes` bytes as base64url without padding.
pub const fn encoded_len(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// Writes `bytes` as base64url without padding (RFC 4648 section 5); returns the length, or `None` if it does not fit.
pub fn encode_url(bytes: &[u8], text: &mut [u8]) -> Option<usize> {
    encode(bytes, text, URL)
}

/// Writes `bytes` as base64 with padding (RFC 4648 section 4); returns the length, or `None` if it does not fit.
pub fn encode_standard(bytes: &[u8], text: &mut [u8]) -> Option<usize> {
    let len = bytes.len().div_ceil(3).checked_mul(4)?;
    let text = text.get_mut(..len)?;
    let unpadded = encode(bytes, text, STANDARD)?;
    text.get_mut(unpadded..)?.fill(b'=');
    Some(len)
}

// Inlined, so that each alphabet is known where it is used.
#[inline(always)]
fn encode(bytes: &[u8], text: &mut [u8], alphabet: Alphabet) -> Option<usize> {
    let len = encoded_len(bytes.len());
    let text = text.get_mut(..len)?;
    let (sixes, six) = bytes.as_chunks::<6>();
    let (eights, eight) = text.as_chunks_mut::<8>();
    for (six, eight) in sixes.iter().zip(eights) {
        *eight = encode_word(six, alphabet);
    }
    let mut last = [0; 6];
    for (place, byte) in last.iter_mut().zip(six) {
        *place = *byte;
    }
    for (place, character) in eight.iter_mut().zip(encode_word(&last, alphabet)) {
        *place = character;
    }
    Some(len)
}

/// Reads base64url without padding; returns the length of what was written to `bytes`.
///
/// `None` if a character is not of the alphabet, the length is impossible, the unused bits at the end are not zero, or it
/// does not fit: each value has one spelling.
pub fn decode_url(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    decode(text, bytes, URL)
}

/// Reads base64 with padding (RFC 4648 section 4), as strictly as [`decode_url`].
pub fn decode_standard(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    let padding = text.iter().rev().take_while(|&&c| c == b'=').count();
    if text.len().checked_rem(4) != Some(0) || padding > 2 {
        return None;
    }
    decode(text.get(..text.len().checked_sub(padding)?)?, bytes, STANDARD)
}

fn decode(text: &[u8], bytes: &mut [u8], alphabet: Alphabet) -> Option<usize> {
    if text.len().checked_rem(4) == Some(1) {
        return None;
    }
    let len = text.len().checked_mul(3)?.checked_div(4)?;
    let bytes = bytes.get_mut(..len)?;
    let (eights, eight) = text.as_chunks::<8>();
    let (sixes, six) = bytes.as_chunks_mut::<6>();
    let mut sound = true;
    for (eight, six) in eights.iter().zip(sixes) {
        let (decoded, valid) = decode_word(eight, alphabet);
        *six = decoded;
        sound &= valid;
    }
    let mut last = [b'A'; 8];
    for (place, character) in last.iter_mut().zip(eight) {
        *place = *character;
    }
    let (decoded, valid) = decode_word(&last, alphabet);
    let mut unused = 0;
    let mut places = six.iter_mut();
    for byte in decoded {
        match places.next() {
            Some(place) => *place = byte,
            None => unused |= byte,
        }
    }
    (sound & valid & (unused == 0)).then_some(len)
}

const fn encode_word(&[a, b, c, d, e, f]: &[u8; 6], alphabet: Alphabet) -> [u8; 8] {
    to_characters(spread(u64::from_be_bytes([0, 0, a, b, c, d, e, f])), alphabet).to_be_bytes()
}

const fn decode_word(eight: &[u8; 8], alphabet: Alphabet) -> ([u8; 6], bool) {
    let (sextets, valid) = from_characters(u64::from_be_bytes(*eight), alphabet);
    let [_, _, six @ ..] = gather(sextets).to_be_bytes();
    (six, valid)
}

/// 48 bits become eight bytes of six bits.
const fn spread(bits: u64) -> u64 {
    let halves = ((bits & 0xffff_ff00_0000) << 8) | (bits & 0xff_ffff);
    let quarters = ((halves & 0x00ff_f000_00ff_f000) << 4) | (halves & 0x0000_0fff_0000_0fff);
    ((quarters & 0x0fc0_0fc0_0fc0_0fc0) << 2) | (quarters & 0x003f_003f_003f_003f)
}

/// The opposite of [`spread`].
const fn gather(sextets: u64) -> u64 {
    let quarters = ((sextets >> 2) & 0x0fc0_0fc0_0fc0_0fc0) | (sextets & 0x003f_003f_003f_003f);
    let halves = ((quarters >> 4) & 0x00ff_f000_00ff_f000) | (quarters & 0x0000_0fff_0000_0fff);
    ((halves >> 8) & 0xffff_ff00_0000) | (halves & 0xff_ffff)
}

/// `value` in each byte.
const fn each(value: u8) -> u64 {
    u64::from_ne_bytes([value; 8])
}

/// 1 in each byte that is at least `low`; every byte of `word`, and `low`, must be below 128.
const fn at_least(word: u64, low: u8) -> u64 {
    (word.wrapping_add(each(128_u8.wrapping_sub(low))) >> 7) & ONES
}

/// 1 in each byte from `low` to `high`.
const fn between(word: u64, low: u8, high: u8) -> u64 {
    at_least(word, low) & !at_least(word, high.wrapping_add(1))
}

/// `value` in each byte where `ones` has a 1.
const fn where_one(ones: u64, value: u8) -> u64 {
    ones.wrapping_mul(u64::from_be_bytes([0, 0, 0, 0, 0, 0, 0, value]))
}

/// Sextets to characters. No byte overflows into the next: each step leaves it between 0 and 255.
const fn to_characters(sextets: u64, alphabet: Alphabet) -> u64 {
    let Alphabet { c62, c63 } = alphabet;
    // From `A`: 6 further to `a`, 75 back to `0`; 62 would then be `:`, and is moved back to its character, and 63 after it.
    sextets
        .wrapping_add(each(b'A'))
        .wrapping_add(where_one(at_least(sextets, 26), 6))
        .wrapping_sub(where_one(at_least(sextets, 52), 75))
        .wrapping_sub(where_one(at_least(sextets, 62), b':'.wrapping_sub(c62)))
        .wrapping_add(where_one(at_least(sextets, 63), c63.wrapping_sub(c62).wrapping_sub(1)))
}

/// Characters to sextets, and whether every character is of the alphabet.
const fn from_characters(characters: u64, alphabet: Alphabet) -> (u64, bool) {
    let ascii = characters & each(0x7f);
    let upper = between(ascii, b'A', b'Z');
    let lower = between(ascii, b'a', b'z');
    let digit = between(ascii, b'0', b'9');
    let c62 = between(ascii, alphabet.c62, alphabet.c62);
    let c63 = between(ascii, alphabet.c63, alphabet.c63);
    let alphanumeric = ascii & (upper | lower | digit).wrapping_mul(255);
    let sextets = alphanumeric
        .wrapping_sub(where_one(upper, b'A'))
        .wrapping_sub(where_one(lower, b'a' - 26))
        .wrapping_add(where_one(digit, 4))
        .wrapping_add(where_one(c62, 62))
        .wrapping_add(where_one(c63, 63));
    (sextets, (upper | lower | digit | c62 | c63) == ONES && ascii == characters)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn encoded(bytes: &[u8]) -> String {
        let mut text = std::vec![0; encoded_len(bytes.len())];
        assert_eq!(encode_url(bytes, &mut text), Some(text.len()));
        String::from_utf8(text).unwrap()
    }

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = std::vec![0; text.len()];
        decode_url(text, &mut bytes).map(|len| bytes[..len].to_vec())
    }

    /// RFC 4648 section 10, without the padding.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encoded(bytes.as_bytes()), text);
            assert_eq!(decoded(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn every_sextet_has_its_character() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for (sextet, &character) in alphabet.iter().enumerate() {
            let byte = u8::try_from(sextet).unwrap() << 2;
            assert_eq!(encoded(&[byte]).as_bytes()[0], character);
            assert_eq!(decoded(&[b'A', b'A', b'A', character]), Some(std::vec![0, 0, byte >> 2]));
        }
        for byte in (0..=255).filter(|byte| !alphabet.contains(byte)) {
            for place in 0..8 {
                let mut text = *b"AAAAAAAA";
                text[place] = byte;
                assert_eq!(decoded(&text), None, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn a_value_has_one_spelling() {
        for len in 0..70 {
            let bytes: Vec<u8> = (0..len).map(|i: u8| i.wrapping_mul(151) ^ 0x5a).collect();
            let text = encoded(&bytes);
            assert_eq!(decoded(text.as_bytes()), Some(bytes));
            for last in 0..=255 {
                let mut other = text.clone().into_bytes();
                if let Some(end) = other.last_mut() {
                    *end = last;
                    let again = decoded(&other).map(|bytes| encoded(&bytes).into_bytes());
                    assert!(again.is_none() || again == Some(other));
                }
            }
        }
        assert_eq!(decoded(b"A"), None);
        assert_eq!(decoded(b"AAAAA"), None);
    }

    #[test]
    fn the_standard_form_needs_its_padding() {
        let decode = |text: &str| {
            let mut bytes = [0; 32];
            decode_standard(text.as_bytes(), &mut bytes).map(|len| bytes[..len].to_vec())
        };
        for bytes in [&b""[..], b"f", b"fo", b"foo", &[0xfb, 0xff, 0xbf], b"foobar!"] {
            let mut text = [0; 16];
            let len = encode_standard(bytes, &mut text).unwrap();
            assert_eq!(decode(core::str::from_utf8(&text[..len]).unwrap()).as_deref(), Some(bytes));
        }
        assert_eq!(decode("Zg=="), Some(b"f".to_vec()));
        assert_eq!(decode("Zm8="), Some(b"fo".to_vec()));
        assert_eq!(decode("+/+/"), Some(std::vec![0xfb, 0xff, 0xbf]));
        for text in ["Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "-_-_", "Z g=", "Zg==\n", "Zg==Zg=="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
