//! The one table from a reason to what is said of it on the wire, and to what is logged.

use crate::error::{ErrorCode, Reason};
use crate::event::Event;
use crate::name::Name;

/// What a [`Reason`] becomes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The error code.
    pub code: ErrorCode,
    /// The HTTP status, where the answer is no redirect.
    pub status: u16,
    /// A fixed text in the character set of `error_description` (RFC 6749 section 5.2).
    pub text: &'static str,
}

impl Reason {
    /// The table from reason to wire.
    pub const fn answer(self) -> Answer {
        use ErrorCode::*;
        let (code, status, text) = match self {
            Self::Method => (InvalidRequest, 405, "this method is not allowed here"),
            Self::ContentType => (InvalidRequest, 400, "content type must be application/x-www-form-urlencoded"),
            Self::PercentEncoding => (InvalidRequest, 400, "a percent sign must be followed by two hexadecimal digits"),
            Self::NotUtf8 => (InvalidRequest, 400, "parameters must be UTF-8"),
            Self::Json => (InvalidRequest, 400, "malformed JSON"),
            Self::JsonRepeated => (InvalidRequest, 400, "repeated member in JSON"),
            Self::TooLong(_) => (InvalidRequest, 400, "too long"),
            Self::TooMany(_) => (InvalidRequest, 400, "too many"),
            Self::Repeated(_) => (InvalidRequest, 400, "sent more than once"),
            Self::Missing(_) => (InvalidRequest, 400, "missing"),
            Self::Malformed(_) => (InvalidRequest, 400, "malformed"),

            Self::ResponseType => (UnsupportedResponseType, 400, "response_type must be code"),
            Self::ResponseMode => (InvalidRequest, 400, "response_mode must be query"),
            Self::RequestObject => (RequestNotSupported, 400, "request objects are not supported"),
            Self::RequestUri => (RequestUriNotSupported, 400, "request_uri is not supported"),
            Self::NotPushed => (InvalidRequest, 400, "this client must push its requests"),
            Self::ChallengeMethod => (InvalidRequest, 400, "code_challenge_method must be S256"),
            Self::GrantType => (UnsupportedGrantType, 400, "unknown grant_type"),
            Self::GrantTypeNotRegistered => (UnauthorizedClient, 400, "the client is not registered for this grant"),
            Self::Scope => (InvalidScope, 400, "scope exceeds what may be granted"),
            Self::Resource => (InvalidTarget, 400, "resource exceeds what may be granted"),
            Self::AuthorizationDetails => {
                (InvalidAuthorizationDetails, 400, "authorization_details exceed what may be granted")
            }

            Self::UnknownClient => (InvalidRequest, 400, "unknown client"),
            Self::RedirectUriMismatch => (InvalidRequest, 400, "redirect_uri is not registered for this client"),
            Self::RedirectUriAmbiguous => (InvalidRequest, 400, "redirect_uri is required for this client"),
            Self::RedirectUriForbidden => (InvalidRequest, 400, "redirect_uri may not be registered"),
            Self::SeveralCredentials => (InvalidRequest, 400, "more than one client authentication method"),
            Self::ClientAuthentication | Self::Assertion(_) | Self::AssertionReplayed | Self::Certificate => {
                (InvalidClient, 401, "client authentication failed")
            }
            // With 400, as a page cannot ask for credentials (RFC 6749 section 5.2 leaves the choice).
            Self::ClientDocument(_) => (InvalidClient, 400, "the metadata of the client cannot be used"),
            Self::ClientDocumentUnavailable => {
                (TemporarilyUnavailable, 503, "the metadata of the client cannot be had")
            }
            Self::PublicClient => (InvalidClient, 401, "client authentication is required here"),
            Self::DpopNonce => (UseDpopNonce, 400, "a DPoP proof must have the nonce of this server"),
            Self::DpopProof(_) | Self::DpopReplayed => (InvalidDpopProof, 400, "the DPoP proof is not valid here"),
            Self::Claim(_) => (InvalidToken, 401, "the token is not valid here"),
            Self::SenderConstraintMissing => (InvalidRequest, 400, "a DPoP proof or a client certificate is required"),

            Self::CodeInvalid
            | Self::CodeExpired
            | Self::CodeDead
            | Self::CodeForeign
            | Self::CodeRedirectUri
            | Self::CodeVerifier
            | Self::CodeKey
            | Self::CodeReplayed
            | Self::CodeReplayedForeign => (InvalidGrant, 400, "the authorization code is not valid here"),
            Self::RefreshTokenInvalid
            | Self::RefreshTokenExpired
            | Self::RefreshTokenDead
            | Self::RefreshTokenForeign
            | Self::RefreshTokenKey
            | Self::RefreshTokenReused => (InvalidGrant, 400, "the refresh token is not valid here"),

            Self::PushedRequestInvalid
            | Self::PushedRequestExpired
            | Self::PushedRequestForeign
            | Self::PushedRequestUsed => (InvalidRequestUri, 400, "the request_uri is not valid here"),

            Self::InteractionInvalid | Self::InteractionExpired => {
                (InvalidRequest, 400, "this sign-in has expired or was never started")
            }
            Self::InteractionForeign => (InvalidRequest, 400, "this sign-in was started in another browser"),
            Self::InteractionDecided => (InvalidRequest, 400, "this sign-in is already finished"),
            Self::Denied => (AccessDenied, 400, "the user refused"),
            Self::LoginRequired => (ErrorCode::LoginRequired, 400, "the user is not signed in"),
            Self::ConsentRequired => (ErrorCode::ConsentRequired, 400, "the user has not approved this"),
            Self::InteractionRequired => (ErrorCode::InteractionRequired, 400, "the user must be asked"),
            Self::AccountSelectionRequired => {
                (ErrorCode::AccountSelectionRequired, 400, "the user must choose an account")
            }
            Self::AuthenticationUnmet => {
                (UnmetAuthenticationRequirements, 400, "the user could not be authenticated as asked")
            }
            Self::AuthenticationStale => (ServerError, 500, "the user must be authenticated anew"),
            Self::PromptAllowed => (ServerError, 500, "the user must be asked"),
            Self::DecisionExceedsRequest => (ServerError, 500, "the server decided on something that was not asked"),

            Self::IssuerMismatch => (ServerError, 502, "metadata of another issuer"),
            Self::PkceUnsupported => (ServerError, 502, "the authorization server does not support PKCE with S256"),
            Self::IssUnsupported => (ServerError, 502, "the authorization server does not promise iss"),
            Self::IdToken(_) => (ServerError, 502, "the ID token is not valid here"),
            Self::Userinfo(_) => (ServerError, 502, "the userinfo response is not valid here"),
            Self::ServerLacks(_) => (ServerError, 502, "the authorization server does not offer this"),
            Self::ServerDowngraded(_) => (ServerError, 502, "the authorization server promises less than before"),
            Self::KeyUnknown => (InvalidRequest, 401, "the session is bound to a key that is gone"),
            Self::Document(_) => (ServerError, 502, "a document of another party is not what it must be"),
            Self::IssMissing => (InvalidRequest, 400, "the authorization response lacks iss"),
            Self::IssMismatch => (InvalidRequest, 400, "the authorization response is of another issuer"),
            Self::StateUnknown => {
                (InvalidRequest, 400, "the authorization response belongs to no sign-in of this browser")
            }
            Self::StateUsed => (InvalidRequest, 400, "the authorization response was already used"),
            Self::StateExpired => (InvalidRequest, 400, "this sign-in has expired"),
            Self::ResponseUnexpected => {
                (InvalidRequest, 400, "the authorization response is not that of the code flow")
            }
            Self::ServerRefused => (AccessDenied, 400, "the authorization server refused"),
            Self::Status => (ServerError, 502, "unexpected HTTP status"),
            Self::TokenType => (ServerError, 502, "unexpected token_type"),
            Self::SessionGone => (InvalidRequest, 401, "signed out"),
            Self::SessionForeign => (InvalidRequest, 400, "the session belongs to another client"),
            Self::SessionExpired => (InvalidRequest, 401, "the session has expired"),
            Self::SessionBusy => (TemporarilyUnavailable, 503, "tokens are being refreshed"),

            Self::TokenMissing => (InvalidToken, 401, "an access token is required"),
            Self::TokenBound => (InvalidToken, 401, "the access token is bound to a key that is not proven"),
            Self::TokenUnbound => (InvalidToken, 401, "the access token is not bound to a key"),
            Self::AccessToken(_) | Self::TokenKey | Self::TokenForged | Self::TokenInactive => {
                (InvalidToken, 401, "the access token is not valid")
            }
            Self::TokenIssuer => (InvalidToken, 401, "the access token is of another issuer"),
            Self::TokenAudience => (InvalidToken, 401, "the access token is for another resource"),
            Self::TokenScope => (InsufficientScope, 403, "the access token does not hold the scope needed"),
            Self::TokenDetail => {
                (InsufficientScope, 403, "the access token does not hold the authorization details needed")
            }
            Self::TokenAuthentication => {
                (InsufficientUserAuthentication, 401, "a different or more recent authentication is needed")
            }
            Self::IntrospectionMalformed => (ServerError, 502, "malformed introspection response"),
            Self::NeedMalformed => (ServerError, 500, "what the request needs is malformed"),

            Self::StoreUnavailable | Self::StoreBusy | Self::KeysUnavailable => {
                (TemporarilyUnavailable, 503, "try again")
            }
            Self::PeerUnavailable => (TemporarilyUnavailable, 503, "the authorization server does not answer"),
            Self::RowUndecodable => (ServerError, 500, "a stored row cannot be read"),
            Self::EntropyMissing => (ServerError, 500, "no randomness"),
            Self::Buffer => (ServerError, 500, "out of buffer"),
        };
        Answer { code, status, text }
    }

