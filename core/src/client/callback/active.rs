//! The tokens of a sign-in, stored before they are handed out; or revoked, if there is nobody left to keep them.

use super::{Callback, Committing, Loading, Sending, SignedIn};
use crate::client::Context;
use crate::client::exchange::{Asking, Turn};
use crate::client::response::{Failure, Tokens};
use crate::error::Reason;
use crate::record::{Kind, Record, Refreshing, Session, TokenSet};
use crate::step::{Answer, Commit, Committed, Load, Row, Step, Write};

/// The tokens are being stored, or are to be; they are handed out after it.
pub struct AwaitActive<'a> {
    pub(super) cx: Context<'a>,
    pub(super) tokens: TokenSet<'a>,
    pub(super) write: Write<'a>,
    /// `None` once they may not be written again.
    pub(super) races: Option<u8>,
}

impl<'a> AwaitActive<'a> {
    #[inline(never)]
    pub(super) fn commit(self) -> Step<'a, Callback> {
        Step::Commit(Commit { write: self.write, at: Committing::Active(self) })
    }

    /// Tokens whose user is not known are stored and handed out to nobody, and revoked.
    pub(super) fn fail(self, reason: Reason) -> Step<'a, Callback> {
        let write = Write { value: None, expires_at: self.cx.now, ..self.write };
        Step::Commit(Commit { write, at: Committing::Orphaned(self, reason) })
    }

    pub(super) fn committed(self, outcome: Answer<Committed>) -> Step<'a, Callback> {
        if outcome == Ok(Committed::Yes) {
            return Step::Done(Ok(self.signed_in(&self.tokens)));
        }
        // Nobody knows whether they are stored: the row does. To write them twice is to write them once.
        let key = self.write.key;
        let at = Self { races: self.races.and_then(|races| races.checked_sub(1)), ..self };
        Step::Load(Load { key, kind: Kind::Session, at: Loading::Stored(at) })
    }

    /// The tokens are stored after all; or the user has signed out.
    pub(super) fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Callback> {
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => return self.orphaned(Reason::SessionGone),
            Err(_) => return Step::Done(Err(Reason::StoreUnavailable.into())),
        };
        match &Session::decode(row.value) {
            Ok(session) if !self.cx.owns(session) => Step::Done(Err(Reason::SessionForeign.into())),
            Ok(Session::Redeeming(_)) if self.races.is_none() => self.orphaned(Reason::StoreBusy),
            // A response is taken once: the row is this flow's own.
            Ok(Session::Redeeming(_)) => {
                self.write.expected = Some(row.version);
                self.commit()
            }
            // Or a refresh has gone on with them: what it has stored is the session's.
            Ok(Session::Active(tokens) | Session::Refreshing(Refreshing { tokens, .. })) => {
                let tokens = Tokens::of(tokens).copy(&mut self.cx.arena);
                let signed_in = tokens.map(|tokens| SignedIn { session: self.write.key, tokens });
                Step::Done(signed_in.map_err(Failure::from))
            }
            Ok(Session::Started(_)) => Step::Done(Err(Reason::SessionGone.into())),
            Err(reason) => Step::Done(Err((*reason).into())),
        }
    }

    pub(super) fn signed_in(&self, tokens: &TokenSet<'a>) -> SignedIn<'a> {
        SignedIn { session: self.write.key, tokens: Tokens::of(tokens) }
    }

    /// No session keeps the tokens: the server is told to revoke what it has issued, whatever comes of it.
    pub(super) fn orphaned(mut self, reason: Reason) -> Step<'a, Callback> {
        match self.cx.revocation(&self.tokens, self.write.version()) {
            Ok(Some(asking)) => AwaitOrphans { cx: self.cx, asking, reason }.go_on(|at| at.cx.prepare(&mut at.asking)),
            Ok(None) | Err(_) => Step::Done(Err(reason.into())),
        }
    }
}

/// What nobody keeps is being revoked.
pub struct AwaitOrphans<'a> {
    pub(super) cx: Context<'a>,
    pub(super) asking: Asking<'a>,
    pub(super) reason: Reason,
}

impl<'a> AwaitOrphans<'a> {
    pub(super) fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<Turn<'a>, Reason>) -> Step<'a, Callback> {
        match turn(&mut self) {
            Ok(turn) => turn.step(Sending::Orphans(self)),
            Err(_) => Step::Done(Err(self.reason.into())),
        }
    }
}
