//! Client identifiers (RFC 6749 section 2.2), and those that are the URL of a client ID metadata document
//! (draft-ietf-oauth-client-id-metadata-document).

use super::parameter;
use crate::error::Reason;
use crate::name::Name;
use crate::terms::endpoint::{Endpoint, Schemes};
use crate::wire::uri;

/// How the subject of a grant begins that is a client's own: `client:` and its `client_id`. No user may be called so, and then
/// neither can pass for the other (RFC 9700 section 4.15).
pub const CLIENT_SUBJECT: &str = "client:";

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
        parameter::check(Name::ClientId, text).map(|()| Self(text))
    }

    /// The identifier as it was written.
    pub const fn as_str(self) -> &'c str {
        self.0
    }

    /// Whether the identifier is kept for clients that publish a metadata document: it begins with `https://`, in whatever
    /// case. A server gives no such identifier to the clients that it registers itself (section 7.1 of the draft).
    pub fn is_url(self) -> bool {
        self.0.as_bytes().get(..8).is_some_and(|head| head.eq_ignore_ascii_case(b"https://"))
    }

    /// The URL of the client's metadata document, which is the identifier itself (section 3 of the draft). Compared like any
    /// identifier: another spelling is another client.
    ///
    /// Stricter than the draft where the same document would be found under two names, or what a user is shown would
    /// mislead: the host is a name in lower case and no address, and the query, if there is one, is not empty.
    ///
    /// ```abnf
    /// document-url = "https://" host [ ":" port ] 1*( "/" segment ) [ "?" 1*query-char ]   ; no dot segments, no fragment
    /// host         = label *( "." label )                                                ; the last one no number
    /// label        = 1*( %x61-7A / DIGIT / "-" )
    /// ```
    pub fn document_url(self) -> Result<Endpoint<'c>, Reason> {
        const MALFORMED: Reason = Reason::Malformed(Name::ClientId);
        let endpoint = Endpoint::parse(Name::ClientId, self.0, Schemes::Https)?;
        let uri = uri::parse(self.0).ok_or(MALFORMED)?;
        let host = uri.authority.ok_or(MALFORMED)?.host;
        let sound = uri.path.starts_with('/') && !uri.has_dot_segment() && uri.query != Some("") && is_name(host);
        if sound { Ok(endpoint) } else { Err(MALFORMED) }
    }

    /// The host of the document's URL, for a consent page (section 8.5 of the draft); `None` for an identifier that is no
    /// such URL.
    pub fn host(self) -> Option<&'c str> {
        self.document_url().ok()?;
        uri::parse(self.0)?.authority.map(|authority| authority.host)
    }
}

/// The host of the document of a client that is known by it; `None` for any other client.
pub(crate) fn host(client_id: &str) -> Option<&str> {
    Some(ClientId(client_id)).filter(|client_id| client_id.is_url())?.host()
}

/// Whether a host is a name that nothing takes for an address: a host whose last label is a number is one to browsers.
fn is_name(host: &str) -> bool {
    let is_label =
        |label: &[u8]| !label.is_empty() && label.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let is_number = |label: &[u8]| {
        label.iter().all(u8::is_ascii_digit)
            || label.strip_prefix(b"0x").is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut labels = host.as_bytes().split(|&byte| byte == b'.');
    labels.clone().all(is_label) && labels.next_back().is_some_and(|last| !is_number(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_url_of_a_metadata_document() {
        for (text, host) in [
            ("https://client.example/", "client.example"),
            ("https://client.example:8443/oauth/client.json", "client.example"),
            ("https://a-b.xn--bcher-kva.example/a..b/...?v=1", "a-b.xn--bcher-kva.example"),
            ("https://localhost/c", "localhost"),
        ] {
            let client_id = ClientId::parse(text).unwrap();
            assert!(client_id.is_url());
            assert_eq!(client_id.document_url().map(Endpoint::as_str), Ok(text));
            assert_eq!(client_id.host(), Some(host));
        }
        for text in [
            "https://client.example",
            "https://client.example?a",
            "http://client.example/",
            "HTTPS://client.example/",
            "https://Client.example/",
            "https://client.example/?",
            "https://client.example/#",
            "https://client.example/#f",
            "https://u@client.example/",
            "https://client.example/./c",
            "https://client.example/a/../c",
            "https://client.example/%2e%2E/c",
            "https://client.example/..",
            "https://client.example:0/",
            "https://client.example:/",
            "https://client%2eexample/",
            "https://client.example./",
            "https://.example/",
            "https:///c",
            "https://127.0.0.1/c",
            "https://127.1/c",
            "https://0x7f000001/c",
            "https://client.0x1/c",
            "https://[::1]/c",
            "https://client_1.example/c",
            "https://client.example/c d",
            "https://client.example/?client_id=x",
            "c1",
            "urn:c1",
        ] {
            let client_id = ClientId::parse(text).unwrap();
            assert_eq!(client_id.document_url(), Err(Reason::Malformed(Name::ClientId)), "{text}");
            assert_eq!(client_id.host(), None);
        }
        assert!(ClientId::parse("hTTps://x").unwrap().is_url() && !ClientId::parse("http://x").unwrap().is_url());
    }
}
