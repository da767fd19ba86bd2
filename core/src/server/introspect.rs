//! The introspection endpoint (RFC 7662).
//!
//! ```text
//! start       -> load client | done
//! load client -> load grant | done
//! load grant  -> done
//! ```
//!
//! A token that is unknown, forged, expired, revoked, or none of the caller's business is `{"active":false}`, whichever of
//! these it is. A caller learns of the access tokens that are for a resource it serves, and of its own tokens.

use crate::error::{Reason, TooSmall};
use crate::proof::client_auth::{ClientAuthenticated, Credentials};
use crate::record::{Active, Grant, Key, Kind, Record};
use crate::server::{BUFFER, Context, Server, presented, reply};
use crate::step::{Answer, Flow, Load, Row, Step, no_phases};
use crate::terms::Time;
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::list::List;
use crate::wire::http::{Reply, Request};

/// The flow of the introspection endpoint: see [`Server::introspect`].
pub enum Introspect {}

impl<'a> Server<'a> {
    /// Answers an introspection request of a confidential client. The buffer needs [`BUFFER`] bytes.
    pub fn introspect(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Introspect>, TooSmall> {
        let mut cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(match presented::read(&mut cx, request) {
            Ok((credentials, token)) => {
                let key = Key::client(credentials.client_id());
                let at = Loading::Client(AwaitClient { cx, credentials, token });
                Step::Load(Load { key, kind: Kind::Client, at })
            }
            Err(reason) => Step::Done(reply::refuse(&mut cx, reason)),
        })
    }
}

/// The phases in which a row is being read.
pub enum Loading<'a> {
    #[doc(hidden)]
    Client(AwaitClient<'a>),
    #[doc(hidden)]
    Grant(AwaitGrant<'a>),
}

/// The caller's row is being read.
pub struct AwaitClient<'a> {
    cx: Context<'a>,
    credentials: Credentials<'a>,
    token: Option<Credential>,
}

impl<'a> AwaitClient<'a> {
    fn authenticate(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(ClientAuthenticated<'a>, List<'a>), Reason> {
        let record = presented::client(row)?;
        let client = self.credentials.authenticate(record.as_ref())?;
        let serves = List(self.cx.arena.copy_str(record.map_or("", |record| record.serves))?);
        // RFC 7662 section 2.1: whoever may call this must be known, or tokens could be guessed here.
        if client.is_confidential() { Ok((client, serves)) } else { Err(Reason::PublicClient) }
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Introspect> {
        match (self.authenticate(row), self.token) {
            (Ok((client, serves)), Some(token)) => Step::Load(Load {
                key: Key::grant(token.grant),
                kind: Kind::Grant,
                at: Loading::Grant(AwaitGrant { cx: self.cx, client, serves, token }),
            }),
            (Ok(_), None) => Step::Done(inactive(&mut self.cx)),
            (Err(reason), _) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }
}

/// The caller is authenticated; the row of the token's grant is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    serves: List<'a>,
    token: Credential,
}

impl<'a> AwaitGrant<'a> {
    fn judge(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Option<Reply<'a>>, Reason> {
        let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? else { return Ok(None) };
        let Grant::Active(Active { granted, generation, .. }) = Grant::decode(row.value)? else { return Ok(None) };
        let token = self.token;
        let audience = List(granted.resources).masked(u32::from(token.resources));
        let own = granted.client_id == self.client.client_id();
        let is_access_token = token.kind == CredentialKind::AccessToken;
        let for_caller = if is_access_token {
            own || audience.clone().any(|resource| self.serves.contains(resource))
        } else {
            // A superseded refresh token is not active, though only its use ends the grant.
            own && token.generation == generation
        };
        if !for_caller || token.generation > generation || self.cx.now.reached(granted.ends_at) {
            return Ok(None);
        }
        let issuer = self.cx.server.issuer.as_str();
        let reply = reply::json(&mut self.cx, None, |object| {
            object.boolean("active", true);
            object.string("iss", issuer);
            object.string("client_id", granted.client_id);
            object.string("sub", granted.subject);
            object.number("exp", token.expires_at.0);
            // RFC 9470 section 6.2.
            if let Some(at) = granted.authenticated_at {
                object.number("auth_time", at.0);
            }
            if is_access_token {
                object.string("token_type", "Bearer");
                if token.scope != 0 {
                    object.words("scope", List(granted.scope).masked(token.scope));
                }
                if token.resources != 0 {
                    object.strings("aud", audience);
                }
            } else if !granted.scope.is_empty() {
                object.words("scope", List(granted.scope).words());
            }
        });
        reply.map(Some)
    }
}

fn inactive<'a>(cx: &mut Context<'a>) -> Reply<'a> {
    match reply::json(cx, None, |object| object.boolean("active", false)) {
        Ok(reply) => reply,
        Err(reason) => reply::refuse(cx, reason),
    }
}

impl Flow for Introspect {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = Loading<'a>;
    no_phases!(Committing Signing Verifying Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Client(at) => at.judge(row),
            Loading::Grant(mut at) => Step::Done(match at.judge(row) {
                Ok(Some(reply)) => reply,
                Ok(None) => inactive(&mut at.cx),
                Err(reason) => reply::refuse(&mut at.cx, reason),
            }),
        }
    }
}
