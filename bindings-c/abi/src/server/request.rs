//! A request to the authorization server.

use symbolon::wire::http::{Certificate as CoreCertificate, Method, Request as CoreRequest};

use crate::types::{Bytes, Field, Headers, Outcome, Status, Text, described, lent};

described! {
    /// `symbolon_request`: a request as it arrived. Query and body are overwritten, and lent until the flow has ended.
    pub struct Request {
        /// The method.
        pub method: Text,
        /// What follows the `?`.
        pub query: *mut u8,
        /// Its length.
        pub query_len: usize,
        /// Every header field.
        pub headers: *const Field,
        /// How many there are.
        pub headers_len: usize,
        /// The body.
        pub body: *mut u8,
        /// Its length.
        pub body_len: usize,
        /// The certificate that the client has shown, or NULL.
        pub certificate: *const Certificate,
    }

    /// `symbolon_certificate`: a client certificate, whose private key the TLS handshake has proven.
    pub struct Certificate {
        /// The SHA-256 hash of its DER encoding.
        pub thumbprint: [u8; 32],
        /// 1 if its chain leads to an authority that the host trusts to name clients.
        pub chain_verified: u32,
        /// Its subject, as RFC 4514 writes it.
        pub subject: Text,
        /// The DNS names among its subject's alternative names; here and below with a space between them.
        pub dns: Text,
        /// The URIs.
        pub uri: Text,
        /// The IP addresses.
        pub ip: Text,
        /// The e-mail addresses.
        pub email: Text,
    }
}

impl Certificate {
    /// As the core has it.
    ///
    /// # Safety
    ///
    /// The texts are readable, and stay as they are while the flow lasts.
    unsafe fn read(&self) -> Outcome<CoreCertificate<'static>> {
        // SAFETY: as the caller promises.
        unsafe {
            Ok(CoreCertificate {
                thumbprint: self.thumbprint,
                chain_verified: self.chain_verified == 1,
                subject: self.subject.sent()?,
                dns: self.dns.sent()?,
                uri: self.uri.sent()?,
                ip: self.ip.sent()?,
                email: self.email.sent()?,
            })
        }
    }
}

impl Request {
    /// As the core has it; its header fields are read into `room`.
    ///
    /// # Safety
    ///
    /// `request` is NULL or readable, and what it points to is lent until the flow has ended.
    pub(crate) unsafe fn read(request: *const Self, room: &mut Headers) -> Outcome<CoreRequest<'static, '_>> {
        // SAFETY: as the caller promises.
        unsafe {
            let Self { method, query, query_len, headers, headers_len, body, body_len, certificate } =
                *request.as_ref().ok_or(Status::Null)?;
            Ok(CoreRequest {
                method: Method::from_bytes(Bytes { ptr: method.ptr, len: method.len }.slice()?),
                headers: room.read(headers, headers_len)?,
                query: lent(query, query_len)?,
                body: lent(body, body_len)?,
                certificate: certificate.as_ref().map(|certificate| certificate.read()).transpose()?,
            })
        }
    }
}
