//! Taking the user back: the authorization response (RFC 6749 section 4.1.2), and the exchange of its code.
//!
//! ```text
//! start           -> load session | done
//! load session    -> commit session | send | done
//! commit session  -> send | load session | done
//! send            -> commit session | done
//! ```
//!
//! The order of the checks is fixed: repetitions, `iss`, `state` with the session and its user agent, `error`, and only
//! then the code. What fails before the session is found is not shown, not acted upon and asks nothing of anybody. The
//! session takes one response, whatever it says, and its code goes to the token endpoint of the session's own issuer.

use crate::client::response::{Asked, Failure, ServerError, Tokens, read_token_response};
use crate::client::{Client, Context, MixUpDefense, write_resources};
use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::name::Name;
use crate::record::{Key, Kind, Record, Refreshing, Session, Started, TokenSet};
use crate::step::{Answer, Commit, Committed, Exchange, Flow, Load, Row, Send, Step, Write, no_phases};
use crate::terms::metadata::ServerMetadata;
use crate::terms::parameter::{parameters, required};
use crate::terms::{Time, UserAgent};
use crate::wire::http::Response;

parameters! {
    /// The authorization response (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207 section 2), and what belongs to others.
    pub(crate) struct AuthorizationResponse {
        iss, state, code, error, error_description, access_token, token_type, id_token, token, response
    }
}

/// The flow of an authorization response: see [`Client::callback`].
pub enum Callback {}

/// A session that has tokens. No `Debug`: it holds the access token.
#[derive(Clone, Copy)]
pub struct SignedIn<'a> {
    /// The session.
    pub session: Key,
    /// What it may be used for.
    pub tokens: Tokens<'a>,
}

impl<'a> Client<'a> {
    /// Ends a sign-in: judges what came to the redirection URI, and exchanges the code for tokens.
    ///
    /// With [`Reason::StoreUnavailable`] the store has failed for good, and nobody knows whether the session has tokens: a
    /// refresh of it tells, and a sign-out ends it. A session whose response was taken and whose tokens never came lapses.
    ///
    /// `query` is what follows the `?`, and is decoded in place; `user_agent` is the binding of the browser that brought it.
    /// The buffer needs [`BUFFER`](super::BUFFER) bytes.
    pub fn callback(
        &'a self,
        server: &ServerMetadata<'a>,
        query: &'a mut [u8],
        user_agent: UserAgent<'a>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Callback>, TooSmall> {
        let cx = Context::new(self, server, now, buffer)?;
        Ok(match start(&cx, query) {
            Ok((key, response)) => {
                let at = AwaitSession { cx, key, response, user_agent };
                Step::Load(Load { key, kind: Kind::Session, at: Loading::Session(at) })
            }
            Err(reason) => Step::Done(Err(reason.into())),
        })
    }
}

fn start<'a>(cx: &Context<'a>, query: &'a mut [u8]) -> Result<(Key, AuthorizationResponse<'a>), Reason> {
    cx.check_server()?;
    let response = AuthorizationResponse::read(query)?;
    // RFC 9207 section 2.4. From a server that does not say that it sends `iss`, an equal one is welcome all the same.
    match response.iss {
        Ok(Some(iss)) if iss == cx.server.issuer().as_str() => {}
        Ok(None) if cx.server.sends_iss() || cx.client.mix_up_defense == MixUpDefense::Iss => {
            return Err(Reason::IssMissing);
        }
        Ok(None) => {}
        _ => return Err(Reason::IssMismatch),
    }
    match response.state {
        Ok(Some(state)) => Ok((Key::session(state), response)),
        _ => Err(Reason::StateUnknown),
    }
}

/// The phases in which the session is being read.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Loading<'a> {
    #[doc(hidden)]
    Session(AwaitSession<'a>),
    #[doc(hidden)]
    Stored(AwaitActive<'a>),
}

/// The session of the response is being read.
pub struct AwaitSession<'a> {
    cx: Context<'a>,
    key: Key,
    response: AuthorizationResponse<'a>,
    user_agent: UserAgent<'a>,
}

impl<'a> AwaitSession<'a> {
    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Callback> {
        match self.write(row) {
            Ok((write, Ok((asked, exchange)))) => {
                let at = AwaitRedeeming { cx: self.cx, key: self.key, asked, exchange, version: write.version() };
                Step::Commit(Commit { write, at: Committing::Redeeming(at) })
            }
            Ok((write, Err(failure))) => {
                Step::Commit(Commit { write, at: Committing::Refused(AwaitRefused { failure }) })
            }
            Err(reason) => Step::Done(Err(reason.into())),
        }
    }

