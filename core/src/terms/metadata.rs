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
    said: Said,
}

/// What a server says of itself besides its endpoints.
#[derive(Clone, Copy, Debug)]
struct Said {
    sends_iss: bool,
    pushed_requests_only: bool,
    binds_to_certificates: bool,
    methods: Option<u8>,
    assertion_algorithms: Option<Algorithms>,
    dpop_algorithms: Option<Algorithms>,
    id_token_algorithms: Option<Algorithms>,
}

/// The endpoints that a server need not have, and that have aliases: those of [`OTHERS`], in its order.
type Others<'m> = [Option<Endpoint<'m>>; 4];

const OTHERS: [Name; 4] = [
    Name::RevocationEndpoint,
    Name::IntrospectionEndpoint,
    Name::PushedAuthorizationRequestEndpoint,
    Name::UserinfoEndpoint,
];

/// A server as a client sees it: one that shows a certificate has endpoints of its own (RFC 8705 section 5).
#[derive(Clone, Copy)]
pub(crate) struct Seen<'s, 'm> {
    pub(crate) server: &'s ServerMetadata<'m>,
    pub(crate) with_certificate: bool,
}

impl<'m> Seen<'_, 'm> {
    pub(crate) fn token_endpoint(&self) -> Endpoint<'m> {
        self.server.alias.filter(|_| self.with_certificate).unwrap_or(self.server.token_endpoint)
    }

    pub(crate) fn revocation_endpoint(&self) -> Option<Endpoint<'m>> {
        let ([own, ..], [alias, ..]) = (self.server.others, self.server.aliases);
        alias.filter(|_| self.with_certificate).or(own)
    }

    pub(crate) fn userinfo_endpoint(&self) -> Option<Endpoint<'m>> {
        let ([.., own], [.., alias]) = (self.server.others, self.server.aliases);
        alias.filter(|_| self.with_certificate).or(own)
    }

    pub(crate) fn pushed_authorization_request_endpoint(&self) -> Option<Endpoint<'m>> {
        let ([_, _, own, _], [_, _, alias, _]) = (self.server.others, self.server.aliases);
        alias.filter(|_| self.with_certificate).or(own)
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
        Ok(bits(object, name, &bit)?.map(Self))
    }

    fn hold(self, algorithm: Algorithm) -> bool {
        Algorithm::ALL.into_iter().zip(0u32..).any(|(known, bit)| known == algorithm && has(self.0, bit))
    }
}

fn has(bits: u8, bit: u32) -> bool {
    bits.checked_shr(bit).is_some_and(|bits| bits & 1 == 1)
}

/// The methods of client authentication that are known (RFC 6749 section 2.3.1, RFC 7523, RFC 8705 section 2).
const METHODS: [&str; 5] =
    ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];

/// One bit for each string of an array that is known. Each element must be a string.
fn bits(object: &Object<'_>, name: Name, bit: &dyn Fn(&str) -> Option<usize>) -> Result<Option<u8>, Reason> {
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
    Ok(bits(object, name, &|value| (value == wanted).then_some(0))?.map(|bits| bits != 0))
}

