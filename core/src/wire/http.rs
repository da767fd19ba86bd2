//! HTTP messages as data: the request that a host hands in, the reply that it sends.

use crate::error::Reason;
use crate::event::Event;
use crate::wire::header;
use crate::wire::json::{self, Object};

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `HEAD`.
    Head,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// Any other: none that a flow asks by.
    Other,
}

impl Method {
    /// Reads a method; methods are case-sensitive (RFC 9110 section 9.1).
    pub const fn from_bytes(method: &[u8]) -> Self {
        match method {
            b"GET" => Self::Get,
            b"POST" => Self::Post,
            b"HEAD" => Self::Head,
            b"PUT" => Self::Put,
            b"PATCH" => Self::Patch,
            b"DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// The method as it is written; empty for any other.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "",
        }
    }
}

/// One header field: a name, compared without regard to case, and the bytes of its value without surrounding space.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The name.
    pub name: &'a str,
    /// The value.
    pub value: &'a [u8],
}

/// The header fields of a message that a flow writes.
pub type Fields<'a> = heapless::Vec<Field<'a>, FIELDS>;

/// The most header fields in a message that a flow writes.
pub const FIELDS: usize = 6;

/// The first fields of a message. `collect` would do, but panics where a vector is full.
pub(crate) fn fields<'a, const N: usize>(first: [Field<'a>; N]) -> Fields<'a> {
    const { assert!(N <= FIELDS) };
    Fields::from_slice(&first).unwrap_or_default()
}

/// A request as it arrived. Body and query are decoded in place: their bytes are overwritten, and lent for as long as the flow
/// lasts. The header fields are lent for its start alone.
pub struct Request<'r, 'h> {
    /// The method.
    pub method: Method,
    /// What follows the `?` of the request target, without it; empty if there is none.
    pub query: &'r mut [u8],
    /// Every header field, in order, repetitions included: a flow must see a field that was sent twice.
    pub headers: &'h [Field<'h>],
    /// The body; empty if there is none.
    pub body: &'r mut [u8],
    /// The certificate that the client has shown in the TLS handshake, if it did. It is the host that has this from the
    /// connection, or from a proxy of its own that strips what others send: no header field is read for it here.
    pub certificate: Option<Certificate<'r>>,
}

/// A client certificate (RFC 8705), whose private key was proven to be held by the TLS handshake.
///
/// The lists of names hold words with one space between them; a name that holds a space is left out.
#[derive(Clone, Copy)]
pub struct Certificate<'r> {
    /// The SHA-256 hash of its DER encoding (`x5t#S256`).
    pub thumbprint: [u8; 32],
    /// Whether its chain leads to an authority that the host trusts to name clients, and it is within its time and not revoked.
    /// False for a self-signed certificate.
    pub chain_verified: bool,
    /// The distinguished name of its subject, as RFC 4514 writes it.
    pub subject: &'r str,
    /// The DNS names among its subject's alternative names.
    pub dns: &'r str,
    /// The URIs among them.
    pub uri: &'r str,
    /// The IP addresses among them, as RFC 5952 writes them.
    pub ip: &'r str,
    /// The e-mail addresses among them.
    pub email: &'r str,
}

/// The response to an exchange that a flow asked for. The body is read in place: its bytes are overwritten.
pub struct Response<'r> {
    /// The status.
    pub status: u16,
    /// Every header field.
    pub headers: &'r [Field<'r>],
    /// The body.
    pub body: &'r mut [u8],
}

impl<'r> Response<'r> {
    /// The JSON object that the body holds, and is declared to hold.
    pub fn json(self) -> Result<Object<'r>, Reason> {
        header::expect_json(self.headers)?;
        json::object(self.body)
    }
}

/// A reply, ready to be sent as it is.
#[must_use]
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The header fields, besides `Content-Length` and `Date`.
    pub headers: Fields<'a>,
    /// The body.
    pub body: &'a [u8],
    /// Why the request was refused, if it was: for the log.
    pub reason: Option<Reason>,
    /// What an operator wants in the audit log.
    pub event: Option<Event>,
}
