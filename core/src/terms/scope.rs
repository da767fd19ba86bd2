//! Scope (RFC 6749 section 3.3).

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::terms::list::List;

/// Reads a scope of at most [`limits::SCOPE`] bytes and [`limits::SCOPE_TOKENS`] tokens, no token twice.
///
/// ```abnf
/// scope       = scope-token *( SP scope-token )
/// scope-token = 1*NQCHAR                        ; %x21 / %x23-5B / %x5D-7E
/// ```
pub fn parse(text: &str) -> Result<List<'_>, Reason> {
    if text.len() > limits::SCOPE {
        return Err(Reason::TooLong(Name::Scope));
    }
    let mut tokens = text.as_bytes().split(|&byte| byte == b' ');
    let mut count = 0_usize;
    while let Some(token) = tokens.next() {
        if count >= limits::SCOPE_TOKENS {
            return Err(Reason::TooMany(Name::Scope));
        }
        count = count.saturating_add(1);
        let nqchar = |&byte: &u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if token.is_empty() || !token.iter().all(nqchar) || tokens.clone().any(|other| other == token) {
            return Err(Reason::Malformed(Name::Scope));
        }
    }
    Ok(List(text))
}

/// Reads the scope of a registration, which may hold no token.
pub(crate) fn parse_or_empty(text: &str) -> Result<List<'_>, Reason> {
    if text.is_empty() { Ok(List("")) } else { parse(text) }
}

const _: () = assert!(limits::SCOPE_TOKENS <= 32, "a mask has 32 bits");

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn follows_the_grammar() {
        for text in ["a", "a b", "openid https://api.example/read !#[]~"] {
            assert_eq!(parse(text).map(|scope| scope.0), Ok(text));
        }
        for text in ["", " ", " a", "a ", "a  b", "a\tb", "a\"", "a\\", "\u{e9}", "a\u{0}", "\u{7f}", "a b a"] {
            assert_eq!(parse(text), Err(Reason::Malformed(Name::Scope)), "{text:?}");
        }
        let long = "a".repeat(limits::SCOPE + 1);
        assert_eq!(parse(&long), Err(Reason::TooLong(Name::Scope)));
        let many: Vec<String> = (0..=limits::SCOPE_TOKENS).map(|n| std::format!("s{n}")).collect();
        let reason = Reason::TooMany(Name::Scope);
        assert_eq!(parse(&many.join(" ")), Err(reason));
        assert!(parse(&many[1..].join(" ")).is_ok());
    }

    #[test]
    fn keeps_the_laws_of_sets() {
        let all = ["", "a", "b", "a b", "b a", "a b c", "c", "A", "ab", "a c"].map(List);
        for x in all {
            assert!(List("").is_subset_of(x) && x.is_subset_of(x));
            assert_eq!(x.is_empty(), x.words().next().is_none());
            for y in all {
                assert_eq!(x.is_subset_of(y), y.mask(x.words()).is_some());
                if let Some(mask) = y.mask(x.words()) {
                    // The mask gives back the set, in the order of the granted one.
                    let back: Vec<&str> = y.masked(mask).collect();
                    assert_eq!(back.len(), x.words().count());
                    assert!(back.iter().all(|token| x.contains(token)));
                    assert_eq!(mask.count_ones(), u32::try_from(back.len()).unwrap());
                }
                for z in all {
                    assert!(!(x.is_subset_of(y) && y.is_subset_of(z)) || x.is_subset_of(z));
                }
            }
        }
    }

    #[test]
    fn has_a_bit_for_every_token() {
        let text = (0..limits::SCOPE_TOKENS).map(|n| std::format!("s{n}")).collect::<Vec<_>>().join(" ");
        let scope = parse(&text).unwrap();
        assert_eq!(scope.mask(scope.words()), Some(u32::MAX));
        assert_eq!(scope.mask(["s31"]), Some(1 << 31));
        assert!(scope.masked(u32::MAX).eq(scope.words()));
        assert_eq!(scope.masked(0).count(), 0);
    }
}