/// Reads endpoints into places of the same order.
fn endpoints<'m>(
    object: &Object<'m>,
    names: &[Name],
    schemes: Schemes,
    places: &mut [Option<Endpoint<'m>>],
) -> Result<(), Reason> {
    for (&name, place) in names.iter().zip(places) {
        if let Some(url) = object.string(name)? {
            *place = Some(Endpoint::parse(name, url, schemes)?);
        }
    }
    Ok(())
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
        let mut first = [None; 3];
        let [authorization, others @ ..] = &mut first;
        endpoints(object, &[Name::AuthorizationEndpoint], schemes, core::slice::from_mut(authorization))?;
        let has_codes = authorization.is_some();
        // A server that does not name S256 may ignore the challenge, and then `state` would be all that stands against a
        // forged response (RFC 9700 sections 2.1 and 2.1.1). One without an authorization endpoint has no such responses.
        let s256 = offers(object, Name::CodeChallengeMethodsSupported, "S256")?;
        if has_codes && s256 != Some(true) {
            return Err(Reason::PkceUnsupported);
        }
        // What says nothing of itself has the code flow, in the query (RFC 8414 section 2).
        for (name, wanted) in [(Name::ResponseTypesSupported, "code"), (Name::ResponseModesSupported, "query")] {
            if has_codes && offers(object, name, wanted)? == Some(false) {
                return Err(Reason::ServerLacks(name));
            }
        }
        let aliased = match object.get("mtls_endpoint_aliases") {
            Some(value) => Some(value.as_object().ok_or(Reason::Malformed(Name::MtlsEndpointAliases))?),
            None => None,
        };
        endpoints(object, &[Name::JwksUri, Name::TokenEndpoint], schemes, others)?;
        let [authorization_endpoint, jwks_uri, token_endpoint] = first;
        let mut read = Self {
            issuer,
            authorization_endpoint,
            jwks_uri,
            token_endpoint: token_endpoint.ok_or(Reason::Missing(Name::TokenEndpoint))?,
            others: [None; OTHERS.len()],
            alias: None,
            aliases: [None; OTHERS.len()],
            said: Said {
                sends_iss: false,
                pushed_requests_only: false,
                binds_to_certificates: false,
                methods: None,
                assertion_algorithms: None,
                dpop_algorithms: None,
                id_token_algorithms: None,
            },
        };
        endpoints(object, &OTHERS, schemes, &mut read.others)?;
        if let Some(aliased) = &aliased {
            endpoints(aliased, &[Name::TokenEndpoint], schemes, core::slice::from_mut(&mut read.alias))?;
            endpoints(aliased, &OTHERS, schemes, &mut read.aliases)?;
        }
        let said = |name| Ok(object.boolean(name)?.unwrap_or(false));
        read.said.sends_iss = said(Name::AuthorizationResponseIssParameterSupported)?;
        read.said.pushed_requests_only = said(Name::RequirePushedAuthorizationRequests)?;
        read.said.binds_to_certificates = said(Name::TlsClientCertificateBoundAccessTokens)?;
        read.said.methods = bits(object, Name::TokenEndpointAuthMethodsSupported, &|name| {
            METHODS.iter().position(|method| *method == name)
        })?;
        read.said.assertion_algorithms = Algorithms::read(object, Name::TokenEndpointAuthSigningAlgValuesSupported)?;
        read.said.dpop_algorithms = Algorithms::read(object, Name::DpopSigningAlgValuesSupported)?;
        read.said.id_token_algorithms = Algorithms::read(object, Name::IdTokenSigningAlgValuesSupported)?;
        Ok(read)
    }

    /// The same in a caller's buffer.
    pub(crate) fn copy<'a>(&self, issuer: Issuer<'a>, arena: &mut Arena<'a>) -> Result<ServerMetadata<'a>, Reason> {
        let mut copy = ServerMetadata {
            issuer,
            authorization_endpoint: None,
            jwks_uri: None,
            token_endpoint: self.token_endpoint.copy(arena)?,
            others: [None; OTHERS.len()],
            alias: None,
            aliases: [None; OTHERS.len()],
            said: self.said,
        };
        let one = |endpoint, place| (core::slice::from_ref(endpoint), core::slice::from_mut(place));
        for (endpoints, places) in [
            one(&self.authorization_endpoint, &mut copy.authorization_endpoint),
            one(&self.jwks_uri, &mut copy.jwks_uri),
            one(&self.alias, &mut copy.alias),
            (&self.others, &mut copy.others),
            (&self.aliases, &mut copy.aliases),
        ] {
            for (endpoint, place) in endpoints.iter().zip(places) {
                if let Some(endpoint) = endpoint {
                    *place = Some(endpoint.copy(arena)?);
                }
            }
        }
        Ok(copy)
    }

    /// What a document that was read again no longer promises, if it is something that protects: then it may be the
    /// document of somebody else.
    pub(crate) fn downgrade(&self, fresh: &Result<ServerMetadata<'_>, Reason>) -> Option<Reason> {
        let lacks = |name| Some(Reason::ServerDowngraded(name));
        match fresh {
            Err(Reason::PkceUnsupported) => lacks(Name::CodeChallengeMethodsSupported),
            Ok(fresh) if self.said.sends_iss && !fresh.said.sends_iss => {
                lacks(Name::AuthorizationResponseIssParameterSupported)
            }
            Ok(fresh) if self.said.pushed_requests_only && !fresh.said.pushed_requests_only => {
                lacks(Name::RequirePushedAuthorizationRequests)
            }
            Ok(fresh) if self.said.dpop_algorithms.is_some() && fresh.said.dpop_algorithms.is_none() => {
                lacks(Name::DpopSigningAlgValuesSupported)
            }
            Ok(fresh) if self.said.binds_to_certificates && !fresh.said.binds_to_certificates => {
                lacks(Name::TlsClientCertificateBoundAccessTokens)
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
        let [revocation, ..] = self.others;
        revocation
    }

    /// `introspection_endpoint`.
    pub const fn introspection_endpoint(&self) -> Option<Endpoint<'m>> {
        let [_, introspection, ..] = self.others;
        introspection
    }

    /// `pushed_authorization_request_endpoint` (RFC 9126 section 5).
    pub const fn pushed_authorization_request_endpoint(&self) -> Option<Endpoint<'m>> {
        let [_, _, pushed, _] = self.others;
        pushed
    }

    /// `userinfo_endpoint` (OpenID Connect Discovery section 3).
    pub const fn userinfo_endpoint(&self) -> Option<Endpoint<'m>> {
        let [.., userinfo] = self.others;
        userinfo
    }

    /// `jwks_uri`.
    pub const fn jwks_uri(&self) -> Option<Endpoint<'m>> {
        self.jwks_uri
    }

    /// `authorization_response_iss_parameter_supported` (RFC 9207 section 3).
    pub const fn sends_iss(&self) -> bool {
        self.said.sends_iss
    }

    /// `require_pushed_authorization_requests` (RFC 9126 section 5).
    pub const fn pushed_requests_only(&self) -> bool {
        self.said.pushed_requests_only
    }

    /// Refuses a method of client authentication that the server says it does not take, and an algorithm of its assertions. A
    /// server that says nothing takes `client_secret_basic` (RFC 8414 section 2), and is asked whether it takes the client's.
    pub(crate) fn check_method(&self, method: &str, algorithm: Option<Algorithm>) -> Result<(), Reason> {
        let bit = METHODS.iter().zip(0u32..).find(|(known, _)| **known == method).map(|(_, bit)| bit);
        if let (Some(methods), Some(bit)) = (self.said.methods, bit)
            && !has(methods, bit)
        {
            return Err(Reason::ServerLacks(Name::TokenEndpointAuthMethodsSupported));
        }
        takes(self.said.assertion_algorithms, algorithm, Name::TokenEndpointAuthSigningAlgValuesSupported)
    }

    /// Refuses an algorithm of DPoP proofs that the server does not take. A server that says nothing of it has no DPoP: what it
    /// issued would be bound to nothing (RFC 9449 section 5.1).
    pub(crate) fn check_dpop(&self, algorithm: Algorithm) -> Result<(), Reason> {
        let none = self.said.dpop_algorithms.unwrap_or(Algorithms(0));
        takes(Some(none), Some(algorithm), Name::DpopSigningAlgValuesSupported)
    }

    /// Refuses a server that does not say that it binds tokens to certificates: what it issued would be bound to nothing (RFC
    /// 8705 section 3.3).
    pub(crate) const fn check_certificate_bound(&self) -> Result<(), Reason> {
        if self.said.binds_to_certificates {
            Ok(())
        } else {
            Err(Reason::ServerLacks(Name::TlsClientCertificateBoundAccessTokens))
        }
    }

    /// Refuses an algorithm of ID tokens that the server does not sign with.
    pub(crate) fn check_id_token(&self, algorithm: Algorithm) -> Result<(), Reason> {
        takes(self.said.id_token_algorithms, Some(algorithm), Name::IdTokenSigningAlgValuesSupported)
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
    fn notices_that_a_promise_is_gone() {
        let issuer = Issuer::parse("https://as.example").unwrap();
        for promise in [
            "\"authorization_response_iss_parameter_supported\":true",
            "\"require_pushed_authorization_requests\":true",
            "\"dpop_signing_alg_values_supported\":[\"ES256\"]",
            "\"tls_client_certificate_bound_access_tokens\":true",
        ] {
            let bare = DOCUMENT.replace(",\"authorization_response_iss_parameter_supported\":true", "");
            let full = bare.replace("}", &std::format!(",{promise}}}"));
            let [mut bare, mut full] = [bare, full].map(String::into_bytes);
            let bare = ServerMetadata::read(&mut bare, issuer, Schemes::Https);
            let full = ServerMetadata::read(&mut full, issuer, Schemes::Https);
            let lost = full.unwrap().downgrade(&bare);
            let named = |name: Name| promise.split('"').nth(1) == Some(name.as_str());
            assert!(matches!(lost, Some(Reason::ServerDowngraded(name)) if named(name)), "{promise}");
            assert_eq!(bare.unwrap().downgrade(&full), None, "{promise}");
            assert_eq!(full.unwrap().downgrade(&full), None, "{promise}");
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
