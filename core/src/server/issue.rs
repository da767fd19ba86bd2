//! The tokens of a grant, and the response that they go out in (RFC 6749 section 5.1).

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::event::Event;
use crate::limits;
use crate::proof::grant::{GrantHeld, Part};
use crate::record::{Grant, Granted, Key, Kind, Record};
use crate::server::token::Asked;
use crate::server::{AccessTokens, Context, SigningKey, reply};
use crate::step::{Answer, Labels, Write};
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::list::List;
use crate::wire::http::Reply;
use crate::wire::jose::Algorithm;
use crate::wire::write::JsonObject;

/// Tokens in the making, under a grant that is held.
pub(super) struct Issue<'a> {
    grant: GrantId,
    held: GrantHeld<'a>,
    /// What the write expects of the row, if there is one.
    expected: Option<Option<u64>>,
    event: Event,
    access_token: Option<&'a str>,
    id_token: Option<&'a str>,
}

/// What is left to be done for them.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub(super) enum Unsigned<'a> {
    /// Sign this.
    Message { of: Of, key_id: &'a str, message: &'a [u8] },
    /// Nothing but the write.
    Nothing { reply: Reply<'a>, write: Option<Write<'a>> },
}

/// Which token is signed.
#[derive(Clone, Copy)]
pub(super) enum Of {
    AccessToken,
    IdToken,
}

impl<'a> Issue<'a> {
    pub(super) const fn new(grant: GrantId, held: GrantHeld<'a>, expected: Option<Option<u64>>, event: Event) -> Self {
        Self { grant, held, expected, event, access_token: None, id_token: None }
    }

    /// What comes next: a message to sign, or the reply.
    pub(super) fn next(
        &mut self,
        cx: &mut Context<'a>,
        asked: &Asked<'a>,
        sender: Option<Confirmation>,
    ) -> Result<Unsigned<'a>, Reason> {
        let granted = self.held.granted();
        let part = Part::read(asked.scope, asked.resources, granted)?;
        // What a token may hold of them, their types alone could say (RFC 9396 section 6): here it is all or nothing.
        if !matches!(asked.authorization_details, Ok(None))
            && asked.authorization_details != Ok(Some(granted.authorization_details))
        {
            return Err(Reason::AuthorizationDetails);
        }
        let expires_at = self.held.issued_at().after(cx.server.lifetimes.access_token).min(granted.ends_at);
        let access_token = Credential {
            kind: CredentialKind::AccessToken,
            grant: self.grant,
            generation: self.held.generation(),
            expires_at,
            scope: part.scope,
            resources: part.resources,
            bound_to: sender,
        };
        if let Some(key) = cx.server.signing_keys.first() {
            // The access token is signed first, as its hash goes into the ID token. One without an audience is for nobody, and
            // RFC 9068 section 2.2 asks for one.
            if self.access_token.is_none()
                && cx.server.signing_keys.access_tokens() == AccessTokens::Jwt
                && part.resources != 0
            {
                return self.unsigned_access_token(cx, key, &access_token);
            }
            if self.id_token.is_none() && self.event == Event::CodeRedeemed && List(granted.scope).contains("openid") {
                return self.unsigned_id_token(cx, key, &access_token);
            }
        }
        let reply = self.reply(cx, asked, part, &access_token)?;
        let write = match self.expected {
            None => None,
            Some(expected) => Some(self.write(cx, expected)?),
        };
        Ok(Unsigned::Nothing { reply, write })
    }

    fn write(&self, cx: &mut Context<'a>, expected: Option<u64>) -> Result<Write<'a>, Reason> {
        let granted = self.held.granted();
        let active = Grant::Active(self.held.active());
        let value: &'a [u8] = cx.arena.fill(|place| active.encode(place))?;
        let labels = Labels { kind: Kind::Grant, client_id: Some(granted.client_id), subject: Some(granted.subject) };
        Ok(Write { key: Key::grant(self.grant), expected, value: Some(value), expires_at: granted.ends_at, labels })
    }

    /// The token response. `scope` is always named, so that a client need not remember what it asked.
    fn reply(
        &self,
        cx: &mut Context<'a>,
        asked: &Asked<'_>,
        part: Part,
        access_token: &Credential,
    ) -> Result<Reply<'a>, Reason> {
        let granted = self.held.granted();
        let keys = &cx.server.keys;
        let by_dpop = matches!(access_token.bound_to, Some(Confirmation::Jkt(_)));
        let refresh_token = Credential {
            kind: CredentialKind::RefreshToken,
            expires_at: self.held.issued_at().after(cx.server.lifetimes.refresh_token).min(granted.ends_at),
            scope: 0,
            resources: 0,
            bound_to: None,
            ..*access_token
        };
        let expires_in = access_token.expires_at.since(cx.now);
        let mut reply = reply::json(cx, Some(self.event), |object| {
            object.text("access_token", |w| match self.access_token {
                None => keys.mint(access_token, w),
                Some(token) => w.str(token),
            });
            // RFC 9449 section 5; a token that is bound to a certificate is a Bearer token by name (RFC 8705 section 3).
            object.text("token_type", |w| w.str(if by_dpop { "DPoP" } else { "Bearer" }));
            object.number("expires_in", expires_in);
            if granted.refreshable {
                object.text("refresh_token", |w| keys.mint(&refresh_token, w));
            }
            // `scope` has at least one token (RFC 6749 section 3.3): a client without scopes gets none named.
            match asked.scope {
                // The whole of it is written already. Its words need no escape.
                Ok(None) if part.scope != 0 => object.text("scope", |w| w.str(granted.scope)),
                _ if part.scope != 0 => object.words("scope", List(granted.scope).masked(part.scope)),
                _ => {}
            }
            if !granted.authorization_details.is_empty() {
                object.json("authorization_details", granted.authorization_details);
            }
            if let Some(token) = self.id_token {
                object.text("id_token", |w| w.str(token));
            }
        })?;
        reply::next_dpop_nonce(cx, access_token.bound_to, &mut reply.headers);
        Ok(reply)
    }

    /// A JWT access token (RFC 9068 section 2).
    fn unsigned_access_token(
        &self,
        cx: &mut Context<'a>,
        key: &'a SigningKey<'a>,
        access_token: &Credential,
    ) -> Result<Unsigned<'a>, Reason> {
        let granted = self.held.granted();
        let id = Credential { kind: CredentialKind::JwtId, ..*access_token };
        let audience = List(granted.resources).masked(u32::from(access_token.resources));
        let server = cx.server;
        let times = (self.held.issued_at(), access_token.expires_at);
        jwt(cx, key, Of::AccessToken, granted, times, |claims| {
            let mut names = audience.clone();
            match (names.next(), names.next()) {
                (Some(one), None) => claims.string("aud", one),
                _ => claims.strings("aud", audience),
            }
            claims.string("client_id", granted.client_id);
            claims.text("jti", |w| server.keys.mint(&id, w));
            if access_token.scope != 0 {
                claims.words("scope", List(granted.scope).masked(access_token.scope));
            }
            if !granted.authorization_details.is_empty() {
                claims.json("authorization_details", granted.authorization_details);
            }
            if let Some(key) = access_token.bound_to {
                key.write(claims);
            }
        })
    }

    /// An ID token (OpenID Connect Core sections 2 and 3.1.3.6). Its one audience is the client, so that it needs no `azp`.
    fn unsigned_id_token(
        &self,
        cx: &mut Context<'a>,
        key: &'a SigningKey<'a>,
        access_token: &Credential,
    ) -> Result<Unsigned<'a>, Reason> {
        let granted = self.held.granted();
        let server = cx.server;
        let token = match self.access_token {
            Some(token) => token.as_bytes(),
            None => cx.arena.write(|w| server.keys.mint(access_token, w))?,
        };
        let hash: [u8; 32] = Sha256::digest(token).into();
        let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = hash;
        let times = (self.held.issued_at(), access_token.expires_at);
        jwt(cx, key, Of::IdToken, granted, times, |claims| {
            claims.string("aud", granted.client_id);
            if let Some(nonce) = granted.nonce {
                claims.string("nonce", nonce);
            }
            // Optional here. Its hash is that of the algorithm, which for Ed25519 is SHA-512.
            if key.algorithm != Algorithm::EdDsa {
                claims.text("at_hash", |w| w.base64url(&half));
            }
        })
    }

    /// Takes the signature over a message.
    pub(super) fn signed(
        &mut self,
        cx: &mut Context<'a>,
        of: Of,
        message: &'a [u8],
        signature: Answer<&[u8]>,
    ) -> Result<(), Reason> {
        let signature = signature.map_err(|_| Reason::KeysUnavailable)?;
        if signature.is_empty() || signature.len() > limits::RSA_MODULUS_MAX / 8 {
            return Err(Reason::KeysUnavailable);
        }
        let token = cx.arena.text(|w| {
            w.bytes(message);
            w.bytes(b".");
            w.base64url(signature);
        })?;
        match of {
            Of::AccessToken => self.access_token = Some(token),
            Of::IdToken => self.id_token = Some(token),
        }
        Ok(())
    }
}

