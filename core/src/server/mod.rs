//! The authorization server: one file per endpoint or grant.
//!
//! | endpoint | RFC | file |
//! |---|---|---|
//! | authorization | 6749 section 3.1, 7636, 8707, 9126, 9207, 9396, OpenID Connect Core section 3.1.2 | `authorize.rs`, `request.rs`, `interaction.rs`, `decide.rs` |
//! | pushed authorization request | 9126 | `push.rs` |
//! | token | 6749 section 3.2 | `token.rs`, `authorization_code.rs`, `refresh_token.rs`, `client_credentials.rs` |
//! | revocation | 7009 | `revoke.rs` |
//! | introspection | 7662 | `introspect.rs` |
//! | userinfo | OpenID Connect Core section 5.3 | `userinfo.rs` |
//! | metadata | 8414, OpenID Connect Discovery | `metadata.rs` |
//! | keys | 7517 | `jwks.rs` |

mod authorization_code;
mod authorize;
mod caller;
mod client_credentials;
mod decide;
mod endpoint;
mod interaction;
mod introspect;
mod issue;
mod jwks;
mod metadata;
mod presented;
mod push;
mod refresh_token;
mod registration;
mod reply;
mod request;
mod revoke;
mod token;
mod token_keys;
mod userinfo;

pub use authorize::Authorize;
pub use decide::{Authenticated, Decide, Decision, Unasked};
pub use interaction::{Authorization, Prompt, Resume};
pub use introspect::Introspect;
pub use push::Push;
pub use revoke::Revoke;
pub use token::Token;
pub use token_keys::{AccessTokens, TokenKeys};
pub use userinfo::{User, Userinfo, UserinfoReply};

pub use crate::terms::signing_key::{SigningKey, SigningKeys};

use crate::document;
use crate::error::TooSmall;
use crate::limits;
use crate::proof::{assertion, dpop};
use crate::record::{CLIENT_ROW, GRANT_ROW, SenderConstraint};
use crate::terms::Time;
use crate::terms::credential::CredentialKeys;
use crate::terms::issuer::Issuer;
use crate::wire::write::Arena;

/// The longest redirect, with `state` and `iss` percent-encoded. No other reply is as long.
const REDIRECT: usize = limits::URI + 3 * (limits::STATE + limits::URI) + 512;

/// The claims of a token, before base64: an issuer, a user, a client with every character escaped, resources and what else goes
/// with a grant.
const CLAIMS: usize = limits::URI
    + limits::SUBJECT
    + 2 * limits::CLIENT_ID
    + limits::RESOURCES * (limits::RESOURCE + 3)
    + limits::SCOPE
    + limits::AUTHORIZATION_DETAILS
    + 2 * limits::NONCE
    + 4 * limits::ACR_VALUES
    + 512;

/// A signed token, with what it is made of: its claims, the message, and the message with its signature.
const SIGNED: usize = CLAIMS + 2 * (CLAIMS.div_ceil(3) * 4 + 512) + limits::RSA_MODULUS_MAX / 6;

/// A token response with both tokens, and what they are made of.
const TOKENS: usize = 2 * SIGNED + 2 * (CLAIMS.div_ceil(3) * 4 + 512) + limits::RSA_MODULUS_MAX / 3 + CLAIMS;

/// What is written once, of a caller: its row, or its metadata document and the row that this makes; its keys, which may be in a
/// document, too; the assertion, as often as keys are looked at, and the DPoP proof twice.
const CALLER: usize = 2 * CLIENT_ROW
    + document::room(limits::CLIENT_DOCUMENT)
    + document::room(limits::JWKS)
    + 4 * assertion::ROOM
    + 2 * dpop::ROOM
    + limits::AUTHORIZATION;

