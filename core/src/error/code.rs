//! The error codes that go over the wire.

/// Error codes of the IANA "OAuth Extensions Error" registry and of the RFCs that this crate implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// RFC 6749 section 4.1.2.1.
    AccessDenied,
    /// OpenID Connect Core section 3.1.2.6.
    AccountSelectionRequired,
    /// OpenID Connect Core section 3.1.2.6.
    ConsentRequired,
    /// RFC 6750 section 3.1.
    InsufficientScope,
    /// RFC 9470 section 3.
    InsufficientUserAuthentication,
    /// OpenID Connect Core section 3.1.2.6.
    InteractionRequired,
    /// RFC 9396 section 5.
    InvalidAuthorizationDetails,
    /// RFC 6749 section 5.2.
    InvalidClient,
    /// RFC 9449 section 5.
    InvalidDpopProof,
    /// RFC 6749 section 5.2.
    InvalidGrant,
    /// RFC 6749 section 5.2.
    InvalidRequest,
    /// RFC 6749 section 5.2.
    InvalidScope,
    /// RFC 9101 section 7, OpenID Connect Core section 3.1.2.6.
    InvalidRequestUri,
    /// RFC 8707 section 2.
    InvalidTarget,
    /// RFC 6750 section 3.1.
    InvalidToken,
    /// OpenID Connect Core section 3.1.2.6.
    LoginRequired,
    /// OpenID Connect Core section 3.1.2.6.
    RequestNotSupported,
    /// OpenID Connect Core section 3.1.2.6.
    RequestUriNotSupported,
    /// RFC 6749 section 4.1.2.1.
    ServerError,
    /// RFC 6749 section 4.1.2.1.
    TemporarilyUnavailable,
    /// RFC 6749 section 5.2.
    UnauthorizedClient,
    /// OpenID Connect Core Error Code unmet_authentication_requirements section 2, RFC 9470 section 5.
    UnmetAuthenticationRequirements,
    /// RFC 6749 section 5.2.
    UnsupportedGrantType,
    /// RFC 6749 section 4.1.2.1.
    UnsupportedResponseType,
    /// RFC 9449 section 8.
    UseDpopNonce,
}

impl ErrorCode {
    /// The code as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidClient => "invalid_client",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::LoginRequired => "login_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }
}
