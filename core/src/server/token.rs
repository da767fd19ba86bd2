//! The token endpoint (RFC 6749 section 3.2).
//!
//! ```text
//! start           -> load client | load document | done
//! load client     -> load document | verify | load grant | sign | commit grant | done
//! load document   -> load document | commit document | verify | load grant | sign | commit grant | done
//! commit document -> load document | send | verify | load grant | sign | commit grant | done
//! send            -> load document | commit document | verify | load grant | sign | commit grant | done
//! verify          -> commit mark | done
//! commit mark     -> verify | load grant | sign | commit grant | done
//! load grant      -> sign | commit grant | done
//! sign            -> sign | commit grant | done
//! commit grant    -> load grant | done
//! ```
//!
//! What is presented is opened before anything is read: a forged or expired code or refresh token costs no question. A
//! reply with tokens is written, and signed where it must be, before the commit, and handed out after it.

use crate::error::{Reason, TooSmall, lent};
use crate::event::Event;
use crate::limits;
use crate::name::Name;
use crate::proof::client_auth::{ClientAuthenticated, Parameters};
use crate::proof::grant::{Allowed, Judgement};
use crate::proof::possession::KeyHeld;
use crate::record::{Grant, Key, Kind, Record, Revoked, SenderConstraint};
use crate::server::caller::{self, Caller, Checking, Fetching, Reading, Writing};
use crate::server::endpoint::{self, Awaiting, Endpoint, Phase, phases};
use crate::server::issue::{Issue, Of, Unsigned};
use crate::server::request::grant_id;
use crate::server::{BUFFER, Context, Server, authorization_code, client_credentials, refresh_token, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Never, Row, Sign, Step, Verdict, Write};
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::list::List;
use crate::terms::parameter::{Param, parameters, required};
use crate::terms::resource::Resource;
use crate::terms::{Entropy, Time};
use crate::wire::http::{Reply, Request, Response};

parameters! {
    /// The token request (RFC 6749 sections 4.1.3, 4.4.2 and 6, RFC 7636 section 4.5, RFC 8707 section 2.2, RFC 9396 section 6).
    pub(crate) struct TokenRequest {
        grant_type, code, redirect_uri, code_verifier, refresh_token, scope, authorization_details, client_id, client_secret,
        client_assertion, client_assertion_type;
        many resource
    }
}

/// The flow of the token endpoint: see [`Server::token`].
pub enum Token {}

impl<'a> Server<'a> {
    /// Answers a token request: `authorization_code`, `refresh_token` and `client_credentials`.
    ///
    /// The buffer needs [`BUFFER`] bytes.
    pub fn token(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Token>, TooSmall> {
        let cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(endpoint::start(cx, |cx| read(cx, request, &entropy)))
    }
}

fn read<'a>(
    cx: &mut Context<'a>,
    request: Request<'a, '_>,
    entropy: &Entropy,
) -> Result<(caller::Shown<'a>, Asked<'a>), Reason> {
    let certificate = request.certificate;
    let (headers, body) = endpoint::form(request)?;
    let form = TokenRequest::read(body)?;
    let shown = Parameters {
        client_id: form.client_id,
        client_secret: form.client_secret,
        client_assertion: form.client_assertion,
        client_assertion_type: form.client_assertion_type,
    };
    let shown = caller::begin(cx, headers, certificate, shown, Some(cx.server.endpoints.token))?;
    let ground = match required(form.grant_type, Name::GrantType) {
        Ok("authorization_code") => Ground::Presented(authorization_code::present(&form, cx)?),
        Ok("refresh_token") => Ground::Presented(refresh_token::present(&form, cx)?),
        Ok("client_credentials") => Ground::Client(grant_id(entropy)?),
        Err(reason @ Reason::Missing(_)) => return Err(reason),
        _ => return Err(Reason::GrantType),
    };
    let TokenRequest { redirect_uri, code_verifier, scope, resource, authorization_details, .. } = form;
    if resource.iter().any(|resource| Resource::parse(resource).is_err()) {
        return Err(Reason::Resource);
    }
    let resources = match resource.is_empty() {
        true => List(""),
        false => List(cx.arena.text(|w| w.distinct(resource.iter().copied()))?),
    };
    Ok((shown, Asked { ground, redirect_uri, code_verifier, scope, resources, authorization_details }))
}

