//! Challenges: what a `WWW-Authenticate` field says of the access token that was sent (RFC 9110 section 11.6.1, RFC 6750 section
//! 3, RFC 9449 section 7.1, RFC 9470 section 3).

use crate::limits;
use crate::wire::http::Field;
use crate::wire::write::Arena;

/// A challenge with an `error`, and the parameters that tell what would do.
#[derive(Clone, Copy, Default)]
pub struct Challenge<'r> {
    /// `error`.
    pub error: Option<Quoted<'r>>,
    /// `scope`.
    pub scope: Option<Quoted<'r>>,
    /// `acr_values`.
    pub acr_values: Option<Quoted<'r>>,
    /// `max_age`.
    pub max_age: Option<Quoted<'r>>,
}

/// The value of a parameter, with its backslashes if it was quoted.
#[derive(Clone, Copy)]
pub struct Quoted<'r>(&'r [u8]);

impl<'r> Quoted<'r> {
    /// Whether this is the value.
    pub fn is(self, value: &str) -> bool {
        self.0 == value.as_bytes()
    }

    /// The value without its backslashes; `None` if it is not ASCII.
    pub fn text<'a>(self, arena: &mut Arena<'a>) -> Option<&'a str> {
        if !self.0.is_ascii() {
            return None;
        }
        let written = arena.text(|w| {
            let mut bytes = self.0.iter();
            while let Some(&byte) = bytes.next() {
                w.byte(if byte == b'\\' { bytes.next().copied().unwrap_or_default() } else { byte });
            }
        });
        written.ok()
    }

    /// The number that this is, written in decimal digits.
    pub fn number(self) -> Option<u64> {
        core::str::from_utf8(self.0).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    }
}

/// The first challenge of a scheme that has an `error`. A field that does not follow its grammar says nothing, and neither does
/// one in which a parameter that counts comes twice in a challenge.
///
/// ```abnf
/// WWW-Authenticate = [ challenge *( OWS "," OWS challenge ) ]
/// challenge        = auth-scheme [ 1*SP ( token68 / [ auth-param *( OWS "," OWS auth-param ) ] ) ]
/// auth-param       = token BWS "=" BWS ( token / quoted-string )
/// ```
pub fn find<'r>(headers: &'r [Field<'r>], scheme: &str) -> Option<Challenge<'r>> {
    let fields =
        headers.iter().take(limits::HEADERS).filter(|field| field.name.eq_ignore_ascii_case("WWW-Authenticate"));
    fields.filter_map(|field| Reader(field.value).find(scheme)).flatten().next()
}

/// What is left of a field.
struct Reader<'r>(&'r [u8]);

/// Where a reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a challenge.
    Challenge,
    /// Right after a scheme and a space.
    Scheme,
    /// After a comma, or at the end.
    Comma,
}

impl<'r> Reader<'r> {
    /// The first challenge of the scheme with an `error`, if the whole field follows its grammar.
    fn find(mut self, scheme: &str) -> Option<Option<Challenge<'r>>> {
        let (mut found, mut current, mut at) = (None, None, At::Challenge);
        loop {
            let commas = self.skip(|byte| matches!(byte, b' ' | b'\t' | b','));
            if self.0.is_empty() {
                close(&mut found, current);
                return Some(found);
            }
            if at == At::Comma && !commas.contains(&b',') {
                return None;
            }
            let name = self.token()?;
            let after = self.0;
            self.skip(is_space);
            // A parameter belongs to the challenge before it; one may be empty, but none stands before the first.
            if at != At::Challenge && self.eat(b'=') {
                self.skip(is_space);
                let value = self.value()?;
                if let Some(challenge) = &mut current {
                    set(challenge, name, value)?;
                }
                at = At::Comma;
                continue;
            }
            if at == At::Scheme && !commas.contains(&b',') {
                return None;
            }
            self.0 = after;
            close(&mut found, current.take());
            if name.eq_ignore_ascii_case(scheme.as_bytes()) {
                current = Some(Challenge::default());
            }
            at = match self.0.first() {
                None | Some(b',') => At::Comma,
                Some(b' ') => {
                    self.skip(|byte| byte == b' ');
                    if self.token68() { At::Comma } else { At::Scheme }
                }
                _ => return None,
            };
        }
    }

    fn skip(&mut self, passes: impl Fn(u8) -> bool) -> &'r [u8] {
        let end = self.0.iter().position(|&byte| !passes(byte)).unwrap_or(self.0.len());
        let (skipped, rest) = self.0.split_at_checked(end).unwrap_or_default();
        self.0 = rest;
        skipped
    }

    fn eat(&mut self, expected: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == expected => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Option<&'r [u8]> {
        Some(self.skip(is_tchar)).filter(|token| !token.is_empty())
    }

    /// Passes over a token68, if there is one and nothing else before the next comma.
    fn token68(&mut self) -> bool {
        let before = self.0;
        let body = self.skip(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        self.skip(|byte| byte == b'=');
        self.skip(is_space);
        let alone = !body.is_empty() && matches!(self.0.first(), None | Some(b','));
        if !alone {
            self.0 = before;
        }
        alone
    }

    fn value(&mut self) -> Option<Quoted<'r>> {
        if !self.eat(b'"') {
            return self.token().map(Quoted);
        }
        let inside = self.0;
        let (mut escaped, mut len) = (false, 0_usize);
        for &byte in inside {
            match byte {
                b'"' if !escaped => {
                    self.0 = inside.get(len.checked_add(1)?..)?;
                    return inside.get(..len).map(Quoted);
                }
                0..=8 | 10..=31 | 127 => return None,
                _ => escaped = byte == b'\\' && !escaped,
            }
            len = len.checked_add(1)?;
        }
        None
    }
}

