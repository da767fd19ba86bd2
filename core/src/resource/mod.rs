//! The resource server: one call judges a request, and gives the verdict and the answer together.
//!
//! | what | RFC | file |
//! |---|---|---|
//! | a request, and what it needs | 6750, 9396, 9470 | `request.rs` |
//! | judge it | 6750, 8705, 9449 | `judge.rs` |
//! | an opaque token, which its issuer explains | 7662 | `introspection.rs` |
//! | a JWT | 9068 | `jwt.rs` |
//! | what a token says, weighed against what is needed | 9068, 9396, 9470 | `claims.rs` |
//! | the answer to who is not served | 6750, 9449, 9470, 9728 | `challenge.rs` |
//! | what the resource says of itself | 9728 | `metadata.rs` |

mod challenge;
mod claims;
mod introspection;
mod judge;
mod jwt;
mod metadata;
mod request;

pub use crate::proof::privilege::Detail;
pub use claims::{Claims, Sender, Subject};
pub use judge::{Judge, Judgement};
pub use metadata::METADATA_URL;
pub use request::{Needs, ResourceRequest};

use crate::document;
use crate::limits;
use crate::proof::dpop;
use crate::terms::client_id::ClientId;
use crate::terms::credential::CredentialKeys;
use crate::terms::endpoint::Endpoint;
use crate::terms::issuer::Issuer;
use crate::terms::resource::Resource;
use crate::wire::jose::Algorithm;

/// The configuration of a resource server. Immutable while in use; share it freely. No `Debug`: it holds a secret.
pub struct ResourceServer<'a> {
    /// The resource, as tokens name it in their audience.
    pub resource: Resource<'a>,
    /// The issuer of its tokens.
    pub issuer: Issuer<'a>,
    /// What those tokens look like. It is never guessed from a token.
    pub access_tokens: AccessTokens<'a>,
    /// By whom a token may be sent.
    pub accepts: Accepts,
    /// The keys of the nonces that a DPoP proof must bear (RFC 9449 section 9): then no proof can have been made long before its
    /// use. `None` if none is demanded. Not the keys of a server: a nonce is of who gave it out.
    pub dpop_nonces: Option<CredentialKeys>,
    /// What it says of itself (RFC 9728), if it does: then challenges name the URL of that.
    pub metadata: Option<Metadata<'a>>,
    /// The realm to name in challenges; at most [`limits::URI`] bytes are sure to fit. Empty for none.
    pub realm: &'a str,
}

/// What access tokens look like.
pub enum AccessTokens<'a> {
    /// Their issuer is asked what they mean (RFC 7662). A revoked token is refused at once. JWTs may be asked about, too.
    Opaque {
        /// Where that issuer tells what a token is.
        introspection_endpoint: Endpoint<'a>,
        /// The resource server, as that endpoint knows it.
        client_id: ClientId<'a>,
        /// Its secret, shown by `client_secret_basic`.
        client_secret: &'a str,
    },
    /// JWTs of RFC 9068, checked here. A revoked one counts until it ends.
    Jwt {
        /// The keys of the issuer.
        keys: IssuerKeys<'a>,
        /// The algorithm of RSA keys that name none, and the only one that is taken; `None` for what each key names by itself.
        algorithm: Option<Algorithm>,
    },
}

/// The keys that an issuer signs with.
#[derive(Clone, Copy)]
pub enum IssuerKeys<'a> {
    /// A JWK set that never changes, of at most [`limits::JWKS`] bytes: nothing is asked but whether a signature holds.
    Pinned(&'a str),
    /// Where they are published (`jwks_uri`). They are kept in a row and fetched anew now and then, and for a key that is not
    /// among them.
    Published(Endpoint<'a>),
}

/// By whom a token may be sent. To demand sender constraint (RFC 9700 section 2.2.1) is to leave out [`bearer`](Self::bearer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepts {
    /// By whoever has it, if it is bound to no key.
    pub bearer: bool,
    /// By who proves the key that it is bound to, by DPoP (RFC 9449). Each proof is good once: it leaves a mark in the store.
    pub dpop: bool,
    /// By who shows the certificate that it is bound to (RFC 8705).
    pub certificate: bool,
}

impl Accepts {
    /// Whoever the token is for.
    pub const ANY: Self = Self { bearer: true, dpop: true, certificate: true };
    /// Nobody who does not prove a key.
    pub const SENDER_CONSTRAINED: Self = Self { bearer: false, ..Self::ANY };
}

/// What a resource server says of itself (RFC 9728 section 2), besides what follows from its configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metadata<'a> {
    /// `scopes_supported`, with a space between them; empty to leave it out.
    pub scopes_supported: &'a str,
    /// `authorization_details_types_supported`, likewise.
    pub authorization_details_types: &'a str,
    /// `resource_name`, for people; empty to leave it out.
    pub resource_name: &'a str,
    /// `resource_documentation`, a URL; empty to leave it out.
    pub resource_documentation: &'a str,
}

/// The buffer that a flow of a resource server needs, in bytes: the token, the proof and the keys as they are read, the
/// credentials percent-encoded, the claims, and the challenges.
pub const BUFFER: usize = 3 * limits::FOREIGN_TOKEN
    + dpop::ROOM
    + document::room(limits::JWKS)
    + 8 * (limits::CLIENT_ID + limits::CLIENT_SECRET)
    + 8 * limits::URI
    + 6 * limits::SCOPE
    + limits::AUTHORIZATION_DETAILS
    + limits::SUBJECT
    + 1024;
