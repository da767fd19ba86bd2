//! The credentials that a server hands out: derived from its secret, not stored.
//!
//! ```text
//! text    = base64url(payload || tag)                              ; 66 or 110 characters
//! payload = format (1) || kind (1) || key id (1) || grant (16) || generation (4) || expires at (5) || scope (4)
//!           || resources (1) [ || method (1) || confirmation (32) ] ; 33 or 66 bytes
//! tag     = the first half of HMAC-SHA-256(key, payload)           ; 16 bytes, as in RFC 4868 section 2.1
//! ```
//!
//! A forged, mistyped or shortened credential is refused before the store is touched, and a row holds no secret.

use heapless::Vec;

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::terms::secret::{self, HmacKey};
use crate::wire::base64;
use crate::wire::write::Writer;

const FORMAT: u8 = 1;
const PAYLOAD: usize = 33;
const TEXT: usize = base64::encoded_len(PAYLOAD + TAG);
const BOUND: usize = 66;
const JKT: u8 = 1;
const X5T: u8 = 2;
const TAG: usize = 16;

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
    /// Names a pushed authorization request (RFC 9126 section 2.2).
    PushedRequest,
    /// The `jti` of a JWT access token: the token can be introspected and revoked by it.
    JwtId,
}

impl CredentialKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Interaction => 1,
            Self::Code => 2,
            Self::RefreshToken => 3,
            Self::AccessToken => 4,
            Self::PushedRequest => 5,
            Self::JwtId => 6,
        }
    }
}

/// The name of a grant: 16 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The key that must be proven with it; it is written for the two kinds of access token.
    pub bound_to: Option<Confirmation>,
}

/// The server's secrets, each with an id. The first makes new credentials; all of them open old ones.
#[derive(Clone)]
pub struct CredentialKeys {
    ring: Vec<(u8, HmacKey), { limits::CREDENTIAL_KEYS }>,
}

impl CredentialKeys {
    /// A ring with one key of 32 random bytes. `Reason::EntropyMissing` if they are all zeros.
    pub fn new(id: u8, key: &[u8; 32]) -> Result<Self, Reason> {
        Self { ring: Vec::new() }.with_retired(id, key)
    }

    /// Adds a key that opens what was made with it, and makes nothing.
    ///
    /// Where several hosts share a store, a new key is first added so on each of them, and only then made the first.
    /// `Reason::Repeated` if the id is taken, `Reason::TooMany` if the ring is full.
    pub fn with_retired(mut self, id: u8, key: &[u8; 32]) -> Result<Self, Reason> {
        if secret::equal(key, &[0; 32]) {
            return Err(Reason::EntropyMissing);
        }
        if self.ring.iter().any(|(known, _)| *known == id) {
            return Err(Reason::Repeated(Name::KeyId));
        }
        let full = Reason::TooMany(Name::CredentialKeys);
        self.ring.push((id, HmacKey::new(key))).map_err(|_| full)?;
        Ok(self)
    }

    /// Writes the text of a credential. The same credential always has the same text under the same key.
    pub(crate) fn mint(&self, credential: &Credential, w: &mut Writer<'_>) {
        let Some((id, key)) = self.ring.first() else { return };
        let head = pack(credential, *id);
        match credential.bound_to {
            None => sealed::<PAYLOAD, { PAYLOAD + TAG }>(key, &head, w),
            Some(confirmation) => {
                let (method, value) = match confirmation {
                    Confirmation::Jkt(value) => (JKT, value),
                    Confirmation::X5t(value) => (X5T, value),
                };
                let mut payload = [0; BOUND];
                put(put(put(&mut payload, head), [method]), value);
                sealed::<BOUND, { BOUND + TAG }>(key, &payload, w);
            }
        }
    }

    /// Reads a credential of one of these kinds. `None` if it is none, or was not made with one of these keys.
    pub(crate) fn open(&self, kinds: &[CredentialKind], text: &str) -> Option<Credential> {
        if text.len() == TEXT {
            return self.unseal::<PAYLOAD, { PAYLOAD + TAG }>(kinds, text).map(|(credential, _)| credential);
        }
        let (credential, payload) = self.unseal::<BOUND, { BOUND + TAG }>(kinds, text)?;
        let (_, rest) = payload.split_first_chunk::<PAYLOAD>()?;
        let (&[method], value) = rest.split_first_chunk()?;
        let value = *value.first_chunk()?;
        let bound_to = Some(match method {
            JKT => Confirmation::Jkt(value),
            X5T => Confirmation::X5t(value),
            _ => return None,
        });
        Some(Credential { bound_to, ..credential })
    }

