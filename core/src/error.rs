//! Why a request was refused, and what is said of it on the wire.
//!
//! [`Reason`] is for the host's log: what was wrong, with which parameter, by which rule. [`ErrorCode`] is for the
//! peer. [`Reason::answer`] is the one table from the first to the second. Neither ever holds a value that a peer sent.

use crate::event::{Event, named};
use crate::name::Name;

mod code;

pub use code::ErrorCode;

named! {
/// Why a request was refused. It says of what by name, never by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    // What arrived could not be read.
    /// The HTTP method is not one that this endpoint answers.
    Method,
    /// `Content-Type` is not exactly one `application/x-www-form-urlencoded`.
    ContentType,
    /// A `%` is not followed by two hexadecimal digits.
    PercentEncoding,
    /// Bytes that are not UTF-8 (RFC 6749 appendix B).
    NotUtf8,
    /// JSON that does not follow RFC 8259, or whose top level is no object.
    Json,
    /// A JSON object with the same member twice.
    JsonRepeated,
    /// A value longer than [`Name::length`] bytes.
    TooLong(Name),
    /// More than [`Name::count`] items.
    TooMany(Name),
    /// A parameter or single-valued header field was sent more than once (RFC 6749 sections 3.1 and 3.2).
    Repeated(Name),
    /// A required parameter is absent or empty.
    Missing(Name),
    /// A value breaks the grammar of its parameter.
    Malformed(Name),

    // What was asked is not on offer.
    /// `response_type` is not `code`.
    ResponseType,
    /// `response_mode` is not `query`.
    ResponseMode,
    /// `request` was sent (RFC 9101 is not supported).
    RequestObject,
    /// `request_uri` was sent and names no pushed request of this server.
    RequestUri,
    /// `code_challenge_method` is not `S256` (RFC 9700 section 2.1.1).
    ChallengeMethod,
    /// `grant_type` is not one that this server knows.
    GrantType,
    /// The client is not registered for this grant type.
    GrantTypeNotRegistered,
    /// A scope that the client may not ask for, or that the grant does not hold.
    Scope,
    /// A resource that the client may not ask for, or that the grant does not hold (RFC 8707 section 2).
    Resource,
    /// `authorization_details` that are malformed, or of a type that the client may not ask for (RFC 9396 section 5).
    AuthorizationDetails,

    // Who asked.
    /// No client has this `client_id`, or it is disabled.
    UnknownClient,
    /// The redirection URI is not one of the client's (RFC 9700 section 4.1.3).
    RedirectUriMismatch,
    /// The request names no redirection URI, and the client has several, or one whose port is open.
    RedirectUriAmbiguous,
    /// A redirection URI that may not be registered.
    RedirectUriForbidden,
    /// More than one client authentication method in a request (RFC 6749 section 2.3).
    SeveralCredentials,
    /// Client authentication failed. Says no more, so that it cannot be probed.
    ClientAuthentication,
    /// This endpoint is not for public clients.
    PublicClient,
    /// A client assertion that is not acceptable, with the header parameter or claim at fault (RFC 7523 section 3).
    Assertion(Name),
    /// An assertion of a client that was used before, or that is being used at this moment.
    AssertionReplayed,
    /// The client has shown no certificate, or another one than it has registered (RFC 8705 section 2).
    Certificate,
    /// A DPoP proof that is not acceptable, with the header parameter or claim at fault (RFC 9449 section 4.3).
    DpopProof(Name),
    /// A DPoP proof without the nonce of this server, or with one that is too old (RFC 9449 section 8).
    DpopNonce,
    /// A DPoP proof that was used before (RFC 9449 section 11.1).
    DpopReplayed,
    /// A claim of a JWT that is not what it must be here: one that has expired, or is of another issuer.
    Claim(Name),
    /// The request proves no key, and its tokens must be bound to one.
    SenderConstraintMissing,

    // What was presented.
    /// A code that was not issued here, or is no code: mistyped, cut off or forged.
    CodeInvalid,
    /// A code that has expired.
    CodeExpired,
    /// A code whose grant is gone or revoked.
    CodeDead,
    /// A code presented by a client to which it was not issued. It is burnt.
    CodeForeign,
    /// A code presented with another redirection URI than it was sent to. It is burnt.
    CodeRedirectUri,
    /// A code presented without the right `code_verifier` (RFC 7636 section 4.6). It is burnt.
    CodeVerifier,
    /// A code presented without the key that it is bound to (RFC 9449 section 10). It is burnt.
    CodeKey,
    /// A redeemed code presented again with client and verifier right: the grant is revoked (RFC 9700 section 4.2.4).
    CodeReplayed,
    /// A redeemed code presented again with client or verifier wrong: nothing changes.
    CodeReplayedForeign,
    /// A refresh token that was not issued here, or is no refresh token: mistyped, cut off or forged.
    RefreshTokenInvalid,
    /// A refresh token that has expired.
    RefreshTokenExpired,
    /// A refresh token whose grant is gone or revoked.
    RefreshTokenDead,
    /// A refresh token presented by a client to which it was not issued.
    RefreshTokenForeign,
    /// A refresh token presented without the key that it is bound to (RFC 9449 section 5).
    RefreshTokenKey,
    /// A superseded refresh token: the grant is revoked (RFC 9700 section 4.14.2).
    RefreshTokenReused,

    // The interaction.
    /// An interaction that was not begun here, or is none: mistyped, cut off or forged.
    InteractionInvalid,
    /// The interaction has expired, or was ended by a refusal.
    InteractionExpired,
    /// The interaction belongs to another user agent.
    InteractionForeign,
    /// The interaction was already decided.
    InteractionDecided,
    /// The user refused.
    Denied,
    /// `prompt=none`, and no user is signed in.
    LoginRequired,
    /// `prompt=none`, and the user has not approved this yet.
    ConsentRequired,
    /// `prompt=none`, and the user must be asked something else.
    InteractionRequired,
    /// `prompt=none`, and the user is signed in more than once.
    AccountSelectionRequired,
    /// The host approved a scope that was not asked for, or no scope at all.
    DecisionExceedsRequest,

    // The client's own checks.
    /// Server metadata whose `issuer` is not identical to the one asked for (RFC 8414 section 3.3).
    IssuerMismatch,
    /// Server metadata without S256 in `code_challenge_methods_supported` (RFC 9700 section 2.1.1).
    PkceUnsupported,
    /// Server metadata that does not promise `iss`, which this client tells servers apart by (RFC 9700 section 4.4.2.1).
    IssUnsupported,
    /// A document of another party that is not what it must be, with the member or part at fault.
    Document(Name),
    /// An authorization response without `iss` from a server that sends it (RFC 9207 section 2.4).
    IssMissing,
    /// An authorization response whose `iss` is another server's (RFC 9207 section 2.4).
    IssMismatch,
    /// An authorization response whose `state` belongs to no session of this user agent.
    StateUnknown,
    /// An authorization response that was already used.
    StateUsed,
    /// An authorization response that came after its session had lapsed.
    StateExpired,
    /// An authorization response with parameters that a code response cannot have.
    ResponseUnexpected,
    /// The server answered the authorization request with an error.
    ServerRefused,
    /// An HTTP response with a status that this exchange does not know.
    Status,
    /// A token response whose `token_type` is not the one asked for.
    TokenType,
    /// The session is unknown or has ended.
    SessionGone,
    /// The session belongs to another server, client or redirection URI than this one.
    SessionForeign,
    /// The access token has ended, and there is no refresh token.
    SessionExpired,
    /// The session is being refreshed elsewhere.
    SessionBusy,

    // The resource server's own checks.
    /// No access token was sent.
    TokenMissing,
    /// The access token is not active.
    TokenInactive,
    /// The access token is of another issuer.
    TokenIssuer,
    /// The access token is for another resource.
    TokenAudience,
    /// The access token does not hold the scope that this request needs.
    TokenScope,
    /// The access token is bound to a key, and no proof of that key can be checked here.
    TokenBound,
    /// An introspection response that does not follow RFC 7662 section 2.2.
    IntrospectionMalformed,
    /// The host says that a request needs a scope that is none.
    ScopeNeeded,

    // The host.
    /// The store did not answer.
    StoreUnavailable,
    /// The race for a row was lost too often.
    StoreBusy,
    /// A row does not decode.
    RowUndecodable,
    /// The host's keys did not answer: nothing could be signed, or no signature checked.
    KeysUnavailable,
    /// The peer server did not answer.
    PeerUnavailable,
    /// The entropy is all zeros: the random source does not work.
    EntropyMissing,
    /// The caller's buffer ran out, though it had the length that the flow asked for.
    Buffer,
}
}

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
            Self::DecisionExceedsRequest => (ServerError, 500, "the server decided on something that was not asked"),

            Self::IssuerMismatch => (ServerError, 502, "metadata of another issuer"),
            Self::PkceUnsupported => (ServerError, 502, "the authorization server does not support PKCE with S256"),
            Self::IssUnsupported => (ServerError, 502, "the authorization server does not promise iss"),
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
            Self::TokenBound => (InvalidToken, 401, "the access token is bound to a key"),
            Self::TokenInactive => (InvalidToken, 401, "the access token is not valid"),
            Self::TokenIssuer => (InvalidToken, 401, "the access token is of another issuer"),
            Self::TokenAudience => (InvalidToken, 401, "the access token is for another resource"),
            Self::TokenScope => (InsufficientScope, 403, "the access token does not hold the scope needed"),
            Self::IntrospectionMalformed => (ServerError, 502, "malformed introspection response"),
            Self::ScopeNeeded => (ServerError, 500, "the scope needed is malformed"),

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

    /// What an operator wants to know of it.
    pub const fn event(self) -> Option<Event> {
        Some(match self {
            Self::CodeInvalid | Self::RefreshTokenInvalid | Self::InteractionInvalid => Event::CredentialForged,
            Self::CodeForeign | Self::CodeRedirectUri | Self::CodeVerifier | Self::CodeKey => Event::CodeBurnt,
            Self::CodeReplayed => Event::CodeReplayed,
            Self::RefreshTokenReused => Event::RefreshTokenReused,
            Self::CodeReplayedForeign | Self::RefreshTokenForeign | Self::RefreshTokenKey => Event::ForeignCredential,
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
            | Self::IssMissing
            | Self::IssMismatch
            | Self::StateUnknown
            | Self::StateUsed
            | Self::SessionForeign
            | Self::ResponseUnexpected => Event::ResponseRefused,
            _ => return None,
        })
    }

    /// The parameter, header field or member at fault, where one is.
    pub const fn parameter(self) -> Option<Name> {
        match self {
            Self::TooLong(name) | Self::TooMany(name) => Some(name),
            Self::Repeated(name) | Self::Missing(name) | Self::Malformed(name) => Some(name),
            Self::DpopProof(name) | Self::Assertion(name) | Self::Claim(name) | Self::Document(name) => Some(name),
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

/// The caller's buffer is shorter than the flow needs. A host error: nothing was asked, stored or sent. Call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall {
    /// The length that would have been enough, in bytes.
    pub needed: usize,
}
