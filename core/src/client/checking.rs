//! The questions that the check of an ID token asks, put as those of the flow that has the token.
//!
//! The [`Check`] itself knows no flow, so that there is one of it in a program.

use crate::client::Context;
use crate::client::id_token::{Check, Next};
use crate::document::{AwaitCommit, AwaitResponse, AwaitRow, Turn};
use crate::error::Reason;
use crate::proof::signature::Unverified;
use crate::record::Kind;
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Send, Step, Verdict, Verify};
use crate::wire::http::Response;
use crate::wire::write::Arena;

/// A phase of the check, with what the flow stores after it.
pub struct AwaitKeys<'a, P, A> {
    check: Check<'a>,
    at: P,
    after: A,
}

/// A flow that stores nothing before an ID token is checked.
pub(super) trait Checking: Flow {
    /// What it goes on with.
    type After<'a>;
    /// The context that it carries along.
    fn context<'a, 't>(after: &'t mut Self::After<'a>) -> &'t mut Context<'a>;
    /// Its phases, from those of the check.
    fn loading<'a>(at: AwaitKeys<'a, AwaitRow<'a>, Self::After<'a>>) -> Self::Loading<'a>;
    fn committing<'a>(at: AwaitKeys<'a, AwaitCommit<'a>, Self::After<'a>>) -> Self::Committing<'a>;
    fn sending<'a>(at: AwaitKeys<'a, AwaitResponse<'a>, Self::After<'a>>) -> Self::Sending<'a>;
    fn verifying<'a>(at: AwaitKeys<'a, Unverified<'a, ()>, Self::After<'a>>) -> Self::Verifying<'a>;
    /// Goes on once the token is checked.
    fn checked<'a>(after: Self::After<'a>, outcome: Result<(), Reason>) -> Step<'a, Self>;
}

/// Begins the check.
pub(super) fn begin<'a, F: Checking>(mut after: F::After<'a>, mut check: Check<'a>) -> Step<'a, F> {
    let next = check.begin(F::context(&mut after));
    go(after, check, next)
}

/// What ends the check is not in [`step`], whose place on the stack it can do without.
#[inline]
fn go<'a, F: Checking>(after: F::After<'a>, check: Check<'a>, next: Next<'a>) -> Step<'a, F> {
    match next {
        Next::Failed(reason) => F::checked(after, Err(reason)),
        next => step(after, check, next),
    }
}

#[inline(never)]
fn step<'a, F: Checking>(after: F::After<'a>, check: Check<'a>, next: Next<'a>) -> Step<'a, F> {
    match next {
        Next::Load(at) => {
            let (key, kind) = (at.key(), Kind::Document);
            Step::Load(Load { key, kind, at: F::loading(AwaitKeys { check, at, after }) })
        }
        Next::Commit(at) => {
            let write = *at.write();
            Step::Commit(Commit { write, at: F::committing(AwaitKeys { check, at, after }) })
        }
        Next::Send(at) => {
            let exchange = at.exchange();
            Step::Send(Send { exchange, at: F::sending(AwaitKeys { check, at, after }) })
        }
        Next::Verify(at) => {
            let (key, message, signature) = (at.key(), at.message(), at.signature());
            Step::Verify(Verify { key, message, signature, at: F::verifying(AwaitKeys { check, at, after }) })
        }
        Next::Failed(reason) => F::checked(after, Err(reason)),
    }
}

impl<'a, P, A> AwaitKeys<'a, P, A> {
    fn then<F: Checking<After<'a> = A>>(self, turn: impl FnOnce(P, &mut Arena<'a>) -> Turn<'a>) -> Step<'a, F> {
        let Self { mut check, at, mut after } = self;
        let cx = F::context(&mut after);
        let turn = turn(at, &mut cx.arena);
        let next = check.go_on(turn, cx);
        go(after, check, next)
    }
}

impl<'a, A> AwaitKeys<'a, AwaitRow<'a>, A> {
    pub(super) fn loaded<F: Checking<After<'a> = A>>(self, row: Answer<Option<Row<'_>>>) -> Step<'a, F> {
        self.then(|at, arena| at.loaded(row, arena))
    }
}

impl<'a, A> AwaitKeys<'a, AwaitCommit<'a>, A> {
    pub(super) fn committed<F: Checking<After<'a> = A>>(self, outcome: Answer<Committed>) -> Step<'a, F> {
        self.then(|at, arena| at.committed(outcome, arena))
    }
}

impl<'a, A> AwaitKeys<'a, AwaitResponse<'a>, A> {
    pub(super) fn sent<F: Checking<After<'a> = A>>(self, response: Answer<Response<'_>>) -> Step<'a, F> {
        self.then(|at, arena| at.sent(response, arena))
    }

    /// Nothing is signed for a document.
    pub(super) fn signed<F: Checking<After<'a> = A>>(self) -> Step<'a, F> {
        F::checked(self.after, Err(Reason::KeysUnavailable))
    }
}

impl<'a, A> AwaitKeys<'a, Unverified<'a, ()>, A> {
    pub(super) fn verified<F: Checking<After<'a> = A>>(self, verdict: Answer<Verdict>) -> Step<'a, F> {
        F::checked(self.after, self.at.verified(verdict))
    }
}
