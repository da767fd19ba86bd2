//! What the endpoints have in common that programs talk to: each asks who calls it, and then goes on by itself.

use crate::error::Reason;
use crate::server::caller::{Caller, Checking, Fetching, Reading, Shown, Turn, Writing};
use crate::server::{Context, reply};
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Send, Step, Verdict, Verify};
use crate::wire::header;
use crate::wire::http::{Field, Method, Reply, Request, Response};

/// Refuses what is no form sent by POST, as every endpoint does that programs talk to; gives the form.
pub(super) fn form<'a, 'h>(request: Request<'a, 'h>) -> Result<(&'h [Field<'h>], &'a mut [u8]), Reason> {
    if request.method != Method::Post {
        return Err(Reason::Method);
    }
    header::expect_form(request.headers)?;
    Ok((request.headers, request.body))
}

/// A phase of an endpoint.
pub enum Phase<P, A, O> {
    /// The inquiry into its caller stands at `P`.
    #[doc(hidden)]
    Caller(Awaiting<P, A>),
    /// The caller is known.
    #[doc(hidden)]
    Own(O),
}

/// A phase of the inquiry, with what the endpoint has read of the request.
pub struct Awaiting<P, A> {
    at: P,
    asked: A,
}

/// An endpoint that must know who calls it.
pub(super) trait Endpoint: Flow {
    /// What it has read of the request.
    type Asked<'a>;
    /// Its phases, from those of the inquiry: see [`phases`].
    fn loading<'a>(at: Awaiting<Reading<'a>, Self::Asked<'a>>) -> Self::Loading<'a>;
    fn committing<'a>(at: Awaiting<Writing<'a>, Self::Asked<'a>>) -> Self::Committing<'a>;
    fn verifying<'a>(at: Awaiting<Checking<'a>, Self::Asked<'a>>) -> Self::Verifying<'a>;
    fn sending<'a>(at: Awaiting<Fetching<'a>, Self::Asked<'a>>) -> Self::Sending<'a>;
    /// Goes on with the caller known.
    fn known<'a>(cx: Context<'a>, caller: Caller<'a>, asked: Self::Asked<'a>) -> Step<'a, Self>;
    /// Ends with a reply.
    fn ended<'a>(reply: Reply<'a>) -> Self::Output<'a>;
}

/// The phases of an endpoint whose flow has [`Phase`]s.
macro_rules! phases {
    () => {
        fn loading<'a>(at: Awaiting<Reading<'a>, Self::Asked<'a>>) -> Self::Loading<'a> {
            Phase::Caller(at)
        }
        fn committing<'a>(at: Awaiting<Writing<'a>, Self::Asked<'a>>) -> Self::Committing<'a> {
            Phase::Caller(at)
        }
        fn sending<'a>(at: Awaiting<Fetching<'a>, Self::Asked<'a>>) -> Self::Sending<'a> {
            Phase::Caller(at)
        }
        fn verifying<'a>(at: Awaiting<Checking<'a>, Self::Asked<'a>>) -> Self::Verifying<'a> {
            Phase::Caller(at)
        }
    };
}
pub(super) use phases;

/// The first step of an endpoint that has read a request.
pub(super) fn start<'a, E: Endpoint>(
    mut cx: Context<'a>,
    read: impl FnOnce(&mut Context<'a>) -> Result<(Shown<'a>, E::Asked<'a>), Reason>,
) -> Step<'a, E> {
    match read(&mut cx) {
        Ok((shown, asked)) => go(shown.inquire(cx), asked),
        Err(reason) => Step::Done(E::ended(reply::refuse(&mut cx, reason))),
    }
}

/// What goes on at the endpoint is not in [`step`], whose place on the stack it can do without.
#[inline]
fn go<'a, E: Endpoint>(turn: Turn<'a>, asked: E::Asked<'a>) -> Step<'a, E> {
    match turn {
        Turn::Known(cx, caller) => E::known(cx, caller, asked),
        turn => step(turn, asked),
    }
}

/// The next step of an endpoint whose inquiry has taken this turn.
#[inline(never)]
fn step<'a, E: Endpoint>(turn: Turn<'a>, asked: E::Asked<'a>) -> Step<'a, E> {
    match turn {
        Turn::Load(at) => {
            let (key, kind) = at.key();
            Step::Load(Load { key, kind, at: E::loading(Awaiting { at, asked }) })
        }
        Turn::Verify(at) => {
            let (key, message, signature) = at.signed();
            Step::Verify(Verify { key, message, signature, at: E::verifying(Awaiting { at, asked }) })
        }
        Turn::Commit(at) => Step::Commit(Commit { write: at.write(), at: E::committing(Awaiting { at, asked }) }),
        Turn::Send(at) => Step::Send(Send { exchange: at.exchange(), at: E::sending(Awaiting { at, asked }) }),
        Turn::Known(cx, caller) => E::known(cx, caller, asked),
        Turn::Refuse(mut cx, reason) => Step::Done(E::ended(reply::refuse(&mut cx, reason))),
    }
}

impl<'a, A> Awaiting<Reading<'a>, A> {
    pub(super) fn loaded<E: Endpoint<Asked<'a> = A>>(self, row: Answer<Option<Row<'_>>>) -> Step<'a, E> {
        go(self.at.loaded(row), self.asked)
    }
}

impl<'a, A> Awaiting<Writing<'a>, A> {
    pub(super) fn committed<E: Endpoint<Asked<'a> = A>>(self, outcome: Answer<Committed>) -> Step<'a, E> {
        go(self.at.committed(outcome), self.asked)
    }
}

impl<'a, A> Awaiting<Checking<'a>, A> {
    pub(super) fn verified<E: Endpoint<Asked<'a> = A>>(self, verdict: Answer<Verdict>) -> Step<'a, E> {
        go(self.at.verified(verdict), self.asked)
    }
}

impl<'a, A> Awaiting<Fetching<'a>, A> {
    pub(super) fn sent<E: Endpoint<Asked<'a> = A>>(self, response: Answer<Response<'_>>) -> Step<'a, E> {
        go(self.at.sent(response), self.asked)
    }
}
