//! The token endpoint (RFC 6749 section 3.2).
//!
//! ```text
//! start        -> load client | done
//! load client  -> load grant | done
//! load grant   -> commit grant | done
//! commit grant -> load grant | done
//! ```
//!
//! What is presented is opened before anything is read: a forged or expired code or refresh token costs no question. A
//! reply with tokens is written before the commit and handed out after it.

use crate::error::{Reason, TooSmall};
use crate::event::Event;
use crate::limits;
use crate::name::Name;
use crate::proof::client_auth::{ClientAuthenticated, Credentials, Parameters};
use crate::proof::grant::{Allowed, GrantHeld, Judgement, Part};
use crate::record::{Grant, Key, Kind, Record, Revoked};
use crate::server::{BUFFER, Context, Server, authorization_code, presented, refresh_token, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Row, Step, Write, no_phases};
use crate::terms::Time;
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::list::List;
use crate::terms::parameter::{Param, parameters, required};
use crate::wire::http::{Reply, Request};

parameters! {
    /// The token request (RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.5, RFC 8707 section 2.2).
    pub(crate) struct TokenRequest {
        grant_type, code, redirect_uri, code_verifier, refresh_token, scope, client_id, client_secret, client_assertion;
        many resource
    }
}

/// The flow of the token endpoint: see [`Server::token`].
pub enum Token {}

impl<'a> Server<'a> {
    /// Answers a token request: `authorization_code` and `refresh_token`.
    ///
    /// The buffer needs [`BUFFER`] bytes.
    pub fn token(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Token>, TooSmall> {
        let mut cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(match start(&mut cx, request) {
            Ok((credentials, presented, asked)) => {
                let key = Key::client(credentials.client_id());
                let at = Loading::Client(AwaitClient { cx, credentials, presented, asked });
                Step::Load(Load { key, kind: Kind::Client, at })
            }
            Err(reason) => Step::Done(reply::refuse(&mut cx, reason)),
        })
    }
}

fn start<'a>(
    cx: &mut Context<'a>,
    request: Request<'a, '_>,
) -> Result<(Credentials<'a>, Credential, Asked<'a>), Reason> {
    let (headers, body) = presented::form(request)?;
    let form = TokenRequest::read(body)?;
    let shown = Parameters {
        client_id: form.client_id,
        client_secret: form.client_secret,
        client_assertion: form.client_assertion,
    };
    let credentials = Credentials::read(headers, shown, &mut cx.arena)?;
    let presented = match required(form.grant_type, Name::GrantType) {
        Ok("authorization_code") => authorization_code::present(&form, cx)?,
        Ok("refresh_token") => refresh_token::present(&form, cx)?,
        Err(reason @ Reason::Missing(_)) => return Err(reason),
        _ => return Err(Reason::GrantType),
    };
    let TokenRequest { redirect_uri, code_verifier, scope, resource, .. } = form;
    Ok((credentials, presented, Asked { redirect_uri, code_verifier, scope, resource }))
}

/// What of the request is still to be looked at once the client is authenticated.
pub(super) struct Asked<'a> {
    pub(super) redirect_uri: Param<'a>,
    pub(super) code_verifier: Param<'a>,
    scope: Param<'a>,
    resource: heapless::Vec<&'a str, { limits::RESOURCES }>,
}

/// The phases in which a row is being read.
pub enum Loading<'a> {
    #[doc(hidden)]
    Client(AwaitClient<'a>),
    #[doc(hidden)]
    Grant(AwaitGrant<'a>),
}

/// The client's row is being read.
pub struct AwaitClient<'a> {
    cx: Context<'a>,
    credentials: Credentials<'a>,
    presented: Credential,
    asked: Asked<'a>,
}

