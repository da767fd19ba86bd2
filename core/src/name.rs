//! The names that a reason may be about, each with the limits of what it names.

use crate::event::nth_text;
use crate::limits;

/// Declares the names. `length` is the most bytes that a value may have, `count` the most items.
macro_rules! names {
    ($($Name:ident $text:literal $(length $length:path)? $(, count $count:path)?;)*) => {
        /// The name of a parameter, header field or member, or of a part of a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        // `client_name` is the registry's word.
        #[allow(clippy::enum_variant_names)]
        pub enum Name {
            $(#[doc = concat!("`", $text, "`")] $Name,)*
        }

        impl Name {
            /// Every name.
            pub const ALL: &[Self] = &[$(Self::$Name),*];

            /// The name as it is written.
            #[allow(clippy::as_conversions)]
            pub const fn as_str(self) -> &'static str {
                nth_text!(self as usize, $($text),*)
            }

            /// The most bytes that a value of this name may have, where that is bounded.
            pub const fn length(self) -> Option<usize> {
                match self {
                    $($(Self::$Name => Some($length),)?)*
                    _ => None,
                }
            }

            /// The most items that there may be of it, where that is bounded.
            pub const fn count(self) -> Option<usize> {
                match self {
                    $($(Self::$Name => Some($count),)?)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    // Parameters, whose grammars are in `terms/parameter.rs`, and members of the same names.
    AccessToken "access_token" length limits::FOREIGN_TOKEN;
    AcrValues "acr_values" length limits::ACR_VALUES;
    AuthorizationDetails "authorization_details" length limits::AUTHORIZATION_DETAILS, count limits::AUTHORIZATION_DETAILS_MEMBERS;
    ClientAssertion "client_assertion" length limits::FOREIGN_TOKEN;
    ClientAssertionType "client_assertion_type" length limits::URI;
    ClientId "client_id" length limits::CLIENT_ID;
    ClientSecret "client_secret" length limits::CLIENT_SECRET, count limits::CLIENT_SECRETS;
    Code "code" length limits::FOREIGN_TOKEN;
    CodeChallenge "code_challenge" length limits::HASH;
    CodeChallengeMethod "code_challenge_method" length limits::NAME;
    CodeVerifier "code_verifier" length limits::CODE_VERIFIER;
    DpopJkt "dpop_jkt" length limits::HASH;
    Error "error" length limits::NAME;
    ErrorDescription "error_description" length limits::URI;
    ErrorUri "error_uri" length limits::URI;
    GrantType "grant_type" length limits::NAME;
    IdToken "id_token" length limits::FOREIGN_TOKEN;
    Iss "iss" length limits::URI;
    LoginHint "login_hint" length limits::LOGIN_HINT;
    MaxAge "max_age" length limits::MAX_AGE;
    Nonce "nonce" length limits::NONCE;
    Password "password" length limits::CLIENT_SECRET;
    Prompt "prompt" length limits::NAME;
    RedirectUri "redirect_uri" length limits::URI;
    RefreshToken "refresh_token" length limits::FOREIGN_TOKEN;
    Request "request" length limits::FOREIGN_TOKEN;
    RequestUri "request_uri" length limits::URI;
    Resource "resource" length limits::RESOURCE, count limits::RESOURCES;
    Response "response" length limits::FOREIGN_TOKEN;
    ResponseMode "response_mode" length limits::NAME;
    ResponseType "response_type" length limits::NAME;
    Scope "scope" length limits::SCOPE, count limits::SCOPE_TOKENS;
    State "state" length limits::STATE;
    Sub "sub" length limits::SUBJECT;
    Token "token" length limits::FOREIGN_TOKEN;
    TokenType "token_type" length limits::NAME;
    TokenTypeHint "token_type_hint" length limits::NAME;
    Type "type" length limits::NAME;
    Username "username" length limits::SUBJECT;

    // Other members of JSON objects.
    Acr "acr" length limits::SUBJECT;
    Active "active";
    Alg "alg";
    Amr "amr";
    ApplicationType "application_type";
    AtHash "at_hash";
    Ath "ath";
    AuthTime "auth_time";
    Aud "aud";
    AuthorizationDetailsTypes "authorization_details_types" length limits::NAME, count limits::AUTHORIZATION_DETAILS_TYPES;
    AuthorizationEndpoint "authorization_endpoint";
    AuthorizationResponseIssParameterSupported "authorization_response_iss_parameter_supported";
    Azp "azp";
    ClientSecretExpiresAt "client_secret_expires_at";
    ClientName "client_name" length limits::CLIENT_NAME;
    Cnf "cnf";
    CodeChallengeMethodsSupported "code_challenge_methods_supported";
    Crv "crv";
    DpopBoundAccessTokens "dpop_bound_access_tokens";
    DpopNonce "nonce" length limits::JWT_ID;
    DpopSigningAlgValuesSupported "dpop_signing_alg_values_supported";
    E "e";
    Exp "exp";
    ExpiresIn "expires_in";
    GrantTypes "grant_types";
    Htm "htm";
    Htu "htu";
    Iat "iat";
    IdTokenSigningAlgValuesSupported "id_token_signing_alg_values_supported";
    Identifier "identifier";
    IntrospectionEndpoint "introspection_endpoint";
    Issuer "issuer";
    Jkt "jkt";
    Jti "jti" length limits::JWT_ID;
    Jwk "jwk";
    Jwks "jwks" length limits::JWKS;
    JwksUri "jwks_uri";
    KeyOps "key_ops";
    Keys "keys", count limits::KEYS;
    Kid "kid" length limits::KEY_ID;
    Kty "kty";
    MtlsEndpointAliases "mtls_endpoint_aliases";
    N "n";
    Nbf "nbf";
    PushedAuthorizationRequestEndpoint "pushed_authorization_request_endpoint";
    RedirectUris "redirect_uris", count limits::REDIRECT_URIS;
    RequirePushedAuthorizationRequests "require_pushed_authorization_requests";
    ResponseModesSupported "response_modes_supported";
    ResponseTypes "response_types";
    ResponseTypesSupported "response_types_supported";
    RevocationEndpoint "revocation_endpoint";
    TlsClientAuthSubjectDn "tls_client_auth_subject_dn" length limits::CERTIFICATE_NAME;
    TlsClientCertificateBoundAccessTokens "tls_client_certificate_bound_access_tokens";
    TokenEndpoint "token_endpoint";
    TokenEndpointAuthMethod "token_endpoint_auth_method";
    TokenEndpointAuthSigningAlg "token_endpoint_auth_signing_alg";
    TokenEndpointAuthMethodsSupported "token_endpoint_auth_methods_supported";
    TokenEndpointAuthSigningAlgValuesSupported "token_endpoint_auth_signing_alg_values_supported";
    Typ "typ";
    Use "use";
    UserinfoEndpoint "userinfo_endpoint";
    X "x";
    X5tS256 "x5t#S256";
    Y "y";
    // Members of a JOSE header or a key that are refused wherever they stand.
    Apu "apu";
    Apv "apv";
    B64 "b64";
    Crit "crit";
    Cty "cty";
    D "d";
    Dp "dp";
    Dq "dq";
    Enc "enc";
    Epk "epk";
    Jku "jku";
    K "k";
    Oth "oth";
    P "p";
    P2c "p2c";
    P2s "p2s";
    Q "q";
    Qi "qi";
    X5c "x5c";
    X5u "x5u";
    Zip "zip";

    // Header fields.
    Authorization "Authorization" length limits::AUTHORIZATION;
    ContentType "Content-Type";
    Dpop "DPoP" length limits::JWS;
    DpopNonceField "DPoP-Nonce";
    HeaderFields "header fields" length limits::RESPONSE_FIELDS, count limits::HEADERS;

    // Parts of a message, and what a host hands in.
    Body "body";
    CredentialKeys "keys", count limits::CREDENTIAL_KEYS;
    Form "form" length limits::FORM;
    Json "JSON" length limits::JSON;
    JsonLevels "JSON levels", count limits::JSON_DEPTH;
    JsonMembers "JSON members", count limits::JSON_MEMBERS;
    JsonString "JSON string" length limits::JSON_STRING;
    Jws "JWS" length limits::JWS;
    KeyId "key id";
    Binding "binding";
    MixUpDefense "mix_up_defense";
    Parameters "parameters", count limits::PARAMETERS;
    Signature "signature";
    SigningKeys "signing keys", count limits::SIGNING_KEYS;
    Url "URL" length limits::URI;
    UserAgent "user agent";
}

impl Name {
    /// Whether a value is not too long for this name.
    pub fn fits(self, value: &str) -> bool {
        self.length().is_none_or(|limit| value.len() <= limit)
    }

    /// The name that is written so. For the compiler: a text that is no name does not compile.
    pub(crate) const fn of(text: &str) -> Self {
        let mut names = Self::ALL;
        while let [name, rest @ ..] = names
            && !same(name.as_str().as_bytes(), text.as_bytes())
        {
            names = rest;
        }
        assert!(!names.is_empty(), "a name that is not in the table");
        if let [name, ..] = names { *name } else { Self::Form }
    }
}

const fn same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, rest_of_a @ ..], [y, rest_of_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && b.is_empty()
}
