//! OAuth parameters: the grammar of each in one table, and requests as structs of them.

use heapless::VecView;

use crate::error::Reason;
use crate::name::Name;
use crate::wire::{form, uri};

/// A parameter of a request: `Ok(None)` if it is absent or empty, which is the same (RFC 6749 section 3.1); `Err` if it
/// breaks its grammar. Each endpoint decides what that means.
pub type Param<'r> = Result<Option<&'r str>, Reason>;

/// The value of a parameter that must be there.
pub fn required<'r>(param: Param<'r>, name: Name) -> Result<&'r str, Reason> {
    param?.ok_or(Reason::Missing(name))
}

/// Checks a value against the grammar and the length of its parameter. A name that has no grammar has no value that passes.
pub fn check(name: Name, value: &str) -> Result<(), Reason> {
    if !name.fits(value) {
        return Err(Reason::TooLong(name));
    }
    match grammar(name) {
        Some(grammar) if grammar.allows(value) => Ok(()),
        _ => Err(Reason::Malformed(name)),
    }
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
    NameChars,
    /// `name / URI-reference`
    NameCharsOrReference,
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
const fn grammar(name: Name) -> Option<Grammar> {
    use Grammar::*;
    Some(match name {
        Name::AccessToken => Vschars,
        // OpenID Connect Core section 3.1.2.1.
        Name::AcrValues => List,
        // RFC 9396 section 2.
        Name::AuthorizationDetails => Json,
        // RFC 7521 section 4.2.
        Name::ClientAssertion => Vschars,
        Name::ClientAssertionType => AbsoluteUri,
        Name::ClientId => Vschars,
        Name::ClientSecret => Vschars,
        Name::Code => Vschars,
        // RFC 7636 sections 4.1 to 4.3.
        Name::CodeChallenge => Hash,
        Name::CodeChallengeMethod => NameChars,
        Name::CodeVerifier => CodeVerifier,
        // RFC 9449 section 10.
        Name::DpopJkt => Hash,
        Name::Error => Nqschars,
        Name::ErrorDescription => Nqschars,
        Name::ErrorUri => Reference,
        Name::GrantType => NameCharsOrReference,
        // OpenID Connect Core section 3.2.2.5; listed so that a client sees it where it may not be.
        Name::IdToken => Vschars,
        // RFC 9207 section 2.
        Name::Iss => Issuer,
        // OpenID Connect Core section 3.1.2.1.
        Name::LoginHint => Text,
        Name::MaxAge => Digits,
        Name::Nonce => Text,
        // A grant that RFC 9700 section 2.4 forbids; listed so that nothing of it passes unread.
        Name::Password => Text,
        // OpenID Connect Core section 3.1.2.1.
        Name::Prompt => List,
        // A.6 says URI-reference, section 3.1.2 says absolute and without a fragment.
        Name::RedirectUri => AbsoluteUri,
        Name::RefreshToken => Vschars,
        // RFC 9101 section 5.
        Name::Request => Vschars,
        Name::RequestUri => AbsoluteUri,
        // RFC 8707 section 2.
        Name::Resource => AbsoluteUri,
        // JARM section 2.3.
        Name::Response => Vschars,
        // OAuth 2.0 Multiple Response Type Encoding Practices section 2.1.
        Name::ResponseMode => NameChars,
        Name::ResponseType => ResponseType,
        Name::Scope => List,
        Name::State => Vschars,
        // A claim and no parameter; OpenID Connect Core section 2 allows 255 ASCII characters.
        Name::Sub => Vschars,
        // RFC 7009 section 2.1, RFC 7662 section 2.1.
        Name::Token => Vschars,
        Name::TokenTypeHint => NameChars,
        Name::TokenType => NameCharsOrReference,
        Name::Username => Text,
        _ => return None,
    })
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
            Self::NameChars => made_of(name),
            Self::NameCharsOrReference => made_of(name) || (!bytes.is_empty() && uri::is_reference(value)),
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

/// A name, and how long it is: that tells most names apart before they are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    name: Name,
    len: u8,
}

impl Written {
    /// For the compiler alone.
    #[allow(clippy::as_conversions)]
    pub(crate) const fn of(text: &str) -> Self {
        assert!(text.len() < 256);
        Self { name: Name::of(text), len: text.len() as u8 }
    }
}

/// Decodes a form in place, and fills a slot for each of `names`. It fails on a form that cannot be decoded, and on a listed
/// parameter that comes twice (RFC 6749 sections 3.1 and 3.2), even if one copy is empty, as parsers differ about which copy
/// counts. `many` are those that may be repeated; their values are not checked. Parameters that are not listed are ignored,
/// repeated or not.
pub(crate) fn read<'r>(
    form: &'r mut [u8],
    names: &[Written],
    slots: &mut [Param<'r>],
    many: &mut [(Name, &mut VecView<&'r str>)],
) -> Result<(), Reason> {
    let mut seen = 0_u64;
    for pair in form::pairs(form)? {
        let (text, value) = pair?;
        let mut bit = 1_u64;
        for (&Written { name, len }, slot) in names.iter().zip(&mut *slots) {
            if usize::from(len) == text.len() && name.as_str() == text {
                if seen & bit != 0 {
                    return Err(Reason::Repeated(name));
                }
                seen |= bit;
                if !value.is_empty() {
                    *slot = check(name, value).map(|()| Some(value));
                }
                break;
            }
            bit <<= 1;
        }
        for (name, values) in &mut *many {
            if name.as_str() == text && !value.is_empty() {
                values.push(value).map_err(|_| Reason::TooMany(*name))?;
            }
        }
    }
    Ok(())
}

/// Declares a request as a struct of its parameters, each a [`Param`]; the names must be in the table above. `many
/// resource` declares the one parameter that may be repeated (RFC 8707 section 2); its values are not yet checked.
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
                use $crate::terms::parameter::Written;
                const NAMES: &[Written] = &[$(Written::of(stringify!($field))),+];
                const { assert!(NAMES.len() <= 64, "a bit for each") };
                let mut slots = [Ok(None); NAMES.len()];
                $(let mut $many = heapless::Vec::new();)?
                let many = &mut [$((const { $crate::name::Name::of(stringify!($many)) }, $many.as_mut_view()))?];
                $crate::terms::parameter::read(form, NAMES, &mut slots, many)?;
                let [$($field),+] = slots;
                Ok(Self { $($field,)+ $($many,)? })
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
                check(Name::Resource, value)?;
                visit("resource", value);
            }
            Ok(())
        }

        #[cfg(test)]
        const EVERY: &[Name] = &[$(Name::of(stringify!($field))),+];
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