    /// The write that takes the session out of play; and the exchange that follows it, or what ends the sign-in.
    fn write(
        &mut self,
        row: Answer<Option<Row<'_>>>,
    ) -> Result<(Write<'a>, Result<Accepted<'a>, Failure<'a>>), Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::StateUnknown)?;
        let Session::Started(started) = Session::decode(row.value)? else { return Err(Reason::StateUsed) };
        if !self.user_agent.is(&started.user_agent) {
            return Err(Reason::StateUnknown);
        }
        // The redirection URI tells apart what issuer and client do not: two users of one client (RFC 9700 section 4.4).
        if started.owner != self.cx.owner() || started.redirect_uri != self.cx.client.redirect_uri {
            return Err(Reason::SessionForeign);
        }
        // Metadata that was read again since must not drop the defense.
        if started.iss_promised && matches!(self.response.iss, Ok(None)) {
            return Err(Reason::IssMissing);
        }
        if self.cx.now.reached(started.expires_at) {
            return Err(Reason::StateExpired);
        }
        let next = match self.code() {
            Ok(code) => Ok(self.exchange(&started, code)?),
            Err(failure) => Err(failure),
        };
        let value = match next {
            Ok(_) => Some(self.cx.encode(&Session::Redeeming(started.owner))?.0),
            Err(_) => None,
        };
        // The row must be there when the exchange has ended, however late the response came.
        let expires_at = started.expires_at.max(self.cx.now.after(limits::LEASE));
        Ok((self.cx.write(self.key, Some(row.version), value, expires_at), next))
    }

    /// The code, if the response is one that has a code and nothing that belongs to another flow.
    fn code(&self) -> Result<&'a str, Failure<'a>> {
        let response = &self.response;
        if let Some(code) = response.error? {
            let description = response.error_description.unwrap_or(None);
            let error = Some(ServerError { code, description });
            return Err(Failure { reason: Reason::ServerRefused, error });
        }
        let others = [response.access_token, response.token_type, response.id_token, response.token, response.response];
        if others.iter().any(|other| !matches!(other, Ok(None))) {
            return Err(Reason::ResponseUnexpected.into());
        }
        Ok(required(response.code, Name::Code)?)
    }

    /// The token request (RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2).
    fn exchange(&mut self, started: &Started<'_>, code: &str) -> Result<Accepted<'a>, Reason> {
        let endpoint = self.cx.server.token_endpoint();
        let exchange = self.cx.post(endpoint, |form| {
            form.pair("grant_type", "authorization_code");
            form.pair("code", code);
            form.pair("redirect_uri", started.redirect_uri);
            form.pair("code_verifier", started.code_verifier);
            write_resources(form, started.resources);
        })?;
        let scope = self.cx.arena.copy_str(started.scope)?;
        let asked = Asked {
            owner: self.cx.owner(),
            scope,
            scope_before: scope,
            resources: self.cx.arena.copy_str(started.resources)?,
            refresh_token: None,
        };
        Ok((asked, exchange))
    }
}

/// What follows once the response is accepted: the exchange of its code, and what that asks for.
type Accepted<'a> = (Asked<'a>, Exchange<'a>);

/// The phases in which the session is being written.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Committing<'a> {
    #[doc(hidden)]
    Refused(AwaitRefused<'a>),
    #[doc(hidden)]
    Redeeming(AwaitRedeeming<'a>),
    #[doc(hidden)]
    Active(AwaitActive<'a>),
    #[doc(hidden)]
    Failed(AwaitFailed<'a>),
}

/// The response ends the sign-in; the session is being deleted.
pub struct AwaitRefused<'a> {
    failure: Failure<'a>,
}

/// The response is being accepted; the token request waits for it.
pub struct AwaitRedeeming<'a> {
    cx: Context<'a>,
    key: Key,
    asked: Asked<'a>,
    exchange: Exchange<'a>,
    version: u64,
}

/// The code is being exchanged.
pub struct AwaitTokens<'a> {
    cx: Context<'a>,
    key: Key,
    asked: Asked<'a>,
    version: u64,
}

impl<'a> AwaitTokens<'a> {
    fn judge(mut self, response: Answer<Response<'_>>) -> Step<'a, Callback> {
        match self.write(response) {
            Ok((write, tokens)) => {
                let at = AwaitActive { cx: self.cx, tokens, write, races: Some(limits::RACES) };
                Step::Commit(Commit { write, at: Committing::Active(at) })
            }
            // A code is good for one exchange, even if nothing is known of how that went: the session ends.
            Err(failure) => {
                let write = self.cx.write(self.key, Some(self.version), None, self.cx.now);
                Step::Commit(Commit { write, at: Committing::Failed(AwaitFailed { failure }) })
            }
        }
    }

    fn write(&mut self, response: Answer<Response<'_>>) -> Result<(Write<'a>, TokenSet<'a>), Failure<'a>> {
        let Self { cx, key, asked, version } = self;
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        let response = read_token_response(response).map_err(|failure| failure.copy(&mut cx.arena))?;
        Ok(cx.activate(*key, *version, &response.tokens(asked, cx.now))?)
    }
}

/// The tokens are being stored, or are to be; they are handed out after it.
pub struct AwaitActive<'a> {
    cx: Context<'a>,
    tokens: TokenSet<'a>,
    write: Write<'a>,
    /// `None` once they may not be written again.
    races: Option<u8>,
}

impl<'a> AwaitActive<'a> {
    fn committed(self, outcome: Answer<Committed>) -> Step<'a, Callback> {
        if outcome == Ok(Committed::Yes) {
            return Step::Done(Ok(self.signed_in(&self.tokens)));
        }
        // Nobody knows whether they are stored: the row does. To write them twice is to write them once.
        let key = self.write.key;
        let at = Self { races: self.races.and_then(|races| races.checked_sub(1)), ..self };
        Step::Load(Load { key, kind: Kind::Session, at: Loading::Stored(at) })
    }

