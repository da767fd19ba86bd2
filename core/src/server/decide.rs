//! The user's decision on an authorization request: the redirect with a code, or with an error.
//!
//! ```text
//! start        -> load grant | done
//! load grant   -> commit grant | done
//! commit grant -> load grant | done
//! ```
//!
//! The decision is one compare-and-swap of the row that held the request, so that a request is decided once: a second
//! decision, from a second tab or a repeated click, finds a row that no longer waits for one.

use crate::error::{Reason, TooSmall};
use crate::event::Event;
use crate::limits;
use crate::name::Name;
use crate::proof::redirect::RedirectUriMatched;
use crate::record::{Code, Grant, Granted, Key, Kind, Record, Requested};
use crate::server::interaction::pending;
use crate::server::{BUFFER, Context, Server, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Row, Step, Write, no_phases};
use crate::terms::client_id::CLIENT_SUBJECT;
use crate::terms::confirmation::Confirmation;
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::list::List;
use crate::terms::parameter;
use crate::terms::{Time, UserAgent};
use crate::wire::http::Reply;

/// A user whose authentication is complete. There is no redirect, not even of an error, before it (RFC 9700 section 4.11.2).
#[derive(Clone, Copy)]
pub struct Authenticated<'a> {
    subject: &'a str,
    at: Time,
}

impl<'a> Authenticated<'a> {
    /// The user `subject`, authenticated at `at`. A subject is 1 to [`limits::SUBJECT`] printable ASCII characters that do not
    /// begin with [`CLIENT_SUBJECT`].
    pub fn new(subject: &'a str, at: Time) -> Result<Self, Reason> {
        parameter::check(Name::Sub, subject)?;
        if subject.starts_with(CLIENT_SUBJECT) {
            return Err(Reason::Malformed(Name::Sub));
        }
        Ok(Self { subject, at })
    }
}

/// What the user decided.
#[derive(Clone, Copy)]
pub enum Decision<'a> {
    /// Approve this scope: all that was asked for, or a part.
    Approve {
        /// The scope tokens, with a space between them.
        scope: &'a str,
    },
    /// Refuse.
    Deny,
}

/// The flow of a decision: see [`Server::decide`].
pub enum Decide {}

impl<'a> Server<'a> {
    /// Ends the interaction that `handle` names.
    ///
    /// `user_agent` must be the binding of the browser that began it. Ends in the redirect to the client; or in an error
    /// page, if there is no such interaction. The buffer needs [`BUFFER`] bytes.
    pub fn decide(
        &'a self,
        handle: &'a str,
        user_agent: UserAgent<'a>,
        user: Authenticated<'a>,
        decision: Decision<'a>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Decide>, TooSmall> {
        let mut cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(match cx.server.keys.open(&[CredentialKind::Interaction], handle) {
            Some(credential) if !now.reached(credential.expires_at) => {
                let at = AwaitGrant { cx, grant: credential.grant, user_agent, user, decision, races: limits::RACES };
                at.load()
            }
            Some(_) => Step::Done(reply::page(&mut cx, Reason::InteractionExpired)),
            None => Step::Done(reply::page(&mut cx, Reason::InteractionInvalid)),
        })
    }
}

/// The row of the request is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    grant: GrantId,
    user_agent: UserAgent<'a>,
    user: Authenticated<'a>,
    decision: Decision<'a>,
    races: u8,
}

impl<'a> AwaitGrant<'a> {
    fn load(self) -> Step<'a, Decide> {
        Step::Load(Load { key: Key::grant(self.grant), kind: Kind::Grant, at: self })
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Decide> {
        match self.write(row) {
            Ok((write, reply)) => Step::Commit(Commit { write, at: AwaitCommit { before: self, reply } }),
            Err(reason) => Step::Done(reply::page(&mut self.cx, reason)),
        }
    }

