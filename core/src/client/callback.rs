//! Taking the user back: the authorization response (RFC 6749 section 4.1.2), and the exchange of its code.
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
//! The order of the checks is fixed: repetitions, `iss`, `state` with the session and its user agent, `error`, and only
//! then the code. What fails before the session is found is not shown, not acted upon and asks nothing of anybody. The
//! session takes one response, whatever it says, and its code goes to the token endpoint of the session's own issuer.

mod active;

use self::active::{AwaitActive, AwaitOrphans};
use crate::client::authorize::nonce_of;
use crate::client::checking::{self, AwaitKeys, Checking};
use crate::client::exchange::{self, Asking};
use crate::client::id_token::{self, Check, Expected};
use crate::client::response::{Asked, Failure, ServerError, Tokens, read_token_response};
use crate::client::{Client, Context, MixUpDefense, write_resources};
use crate::document::{AwaitCommit, AwaitResponse, AwaitRow};
use crate::error::{Reason, TooSmall, lent};
use crate::limits;
use crate::name::Name;
use crate::proof::signature::Unverified;
use crate::record::{Key, Kind, Record, Session, Started, TokenSet};
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Step, Verdict, Write};
use crate::terms::list::List;
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
        server: &'a ServerMetadata<'a>,
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
    #[doc(hidden)]
    Keys(AwaitKeys<'a, AwaitRow<'a>, AwaitActive<'a>>),
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
            Ok((write, Ok((asked, asking)))) => {
                let at = AwaitTokens { cx: self.cx, key: self.key, asked, asking, version: write.version() };
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
        let session = Session::decode(row.value);
        let Session::Started(started) = lent(&session)? else { return Err(Reason::StateUsed) };
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
            Ok(code) => Ok(self.exchange(started, code, row.version)?),
            Err(failure) => Err(failure),
        };
        let value = match next {
            Ok(_) => Some(self.cx.encode(&Session::Redeeming(started.owner))?),
            Err(_) => None,
        };
        // The row must be there when the exchange has ended, however late the response came.
        let expires_at = started.expires_at.max(self.cx.now.after(limits::SESSION_LEASE));
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
    fn exchange(&mut self, started: &Started<'_>, code: &str, version: u64) -> Result<Accepted<'a>, Reason> {
        let endpoint = self.cx.server().token_endpoint();
        let signing = started.signing.copy(&mut self.cx.arena)?;
        let asking = self.cx.ask(endpoint, signing, version, true, &mut |form| {
            form.pair("grant_type", "authorization_code");
            form.pair("code", code);
            form.pair("redirect_uri", started.redirect_uri);
            form.pair("code_verifier", started.code_verifier);
            write_resources(form, started.resources);
        })?;
        let scope = self.cx.arena.copy_str(started.scope)?;
        // The server judges the age when the request comes: how long the user then takes to consent is not held against them.
        let requested_at = Time(started.expires_at.0.saturating_sub(self.cx.client.lifetimes.sign_in));
        let since = self.cx.now.since(requested_at);
        let asked = Asked {
            owner: self.cx.owner(),
            scope,
            scope_before: scope,
            resources: self.cx.arena.copy_str(started.resources)?,
            refresh_token: None,
            identity: None,
            max_age: started.max_age.map(|seconds| seconds.saturating_add(since)),
            acr_values: self.cx.arena.copy_str(started.acr_values)?,
        };
        Ok((asked, asking))
    }
}

/// What follows once the response is accepted: the exchange of its code, and what that asks for.
type Accepted<'a> = (Asked<'a>, Asking<'a>);

/// The phases in which the session is being written.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Committing<'a> {
    #[doc(hidden)]
    Refused(AwaitRefused<'a>),
    #[doc(hidden)]
    Redeeming(AwaitTokens<'a>),
    #[doc(hidden)]
    Active(AwaitActive<'a>),
    #[doc(hidden)]
    Failed(AwaitFailed<'a>),
    #[doc(hidden)]
    Orphaned(AwaitActive<'a>, Reason),
    #[doc(hidden)]
    Keys(AwaitKeys<'a, AwaitCommit<'a>, AwaitActive<'a>>),
}

/// The response ends the sign-in; the session is being deleted.
pub struct AwaitRefused<'a> {
    failure: Failure<'a>,
}

/// The response is being accepted, and then its code exchanged.
pub struct AwaitTokens<'a> {
    cx: Context<'a>,
    key: Key,
    asked: Asked<'a>,
    asking: Asking<'a>,
    version: u64,
}

impl<'a> AwaitTokens<'a> {
    fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<exchange::Turn<'a>, Reason>) -> Step<'a, Callback> {
        match turn(&mut self) {
            Ok(turn) => turn.step(Sending::Tokens(self)),
            Err(reason) => self.fail(reason.into()),
        }
    }

    /// A code is good for one exchange, even if nothing is known of how that went: the session ends.
    fn fail(self, failure: Failure<'a>) -> Step<'a, Callback> {
        let write = self.cx.write(self.key, Some(self.version), None, self.cx.now);
        Step::Commit(Commit { write, at: Committing::Failed(AwaitFailed { failure }) })
    }

    fn judge(mut self, response: Answer<Response<'_>>) -> Step<'a, Callback> {
        match self.write(response) {
            Ok(Some((write, tokens, check))) => {
                let after = AwaitActive { cx: self.cx, tokens, write, races: Some(limits::RACES) };
                match check {
                    Ok(None) => after.commit(),
                    Ok(Some(check)) => checking::begin(after, check),
                    Err(reason) => after.fail(reason),
                }
            }
            Ok(None) => self.go_on(|at| at.cx.prepare(&mut at.asking)),
            Err(failure) => self.fail(failure),
        }
    }

    /// The write that stores the tokens, and these; or `None` if the request is to be made again.
    fn write(&mut self, response: Answer<Response<'_>>) -> Result<Option<Issued<'a>>, Failure<'a>> {
        let Self { cx, key, asked, asking, version } = self;
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        let headers = response.headers;
        cx.learn(asking, headers)?;
        match read_token_response(response, asking.signing.key_id.is_some()) {
            Ok(response) => {
                let check = match response.id_token {
                    _ if !List(asked.scope).contains("openid") => Ok(None),
                    None => Err(Reason::Missing(Name::IdToken)),
                    Some(token) => {
                        let expected = Expected {
                            access_token: response.access_token(),
                            nonce: nonce_of(&asking.signing.seed),
                            max_age: asked.max_age,
                            acr_values: asked.acr_values,
                            before: None,
                        };
                        id_token::judge(cx, token, &expected).map(|(identity, check)| {
                            asked.identity = Some(identity);
                            Some(check)
                        })
                    }
                };
                let (write, tokens) = cx.activate(*key, *version, &response.tokens(asked, asking.signing, cx.now))?;
                Ok(Some((write, tokens, check)))
            }
            Err(failure) if cx.again(asking, &failure, headers) => Ok(None),
            Err(failure) => Err(failure.copy(&mut cx.arena)),
        }
    }
}

/// The write that stores the tokens of a response, and these; and their ID token, if there is one, which comes first, or what is
/// wrong with it.
type Issued<'a> = (Write<'a>, TokenSet<'a>, Result<Option<Check<'a>>, Reason>);

/// The phases in which the server is being asked, and what it is asked signed.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Sending<'a> {
    #[doc(hidden)]
    Tokens(AwaitTokens<'a>),
    #[doc(hidden)]
    Orphans(AwaitOrphans<'a>),
    #[doc(hidden)]
    Keys(AwaitKeys<'a, AwaitResponse<'a>, AwaitActive<'a>>),
}

/// The exchange failed; the session is being deleted.
pub struct AwaitFailed<'a> {
    failure: Failure<'a>,
}

impl Flow for Callback {
    type Output<'a> = Result<SignedIn<'a>, Failure<'a>>;
    type Loading<'a> = Loading<'a>;
    type Committing<'a> = Committing<'a>;
    type Signing<'a> = Sending<'a>;
    type Sending<'a> = Sending<'a>;
    type Verifying<'a> = AwaitKeys<'a, Unverified<'a, ()>, AwaitActive<'a>>;

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Session(at) => at.judge(row),
            Loading::Stored(at) => at.judge(row),
            Loading::Keys(at) => at.loaded(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        Step::Done(Err(match (at, outcome) {
            (Committing::Active(at), outcome) => return at.committed(outcome),
            (Committing::Keys(at), outcome) => return at.committed(outcome),
            (Committing::Orphaned(at, reason), _) => return at.orphaned(reason),
            (Committing::Redeeming(at), Ok(Committed::Yes)) => return at.go_on(|at| at.cx.prepare(&mut at.asking)),
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
            Sending::Orphans(at) => Step::Done(Err(at.reason.into())),
            Sending::Keys(at) => at.sent(response),
        }
    }
}

impl Checking for Callback {
    type After<'a> = AwaitActive<'a>;

    fn context<'a, 't>(after: &'t mut Self::After<'a>) -> &'t mut Context<'a> {
        &mut after.cx
    }

    fn loading<'a>(at: AwaitKeys<'a, AwaitRow<'a>, AwaitActive<'a>>) -> Loading<'a> {
        Loading::Keys(at)
    }

    fn committing<'a>(at: AwaitKeys<'a, AwaitCommit<'a>, AwaitActive<'a>>) -> Committing<'a> {
        Committing::Keys(at)
    }

    fn sending<'a>(at: AwaitKeys<'a, AwaitResponse<'a>, AwaitActive<'a>>) -> Sending<'a> {
        Sending::Keys(at)
    }

    fn verifying<'a>(at: AwaitKeys<'a, Unverified<'a, ()>, AwaitActive<'a>>) -> Self::Verifying<'a> {
        at
    }

    fn checked<'a>(after: Self::After<'a>, outcome: Result<(), Reason>) -> Step<'a, Self> {
        match outcome {
            Ok(()) => after.commit(),
            Err(reason) => after.fail(reason),
        }
    }
}
