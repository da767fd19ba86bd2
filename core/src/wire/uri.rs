//! URIs by the grammar of RFC 3986. Nothing is decoded and nothing is normalised.

use crate::limits;

/// A URI in its parts, each as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'u> {
    /// What stands before the first `:`.
    pub scheme: &'u str,
    /// What stands after `//`, if anything does.
    pub authority: Option<Authority<'u>>,
    /// The path; may be empty.
    pub path: &'u str,
    /// What stands after the first `?`, if there is one.
    pub query: Option<&'u str>,
    /// What stands after the first `#`, if there is one.
    pub fragment: Option<&'u str>,
}

impl Uri<'_> {
    /// Whether the query has a parameter of one of these names, however it is percent-encoded.
    pub fn has_parameter(&self, names: &[&str]) -> bool {
        let pairs = self.query.unwrap_or("").as_bytes().split(|&byte| byte == b'&');
        let mut found = pairs.map(|pair| pair.split(|&byte| byte == b'=').next().unwrap_or_default());
        found.any(|name| names.iter().any(|known| Decoded(name).eq(known.bytes())))
    }

    /// Whether a segment of the path is `.` or `..`, encoded or not: HTTP clients remove these, and so ask another path.
    pub fn has_dot_segment(&self) -> bool {
        self.path.as_bytes().split(|&byte| byte == b'/').any(is_dot_segment)
    }

    /// Whether two `http` or `https` URIs have the same scheme, host and port, after that normalization of [`has_same_target`].
    ///
    /// [`has_same_target`]: Self::has_same_target
    pub fn has_same_origin(&self, other: &Uri<'_>) -> bool {
        let (Some(own), Some(others)) = (self.authority, other.authority) else { return false };
        let default = match self.scheme {
            scheme if scheme.eq_ignore_ascii_case("https") => "443",
            scheme if scheme.eq_ignore_ascii_case("http") => "80",
            _ => return false,
        };
        let is_default = |port: &str| port.is_empty() || port == default;
        let [own_port, other_port] = [own.port, others.port].map(|port| port.filter(|port| !is_default(port)));
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && own.userinfo.is_none()
            && others.userinfo.is_none()
            && !own.host.is_empty()
            && lowercase(own.host).eq(lowercase(others.host))
            && own_port == other_port
    }

    /// Whether two `http` or `https` URIs have the same target but for query and fragment, after the normalization that RFC 3986
    /// sections 6.2.2 and 6.2.3 call safe: case of scheme and host, needless percent-encoding, the default port and the empty
    /// path. Paths with dot segments are equal to none.
    pub fn has_same_target(&self, other: &Uri<'_>) -> bool {
        self.has_same_origin(other)
            && Normalised(path_of(self)).eq(Normalised(path_of(other)))
            && !self.has_dot_segment()
    }
}

fn lowercase(host: &str) -> impl Iterator<Item = Result<u8, u8>> {
    Normalised(host.as_bytes()).map(|byte| byte.map(|byte| byte.to_ascii_lowercase()))
}

const fn path_of<'u>(uri: &Uri<'u>) -> &'u [u8] {
    if uri.path.is_empty() { b"/" } else { uri.path.as_bytes() }
}

fn is_dot_segment(mut segment: &[u8]) -> bool {
    let mut dots = 0_u8;
    loop {
        segment = match segment {
            [] => return matches!(dots, 1 | 2),
            [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
            _ => return false,
        };
        dots = dots.saturating_add(1);
    }
}

/// The bytes of a part that [`parse`] let pass. `Err` are those that are percent-encoded and must be (RFC 3986 section 6.2.2.2).
struct Normalised<'u>(&'u [u8]);

impl Iterator for Normalised<'_> {
    type Item = Result<u8, u8>;

    fn next(&mut self) -> Option<Result<u8, u8>> {
        let encoded = self.0.first() == Some(&b'%');
        let mut decoded = Decoded(self.0);
        let byte = decoded.next()?;
        self.0 = decoded.0;
        Some(if encoded && !is_unreserved(byte) { Err(byte) } else { Ok(byte) })
    }
}

/// The authority of a URI (RFC 3986 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'u> {
    /// What stands before the `@`, if there is one.
    pub userinfo: Option<&'u str>,
    /// The host, with its brackets if it is an IP literal; may be empty.
    pub host: &'u str,
    /// What stands after the `:` behind the host, if there is one: digits, or nothing.
    pub port: Option<&'u str>,
}

