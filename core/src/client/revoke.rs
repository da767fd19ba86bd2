//! Signing out: the server is told (RFC 7009), and the session is deleted.
//!
//! ```text
//! start          -> load session | done
//! load session   -> sign | send | commit session | done
//! sign           -> send | done
//! send           -> commit session | done
//! commit session -> load session | done
//! ```

use crate::client::exchange::{Asking, Turn};
use crate::client::response::{Failure, read_refusal};
use crate::client::{Client, Context};
use crate::error::{Reason, TooSmall, lent};
use crate::limits;
use crate::record::{Key, Kind, Record, Session};
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Step, no_phases};
use crate::terms::Time;
use crate::terms::metadata::ServerMetadata;
use crate::wire::http::Response;

/// The flow of a sign-out: see [`Client::revoke`].
pub enum Revoke {}

/// How a sign-out ended.
#[derive(Clone, Copy, Debug)]
pub enum Revoked<'a> {
    /// The session is gone.
    SignedOut {
        /// Whether the server was told of the tokens that the session held last, and answered with success, as it also does
        /// for tokens that it does not know (RFC 7009 section 2.2). False where it has no revocation endpoint or does not
        /// revoke tokens of this kind, and where there was no session with tokens.
        at_server: bool,
    },
    /// The session is as it was, and its tokens must be taken for alive (RFC 7009 section 2.2.1); ask again later.
    Failed(Failure<'a>),
}

impl<'a> Client<'a> {
    /// Revokes the tokens of a session, and deletes it. The buffer needs [`BUFFER`](super::BUFFER) bytes.
    pub fn revoke(
        &'a self,
        server: &'a ServerMetadata<'a>,
        session: Key,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Revoke>, TooSmall> {
        let cx = Context::new(self, server, now, buffer)?;
        Ok(match cx.check_server() {
            Ok(()) => AwaitSession { cx, key: session, told: None, races: limits::RACES }.load(),
            Err(reason) => Step::Done(Revoked::Failed(reason.into())),
        })
    }
}

/// What the server was told.
struct Told<'a> {
    token: &'a str,
    /// Whether it has revoked it; if not, it has nothing to revoke it with.
    revoked: bool,
}

/// The session is being read.
pub struct AwaitSession<'a> {
    cx: Context<'a>,
    key: Key,
    told: Option<Told<'a>>,
    races: u8,
}

impl<'a> AwaitSession<'a> {
    fn load(self) -> Step<'a, Revoke> {
        Step::Load(Load { key: self.key, kind: Kind::Session, at: self })
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Revoke> {
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => return Step::Done(self.signed_out()),
            Err(_) => return Step::Done(Revoked::Failed(Reason::StoreUnavailable.into())),
        };
        match self.exchange(&row) {
            Ok(Some((token, asking))) => AwaitResponse { before: self, asking, token, version: row.version }
                .go_on(|at| at.before.cx.prepare(&mut at.asking)),
            Ok(None) => self.delete(row.version),
            Err(reason) => Step::Done(Revoked::Failed(reason.into())),
        }
    }

    /// The revocation request, if there is one to be made, and the token that it is about. After a lost race the row may hold
    /// tokens that the server was not told of: a refresh has stored them meanwhile.
    fn exchange(&mut self, row: &Row<'_>) -> Result<Option<(&'a str, Asking<'a>)>, Reason> {
        let session = Session::decode(row.value);
        let session = lent(&session)?;
        if !self.cx.owns(session) {
            return Err(Reason::SessionForeign);
        }
        let Some(tokens) = session.tokens() else { return Ok(None) };
        if self.told.as_ref().is_some_and(|told| told.token == tokens.strongest()) {
            return Ok(None);
        }
        let Some(asking) = self.cx.revocation(tokens, row.version)? else { return Ok(None) };
        Ok(Some((self.cx.arena.copy_str(tokens.strongest())?, asking)))
    }

    fn delete(self, version: u64) -> Step<'a, Revoke> {
        let write = self.cx.write(self.key, Some(version), None, self.cx.now);
        Step::Commit(Commit { write, at: AwaitDeleted { before: self } })
    }

    fn signed_out(&self) -> Revoked<'a> {
        Revoked::SignedOut { at_server: self.told.as_ref().is_some_and(|told| told.revoked) }
    }
}

/// The server is being told.
pub struct AwaitResponse<'a> {
    before: AwaitSession<'a>,
    asking: Asking<'a>,
    token: &'a str,
    version: u64,
}

impl<'a> AwaitResponse<'a> {
    fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<Turn<'a>, Reason>) -> Step<'a, Revoke> {
        match turn(&mut self) {
            Ok(turn) => turn.step(self),
            Err(reason) => Step::Done(Revoked::Failed(reason.into())),
        }
    }

    fn judge(self, response: Answer<Response<'_>>) -> Step<'a, Revoke> {
        let Self { mut before, token, version, .. } = self;
        let Ok(response) = response else { return Step::Done(Revoked::Failed(Reason::PeerUnavailable.into())) };
        if response.status == 200 {
            before.told = Some(Told { token, revoked: true });
            return before.delete(version);
        }
        let failure = read_refusal(response);
        if failure.error.is_some_and(|error| error.code == "unsupported_token_type") {
            before.told = Some(Told { token, revoked: false });
            return before.delete(version);
        }
        Step::Done(Revoked::Failed(failure.copy(&mut before.cx.arena)))
    }
}

/// The session is being deleted.
pub struct AwaitDeleted<'a> {
    before: AwaitSession<'a>,
}

impl Flow for Revoke {
    type Output<'a> = Revoked<'a>;
    type Loading<'a> = AwaitSession<'a>;
    type Committing<'a> = AwaitDeleted<'a>;
    type Signing<'a> = AwaitResponse<'a>;
    type Sending<'a> = AwaitResponse<'a>;
    no_phases!(Verifying);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        at.judge(row)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitDeleted { mut before } = at;
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => Step::Done(before.signed_out()),
            (Ok(Committed::Conflict), Some(races)) => {
                before.races = races;
                before.load()
            }
            (Ok(Committed::Conflict), None) => Step::Done(Revoked::Failed(Reason::StoreBusy.into())),
            (Err(_), _) => Step::Done(Revoked::Failed(Reason::StoreUnavailable.into())),
        }
    }

    fn signed<'a>(at: Self::Signing<'a>, signature: Answer<&[u8]>) -> Step<'a, Self> {
        at.go_on(|at| at.before.cx.signed(&mut at.asking, signature))
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        at.judge(response)
    }
}
