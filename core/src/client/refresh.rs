//! Having an access token that works: the session's own, or a new one for its refresh token (RFC 6749 section 6).
//!
//! ```text
//! start          -> load session | done
//! load session   -> commit session | send | done
//! commit session -> send | load session | done
//! send           -> commit session | done
//! ```
//!
//! Whoever refreshes takes a lease first, by compare-and-swap: a refresh token that is spent twice looks stolen, and ends
//! the grant (RFC 9700 section 4.14.2). A lease lapses, so that a holder who dies does not take the session along.

use crate::client::response::{Asked, Failure, Tokens, read_token_response};
use crate::client::{Client, Context, write_resources};
use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::record::{Key, Kind, Record, Refreshing, Session, TokenSet};
use crate::step::{Answer, Commit, Committed, Exchange, Flow, Load, Row, Send, Step, Write, no_phases};
use crate::terms::Time;
use crate::terms::metadata::ServerMetadata;
use crate::wire::http::Response;

/// The flow of a refresh: see [`Client::refresh`].
pub enum Refresh {}

/// What a session has to offer.
#[derive(Clone, Copy)]
pub enum Refreshed<'a> {
    /// An access token that works.
    Usable(Tokens<'a>),
    /// The session is being refreshed elsewhere. Ask again soon; by `until` the lease lapses.
    Busy {
        /// When the lease lapses.
        until: Time,
    },
    /// There is nothing left to refresh: the user must sign in again.
    SignInAgain(Failure<'a>),
    /// No access token now; ask again later. With [`Reason::StoreUnavailable`] and [`Reason::StoreBusy`] the session may be
    /// under a lease that nobody uses, until that lapses; and if the store failed for good after the server had answered, the
    /// new tokens are lost, and the next try spends a refresh token that the server may take for stolen. In all other cases
    /// the session is as it was.
    Failed(Failure<'a>),
}

impl<'a> Client<'a> {
    /// Finds an access token that works, and refreshes the session's if it does not.
    ///
    /// `rejected` is the access token that a resource has refused as invalid, if one has: it is not handed out again. The
    /// buffer needs [`BUFFER`](super::BUFFER) bytes.
    pub fn refresh(
        &'a self,
        server: &ServerMetadata<'a>,
        session: Key,
        rejected: Option<&'a str>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Refresh>, TooSmall> {
        let cx = Context::new(self, server, now, buffer)?;
        Ok(match cx.check_server() {
            Ok(()) => AwaitSession { cx, key: session, rejected, races: limits::RACES }.load(),
            Err(reason) => Step::Done(Refreshed::Failed(reason.into())),
        })
    }
}

/// The phases in which the session is being read.
pub enum Loading<'a> {
    #[doc(hidden)]
    Session(AwaitSession<'a>),
    #[doc(hidden)]
    Rival(AwaitStored<'a>),
}

/// The session is being read.
pub struct AwaitSession<'a> {
    cx: Context<'a>,
    key: Key,
    rejected: Option<&'a str>,
    races: u8,
}

impl<'a> AwaitSession<'a> {
    fn load(self) -> Step<'a, Refresh> {
        Step::Load(Load { key: self.key, kind: Kind::Session, at: Loading::Session(self) })
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Refresh> {
        match self.lease(row) {
            Ok((write, tokens, refresh_token)) => {
                let Self { key, rejected, .. } = self;
                let held = Held { key, version: write.version(), tokens, refresh_token, rejected };
                Step::Commit(Commit { write, at: Committing::Lease(AwaitLease { before: self, held }) })
            }
            Err(end) => Step::Done(end),
        }
    }

    /// The write that takes the lease, and the tokens as they are; unless there is nothing to refresh.
    fn lease(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(Write<'a>, TokenSet<'a>, &'a str), Refreshed<'a>> {
        let failed = |reason: Reason| Refreshed::Failed(reason.into());
        let again = |reason: Reason| Refreshed::SignInAgain(reason.into());
        let Self { cx, key, rejected, .. } = self;
        let row = row.map_err(|_| failed(Reason::StoreUnavailable))?.ok_or(again(Reason::SessionGone))?;
        let session = Session::decode(row.value).map_err(failed)?;
        if session.owner() != cx.owner() {
            return Err(failed(Reason::SessionForeign));
        }
        // A sign-in that has not ended has no tokens yet.
        let tokens = session.tokens().ok_or(again(Reason::SessionGone))?;
        let last = tokens.refresh_token.is_none();
        if works(tokens, *rejected, if last { cx.now } else { cx.now.after(limits::FRESH_MARGIN) }) {
            let usable = Tokens::of(tokens).copy(&mut cx.arena).map(Refreshed::Usable);
            return Err(usable.unwrap_or_else(failed));
        }
        if last {
            return Err(again(Reason::SessionExpired));
        }
        let lease_until = cx.now.after(limits::LEASE);
        if let Session::Refreshing(Refreshing { lease_until: until, .. }) = session {
            // A lease that ends much later than one taken now was taken before the clock was set back. What ends a little
            // later was taken by a clock that is ahead of this one, and holds.
            if !cx.now.reached(until) && until <= lease_until.after(limits::LEASE) {
                return Err(Refreshed::Busy { until });
            }
        }
        let next = Session::Refreshing(Refreshing { tokens: *tokens, lease_until });
        let (value, next) = cx.encode(&next).map_err(failed)?;
        let tokens = next.tokens().ok_or(failed(Reason::RowUndecodable))?;
        let refresh_token = tokens.refresh_token.ok_or(failed(Reason::RowUndecodable))?;
        let write = cx.write(*key, Some(row.version), Some(value), cx.keep_until(tokens));
        Ok((write, *tokens, refresh_token))
    }
}

/// Whether an access token may be handed out: it was not rejected, and has not ended by then.
fn works(tokens: &TokenSet<'_>, rejected: Option<&str>, by: Time) -> bool {
    Some(tokens.access_token) != rejected && tokens.expires_at.is_none_or(|end| !by.reached(end))
}

/// A session under the flow's own lease.
#[derive(Clone, Copy)]
struct Held<'a> {
    key: Key,
    version: u64,
    tokens: TokenSet<'a>,
    refresh_token: &'a str,
    rejected: Option<&'a str>,
}

/// The phases in which the session is being written.
pub enum Committing<'a> {
    #[doc(hidden)]
    Lease(AwaitLease<'a>),
    #[doc(hidden)]
    Stored(AwaitStored<'a>),
    #[doc(hidden)]
    Released(AwaitReleased<'a>),
}

/// The lease is being taken.
pub struct AwaitLease<'a> {
    before: AwaitSession<'a>,
    held: Held<'a>,
}

impl<'a> AwaitLease<'a> {
    fn judge(self, outcome: Answer<Committed>) -> Step<'a, Refresh> {
        let Self { before, held } = self;
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => AwaitTokens { cx: before.cx, held }.send(),
            (Ok(Committed::Conflict), Some(races)) => AwaitSession { races, ..before }.load(),
            (Ok(Committed::Conflict), None) => Step::Done(Refreshed::Failed(Reason::StoreBusy.into())),
            (Err(_), _) => Step::Done(Refreshed::Failed(Reason::StoreUnavailable.into())),
        }
    }
}

/// The refresh token is being spent.
pub struct AwaitTokens<'a> {
    cx: Context<'a>,
    held: Held<'a>,
}

impl<'a> AwaitTokens<'a> {
    fn send(mut self) -> Step<'a, Refresh> {
        match self.exchange() {
            Ok(exchange) => Step::Send(Send { exchange, at: Sending::Tokens(self) }),
            Err(reason) => self.release(reason.into()),
        }
    }

    /// The refresh request (RFC 6749 section 6, RFC 8707 section 2.2). It names no scope: the scope stays as it is.
    fn exchange(&mut self) -> Result<Exchange<'a>, Reason> {
        let Held { tokens, refresh_token, .. } = self.held;
        self.cx.post(self.cx.server.token_endpoint(), |form| {
            form.pair("grant_type", "refresh_token");
            form.pair("refresh_token", refresh_token);
            write_resources(form, tokens.resources);
        })
    }

    fn judge(mut self, response: Answer<Response<'_>>) -> Step<'a, Refresh> {
        match self.write(response) {
            Ok((write, tokens)) => self.store(write, Refreshed::Usable(tokens)),
            Err(failure) if failure.is_invalid_grant() => {
                let Held { key, version, .. } = self.held;
                let write = self.cx.write(key, Some(version), None, self.cx.now);
                self.store(write, Refreshed::SignInAgain(failure))
            }
            Err(failure) => self.release(failure),
        }
    }

    fn write(&mut self, response: Answer<Response<'_>>) -> Result<(Write<'a>, Tokens<'a>), Failure<'a>> {
        let Self { cx, held: Held { key, version, tokens, refresh_token, .. } } = self;
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        let response = read_token_response(response).map_err(|failure| failure.copy(&mut cx.arena))?;
        let asked = Asked {
            owner: tokens.owner,
            scope: tokens.scope_asked,
            scope_before: tokens.scope,
            resources: tokens.resources,
            refresh_token: Some(refresh_token),
        };
        let (write, tokens) = cx.activate(*key, *version, &response.tokens(&asked, cx.now))?;
        Ok((write, Tokens::of(&tokens)))
    }

    fn store(self, write: Write<'a>, end: Refreshed<'a>) -> Step<'a, Refresh> {
        let Held { refresh_token: spent, rejected, .. } = self.held;
        let at = AwaitStored { cx: self.cx, spent, rejected, write, end, races: Some(limits::RACES) };
        Step::Commit(Commit { write, at: Committing::Stored(at) })
    }

    /// Gives the lease back. The refresh token may have been spent, and it may not: it is kept for another try.
    fn release(mut self, failure: Failure<'a>) -> Step<'a, Refresh> {
        let Held { key, version, tokens, .. } = self.held;
        match self.cx.activate(key, version, &tokens) {
            Ok((write, _)) => Step::Commit(Commit { write, at: Committing::Released(AwaitReleased { failure }) }),
            Err(_) => Step::Done(Refreshed::Failed(failure)),
        }
    }
}

/// What the server answered is being stored, or is to be: the row was not as expected.
pub struct AwaitStored<'a> {
    cx: Context<'a>,
    spent: &'a str,
    rejected: Option<&'a str>,
    write: Write<'a>,
    end: Refreshed<'a>,
    /// `None` once it may not be written again.
    races: Option<u8>,
}

