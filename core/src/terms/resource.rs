//! Resource indicators (RFC 8707).

use super::parameter;
use crate::error::Reason;
use crate::name::Name;

/// A resource indicator: an absolute URI without a fragment, compared byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'r>(&'r str);

impl<'r> Resource<'r> {
    /// Reads a resource indicator of at most [`limits::RESOURCE`](crate::limits::RESOURCE) bytes (RFC 8707 section 2).
    ///
    /// ```abnf
    /// resource = absolute-URI        ; RFC 3986 section 4.3: no fragment
    /// ```
    pub fn parse(text: &'r str) -> Result<Self, Reason> {
        parameter::check(Name::Resource, text).map(|()| Self(text))
    }

    /// The indicator as it was written.
    pub const fn as_str(self) -> &'r str {
        self.0
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    use super::*;

    #[test]
    fn is_an_absolute_uri_without_a_fragment() {
        for text in ["https://api.example/", "https://api.example?a=b", "urn:example:api"] {
            assert_eq!(Resource::parse(text).map(Resource::as_str), Ok(text));
        }
        for text in ["", "api", "/api", "https://api.example/#", "https://api.example/ "] {
            assert_eq!(Resource::parse(text), Err(Reason::Malformed(Name::Resource)));
        }
    }
}