    /// Opens a text of a payload of `N` bytes and its tag; `M` is the length of both.
    fn unseal<const N: usize, const M: usize>(
        &self,
        kinds: &[CredentialKind],
        text: &str,
    ) -> Option<(Credential, [u8; N])> {
        // There is but one spelling of it, as the decoder is strict.
        let mut binary = [0; M];
        base64::decode_url(text.as_bytes(), &mut binary).filter(|&len| len == M)?;
        let (payload, shown) = binary.split_first_chunk::<N>()?;
        let (credential, key_id) = unpack(payload.first_chunk()?, kinds)?;
        let (_, key) = self.ring.iter().find(|(id, _)| *id == key_id)?;
        secret::equal(&tag(key, payload), shown).then_some((credential, *payload))
    }

    /// Writes the DPoP nonce of this time (RFC 9449 section 8). Nothing is stored for it: it is the tag of its time slot.
    pub fn dpop_nonce(&self, now: Time, w: &mut Writer<'_>) {
        if let Some((id, key)) = self.ring.first() {
            sealed::<SLOT, { SLOT + TAG }>(key, &slot_of(*id, now), w);
        }
    }

    /// Until when a DPoP nonce of these keys is good: those of this time slot and of the one before are. `None` for any other
    /// text.
    pub fn dpop_nonce_end(&self, text: &str, now: Time) -> Option<Time> {
        let mut binary = [0; SLOT + TAG];
        base64::decode_url(text.as_bytes(), &mut binary).filter(|&len| len == SLOT + TAG)?;
        let (payload, shown) = binary.split_first_chunk::<SLOT>()?;
        let [_, _, key_id, a, b, c, d, e, f] = *payload;
        let (_, key) = self.ring.iter().find(|(id, _)| *id == key_id)?;
        let begin = Time(u64::from_be_bytes([0, 0, a, b, c, d, e, f]).checked_mul(limits::DPOP_NONCE)?);
        let end = begin.after(2 * limits::DPOP_NONCE);
        let made = *payload == slot_of(key_id, begin) && secret::equal(&tag(key, payload), shown);
        (made && begin <= now && !now.reached(end)).then_some(end)
    }
}

/// The payload of a DPoP nonce: format, a kind that no credential has, key id, and the number of the time slot.
const SLOT: usize = 9;
const DPOP_NONCE: u8 = 0xff;

fn slot_of(key_id: u8, time: Time) -> [u8; SLOT] {
    let slot = time.0.checked_div(limits::DPOP_NONCE).unwrap_or_default();
    let [_, _, slot @ ..] = slot.to_be_bytes();
    let mut payload = [0; SLOT];
    put(put(&mut payload, [FORMAT, DPOP_NONCE, key_id]), slot);
    payload
}

/// Writes a payload and its tag. `M` is `N` and the length of the tag.
fn sealed<const N: usize, const M: usize>(key: &HmacKey, payload: &[u8; N], w: &mut Writer<'_>) {
    let mut binary = [0; M];
    put(put(&mut binary, *payload), tag(key, payload));
    w.base64url(&binary);
}

fn tag(key: &HmacKey, payload: &[u8]) -> [u8; TAG] {
    let whole = key.mac(&[payload]);
    let [tag @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = whole;
    tag
}

fn pack(credential: &Credential, key_id: u8) -> [u8; PAYLOAD] {
    let mut payload = [0; PAYLOAD];
    // Five bytes of seconds reach the year 36812.
    let [_, _, _, expires_at @ ..] = credential.expires_at.0.min(0xff_ffff_ffff).to_be_bytes();
    let rest = put(&mut payload, [FORMAT, credential.kind.byte(), key_id]);
    let rest = put(rest, credential.grant.0);
    let rest = put(rest, credential.generation.to_be_bytes());
    let rest = put(rest, expires_at);
    let rest = put(rest, credential.scope.to_be_bytes());
    put(rest, [credential.resources]);
    payload
}

/// Writes a field to the start of `place`; what is left comes back.
fn put<const N: usize>(place: &mut [u8], field: [u8; N]) -> &mut [u8] {
    match place.split_first_chunk_mut() {
        Some((start, rest)) => {
            *start = field;
            rest
        }
        None => &mut [],
    }
}

fn unpack(payload: &[u8; PAYLOAD], kinds: &[CredentialKind]) -> Option<(Credential, u8)> {
    let (&[format, kind, key_id], rest) = payload.split_first_chunk()?;
    let (grant, rest) = rest.split_first_chunk()?;
    let (generation, rest) = rest.split_first_chunk()?;
    let (&[a, b, c, d, e], rest) = rest.split_first_chunk()?;
    let (scope, rest) = rest.split_first_chunk()?;
    let (&[resources], _) = rest.split_first_chunk()?;
    let kind = *kinds.iter().find(|known| known.byte() == kind && format == FORMAT)?;
    let credential = Credential {
        kind,
        grant: GrantId(*grant),
        generation: u32::from_be_bytes(*generation),
        expires_at: Time(u64::from_be_bytes([0, 0, 0, a, b, c, d, e])),
        scope: u32::from_be_bytes(*scope),
        resources,
        bound_to: None,
    };
    Some((credential, key_id))
}