impl<'a> AwaitStored<'a> {
    fn committed(self, outcome: Answer<Committed>) -> Step<'a, Refresh> {
        match (outcome, self.end) {
            (Ok(Committed::Yes), end) => Step::Done(end),
            // What the server has said of the grant holds, stored or not.
            (Err(_), end @ Refreshed::SignInAgain(_)) => Step::Done(end),
            // Nobody knows whether it is stored: the row does. To write it twice is to write it once. The last read is for
            // what may have become of the session alone: tokens that nobody keeps are revoked.
            _ => {
                let at = Loading::Rival(Self { races: self.races.and_then(|races| races.checked_sub(1)), ..self });
                Step::Load(Load { key: self.write.key, kind: Kind::Session, at })
            }
        }
    }

    /// The lease lapsed, and another took it; or the user signed out; or the tokens are stored after all.
    fn judge(self, row: Answer<Option<Row<'_>>>) -> Step<'a, Refresh> {
        let Self { mut cx, spent, rejected, mut write, end, races } = self;
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => return orphaned(cx, &write),
            Err(_) => return Step::Done(Refreshed::Failed(Reason::StoreUnavailable.into())),
        };
        Step::Done(match Session::decode(row.value) {
            Ok(session) if session.owner() != cx.owner() => Refreshed::Failed(Reason::SessionForeign.into()),
            // The row still holds what was spent: what came of that is newer.
            Ok(session) if session.tokens().is_some_and(|tokens| tokens.refresh_token == Some(spent)) => {
                if races.is_none() {
                    return Step::Done(match end {
                        Refreshed::SignInAgain(_) => end,
                        _ => Refreshed::Failed(Reason::StoreBusy.into()),
                    });
                }
                write.expected = Some(row.version);
                let at = Committing::Stored(Self { cx, spent, rejected, write, end, races });
                return Step::Commit(Commit { write, at });
            }
            Ok(Session::Active(tokens)) if !works(&tokens, rejected, cx.now) => {
                Refreshed::Failed(Reason::StoreBusy.into())
            }
            Ok(Session::Active(tokens)) => match Tokens::of(&tokens).copy(&mut cx.arena) {
                Ok(tokens) => Refreshed::Usable(tokens),
                Err(reason) => Refreshed::Failed(reason.into()),
            },
            Ok(Session::Refreshing(Refreshing { lease_until, .. })) => Refreshed::Busy { until: lease_until },
            Ok(Session::Started(_) | Session::Redeeming(_)) => Refreshed::SignInAgain(Reason::SessionGone.into()),
            Err(reason) => Refreshed::Failed(reason.into()),
        })
    }
}

