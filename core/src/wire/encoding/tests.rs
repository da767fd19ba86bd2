extern crate std;
use super::*;
use core::fmt::Debug;
use std::vec::Vec;

use crate::wire::write;

#[derive(Debug, PartialEq)]
enum Shape<'v> {
    Point,
    Text(&'v str),
    Both(Pair<'v>),
}

#[derive(Debug, PartialEq)]
struct Pair<'v> {
    number: u32,
    bytes: &'v [u8],
}

encoding!(enum Shape<'v> { 0 Point, 1 Text(text), 2 Both(pair) });
encoding!(struct Pair<'v> { number, bytes });

fn written<'v>(value: &impl Encoded<'v>) -> Vec<u8> {
    let mut buffer = [0; 64];
    let len = write::into(&mut buffer, |w| value.write(w)).unwrap();
    buffer.iter().copied().take(len).collect()
}

fn read<'v, T: Encoded<'v>>(bytes: &'v [u8]) -> Option<T> {
    let mut reader = Reader::new(bytes);
    let value = T::read(&mut reader);
    reader.end().then_some(value)
}

/// Reads back what was written, and nothing less or more than that.
fn holds<'v, T: Encoded<'v> + Debug + PartialEq>(value: T, bytes: &'v [u8]) {
    assert_eq!(written(&value), bytes);
    assert_eq!(read(bytes), Some(value));
    for len in 0..bytes.len() {
        assert_eq!(read::<T>(bytes.get(..len).unwrap()), None, "{len} of {bytes:?}");
    }
    let longer = [bytes, b"\0"].concat();
    let mut reader = Reader::new(longer.leak());
    T::read(&mut reader);
    assert!(!reader.end());
}

#[test]
fn writes_the_bytes_of_postcard() {
    holds(false, &[0]);
    holds(true, &[1]);
    holds(0_u64, &[0]);
    holds(127_u64, &[0x7f]);
    holds(128_u64, &[0x80, 0x01]);
    holds(u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    holds(u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    holds("", &[0]);
    holds("\u{e9}", &[2, 0xc3, 0xa9]);
    holds(Some(3_u64), &[1, 3]);
    holds(None::<u64>, &[0]);
    holds([7; 32], &[7; 32]);
    holds(Shape::Point, &[0]);
    holds(Shape::Text("a"), &[1, 1, b'a']);
    holds(Shape::Both(Pair { number: 300, bytes: &[9, 8] }), &[2, 0xac, 0x02, 2, 9, 8]);
}

#[derive(Debug, PartialEq)]
struct Texts<'v> {
    a: &'v str,
    hash: [u8; 32],
    b: &'v str,
    c: &'v str,
}

encoding!(struct Texts<'v> { a, hash, b, c });

#[test]
fn reads_texts_on_both_sides_of_what_is_none() {
    let bytes = [b"\x03a\xc3\xa9".as_slice(), &[0xff; 32], b"\x02\xc3\xa9\x01z"].concat().leak();
    holds(Texts { a: "a\u{e9}", hash: [0xff; 32], b: "\u{e9}", c: "z" }, bytes);
}

#[test]
fn no_text_ends_within_a_character() {
    // What follows would make it whole.
    assert_eq!(read::<Texts<'_>>(&[b"\x01\xc3".as_slice(), &[0xa9; 32], b"\0\0"].concat()), None);
    let mut reader = Reader::new(b"\x01\xc3\xa9");
    assert_eq!((<&str>::read(&mut reader), reader.end()), ("", false));
}

#[test]
fn refuses_what_was_never_written() {
    assert_eq!(read::<bool>(&[2]), None);
    assert_eq!(read::<Option<bool>>(&[2, 0]), None);
    assert_eq!(read::<&str>(&[1, 0xff]), None);
    assert_eq!(read::<u32>(&[0xff, 0xff, 0xff, 0xff, 0x10]), None);
    assert_eq!(read::<u64>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), None);
    assert_eq!(read::<u64>(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), None);
    assert_eq!(read::<&[u8]>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), None);
    assert_eq!(read::<Shape<'_>>(&[3]), None);
    assert_eq!(read::<Shape<'_>>(&[0x80, 0]), None);
}
