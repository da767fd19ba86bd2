//! What is worth an operator's attention.

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
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant { .. } => stringify!($Variant),)*
                }
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
    /// A user approved a client whose `code_challenge` had come before: it must be a new one each time (RFC 9700 section 2.1.1).
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
    /// An access token came that is for another resource, or of another issuer.
    TokenForeign,
    /// A stored row could not be read.
    RowUndecodable,
}
}
