//! The client: one file per thing that an application does.
//!
//! | what | RFC | file |
//! |---|---|---|
//! | find a server | 8414 section 3, OpenID Connect Discovery | `discover.rs` |
//! | send the user there | 6749 section 4.1.1, 7636, 8707, 9126 | `authorize.rs` |
//! | take the user back, with tokens | 6749 sections 4.1.2 to 4.1.4, 9207 | `callback.rs` |
//! | have an access token that works | 6749 section 6 | `refresh.rs` |
//! | sign out | 7009 | `revoke.rs` |
//! | have a token without a user | 6749 section 4.4 | `credentials.rs` |
//! | ask a resource | 6750, 9449 section 7, 9470 | `request.rs` |
//! | say who the client is | 7591, client ID metadata documents | `metadata.rs` |
//! | ask about the user | OpenID Connect Core section 5.3 | `userinfo.rs` |
//!
//! What a request to the server needs besides its form, a client assertion (RFC 7523) and a DPoP proof (RFC 9449), is signed in
//! `exchange.rs`, for every flow alike.
//!
//! A buffer that was lent to a flow holds secrets afterwards, and is its caller's to wipe.
//!
//! A session is a row, named by a [`Key`] of 32 bytes that the application keeps as its handle. It can
//! be computed from the `state`, which travels in URLs: so an application keeps it in the user's own session with it, and
//! never takes it from a request as proof of who is asking.

mod access;
mod authorize;
mod callback;
mod checking;
mod credentials;
mod discover;
mod exchange;
mod id_token;
mod metadata;
mod refresh;
mod request;
mod response;
mod revoke;
mod userinfo;

pub use authorize::{AuthorizationRequest, Authorize, SignIn};
pub use callback::{Callback, SignedIn};
pub use credentials::Credentials;
pub use discover::{Discover, WellKnown};
pub use metadata::{METADATA_BUFFER, Published};
pub use refresh::{Refresh, Refreshed};
pub use request::{Request, Requested, ResourceRequest, ResourceResponse, StepUp};
pub use response::{Failure, ServerError, Tokens};
pub use revoke::{Revoke, Revoked};
pub use userinfo::{UserClaims, Userinfo};

use crate::error::{Reason, TooSmall, lent};
use crate::limits;
use crate::record::{Key, Kind, Owner, Record, SESSION_ROW, Session, TokenSet};
use crate::step::{Exchange, Labels, Write};
use crate::terms::Time;
use crate::terms::client_id::ClientId;
use crate::terms::endpoint::Schemes;
use crate::terms::issuer::Issuer;
use crate::terms::list::List;
use crate::terms::metadata::{Seen, ServerMetadata};
use crate::terms::signing_key::{SigningKey, SigningKeys};
use crate::wire::jose::Algorithm;
use crate::wire::write::{Arena, FormWriter};

/// The longest request, with every value percent-encoded.
const REQUEST: usize = limits::URI
    + 3 * (limits::FOREIGN_TOKEN + limits::URI + limits::SCOPE)
    + 3 * limits::RESOURCES * (limits::RESOURCE + 4)
    + 8 * (limits::CLIENT_ID + limits::CLIENT_SECRET)
    + 1024;

/// A JWS that is made here: its JSON, what is signed, and that with its signature. The longest holds the public key of an RSA key
/// of 4096 bits, the URL of an endpoint and a nonce.
const SIGNED: usize = 3 * (1024 + limits::URI + limits::NONCE + limits::KEY_ID) + 2 * limits::CLIENT_ID + 1024;

/// The buffer that every flow of the client needs, in bytes: a request with all that is signed for it, the same again with the
/// nonce of the server, the revocation of what nobody keeps, the keys of an ID token, and rows for a flow that loses every race.
pub const BUFFER: usize = 3 * REQUEST + 6 * SIGNED + 5 * SESSION_ROW + id_token::ROOM;

const _: () = assert!(limits::RACES <= 2, "a refresh writes one row more than it loses races, and two after it");

