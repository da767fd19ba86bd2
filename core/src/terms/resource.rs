//! Resource indicators (RFC 8707).

use super::parameter;
use crate::error::Reason;
use crate::name::Name;
use crate::wire::uri;

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

    /// Whether a URL is at this resource: of the same origin, and its path this one's or below it. So an indicator that is no
    /// `https` or `http` URL, or that has a query, is that of no URL; and a path with dot segments is below nothing.
    pub fn covers(self, url: &str) -> bool {
        let (Some(own), Some(other)) = (uri::parse(self.0), uri::parse(url)) else { return false };
        let base = own.path.strip_suffix('/').unwrap_or(own.path);
        let below = other.path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // A resource that ends in a slash does not hold what lacks it.
        let whole = own.path.len() <= other.path.len() || own.path == "/";
        own.query.is_none() && own.has_same_origin(&other) && below && whole && !other.has_dot_segment()
    }

    /// Whether it is a URL, so that it says where its tokens may be sent.
    pub fn is_url(self) -> bool {
        let scheme = uri::parse(self.0).map_or("", |uri| uri.scheme);
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
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
    fn covers_what_is_at_it_and_below_it() {
        for (resource, url, covered) in [
            ("https://api.example", "https://api.example", true),
            ("https://api.example", "https://api.example/a?b", true),
            ("https://api.example/", "https://api.example", true),
            ("https://api.example/", "HTTPS://API.example:443/a", true),
            ("https://api.example/v1", "https://api.example/v1", true),
            ("https://api.example/v1", "https://api.example/v1/a", true),
            ("https://api.example/v1/", "https://api.example/v1/", true),
            ("https://api.example/v1/", "https://api.example/v1", false),
            ("https://api.example/v1", "https://api.example/v10", false),
            ("https://api.example/v1", "https://api.example/", false),
            ("https://api.example/v1", "https://api.example/v1/../admin", false),
            ("https://api.example/v1", "https://api.example/v1/%2e%2E/admin", false),
            ("https://api.example/", "https://api.example.evil.example/", false),
            ("https://api.example/", "https://api.example@evil.example/", false),
            ("https://api.example/", "https://evil.example/https://api.example/", false),
            ("https://api.example/", "https://api.example:8443/", false),
            ("https://api.example/", "http://api.example/", false),
            ("https://api.example/?tenant=1", "https://api.example/?tenant=1", false),
            ("urn:example:api", "urn:example:api", false),
        ] {
            assert_eq!(Resource::parse(resource).map(|resource| resource.covers(url)), Ok(covered), "{resource} {url}");
        }
        assert!(Resource::parse("urn:a").is_ok_and(|resource| !resource.is_url()));
    }

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