impl<'a> AwaitClient<'a> {
    fn authenticate(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(ClientAuthenticated<'a>, Allowed<'a>), Reason> {
        let record = presented::client(row)?;
        let client = self.credentials.authenticate(record.as_ref())?;
        let (scope, resources) = record.map_or(("", ""), |record| (record.scope, record.resources));
        let Self { cx: Context { arena, .. }, .. } = self;
        let allowed = Allowed { scope: List(arena.copy_str(scope)?), resources: List(arena.copy_str(resources)?) };
        let registered = match self.presented.kind {
            CredentialKind::RefreshToken => client.grant_types().refresh_token,
            _ => client.grant_types().authorization_code,
        };
        if registered { Ok((client, allowed)) } else { Err(Reason::GrantTypeNotRegistered) }
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Token> {
        match self.authenticate(row) {
            Ok((client, allowed)) => {
                let Self { cx, presented, asked, .. } = self;
                AwaitGrant { cx, client, allowed, presented, asked, races: limits::RACES }.load()
            }
            Err(reason) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }
}

/// The client is authenticated; the row of the grant is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    allowed: Allowed<'a>,
    presented: Credential,
    asked: Asked<'a>,
    races: u8,
}

impl<'a> AwaitGrant<'a> {
    fn load(self) -> Step<'a, Token> {
        let key = Key::grant(self.presented.grant);
        Step::Load(Load { key, kind: Kind::Grant, at: Loading::Grant(self) })
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Token> {
        match self.write(row) {
            Ok((Some(write), reply)) => Step::Commit(Commit { write, at: AwaitCommit { before: self, reply } }),
            Ok((None, reply)) => Step::Done(reply),
            Err(reason) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }

    /// The write that the row and the request call for, if any, and the reply that follows it.
    fn write(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(Option<Write<'a>>, Reply<'a>), Reason> {
        let is_code = self.presented.kind == CredentialKind::Code;
        let row = row.map_err(|_| Reason::StoreUnavailable)?;
        let row = row.ok_or(if is_code { Reason::CodeDead } else { Reason::RefreshTokenDead })?;
        let grant = Grant::decode(row.value)?;
        let judgement = if is_code {
            authorization_code::judge(grant, &self.client, self.allowed, &self.asked, self.cx.now)
        } else {
            refresh_token::judge(grant, &self.client, self.allowed, &self.presented, &self.cx)
        };
        let (next, granted, reply) = match judgement {
            Judgement::Refuse(reason) => return Err(reason),
            Judgement::Again(held) => return Ok((None, self.issue(&held, Event::RefreshRetried)?)),
            Judgement::Advance(held) => {
                let event = if is_code { Event::CodeRedeemed } else { Event::Refreshed };
                let reply = self.issue(&held, event)?;
                (Grant::Active(held.active()), *held.granted(), reply)
            }
            Judgement::End(reason, granted) => {
                let over = Revoked { client_id: granted.client_id, subject: granted.subject };
                (Grant::Revoked(over), granted, reply::refuse(&mut self.cx, reason))
            }
        };
        let value: &'a [u8] = self.cx.arena.fill(|place| next.encode(place))?;
        // Another client's code is burnt under its own name.
        let client_id = match self.client.client_id() {
            same if same == granted.client_id => same,
            _ => self.cx.arena.copy_str(granted.client_id)?,
        };
        let subject = self.cx.arena.copy_str(granted.subject)?;
        let write = Write {
            key: Key::grant(self.presented.grant),
            expected: Some(row.version),
            value: Some(value),
            expires_at: granted.ends_at,
            labels: Labels { kind: Kind::Grant, client_id: Some(client_id), subject: Some(subject) },
        };
        Ok((Some(write), reply))
    }

    /// The token response (RFC 6749 section 5.1). `scope` is always named, so that a client need not remember what it asked.
    fn issue(&mut self, held: &GrantHeld<'_>, event: Event) -> Result<Reply<'a>, Reason> {
        let granted = held.granted();
        let part = Part::read(self.asked.scope, &self.asked.resource, granted)?;
        let Context { server, now, .. } = self.cx;
        let expires_at = held.issued_at().after(server.lifetimes.access_token).min(granted.ends_at);
        let access_token = Credential {
            kind: CredentialKind::AccessToken,
            grant: self.presented.grant,
            generation: held.generation(),
            expires_at,
            scope: part.scope,
            resources: part.resources,
            bound_to: None,
        };
        let refresh_token = Credential {
            kind: CredentialKind::RefreshToken,
            expires_at: held.issued_at().after(server.lifetimes.refresh_token).min(granted.ends_at),
            scope: 0,
            resources: 0,
            ..access_token
        };
        reply::json(&mut self.cx, Some(event), |object| {
            object.text("access_token", |w| server.keys.mint(&access_token, w));
            object.text("token_type", |w| w.str("Bearer"));
            object.number("expires_in", expires_at.since(now));
            if granted.refreshable {
                object.text("refresh_token", |w| server.keys.mint(&refresh_token, w));
            }
            // `scope` has at least one token (RFC 6749 section 3.3): a client without scopes gets none named.
            if part.scope != 0 {
                object.words("scope", List(granted.scope).masked(part.scope));
            }
        })
    }
}

/// The grant goes on, or ends, with this write; the reply waits for it.
pub struct AwaitCommit<'a> {
    before: AwaitGrant<'a>,
    reply: Reply<'a>,
}

impl Flow for Token {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = Loading<'a>;
    type Committing<'a> = AwaitCommit<'a>;
    no_phases!(Signing Verifying Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Client(at) => at.judge(row),
            Loading::Grant(at) => at.judge(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut before, reply } = at;
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => Step::Done(reply),
            (Ok(Committed::Conflict), Some(races)) => {
                before.races = races;
                before.load()
            }
            (Ok(Committed::Conflict), None) => Step::Done(reply::refuse(&mut before.cx, Reason::StoreBusy)),
            (Err(_), _) => Step::Done(reply::refuse(&mut before.cx, Reason::StoreUnavailable)),
        }
    }
}
