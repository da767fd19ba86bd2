//! The row of a client's session, from the authorization request to the sign-out.
//!
//! ```text
//!              authorize             callback                redeem: tokens               lease
//!   (absent) ------------> Started ------------> Redeeming ----------------> Active -----------------> Refreshing
//!                             |                     |                         |  ^   tokens, or released   |
//!                             | error, expiry       | failure                 |  '--------------------------'
//!                             v                     v                         v                            |
//!                           (gone)                (gone)                    (gone)  sign-out,   <----------'
//!                                                                                   invalid_grant
//! ```

use super::Record;
use crate::limits;
use crate::terms::Time;
use crate::wire::encoding::encoding;

/// One row per sign-in, in the clear: it holds the `code_verifier`, and then the tokens. Each step is one compare-and-swap: so a
/// callback works once, and of all the tabs, threads and processes that share a session one alone spends its refresh token.
#[derive(Clone, Copy)]
pub enum Session<'s> {
    /// The user was sent to the authorization server.
    Started(Started<'s>),
    /// The authorization response was accepted; its code is being exchanged. It is never accepted again.
    Redeeming(Owner<'s>),
    /// Signed in.
    Active(TokenSet<'s>),
    /// Signed in; one holder of the lease is spending the refresh token.
    Refreshing(Refreshing<'s>),
}

encoding!(enum Session<'v> {
    0 Started(started), 1 Redeeming(redeeming), 2 Active(active), 3 Refreshing(refreshing),
});

impl<'s> Record<'s> for Session<'s> {}

impl<'s> Session<'s> {
    /// At which server, as which client. Not to choose the client for a response by: the session is the one of the `state`,
    /// so that every response would match, also one that another server has sent (RFC 9700 section 4.4).
    pub const fn owner(&self) -> Owner<'s> {
        match self {
            Self::Started(Started { owner, .. })
            | Self::Redeeming(owner)
            | Self::Active(TokenSet { owner, .. })
            | Self::Refreshing(Refreshing { tokens: TokenSet { owner, .. }, .. }) => *owner,
        }
    }

    /// The tokens, once there are some.
    pub const fn tokens(&self) -> Option<&TokenSet<'s>> {
        match self {
            Self::Active(tokens) | Self::Refreshing(Refreshing { tokens, .. }) => Some(tokens),
            Self::Started(_) | Self::Redeeming(_) => None,
        }
    }
}

/// Whose session this is. What belongs to one server never goes to another (RFC 9700 section 4.4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Owner<'s> {
    /// The issuer identifier of the server.
    pub issuer: &'s str,
    /// The client, as that server knows it.
    pub client_id: &'s str,
}

encoding!(struct Owner<'v> { issuer, client_id });

/// An authorization request that waits for its response.
#[derive(Clone, Copy)]
pub struct Started<'s> {
    /// At which server, as which client.
    pub owner: Owner<'s>,
    /// The hash of the binding of the user agent that began it.
    pub user_agent: [u8; 32],
    /// Whether the server's metadata promised `iss` in the response. What it says later cannot take that back.
    pub iss_promised: bool,
    /// The `code_verifier`. It leaves this row for the token endpoint alone.
    pub code_verifier: &'s str,
    /// The redirection URI of the request.
    pub redirect_uri: &'s str,
    /// The scope asked for; empty if none was named.
    pub scope: &'s str,
    /// The resources asked for.
    pub resources: &'s str,
    /// The oldest authentication of the user that will do, in seconds, if one was named (OpenID Connect Core section 3.1.2.1).
    pub max_age: Option<u64>,
    /// The authentication context classes asked for; empty if none was named.
    pub acr_values: &'s str,
    /// What its requests are signed with.
    pub signing: Signing<'s>,
    /// When the request lapses.
    pub expires_at: Time,
}

encoding!(long struct Started<'v> {
    owner, user_agent, iss_promised, code_verifier, redirect_uri, scope, resources, max_age, acr_values, signing, expires_at,
});

/// What the requests of a session are signed with, where any are.
#[derive(Clone, Copy)]
pub struct Signing<'s> {
    /// A secret of the session: what must be unique is derived from it, so that no later request needs randomness.
    pub seed: [u8; 32],
    /// The `kid` of the key that the tokens are bound to (RFC 9449), if they are bound to one.
    pub key_id: Option<&'s str>,
    /// The nonce that the server has given out last (RFC 9449 section 8.2), if it has.
    pub nonce: Option<&'s str>,
}

encoding!(struct Signing<'v> { seed, key_id, nonce });

/// The user, as the ID token of the sign-in names them. With the issuer, this is who they are; nothing else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'s> {
    /// `sub`.
    pub subject: &'s str,
    /// `auth_time`, if it was told.
    pub authenticated_at: Option<Time>,
}

encoding!(struct Identity<'v> { subject, authenticated_at });

/// The tokens of a session.
#[derive(Clone, Copy)]
pub struct TokenSet<'s> {
    /// From which server, as which client.
    pub owner: Owner<'s>,
    /// The access token.
    pub access_token: &'s str,
    /// When the access token ends, if the server said so.
    pub expires_at: Option<Time>,
    /// The refresh token, if there is one.
    pub refresh_token: Option<&'s str>,
    /// The scope granted.
    pub scope: &'s str,
    /// The scope asked for at the sign-in; empty if none was named.
    pub scope_asked: &'s str,
    /// The resources asked for.
    pub resources: &'s str,
    /// What its requests are signed with.
    pub signing: Signing<'s>,
    /// The user, if the sign-in was one of OpenID Connect.
    pub identity: Option<Identity<'s>>,
}

encoding!(long struct TokenSet<'v> {
    owner, access_token, expires_at, refresh_token, scope, scope_asked, resources, signing, identity,
});

impl<'s> TokenSet<'s> {
    /// The token that stands for the grant at the server: the refresh token, if there is one.
    pub(crate) fn strongest(&self) -> &'s str {
        self.refresh_token.unwrap_or(self.access_token)
    }
}

/// A session whose refresh token is being spent.
#[derive(Clone, Copy)]
pub struct Refreshing<'s> {
    /// The tokens as they were.
    pub tokens: TokenSet<'s>,
    /// When the lease lapses: whoever took it has died or lost its connection by then.
    pub lease_until: Time,
}

encoding!(struct Refreshing<'v> { tokens, lease_until });

/// No row of a session is longer than this, in bytes. The longest is that of a session with both tokens.
pub const SESSION_ROW: usize = limits::URI
    + limits::CLIENT_ID
    + 2 * limits::FOREIGN_TOKEN
    + 2 * limits::SCOPE
    + limits::RESOURCES * (limits::RESOURCE + 1)
    + limits::KEY_ID
    + limits::NONCE
    + limits::SUBJECT
    + 128;

const _: () =
    assert!(2 * limits::FOREIGN_TOKEN > limits::URI + limits::ACR_VALUES + 128 + 64, "a started session fits too");