    /// The same where an access token is presented, and not at the token endpoint.
    pub(crate) const fn answer_to_token(self) -> Answer {
        let answer = self.answer();
        let status = match (answer.code, answer.status) {
            // RFC 9449 section 7.1. At a token endpoint these have the status 400.
            (ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce, _) => 401,
            // The issuer is at fault, or cannot be reached: no other token would do better.
            (_, 502 | 503) => 503,
            (_, status) => status,
        };
        Answer { status, ..answer }
    }

    /// What an operator wants to know of it.
    pub const fn event(self) -> Option<Event> {
        Some(match self {
            Self::CodeInvalid
            | Self::RefreshTokenInvalid
            | Self::InteractionInvalid
            | Self::PushedRequestInvalid
            | Self::TokenForged => Event::CredentialForged,
            Self::CodeForeign | Self::CodeRedirectUri | Self::CodeVerifier | Self::CodeKey => Event::CodeBurnt,
            Self::CodeReplayed => Event::CodeReplayed,
            Self::RefreshTokenReused => Event::RefreshTokenReused,
            Self::CodeReplayedForeign
            | Self::RefreshTokenForeign
            | Self::RefreshTokenKey
            | Self::PushedRequestForeign => Event::ForeignCredential,
            Self::ClientAuthentication | Self::Assertion(_) | Self::Certificate | Self::PublicClient => {
                Event::ClientAuthenticationFailed
            }
            Self::AssertionReplayed | Self::DpopReplayed => Event::ProofReplayed,
            Self::RedirectUriMismatch => Event::RedirectUriRefused,
            Self::InteractionForeign => Event::InteractionForeign,
            Self::Denied => Event::Denied,
            Self::RowUndecodable => Event::RowUndecodable,
            Self::TokenIssuer | Self::TokenAudience => Event::TokenForeign,
            Self::IssuerMismatch
            | Self::IdToken(_)
            | Self::Userinfo(_)
            | Self::IssMissing
            | Self::IssMismatch
            | Self::StateUnknown
            | Self::StateUsed
            | Self::SessionForeign
            | Self::ResponseUnexpected => Event::ResponseRefused,
            Self::ServerDowngraded(_) => Event::ServerDowngraded,
            _ => return None,
        })
    }

