//! The endpoint for pushed authorization requests (RFC 9126): a client hands its request over by itself, and sends its user's
//! browser with a name for it.
//!
//! ```text
//! start        -> load client | done
//! load client  -> commit grant | done
//! commit grant -> done
//! ```
//!
//! The request is judged as at the authorization endpoint (section 2.1), but whatever is wrong with it is told here, and then
//! nothing is stored.

use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::proof::client_auth::{Credentials, Parameters};
use crate::record::{Grant, Key, Kind, Record};
use crate::server::request::{AuthorizationRequest, REQUEST_URI, grant_id};
use crate::server::{BUFFER, Context, Server, presented, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Row, Step, Write, no_phases};
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::{Entropy, Time};
use crate::wire::http::{Reply, Request};

/// The flow of a pushed authorization request: see [`Server::push`].
pub enum Push {}

impl<'a> Server<'a> {
    /// Takes a pushed authorization request. The buffer needs [`BUFFER`] bytes.
    ///
    /// A public client can have rows stored without having shown a secret, so a host limits the rate of these requests.
    pub fn push(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Push>, TooSmall> {
        let mut cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(match start(&mut cx, request, &entropy) {
            Ok((credentials, request, grant)) => {
                let key = Key::client(credentials.client_id());
                Step::Load(Load { key, kind: Kind::Client, at: AwaitClient { cx, credentials, request, grant } })
            }
            Err(reason) => Step::Done(reply::refuse(&mut cx, reason)),
        })
    }
}

fn start<'a>(
    cx: &mut Context<'a>,
    request: Request<'a, '_>,
    entropy: &Entropy,
) -> Result<(Credentials<'a>, AuthorizationRequest<'a>, GrantId), Reason> {
    let (headers, body) = presented::form(request)?;
    let request = AuthorizationRequest::read(body)?;
    let shown = Parameters {
        client_id: request.client_id,
        client_secret: request.client_secret,
        client_assertion: request.client_assertion,
        // Not taken here yet: the endpoint is not on the inquiry of `caller.rs`.
        client_assertion_type: Ok(None),
    };
    let credentials = Credentials::read(headers, shown, &mut cx.arena)?;
    // A request that names another one is none (RFC 9126 section 2.1).
    if request.request_uri != Ok(None) {
        return Err(Reason::Malformed(Name::RequestUri));
    }
    Ok((credentials, request, grant_id(entropy)?))
}

/// The client's row is being read.
pub struct AwaitClient<'a> {
    cx: Context<'a>,
    credentials: Credentials<'a>,
    request: AuthorizationRequest<'a>,
    grant: GrantId,
}

impl<'a> AwaitClient<'a> {
    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Push> {
        match self.write(row) {
            Ok((write, reply)) => Step::Commit(Commit { write, at: AwaitCommit { cx: self.cx, reply } }),
            Err(reason) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }

    fn write(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(Write<'a>, Reply<'a>), Reason> {
        let record = presented::client(row)?;
        let client_id = self.credentials.authenticate(record.as_ref())?.client_id();
        let record = record.ok_or(Reason::ClientAuthentication)?;
        let Context { server, now, .. } = self.cx;
        let lifetime = server.lifetimes.pushed_request();
        let expires_at = now.after(lifetime);
        let requested = self.request.judge(&record, client_id, true, expires_at, &mut self.cx)?;
        if let Some(refusal) = requested.refusal {
            return Err(refusal.reason());
        }
        let value: &'a [u8] = self.cx.arena.fill(|place| Grant::Pushed(requested).encode(place))?;
        let name = Credential {
            kind: CredentialKind::PushedRequest,
            grant: self.grant,
            generation: 0,
            expires_at,
            scope: 0,
            resources: 0,
            bound_to: None,
        };
        // RFC 9126 section 2.2.
        let mut reply = reply::json(&mut self.cx, None, |object| {
            object.text("request_uri", |w| {
                w.str(REQUEST_URI);
                server.keys.mint(&name, w);
            });
            object.number("expires_in", lifetime);
        })?;
        reply.status = 201;
        let labels = Labels { kind: Kind::Grant, client_id: Some(client_id), subject: None };
        Ok((Write { key: Key::grant(self.grant), expected: None, value: Some(value), expires_at, labels }, reply))
    }
}

/// The request is being stored.
pub struct AwaitCommit<'a> {
    cx: Context<'a>,
    reply: Reply<'a>,
}

impl Flow for Push {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = AwaitClient<'a>;
    type Committing<'a> = AwaitCommit<'a>;
    no_phases!(Signing Verifying Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        at.judge(row)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut cx, reply } = at;
        Step::Done(match outcome {
            Ok(Committed::Yes) => reply,
            // A row with this random name exists: no honest random source does that twice.
            Ok(Committed::Conflict) => reply::refuse(&mut cx, Reason::StoreBusy),
            Err(_) => reply::refuse(&mut cx, Reason::StoreUnavailable),
        })
    }
}
