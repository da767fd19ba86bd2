//! What is worth an operator's attention.

/// The text of that number among several. One text and where each part ends takes less room than a pointer and a length for
/// each.
macro_rules! nth_text {
    ($number:expr, $($text:expr),* $(,)?) => {{
        const TEXTS: &[&str] = &[$($text),*];
        const ENDS: [u16; TEXTS.len()] = $crate::event::ends(TEXTS);
        $crate::event::part(concat!($($text),*), &ENDS, $number)
    }};
}
pub(crate) use nth_text;

/// Where each of the texts ends when they stand one after the other. For the compiler alone.
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]
pub(crate) const fn ends<const N: usize>(texts: &[&str]) -> [u16; N] {
    let mut ends = [0; N];
    let (mut number, mut end) = (0, 0);
    while number < N {
        end += texts[number].len();
        assert!(end <= u16::MAX as usize);
        ends[number] = end as u16;
        number += 1;
    }
    ends
}

/// The part of that number.
#[inline(never)]
#[allow(clippy::as_conversions)]
pub(crate) const fn part(text: &'static str, ends: &[u16], number: usize) -> &'static str {
    let (start, rest) = match number.checked_sub(1) {
        None => (0, ends),
        Some(before) => match ends.split_at_checked(before) {
            Some((_, [start, rest @ ..])) => (*start, rest),
            _ => return "",
        },
    };
    let [end, ..] = rest else { return "" };
    match text.split_at_checked(*end as usize) {
        Some((head, _)) => match head.split_at_checked(start as usize) {
            Some((_, part)) => part,
            None => "",
        },
        None => "",
    }
}

/// An enum whose variants know their names without `core::fmt`.
macro_rules! named {
    (
        $(#[$of_enum:meta])*
        pub enum $Enum:ident {
            $($(#[$of_variant:meta])* $Variant:ident $(($($tuple:tt)*))? $({$($members:tt)*})?,)*
        }
    ) => {
        $(#[$of_enum])*
        pub enum $Enum {
            $($(#[$of_variant])* $Variant $(($($tuple)*))? $({$($members)*})?,)*
        }

        impl $Enum {
            /// The name of the variant, for logs.
            #[allow(clippy::as_conversions)]
            pub const fn name(self) -> &'static str {
                enum Number { $($Variant),* }
                let number = match self {
                    $(Self::$Variant { .. } => Number::$Variant,)*
                };
                $crate::event::nth_text!(number as usize, $(stringify!($Variant)),*)
            }
        }
    };
}
pub(crate) use named;

named! {
/// What an operator wants in the audit log. Holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A user approved a client.
    Approved,
    /// Instead of [`Approved`](Self::Approved): a user approved a client whose `code_challenge` had come before. It must be a new
    /// one each time (RFC 9700 section 2.1.1).
    ChallengeConstant,
    /// The same of its `nonce`.
    NonceConstant,
    /// A user refused a client.
    Denied,
    /// Tokens were issued for a code.
    CodeRedeemed,
    /// A genuine code came with a wrong verifier, a wrong redirection URI or from another client, and was burnt.
    CodeBurnt,
    /// A redeemed code came again; its grant was revoked.
    CodeReplayed,
    /// A token was issued to a client that acts for nobody else.
    ClientGranted,
    /// A refresh token was exchanged for its successor.
    Refreshed,
    /// The same successor was handed out again, to a client that had lost it.
    RefreshRetried,
    /// A superseded refresh token came; its grant was revoked.
    RefreshTokenReused,
    /// A credential with a wrong tag came: mistyped, cut off or forged.
    CredentialForged,
    /// A client failed to authenticate; a host counts these against guessing.
    ClientAuthenticationFailed,
    /// An assertion or a DPoP proof came a second time.
    ProofReplayed,
    /// An authorization request named a redirection URI that is not its client's.
    RedirectUriRefused,
    /// A credential of one client was presented by another.
    ForeignCredential,
    /// A grant was revoked at its client's request.
    Revoked,
    /// An interaction was continued in another browser than it began in.
    InteractionForeign,
    /// An authorization response failed a check that holds for every honest one: mix-up, injection or a lost session.
    ResponseRefused,
    /// The metadata of a client's server no longer promise what protects.
    ServerDowngraded,
    /// An access token came that is for another resource, or of another issuer.
    TokenForeign,
    /// A stored row could not be read.
    RowUndecodable,
}
}