    fn write(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(Write<'a>, Reply<'a>), Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::InteractionExpired)?;
        let pending = pending(row.value, self.user_agent, self.cx.now)?.requested;
        let client_id = self.cx.arena.copy_str(pending.client_id)?;
        let labels = Labels { kind: Kind::Grant, client_id: Some(client_id), subject: Some(self.user.subject) };
        let key = Key::grant(self.grant);
        let to = RedirectUriMatched::stored(&pending);
        let refused = match (pending.refusal, self.decision) {
            (Some(refusal), _) => Some(refusal.reason()),
            (None, Decision::Deny) => Some(Reason::Denied),
            (None, Decision::Approve { .. }) => None,
        };
        if let Some(reason) = refused {
            let mut reply = reply::redirect(&mut self.cx, to, pending.state, |form| {
                form.pair("error", reason.answer().code.as_str());
                form.text("error_description", |w| reply::describe(reason, &mut |text| w.form(text)));
            })?;
            (reply.reason, reply.event) = (Some(reason), reason.event());
            let expires_at = pending.expires_at;
            return Ok((Write { key, expected: Some(row.version), value: None, expires_at, labels }, reply));
        }
        let granted = self.granted(&pending)?;
        let expires_at = self.cx.now.after(self.cx.server.lifetimes.code());
        let grant = Grant::Code(Code { granted, redirect_uri: pending.redirect_uri });
        let value: &'a [u8] = self.cx.arena.fill(|place| grant.encode(place))?;
        let code = Credential {
            kind: CredentialKind::Code,
            grant: self.grant,
            generation: 0,
            expires_at,
            scope: 0,
            resources: 0,
            bound_to: None,
        };
        let keys = &self.cx.server.keys;
        let mut reply =
            reply::redirect(&mut self.cx, to, pending.state, |form| form.text("code", |w| keys.mint(&code, w)))?;
        reply.event = Some(Event::Approved);
        Ok((Write { key, expected: Some(row.version), value: Some(value), expires_at, labels }, reply))
    }

    fn granted<'p>(&mut self, pending: &Requested<'p>) -> Result<Granted<'p>, Reason>
    where
        'a: 'p,
    {
        let Decision::Approve { scope } = self.decision else { return Err(Reason::Denied) };
        let asked = List(pending.scope);
        // The row holds the words as they were asked for, each once, whatever the host repeats.
        let approved = asked.mask(List(scope).words()).ok_or(Reason::DecisionExceedsRequest)?;
        if approved == 0 && !asked.is_empty() {
            return Err(Reason::DecisionExceedsRequest);
        }
        let scope = self.cx.arena.text(|w| w.distinct(asked.masked(approved)))?;
        let lifetimes = &self.cx.server.lifetimes;
        let ends_at = if pending.refreshable {
            self.cx.now.after(lifetimes.grant)
        } else {
            self.cx.now.after(lifetimes.code()).after(lifetimes.access_token)
        };
        Ok(Granted {
            client_id: pending.client_id,
            subject: self.user.subject,
            authenticated_at: Some(self.user.at),
            acr: None,
            amr: "",
            nonce: pending.nonce,
            scope,
            resources: pending.resources,
            authorization_details: "",
            bound_to: pending.dpop_jkt.map(Confirmation::Jkt),
            challenge: pending.challenge,
            refreshable: pending.refreshable,
            ends_at,
        })
    }
}

/// The decision is being stored.
pub struct AwaitCommit<'a> {
    before: AwaitGrant<'a>,
    reply: Reply<'a>,
}

impl Flow for Decide {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = AwaitGrant<'a>;
    type Committing<'a> = AwaitCommit<'a>;
    no_phases!(Signing Verifying Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        at.judge(row)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut before, reply } = at;
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => Step::Done(reply),
            (Ok(Committed::Conflict), Some(races)) => {
                before.races = races;
                before.load()
            }
            (Ok(Committed::Conflict), None) => Step::Done(reply::page(&mut before.cx, Reason::StoreBusy)),
            (Err(_), _) => Step::Done(reply::page(&mut before.cx, Reason::StoreUnavailable)),
        }
    }
}