const fn longer(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The buffer that every flow of the server needs, in bytes: what is known of a caller; and the row as it was read, the row as it
/// is written, and the redirect or the tokens, three times, for a flow that loses two races and writes all anew each time.
pub const BUFFER: usize = CALLER + 3 * (2 * GRANT_ROW + longer(REDIRECT, TOKENS));

const _: () = assert!(limits::RACES <= 2, "three rounds");

/// The configuration of an authorization server. Immutable while in use; share it freely. Each issuer has a store and keys of
/// its own: neither rows nor credentials name the issuer.
pub struct Server<'a> {
    /// The issuer identifier (RFC 8414 section 2). Every URL and `iss` that the server writes comes from here and from the
    /// endpoints below, never from a request.
    pub issuer: Issuer<'a>,
    /// The secrets that credentials are made with.
    pub keys: CredentialKeys,
    /// The URLs of the endpoints.
    pub endpoints: Endpoints<'a>,
    /// The keys that ID tokens and JWT access tokens are signed with, and whether access tokens are.
    pub signing_keys: TokenKeys<'a>,
    /// Whether every client's tokens must be bound to a key.
    pub sender_constraint: SenderConstraint,
    /// Whether every client must push its authorization requests (RFC 9126 section 5).
    pub pushed_requests_only: bool,
    /// Whether a DPoP proof must hold a nonce of this server (RFC 9449 section 8): then no proof can have been made long before
    /// its use.
    pub dpop_nonces: bool,
    /// Whether a client may be known by the URL of its metadata document alone. What it may ask for is what is named below; its
    /// user is shown the host of that URL ([`Prompt::client_host`]).
    pub client_id_metadata_documents: bool,
    /// The types of `authorization_details` to name in the metadata (RFC 9396 section 10).
    pub authorization_details_types: &'a str,
    /// The scope tokens to name in the metadata. A client that is known by its metadata document may ask for these.
    pub scopes_supported: &'a str,
    /// The resources to name in the metadata (RFC 9728 section 4), at most [`limits::RESOURCES`]. A client that is known by its
    /// metadata document may ask for tokens for these, and gets them for the first if it names none.
    pub protected_resources: &'a str,
    /// How long things live.
    pub lifetimes: Lifetimes,
}

/// The URLs of the server's endpoints, as its metadata names them.
#[derive(Clone, Copy)]
pub struct Endpoints<'a> {
    /// `authorization_endpoint`.
    pub authorization: &'a str,
    /// `token_endpoint`.
    pub token: &'a str,
    /// `revocation_endpoint`.
    pub revocation: &'a str,
    /// `introspection_endpoint`.
    pub introspection: &'a str,
    /// `pushed_authorization_request_endpoint`; empty, as the two below, if the server has none.
    pub pushed_authorization_request: &'a str,
    /// `jwks_uri`.
    pub jwks: &'a str,
    /// `userinfo_endpoint`.
    pub userinfo: &'a str,
}

/// How long things live, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From the authorization request to the user's decision.
    pub interaction: u64,
    /// A pushed authorization request, until a browser brings its name; at most [`limits::PUSHED_REQUEST_LIFETIME`], and that if
    /// it is longer.
    pub pushed_request: u64,
    /// An authorization code; at most [`limits::CODE_LIFETIME`], and that if it is longer.
    pub code: u64,
    /// An access token.
    pub access_token: u64,
    /// A refresh token that is not used.
    pub refresh_token: u64,
    /// A grant with refresh tokens, however often it is refreshed.
    pub grant: u64,
    /// After a refresh, how long a client that authenticates may ask for the same successor again; at most
    /// [`limits::RETRY_WINDOW`], and that if it is longer.
    pub retry: u64,
}

impl Lifetimes {
    const fn pushed_request(&self) -> u64 {
        if self.pushed_request < limits::PUSHED_REQUEST_LIFETIME {
            self.pushed_request
        } else {
            limits::PUSHED_REQUEST_LIFETIME
        }
    }

    const fn code(&self) -> u64 {
        if self.code < limits::CODE_LIFETIME { self.code } else { limits::CODE_LIFETIME }
    }

    const fn retry(&self) -> u64 {
        if self.retry < limits::RETRY_WINDOW { self.retry } else { limits::RETRY_WINDOW }
    }
}

impl Default for Lifetimes {
    /// Ten minutes, one minute, one minute, ten minutes, thirty days, ninety days, thirty seconds.
    fn default() -> Self {
        Self {
            interaction: 600,
            pushed_request: 60,
            code: 60,
            access_token: 600,
            refresh_token: 2_592_000,
            grant: 7_776_000,
            retry: 30,
        }
    }
}

/// What every flow of the server carries along.
struct Context<'a> {
    server: &'a Server<'a>,
    now: Time,
    arena: Arena<'a>,
}

impl<'a> Context<'a> {
    fn new(server: &'a Server<'a>, now: Time, buffer: &'a mut [u8], needed: usize) -> Result<Self, TooSmall> {
        Ok(Self { server, now, arena: Arena::new(buffer, needed)? })
    }
}
