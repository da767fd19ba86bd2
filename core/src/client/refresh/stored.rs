//! What a refresh has come to, stored before it is handed out; or revoked, if there is nobody left to keep it.

use super::{Committing, Loading, Refresh, Refreshed, Sending};
use crate::client::exchange::{Asking, Turn};
use crate::client::response::Tokens;
use crate::client::{Context, works};
use crate::error::Reason;
use crate::name::Name;
use crate::record::{Kind, Record, Refreshing, Session, TokenSet};
use crate::step::{Answer, Commit, Committed, Load, Row, Step, Write};

/// What the server answered is being stored, or is to be: the row was not as expected.
pub struct AwaitStored<'a> {
    pub(super) cx: Context<'a>,
    pub(super) spent: &'a str,
    pub(super) rejected: Option<&'a str>,
    pub(super) write: Write<'a>,
    pub(super) end: Refreshed<'a>,
    /// The row with the tokens that nobody is to keep, if that is how it ends, and why.
    pub(super) orphans: Option<(&'a [u8], Reason)>,
    /// `None` once it may not be written again.
    pub(super) races: Option<u8>,
}

impl<'a> AwaitStored<'a> {
    #[inline(never)]
    pub(super) fn commit(self) -> Step<'a, Refresh> {
        Step::Commit(Commit { write: self.write, at: Committing::Stored(self) })
    }

    /// An ID token that is wrong ends the session: the tokens are somebody's, and nobody can say whose, so that they are revoked. If it could not be
    /// checked, the tokens are kept, since the refresh token is spent, but the access token counts as ended: the next refresh
    /// has another ID token to check. So they are where its times do not fit: then a clock is off, and the user is the same.
    pub(super) fn fail(self, reason: Reason) -> Step<'a, Refresh> {
        let mut after = self;
        if matches!(reason, Reason::IdToken(name) if !matches!(name, Name::Exp | Name::Iat | Name::Nbf)) {
            after.orphans = after.write.value.map(|value| (value, reason));
            after.write = Write { value: None, expires_at: after.cx.now, ..after.write };
            after.end = Refreshed::SignInAgain(reason.into());
            return after.commit();
        }
        after.end = Refreshed::Failed(reason.into());
        let session = Session::decode(after.write.value.unwrap_or_default());
        let kept = session.as_ref().ok().and_then(Session::tokens).map(|tokens| {
            let ended = TokenSet { expires_at: Some(after.cx.now), ..*tokens };
            after.cx.encode(&Session::Active(ended))
        });
        if let Some(Ok(value)) = kept {
            after.write.value = Some(value);
        }
        after.commit()
    }

    pub(super) fn committed(self, outcome: Answer<Committed>) -> Step<'a, Refresh> {
        match (outcome, self.end) {
            (Ok(Committed::Yes), end) => self.done(end),
            // What the server has said of the grant holds, stored or not.
            (Err(_), end @ Refreshed::SignInAgain(_)) => self.done(end),
            // Nobody knows whether it is stored: the row does. To write it twice is to write it once. The last read is for
            // what may have become of the session alone: tokens that nobody keeps are revoked.
            _ => {
                let at = Loading::Rival(Self { races: self.races.and_then(|races| races.checked_sub(1)), ..self });
                Step::Load(Load { key: self.write.key, kind: Kind::Session, at })
            }
        }
    }

    fn done(self, end: Refreshed<'a>) -> Step<'a, Refresh> {
        match self.orphans {
            Some((row, reason)) => orphaned(self.cx, row, self.write.version(), reason),
            None => Step::Done(end),
        }
    }

    /// The lease lapsed, and another took it; or the user signed out; or the tokens are stored after all.
    pub(super) fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Refresh> {
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => {
                let stored = (self.write.value.unwrap_or_default(), Reason::SessionGone);
                let (row, reason) = self.orphans.unwrap_or(stored);
                return orphaned(self.cx, row, self.write.version(), reason);
            }
            Err(_) => return Step::Done(Refreshed::Failed(Reason::StoreUnavailable.into())),
        };
        Step::Done(match &Session::decode(row.value) {
            Ok(session) if !self.cx.owns(session) => Refreshed::Failed(Reason::SessionForeign.into()),
            // The row still holds what was spent: what came of that is newer.
            Ok(session) if session.tokens().is_some_and(|tokens| tokens.refresh_token == Some(self.spent)) => {
                if self.races.is_none() {
                    return Step::Done(match self.end {
                        Refreshed::SignInAgain(_) => self.end,
                        _ => Refreshed::Failed(Reason::StoreBusy.into()),
                    });
                }
                self.write.expected = Some(row.version);
                return self.commit();
            }
            Ok(Session::Active(tokens)) if !works(tokens, self.rejected, self.cx.now) => {
                Refreshed::Failed(Reason::StoreBusy.into())
            }
            Ok(Session::Active(tokens)) => match Tokens::of(tokens).copy(&mut self.cx.arena) {
                Ok(tokens) => Refreshed::Usable(tokens),
                Err(reason) => Refreshed::Failed(reason.into()),
            },
            Ok(Session::Refreshing(Refreshing { lease_until, .. })) => Refreshed::Busy { until: *lease_until },
            Ok(Session::Started(_) | Session::Redeeming(_)) => Refreshed::SignInAgain(Reason::SessionGone.into()),
            Err(reason) => Refreshed::Failed((*reason).into()),
        })
    }
}

/// No session keeps the tokens of a row: the server is told to revoke what it has issued, whatever comes of it.
fn orphaned<'a>(mut cx: Context<'a>, row: &[u8], version: u64, reason: Reason) -> Step<'a, Refresh> {
    let session = Session::decode(row);
    let lost = session.as_ref().ok().and_then(Session::tokens);
    let asking = lost.and_then(|tokens| cx.revocation(tokens, version).ok()?);
    match asking {
        Some(asking) => AwaitOrphans { cx, asking, reason }.go_on(|at| at.cx.prepare(&mut at.asking)),
        None => Step::Done(Refreshed::SignInAgain(reason.into())),
    }
}

/// What nobody keeps is being revoked.
pub struct AwaitOrphans<'a> {
    pub(super) cx: Context<'a>,
    pub(super) asking: Asking<'a>,
    pub(super) reason: Reason,
}

impl<'a> AwaitOrphans<'a> {
    pub(super) fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<Turn<'a>, Reason>) -> Step<'a, Refresh> {
        match turn(&mut self) {
            Ok(turn) => turn.step(Sending::Orphans(self)),
            Err(_) => Step::Done(Refreshed::SignInAgain(self.reason.into())),
        }
    }
}