/// Ends a challenge: the first that has an error counts.
fn close<'r>(found: &mut Option<Challenge<'r>>, challenge: Option<Challenge<'r>>) {
    if found.is_none() {
        *found = challenge.filter(|challenge| challenge.error.is_some());
    }
}

/// Keeps a parameter that counts; `None` if it was there before.
fn set<'r>(challenge: &mut Challenge<'r>, name: &[u8], value: Quoted<'r>) -> Option<()> {
    let Challenge { error, scope, acr_values, max_age } = challenge;
    let known = [("error", error), ("scope", scope), ("acr_values", acr_values), ("max_age", max_age)];
    let place = known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    match place {
        Some((_, place)) => {
            if place.replace(value).is_some() {
                None
            } else {
                Some(())
            }
        }
        None => Some(()),
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// ```abnf
/// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
/// ```
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    extern crate std;
    use std::borrow::ToOwned;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    /// `error` and `scope` of the challenge that is found.
    fn found(values: &[&str], scheme: &str) -> Option<(String, Option<String>)> {
        let fields: Vec<Field<'_>> =
            values.iter().map(|value| Field { name: "www-authenticate", value: value.as_bytes() }).collect();
        let challenge = find(&fields, scheme)?;
        let mut buffer = [0; 256];
        let mut arena = Arena::new(&mut buffer, 0).ok()?;
        let mut text = |value: Quoted<'_>| value.text(&mut arena).unwrap_or("?").to_owned();
        Some((text(challenge.error?), challenge.scope.map(&mut text)))
    }

    #[test]
    fn the_challenge_of_the_scheme_that_has_an_error_is_found() {
        let some = |error: &str, scope: Option<&str>| Some((error.to_owned(), scope.map(str::to_owned)));
        for (values, scheme, expected) in [
            // RFC 6750 section 3, and RFC 9470 section 3.
            (
                &["Bearer realm=\"example\", error=\"invalid_token\", error_description=\"The access token expired\""]
                    [..],
                "Bearer",
                some("invalid_token", None),
            ),
            (&["Bearer error=\"insufficient_scope\",scope=\"a b\""], "bearer", some("insufficient_scope", Some("a b"))),
            (&["DPoP algs=\"ES256\", error=\"use_dpop_nonce\""], "DPoP", some("use_dpop_nonce", None)),
            // Another scheme's error is another's.
            (&["Bearer realm=\"a, error=\\\"x\\\"\", DPoP error=y"], "Bearer", None),
            (&["Bearer realm=\"a\", DPoP error=y"], "DPoP", some("y", None)),
            (&["Basic realm=x", "Bearer", "BEARER  ERROR = e\\", "Bearer error=\"e2\""], "Bearer", some("e2", None)),
            (&["Negotiate YWJj==, Bearer error=\"a\\\"b\""], "Bearer", some("a\"b", None)),
            (&[", ,Bearer error=a ,, scope=\"\""], "Bearer", some("a", Some(""))),
            (&["Bearer scope=a, Bearer error=b"], "Bearer", some("b", None)),
            (&["Bearer error=\"\u{e4}\""], "Bearer", some("?", None)),
            // What does not follow the grammar, or says two things.
            (&["Bearer error=a, error=b"], "Bearer", None),
            (&["Bearer error=\"a"], "Bearer", None),
            (&["Bearer error=\"a\\"], "Bearer", None),
            (&["Bearer error=\"a\nb\""], "Bearer", None),
            (&["Bearer error=a scope=b"], "Bearer", None),
            (&["Bearer error=a b"], "Bearer", None),
            (&["Bearer error=, scope=b"], "Bearer", None),
            (&["error=a"], "Bearer", None),
            (&["Bearer DPoP error=a"], "DPoP", None),
            (&["Bearer;error=a"], "Bearer", None),
            (&[""], "Bearer", None),
        ] {
            assert_eq!(found(values, scheme), expected, "{values:?}");
        }
    }

    #[test]
    fn a_number_has_digits_alone() {
        for (text, expected) in
            [("60", Some(60)), ("+60", None), ("6e1", None), ("", None), ("99999999999999999999", None)]
        {
            assert_eq!(Quoted(text.as_bytes()).number(), expected, "{text}");
        }
    }
}
