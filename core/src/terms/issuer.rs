//! Issuer identifiers (RFC 8414 section 2).

use crate::error::Reason;
use crate::name::Name;
use crate::terms::redirect_uri::is_loopback_host;
use crate::wire::uri::{self, Uri};

/// The issuer identifier of an authorization server: opaque, compared byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issuer<'i>(&'i str);

impl<'i> Issuer<'i> {
    /// Reads an issuer identifier of at most [`limits::URI`](crate::limits::URI) bytes.
    ///
    /// ```abnf
    /// issuer = "https://" host [ ":" port ] path-abempty        ; host not empty, no dot segments
    /// ```
    pub fn parse(text: &'i str) -> Result<Self, Reason> {
        Self::parse_if(text, |uri, _| uri.scheme == "https")
    }

    /// As [`parse`](Self::parse), but takes `http` too, where the host is `127.0.0.1`, `[::1]` or `localhost`. For
    /// development and tests: whoever can listen on that port is the server.
    pub fn parse_allowing_plain_http_on_loopback(text: &'i str) -> Result<Self, Reason> {
        Self::parse_if(text, |uri, host| uri.scheme == "https" || (uri.scheme == "http" && is_loopback_host(host)))
    }

    fn parse_if(text: &'i str, scheme: impl FnOnce(&Uri<'_>, &str) -> bool) -> Result<Self, Reason> {
        let sound = uri::parse(text).is_some_and(|uri| {
            uri.authority.is_some_and(|authority| {
                scheme(&uri, authority.host)
                    && !authority.host.is_empty()
                    && authority.userinfo.is_none()
                    && authority.has_plain_port()
            }) && uri.query.is_none()
                && uri.fragment.is_none()
                && !uri.has_dot_segment()
        });
        if sound { Ok(Self(text)) } else { Err(Reason::Malformed(Name::Issuer)) }
    }

    /// The identifier as it was written.
    pub const fn as_str(self) -> &'i str {
        self.0
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    use super::*;

    #[test]
    fn is_an_https_url_without_query_and_fragment() {
        for text in
            ["https://as.example", "https://as.example/", "https://as.example:8443/a/b..c/...", "https://[::1]/"]
        {
            assert_eq!(Issuer::parse(text).map(Issuer::as_str), Ok(text));
        }
        for text in [
            "",
            "as.example",
            "http://as.example",
            "http://127.0.0.1",
            "https:as.example",
            "https:///a",
            "https://:1/",
            "https://u@as.example",
            "https://as.example?",
            "https://as.example#",
            "https://as.example/.",
            "https://as.example/a/../b",
            "https://as.example/a/%2e%2E",
            "https://as.example:/",
            "https://as.example:0/",
            "https://as.example:65536/",
            "https://as.example /",
        ] {
            assert_eq!(Issuer::parse(text), Err(Reason::Malformed(Name::Issuer)), "{text}");
        }
    }

    #[test]
    fn takes_plain_http_on_loopback_by_name_alone() {
        for text in ["http://127.0.0.1:8080", "http://[::1]/", "http://localhost:1/as", "https://as.example"] {
            assert!(Issuer::parse_allowing_plain_http_on_loopback(text).is_ok(), "{text}");
        }
        for text in ["http://as.example", "http://127.0.0.2", "http://localhost.example", "http://127.0.0.1@as.example"]
        {
            assert!(Issuer::parse_allowing_plain_http_on_loopback(text).is_err(), "{text}");
        }
    }
}
