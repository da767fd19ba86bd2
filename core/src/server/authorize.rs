//! The authorization endpoint (RFC 6749 section 3.1): a request comes in, an interaction with the user goes out.
//!
//! ```text
//! start           -> load client | load grant | load document | done
//! load grant      -> load client | load document | done
//! load client     -> commit grant | done
//! load document   -> commit document | commit grant | done
//! commit document -> send | commit grant | done
//! send            -> commit document | commit grant | done
//! commit grant    -> done
//! ```
//!
//! The document is that of a client which is known by its metadata alone.
//!
//! The order of the checks is fixed: decode and refuse repetitions; the client; the redirection URI; and only then what is
//! told to the client by redirect. Until the redirection URI is proven there is but an error page. After it an error
//! waits in the row until the user is authenticated, so that the server is no open redirector (RFC 9700 section 4.11.2).
//!
//! Of a request that was pushed (RFC 9126 section 4) only `client_id` and `request_uri` count here. The row that was
//! pushed becomes the row that waits, by one compare-and-swap, so that a `request_uri` works once.

use crate::document;
use crate::error::{Reason, TooSmall, lent};
use crate::name::Name;
use crate::record::{Client, Grant, Key, Kind, Pending, Record, Requested};
use crate::server::interaction::{Authorization, Prompt};
use crate::server::request::{self, AuthorizationRequest, REQUEST_URI, grant_id, once_more};
use crate::server::{BUFFER, Context, Server, registration, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Row, Send, Step, Write, no_phases};
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::parameter::{parameters, required};
use crate::terms::{Entropy, Time, UserAgent};
use crate::wire::header;
use crate::wire::http::{Method, Request, Response};

/// The flow of the authorization endpoint: see [`Server::authorize`].
pub enum Authorize {}

impl<'a> Server<'a> {
    /// Judges an authorization request and, if it is one, stores it until its user has decided.
    ///
    /// `user_agent` is the binding of the browser that sent it. Ends in a [`Prompt`] to show, or in the error page.
    /// The buffer needs [`BUFFER`] bytes. Whoever knows a client can have a row stored until the interaction lapses, so a host
    /// limits the rate of these requests.
    pub fn authorize(
        &'a self,
        request: Request<'a, '_>,
        user_agent: UserAgent<'_>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Authorize>, TooSmall> {
        let mut cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(match start(&mut cx, request, entropy) {
            Ok((form, client_id, source)) => Sent { cx, form, client_id, user_agent: user_agent.hash(), source }.load(),
            Err(reason) => Step::Done(Authorization::Refused(reply::page(&mut cx, reason))),
        })
    }
}

parameters! {
    /// What of the request is looked at before its client is known.
    struct Named { client_id, request_uri, state }
}

/// Where the request is.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// Here. Its row gets this name.
    Here(GrantId),
    /// In the row of this name, which is not read yet.
    Pushed(GrantId),
    /// In this copy of a row that had this version.
    Read(GrantId, u64, &'a [u8]),
}

fn start<'a>(
    cx: &mut Context<'a>,
    request: Request<'a, '_>,
    entropy: Entropy,
) -> Result<(&'a mut [u8], &'a str, Source<'a>), Reason> {
    let form = match request.method {
        Method::Get => request.query,
        Method::Post => {
            header::expect_form(request.headers)?;
            request.body
        }
        _ => return Err(Reason::Method),
    };
    let Named { client_id, request_uri, state } = Named::read(request::copy(form, cx)?)?;
    let client_id = required(client_id, Name::ClientId)?;
    if let Some(handle) = request_uri.ok().flatten().and_then(|uri| uri.strip_prefix(REQUEST_URI)) {
        return match cx.server.keys.open(&[CredentialKind::PushedRequest], handle) {
            Some(handle) if cx.now.reached(handle.expires_at) => Err(Reason::PushedRequestExpired),
            Some(handle) => Ok((form, client_id, Source::Pushed(handle.grant))),
            None => Err(Reason::PushedRequestInvalid),
        };
    }
    // A `state` that cannot be echoed leaves no way to answer the client.
    state?;
    Ok((form, client_id, Source::Here(grant_id(&entropy)?)))
}

