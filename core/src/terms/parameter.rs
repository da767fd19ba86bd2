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
    /// `43( ALPHA / DIGIT / "-" / "_" )`, which is what S256 makes
    CodeChallenge,
}

/// The table. RFC 6749 appendix A, if nothing else is said.
pub(crate) const fn rule(name: &str) -> Option<Rule> {
    use Grammar::*;
    let (grammar, limit) = match name.as_bytes() {
        b"access_token" => (Vschars, limits::FOREIGN_TOKEN),
        // RFC 7521 section 4.2.
        b"client_assertion" => (Vschars, limits::FOREIGN_TOKEN),
        b"client_assertion_type" => (AbsoluteUri, limits::URI),
        b"client_id" => (Vschars, limits::CLIENT_ID),
        b"client_secret" => (Vschars, limits::CLIENT_SECRET),
        b"code" => (Vschars, limits::FOREIGN_TOKEN),
        // RFC 7636 sections 4.1 to 4.3.
        b"code_challenge" => (CodeChallenge, 43),
        b"code_challenge_method" => (Name, limits::NAME),
        b"code_verifier" => (CodeVerifier, 128),
        b"error" => (Nqschars, limits::NAME),
        b"error_description" => (Nqschars, limits::URI),
        b"error_uri" => (Reference, limits::URI),
        b"grant_type" => (NameOrReference, limits::NAME),
        // OpenID Connect Core section 3.2.2.5; listed so that a client sees it where it may not be.
        b"id_token" => (Vschars, limits::FOREIGN_TOKEN),
        // RFC 9207 section 2.
        b"iss" => (Issuer, limits::URI),
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
            Self::CodeChallenge => {
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
    client_assertion,
    client_assertion_type,
    client_id,
    client_secret,
    code,
    code_challenge,
    code_challenge_method,
    code_verifier,
    error,
    error_description,
    error_uri,
    grant_type,
    id_token,
    iss,
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
mod tests {
    extern crate std;
    use super::*;

    parameters! {
        struct Example { grant_type, code, scope; many resource }
    }
    parameters! {
        struct Bare { client_id }
    }

    fn example(text: &str, then: impl FnOnce(Result<Example<'_>, Reason>)) {
        then(Example::read(&mut text.as_bytes().to_vec()));
    }

    #[test]
    fn reads_what_is_listed_and_ignores_the_rest() {
        example("code=a%2Bb&x=1&x=2&scope=&resource=&resource=urn:a&resource=b&=1&client_id=", |read| {
            let read = read.unwrap_or_else(|_| panic!());
            assert_eq!((read.grant_type, read.code, read.scope), (Ok(None), Ok(Some("a+b")), Ok(None)));
            assert_eq!(read.resource.as_slice(), ["urn:a", "b"]);
            assert_eq!(required(read.code, "code"), Ok("a+b"));
            assert_eq!(required(read.scope, "scope"), Err(Reason::Missing("scope")));
        });
        assert_eq!(Bare::read(&mut b"client_id=c".to_vec()).ok().and_then(|read| read.client_id.ok()), Some(Some("c")));
    }

    #[test]
    fn keeps_what_breaks_its_grammar_for_the_endpoint() {
        example("code=%0A&scope=a", |read| {
            let read = read.unwrap_or_else(|_| panic!());
            assert_eq!((read.code, read.scope), (Err(Reason::Malformed("code")), Ok(Some("a"))));
        });
    }

    #[test]
    fn refuses_repetition() {
        for text in ["code=a&code=a", "code=a&code=", "code&code=a", "code&code", "cod%65=%0a&code=a"] {
            example(text, |read| assert_eq!(read.err(), Some(Reason::Repeated("code"))));
        }
        let reason = Reason::TooMany { what: "resource", limit: limits::RESOURCES };
        example(&"resource=a&".repeat(limits::RESOURCES), |read| assert!(read.is_ok()));
        example(&"resource=a&".repeat(limits::RESOURCES + 1), |read| assert_eq!(read.err(), Some(reason)));
    }

    #[test]
    fn refuses_what_cannot_be_decoded_whoever_sent_it() {
        example("x=%zz", |read| assert_eq!(read.err(), Some(Reason::PercentEncoding)));
        example("x=%ff", |read| assert_eq!(read.err(), Some(Reason::NotUtf8)));
    }

    #[test]
    fn every_rule_refuses_control_characters_and_what_is_too_long() {
        for name in EVERY.iter().chain(&["resource"]) {
            let limit = rule(name).unwrap().limit;
            assert_eq!(check(name, &"a".repeat(limit + 1)), Err(Reason::TooLong { what: name, limit }));
            let unicode = ["username", "password"].contains(name);
            for text in ["\u{0}", "a\n", "a\u{7f}", if unicode { "\u{ffff}" } else { "\u{e9}" }] {
                assert_eq!(check(name, text), Err(Reason::Malformed(name)), "{name} {text:?}");
            }
        }
    }

    #[test]
    fn follows_the_grammars() {
        let good = [
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("response_type", "code id_token"),
            ("error_uri", "/errors#1"),
            ("token_type", "Bearer"),
            ("redirect_uri", "com.example.app:/cb"),
            ("iss", "https://as.example"),
            ("password", "\u{e9} \t\u{fffd}"),
        ];
        let bad = [
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw~cM"),
            ("grant_type", "authorization_code "),
            ("response_type", "code  id_token"),
            ("scope", "a\\b"),
            ("error", "a\"b"),
            ("redirect_uri", "/cb"),
            ("redirect_uri", "https://client.example/cb#"),
            ("iss", "https://as.example?a"),
        ];
        for (name, value) in good {
            assert_eq!(check(name, value), Ok(()), "{name}");
        }
        for (name, value) in bad {
            assert_eq!(check(name, value), Err(Reason::Malformed(name)), "{name}");
        }
    }
}