/// On which ground tokens are asked for.
#[derive(Clone, Copy)]
pub(super) enum Ground {
    /// A code or a refresh token.
    Presented(Credential),
    /// The client itself; the name of the grant that is to be made.
    Client(GrantId),
}

/// What of the request is still to be looked at once the caller is known.
pub struct Asked<'a> {
    ground: Ground,
    pub(super) redirect_uri: Param<'a>,
    pub(super) code_verifier: Param<'a>,
    pub(super) scope: Param<'a>,
    pub(super) resources: List<'a>,
    pub(super) authorization_details: Param<'a>,
}

impl Endpoint for Token {
    type Asked<'a> = Asked<'a>;

    phases!();

    fn known<'a>(mut cx: Context<'a>, caller: Caller<'a>, asked: Asked<'a>) -> Step<'a, Self> {
        let Caller { client, registered, sender } = caller;
        let types = client.grant_types();
        let may = match asked.ground {
            Ground::Client(_) => types.client_credentials,
            Ground::Presented(Credential { kind: CredentialKind::RefreshToken, .. }) => types.refresh_token,
            Ground::Presented(_) => types.authorization_code,
        };
        let constraint = [cx.server.sender_constraint, registered.sender_constraint];
        if !may {
            return Step::Done(reply::refuse(&mut cx, Reason::GrantTypeNotRegistered));
        }
        if sender.is_none() && constraint.contains(&SenderConstraint::Required) {
            return Step::Done(reply::refuse(&mut cx, Reason::SenderConstraintMissing));
        }
        let allowed = Allowed { scope: List(registered.scope), resources: List(registered.resources) };
        let mut at = AwaitGrant { cx, client, allowed, sender, asked, races: limits::RACES };
        match at.asked.ground {
            Ground::Presented(_) => at.load(),
            Ground::Client(grant) => match client_credentials::hold(&mut at.cx, &client, &registered, &at.asked) {
                Ok(held) => at.issue(Issue::new(grant, held, Some(None), Event::ClientGranted)),
                Err(reason) => Step::Done(reply::refuse(&mut at.cx, reason)),
            },
        }
    }

    fn ended<'a>(reply: Reply<'a>) -> Reply<'a> {
        reply
    }
}

/// The caller is known; the row of the grant is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    allowed: Allowed<'a>,
    sender: Option<KeyHeld>,
    asked: Asked<'a>,
    races: u8,
}

