//! Authorization server metadata (RFC 8414 section 2), as a client reads it.

use crate::error::Reason;
use crate::name::Name;
use crate::terms::endpoint::{Endpoint, Schemes};
use crate::terms::issuer::Issuer;
use crate::wire::json::{self, Object, Value};
use crate::wire::write::Arena;

/// What a client needs to know of an authorization server. It comes from the document of that issuer and from nowhere
/// else, so that its endpoints cannot be those of two servers.
#[derive(Clone, Copy, Debug)]
pub struct ServerMetadata<'m> {
    issuer: Issuer<'m>,
    authorization_endpoint: Endpoint<'m>,
    token_endpoint: Endpoint<'m>,
    revocation_endpoint: Option<Endpoint<'m>>,
    introspection_endpoint: Option<Endpoint<'m>>,
    sends_iss: bool,
}

impl<'m> ServerMetadata<'m> {
    /// Reads a metadata document, and overwrites it. For a host that keeps the document of a server, or writes one for a
    /// server that has none.
    ///
    /// Fails if it is not that of `issuer`, byte for byte (RFC 8414 section 3.3), if the server does not support S256, and if
    /// a member that is read has another type than it should: that is no absence.
    pub fn read(document: &'m mut [u8], issuer: Issuer<'m>, schemes: Schemes) -> Result<Self, Reason> {
        Self::from_object(&json::object(document)?, issuer, schemes)
    }

    pub(crate) fn from_object(object: &Object<'m>, issuer: Issuer<'m>, schemes: Schemes) -> Result<Self, Reason> {
        if object.string(Name::Issuer)?.ok_or(Reason::Missing(Name::Issuer))? != issuer.as_str() {
            return Err(Reason::IssuerMismatch);
        }
        let endpoint = |name| object.string(name)?.map(|url| Endpoint::parse(name, url, schemes)).transpose();
        let required = |name| endpoint(name)?.ok_or(Reason::Missing(name));
        // A server that does not name S256 may ignore the challenge (RFC 9700 section 2.1.1).
        let methods = object.array(Name::CodeChallengeMethodsSupported)?.ok_or(Reason::PkceUnsupported)?;
        let mut s256 = false;
        for method in methods.iter().map(Value::as_str) {
            s256 |= method.ok_or(Reason::Malformed(Name::CodeChallengeMethodsSupported))? == "S256";
        }
        if !s256 {
            return Err(Reason::PkceUnsupported);
        }
        Ok(Self {
            issuer,
            authorization_endpoint: required(Name::AuthorizationEndpoint)?,
            token_endpoint: required(Name::TokenEndpoint)?,
            revocation_endpoint: endpoint(Name::RevocationEndpoint)?,
            introspection_endpoint: endpoint(Name::IntrospectionEndpoint)?,
            sends_iss: object.boolean(Name::AuthorizationResponseIssParameterSupported)?.unwrap_or(false),
        })
    }

    /// The same in a caller's buffer.
    pub(crate) fn copy<'a>(&self, issuer: Issuer<'a>, arena: &mut Arena<'a>) -> Result<ServerMetadata<'a>, Reason> {
        let mut endpoint = |endpoint: Endpoint<'_>| endpoint.copy(arena);
        Ok(ServerMetadata {
            issuer,
            authorization_endpoint: endpoint(self.authorization_endpoint)?,
            token_endpoint: endpoint(self.token_endpoint)?,
            revocation_endpoint: self.revocation_endpoint.map(&mut endpoint).transpose()?,
            introspection_endpoint: self.introspection_endpoint.map(&mut endpoint).transpose()?,
            sends_iss: self.sends_iss,
        })
    }

    /// `issuer`.
    pub const fn issuer(&self) -> Issuer<'m> {
        self.issuer
    }

    /// `authorization_endpoint`.
    pub const fn authorization_endpoint(&self) -> Endpoint<'m> {
        self.authorization_endpoint
    }

    /// `token_endpoint`.
    pub const fn token_endpoint(&self) -> Endpoint<'m> {
        self.token_endpoint
    }

    /// `revocation_endpoint`.
    pub const fn revocation_endpoint(&self) -> Option<Endpoint<'m>> {
        self.revocation_endpoint
    }

    /// `introspection_endpoint`.
    pub const fn introspection_endpoint(&self) -> Option<Endpoint<'m>> {
        self.introspection_endpoint
    }

    /// `authorization_response_iss_parameter_supported` (RFC 9207 section 3).
    pub const fn sends_iss(&self) -> bool {
        self.sends_iss
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::string_slice)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    const DOCUMENT: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
        "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke",
        "code_challenge_methods_supported":["plain","S256"],"authorization_response_iss_parameter_supported":true}"#;

    fn read(document: &str) -> Result<(String, bool, bool), Reason> {
        let issuer = Issuer::parse("https://as.example")?;
        ServerMetadata::read(&mut document.as_bytes().to_vec(), issuer, Schemes::Https)
            .map(|read| (read.token_endpoint().as_str().into(), read.revocation_endpoint().is_some(), read.sends_iss()))
    }

    #[test]
    fn reads_a_document() {
        assert_eq!(read(DOCUMENT), Ok(("https://as.example/token".into(), true, true)));
        let bare = DOCUMENT.replace(",\"authorization_response_iss_parameter_supported\":true", "");
        assert_eq!(read(&bare), Ok(("https://as.example/token".into(), true, false)));
    }

    #[test]
    fn refuses_the_document_of_another_issuer() {
        for issuer in ["https://as.example.evil", "", "https://as.example/", "http://as.example", "HTTPS://as.example"]
        {
            let document = DOCUMENT.replace("\"https://as.example\"", &std::format!("\"{issuer}\""));
            assert_eq!(read(&document), Err(Reason::IssuerMismatch), "{issuer}");
        }
    }

    #[test]
    fn takes_a_wrong_type_for_no_absence() {
        for (good, bad, name) in [
            ("\"https://as.example\"", "1", Name::Issuer),
            ("\"https://as.example/token\"", "null", Name::TokenEndpoint),
            ("\"https://as.example/revoke\"", "null", Name::RevocationEndpoint),
            ("\"https://as.example/revoke\"", "\"javascript:alert(1)\"", Name::RevocationEndpoint),
            ("[\"plain\",\"S256\"]", "\"S256\"", Name::CodeChallengeMethodsSupported),
            ("[\"plain\",\"S256\"]", "[\"S256\",1]", Name::CodeChallengeMethodsSupported),
            ("true", "\"true\"", Name::AuthorizationResponseIssParameterSupported),
        ] {
            assert_eq!(read(&DOCUMENT.replace(good, bad)), Err(Reason::Malformed(name)), "{bad}");
        }
        assert_eq!(read(&DOCUMENT.replace("token_endpoint", "x")), Err(Reason::Missing(Name::TokenEndpoint)));
        assert_eq!(read(&DOCUMENT.replace("S256", "s256")), Err(Reason::PkceUnsupported));
        assert_eq!(read(&DOCUMENT.replace("code_challenge_", "x_")), Err(Reason::PkceUnsupported));
        assert_eq!(read(&DOCUMENT.replace("revocation_endpoint", "issuer")), Err(Reason::JsonRepeated));
    }
}