/// The configuration of a client at one authorization server. Immutable while in use; share it freely.
pub struct Client<'a> {
    /// The server.
    pub issuer: Issuer<'a>,
    /// The client, as that server knows it.
    pub client_id: ClientId<'a>,
    /// How the client shows that server who it is.
    pub authentication: Authentication<'a>,
    /// Where the server sends the user back to. A client of several servers has one of its own for each (RFC 9700 section
    /// 4.4.2.2).
    pub redirect_uri: &'a str,
    /// What its tokens are bound to.
    pub binding: Binding<'a>,
    /// When an authorization request is pushed.
    pub pushed_requests: PushedRequests,
    /// The algorithm that its ID tokens are signed with, as it is registered: `id_token_signed_response_alg` (OpenID Connect
    /// Registration section 2). What the token says does not count.
    pub id_token_algorithm: Algorithm,
    /// The scope to ask for if a sign-in names no other; empty for the server's default.
    pub scope: &'a str,
    /// The resources that tokens are for (RFC 8707), with a space between them.
    pub resources: &'a str,
    /// How this client tells the responses of its server from those of another.
    pub mix_up_defense: MixUpDefense,
    /// Over which schemes the server is asked.
    pub schemes: Schemes,
    /// Which addresses the server may have.
    pub addresses: Addresses,
    /// How long things live.
    pub lifetimes: Lifetimes,
}

/// How a client authenticates (RFC 6749 section 2.3). One method, never two. No `Debug`: it holds the secret.
#[derive(Clone, Copy)]
pub enum Authentication<'a> {
    /// A public client, which has no secret.
    None,
    /// `client_secret_basic`.
    ClientSecretBasic(&'a str),
    /// `client_secret_post`.
    ClientSecretPost(&'a str),
    /// `private_key_jwt` (RFC 7523): an assertion is signed for every request, for the server's issuer alone.
    PrivateKeyJwt(SigningKey<'a>),
    /// `tls_client_auth` (RFC 8705 section 2.1): by a certificate that the server's authorities have issued. The host shows it.
    TlsClientAuth,
    /// `self_signed_tls_client_auth` (RFC 8705 section 2.2): by a certificate that the server knows. The host shows it.
    SelfSignedTlsClientAuth,
}

/// What a client has its tokens bound to (RFC 9700 section 2.2.1).
#[derive(Clone)]
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Binding<'a> {
    /// Nothing: whoever has a token can use it.
    None,
    /// A key (RFC 9449). The first one is for what begins now; the others are those of sessions that began before, so that a
    /// key is replaced while its sessions end. A key belongs to one server: what is bound to it elsewhere cannot be put to use here.
    Dpop(SigningKeys<'a>),
    /// The certificate that the host shows (RFC 8705 section 3).
    Certificate,
}

/// When an authorization request is pushed (RFC 9126), so that what it asks does not pass through the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushedRequests {
    /// If the server demands it.
    #[default]
    IfRequired,
    /// Always: a server that takes none is refused.
    Always,
}

/// How a client tells the responses of its server from those of another (RFC 9700 section 4.4.2). None is no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixUpDefense {
    /// The server names itself in every response (RFC 9207): metadata that does not promise it and a response without it
    /// are refused.
    Iss,
    /// The redirection URI is used with no other issuer, and the application chooses the client by it.
    OwnRedirectUri,
    /// The application has no other server, and will have none as long as this client is in use.
    OnlyServer,
}

/// Which addresses a request may be sent to: metadata and host names are other parties' words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// Public ones. A server that is asked over plain http is on loopback, and may be asked all the same.
    #[default]
    PublicOnly,
    /// Those of loopback and of the host's own network too: metadata can then name whatever is reachable from there.
    PrivateAndLoopbackToo,
}

/// How long things live, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From the authorization request to its response.
    pub sign_in: u64,
    /// A session that is not refreshed.
    pub session: u64,
}

impl Default for Lifetimes {
    /// Ten minutes, ninety days.
    fn default() -> Self {
        Self { sign_in: 600, session: 7_776_000 }
    }
}