    /// The parameter, header field or member at fault, where one is.
    pub const fn parameter(self) -> Option<Name> {
        match self {
            Self::TooLong(name) | Self::TooMany(name) => Some(name),
            Self::Repeated(name) | Self::Missing(name) | Self::Malformed(name) => Some(name),
            Self::DpopProof(name)
            | Self::ClientDocument(name)
            | Self::AccessToken(name)
            | Self::Assertion(name)
            | Self::Claim(name)
            | Self::Document(name) => Some(name),
            Self::IdToken(name) | Self::Userinfo(name) | Self::ServerLacks(name) | Self::ServerDowngraded(name) => {
                Some(name)
            }
            _ => None,
        }
    }

    /// The limit that was exceeded, where one was: bytes of what is too long, items of what is too many.
    pub const fn limit(self) -> Option<usize> {
        match self {
            Self::TooLong(name) => name.length(),
            Self::TooMany(name) => name.count(),
            _ => None,
        }
    }

    /// Whether something could not be read, or a claim is not what it must be.
    pub(crate) const fn is_of_form(self) -> bool {
        matches!(
            self,
            Self::NotUtf8
                | Self::Json
                | Self::JsonRepeated
                | Self::TooLong(_)
                | Self::TooMany(_)
                | Self::Repeated(_)
                | Self::Missing(_)
                | Self::Malformed(_)
                | Self::Claim(_)
        )
    }

    /// The same of what was read within something else, such as a DPoP proof: the reason of that, with the name of the part. What
    /// the host is to blame for stays as it is.
    pub(crate) fn within(self, whole: fn(Name) -> Self) -> Self {
        match self {
            Self::Buffer => self,
            Self::Json | Self::JsonRepeated | Self::NotUtf8 => whole(Name::Json),
            Self::ContentType => whole(Name::ContentType),
            _ => whole(self.parameter().unwrap_or(Name::Jws)),
        }
    }
}
