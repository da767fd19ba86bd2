//! The credentials that a server hands out: derived from its secret, not stored.
//!
//! ```text
//! text       = base64url(payload || tag), 86 characters
//! payload    = kind (1) || key id (1) || grant (16) || generation (4) || expires at (5) || scope (4) || resources (1)
//! tag        = HMAC-SHA-256(key, payload), 32 bytes
//! ```
//!
//! A forged, mistyped or shortened credential is refused before the store is touched, and a row holds no secret.

use base64ct::{Base64UrlUnpadded, Encoding};
use heapless::Vec;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::limits;
use crate::terms::Time;
use crate::terms::secret;

/// The length of a credential's text, in bytes.
pub const TEXT: usize = 86;

const PAYLOAD: usize = 32;
const BINARY: usize = 64;

/// What a credential is for. None works in another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// Names an authorization request that waits for its user's decision.
    Interaction,
    /// An authorization code (RFC 6749 section 1.3.1).
    Code,
    /// A refresh token (RFC 6749 section 1.5).
    RefreshToken,
    /// An opaque access token (RFC 6749 section 1.4).
    AccessToken,
}

impl CredentialKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Interaction => 1,
            Self::Code => 2,
            Self::RefreshToken => 3,
            Self::AccessToken => 4,
        }
    }
}

/// The name of a grant: 16 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantId(pub [u8; 16]);

/// What a credential says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// What it is for.
    pub kind: CredentialKind,
    /// The grant that it belongs to.
    pub grant: GrantId,
    /// How often the grant had been refreshed when it was made, counting from 1; 0 before redemption.
    pub generation: u32,
    /// When it stops working.
    pub expires_at: Time,
    /// The scope tokens of the grant that it holds: bit i is the i-th.
    pub scope: u32,
    /// The resources of the grant that it is for: bit i is the i-th.
    pub resources: u8,
}

/// The server's secrets, each with an id. The first makes new credentials; all of them open old ones.
#[derive(Clone)]
pub struct CredentialKeys {
    ring: Vec<(u8, Hmac<Sha256>), { limits::CREDENTIAL_KEYS }>,
}

impl CredentialKeys {
    /// A ring with one key of 32 random bytes.
    pub fn new(id: u8, key: &[u8; 32]) -> Self {
        let mut ring = Vec::new();
        let _ = ring.push((id, secret::keyed(key)));
        Self { ring }
    }

    /// Adds a key that opens what it made before it was retired. `None` if the id is taken or the ring is full.
    pub fn with_retired(mut self, id: u8, key: &[u8; 32]) -> Option<Self> {
        if self.ring.iter().any(|(known, _)| *known == id) {
            return None;
        }
        self.ring.push((id, secret::keyed(key))).ok()?;
        Some(self)
    }

    /// Makes the text of a credential. The same credential always has the same text under the same key.
    pub(crate) fn mint(&self, credential: &Credential) -> Text {
        let mut text = Text([b'A'; TEXT]);
        let Some((id, key)) = self.ring.first() else { return text };
        let mut binary = [0; BINARY];
        let payload = payload(credential, *id);
        let tag: [u8; 32] = key.clone().chain_update(payload).finalize().into_bytes().into();
        for (place, byte) in binary.iter_mut().zip(payload.iter().chain(&tag)) {
            *place = *byte;
        }
        let _ = Base64UrlUnpadded::encode(&binary, &mut text.0);
        text
    }

    /// Reads a credential of one of these kinds. `None` if it is none, or was not made with one of these keys.
    pub(crate) fn open(&self, kinds: &[CredentialKind], text: &str) -> Option<Credential> {
        let mut binary = [0; BINARY];
        if text.len() != TEXT || Base64UrlUnpadded::decode(text, &mut binary).ok()?.len() != BINARY {
            return None;
        }
        let (payload, tag) = binary.split_first_chunk::<PAYLOAD>()?;
        let (_, key) = self.ring.iter().find(|(id, _)| payload.get(1) == Some(id))?;
        let expected: [u8; 32] = key.clone().chain_update(payload).finalize().into_bytes().into();
        if !secret::equal(&expected, tag) {
            return None;
        }
        let (head, rest) = payload.split_first_chunk::<2>()?;
        let (grant, rest) = rest.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (expires_at, rest) = rest.split_first_chunk::<5>()?;
        let (scope, rest) = rest.split_first_chunk::<4>()?;
        let (resources, _) = rest.split_first()?;
        let kind = kinds.iter().find(|kind| head.first() == Some(&kind.byte()))?;
        let [a, b, c, d, e] = *expires_at;
        Some(Credential {
            kind: *kind,
            grant: GrantId(*grant),
            generation: u32::from_be_bytes(*generation),
            expires_at: Time(u64::from_be_bytes([0, 0, 0, a, b, c, d, e])),
            scope: u32::from_be_bytes(*scope),
            resources: *resources,
        })
    }
}

fn payload(credential: &Credential, key_id: u8) -> [u8; PAYLOAD] {
    let [a, b, c, d] = credential.generation.to_be_bytes();
    // Five bytes of seconds reach the year 36812.
    let [_, _, _, t0, t1, t2, t3, t4] = credential.expires_at.0.min(0xff_ffff_ffff).to_be_bytes();
    let [s0, s1, s2, s3] = credential.scope.to_be_bytes();
    let g = credential.grant.0;
    let [g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, g12, g13, g14, g15] = g;
    [
        credential.kind.byte(),
        key_id,
        g0,
        g1,
        g2,
        g3,
        g4,
        g5,
        g6,
        g7,
        g8,
        g9,
        g10,
        g11,
        g12,
        g13,
        g14,
        g15,
        a,
        b,
        c,
        d,
        t0,
        t1,
        t2,
        t3,
        t4,
        s0,
        s1,
        s2,
        s3,
        credential.resources,
    ]
}

/// The text of a credential. No `Debug`: it is a secret.
pub(crate) struct Text([u8; TEXT]);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}
