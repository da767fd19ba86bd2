//! The ID token of a sign-in, checked before its tokens are stored.

use super::{AwaitActive, Callback, Committing, Loading, Sending};
use crate::client::id_token::{Check, Next};
use crate::document::Turn;
use crate::record::Kind;
use crate::step::{Commit, Load, Send, Step, Verify};
use crate::wire::write::Arena;

/// The ID token is being checked.
pub struct AwaitKeys<'a, D> {
    pub(super) after: AwaitActive<'a>,
    pub(super) check: Check<'a>,
    pub(super) at: D,
}

impl<'a> AwaitKeys<'a, ()> {
    pub(super) fn go_on(after: AwaitActive<'a>, check: Check<'a>, next: Next<'a>) -> Step<'a, Callback> {
        match next {
            Next::Load(at) => {
                let (key, kind) = (at.key(), Kind::Document);
                Step::Load(Load { key, kind, at: Loading::Keys(AwaitKeys { after, check, at }) })
            }
            Next::Commit(at) => {
                let write = *at.write();
                Step::Commit(Commit { write, at: Committing::Keys(AwaitKeys { after, check, at }) })
            }
            Next::Send(at) => {
                let exchange = at.exchange();
                Step::Send(Send { exchange, at: Sending::Keys(AwaitKeys { after, check, at }) })
            }
            Next::Verify(at) => {
                let (key, message, signature) = (at.key(), at.message(), at.signature());
                Step::Verify(Verify { key, message, signature, at: AwaitKeys { after, check, at } })
            }
            Next::Failed(reason) => after.fail(reason),
        }
    }
}

impl<'a, D> AwaitKeys<'a, D> {
    pub(super) fn then(self, turn: impl FnOnce(D, &mut Arena<'a>) -> Turn<'a>) -> Step<'a, Callback> {
        let Self { mut after, mut check, at } = self;
        let turn = turn(at, &mut after.cx.arena);
        let next = check.go_on(turn, &mut after.cx);
        AwaitKeys::go_on(after, check, next)
    }
}
