//! Having an access token that works: the session's own, or a new one for its refresh token (RFC 6749 section 6).
//!
//! ```text
//! start           -> load session | done
//! load session    -> commit session | sign | send | done
//! commit session  -> sign | send | load session | done
//! sign            -> sign | send | commit session | done
//! send            -> commit session | sign | load document | commit document | verify | done
//! load document   -> commit document | send | load document | verify | commit session
//! commit document -> send | load document | verify | commit session
//! verify          -> commit session
//! ```
//!
//! Whoever refreshes takes a lease first, by compare-and-swap: a refresh token that is spent twice looks stolen, and ends
//! the grant (RFC 9700 section 4.14.2). A lease lapses, so that a holder who dies does not take the session along.

mod stored;

use self::stored::{AwaitOrphans, AwaitStored};
use crate::client::authorize::nonce_of;
use crate::client::checking::{self, AwaitKeys, Checking};
use crate::client::exchange::{self, Asking};
use crate::client::id_token::{self, Check, Expected};
use crate::client::response::{Asked, Failure, Tokens, read_token_response};
use crate::client::{Client, Context, works, write_resources};
use crate::document::{AwaitCommit, AwaitResponse, AwaitRow};
use crate::error::{Reason, TooSmall, lent};
use crate::limits;
use crate::proof::signature::Unverified;
use crate::record::{Key, Kind, Record, Refreshing, Session, TokenSet};
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Step, Verdict, Write};
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
        server: &'a ServerMetadata<'a>,
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
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Loading<'a> {
    #[doc(hidden)]
    Session(AwaitSession<'a>),
    #[doc(hidden)]
    Rival(AwaitStored<'a>),
    #[doc(hidden)]
    Keys(AwaitKeys<'a, AwaitRow<'a>, AwaitStored<'a>>),
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
        let session = Session::decode(row.value);
        let session = lent(&session).map_err(failed)?;
        if !cx.owns(session) {
            return Err(failed(Reason::SessionForeign));
        }
        // A sign-in that has not ended has no tokens yet.
        let tokens = session.tokens().ok_or(again(Reason::SessionGone))?;
        let last = tokens.refresh_token.is_none();
        if works(tokens, *rejected, if last { cx.now } else { cx.fresh_until() }) {
            let usable = Tokens::of(tokens).copy(&mut cx.arena).map(Refreshed::Usable);
            return Err(usable.unwrap_or_else(failed));
        }
        if last {
            return Err(again(Reason::SessionExpired));
        }
        if tokens.signing.key_id.is_some_and(|key_id| cx.client.key(key_id).is_none()) {
            return Err(again(Reason::KeyUnknown));
        }
        let lease_until = cx.now.after(limits::SESSION_LEASE);
        if let &Session::Refreshing(Refreshing { lease_until: until, .. }) = session {
            // A lease that ends much later than one taken now was taken before the clock was set back. What ends a little
            // later was taken by a clock that is ahead of this one, and holds.
            if !cx.now.reached(until) && until <= lease_until.after(limits::SESSION_LEASE) {
                return Err(Refreshed::Busy { until });
            }
        }
        let next = Session::Refreshing(Refreshing { tokens: *tokens, lease_until });
        let value = cx.encode(&next).map_err(failed)?;
        let next = Session::decode(value);
        let tokens = lent(&next).map_err(failed)?.tokens().ok_or(failed(Reason::RowUndecodable))?;
        let refresh_token = tokens.refresh_token.ok_or(failed(Reason::RowUndecodable))?;
        let write = cx.write(*key, Some(row.version), Some(value), cx.keep_until(tokens));
        Ok((write, *tokens, refresh_token))
    }
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
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Committing<'a> {
    #[doc(hidden)]
    Lease(AwaitLease<'a>),
    #[doc(hidden)]
    Stored(AwaitStored<'a>),
    #[doc(hidden)]
    Released(AwaitReleased<'a>),
    #[doc(hidden)]
    Keys(AwaitKeys<'a, AwaitCommit<'a>, AwaitStored<'a>>),
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
            (Ok(Committed::Yes), _) => begin(before.cx, held),
            (Ok(Committed::Conflict), Some(races)) => AwaitSession { races, ..before }.load(),
            (Ok(Committed::Conflict), None) => Step::Done(Refreshed::Failed(Reason::StoreBusy.into())),
            (Err(_), _) => Step::Done(Refreshed::Failed(Reason::StoreUnavailable.into())),
        }
    }
}

/// The refresh request (RFC 6749 section 6, RFC 8707 section 2.2). It names no scope: the scope stays as it is.
fn begin<'a>(mut cx: Context<'a>, held: Held<'a>) -> Step<'a, Refresh> {
    let Held { tokens, refresh_token, version, .. } = held;
    let asking = cx.ask(cx.server().token_endpoint(), tokens.signing, version, true, &mut |form| {
        form.pair("grant_type", "refresh_token");
        form.pair("refresh_token", refresh_token);
        write_resources(form, tokens.resources);
    });
    match asking {
        Ok(asking) => AwaitTokens { cx, held, asking }.go_on(|at| at.cx.prepare(&mut at.asking)),
        Err(reason) => release(cx, held, reason.into()),
    }
}

/// Gives the lease back. The refresh token may have been spent, and it may not: it is kept for another try.
fn release<'a>(mut cx: Context<'a>, held: Held<'a>, failure: Failure<'a>) -> Step<'a, Refresh> {
    match cx.activate(held.key, held.version, &held.tokens) {
        Ok((write, _)) => Step::Commit(Commit { write, at: Committing::Released(AwaitReleased { failure }) }),
        Err(_) => Step::Done(Refreshed::Failed(failure)),
    }
}

/// The write that stores the tokens of a response, and these; and their ID token, if there is one, which comes first, or what is
/// wrong with it.
type Issued<'a> = (Write<'a>, Tokens<'a>, Result<Option<Check<'a>>, Reason>);

