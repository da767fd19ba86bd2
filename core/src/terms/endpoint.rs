//! The URLs of a server's endpoints, as a client of theirs takes them.

use crate::error::Reason;
use crate::name::Name;
use crate::terms::redirect_uri::is_loopback_host;
use crate::wire::uri::{self, Uri};
use crate::wire::write::Arena;

/// Over which schemes a peer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schemes {
    /// `https` alone.
    Https,
    /// Also `http`, where the host is `127.0.0.1`, `[::1]` or `localhost`. For development and tests: whoever can listen on
    /// that port is the server.
    HttpsAndPlainHttpOnLoopback,
}

/// The URL of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'e> {
    url: &'e str,
    plain_http: bool,
}

impl<'e> Endpoint<'e> {
    /// Reads a URL of at most [`limits::URI`](crate::limits::URI) bytes; `name` is for the reason.
    ///
    /// It may come from a hostile server, and may be handed to the program that opens browsers. So any other scheme is
    /// refused, and so are `$` and `'`, which URIs allow: in what remains nothing ends a quotation, or expands within one.
    ///
    /// ```abnf
    /// endpoint = "https://" host [ ":" port ] path-abempty [ "?" query ]      ; no userinfo, no fragment
    /// ```
    pub fn parse(name: Name, url: &'e str, schemes: Schemes) -> Result<Self, Reason> {
        let read = Self::of_url(url, schemes).filter(|(uri, _)| {
            !uri.has_parameter(&REQUEST_PARAMETERS) && !url.bytes().any(|byte| matches!(byte, b'$' | b'\''))
        });
        read.map(|(_, endpoint)| endpoint).ok_or(Reason::Malformed(name))
    }

    /// Reads the URL that a request to a resource goes to. It is the application's own, and no browser's: any query will do.
    /// A path with dot segments is refused, since HTTP clients ask another then.
    pub fn of_resource(url: &'e str, schemes: Schemes) -> Result<Self, Reason> {
        let read = Self::of_url(url, schemes).filter(|(uri, _)| !uri.has_dot_segment());
        read.map(|(_, endpoint)| endpoint).ok_or(Reason::Malformed(Name::Url))
    }

    fn of_url(url: &'e str, schemes: Schemes) -> Option<(Uri<'e>, Self)> {
        let uri = uri::parse(url)?;
        let authority = uri.authority?;
        let plain_http = match uri.scheme {
            "https" => false,
            "http" if schemes == Schemes::HttpsAndPlainHttpOnLoopback && is_loopback_host(authority.host) => true,
            _ => return None,
        };
        let sound = !authority.host.is_empty()
            && authority.userinfo.is_none()
            && authority.has_plain_port()
            && uri.fragment.is_none();
        sound.then_some((uri, Self { url, plain_http }))
    }

    /// Scheme, host and port, as they are written.
    pub(crate) fn origin(self) -> &'e str {
        let after = self.url.bytes().enumerate().skip("https://".len());
        let end = after.into_iter().find(|(_, byte)| matches!(byte, b'/' | b'?'));
        end.and_then(|(at, _)| self.url.get(..at)).unwrap_or(self.url)
    }

    pub(crate) fn copy<'a>(self, arena: &mut Arena<'a>) -> Result<Endpoint<'a>, Reason> {
        Ok(Endpoint { url: arena.copy_str(self.url)?, plain_http: self.plain_http })
    }

    /// The URL as it was written.
    pub const fn as_str(self) -> &'e str {
        self.url
    }

    /// Whether its scheme is `http`.
    pub const fn is_plain_http(self) -> bool {
        self.plain_http
    }
}

/// The parameters of authorization requests: one that the endpoint's own query has would be sent twice, and a lax server
/// might take the first.
const REQUEST_PARAMETERS: [&str; 17] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "request",
    "request_uri",
    "nonce",
    "dpop_jkt",
    "max_age",
    "acr_values",
    "prompt",
    "login_hint",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_https_url_that_may_be_opened() {
        for url in ["https://as.example/authorize", "https://as.example:8443?tenant=1&x=%20", "https://[::1]/a;b"] {
            assert_eq!(Endpoint::parse(Name::TokenEndpoint, url, Schemes::Https).map(Endpoint::as_str), Ok(url));
        }
        for url in [
            "",
            "http://as.example/",
            "http://127.0.0.1/",
            "file:/c:/x?$(calc)",
            "javascript:alert(1)",
            "a:$(x)",
            "--flag",
            "/authorize",
            "https:/as.example",
            "https:///a",
            "https://u:p@as.example/",
            "https://as.example/#f",
            "https://as.example:0/",
            "https://as.example/$(calc)",
            "https://as.example/';calc;'",
            "https://as.example/\"&calc",
            "https://as.example/\r\n",
            "https://as.example/ ",
            "https://as.example/\u{e9}",
            "https://as.example/?client_id=evil",
            "https://as.example/?a&%73tate=x",
            "https://as.example/?nonce=x",
            "https://as.example/?dpop_jkt=x",
            "https://as.example/?max_age=9",
            "https://as.example/?acr_values=x",
            "https://as.example/?prompt=none",
            "https://as.example/?login_hint=x",
            "https://as.example/?request_uri=x",
        ] {
            let refused = Err(Reason::Malformed(Name::AuthorizationEndpoint));
            assert_eq!(Endpoint::parse(Name::AuthorizationEndpoint, url, Schemes::Https), refused, "{url}");
        }
    }

    #[test]
    fn takes_plain_http_on_loopback_by_name_alone() {
        let parse = |url| Endpoint::parse(Name::TokenEndpoint, url, Schemes::HttpsAndPlainHttpOnLoopback);
        assert!(parse("http://127.0.0.1:8080/token").is_ok_and(Endpoint::is_plain_http));
        assert!(parse("https://as.example/token").is_ok_and(|endpoint| !endpoint.is_plain_http()));
        for url in
            ["http://as.example/", "http://127.0.0.1@as.example/", "file://localhost/x", "javascript://localhost/"]
        {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
