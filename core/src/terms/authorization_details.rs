//! Authorization details (RFC 9396).

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::terms::list::List;
use crate::wire::json::{self, Array, Object, Value};
use crate::wire::write;

const MALFORMED: Reason = Reason::Malformed(Name::AuthorizationDetails);

/// A list of authorization details, checked as far as this crate knows them: what a type's own members mean is its host's.
#[derive(Clone, Copy)]
pub struct AuthorizationDetails<'d>(Array<'d>);

impl<'d> AuthorizationDetails<'d> {
    /// Reads a text of at most [`limits::AUTHORIZATION_DETAILS`] bytes, and overwrites it: an array of one to
    /// [`limits::AUTHORIZATION_DETAILS_MEMBERS`] objects, each with a `type` (RFC 9396 section 2), and each of the common
    /// members (section 2.2) as it must be. A type is one word, as scope tokens are.
    ///
    /// ```abnf
    /// authorization-details = "[" detail *( "," detail ) "]"     ; JSON
    /// type                  = 1*( %x21 / %x23-5B / %x5D-7E )
    /// ```
    pub fn read(text: &'d mut [u8]) -> Result<Self, Reason> {
        if text.len() > limits::AUTHORIZATION_DETAILS {
            return Err(Reason::TooLong(Name::AuthorizationDetails));
        }
        let details = json::array(text)?;
        let mut count = 0_usize;
        for detail in details.iter() {
            check(&detail.as_object().ok_or(MALFORMED)?)?;
            count = count.saturating_add(1);
        }
        match count {
            0 => Err(MALFORMED),
            1..=limits::AUTHORIZATION_DETAILS_MEMBERS => Ok(Self(details)),
            _ => Err(Reason::TooMany(Name::AuthorizationDetails)),
        }
    }

    /// Reads a copy of a text, which so stays as it is; what is left of `place` comes back.
    pub(crate) fn read_copy(text: &str, place: &'d mut [u8]) -> Result<(Self, &'d mut [u8]), Reason> {
        let (copy, rest) = place.split_at_mut_checked(text.len()).ok_or(Reason::Buffer)?;
        write::copy(copy, text.as_bytes());
        Ok((Self::read(copy)?, rest))
    }

    /// The type of each, in their order.
    pub fn types(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.0.iter().filter_map(|detail| detail.as_object()?.get("type")?.as_str())
    }

    /// The objects, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Object<'d>> + use<'d> {
        self.0.iter().filter_map(Value::as_object)
    }

    /// Whether the type of each is one of these words.
    pub fn are_of(&self, types: List<'_>) -> bool {
        self.types().all(|of| types.contains(of))
    }
}

/// Whether a text is a type of authorization details: one word, of at most [`limits::NAME`] bytes.
pub fn is_type(text: &str) -> bool {
    let nqchar = |&byte: &u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    (1..=limits::NAME).contains(&text.len()) && text.as_bytes().iter().all(nqchar)
}

fn check(detail: &Object<'_>) -> Result<(), Reason> {
    if !detail.string(Name::Type).ok().flatten().is_some_and(is_type) {
        return Err(MALFORMED);
    }
    for name in ["locations", "actions", "datatypes", "privileges"] {
        let Some(value) = detail.get(name) else { continue };
        if !value.as_array().is_some_and(|values| values.iter().all(|value| value.as_str().is_some())) {
            return Err(MALFORMED);
        }
    }
    detail.string(Name::Identifier).map(|_| ()).map_err(|_| MALFORMED)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn read(text: &str) -> Result<Vec<String>, Reason> {
        AuthorizationDetails::read(&mut text.as_bytes().to_vec())
            .map(|details| details.types().map(String::from).collect())
    }

    #[test]
    fn reads_the_example_of_section_2() {
        let text = r#"[{"type":"payment_initiation","actions":["initiate","status","cancel"],
            "locations":["https://example.com/payments"],
            "instructedAmount":{"currency":"EUR","amount":"123.50"},"creditorName":"Merchant A",
            "creditorAccount":{"iban":"DE02100100109307118603"},
            "remittanceInformationUnstructured":"Ref Number Merchant"}]"#;
        assert_eq!(read(text), Ok(std::vec!["payment_initiation".into()]));
        assert_eq!(read(r#"[{"type":"a"},{"type":"b:c/d"},{"type":"a"}]"#).map(|types| types.len()), Ok(3));
    }

    #[test]
    fn refuses_what_has_another_shape() {
        for text in [
            "[]",
            "[[]]",
            "[1]",
            "[\"type\"]",
            "[{}]",
            r#"[{"type":""}]"#,
            r#"[{"type":"a b"}]"#,
            r#"[{"type":"\u00e9"}]"#,
            r#"[{"type":1}]"#,
            r#"[{"type":null}]"#,
            r#"[{"type":["a"]}]"#,
            r#"[{"type":"a"},{"Type":"a"}]"#,
            r#"[{"type":"a","actions":"read"}]"#,
            r#"[{"type":"a","locations":[1]}]"#,
            r#"[{"type":"a","datatypes":{}}]"#,
            r#"[{"type":"a","privileges":null}]"#,
            r#"[{"type":"a","identifier":1}]"#,
        ] {
            assert_eq!(read(text), Err(MALFORMED), "{text}");
        }
        for text in ["", "{}", r#"{"type":"a"}"#, r#"[{"type":"a"}"#, r#"[{"type":"a"},]"#, r#""[]""#] {
            assert_eq!(read(text), Err(Reason::Json), "{text}");
        }
        assert_eq!(read(r#"[{"type":"a","type":"b"}]"#), Err(Reason::JsonRepeated));
    }

    #[test]
    fn holds_its_limits() {
        let many = |count: usize| std::format!("[{}]", [r#"{"type":"a"}"#].repeat(count).join(","));
        let limit = limits::AUTHORIZATION_DETAILS_MEMBERS;
        assert!(read(&many(limit)).is_ok());
        assert_eq!(read(&many(limit + 1)), Err(Reason::TooMany(Name::AuthorizationDetails)));
        let limit = limits::AUTHORIZATION_DETAILS;
        let long = std::format!(r#"[{{"type":"a","x":"{}"}}]"#, "x".repeat(limit));
        assert_eq!(read(&long), Err(Reason::TooLong(Name::AuthorizationDetails)));
        let deep = std::format!(r#"[{{"type":"a","x":{}{}}}]"#, "[".repeat(8), "]".repeat(8));
        assert_eq!(read(&deep), Err(Reason::TooMany(Name::JsonLevels)));
        assert!(is_type(&"a".repeat(limits::NAME)) && !is_type(&"a".repeat(limits::NAME + 1)));
    }

    #[test]
    fn are_of_listed_types_only_if_each_is() {
        let mut text = br#"[{"type":"a"},{"type":"b"}]"#.to_vec();
        let details = AuthorizationDetails::read(&mut text).unwrap_or_else(|_| panic!());
        assert!(details.are_of(List("b c a")));
        assert!(!details.are_of(List("a")) && !details.are_of(List("")) && !details.are_of(List("a bc")));
        assert_eq!(details.iter().count(), 2);
    }
}