/// The refresh token is being spent.
pub struct AwaitTokens<'a> {
    cx: Context<'a>,
    held: Held<'a>,
    asking: Asking<'a>,
}

impl<'a> AwaitTokens<'a> {
    fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<exchange::Turn<'a>, Reason>) -> Step<'a, Refresh> {
        match turn(&mut self) {
            Ok(turn) => turn.step(Sending::Tokens(self)),
            Err(reason) => release(self.cx, self.held, reason.into()),
        }
    }

    fn judge(mut self, response: Answer<Response<'_>>) -> Step<'a, Refresh> {
        match self.write(response) {
            Ok(Some((write, tokens, check))) => {
                let after = self.store(write, Refreshed::Usable(tokens));
                match check {
                    Ok(None) => after.commit(),
                    Ok(Some(check)) => checking::begin(after, check),
                    Err(reason) => after.fail(reason),
                }
            }
            // A lease outlasts this one too, and those for the server's keys.
            Ok(None) => self.go_on(|at| at.cx.prepare(&mut at.asking)),
            Err(failure) if failure.is_invalid_grant() => {
                let Held { key, version, .. } = self.held;
                let write = self.cx.write(key, Some(version), None, self.cx.now);
                self.store(write, Refreshed::SignInAgain(failure)).commit()
            }
            Err(failure) => {
                // The nonce that came with the failure is for the next try.
                self.held.tokens.signing = self.asking.signing;
                release(self.cx, self.held, failure)
            }
        }
    }

    /// The write that stores the tokens, and these, and their ID token if there is one; or `None` if the request is to be made
    /// again.
    fn write(&mut self, response: Answer<Response<'_>>) -> Result<Option<Issued<'a>>, Failure<'a>> {
        let Self { cx, held: Held { key, version, tokens, refresh_token, .. }, asking } = self;
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        let headers = response.headers;
        cx.learn(asking, headers)?;
        let response = match read_token_response(response, asking.signing.key_id.is_some()) {
            Ok(response) => response,
            Err(failure) if cx.again(asking, &failure, headers) => return Ok(None),
            Err(failure) => return Err(failure.copy(&mut cx.arena)),
        };
        let asked = Asked {
            owner: tokens.owner,
            scope: tokens.scope_asked,
            scope_before: tokens.scope,
            resources: tokens.resources,
            refresh_token: Some(refresh_token),
            identity: tokens.identity,
            max_age: None,
            acr_values: "",
        };
        let check = match (response.id_token, tokens.identity) {
            (Some(token), Some(before)) => {
                let expected = Expected {
                    access_token: response.access_token(),
                    nonce: nonce_of(&asking.signing.seed),
                    max_age: None,
                    acr_values: "",
                    before: Some(before),
                };
                id_token::judge(cx, token, &expected).map(|(_, check)| Some(check))
            }
            // A server need not send one again, and one that nobody has asked for is not read.
            _ => Ok(None),
        };
        let (write, tokens) = cx.activate(*key, *version, &response.tokens(&asked, asking.signing, cx.now))?;
        Ok(Some((write, Tokens::of(&tokens), check)))
    }

    fn store(self, write: Write<'a>, end: Refreshed<'a>) -> AwaitStored<'a> {
        let Held { refresh_token: spent, rejected, .. } = self.held;
        AwaitStored { cx: self.cx, spent, rejected, write, end, orphans: None, races: Some(limits::RACES) }
    }
}