/// A request as it was sent, from this browser.
pub struct Sent<'a> {
    cx: Context<'a>,
    form: &'a mut [u8],
    client_id: &'a str,
    user_agent: [u8; 32],
    source: Source<'a>,
}

/// The phases in which a row is being read.
pub enum Loading<'a> {
    #[doc(hidden)]
    Row(Sent<'a>),
    #[doc(hidden)]
    Document(Sent<'a>, document::AwaitRow<'a>),
}

/// The phases in which a row is being written.
pub enum Committing<'a> {
    #[doc(hidden)]
    Grant(AwaitCommit<'a>),
    #[doc(hidden)]
    Document(Sent<'a>, document::AwaitCommit<'a>),
}

/// The metadata document of the client is being asked for.
pub struct AwaitDocument<'a> {
    sent: Sent<'a>,
    at: document::AwaitResponse<'a>,
}

impl<'a> Sent<'a> {
    /// Reads the row of a pushed request, or that of the client.
    fn load(self) -> Step<'a, Authorize> {
        if let Source::Pushed(grant) = self.source {
            return Step::Load(Load { key: Key::grant(grant), kind: Kind::Grant, at: Loading::Row(self) });
        }
        match registration::document(self.cx.server, self.client_id) {
            Some(source) => {
                let turn = source.find(self.cx.now);
                self.seek(turn)
            }
            None => Step::Load(Load { key: Key::client(self.client_id), kind: Kind::Client, at: Loading::Row(self) }),
        }
    }

    fn seek(mut self, turn: document::Turn<'a>) -> Step<'a, Authorize> {
        match turn {
            document::Turn::Load(at) => {
                Step::Load(Load { key: at.key(), kind: Kind::Document, at: Loading::Document(self, at) })
            }
            document::Turn::Commit(at) => {
                Step::Commit(Commit { write: *at.write(), at: Committing::Document(self, at) })
            }
            document::Turn::Send(at) => {
                Step::Send(Send { exchange: at.exchange(), at: AwaitDocument { sent: self, at } })
            }
            document::Turn::Done(found) => {
                let row = registration::row(found, self.client_id, &mut self.cx);
                let written = row.and_then(|row| self.write(row));
                self.end(written)
            }
        }
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Authorize> {
        if let Source::Pushed(grant) = self.source {
            return match self.take(grant, row) {
                Ok(source) => Self { source, ..self }.load(),
                Err(reason) => self.end(Err(reason)),
            };
        }
        let row = row.map_err(|_| Reason::StoreUnavailable).and_then(|row| row.ok_or(Reason::UnknownClient));
        let written = row.and_then(|row| self.write(row.value));
        self.end(written)
    }

    fn end(mut self, written: Result<(Write<'a>, Prompt<'a>), Reason>) -> Step<'a, Authorize> {
        match written {
            Ok((write, prompt)) => {
                let pushed = write.expected.is_some();
                Step::Commit(Commit { write, at: Committing::Grant(AwaitCommit { cx: self.cx, prompt, pushed }) })
            }
            Err(reason) => Step::Done(Authorization::Refused(reply::page(&mut self.cx, reason))),
        }
    }

    /// Takes the request from the row that was pushed.
    fn take(&mut self, grant: GrantId, row: Answer<Option<Row<'_>>>) -> Result<Source<'a>, Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::PushedRequestExpired)?;
        let value = self.cx.arena.copy(row.value)?;
        match lent(&Grant::decode(value))? {
            Grant::Pushed(requested) if requested.client_id != self.client_id => Err(Reason::PushedRequestForeign),
            Grant::Pushed(requested) if self.cx.now.reached(requested.expires_at) => Err(Reason::PushedRequestExpired),
            Grant::Pushed(_) => Ok(Source::Read(grant, row.version, value)),
            Grant::Pending(_) | Grant::Code(_) | Grant::Active(_) | Grant::Revoked(_) => Err(Reason::PushedRequestUsed),
        }
    }

    /// Goes on with the client's row.
    fn write(&mut self, row: &[u8]) -> Result<(Write<'a>, Prompt<'a>), Reason> {
        let client = Client::decode(row);
        let client = lent(&client)?;
        if client.client_id != self.client_id || client.disabled {
            return Err(Reason::UnknownClient);
        }
        let expires_at = self.cx.now.after(self.cx.server.lifetimes.interaction);
        let (grant, expected) = match self.source {
            Source::Here(grant) | Source::Pushed(grant) => (grant, None),
            Source::Read(grant, version, _) => (grant, Some(version)),
        };
        let requested = match self.source {
            Source::Here(_) | Source::Pushed(_) => {
                let request = AuthorizationRequest::read(core::mem::take(&mut self.form));
                lent(&request)?.judge(client, self.client_id, false, expires_at, &mut self.cx)
            }
            Source::Read(_, _, value) => match lent(&Grant::decode(value))? {
                Grant::Pushed(requested) => once_more(requested, client, &mut self.cx),
                _ => Err(Reason::PushedRequestUsed),
            },
        };
        let requested = Requested { expires_at, ..*lent(&requested)? };
        let pending = Grant::Pending(Pending { user_agent: self.user_agent, requested });
        let value: &'a [u8] = self.cx.arena.fill(|place| pending.encode(place))?;
        // The prompt borrows from the row as it will be stored, not from the client's row, which goes with this answer.
        let stored = Grant::decode(value);
        let Ok(Grant::Pending(stored)) = &stored else { return Err(Reason::RowUndecodable) };
        let handle = Credential {
            kind: CredentialKind::Interaction,
            grant,
            generation: 0,
            expires_at,
            scope: 0,
            resources: 0,
            bound_to: None,
        };
        let Context { server, now, ref mut arena } = self.cx;
        let prompt = Prompt::new(arena.text(|w| server.keys.mint(&handle, w))?, &stored.requested, server, now);
        let labels = Labels { kind: Kind::Grant, client_id: Some(self.client_id), subject: None };
        Ok((Write { key: Key::grant(grant), expected, value: Some(value), expires_at, labels }, prompt))
    }
}