    /// The tokens are stored after all; or the user has signed out.
    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Callback> {
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => return self.orphaned(Reason::SessionGone),
            Err(_) => return Step::Done(Err(Reason::StoreUnavailable.into())),
        };
        match Session::decode(row.value) {
            Ok(session) if session.owner() != self.cx.owner() => Step::Done(Err(Reason::SessionForeign.into())),
            Ok(Session::Redeeming(_)) if self.races.is_none() => self.orphaned(Reason::StoreBusy),
            // A response is taken once: the row is this flow's own.
            Ok(Session::Redeeming(_)) => {
                self.write.expected = Some(row.version);
                Step::Commit(Commit { write: self.write, at: Committing::Active(self) })
            }
            // Or a refresh has gone on with them: what it has stored is the session's.
            Ok(Session::Active(tokens) | Session::Refreshing(Refreshing { tokens, .. })) => {
                let tokens = Tokens::of(&tokens).copy(&mut self.cx.arena);
                let signed_in = tokens.map(|tokens| SignedIn { session: self.write.key, tokens });
                Step::Done(signed_in.map_err(Failure::from))
            }
            Ok(Session::Started(_)) => Step::Done(Err(Reason::SessionGone.into())),
            Err(reason) => Step::Done(Err(reason.into())),
        }
    }

    fn signed_in(&self, tokens: &TokenSet<'a>) -> SignedIn<'a> {
        SignedIn { session: self.write.key, tokens: Tokens::of(tokens) }
    }

    /// No session keeps the tokens: the server is told to revoke what it has issued, whatever comes of it.
    fn orphaned(mut self, reason: Reason) -> Step<'a, Callback> {
        match self.cx.revocation(&self.tokens) {
            Ok(Some(exchange)) => Step::Send(Send { exchange, at: Sending::Orphans(reason) }),
            Ok(None) | Err(_) => Step::Done(Err(reason.into())),
        }
    }
}

/// The phases in which the server is being asked.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Sending<'a> {
    #[doc(hidden)]
    Tokens(AwaitTokens<'a>),
    #[doc(hidden)]
    Orphans(Reason),
}

/// The exchange failed; the session is being deleted.
pub struct AwaitFailed<'a> {
    failure: Failure<'a>,
}

impl Flow for Callback {
    type Output<'a> = Result<SignedIn<'a>, Failure<'a>>;
    type Loading<'a> = Loading<'a>;
    type Committing<'a> = Committing<'a>;
    type Sending<'a> = Sending<'a>;
    no_phases!(Signing Verifying);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Session(at) => at.judge(row),
            Loading::Stored(at) => at.judge(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        Step::Done(Err(match (at, outcome) {
            (Committing::Active(at), outcome) => return at.committed(outcome),
            (Committing::Redeeming(AwaitRedeeming { cx, key, asked, exchange, version }), Ok(Committed::Yes)) => {
                let at = AwaitTokens { cx, key, asked, version };
                return Step::Send(Send { exchange, at: Sending::Tokens(at) });
            }
            // Another response, in another tab, has taken the session.
            (Committing::Refused(_) | Committing::Redeeming(_), Ok(Committed::Conflict)) => Reason::StateUsed.into(),
            // Whose write it is that the row shows, the row does not say: the code is not sent.
            (Committing::Redeeming(_), Err(_)) => Reason::StoreUnavailable.into(),
            // What could not be deleted lapses.
            (Committing::Refused(AwaitRefused { failure }), _) | (Committing::Failed(AwaitFailed { failure }), _) => {
                failure
            }
        }))
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        match at {
            Sending::Tokens(at) => at.judge(response),
            Sending::Orphans(reason) => Step::Done(Err(reason.into())),
        }
    }
}
