//! What a client says of itself: its client ID metadata document (draft-ietf-oauth-client-id-metadata-document, with the members
//! of RFC 7591 section 2), and its keys (RFC 7517 section 5).
//!
//! A server that takes such clients finds the document at the `client_id`, which is its URL. It holds nothing that is not for
//! everybody: a client with a secret has none.

use crate::client::{Authentication, Binding, Client, PushedRequests};
use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::name::Name;
use crate::terms::list::List;
use crate::terms::parameter;
use crate::terms::signing_key::{SigningKey, SigningKeys};
use crate::wire::write::{Arena, JsonObject};

/// The buffer that the document and the keys of a client need, in bytes: what is written, and the keys as they are read.
pub const METADATA_BUFFER: usize = limits::CLIENT_DOCUMENT + limits::JWKS + limits::SIGNING_KEYS * 2048;

/// What a client says of itself besides its configuration.
#[derive(Clone)]
pub struct Published<'a> {
    /// `client_name`, for a person to read; empty for none.
    pub client_name: &'a str,
    /// Its redirection URIs, with a space between them: that of the configuration among them.
    pub redirect_uris: &'a str,
    /// Where its keys are; `None` puts them into the document.
    pub jwks_uri: Option<&'a str>,
    /// The keys that its assertion key replaces, and those that will replace that one.
    pub other_keys: SigningKeys<'a>,
}

impl<'a> Client<'a> {
    /// The document to be served at the `client_id`, as `application/json`. The buffer needs [`METADATA_BUFFER`] bytes.
    ///
    /// Fails for a `client_id` that is no URL of a document, for a method of authentication that the document cannot stand for
    /// (a secret; a certificate, which is registered elsewhere), and for what takes more than
    /// [`limits::CLIENT_DOCUMENT`] bytes, which servers need not read.
    pub fn metadata(
        &self,
        published: &Published<'_>,
        buffer: &'a mut [u8],
    ) -> Result<Result<&'a [u8], Reason>, TooSmall> {
        let mut arena = Arena::new(buffer, METADATA_BUFFER)?;
        Ok(self.document(published, &mut arena))
    }

    /// The JWK set to be served at the `jwks_uri`, as `application/jwk-set+json`: the key of the client's assertions, and the
    /// others. The buffer needs [`METADATA_BUFFER`] bytes.
    pub fn jwks(
        &self,
        other_keys: &SigningKeys<'_>,
        buffer: &'a mut [u8],
    ) -> Result<Result<&'a [u8], Reason>, TooSmall> {
        let mut arena = Arena::new(buffer, METADATA_BUFFER)?;
        Ok(self.key_set(other_keys, &mut arena).map(str::as_bytes))
    }

    fn document(&self, published: &Published<'_>, arena: &mut Arena<'a>) -> Result<&'a [u8], Reason> {
        let url = self.client_id.document_url()?;
        let redirect_uris = List(published.redirect_uris);
        for uri in redirect_uris.words() {
            parameter::check(Name::RedirectUri, uri)?;
        }
        if !redirect_uris.contains(self.redirect_uri) {
            return Err(Reason::RedirectUriMismatch);
        }
        let (method, algorithm) = match self.authentication {
            Authentication::None => ("none", None),
            Authentication::PrivateKeyJwt(key) => ("private_key_jwt", Some(key.algorithm)),
            _ => return Err(Reason::Malformed(Name::TokenEndpointAuthMethod)),
        };
        let keys = match (algorithm, published.jwks_uri) {
            (Some(_), None) => Some(self.key_set(&published.other_keys, arena)?),
            _ => None,
        };
        let document = arena.write(|w| {
            let mut object = JsonObject::new(w);
            object.string("client_id", url.as_str());
            if !published.client_name.is_empty() {
                object.string("client_name", published.client_name);
            }
            object.strings("redirect_uris", redirect_uris.words());
            object.strings("grant_types", ["authorization_code", "refresh_token"]);
            object.strings("response_types", ["code"]);
            object.string("token_endpoint_auth_method", method);
            if let Some(algorithm) = algorithm {
                object.string("token_endpoint_auth_signing_alg", algorithm.as_str());
                if let Some(url) = published.jwks_uri {
                    object.string("jwks_uri", url);
                }
            }
            if let Some(keys) = keys {
                object.json("jwks", keys);
            }
            if !self.scope.is_empty() {
                object.string("scope", self.scope);
            }
            if List(self.scope).contains("openid") {
                object.string("id_token_signed_response_alg", self.id_token_algorithm.as_str());
            }
            // RFC 9449 section 5.2, RFC 8705 section 3.4, RFC 9126 section 6.
            match self.binding {
                Binding::Dpop(_) => object.boolean("dpop_bound_access_tokens", true),
                Binding::Certificate => object.boolean("tls_client_certificate_bound_access_tokens", true),
                Binding::None => {}
            }
            if self.pushed_requests == PushedRequests::Always {
                object.boolean("require_pushed_authorization_requests", true);
            }
            object.end();
        })?;
        if document.len() > limits::CLIENT_DOCUMENT { Err(Reason::TooLong(Name::Body)) } else { Ok(document) }
    }

    fn key_set(&self, others: &SigningKeys<'_>, arena: &mut Arena<'a>) -> Result<&'a str, Reason> {
        let own = match self.authentication {
            Authentication::PrivateKeyJwt(key) => Some(key),
            _ => None,
        };
        let mut keys: heapless::Vec<&'a str, { limits::SIGNING_KEYS + 1 }> = heapless::Vec::new();
        let mut add = |key: &SigningKey<'_>, arena: &mut Arena<'a>| {
            keys.push(key.published(arena)?).map_err(|_| Reason::TooMany(Name::SigningKeys))
        };
        if let Some(key) = &own {
            add(key, arena)?;
        }
        for key in others.iter() {
            if own.is_some_and(|own| own.key_id == key.key_id) {
                return Err(Reason::Repeated(Name::Kid));
            }
            add(key, arena)?;
        }
        arena.text(|w| {
            let mut object = JsonObject::new(w);
            object.array("keys", keys.iter().copied());
            object.end();
        })
    }
}
