//! Authorization server metadata (RFC 8414 section 2), as a client reads it.

use crate::error::Reason;
use crate::name::Name;
use crate::terms::endpoint::{Endpoint, Schemes};
use crate::terms::issuer::Issuer;
use crate::wire::jose::Algorithm;
use crate::wire::json::{self, Object, Value};
use crate::wire::write::Arena;

/// What a client needs to know of an authorization server. It comes from the document of that issuer and from nowhere
/// else, so that its endpoints cannot be those of two servers.
#[derive(Clone, Copy, Debug)]
pub struct ServerMetadata<'m> {
    issuer: Issuer<'m>,
    authorization_endpoint: Option<Endpoint<'m>>,
    jwks_uri: Option<Endpoint<'m>>,
    token_endpoint: Endpoint<'m>,
    others: Others<'m>,
    /// The same for a client that shows a certificate (RFC 8705 section 5).
    alias: Option<Endpoint<'m>>,
    aliases: Others<'m>,
    sends_iss: bool,
    pushed_requests_only: bool,
    methods: Option<u8>,
    assertion_algorithms: Option<Algorithms>,
    dpop_algorithms: Option<Algorithms>,
    id_token_algorithms: Option<Algorithms>,
}

/// The endpoints that a server need not have, and that have aliases.
#[derive(Clone, Copy, Debug, Default)]
struct Others<'m> {
    revocation: Option<Endpoint<'m>>,
    introspection: Option<Endpoint<'m>>,
    pushed: Option<Endpoint<'m>>,
    userinfo: Option<Endpoint<'m>>,
}

impl<'m> Others<'m> {
    fn read(object: &Object<'m>, schemes: Schemes) -> Result<Self, Reason> {
        let endpoint = |name| endpoint(object, name, schemes);
        Ok(Self {
            revocation: endpoint(Name::RevocationEndpoint)?,
            introspection: endpoint(Name::IntrospectionEndpoint)?,
            pushed: endpoint(Name::PushedAuthorizationRequestEndpoint)?,
            userinfo: endpoint(Name::UserinfoEndpoint)?,
        })
    }

    fn copy<'a>(&self, arena: &mut Arena<'a>) -> Result<Others<'a>, Reason> {
        let mut copy = |endpoint: Option<Endpoint<'_>>| endpoint.map(|endpoint| endpoint.copy(arena)).transpose();
        Ok(Others {
            revocation: copy(self.revocation)?,
            introspection: copy(self.introspection)?,
            pushed: copy(self.pushed)?,
            userinfo: copy(self.userinfo)?,
        })
    }

    /// These, where there are some, and those.
    fn or(self, those: Self) -> Self {
        Self {
            revocation: self.revocation.or(those.revocation),
            introspection: self.introspection.or(those.introspection),
            pushed: self.pushed.or(those.pushed),
            userinfo: self.userinfo.or(those.userinfo),
        }
    }
}

/// Signature algorithms that a server takes, of those that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithms(u8);

impl Algorithms {
    fn read(object: &Object<'_>, name: Name) -> Result<Option<Self>, Reason> {
        let bit = |name: &str| {
            let algorithm = Algorithm::from_name(name)?;
            Algorithm::ALL.into_iter().position(|known| known == algorithm)
        };
        Ok(bits(object, name, bit)?.map(Self))
    }

    fn hold(self, algorithm: Algorithm) -> bool {
        Algorithm::ALL.into_iter().zip(0u32..).any(|(known, bit)| known == algorithm && has(self.0, bit))
    }
}

fn has(bits: u8, bit: u32) -> bool {
    bits.checked_shr(bit).is_some_and(|bits| bits & 1 == 1)
}

/// The methods of client authentication that are not a matter of a secret (RFC 7523, RFC 8705 section 2).
const METHODS: [&str; 3] = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];

/// One bit for each string of an array that is known. Each element must be a string.
fn bits(object: &Object<'_>, name: Name, bit: impl Fn(&str) -> Option<usize>) -> Result<Option<u8>, Reason> {
    let Some(array) = object.array(name)? else { return Ok(None) };
    let mut bits = 0_u8;
    for value in array.iter().map(Value::as_str) {
        let bit = bit(value.ok_or(Reason::Malformed(name))?).and_then(|bit| u32::try_from(bit).ok());
        bits |= bit.and_then(|bit| 1_u8.checked_shl(bit)).unwrap_or_default();
    }
    Ok(Some(bits))
}

/// Whether an array holds a string; `None` if there is no array.
fn offers(object: &Object<'_>, name: Name, wanted: &str) -> Result<Option<bool>, Reason> {
    Ok(bits(object, name, |value| (value == wanted).then_some(0))?.map(|bits| bits != 0))
}