impl<'a> AwaitGrant<'a> {
    fn load(mut self) -> Step<'a, Token> {
        match self.asked.ground {
            Ground::Presented(credential) => {
                Step::Load(Load { key: Key::grant(credential.grant), kind: Kind::Grant, at: Phase::Own(self) })
            }
            // A grant with this random name exists: no honest random source does that twice.
            Ground::Client(_) => Step::Done(reply::refuse(&mut self.cx, Reason::StoreBusy)),
        }
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Token> {
        match self.judgement(row) {
            Ok(Judged::Issue(issue)) => self.issue(issue),
            Ok(Judged::End(write, reply)) => {
                Step::Commit(Commit { write, at: Phase::Own(AwaitCommit { before: self, reply }) })
            }
            Err(reason) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }

    /// What the row and the request call for.
    fn judgement(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Judged<'a>, Reason> {
        let Ground::Presented(presented) = self.asked.ground else { return Err(Reason::GrantType) };
        let is_code = presented.kind == CredentialKind::Code;
        let row = row.map_err(|_| Reason::StoreUnavailable)?;
        let row = row.ok_or(if is_code { Reason::CodeDead } else { Reason::RefreshTokenDead })?;
        let grant = Grant::decode(self.cx.arena.copy(row.value)?);
        let grant = lent(&grant)?;
        let Self { client, allowed, sender, asked, cx, .. } = self;
        let judgement = if is_code {
            authorization_code::judge(grant, client, *allowed, asked, *sender, cx.now)
        } else {
            refresh_token::judge(grant, client, *allowed, &presented, *sender, cx)
        };
        match judgement {
            Judgement::Refuse(reason) => Err(reason),
            Judgement::Again(held) => Ok(Judged::Issue(Issue::new(presented.grant, held, None, Event::RefreshRetried))),
            Judgement::Advance(held) => {
                let event = if is_code { Event::CodeRedeemed } else { Event::Refreshed };
                Ok(Judged::Issue(Issue::new(presented.grant, held, Some(Some(row.version)), event)))
            }
            Judgement::End(reason, granted) => {
                let over = Grant::Revoked(Revoked { client_id: granted.client_id, subject: granted.subject });
                let value: &'a [u8] = self.cx.arena.fill(|place| over.encode(place))?;
                // Another client's code is burnt under its own name.
                let labels =
                    Labels { kind: Kind::Grant, client_id: Some(granted.client_id), subject: Some(granted.subject) };
                let write = Write {
                    key: Key::grant(presented.grant),
                    expected: Some(row.version),
                    value: Some(value),
                    expires_at: granted.ends_at,
                    labels,
                };
                Ok(Judged::End(write, reply::refuse(&mut self.cx, reason)))
            }
        }
    }

    /// Makes the tokens of a grant that is held: one signature after the other, then the write, and the reply last.
    fn issue(mut self, mut issue: Issue<'a>) -> Step<'a, Token> {
        let sender = self.sender.map(|held| held.confirmation());
        match issue.next(&mut self.cx, &self.asked, sender) {
            Ok(Unsigned::Message { of, key_id, message }) => {
                Step::Sign(Sign { key_id, message, at: AwaitSignature { before: self, issue, of, message } })
            }
            Ok(Unsigned::Nothing { reply, write: Some(write) }) => {
                Step::Commit(Commit { write, at: Phase::Own(AwaitCommit { before: self, reply }) })
            }
            Ok(Unsigned::Nothing { reply, write: None }) => Step::Done(reply),
            Err(reason) => Step::Done(reply::refuse(&mut self.cx, reason)),
        }
    }
}

enum Judged<'a> {
    Issue(Issue<'a>),
    End(Write<'a>, Reply<'a>),
}

/// A token is being signed.
pub struct AwaitSignature<'a> {
    before: AwaitGrant<'a>,
    issue: Issue<'a>,
    of: Of,
    message: &'a [u8],
}

/// The grant goes on, or ends, with this write; the reply waits for it.
pub struct AwaitCommit<'a> {
    before: AwaitGrant<'a>,
    reply: Reply<'a>,
}

impl Flow for Token {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = Phase<Reading<'a>, Asked<'a>, AwaitGrant<'a>>;
    type Committing<'a> = Phase<Writing<'a>, Asked<'a>, AwaitCommit<'a>>;
    type Signing<'a> = AwaitSignature<'a>;
    type Verifying<'a> = Phase<Checking<'a>, Asked<'a>, Never>;
    type Sending<'a> = Phase<Fetching<'a>, Asked<'a>, Never>;

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.loaded(row),
            Phase::Own(at) => at.judge(row),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut before, reply } = match at {
            Phase::Caller(at) => return at.committed(outcome),
            Phase::Own(at) => at,
        };
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => Step::Done(reply),
            (Ok(Committed::Conflict), Some(races)) => {
                before.races = races;
                before.load()
            }
            (Ok(Committed::Conflict), None) => Step::Done(reply::refuse(&mut before.cx, Reason::StoreBusy)),
            (Err(_), _) => Step::Done(reply::refuse(&mut before.cx, Reason::StoreUnavailable)),
        }
    }

    fn signed<'a>(at: Self::Signing<'a>, signature: Answer<&[u8]>) -> Step<'a, Self> {
        let AwaitSignature { mut before, mut issue, of, message } = at;
        match issue.signed(&mut before.cx, of, message, signature) {
            Ok(()) => before.issue(issue),
            Err(reason) => Step::Done(reply::refuse(&mut before.cx, reason)),
        }
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
