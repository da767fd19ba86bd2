//! Header fields: what media type a body has, and which credentials a request bears.

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::wire::http::Field;
use crate::wire::write::Arena;
use crate::wire::{base64, form};

/// The value of a field that may occur once; names are compared without regard to case (RFC 9110 section 5.1).
pub fn single<'r>(headers: &'r [Field<'r>], name: Name) -> Result<Option<&'r [u8]>, Reason> {
    let mut found = None;
    for (count, field) in headers.iter().enumerate() {
        if count >= limits::HEADERS {
            return Err(Reason::TooMany(Name::HeaderFields));
        }
        // Most come as they are written in their specification, which is quicker to see.
        let named = field.name == name.as_str() || field.name.eq_ignore_ascii_case(name.as_str());
        if named && found.replace(field.value).is_some() {
            return Err(Reason::Repeated(name));
        }
    }
    Ok(found)
}

/// Refuses a body that is not declared as a form (RFC 6749 section 3.2).
pub fn expect_form(headers: &[Field<'_>]) -> Result<(), Reason> {
    expect(headers, b"application/x-www-form-urlencoded")
}

/// Refuses a body that is not declared as JSON (RFC 6749 section 5.1).
pub fn expect_json(headers: &[Field<'_>]) -> Result<(), Reason> {
    expect(headers, b"application/json")
}

/// Refuses a body that is not declared as a JSON document of some kind (RFC 6839 section 3.1), such as a JWK set.
pub fn expect_json_document(headers: &[Field<'_>]) -> Result<(), Reason> {
    let value = single(headers, Name::ContentType)?.ok_or(Reason::ContentType)?;
    let is_json = |media_type: &[u8]| {
        let suffix = media_type.len().checked_sub(5).and_then(|at| media_type.get(at..));
        let application = media_type.get(..12).is_some_and(|start| start.eq_ignore_ascii_case(b"application/"));
        media_type.eq_ignore_ascii_case(b"application/json")
            || (application && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json")))
    };
    if media_type(value).is_some_and(is_json) { Ok(()) } else { Err(Reason::ContentType) }
}

/// Refuses a body of another media type. Parameters such as `charset` are ignored.
fn expect(headers: &[Field<'_>], expected: &[u8]) -> Result<(), Reason> {
    let value = single(headers, Name::ContentType)?.ok_or(Reason::ContentType)?;
    if value == expected || media_type(value).is_some_and(|media_type| media_type.eq_ignore_ascii_case(expected)) {
        Ok(())
    } else {
        Err(Reason::ContentType)
    }
}

/// The media type without its parameters. A comma would join two values: readers differ on which of them counts.
fn media_type(value: &[u8]) -> Option<&[u8]> {
    let media_type = value.split(|&b| b == b';').next()?.trim_ascii_end();
    if value.contains(&b',') { None } else { Some(media_type) }
}

/// What the `Authorization` field of a request holds.
pub enum Authorization<'r> {
    /// The field is absent.
    Absent,
    /// `Basic` credentials (RFC 7617), still in base64.
    Basic(&'r [u8]),
    /// A `Bearer` token (RFC 6750 section 2.1).
    Bearer(&'r str),
    /// A token that is bound to the key of a DPoP proof (RFC 9449 section 7.1).
    Dpop(&'r str),
    /// Another scheme.
    Other,
}

/// Reads the `Authorization` field.
///
/// ```text
/// credentials = auth-scheme 1*SP token68                                  ; RFC 9110 section 11.4
/// token68     = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
/// ```
pub fn authorization<'r>(headers: &'r [Field<'r>]) -> Result<Authorization<'r>, Reason> {
    const MALFORMED: Reason = Reason::Malformed(Name::Authorization);
    let Some(value) = single(headers, Name::Authorization)? else {
        return Ok(Authorization::Absent);
    };
    if value.len() > limits::AUTHORIZATION {
        return Err(Reason::TooLong(Name::Authorization));
    }
    let end = value.iter().position(|&b| b == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end).ok_or(MALFORMED)?;
    let is = |known: &[u8]| scheme.eq_ignore_ascii_case(known);
    let (basic, dpop) = (is(b"Basic"), is(b"DPoP"));
    if !basic && !dpop && !is(b"Bearer") {
        return Ok(Authorization::Other);
    }
    let start = rest.iter().position(|&b| b != b' ').ok_or(MALFORMED)?;
    let token = rest.get(start..).ok_or(MALFORMED)?;
    let padding = token.iter().rev().take_while(|&&b| b == b'=').count();
    let body = token.get(..token.len().saturating_sub(padding)).ok_or(MALFORMED)?;
    // No short circuit: so the loop takes many bytes at a time.
    let token68 = |&b: &u8| b.is_ascii_alphanumeric() | matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    if body.is_empty() || !body.iter().fold(true, |all, b| all & token68(b)) {
        return Err(MALFORMED);
    }
    if basic {
        return Ok(Authorization::Basic(token));
    }
    let token = core::str::from_utf8(token).map_err(|_| MALFORMED)?;
    Ok(if dpop { Authorization::Dpop(token) } else { Authorization::Bearer(token) })
}

/// Decodes `Basic` credentials into client_id and secret. Both halves are form-encoded inside (RFC 6749 section 2.3.1).
pub fn basic<'a>(token: &[u8], arena: &mut Arena<'a>) -> Result<(&'a str, &'a str), Reason> {
    const MALFORMED: Reason = Reason::Malformed(Name::Authorization);
    let decoded = arena.fill(|place| base64::decode_standard(token, place)).map_err(|_| MALFORMED)?;
    let colon = decoded.iter().position(|&b| b == b':').ok_or(MALFORMED)?;
    let (id, rest) = decoded.split_at_mut_checked(colon).ok_or(MALFORMED)?;
    let (_, secret) = rest.split_first_mut().ok_or(MALFORMED)?;
    Ok((form::component(id).map_err(|_| MALFORMED)?, form::component(secret).map_err(|_| MALFORMED)?))
}

/// Writes `Basic` credentials as [`basic`] reads them.
pub fn write_basic<'a>(client_id: &str, secret: &str, arena: &mut Arena<'a>) -> Result<&'a [u8], Reason> {
    let pair = arena.write(|w| {
        w.form(client_id);
        w.bytes(b":");
        w.form(secret);
    })?;
    arena.write(|w| {
        w.str("Basic ");
        w.base64(pair);
    })
}