/// The request is being stored.
pub struct AwaitCommit<'a> {
    cx: Context<'a>,
    prompt: Prompt<'a>,
    pushed: bool,
}

impl Flow for Authorize {
    type Output<'a> = Authorization<'a>;
    type Loading<'a> = Loading<'a>;
    type Committing<'a> = Committing<'a>;
    type Sending<'a> = AwaitDocument<'a>;
    no_phases!(Signing Verifying);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Loading::Row(at) => at.judge(row),
            Loading::Document(mut sent, at) => {
                let turn = at.loaded(row, &mut sent.cx.arena);
                sent.seek(turn)
            }
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut cx, prompt, pushed } = match at {
            Committing::Grant(at) => at,
            Committing::Document(mut sent, at) => {
                let turn = at.committed(outcome, &mut sent.cx.arena);
                return sent.seek(turn);
            }
        };
        Step::Done(match outcome {
            Ok(Committed::Yes) => Authorization::Interact(prompt),
            // Another browser was faster, or this one a second time.
            Ok(Committed::Conflict) if pushed => {
                Authorization::Refused(reply::page(&mut cx, Reason::PushedRequestUsed))
            }
            // A row with this random name exists: no honest random source does that twice.
            Ok(Committed::Conflict) => Authorization::Refused(reply::page(&mut cx, Reason::StoreBusy)),
            Err(_) => Authorization::Refused(reply::page(&mut cx, Reason::StoreUnavailable)),
        })
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        let AwaitDocument { mut sent, at } = at;
        let turn = at.sent(response, &mut sent.cx.arena);
        sent.seek(turn)
    }
}