fn endpoint<'m>(object: &Object<'m>, name: Name, schemes: Schemes) -> Result<Option<Endpoint<'m>>, Reason> {
    object.string(name)?.map(|url| Endpoint::parse(name, url, schemes)).transpose()
}

impl<'m> ServerMetadata<'m> {
    /// Reads a metadata document, and overwrites it. For a host that keeps the document of a server, or writes one for a
    /// server that has none.
    ///
    /// Fails if it is not that of `issuer`, byte for byte (RFC 8414 section 3.3), if the server sends users back without
    /// supporting S256, if it has no code flow, and if a member that is read has another type than it should: that is no
    /// absence. Endpoints need not be of the issuer's origin, as those of large servers are not: whose they are is said by the
    /// document alone, and that is the issuer's.
    pub fn read(document: &'m mut [u8], issuer: Issuer<'m>, schemes: Schemes) -> Result<Self, Reason> {
        Self::from_object(&json::object(document)?, issuer, schemes)
    }

    pub(crate) fn from_object(object: &Object<'m>, issuer: Issuer<'m>, schemes: Schemes) -> Result<Self, Reason> {
        if object.string(Name::Issuer)?.ok_or(Reason::Missing(Name::Issuer))? != issuer.as_str() {
            return Err(Reason::IssuerMismatch);
        }
        let authorization_endpoint = endpoint(object, Name::AuthorizationEndpoint, schemes)?;
        // A server that does not name S256 may ignore the challenge, and then `state` would be all that stands against a
        // forged response (RFC 9700 sections 2.1 and 2.1.1). One without an authorization endpoint has no such responses.
        let s256 = offers(object, Name::CodeChallengeMethodsSupported, "S256")?;
        if authorization_endpoint.is_some() && s256 != Some(true) {
            return Err(Reason::PkceUnsupported);
        }
        // What says nothing of itself has the code flow, in the query (RFC 8414 section 2).
        for (name, wanted) in [(Name::ResponseTypesSupported, "code"), (Name::ResponseModesSupported, "query")] {
            if authorization_endpoint.is_some() && offers(object, name, wanted)? == Some(false) {
                return Err(Reason::ServerLacks(name));
            }
        }
        let aliases = object
            .get("mtls_endpoint_aliases")
            .map(|value| value.as_object().ok_or(Reason::Malformed(Name::MtlsEndpointAliases)))
            .transpose()?;
        Ok(Self {
            issuer,
            authorization_endpoint,
            jwks_uri: endpoint(object, Name::JwksUri, schemes)?,
            token_endpoint: endpoint(object, Name::TokenEndpoint, schemes)?
                .ok_or(Reason::Missing(Name::TokenEndpoint))?,
            others: Others::read(object, schemes)?,
            alias: aliases.map(|aliases| endpoint(&aliases, Name::TokenEndpoint, schemes)).transpose()?.flatten(),
            aliases: aliases.map(|aliases| Others::read(&aliases, schemes)).transpose()?.unwrap_or_default(),
            sends_iss: object.boolean(Name::AuthorizationResponseIssParameterSupported)?.unwrap_or(false),
            pushed_requests_only: object.boolean(Name::RequirePushedAuthorizationRequests)?.unwrap_or(false),
            methods: bits(object, Name::TokenEndpointAuthMethodsSupported, |name| {
                METHODS.iter().position(|method| *method == name)
            })?,
            assertion_algorithms: Algorithms::read(object, Name::TokenEndpointAuthSigningAlgValuesSupported)?,
            dpop_algorithms: Algorithms::read(object, Name::DpopSigningAlgValuesSupported)?,
            id_token_algorithms: Algorithms::read(object, Name::IdTokenSigningAlgValuesSupported)?,
        })
    }

    /// The same in a caller's buffer.
    pub(crate) fn copy<'a>(&self, issuer: Issuer<'a>, arena: &mut Arena<'a>) -> Result<ServerMetadata<'a>, Reason> {
        let copy = |endpoint: Option<Endpoint<'_>>, arena: &mut Arena<'a>| {
            endpoint.map(|endpoint| endpoint.copy(arena)).transpose()
        };
        Ok(ServerMetadata {
            issuer,
            authorization_endpoint: copy(self.authorization_endpoint, arena)?,
            jwks_uri: copy(self.jwks_uri, arena)?,
            token_endpoint: self.token_endpoint.copy(arena)?,
            others: self.others.copy(arena)?,
            alias: copy(self.alias, arena)?,
            aliases: self.aliases.copy(arena)?,
            sends_iss: self.sends_iss,
            pushed_requests_only: self.pushed_requests_only,
            methods: self.methods,
            assertion_algorithms: self.assertion_algorithms,
            dpop_algorithms: self.dpop_algorithms,
            id_token_algorithms: self.id_token_algorithms,
        })
    }

