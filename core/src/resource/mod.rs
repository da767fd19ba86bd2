//! The resource server: one call judges a request.
//!
//! | what | RFC | file |
//! |---|---|---|
//! | judge a request that bears an opaque token | 6750, 7662 | `judge.rs` |

mod judge;

pub use judge::{Claims, Judge, Judgement};

use crate::limits;
use crate::terms::client_id::ClientId;
use crate::terms::endpoint::Endpoint;
use crate::terms::issuer::Issuer;
use crate::terms::resource::Resource;

/// The buffer that the flow of a resource server needs, in bytes: the token and the credentials percent-encoded, the claims,
/// and a challenge.
pub const BUFFER: usize = 3 * limits::FOREIGN_TOKEN
    + 8 * (limits::CLIENT_ID + limits::CLIENT_SECRET)
    + 2 * limits::URI
    + 3 * limits::SCOPE
    + limits::SUBJECT
    + 1024;

/// The configuration of a resource server. Immutable while in use; share it freely. No `Debug`: it holds a secret.
pub struct ResourceServer<'a> {
    /// The resource, as tokens name it in their audience.
    pub resource: Resource<'a>,
    /// The issuer of its tokens.
    pub issuer: Issuer<'a>,
    /// Where that issuer tells what a token is (RFC 7662).
    pub introspection_endpoint: Endpoint<'a>,
    /// The resource server, as that endpoint knows it.
    pub client_id: ClientId<'a>,
    /// Its secret, shown by `client_secret_basic`.
    pub client_secret: &'a str,
    /// The realm to name in challenges; at most [`limits::URI`] bytes are sure to fit.
    pub realm: &'a str,
}
