//! What a protected resource says of itself (RFC 9728).

use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::resource::{BUFFER, ResourceServer};
use crate::terms::list::List;
use crate::terms::resource::Resource;
use crate::wire::http::{Field, Reply, fields};
use crate::wire::jose::Algorithm;
use crate::wire::uri;
use crate::wire::write::{Arena, JsonObject, Writer};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

impl<'a> ResourceServer<'a> {
    /// The document for [`metadata_url`](Self::metadata_url). The buffer needs [`BUFFER`] bytes.
    pub fn metadata(&'a self, buffer: &'a mut [u8]) -> Result<Reply<'a>, TooSmall> {
        let mut arena = Arena::new(buffer, BUFFER)?;
        let document = self.metadata.unwrap_or_default();
        let body = arena.write(|w| {
            let mut object = JsonObject::new(w);
            object.string("resource", self.resource.as_str());
            object.strings("authorization_servers", [self.issuer.as_str()]);
            // A parameter without values is left out (RFC 9728 section 3.2).
            if !document.scopes_supported.is_empty() {
                object.strings("scopes_supported", List(document.scopes_supported).words());
            }
            // A token in a form or in a query counts for nothing (RFC 9700 section 4.3.2).
            object.strings("bearer_methods_supported", List("header").words());
            for (name, text) in
                [("resource_name", document.resource_name), ("resource_documentation", document.resource_documentation)]
            {
                if !text.is_empty() {
                    object.string(name, text);
                }
            }
            if !document.authorization_details_types.is_empty() {
                let types = List(document.authorization_details_types).words();
                object.strings("authorization_details_types_supported", types);
            }
            object.boolean("tls_client_certificate_bound_access_tokens", self.accepts.certificate);
            if self.accepts.dpop {
                object.strings("dpop_signing_alg_values_supported", Algorithm::ALL.map(Algorithm::as_str));
                let others = self.accepts.bearer || self.accepts.certificate;
                object.boolean("dpop_bound_access_tokens_required", !others);
            }
            object.end();
        });
        let headers = fields([Field { name: "Content-Type", value: b"application/json" }]);
        let (status, body, reason) = match body {
            Ok(body) => (200, body, None),
            Err(_) => (500, &b""[..], Some(Reason::Buffer)),
        };
        Ok(Reply { status, headers, body, reason, event: None })
    }

    /// The URL at which clients look for the document (RFC 9728 section 3.1), which challenges name. `None` if the resource is no
    /// `https` or `http` URL: then they have nowhere to look. The buffer needs [`METADATA_URL`] bytes.
    pub fn metadata_url<'b>(&self, buffer: &'b mut [u8]) -> Result<Option<&'b str>, TooSmall> {
        let mut arena = Arena::new(buffer, METADATA_URL)?;
        Ok(arena.text(|w| write_url(self.resource, w)).ok().filter(|url| !url.is_empty()))
    }
}

/// The longest URL of a metadata document, in bytes.
pub const METADATA_URL: usize = limits::RESOURCE + WELL_KNOWN.len();

/// Whether a resource has a URL for its metadata.
pub(super) fn has_url(resource: Resource<'_>) -> bool {
    parts(resource).is_some()
}

/// Writes the URL, or nothing if there is none.
///
/// The well-known part stands between the host and what follows it; a `/` alone does not follow it (RFC 9728 section 3.1).
pub(super) fn write_url(resource: Resource<'_>, w: &mut Writer<'_>) {
    if let Some((origin, rest)) = parts(resource) {
        w.str(origin);
        w.str(WELL_KNOWN);
        w.str(rest);
    }
}

/// Scheme and authority of a resource, and its path and query.
fn parts(resource: Resource<'_>) -> Option<(&str, &str)> {
    let text = resource.as_str();
    let uri = uri::parse(text).filter(|uri| matches!(uri.scheme, "https" | "http") && uri.authority.is_some())?;
    let rest = uri.path.len().checked_add(uri.query.map_or(0, |query| query.len().saturating_add(1)))?;
    let (origin, rest) = text.split_at_checked(text.len().checked_sub(rest)?)?;
    let (slash, query) = rest.split_at_checked(1).unwrap_or(("", ""));
    let bare = slash == "/" && (query.is_empty() || query.starts_with('?'));
    Some((origin, if bare { query } else { rest }))
}