    /// The same server as a client sees it that shows a certificate (RFC 8705 section 5).
    pub(crate) fn with_certificate(&self) -> Self {
        Self {
            token_endpoint: self.alias.unwrap_or(self.token_endpoint),
            others: self.aliases.or(self.others),
            ..*self
        }
    }

    /// What a document that was read again no longer promises, if it is something that protects: then it may be the
    /// document of somebody else.
    pub(crate) fn downgrade(&self, fresh: &Result<ServerMetadata<'_>, Reason>) -> Option<Reason> {
        let lacks = |name| Some(Reason::ServerDowngraded(name));
        match fresh {
            Err(Reason::PkceUnsupported) => lacks(Name::CodeChallengeMethodsSupported),
            Ok(fresh) if self.sends_iss && !fresh.sends_iss => lacks(Name::AuthorizationResponseIssParameterSupported),
            Ok(fresh) if self.pushed_requests_only && !fresh.pushed_requests_only => {
                lacks(Name::RequirePushedAuthorizationRequests)
            }
            Ok(fresh) if self.dpop_algorithms.is_some() && fresh.dpop_algorithms.is_none() => {
                lacks(Name::DpopSigningAlgValuesSupported)
            }
            _ => None,
        }
    }

    /// `issuer`.
    pub const fn issuer(&self) -> Issuer<'m> {
        self.issuer
    }

    /// `authorization_endpoint`. A server for machines alone has none.
    pub const fn authorization_endpoint(&self) -> Option<Endpoint<'m>> {
        self.authorization_endpoint
    }

    /// `token_endpoint`.
    pub const fn token_endpoint(&self) -> Endpoint<'m> {
        self.token_endpoint
    }

    /// `revocation_endpoint`.
    pub const fn revocation_endpoint(&self) -> Option<Endpoint<'m>> {
        self.others.revocation
    }

    /// `introspection_endpoint`.
    pub const fn introspection_endpoint(&self) -> Option<Endpoint<'m>> {
        self.others.introspection
    }

    /// `pushed_authorization_request_endpoint` (RFC 9126 section 5).
    pub const fn pushed_authorization_request_endpoint(&self) -> Option<Endpoint<'m>> {
        self.others.pushed
    }

    /// `userinfo_endpoint` (OpenID Connect Discovery section 3).
    pub const fn userinfo_endpoint(&self) -> Option<Endpoint<'m>> {
        self.others.userinfo
    }

    /// `jwks_uri`.
    pub const fn jwks_uri(&self) -> Option<Endpoint<'m>> {
        self.jwks_uri
    }

    /// `authorization_response_iss_parameter_supported` (RFC 9207 section 3).
    pub const fn sends_iss(&self) -> bool {
        self.sends_iss
    }

    /// `require_pushed_authorization_requests` (RFC 9126 section 5).
    pub const fn pushed_requests_only(&self) -> bool {
        self.pushed_requests_only
    }

    /// Refuses a method of client authentication that the server says it does not take, and an algorithm of its assertions.
    pub(crate) fn check_method(&self, method: &str, algorithm: Option<Algorithm>) -> Result<(), Reason> {
        let bit = METHODS.iter().zip(0u32..).find(|(known, _)| **known == method).map(|(_, bit)| bit);
        if let (Some(methods), Some(bit)) = (self.methods, bit)
            && !has(methods, bit)
        {
            return Err(Reason::ServerLacks(Name::TokenEndpointAuthMethodsSupported));
        }
        takes(self.assertion_algorithms, algorithm, Name::TokenEndpointAuthSigningAlgValuesSupported)
    }

    /// Refuses an algorithm of DPoP proofs that the server does not take. A server that says nothing of it has no DPoP: what it
    /// issued would be bound to nothing (RFC 9449 section 5.1).
    pub(crate) fn check_dpop(&self, algorithm: Algorithm) -> Result<(), Reason> {
        let none = self.dpop_algorithms.unwrap_or(Algorithms(0));
        takes(Some(none), Some(algorithm), Name::DpopSigningAlgValuesSupported)
    }

    /// Refuses an algorithm of ID tokens that the server does not sign with.
    pub(crate) fn check_id_token(&self, algorithm: Algorithm) -> Result<(), Reason> {
        takes(self.id_token_algorithms, Some(algorithm), Name::IdTokenSigningAlgValuesSupported)
    }
}

fn takes(offered: Option<Algorithms>, algorithm: Option<Algorithm>, name: Name) -> Result<(), Reason> {
    match (offered, algorithm) {
        (Some(offered), Some(algorithm)) if !offered.hold(algorithm) => Err(Reason::ServerLacks(name)),
        _ => Ok(()),
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