impl Authority<'_> {
    /// Whether the port, if there is one, is a number from 1 to 65535 without leading zeros.
    pub fn has_plain_port(&self) -> bool {
        self.port.is_none_or(is_plain_port)
    }
}

/// Whether a port is a number from 1 to 65535 without leading zeros.
pub(crate) fn is_plain_port(port: &str) -> bool {
    matches!(port.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit))
        && port.parse::<u16>().is_ok()
}

/// Reads a URI of at most [`limits::URI`] bytes (RFC 3986 section 3).
///
/// ```abnf
/// URI       = scheme ":" hier-part [ "?" query ] [ "#" fragment ]
/// scheme    = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
/// ```
pub fn parse(text: &str) -> Option<Uri<'_>> {
    if text.len() > limits::URI {
        return None;
    }
    let (scheme, rest) = cut(text, b':')?;
    if !matches!(scheme.as_bytes(), [b'a'..=b'z' | b'A'..=b'Z', rest @ ..] if rest.iter().all(|&byte| has(byte, SCHEME)))
    {
        return None;
    }
    after_scheme(scheme, rest)
}

/// Whether a text of at most [`limits::URI`] bytes is a URI or a relative reference (RFC 3986 section 4.1).
///
/// ```abnf
/// URI-reference = URI / relative-ref
/// relative-ref  = relative-part [ "?" query ] [ "#" fragment ]
/// relative-part = "//" authority path-abempty / path-absolute / path-noscheme / path-empty
/// ```
pub fn is_reference(text: &str) -> bool {
    let relative = || {
        let reference = after_scheme("", text)?;
        // path-noscheme: its first segment holds no colon.
        let first = reference.path.as_bytes().split(|&byte| byte == b'/').next().unwrap_or_default();
        (reference.authority.is_some() || !first.contains(&b':')).then_some(())
    };
    text.len() <= limits::URI && (parse(text).is_some() || relative().is_some())
}

/// ```abnf
/// hier-part = "//" authority path-abempty / path-absolute / path-rootless / path-empty
/// query     = *( pchar / "/" / "?" )
/// fragment  = *( pchar / "/" / "?" )
/// ```
fn after_scheme<'u>(scheme: &'u str, rest: &'u str) -> Option<Uri<'u>> {
    let (rest, fragment) = cut_optional(rest, b'#');
    let (rest, query) = cut_optional(rest, b'?');
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end)?;
            (Some(parse_authority(authority)?), path)
        }
        None => (None, rest),
    };
    let sound = is_made_of(path, PCHAR | SLASH)
        && is_made_of(query.unwrap_or(""), PCHAR | SLASH | QUESTION)
        && is_made_of(fragment.unwrap_or(""), PCHAR | SLASH | QUESTION);
    sound.then_some(Uri { scheme, authority, path, query, fragment })
}

/// ```abnf
/// authority  = [ userinfo "@" ] host [ ":" port ]
/// userinfo   = *( unreserved / pct-encoded / sub-delims / ":" )
/// host       = IP-literal / IPv4address / reg-name
/// IP-literal = "[" ( IPv6address / IPvFuture ) "]"
/// reg-name   = *( unreserved / pct-encoded / sub-delims )
/// port       = *DIGIT
/// ```
fn parse_authority(text: &str) -> Option<Authority<'_>> {
    let (userinfo, rest) = match cut(text, b'@') {
        Some((userinfo, rest)) => (Some(userinfo), rest),
        None => (None, text),
    };
    if !is_made_of(userinfo.unwrap_or(""), UNRESERVED | SUB_DELIM | COLON) {
        return None;
    }
    let (host, port) = if rest.starts_with('[') {
        let end = rest.bytes().position(|byte| byte == b']')?.checked_add(1)?;
        let (host, port) = rest.split_at_checked(end)?;
        let inside = host.strip_prefix('[')?.strip_suffix(']')?;
        if !is_ipv6(inside) && !is_ip_future(inside) {
            return None;
        }
        (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
    } else {
        let (host, port) = cut_optional(rest, b':');
        if !is_made_of(host, UNRESERVED | SUB_DELIM) {
            return None;
        }
        (host, port)
    };
    port.unwrap_or("").bytes().all(|byte| byte.is_ascii_digit()).then_some(Authority { userinfo, host, port })
}

/// ```abnf
/// IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
/// ```
fn is_ip_future(text: &str) -> bool {
    let Some((version, address)) = text.strip_prefix(['v', 'V']).and_then(|rest| cut(rest, b'.')) else { return false };
    !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !address.is_empty()
        && address.bytes().all(|byte| has(byte, UNRESERVED | SUB_DELIM | COLON))
}

