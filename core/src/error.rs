//! Why a request was refused, and what is said of it on the wire.
//!
//! [`Reason`] is for the host's log: what was wrong, with which parameter, by which rule. [`ErrorCode`] is for the
//! peer. [`Reason::answer`] is the one table from the first to the second. Neither ever holds a value that a peer sent.

use crate::event::named;
use crate::name::Name;

mod answer;
mod code;

pub use answer::Answer;
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
    /// The client must push its requests, and has not (RFC 9126 section 5).
    NotPushed,
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
    /// A metadata document or a JWK set of a client that is not what it must be, with the member or part at fault.
    ClientDocument(Name),
    /// A metadata document or a JWK set of a client that cannot be had.
    ClientDocumentUnavailable,
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

    /// A `request_uri` that was not issued here, or is none: mistyped, cut off or forged.
    PushedRequestInvalid,
    /// A `request_uri` that has expired.
    PushedRequestExpired,
    /// A `request_uri` that another client pushed its request to (RFC 9126 section 4).
    PushedRequestForeign,
    /// A `request_uri` that was used before.
    PushedRequestUsed,

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
    /// The user could not be authenticated in the way that was asked for (RFC 9470 section 5).
    AuthenticationUnmet,
    /// The host decided with an authentication that is older than the request allows (`max_age`, `prompt=login`).
    AuthenticationStale,
    /// The host would end a request without its user, which may show its user a page.
    PromptAllowed,
    /// The host approved a scope or authorization details that were not asked for, or nothing at all.
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
    /// Server metadata that do not offer what this client is set up for: the member that says so, or should.
    ServerLacks(Name),
    /// Server metadata that were read again and no longer promise what protects, by this member.
    ServerDowngraded(Name),
    /// An ID token that is not acceptable, with the header parameter or claim at fault (OpenID Connect Core section 3.1.3.7).
    IdToken(Name),
    /// A response of the userinfo endpoint that is not acceptable, with the member or part at fault (OpenID Connect Core section
    /// 5.3.2).
    Userinfo(Name),
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
    /// The session is bound to a key that the client has no more.
    KeyUnknown,

    // The resource server's own checks.
    /// No access token was sent.
    TokenMissing,
    /// A JWT that is no access token, or not one that can be read, with the header parameter or claim at fault (RFC 9068 section
    /// 4).
    AccessToken(Name),
    /// No key of the issuer is the one that the access token names.
    TokenKey,
    /// The access token is not signed by the key that it names: mistyped, cut off or forged.
    TokenForged,
    /// The access token is not active, or has ended.
    TokenInactive,
    /// The access token is of another issuer.
    TokenIssuer,
    /// The access token is for another resource.
    TokenAudience,
    /// The access token does not hold the scope that this request needs.
    TokenScope,
    /// None of the access token's authorization details covers what this request needs (RFC 9396).
    TokenDetail,
    /// The user has not authenticated as this request needs it, or the access token does not tell (RFC 9470).
    TokenAuthentication,
    /// The access token is bound to a key, and this request does not prove that its sender holds that key.
    TokenBound,
    /// The access token is bound to no key, and must be here, or comes with the proof of one.
    TokenUnbound,
    /// An introspection response that does not follow RFC 7662 section 2.2.
    IntrospectionMalformed,
    /// What the host says that a request needs is malformed, or nothing.
    NeedMalformed,

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

/// What was made, by reference: what is large then stays where it is, instead of being moved word by word.
pub(crate) const fn lent<T>(made: &Result<T, Reason>) -> Result<&T, Reason> {
    match made {
        Ok(made) => Ok(made),
        Err(reason) => Err(*reason),
    }
}

/// The caller's buffer is shorter than the flow needs. A host error: nothing was asked, stored or sent. Call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall {
    /// The length that would have been enough, in bytes.
    pub needed: usize,
}
