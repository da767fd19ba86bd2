//! What is signed, as a person reads it: `{"alg":"EdDSA"}.{"sub":"alice"}` for the signing input of a JWS (RFC 7515 section
//! 5.1), whose two halves are base64url of just that text. What is no such text stands as it is, or as `0x` and digits.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::block::{fold, unfold};
use super::{hex, unhex};

/// Writes a signing input.
pub fn show_message(message: &[u8]) -> String {
    let halves = || {
        let (header, claims) = std::str::from_utf8(message).ok()?.split_once('.')?;
        let half = |text| String::from_utf8(decode(text).ok()?).ok().filter(|text| is_object(text));
        Some(format!("{}.{}", half(header)?, half(claims)?))
    };
    let is_word = || message.first() == Some(&b'e') && message.iter().all(u8::is_ascii_graphic);
    match halves().filter(|text| read_message(text).as_deref() == Ok(message)) {
        Some(text) => text,
        None if is_word() => String::from_utf8_lossy(message).into_owned(),
        None => format!("0x{}", hex(message)),
    }
}

/// Reads what [`show_message`] writes.
pub fn read_message(text: &str) -> Result<Vec<u8>, String> {
    if text.starts_with('{') {
        let halves = split_first(text, '.').filter(|(_, claims)| is_object(claims));
        let (header, claims) = halves.ok_or_else(|| format!("not two objects with a dot between: {text}"))?;
        return Ok(format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes())).into_bytes());
    }
    text.strip_prefix("0x").map_or_else(|| Ok(text.into()), unhex)
}

/// Writes a JWK, which is a text already.
pub fn show_key(key: &[u8]) -> String {
    let text = std::str::from_utf8(key).ok().filter(|text| is_object(text));
    text.map_or_else(|| format!("0x{}", hex(key)), str::to_owned)
}

/// Reads what [`show_key`] writes.
pub fn read_key(text: &str) -> Result<Vec<u8>, String> {
    text.strip_prefix("0x").map_or_else(|| Ok(text.into()), unhex)
}

/// Splits behind the object that a text begins with, or at the first separator.
pub fn split_first(text: &str, separator: char) -> Option<(&str, &str)> {
    if !text.starts_with('{') {
        return text.split_once(separator);
    }
    let mut objects = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    objects.next()?.ok()?;
    let (object, rest) = text.split_at_checked(objects.byte_offset())?;
    Some((object, rest.strip_prefix(separator)?))
}

/// Bytes in base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The bytes of such a text.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| format!("not base64url: {text}"))
}

/// Folds a long question: behind the dots of a JWS, and between the members of an object.
pub fn fold_question(line: &str) -> String {
    let parts = fold(line, "}.", 2);
    let folded = parts.split('\n').map(|part| fold(part, ",\"", 1)).collect::<Vec<_>>().join("\n");
    if unfold(&folded) == [line] { folded } else { line.into() }
}

/// One object, on one line.
fn is_object(text: &str) -> bool {
    let is_json = || serde_json::from_str::<Value>(text).is_ok();
    text.starts_with('{') && text.ends_with('}') && !text.contains(char::is_control) && is_json()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again() {
        for (message, shown) in [
            (r"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIC0-IGIifQ", r#"{"alg":"EdDSA"}.{"sub":"a -> b"}"#),
            // Whitespace is kept; a line end cannot be.
            ("eyAiYSI6MX0.e30", r#"{ "a":1}.{}"#),
            ("ewp9.e30", "ewp9.e30"),
            // RFC 8037 appendix A.4: no object.
            ("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZQ", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZQ"),
            // Other letters for the same bytes.
            ("e31.e30", "e31.e30"),
            ("a b", "0x612062"),
            ("{}.{}", "0x7b7d2e7b7d"),
            ("", "0x"),
        ] {
            assert_eq!(show_message(message.as_bytes()), shown);
            assert_eq!(read_message(shown).as_deref(), Ok(message.as_bytes()));
        }
        for key in [&br#"{"kty":"OKP", "x":"{"}"#[..], b"", b"{", b"\xff", b"{\n}", b"0x"] {
            assert_eq!(read_key(&show_key(key)).as_deref(), Ok(key));
        }
    }

    #[test]
    fn a_folded_question_is_the_question_again() {
        let long = format!(r#"sign k {{"a":"{}","b":1}}.{{"c":"}}. x","d":"{}"}}"#, "x".repeat(80), "y".repeat(80));
        // A space behind a fold would be lost: then there is none.
        assert_eq!(fold_question(&long), long);
        let long = long.replace("}. x", "x");
        assert_eq!(fold_question(&long).lines().count(), 2);
        assert_eq!(unfold(&fold_question(&long)), [long.as_str()]);
        let longer = long.replace('y', "yy");
        assert_eq!(fold_question(&longer).lines().count(), 3);
        assert_eq!(unfold(&fold_question(&longer)), [longer.as_str()]);
    }
}