/// Eight groups, fewer if one `::` stands for the missing ones; the last two may be written as an IPv4 address.
///
/// ```abnf
/// IPv6address = 6( h16 ":" ) ls32 / "::" 5( h16 ":" ) ls32 / ... / [ *6( h16 ":" ) h16 ] "::"
/// ls32        = ( h16 ":" h16 ) / IPv4address
/// h16         = 1*4HEXDIG
/// ```
fn is_ipv6(text: &str) -> bool {
    let text = text.as_bytes();
    match text.windows(2).position(|pair| pair == b"::") {
        None => ipv6_groups(text, true) == Some(8),
        Some(at) => {
            let before = ipv6_groups(text.get(..at).unwrap_or_default(), false);
            let after = ipv6_groups(text.get(at.saturating_add(2)..).unwrap_or_default(), true);
            matches!((before, after), (Some(before), Some(after)) if before.saturating_add(after) <= 7)
        }
    }
}

/// How many 16-bit groups a text holds; zero if it is empty, `None` if it is not made of groups.
fn ipv6_groups(text: &[u8], may_end_in_ipv4: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut groups = text.split(|&byte| byte == b':').peekable();
    let mut count = 0_usize;
    while let Some(group) = groups.next() {
        if may_end_in_ipv4 && groups.peek().is_none() && is_ipv4(group) {
            count = count.checked_add(2)?;
        } else if (1..=4).contains(&group.len()) && group.iter().all(u8::is_ascii_hexdigit) {
            count = count.checked_add(1)?;
        } else {
            return None;
        }
    }
    Some(count)
}

/// ```abnf
/// IPv4address = dec-octet "." dec-octet "." dec-octet "." dec-octet
/// dec-octet   = 0 to 255, without leading zeros
/// ```
fn is_ipv4(text: &[u8]) -> bool {
    let mut count = 0_u8;
    for octet in text.split(|&byte| byte == b'.') {
        let in_range = matches!(
            octet,
            [b'0'..=b'9']
                | [b'1'..=b'9', b'0'..=b'9']
                | [b'1', b'0'..=b'9', b'0'..=b'9']
                | [b'2', b'0'..=b'4', b'0'..=b'9']
                | [b'2', b'5', b'0'..=b'5']
        );
        if !in_range {
            return false;
        }
        count = count.saturating_add(1);
    }
    count == 4
}

/// What stands before and after the first `separator`.
fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

fn cut_optional(text: &str, separator: u8) -> (&str, Option<&str>) {
    cut(text, separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The bytes of a name that [`parse`] let pass, percent-decoded.
struct Decoded<'q>(&'q [u8]);

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = match self.0 {
            [] => return None,
            [b'%', high, low, rest @ ..] => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                ((digit(high)? << 4) | digit(low)?, rest)
            }
            [byte, rest @ ..] => (*byte, rest),
        };
        self.0 = rest;
        Some(byte)
    }
}

// Classes of characters (RFC 3986 section 2).
const UNRESERVED: u8 = 1;
const SUB_DELIM: u8 = 2;
const COLON: u8 = 4;
const AT: u8 = 8;
const SLASH: u8 = 16;
const QUESTION: u8 = 32;
const SCHEME: u8 = 64;
// pchar = unreserved / pct-encoded / sub-delims / ":" / "@"
const PCHAR: u8 = UNRESERVED | SUB_DELIM | COLON | AT;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut byte = 0_u8;
    while let [class, after @ ..] = rest {
        *class = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => UNRESERVED | SCHEME,
            b'_' | b'~' => UNRESERVED,
            b'+' => SUB_DELIM | SCHEME,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'=' => SUB_DELIM,
            b':' => COLON,
            b'@' => AT,
            b'/' => SLASH,
            b'?' => QUESTION,
            _ => 0,
        };
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

fn has(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|&classes| classes & class != 0)
}

/// Whether a text is made of characters of a class and of percent-encoded triplets.
///
/// ```abnf
/// pct-encoded = "%" HEXDIG HEXDIG
/// ```
fn is_made_of(text: &str, class: u8) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let triplet = |bytes: &mut core::str::Bytes<'_>| {
            byte == b'%'
                && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
                && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
        };
        if !has(byte, class) && !triplet(&mut bytes) {
            return false;
        }
    }
    true
}

/// Whether a character is unreserved: `ALPHA / DIGIT / "-" / "." / "_" / "~"` (RFC 3986 section 2.3).
pub(crate) fn is_unreserved(byte: u8) -> bool {
    has(byte, UNRESERVED)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests;
