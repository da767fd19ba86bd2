//! The metadata document (RFC 8414). It names what the server does, and the server does nothing else.

use crate::error::TooSmall;
use crate::server::{BUFFER, Context, Server, reply};
use crate::terms::Time;
use crate::terms::list::List;
use crate::wire::http::Reply;

const AUTHENTICATION: [&str; 2] = ["client_secret_basic", "client_secret_post"];

impl<'a> Server<'a> {
    /// The document for `/.well-known/oauth-authorization-server` (RFC 8414 section 3). The buffer needs [`BUFFER`] bytes.
    pub fn metadata(&'a self, buffer: &'a mut [u8]) -> Result<Reply<'a>, TooSmall> {
        let mut cx = Context::new(self, Time(0), buffer, BUFFER)?;
        let reply = reply::json(&mut cx, None, |object| {
            object.string("issuer", self.issuer.as_str());
            object.string("authorization_endpoint", self.endpoints.authorization);
            object.string("token_endpoint", self.endpoints.token);
            object.string("revocation_endpoint", self.endpoints.revocation);
            object.string("introspection_endpoint", self.endpoints.introspection);
            // An array without elements is left out (RFC 8414 section 3.2).
            if !self.scopes_supported.is_empty() {
                object.strings("scopes_supported", List(self.scopes_supported).words());
            }
            object.strings("response_types_supported", ["code"]);
            object.strings("response_modes_supported", ["query"]);
            object.strings("grant_types_supported", ["authorization_code", "refresh_token"]);
            object.strings("token_endpoint_auth_methods_supported", ["none"].into_iter().chain(AUTHENTICATION));
            object.strings("revocation_endpoint_auth_methods_supported", ["none"].into_iter().chain(AUTHENTICATION));
            object.strings("introspection_endpoint_auth_methods_supported", AUTHENTICATION);
            object.strings("code_challenge_methods_supported", ["S256"]);
            object.boolean("authorization_response_iss_parameter_supported", true);
        });
        Ok(match reply {
            Ok(reply) => reply,
            Err(reason) => reply::refuse(&mut cx, reason),
        })
    }
}
