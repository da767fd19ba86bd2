//! Redirection URIs: which may be registered, and which request matches which registration (RFC 9700 section 4.1.3).

use crate::error::Reason;
use crate::wire::encoding::encoding;
use crate::wire::uri::{self, Authority, Uri};

/// What kind of application a client is (OpenID Connect Dynamic Client Registration section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationType {
    /// Runs on a web server or in a browser: `https` redirection URIs alone.
    Web,
    /// Runs on the user's own device (RFC 8252): also private-use schemes, and `http` to the loopback interface, where
    /// the port may vary for `127.0.0.1` and `[::1]`.
    Native,
    /// As [`Native`](Self::Native), but the port may vary for `localhost` too. Not recommended: the name may resolve to
    /// another interface (RFC 8252 section 8.3).
    NativeTreatingLocalhostAsLoopback,
}

encoding!(enum ApplicationType { 0 Web, 1 Native, 2 NativeTreatingLocalhostAsLoopback });

/// Whether a redirection URI may be registered. Everything that is not listed here is refused, so that no script, data
/// or file URI can be redirected to:
///
/// - `https` with a host;
/// - for native applications `http` with the host `127.0.0.1`, `[::1]` or `localhost` (RFC 8252 section 7.3);
/// - for native applications private-use schemes, which are domain names in reverse, as in `com.example.app:/callback`
///   (RFC 8252 section 7.1);
///
/// each without a fragment (RFC 6749 section 3.1.2), without userinfo, and without a parameter in its query that an
/// authorization response has.
pub fn may_register(text: &str, application_type: ApplicationType) -> Result<(), Reason> {
    let allowed = |uri: Uri<'_>| {
        let native = application_type != ApplicationType::Web;
        let place = match uri.authority {
            Some(authority) if uri.scheme.eq_ignore_ascii_case("https") => is_plain(&authority),
            Some(authority) if uri.scheme.eq_ignore_ascii_case("http") => {
                native && is_plain(&authority) && is_loopback_host(authority.host)
            }
            Some(_) => false,
            None => native && is_reverse_domain(uri.scheme) && uri.path.starts_with('/'),
        };
        place && uri.fragment.is_none() && !uri.has_parameter(&RESPONSE_PARAMETERS)
    };
    if uri::parse(text).is_some_and(allowed) { Ok(()) } else { Err(Reason::RedirectUriForbidden) }
}

/// Whether a requested redirection URI is the registered one: byte for byte, but for the port of a native application's
/// loopback URI, which may be any that the request names (RFC 8252 section 7.3). The registered one is as
/// [`may_register`] demands.
pub fn matches(registered: &str, requested: &str, application_type: ApplicationType) -> bool {
    let without_port = |text| loopback_without_port(text, application_type);
    registered == requested
        || match (without_port(registered), without_port(requested)) {
            (Some(registered), Some(requested)) => {
                (registered.host, registered.rest) == (requested.host, requested.rest) && requested.has_port
            }
            _ => false,
        }
}

/// A loopback URI whose port may vary.
struct Loopback<'u> {
    host: &'static str,
    has_port: bool,
    rest: &'u str,
}

/// ```abnf
/// loopback = "http://" ( "127.0.0.1" / "[::1]" ) [ ":" port ] path-abempty [ "?" query ]
/// port     = 1 to 65535, without leading zeros
/// ```
fn loopback_without_port(text: &str, application_type: ApplicationType) -> Option<Loopback<'_>> {
    let hosts: &[&'static str] = match application_type {
        ApplicationType::Web => return None,
        ApplicationType::Native => &["127.0.0.1", "[::1]"],
        ApplicationType::NativeTreatingLocalhostAsLoopback => &["127.0.0.1", "[::1]", "localhost"],
    };
    let text = text.strip_prefix("http://")?;
    let (host, rest) = hosts.iter().find_map(|&host| Some((host, text.strip_prefix(host)?)))?;
    let (has_port, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            let (port, rest) = rest.split_at_checked(end)?;
            (uri::is_plain_port(port).then_some(true)?, rest)
        }
        None => (false, rest),
    };
    // Anything else would belong to the host or the userinfo.
    matches!(rest.as_bytes().first(), None | Some(b'/' | b'?')).then_some(Loopback { host, has_port, rest })
}

/// Whether a registered redirection URI leaves the port to the request: one that may vary, and is not there.
pub(crate) fn lacks_port(text: &str, application_type: ApplicationType) -> bool {
    loopback_without_port(text, application_type).is_some_and(|loopback| !loopback.has_port)
}

/// Whether a redirection URI leads to the user's own device, where any program may be listening.
pub fn is_loopback(text: &str) -> bool {
    uri::parse(text).and_then(|uri| uri.authority).is_some_and(|authority| is_loopback_host(authority.host))
}

/// What a consent page shows of a redirection URI: its host, or the scheme if it has none.
pub fn host(text: &str) -> &str {
    uri::parse(text).map_or("", |uri| uri.authority.map_or(uri.scheme, |authority| authority.host))
}

