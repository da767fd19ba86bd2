//! The ID token of a refresh, checked before its tokens are stored (OpenID Connect Core section 12.2).

use super::{AwaitStored, Committing, Loading, Refresh, Refreshed, Sending};
use crate::client::id_token::{Check, Next};
use crate::document::Turn;
use crate::error::Reason;
use crate::record::{Kind, Record, Session, TokenSet};
use crate::step::{Commit, Load, Send, Step, Verify, Write};
use crate::wire::write::Arena;

/// The ID token is being checked.
pub struct AwaitKeys<'a, D> {
    pub(super) after: AwaitStored<'a>,
    pub(super) check: Check<'a>,
    pub(super) at: D,
}

impl<'a> AwaitKeys<'a, ()> {
    pub(super) fn go_on(after: AwaitStored<'a>, check: Check<'a>, next: Next<'a>) -> Step<'a, Refresh> {
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
    pub(super) fn then(self, turn: impl FnOnce(D, &mut Arena<'a>) -> Turn<'a>) -> Step<'a, Refresh> {
        let Self { mut after, mut check, at } = self;
        let turn = turn(at, &mut after.cx.arena);
        let next = check.go_on(turn, &mut after.cx);
        AwaitKeys::go_on(after, check, next)
    }
}

impl<'a> AwaitStored<'a> {
    /// An ID token that is wrong ends the session: the tokens are somebody's, and nobody can say whose. If it could not be
    /// checked, the tokens are kept, since the refresh token is spent, but the access token counts as ended: the next refresh
    /// has another ID token to check.
    pub(super) fn fail(self, reason: Reason) -> Step<'a, Refresh> {
        let mut after = self;
        if let Reason::IdToken(_) = reason {
            after.write = Write { value: None, expires_at: after.cx.now, ..after.write };
            after.end = Refreshed::SignInAgain(reason.into());
            return after.commit();
        }
        after.end = Refreshed::Failed(reason.into());
        let session = after.write.value.and_then(|value| Session::decode(value).ok());
        let kept = session.as_ref().and_then(Session::tokens).map(|tokens| {
            let ended = TokenSet { expires_at: Some(after.cx.now), ..*tokens };
            after.cx.encode(&Session::Active(ended))
        });
        if let Some(Ok((value, _))) = kept {
            after.write.value = Some(value);
        }
        after.commit()
    }
}
