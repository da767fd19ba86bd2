//! The ID token (OpenID Connect Core sections 2, 3.1.3.7 and 12.2), checked in full: what it says, and that the server has
//! signed it.
//!
//! It is no flow by itself: a flow that has read a token response asks these questions before it stores anything. The claims come
//! first, as they cost nothing; then the server's keys, by way of their cached document, and the signature with the one key that
//! fits. Nothing of the token is used before that, and no flow goes on without.

use sha2::{Digest, Sha256};

use crate::client::Context;
use crate::document::{self, AwaitCommit, AwaitResponse, AwaitRow, Found, Source, Turn};
use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::proof::jwt::Claims;
use crate::proof::signature::Unverified;
use crate::record::{DocumentKind, Identity};
use crate::terms::Time;
use crate::terms::list::List;
use crate::terms::secret;
use crate::wire::base64;
use crate::wire::jose::{Algorithm, Jws};
use crate::wire::json::{Object, Value};
use crate::wire::jwk::{self, Jwk};

/// What an ID token may take of the arena, in bytes: its text, what it says, its key, and the keys of the server.
pub(super) const ROOM: usize = 3 * limits::JWS + 2048 + 2 * document::room(limits::JWKS);

/// What an ID token must fit.
pub(super) struct Expected<'e> {
    /// The access token that came with it.
    pub(super) access_token: &'e str,
    /// The `nonce` of the authorization request.
    pub(super) nonce: [u8; 32],
    /// How old the authentication may be now.
    pub(super) max_age: Option<u64>,
    /// The authentication context classes that will do; empty for any.
    pub(super) acr_values: &'e str,
    /// Who the user was at the sign-in, if this is a refresh.
    pub(super) before: Option<Identity<'e>>,
}

/// Judges what an ID token says. Its signature is left.
pub(super) fn judge<'a>(
    cx: &mut Context<'a>,
    token: &str,
    expected: &Expected<'_>,
) -> Result<(Identity<'a>, Check<'a>), Reason> {
    let text = cx.arena.copy_str(token)?;
    let jws = Jws::read(text, &mut cx.arena).map_err(|reason| reason.within(Reason::IdToken))?;
    let identity = claims(cx, &jws, expected).map_err(|reason| reason.within(Reason::IdToken))?;
    let url = cx.server.jwks_uri().ok_or(Reason::ServerLacks(Name::JwksUri))?;
    let public_addresses_only = cx.client.public_addresses_only();
    // The code or the refresh token is spent, and nobody but the server's own token endpoint has us look.
    let source = Source {
        kind: DocumentKind::IssuerKeys,
        url,
        cap: limits::JWKS,
        public_addresses_only,
        pressing: true,
        accept: is_key_set,
    };
    let registered = cx.client.id_token_algorithm;
    Ok((identity, Check { jws, source, registered, now: cx.now, newer: false, asked: false }))
}

fn is_key_set(object: &Object<'_>, _: &str) -> Result<(), Reason> {
    object.array(Name::Keys)?.map(|_| ()).ok_or(Reason::Missing(Name::Keys))
}

fn claims<'a>(cx: &Context<'a>, jws: &Jws<'a>, expected: &Expected<'_>) -> Result<Identity<'a>, Reason> {
    // No other kind of JWT passes for an ID token, which need not be typed.
    if jws.media_type().is_some() && !jws.is_typed("JWT") {
        return Err(Reason::Claim(Name::Typ));
    }
    // The algorithm that is registered, never the one that the token would like (RFC 8725 section 3.1).
    if jws.algorithm() != cx.client.id_token_algorithm {
        return Err(Reason::Claim(Name::Alg));
    }
    let claims = Claims(jws.claims());
    let client_id = cx.client.client_id.as_str();
    claims.is_from(cx.client.issuer)?;
    claims.is_for(client_id)?;
    // Of several audiences the token must say for whom it was made; and if it says so at all, it is for this client.
    let several = claims.0.get("aud").and_then(Value::as_array).is_some_and(|named| named.iter().count() > 1);
    let azp = claims.0.string(Name::Azp)?;
    if azp.map_or(several, |azp| azp != client_id) {
        return Err(Reason::Claim(Name::Azp));
    }
    let times = claims.times(cx.now)?;
    times.issued_at.ok_or(Reason::Missing(Name::Iat))?;
    let mut nonce = [0; 43];
    base64::encode_url(&expected.nonce, &mut nonce).ok_or(Reason::Buffer)?;
    match claims.0.string(Name::Nonce)? {
        Some(named) if secret::equal(named.as_bytes(), &nonce) => {}
        // A refresh has no authorization request (section 12.2).
        None if expected.before.is_some() => {}
        _ => return Err(Reason::Claim(Name::Nonce)),
    }
    let authenticated_at = claims.time(Name::AuthTime)?;
    if let Some(max_age) = expected.max_age {
        let at = authenticated_at.ok_or(Reason::Missing(Name::AuthTime))?;
        if cx.now > at.after(max_age).after(limits::CLOCK_AHEAD) {
            return Err(Reason::Claim(Name::AuthTime));
        }
    }
    if !expected.acr_values.is_empty() {
        let acr = claims.text(Name::Acr)?;
        if !List(expected.acr_values).contains(acr) {
            return Err(Reason::Claim(Name::Acr));
        }
    }
    if let Some(named) = claims.0.string(Name::AtHash)?
        && !is_hash_of(named, expected.access_token, jws.algorithm())
    {
        return Err(Reason::Claim(Name::AtHash));
    }
    let subject = claims.subject()?;
    match expected.before {
        None => Ok(Identity { subject, authenticated_at }),
        Some(before) if before.subject != subject => Err(Reason::Claim(Name::Sub)),
        // It is the time of the sign-in, if it is there, and was there.
        Some(Identity { authenticated_at: Some(before), .. }) if authenticated_at.is_some_and(|at| at != before) => {
            Err(Reason::Claim(Name::AuthTime))
        }
        Some(before) => Ok(Identity { subject, authenticated_at: before.authenticated_at }),
    }
}