pub(crate) fn is_loopback_host(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

/// A host that is no pattern, a port that can be connected to, no userinfo.
fn is_plain(authority: &Authority<'_>) -> bool {
    !authority.host.is_empty()
        && !authority.host.as_bytes().contains(&b'*')
        && authority.userinfo.is_none()
        && authority.has_plain_port()
}

/// ```abnf
/// private-use-scheme = label 1*( "." label )
/// label              = 1*( ALPHA / DIGIT / "-" )
/// ```
fn is_reverse_domain(scheme: &str) -> bool {
    let is_label =
        |label: &[u8]| !label.is_empty() && label.iter().all(|&byte| byte == b'-' || byte.is_ascii_alphanumeric());
    let labels = scheme.as_bytes().split(|&byte| byte == b'.');
    scheme.as_bytes().contains(&b'.') && labels.clone().all(is_label)
}

/// The parameters of authorization responses: a response would repeat one that the redirection URI has.
const RESPONSE_PARAMETERS: [&str; 10] = [
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "id_token",
    "iss",
    "state",
    "token_type",
];

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    extern crate std;
    use super::ApplicationType::*;
    use super::*;

    #[test]
    fn registers_only_what_is_listed() {
        for text in ["https://client.example", "https://client.example:8443/cb?x=1&codes=2", "https://127.0.0.1/cb"] {
            for application_type in [Web, Native, NativeTreatingLocalhostAsLoopback] {
                assert_eq!(may_register(text, application_type), Ok(()), "{text}");
            }
        }
        for text in ["http://127.0.0.1/cb", "http://[::1]:80/", "http://localhost:3000/cb", "com.example.app:/cb"] {
            assert_eq!(may_register(text, Native), Ok(()), "{text}");
            assert_eq!(may_register(text, Web), Err(Reason::RedirectUriForbidden), "{text}");
        }
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "urn:ietf:wg:oauth:2.0:oob",
            "file:///a.b/c",
            "app:/cb",
            "http://client.example/cb",
            "http://127.0.0.2/",
            "http://127.0.0.1:0/",
            "http://[::2]/",
            "com.example.app://cb",
            "com.example.app:cb",
            "com.example.app:",
            ".com:/cb",
            "com..app:/cb",
            "com.example+app:/cb",
            "com.example.app:/cb#",
            "https://client.example/?st%61te=",
            "https://client.example/?a=1&iss",
            "com.example.app:/cb?code=1",
            "https://client.example:/cb",
        ] {
            assert_eq!(may_register(text, Native), Err(Reason::RedirectUriForbidden), "{text}");
        }
    }

    #[test]
    fn knows_a_registration_that_leaves_the_port_open() {
        for text in ["http://127.0.0.1/cb", "http://[::1]", "http://127.0.0.1?a"] {
            assert!(lacks_port(text, Native), "{text}");
            assert!(!lacks_port(text, Web), "{text}");
        }
        for text in ["http://127.0.0.1:8400/cb", "https://127.0.0.1/cb", "http://localhost/cb", "com.example.app:/cb"] {
            assert!(!lacks_port(text, Native), "{text}");
        }
        assert!(lacks_port("http://localhost/cb", NativeTreatingLocalhostAsLoopback));
    }

    /// Whatever matches is the registered URI with another port, if it is not the registered URI itself.
    #[test]
    fn matching_never_widens() {
        let texts = [
            "http://127.0.0.1/cb",
            "http://127.0.0.1:1/cb",
            "http://127.0.0.1:65535/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:01/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80",
            "http://127.0.0.1",
            "http://127.0.0.1?a",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.10/cb",
            "http://[::1]/cb",
            "http://[::1]:7/cb",
            "http://[::1]evil/cb",
            "http://localhost/cb",
            "http://localhost:7/cb",
            "http://localhosts/cb",
            "https://127.0.0.1/cb",
            "https://127.0.0.1:7/cb",
            "https://client.example/cb",
            "https://client.example:8443/cb",
            "com.example.app:/cb",
            "http://127.0.0.1:1/cb/",
            "http://127.0.0.1:1/CB",
        ];
        for application_type in [Web, Native, NativeTreatingLocalhostAsLoopback] {
            for registered in texts {
                assert!(matches(registered, registered, application_type));
                for requested in texts {
                    let matched = matches(registered, requested, application_type);
                    if !matched || registered == requested {
                        continue;
                    }
                    assert_ne!(application_type, Web);
                    let (a, b) = (uri::parse(registered).unwrap(), uri::parse(requested).unwrap());
                    assert_eq!((a.scheme, a.path, a.query, a.fragment), (b.scheme, b.path, b.query, b.fragment));
                    let (a, b) = (a.authority.unwrap(), b.authority.unwrap());
                    assert_eq!((a.userinfo, a.host), (b.userinfo, b.host));
                    assert!(["127.0.0.1", "[::1]"].contains(&a.host) || application_type != Native);
                    assert!(a.has_plain_port() && b.has_plain_port() && b.port.is_some());
                }
            }
        }
        assert!(matches("http://localhost/cb", "http://localhost:7/cb", NativeTreatingLocalhostAsLoopback));
        assert!(!matches("http://localhost/cb", "http://localhost:7/cb", Native));
    }

    #[test]
    fn tells_where_it_leads() {
        assert_eq!(host("https://client.example:8443/cb"), "client.example");
        assert_eq!(host("com.example.app:/cb"), "com.example.app");
        assert!(is_loopback("http://[::1]:7/cb") && is_loopback("http://localhost/"));
        assert!(!is_loopback("https://client.example/127.0.0.1") && !is_loopback("com.example.app:/cb"));
    }
}
