//! The revocation endpoint (RFC 7009).
//!
//! ```text
//! start           -> load client | load document | done
//! load client     -> load document | verify | load grant | done
//! load document   -> load document | commit document | verify | load grant | done
//! commit document -> send | verify | load grant | done
//! send            -> commit document | verify | load grant | done
//! verify          -> commit mark | load grant | done
//! commit mark     -> verify | load grant | done
//! load grant      -> commit grant | done
//! commit grant    -> load grant | done
//! ```
//!
//! Revoking a refresh token or an access token ends the grant, and with it every token of the grant (RFC 7009 section
//! 2.1). A token that is another client's is left alone. That section would have the client told; here the reply is the same
//! as for an unknown token, so that nobody learns of others' tokens, and the log has the event.

use crate::error::{Reason, TooSmall, lent};
use crate::event::Event;
use crate::limits;
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::signature::Unverified;
use crate::record::{Active, Grant, Key, Kind, Record, Revoked};
use crate::server::caller::{Caller, Checking, Fetching, Reading, Writing};
use crate::server::endpoint::{self, Awaiting, Endpoint, Phase, phases};
use crate::server::presented::Token;
use crate::server::{BUFFER, Context, Server, presented, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Never, Row, Step, Verdict, Verify, Write, no_phases};
use crate::terms::Time;
use crate::terms::credential::{Credential, GrantId};
use crate::wire::http::{Reply, Request, Response};

/// The flow of the revocation endpoint: see [`Server::revoke`].
pub enum Revoke {}

impl<'a> Server<'a> {
    /// Answers a revocation request. The buffer needs [`BUFFER`] bytes.
    pub fn revoke(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Revoke>, TooSmall> {
        let cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(endpoint::start(cx, |cx| presented::read(cx, request)))
    }
}

impl Endpoint for Revoke {
    type Asked<'a> = Token<'a>;

    phases!();

    fn known<'a>(cx: Context<'a>, caller: Caller<'a>, token: Token<'a>) -> Step<'a, Self> {
        let client = caller.client;
        match token {
            Token::Opened(token) => AwaitGrant { cx, client, grant: token.grant, races: limits::RACES }.load(),
            // Anyone is a public client, and a `jti` is no secret.
            Token::Jwt(_, token) => Step::Verify(Verify {
                key: token.key(),
                message: token.message(),
                signature: token.signature(),
                at: Phase::Own(AwaitVerdict { cx, client, token }),
            }),
            Token::Dead => Step::Done(reply::empty(200, None)),
        }
    }

    fn ended<'a>(reply: Reply<'a>) -> Reply<'a> {
        reply
    }
}

/// The client is authenticated; the signature of the token is being checked.
pub struct AwaitVerdict<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    token: Unverified<'a, Credential>,
}

impl<'a> AwaitVerdict<'a> {
    fn judge(self, verdict: Answer<Verdict>) -> Step<'a, Revoke> {
        let Self { mut cx, client, token } = self;
        match token.verified(verdict) {
            Ok(token) => AwaitGrant { cx, client, grant: token.grant, races: limits::RACES }.load(),
            Err(Reason::KeysUnavailable) => Step::Done(reply::refuse(&mut cx, Reason::KeysUnavailable)),
            Err(_) => Step::Done(reply::empty(200, None)),
        }
    }
}

/// The client is authenticated; the row of the grant is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    grant: GrantId,
    races: u8,
}

impl<'a> AwaitGrant<'a> {
    fn load(self) -> Step<'a, Revoke> {
        Step::Load(Load { key: Key::grant(self.grant), kind: Kind::Grant, at: Phase::Own(self) })
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Revoke> {
        match self.write(row) {
            Ok(Ok(write)) => Step::Commit(Commit { write, at: Phase::Own(AwaitCommit { before: self }) }),
            Ok(Err(event)) => Step::Done(reply::empty(200, event)),
            Err(reason) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }

    /// The write that ends the grant; or, where there is nothing to end, what to log.
    fn write(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Result<Write<'a>, Option<Event>>, Reason> {
        let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? else { return Ok(Err(None)) };
        let grant = Grant::decode(row.value);
        let Grant::Active(Active { granted, .. }) = lent(&grant)? else { return Ok(Err(None)) };
        if granted.client_id != self.client.client_id() {
            return Ok(Err(Some(Event::ForeignCredential)));
        }
        let over = Grant::Revoked(Revoked { client_id: granted.client_id, subject: granted.subject });
        let value: &'a [u8] = self.cx.arena.fill(|place| over.encode(place))?;
        let subject = self.cx.arena.copy_str(granted.subject)?;
        Ok(Ok(Write {
            key: Key::grant(self.grant),
            expected: Some(row.version),
            value: Some(value),
            expires_at: granted.ends_at,
            labels: Labels { kind: Kind::Grant, client_id: Some(self.client.client_id()), subject: Some(subject) },
        }))
    }
}

/// The end of the grant is being stored.
pub struct AwaitCommit<'a> {
    before: AwaitGrant<'a>,
}

impl Flow for Revoke {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = Phase<Reading<'a>, Token<'a>, AwaitGrant<'a>>;
    type Committing<'a> = Phase<Writing<'a>, Token<'a>, AwaitCommit<'a>>;
    type Verifying<'a> = Phase<Checking<'a>, Token<'a>, AwaitVerdict<'a>>;
    type Sending<'a> = Phase<Fetching<'a>, Token<'a>, Never>;
    no_phases!(Signing);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.loaded(row),
            Phase::Own(at) => at.judge(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut before } = match at {
            Phase::Caller(at) => return at.committed(outcome),
            Phase::Own(at) => at,
        };
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => Step::Done(reply::empty(200, Some(Event::Revoked))),
            (Ok(Committed::Conflict), Some(races)) => {
                before.races = races;
                before.load()
            }
            (Ok(Committed::Conflict), None) => Step::Done(reply::refuse(&mut before.cx, Reason::StoreBusy)),
            // RFC 7009 section 2.2.1: the client must take the token for alive, and may try again.
            (Err(_), _) => Step::Done(reply::refuse(&mut before.cx, Reason::StoreUnavailable)),
        }
    }

    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.verified(verdict),
            Phase::Own(at) => at.judge(verdict),
        }
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.sent(response),
            Phase::Own(never) => match never {},
        }
    }
}
