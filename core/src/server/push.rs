//! The endpoint for pushed authorization requests (RFC 9126): a client hands its request over by itself, and sends its user's
//! browser with a name for it.
//!
//! ```text
//! start           -> load client | load document | done
//! load client     -> load document | verify | commit grant | done
//! load document   -> load document | commit document | verify | commit grant | done
//! commit document -> send | verify | commit grant | done
//! send            -> commit document | verify | commit grant | done
//! verify          -> commit mark | done
//! commit mark     -> verify | commit grant | done
//! commit grant    -> done
//! ```
//!
//! The request is judged as at the authorization endpoint (section 2.1), but whatever is wrong with it is told here, and then
//! nothing is stored. A DPoP proof binds the code to its key (RFC 9449 section 10.1).

use crate::error::{Reason, TooSmall, lent};
use crate::limits;
use crate::name::Name;
use crate::proof::client_auth::Parameters;
use crate::record::{Grant, Key, Kind, Record, Requested};
use crate::server::caller::{self, Caller, Checking, Fetching, Reading, Shown, Writing};
use crate::server::endpoint::{self, Awaiting, Endpoint, Phase, phases};
use crate::server::request::{self, AuthorizationRequest, REQUEST_URI, grant_id};
use crate::server::{BUFFER, Context, Server, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Never, Row, Step, Verdict, Write, no_phases};
use crate::terms::confirmation::Confirmation;
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::parameter::parameters;
use crate::terms::{Entropy, Time};
use crate::wire::http::{Reply, Request, Response};

parameters! {
    /// The credentials of a client that pushes a request (RFC 9126 section 2.1), and what may not be in the request.
    struct PushedBy { client_id, client_secret, client_assertion, client_assertion_type, request_uri }
}

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
        let cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(endpoint::start(cx, |cx| read(cx, request, &entropy)))
    }
}

fn read<'a>(
    cx: &mut Context<'a>,
    request: Request<'a, '_>,
    entropy: &Entropy,
) -> Result<(Shown<'a>, Asked<'a>), Reason> {
    let certificate = request.certificate;
    let (headers, body) = endpoint::form(request)?;
    // Before it is copied: what is too long is the sender's fault, and no buffer would do.
    if body.len() > limits::FORM {
        return Err(Reason::TooLong(Name::Form));
    }
    let PushedBy { client_id, client_secret, client_assertion, client_assertion_type, request_uri } =
        PushedBy::read(request::copy(body, cx)?)?;
    let shown = Parameters { client_id, client_secret, client_assertion, client_assertion_type };
    let url = cx.server.endpoints.pushed_authorization_request;
    let shown = caller::begin(cx, headers, certificate, shown, Some(url))?;
    // A request that names another one is none (RFC 9126 section 2.1).
    if request_uri != Ok(None) {
        return Err(Reason::Malformed(Name::RequestUri));
    }
    Ok((shown, Asked { form: body, grant: grant_id(entropy)? }))
}

/// The request, to be read once its client is known, and the name that its row gets.
pub struct Asked<'a> {
    form: &'a mut [u8],
    grant: GrantId,
}

impl Endpoint for Push {
    type Asked<'a> = Asked<'a>;

    phases!();

    fn known<'a>(mut cx: Context<'a>, caller: Caller<'a>, asked: Asked<'a>) -> Step<'a, Self> {
        match write(&mut cx, &caller, asked) {
            Ok((write, reply)) => Step::Commit(Commit { write, at: Phase::Own(AwaitCommit { cx, reply }) }),
            Err(reason) => Step::Done(reply::refuse(&mut cx, reason)),
        }
    }

    fn ended<'a>(reply: Reply<'a>) -> Reply<'a> {
        reply
    }
}

fn write<'a>(cx: &mut Context<'a>, caller: &Caller<'a>, asked: Asked<'a>) -> Result<(Write<'a>, Reply<'a>), Reason> {
    let Context { server, now, .. } = *cx;
    let client_id = caller.client.client_id();
    let lifetime = server.lifetimes.pushed_request();
    let expires_at = now.after(lifetime);
    let request = AuthorizationRequest::read(asked.form);
    let requested = lent(&request)?.judge(&caller.registered, client_id, true, expires_at, cx);
    let mut requested = *lent(&requested)?;
    if let Some(refusal) = requested.refusal {
        return Err(refusal.reason());
    }
    let sender = caller.sender.map(|held| held.confirmation());
    bind(&mut requested, sender)?;
    let grant = Grant::Pushed(requested);
    let value: &'a [u8] = cx.arena.fill(|place| grant.encode(place))?;
    let name = Credential {
        kind: CredentialKind::PushedRequest,
        grant: asked.grant,
        generation: 0,
        expires_at,
        scope: 0,
        resources: 0,
        bound_to: None,
    };
    // RFC 9126 section 2.2.
    let mut reply = reply::json(cx, None, |object| {
        object.text("request_uri", |w| {
            w.str(REQUEST_URI);
            server.keys.mint(&name, w);
        });
        object.number("expires_in", lifetime);
    })?;
    reply.status = 201;
    reply::next_dpop_nonce(cx, sender, &mut reply.headers);
    let labels = Labels { kind: Kind::Grant, client_id: Some(client_id), subject: None };
    Ok((Write { key: Key::grant(asked.grant), expected: None, value: Some(value), expires_at, labels }, reply))
}

/// Binds the request to the key that its client has proven. It may name that key besides, and no other (RFC 9449 section 10.1).
fn bind(requested: &mut Requested<'_>, sender: Option<Confirmation>) -> Result<(), Reason> {
    match (requested.dpop_jkt, sender) {
        (Some(named), Some(Confirmation::Jkt(held))) if named != held => Err(Reason::DpopProof(Name::DpopJkt)),
        (_, Some(Confirmation::Jkt(held))) => {
            requested.dpop_jkt = Some(held);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The request is being stored.
pub struct AwaitCommit<'a> {
    cx: Context<'a>,
    reply: Reply<'a>,
}

impl Flow for Push {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = Phase<Reading<'a>, Asked<'a>, Never>;
    type Committing<'a> = Phase<Writing<'a>, Asked<'a>, AwaitCommit<'a>>;
    type Verifying<'a> = Phase<Checking<'a>, Asked<'a>, Never>;
    type Sending<'a> = Phase<Fetching<'a>, Asked<'a>, Never>;
    no_phases!(Signing);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.loaded(row),
            Phase::Own(never) => match never {},
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut cx, reply } = match at {
            Phase::Caller(at) => return at.committed(outcome),
            Phase::Own(at) => at,
        };
        Step::Done(match outcome {
            Ok(Committed::Yes) => reply,
            // A row with this random name exists: no honest random source does that twice.
            Ok(Committed::Conflict) => reply::refuse(&mut cx, Reason::StoreBusy),
            Err(_) => reply::refuse(&mut cx, Reason::StoreUnavailable),
        })
    }

    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.verified(verdict),
            Phase::Own(never) => match never {},
        }
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.sent(response),
            Phase::Own(never) => match never {},
        }
    }
}
