//! What the host stores: rows with a versioned binary encoding, read by borrowing.
//!
//! A row begins with the version of its encoding, and must decode to its last byte. Lists are words with one space
//! between them (see [`List`](crate::terms::list::List)); none of the terms listed may hold a space.

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::limits;
use crate::terms::credential::GrantId;
use crate::wire::encoding::{Encoded, Reader};
use crate::wire::write;

mod client;
mod document;
mod grant;
mod mark;
mod nonce;
mod session;

pub use client::{
    AuthenticationMethod, CLIENT_ROW, CertificateSubject, Client, ClientKeys, GrantTypes, SenderConstraint,
};
pub use document::{Document, DocumentKind};
pub use grant::{Active, Code, Grant, Granted, Pending, Refusal, Requested, Revoked};
pub use mark::Mark;
pub use nonce::Nonce;
pub use session::{Identity, Owner, Refreshing, SESSION_ROW, Session, Signing, Started, TokenSet};

/// The version of the encodings below. A row of another version does not decode.
const VERSION: u8 = 1;

/// The key of a row: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The key of a client's row.
    pub fn client(client_id: &str) -> Self {
        Self(Sha256::new().chain_update(b"client\0").chain_update(client_id.as_bytes()).finalize().into())
    }

    /// The key of a grant's row.
    pub fn grant(grant: GrantId) -> Self {
        let mut key = *b"................symbolon grant 1";
        for (place, byte) in key.iter_mut().zip(grant.0) {
            *place = byte;
        }
        Self(key)
    }

    /// The key of the mark that a DPoP proof leaves: of the key that signed it, by its thumbprint, and of its `jti`.
    pub fn dpop_proof(jkt: &[u8; 32], jti: &str) -> Self {
        let hash = Sha256::new().chain_update(b"dpop\0").chain_update(jkt).chain_update(jti.as_bytes());
        Self(hash.finalize().into())
    }

    /// The key of the mark that a client assertion leaves: of the client and of its `jti`.
    pub fn assertion(client_id: &str, jti: &str) -> Self {
        // No client_id holds a NUL, so that the two cannot run into each other.
        let hash = Sha256::new().chain_update(b"assertion\0").chain_update(client_id.as_bytes());
        Self(hash.chain_update(b"\0").chain_update(jti.as_bytes()).finalize().into())
    }

    /// The key of the document of this kind at this URL: who has it read as another kind than it is does not reach its row.
    pub fn document(kind: DocumentKind, url: &str) -> Self {
        let hash = Sha256::new().chain_update(b"document\0").chain_update(kind.as_str().as_bytes());
        Self(hash.chain_update(b"\0").chain_update(url.as_bytes()).finalize().into())
    }

    /// The key of the mark that a client's `code_challenge` leaves.
    pub fn challenge(client_id: &str, challenge: &[u8; 32]) -> Self {
        let hash = Sha256::new().chain_update(b"challenge\0").chain_update(challenge);
        Self(hash.chain_update(client_id.as_bytes()).finalize().into())
    }

    /// The key of the mark that a client's `nonce` leaves.
    pub fn nonce(client_id: &str, nonce: &str) -> Self {
        // A `client_id` has no such byte.
        let hash = Sha256::new().chain_update(b"nonce\0").chain_update(client_id.as_bytes()).chain_update(b"\0");
        Self(hash.chain_update(nonce.as_bytes()).finalize().into())
    }

    /// The key of the session of a client that has tokens of its own, for this scope and these resources. None of the four holds
    /// a NUL.
    pub fn credentials(issuer: &str, client_id: &str, scope: &str, resources: &str) -> Self {
        let mut hash = Sha256::new().chain_update(b"credentials");
        for part in [issuer, client_id, scope, resources] {
            hash.update(b"\0");
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// The key of the nonce that a client has of the server at this origin. None of the three holds a NUL.
    pub fn origin_nonce(issuer: &str, client_id: &str, origin: &str) -> Self {
        let mut hash = Sha256::new().chain_update(b"origin");
        for part in [issuer, client_id, origin] {
            hash.update(b"\0");
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// The key of the session that an authorization response with this `state` belongs to.
    pub fn session(state: &str) -> Self {
        Self(Sha256::new().chain_update(b"session\0").chain_update(state.as_bytes()).finalize().into())
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A [`Client`].
    Client,
    /// A [`Grant`].
    Grant,
    /// A [`Session`].
    Session,
    /// A [`Mark`].
    Mark,
    /// A [`Document`].
    Document,
    /// A [`Nonce`].
    Nonce,
}

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Grant => "grant",
            Self::Session => "session",
            Self::Mark => "mark",
            Self::Document => "document",
            Self::Nonce => "nonce",
        }
    }
}

/// A record that can be written to a row and read from one.
pub trait Record<'v>: Encoded<'v> {
    /// Reads a row. `Reason::RowUndecodable` if it is not one of this kind and version, to the last byte.
    fn decode(value: &'v [u8]) -> Result<Self, Reason> {
        let mut reader = Reader::new(value);
        if reader.byte() != VERSION {
            return Err(Reason::RowUndecodable);
        }
        let record = Self::read(&mut reader);
        if reader.end() { Ok(record) } else { Err(Reason::RowUndecodable) }
    }

    /// Writes a row to the start of `buffer`; `None` if it does not fit.
    fn encode(&self, buffer: &mut [u8]) -> Option<usize> {
        write::into(buffer, |w| {
            w.byte(VERSION);
            self.write(w);
        })
    }
}

/// No row of a grant is longer than this, in bytes. The longest is that of a request that waits for its decision.
pub const GRANT_ROW: usize = limits::CLIENT_ID
    + limits::CLIENT_NAME
    + limits::URI
    + limits::STATE
    + limits::SCOPE
    + limits::RESOURCES * (limits::RESOURCE + 1)
    + limits::NONCE
    + limits::LOGIN_HINT
    + limits::ACR_VALUES
    + limits::AUTHORIZATION_DETAILS
    + limits::NAME
    + 256;

const _: () =
    assert!(limits::STATE > limits::SUBJECT + 2 * limits::ACR_VALUES, "a row with a user and no state fits too");
