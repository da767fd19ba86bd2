//! The row of a document of another server that is kept for a while: its metadata, or its keys.

use super::Record;
use crate::terms::Time;
use crate::wire::encoding::encoding;

/// What a document is read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DocumentKind {
    /// The metadata of a client (draft-ietf-oauth-client-id-metadata-document).
    ClientMetadata,
    /// The JWK set of a client (RFC 7591 section 2, `jwks_uri`).
    ClientKeys,
    /// The JWK set of an issuer (RFC 8414 section 2, `jwks_uri`).
    IssuerKeys,
}

impl DocumentKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientMetadata => "client metadata",
            Self::ClientKeys => "client keys",
            Self::IssuerKeys => "issuer keys",
        }
    }
}

/// A document as it was last read.
#[derive(Clone, Copy)]
pub struct Document<'d> {
    /// When it was read.
    pub fetched_at: Time,
    /// Until when it need not be read again.
    pub fresh_until: Time,
    /// Until when whoever reads it now is let alone with that.
    pub lease_until: Time,
    /// The document; empty if it was never read.
    pub body: &'d [u8],
}

encoding!(struct Document<'v> { fetched_at, fresh_until, lease_until, body });

impl<'d> Record<'d> for Document<'d> {}
