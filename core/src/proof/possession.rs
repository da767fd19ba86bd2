//! That the sender of a request holds a key.

use crate::terms::confirmation::Confirmation;
use crate::wire::http::Certificate;

/// The sender holds this key: it has signed a DPoP proof for this request (RFC 9449), or the TLS handshake of its connection
/// (RFC 8705).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHeld {
    confirmation: Confirmation,
}

impl KeyHeld {
    pub(in crate::proof) const fn by_dpop(jkt: [u8; 32]) -> Self {
        Self { confirmation: Confirmation::Jkt(jkt) }
    }

    /// By the certificate of the connection, whoever has signed it (RFC 8705 section 3).
    pub const fn by_certificate(certificate: &Certificate<'_>) -> Self {
        Self { confirmation: Confirmation::X5t(certificate.thumbprint) }
    }

    /// The key, in the form in which a token is bound to it.
    pub const fn confirmation(&self) -> Confirmation {
        self.confirmation
    }

    /// Whether a token that is bound to this key may be used by the sender.
    pub fn is(&self, bound_to: Confirmation) -> bool {
        self.confirmation == bound_to
    }
}