/// Whether an `at_hash` is that of a token: the left half of its hash (section 3.1.3.6). With Ed25519 the hash is SHA-512, which
/// is not built in, as it brings panic paths: there it is not looked at, as section 3.1.3.8 allows where both tokens come from the
/// token endpoint.
fn is_hash_of(named: &str, token: &str, algorithm: Algorithm) -> bool {
    match algorithm {
        Algorithm::EdDsa => true,
        Algorithm::Es256 | Algorithm::Ps256 | Algorithm::Rs256 => {
            let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
            let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = hash;
            let mut bytes = [0; 32];
            base64::decode_url(named.as_bytes(), &mut bytes).is_some_and(|len| bytes.get(..len) == Some(&half))
        }
    }
}

/// A token whose claims are good; its signature is being checked.
#[derive(Clone, Copy)]
pub(super) struct Check<'a> {
    jws: Jws<'a>,
    source: Source<'a>,
    registered: Algorithm,
    now: Time,
    newer: bool,
    /// Whether the server was asked for its keys.
    asked: bool,
}

/// What comes next for it.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub(super) enum Next<'a> {
    Load(AwaitRow<'a>),
    Commit(AwaitCommit<'a>),
    Send(AwaitResponse<'a>),
    Verify(Unverified<'a, ()>),
    Failed(Reason),
}

impl<'a> Check<'a> {
    /// Begins with the keys of the server.
    pub(super) fn begin(&mut self, cx: &mut Context<'a>) -> Next<'a> {
        self.go_on(self.source.find(self.now), cx)
    }

    /// Goes on with what the document has come to.
    pub(super) fn go_on(&mut self, turn: Turn<'a>, cx: &mut Context<'a>) -> Next<'a> {
        let found = match turn {
            Turn::Load(at) => return Next::Load(at),
            Turn::Commit(at) => return Next::Commit(at),
            Turn::Send(at) => {
                self.asked = true;
                return Next::Send(at);
            }
            Turn::Done(found) => found,
        };
        let key = match found {
            Ok(Found::Document(set)) => {
                jwk::select(&set, self.jws.key_id(), self.jws.algorithm(), Some(self.registered))
            }
            // A set that another flow has read may be older than the token: it does not say that the key is unknown.
            Ok(Found::NoneNewer) if !self.asked => return Next::Failed(Reason::PeerUnavailable),
            Ok(Found::NoneNewer) => Ok(None),
            Err(reason) => return Next::Failed(reason),
        };
        match key {
            Ok(Some(key)) => self.verify(&key, cx),
            // A key that is newer than the document.
            Ok(None) if !self.newer => {
                self.newer = true;
                self.go_on(self.source.find_newer(self.now), cx)
            }
            Ok(None) => Next::Failed(Reason::IdToken(Name::Kid)),
            Err(reason) => Next::Failed(reason.within(Reason::IdToken)),
        }
    }

    fn verify(&self, key: &Jwk<'_>, cx: &mut Context<'a>) -> Next<'a> {
        match Unverified::new(&self.jws, key, Reason::IdToken(Name::Signature), (), &mut cx.arena) {
            Ok(unverified) => Next::Verify(unverified),
            Err(reason) => Next::Failed(reason),
        }
    }
}
