//! OAuth parameters: the grammar of each in one table, and requests as structs of them.

use crate::error::Reason;
use crate::limits;
use crate::wire::uri;

/// A parameter of a request: `Ok(None)` if it is absent or empty, which is the same (RFC 6749 section 3.1); `Err` if it
/// breaks its grammar. Each endpoint decides what that means.
pub type Param<'r> = Result<Option<&'r str>, Reason>;

/// The value of a parameter that must be there.
pub fn required<'r>(param: Param<'r>, name: &'static str) -> Result<&'r str, Reason> {
    param?.ok_or(Reason::Missing(name))
}

/// Checks a value against the grammar and the length of its parameter. A name that is not in the table has no value that
/// passes.
pub fn check(name: &'static str, value: &str) -> Result<(), Reason> {
    rule(name).ok_or(Reason::Malformed(name))?.check(name, value)
}

/// What a parameter may look like: its grammar, and its length in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    grammar: Grammar,
    limit: usize,
}

#[derive(Clone, Copy)]
enum Grammar {
    /// `1*VSCHAR`
    Vschars,
    /// `1*NQSCHAR`
    Nqschars,
    /// `1*UNICODECHARNOCRLF`
    Text,
    /// `name = 1*( "-" / "." / "_" / DIGIT / ALPHA )`
    Name,
    /// `name / URI-reference`
    NameOrReference,
    /// `response-name *( SP response-name )`, where `response-name = 1*( "_" / DIGIT / ALPHA )`
    ResponseType,
    /// `1*NQCHAR *( SP 1*NQCHAR )`
    List,
    /// `URI-reference`
    Reference,
    /// `absolute-URI`: no fragment
    AbsoluteUri,
    /// `absolute-URI` without a query
    Issuer,
    /// `43*128unreserved`
    CodeVerifier,
    /// `43( ALPHA / DIGIT / "-" / "_" )`, a SHA-256 hash in base64url
    Hash,
    /// `1*DIGIT`
    Digits,
    /// Characters that JSON may hold; the text is read as JSON where it is needed.
    Json,
}

/// The table. RFC 6749 appendix A, if nothing else is said.
pub(crate) const fn rule(name: &str) -> Option<Rule> {
    use Grammar::*;
    let (grammar, limit) = match name.as_bytes() {
        b"access_token" => (Vschars, limits::FOREIGN_TOKEN),
        // OpenID Connect Core section 3.1.2.1.
        b"acr_values" => (List, limits::ACR_VALUES),
        // RFC 9396 section 2.
        b"authorization_details" => (Json, limits::AUTHORIZATION_DETAILS),
        // RFC 7521 section 4.2.
        b"client_assertion" => (Vschars, limits::FOREIGN_TOKEN),
        b"client_assertion_type" => (AbsoluteUri, limits::URI),
        b"client_id" => (Vschars, limits::CLIENT_ID),
        b"client_secret" => (Vschars, limits::CLIENT_SECRET),
        b"code" => (Vschars, limits::FOREIGN_TOKEN),
        // RFC 7636 sections 4.1 to 4.3.
        b"code_challenge" => (Hash, 43),
        b"code_challenge_method" => (Name, limits::NAME),
        b"code_verifier" => (CodeVerifier, 128),
        // RFC 9449 section 10.
        b"dpop_jkt" => (Hash, 43),
        b"error" => (Nqschars, limits::NAME),
        b"error_description" => (Nqschars, limits::URI),
        b"error_uri" => (Reference, limits::URI),
        b"grant_type" => (NameOrReference, limits::NAME),
        // OpenID Connect Core section 3.2.2.5; listed so that a client sees it where it may not be.
        b"id_token" => (Vschars, limits::FOREIGN_TOKEN),
        // RFC 9207 section 2.
        b"iss" => (Issuer, limits::URI),
        // OpenID Connect Core section 3.1.2.1.
        b"login_hint" => (Text, limits::LOGIN_HINT),
        b"max_age" => (Digits, 10),
        b"nonce" => (Text, limits::NONCE),
        // A grant that RFC 9700 section 2.4 forbids; listed so that nothing of it passes unread.
        b"password" => (Text, limits::CLIENT_SECRET),
        // OpenID Connect Core section 3.1.2.1.
        b"prompt" => (List, limits::NAME),
        // A.6 says URI-reference, section 3.1.2 says absolute and without a fragment.
        b"redirect_uri" => (AbsoluteUri, limits::URI),
        b"refresh_token" => (Vschars, limits::FOREIGN_TOKEN),
        // RFC 9101 section 5.
        b"request" => (Vschars, limits::FOREIGN_TOKEN),
        b"request_uri" => (AbsoluteUri, limits::URI),
        // RFC 8707 section 2.
        b"resource" => (AbsoluteUri, limits::RESOURCE),
        // JARM section 2.3.
        b"response" => (Vschars, limits::FOREIGN_TOKEN),
        // OAuth 2.0 Multiple Response Type Encoding Practices section 2.1.
        b"response_mode" => (Name, limits::NAME),
        b"response_type" => (ResponseType, limits::NAME),
        b"scope" => (List, limits::SCOPE),
        b"state" => (Vschars, limits::STATE),
        // A claim and no parameter; OpenID Connect Core section 2 allows 255 ASCII characters.
        b"sub" => (Vschars, limits::SUBJECT),
        // RFC 7009 section 2.1, RFC 7662 section 2.1.
        b"token" => (Vschars, limits::FOREIGN_TOKEN),
        b"token_type_hint" => (Name, limits::NAME),
        b"token_type" => (NameOrReference, limits::NAME),
        b"username" => (Text, limits::SUBJECT),
        _ => return None,
    };
    Some(Rule { grammar, limit })
}