/// A JWT without its signature: the claims that both kinds have, and those of `fill`.
fn jwt<'a>(
    cx: &mut Context<'a>,
    key: &'a SigningKey<'a>,
    of: Of,
    granted: &Granted<'_>,
    (issued_at, expires_at): (Time, Time),
    fill: impl FnOnce(&mut JsonObject<'_, '_>),
) -> Result<Unsigned<'a>, Reason> {
    let issuer = cx.server.issuer.as_str();
    let media_type = match of {
        Of::AccessToken => "at+jwt",
        Of::IdToken => "JWT",
    };
    let header = cx.arena.write(|w| {
        let mut header = JsonObject::new(w);
        header.string("alg", key.algorithm.as_str());
        header.string("typ", media_type);
        header.string("kid", key.key_id);
        header.end();
    })?;
    let claims = cx.arena.write(|w| {
        let mut claims = JsonObject::new(w);
        claims.string("iss", issuer);
        claims.string("sub", granted.subject);
        claims.number("iat", issued_at.0);
        claims.number("exp", expires_at.0);
        if let Some(at) = granted.authenticated_at {
            claims.number("auth_time", at.0);
        }
        if let Some(acr) = granted.acr {
            claims.string("acr", acr);
        }
        if !granted.amr.is_empty() {
            claims.strings("amr", List(granted.amr).words());
        }
        fill(&mut claims);
        claims.end();
    })?;
    let message = cx.arena.write(|w| {
        w.base64url(header);
        w.bytes(b".");
        w.base64url(claims);
    })?;
    Ok(Unsigned::Message { of, key_id: key.key_id, message })
}