/// The phases in which the server is being asked, and what it is asked signed.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Sending<'a> {
    #[doc(hidden)]
    Tokens(AwaitTokens<'a>),
    #[doc(hidden)]
    Orphans(AwaitOrphans<'a>),
    #[doc(hidden)]
    Keys(AwaitKeys<'a, AwaitResponse<'a>, AwaitStored<'a>>),
}

/// The lease is being given back.
pub struct AwaitReleased<'a> {
    failure: Failure<'a>,
}

impl Flow for Refresh {
    type Output<'a> = Refreshed<'a>;
    type Loading<'a> = Loading<'a>;
    type Committing<'a> = Committing<'a>;
    type Signing<'a> = Sending<'a>;
    type Sending<'a> = Sending<'a>;
    type Verifying<'a> = AwaitKeys<'a, Unverified<'a, ()>, AwaitStored<'a>>;

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Session(at) => at.judge(row),
            Loading::Rival(at) => at.judge(row),
            Loading::Keys(at) => at.loaded(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        match at {
            Committing::Lease(at) => at.judge(outcome),
            Committing::Stored(at) => at.committed(outcome),
            Committing::Keys(at) => at.committed(outcome),
            // A lease that could not be given back lapses.
            Committing::Released(at) => Step::Done(Refreshed::Failed(at.failure)),
        }
    }

    fn signed<'a>(at: Self::Signing<'a>, signature: Answer<&[u8]>) -> Step<'a, Self> {
        match at {
            Sending::Tokens(at) => at.go_on(|at| at.cx.signed(&mut at.asking, signature)),
            Sending::Orphans(at) => at.go_on(|at| at.cx.signed(&mut at.asking, signature)),
            Sending::Keys(at) => at.signed(),
        }
    }

    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self> {
        at.verified(verdict)
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        match at {
            Sending::Tokens(at) => at.judge(response),
            Sending::Keys(at) => at.sent(response),
            Sending::Orphans(at) => Step::Done(Refreshed::SignInAgain(at.reason.into())),
        }
    }
}

impl Checking for Refresh {
    type After<'a> = AwaitStored<'a>;

    fn context<'a, 't>(after: &'t mut Self::After<'a>) -> &'t mut Context<'a> {
        &mut after.cx
    }

    fn loading<'a>(at: AwaitKeys<'a, AwaitRow<'a>, AwaitStored<'a>>) -> Loading<'a> {
        Loading::Keys(at)
    }

    fn committing<'a>(at: AwaitKeys<'a, AwaitCommit<'a>, AwaitStored<'a>>) -> Committing<'a> {
        Committing::Keys(at)
    }

    fn sending<'a>(at: AwaitKeys<'a, AwaitResponse<'a>, AwaitStored<'a>>) -> Sending<'a> {
        Sending::Keys(at)
    }

    fn verifying<'a>(at: AwaitKeys<'a, Unverified<'a, ()>, AwaitStored<'a>>) -> Self::Verifying<'a> {
        at
    }

    fn checked<'a>(after: Self::After<'a>, outcome: Result<(), Reason>) -> Step<'a, Self> {
        match outcome {
            Ok(()) => after.commit(),
            Err(reason) => after.fail(reason),
        }
    }
}