impl Rule {
    /// Checks a value; `name` is for the reason.
    pub(crate) fn check(self, name: &'static str, value: &str) -> Result<(), Reason> {
        if value.len() > self.limit {
            return Err(Reason::TooLong { what: name, limit: self.limit });
        }
        if self.grammar.allows(value) { Ok(()) } else { Err(Reason::Malformed(name)) }
    }
}

impl Grammar {
    /// ```abnf
    /// VSCHAR  = %x20-7E
    /// NQCHAR  = %x21 / %x23-5B / %x5D-7E
    /// NQSCHAR = %x20-21 / %x23-5B / %x5D-7E
    /// UNICODECHARNOCRLF = %x09 / %x20-7E / %x80-D7FF / %xE000-FFFD / %x10000-10FFFF
    /// ```
    fn allows(self, value: &str) -> bool {
        let bytes = value.as_bytes();
        // No short circuit: so the loop takes many bytes at a time.
        let made_of =
            |allowed: fn(&u8) -> bool| !bytes.is_empty() && bytes.iter().fold(true, |all, byte| all & allowed(byte));
        let list_of = |allowed: fn(&u8) -> bool| {
            bytes.split(|&byte| byte == b' ').all(|item| !item.is_empty() && item.iter().all(allowed))
        };
        let name = |byte: &u8| matches!(byte, b'-' | b'.' | b'_') || byte.is_ascii_alphanumeric();
        match self {
            Self::Vschars => made_of(|byte| matches!(byte, 0x20..=0x7e)),
            Self::Nqschars => made_of(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            Self::Text => {
                let allowed = |char| !matches!(char, '\0'..='\x08' | '\n'..='\x1f' | '\x7f' | '\u{fffe}' | '\u{ffff}');
                !value.is_empty() && value.chars().all(allowed)
            }
            Self::Name => made_of(name),
            Self::NameOrReference => made_of(name) || (!bytes.is_empty() && uri::is_reference(value)),
            Self::ResponseType => list_of(|&byte| byte == b'_' || byte.is_ascii_alphanumeric()),
            Self::List => list_of(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            Self::Reference => uri::is_reference(value),
            Self::AbsoluteUri => uri::parse(value).is_some_and(|uri| uri.fragment.is_none()),
            Self::Issuer => uri::parse(value).is_some_and(|uri| uri.query.is_none() && uri.fragment.is_none()),
            Self::CodeVerifier => (43..=128).contains(&bytes.len()) && made_of(|&byte| uri::is_unreserved(byte)),
            Self::Digits => made_of(u8::is_ascii_digit),
            Self::Json => made_of(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)),
            Self::Hash => {
                bytes.len() == 43
                    && bytes.iter().all(|&byte| matches!(byte, b'-' | b'_') || byte.is_ascii_alphanumeric())
            }
        }
    }
}

/// Declares a request as a struct of its parameters, each a [`Param`]; the names must be in the table above. `many
/// resource` declares the one parameter that may be repeated (RFC 8707 section 2); its values are not yet checked.
///
/// `read` decodes a form in place. It fails on a form that cannot be decoded, and on a listed parameter that comes twice
/// (RFC 6749 sections 3.1 and 3.2), even if one copy is empty, as parsers differ about which copy counts. Parameters
/// that are not listed are ignored, repeated or not.
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        $vis:vis struct $request:ident { $($field:ident),+ $(,)? $(; many $many:ident $(,)?)? }
    ) => {
        $(#[$meta])*
        $vis struct $request<'r> {
            $(pub(crate) $field: $crate::terms::parameter::Param<'r>,)+
            $(pub(crate) $many: heapless::Vec<&'r str, { $crate::limits::RESOURCES }>,)?
        }

        impl<'r> $request<'r> {
            $vis fn read(form: &'r mut [u8]) -> Result<Self, $crate::error::Reason> {
                use $crate::error::Reason;
                use $crate::terms::parameter::{Param, Rule, rule};
                // `Some` once the parameter was seen.
                $(let mut $field: Option<Param<'r>> = None;)+
                $(let mut $many = heapless::Vec::new();)?
                for pair in $crate::wire::form::pairs(form)? {
                    let (name, value) = pair?;
                    match name {
                        $(stringify!($field) => {
                            const RULE: Option<Rule> = rule(stringify!($field));
                            const { assert!(RULE.is_some(), "a parameter that is not in the table") };
                            if $field.is_some() {
                                return Err(Reason::Repeated(stringify!($field)));
                            }
                            $field = Some(match RULE {
                                Some(rule) if !value.is_empty() => {
                                    rule.check(stringify!($field), value).map(|()| Some(value))
                                }
                                _ => Ok(None),
                            });
                        })+
                        $(stringify!($many) if !value.is_empty() => {
                            $many.push(value).map_err(|_| Reason::TooMany {
                                what: stringify!($many),
                                limit: $crate::limits::RESOURCES,
                            })?;
                        })?
                        _ => {}
                    }
                }
                Ok(Self { $($field: $field.unwrap_or(Ok(None)),)+ $($many,)? })
            }
        }
    };
}
pub(crate) use parameters;

macro_rules! every_parameter {
    ($($field:ident),+) => {
        parameters! {
            /// Every parameter of the table.
            struct Every { $($field),+; many resource }
        }

        /// Reads a form as an endpoint that knows every parameter would, and shows each pair whose value is not empty.
        /// For test vectors and tools; an endpoint reads its own parameters alone.
        pub fn read_any(form: &mut [u8], visit: &mut dyn FnMut(&str, &str)) -> Result<(), Reason> {
            let every = Every::read(form)?;
            $(if let Some(value) = every.$field? {
                visit(stringify!($field), value);
            })+
            // By reference: the by-value iterator of heapless has a panic path.
            for value in &every.resource {
                check("resource", value)?;
                visit("resource", value);
            }
            Ok(())
        }

        #[cfg(test)]
        const EVERY: &[&str] = &[$(stringify!($field)),+];
    };
}
every_parameter!(
    access_token,
    acr_values,
    authorization_details,
    client_assertion,
    client_assertion_type,
    client_id,
    client_secret,
    code,
    code_challenge,
    code_challenge_method,
    code_verifier,
    dpop_jkt,
    error,
    error_description,
    error_uri,
    grant_type,
    id_token,
    iss,
    login_hint,
    max_age,
    nonce,
    password,
    prompt,
    redirect_uri,
    refresh_token,
    request,
    request_uri,
    response,
    response_mode,
    response_type,
    scope,
    state,
    token,
    token_type_hint,
    token_type,
    username
);

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests;