/// The user has signed out meanwhile: the server is told to revoke what it has issued since, whatever comes of it.
fn orphaned<'a>(mut cx: Context<'a>, write: &Write<'a>) -> Step<'a, Refresh> {
    let lost = write.value.and_then(|value| Session::decode(value).ok());
    let exchange = lost.and_then(|session| cx.revocation(session.tokens()?).ok()?);
    match exchange {
        Some(exchange) => Step::Send(Send { exchange, at: Sending::Orphans }),
        None => Step::Done(Refreshed::SignInAgain(Reason::SessionGone.into())),
    }
}

/// The phases in which the server is being asked.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Sending<'a> {
    #[doc(hidden)]
    Tokens(AwaitTokens<'a>),
    #[doc(hidden)]
    Orphans,
}

/// The lease is being given back.
pub struct AwaitReleased<'a> {
    failure: Failure<'a>,
}

impl Flow for Refresh {
    type Output<'a> = Refreshed<'a>;
    type Loading<'a> = Loading<'a>;
    type Committing<'a> = Committing<'a>;
    type Sending<'a> = Sending<'a>;
    no_phases!(Signing Verifying);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Session(at) => at.judge(row),
            Loading::Rival(at) => at.judge(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        match at {
            Committing::Lease(at) => at.judge(outcome),
            Committing::Stored(at) => at.committed(outcome),
            // A lease that could not be given back lapses.
            Committing::Released(at) => Step::Done(Refreshed::Failed(at.failure)),
        }
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        match at {
            Sending::Tokens(at) => at.judge(response),
            Sending::Orphans => Step::Done(Refreshed::SignInAgain(Reason::SessionGone.into())),
        }
    }
}
