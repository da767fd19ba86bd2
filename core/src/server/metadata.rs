//! The metadata document (RFC 8414, OpenID Connect Discovery). It names what the server does, and the server does nothing else.

use crate::error::TooSmall;
use crate::server::{BUFFER, Context, Server, reply};
use crate::terms::Time;
use crate::terms::list::List;
use crate::wire::http::Reply;
use crate::wire::jose::Algorithm;

/// Clients that have nothing to show authenticate by none. Introspection is not for them.
const PUBLIC_TOO: &str =
    "none client_secret_basic client_secret_post private_key_jwt tls_client_auth self_signed_tls_client_auth";
const CONFIDENTIAL: &str =
    "client_secret_basic client_secret_post private_key_jwt tls_client_auth self_signed_tls_client_auth";

impl<'a> Server<'a> {
    /// The document for `/.well-known/oauth-authorization-server` (RFC 8414 section 3) and, where users sign in by OpenID
    /// Connect, for `/.well-known/openid-configuration` after the issuer's path. The buffer needs [`BUFFER`] bytes.
    pub fn metadata(&'a self, buffer: &'a mut [u8]) -> Result<Reply<'a>, TooSmall> {
        let mut cx = Context::new(self, Time(0), buffer, BUFFER)?;
        let reply = reply::json(&mut cx, None, |object| {
            object.string("issuer", self.issuer.as_str());
            object.string("authorization_endpoint", self.endpoints.authorization);
            object.string("token_endpoint", self.endpoints.token);
            object.string("revocation_endpoint", self.endpoints.revocation);
            object.string("introspection_endpoint", self.endpoints.introspection);
            for (name, endpoint) in [
                ("pushed_authorization_request_endpoint", self.endpoints.pushed_authorization_request),
                ("jwks_uri", self.endpoints.jwks),
                ("userinfo_endpoint", self.endpoints.userinfo),
            ] {
                if !endpoint.is_empty() {
                    object.string(name, endpoint);
                }
            }
            // An array without elements is left out (RFC 8414 section 3.2).
            if !self.scopes_supported.is_empty() {
                object.strings("scopes_supported", List(self.scopes_supported).words());
            }
            if !self.protected_resources.is_empty() {
                object.strings("protected_resources", List(self.protected_resources).words());
            }
            for (name, words) in [
                ("response_types_supported", "code"),
                ("response_modes_supported", "query"),
                ("grant_types_supported", "authorization_code refresh_token client_credentials"),
                ("token_endpoint_auth_methods_supported", PUBLIC_TOO),
                ("revocation_endpoint_auth_methods_supported", PUBLIC_TOO),
                ("introspection_endpoint_auth_methods_supported", CONFIDENTIAL),
            ] {
                object.strings(name, List(words).words());
            }
            for name in [
                "token_endpoint_auth_signing_alg_values_supported",
                "revocation_endpoint_auth_signing_alg_values_supported",
                "introspection_endpoint_auth_signing_alg_values_supported",
                "dpop_signing_alg_values_supported",
            ] {
                object.strings(name, Algorithm::ALL.map(Algorithm::as_str));
            }
            object.boolean("tls_client_certificate_bound_access_tokens", true);
            object.strings("code_challenge_methods_supported", List("S256").words());
            object.boolean("authorization_response_iss_parameter_supported", true);
            // Taken for true where it is left out (OpenID Connect Discovery section 3): only what was pushed is brought by it.
            object.boolean("request_uri_parameter_supported", false);
            if self.pushed_requests_only {
                object.boolean("require_pushed_authorization_requests", true);
            }
            if !self.authorization_details_types.is_empty() {
                object.strings("authorization_details_types_supported", List(self.authorization_details_types).words());
            }
            if self.client_id_metadata_documents {
                object.boolean("client_id_metadata_document_supported", true);
            }
            // The algorithm of an ID token is that of the key that signs.
            if let Some(key) = self.signing_keys.first() {
                object.strings("subject_types_supported", List("public").words());
                object.strings("id_token_signing_alg_values_supported", List(key.algorithm.as_str()).words());
            }
        });
        Ok(match reply {
            Ok(reply) => reply,
            Err(reason) => reply::refuse(&mut cx, reason),
        })
    }
}