impl Client<'_> {
    /// Whether its requests are made over connections on which it has shown a certificate.
    const fn shows_certificate(&self) -> bool {
        matches!(self.authentication, Authentication::TlsClientAuth | Authentication::SelfSignedTlsClientAuth)
            || matches!(self.binding, Binding::Certificate)
    }

    /// The server as this client sees it: one that shows a certificate has endpoints of its own.
    const fn sees<'s>(&self, server: &'s ServerMetadata<'s>) -> Seen<'s, 's> {
        Seen { server, with_certificate: self.shows_certificate() }
    }

    const fn public_addresses_only(&self) -> bool {
        matches!(self.addresses, Addresses::PublicOnly)
    }

    /// Says in the policy of an exchange where it may go, and what the client shows there.
    const fn restrict<'e>(&self, mut exchange: Exchange<'e>) -> Exchange<'e> {
        exchange.policy.public_addresses_only = self.public_addresses_only() && !exchange.policy.plain_http;
        exchange.policy.client_certificate = self.shows_certificate();
        exchange
    }
}

/// What the flows of the client carry along, once the server is known.
struct Context<'a> {
    client: &'a Client<'a>,
    server: &'a ServerMetadata<'a>,
    now: Time,
    arena: Arena<'a>,
}

impl<'a> Context<'a> {
    fn new(
        client: &'a Client<'a>,
        server: &'a ServerMetadata<'a>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Self, TooSmall> {
        Ok(Self { client, server, now, arena: Arena::new(buffer, BUFFER)? })
    }

    /// The server as this client sees it: one that shows a certificate has endpoints of its own.
    const fn server(&self) -> Seen<'a, 'a> {
        self.client.sees(self.server)
    }

    /// Whose session it is that this client begins.
    const fn owner(&self) -> Owner<'a> {
        Owner { issuer: self.client.issuer.as_str(), client_id: self.client.client_id.as_str() }
    }

    /// Whether it is.
    #[inline(never)]
    fn owns(&self, session: &Session<'_>) -> bool {
        session.owner() == self.owner()
    }

    /// Refuses metadata of another server than the client's.
    fn check_server(&self) -> Result<(), Reason> {
        if self.server.issuer() == self.client.issuer { Ok(()) } else { Err(Reason::IssuerMismatch) }
    }

    /// The bytes of a row. What is read back from them outlives what they were made of.
    fn encode(&mut self, session: &Session<'_>) -> Result<&'a [u8], Reason> {
        Ok(self.arena.fill(|place| session.encode(place))?)
    }

    fn write(&self, key: Key, expected: Option<u64>, value: Option<&'a [u8]>, expires_at: Time) -> Write<'a> {
        let labels = Labels { kind: Kind::Session, client_id: Some(self.client.client_id.as_str()), subject: None };
        Write { key, expected, value, expires_at, labels }
    }
}

impl<'a> Context<'a> {
    /// The write that makes these the tokens of the session, and the tokens as it holds them.
    fn activate(&mut self, key: Key, version: u64, tokens: &TokenSet<'_>) -> Result<(Write<'a>, TokenSet<'a>), Reason> {
        let value = self.encode(&Session::Active(*tokens))?;
        let session = Session::decode(value);
        let tokens = lent(&session)?.tokens().ok_or(Reason::RowUndecodable)?;
        Ok((self.write(key, Some(version), Some(value), self.keep_until(tokens)), *tokens))
    }

    /// The time that an access token must outlast to be handed out where there is another way to have one.
    const fn fresh_until(&self) -> Time {
        self.now.after(limits::FRESH_MARGIN)
    }

    /// How long the store keeps a session with these tokens.
    fn keep_until(&self, tokens: &TokenSet<'_>) -> Time {
        match tokens.expires_at {
            Some(end) if tokens.refresh_token.is_none() => end,
            _ => self.now.after(self.client.lifetimes.session),
        }
    }
}

/// Whether an access token may be handed out: it was not rejected, and has not ended by then.
fn works(tokens: &TokenSet<'_>, rejected: Option<&str>, by: Time) -> bool {
    Some(tokens.access_token) != rejected && tokens.expires_at.is_none_or(|end| !by.reached(end))
}

/// Writes each of the resources as a parameter of its own (RFC 8707 section 2).
fn write_resources(form: &mut FormWriter<'_, '_>, resources: &str) {
    for resource in List(resources).words() {
        form.pair("resource", resource);
    }
}
