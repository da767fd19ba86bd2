//! Client identifiers (RFC 6749 section 2.2).

use super::parameter;
use crate::error::Reason;

/// A client identifier: opaque, compared byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientId<'c>(&'c str);

impl<'c> ClientId<'c> {
    /// Reads a client identifier of at most [`limits::CLIENT_ID`](crate::limits::CLIENT_ID) bytes.
    ///
    /// ```abnf
    /// client-id = 1*VSCHAR
    /// ```
    pub fn parse(text: &'c str) -> Result<Self, Reason> {
        parameter::check("client_id", text).map(|()| Self(text))
    }

    /// The identifier as it was written.
    pub const fn as_str(self) -> &'c str {
        self.0
    }
}
