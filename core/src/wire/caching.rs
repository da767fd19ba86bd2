//! For how long a response may be used again (RFC 9111), as far as a cache of few documents needs it.

use crate::limits;
use crate::wire::http::Field;

/// The seconds for which a response is fresh: its `max-age`, less the `Age` that it has already; none if `no-store` or `no-cache`
/// is there, or what is said twice or cannot be read (RFC 9111 section 4.2.1). `None` if nothing is said.
///
/// ```abnf
/// Cache-Control   = [ cache-directive *( OWS "," OWS cache-directive ) ]      ; RFC 9111 section 5.2; several fields are one list
/// cache-directive = token [ "=" ( token / quoted-string ) ]
/// max-age         = "max-age" "=" ( 1*DIGIT / DQUOTE 1*DIGIT DQUOTE )
/// Age             = 1*DIGIT
/// ```
pub fn fresh_for(headers: &[Field<'_>]) -> Option<u64> {
    let mut max_age = None;
    let mut age = 0;
    for field in headers.iter().take(limits::HEADERS) {
        if field.name.eq_ignore_ascii_case("Age") {
            age = number(field.value.trim_ascii()).unwrap_or(u64::MAX);
        }
        if !field.name.eq_ignore_ascii_case("Cache-Control") {
            continue;
        }
        let mut rest = field.value;
        while let Some((directive, after)) = next(rest) {
            rest = after;
            let end = directive.iter().position(|&byte| byte == b'=').unwrap_or(directive.len());
            let (name, value) = directive.split_at_checked(end).unwrap_or_default();
            if name.eq_ignore_ascii_case(b"no-store") || name.eq_ignore_ascii_case(b"no-cache") {
                return Some(0);
            }
            if name.eq_ignore_ascii_case(b"max-age") {
                let value = value.strip_prefix(b"=").unwrap_or_default();
                let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
                match number(unquoted.unwrap_or(value)) {
                    Some(seconds) if max_age.is_none() => max_age = Some(seconds),
                    _ => return Some(0),
                }
            }
        }
    }
    max_age.map(|seconds| seconds.saturating_sub(age))
}

/// The next directive, without space around it, and what follows its comma. A comma in quotes ends nothing.
fn next(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let (mut quoted, mut escaped) = (false, false);
    let comma = text.iter().position(|&byte| {
        let ends = byte == b',' && !quoted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        ends
    });
    let (directive, rest) = text.split_at_checked(comma.unwrap_or(text.len()))?;
    Some((directive.trim_ascii(), rest.get(1..).unwrap_or_default()))
}

/// Digits; a number that is too large is the largest (RFC 9111 section 1.2.2).
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(core::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(fields: &[(&'static str, &'static str)]) -> Option<u64> {
        extern crate std;
        let fields: std::vec::Vec<_> =
            fields.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
        fresh_for(&fields)
    }

    #[test]
    fn reads_what_a_server_says() {
        for (value, seconds) in [
            ("max-age=3600", Some(3600)),
            ("public, MAX-AGE=60 , must-revalidate", Some(60)),
            ("max-age=\"60\"", Some(60)),
            ("max-age=0", Some(0)),
            ("max-age=99999999999999999999999", Some(u64::MAX)),
            ("public", None),
            ("", None),
            (",,", None),
            ("s-maxage=60", None),
            ("private=\"a, max-age=7, b\"", None),
            ("private=\"\\\", max-age=7\"", None),
            ("no-store", Some(0)),
            ("max-age=60, No-Store", Some(0)),
            ("no-cache, max-age=60", Some(0)),
            ("no-cache=\"set-cookie\"", Some(0)),
            ("max-age", Some(0)),
            ("max-age=", Some(0)),
            ("max-age=-1", Some(0)),
            ("max-age=1.5", Some(0)),
            ("max-age= 60", Some(0)),
            ("max-age=60, max-age=60", Some(0)),
        ] {
            assert_eq!(fresh(&[("cache-control", value)]), seconds, "{value}");
        }
        assert_eq!(fresh(&[]), None);
        assert_eq!(fresh(&[("Cache-Control", "public"), ("Cache-Control", "max-age=5")]), Some(5));
        assert_eq!(fresh(&[("Cache-Control", "max-age=5"), ("Cache-Control", "max-age=9")]), Some(0));
        assert_eq!(fresh(&[("Cache-Control", "max-age=60"), ("age", "20")]), Some(40));
        assert_eq!(fresh(&[("Cache-Control", "max-age=60"), ("Age", "90")]), Some(0));
        assert_eq!(fresh(&[("Cache-Control", "max-age=60"), ("Age", "x")]), Some(0));
        assert_eq!(fresh(&[("Age", "20")]), None);
    }
}
