//! The introspection endpoint (RFC 7662).
//!
//! ```text
//! start           -> load client | load document | done
//! load client     -> load document | verify | load grant | done
//! load document   -> load document | commit document | verify | load grant | done
//! commit document -> send | verify | load grant | done
//! send            -> commit document | verify | load grant | done
//! verify          -> commit mark | load grant | done
//! commit mark     -> verify | load grant | done
//! load grant      -> done
//! ```
//!
//! A token that is unknown, forged, expired, revoked, or none of the caller's business is `{"active":false}`, whichever of
//! these it is. A caller learns of the access tokens that are for a resource it serves, and of its own tokens.

use crate::error::{Reason, TooSmall, lent};
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::signature::Unverified;
use crate::record::{Active, Grant, Key, Kind, Record};
use crate::server::caller::{Caller, Checking, Fetching, Reading, Writing};
use crate::server::endpoint::{self, Awaiting, Endpoint, Phase, phases};
use crate::server::presented::Token;
use crate::server::{BUFFER, Context, Server, presented, reply};
use crate::step::{Answer, Committed, Flow, Load, Never, Row, Step, Verdict, Verify, no_phases};
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::list::List;
use crate::wire::http::{Reply, Request, Response};

/// The flow of the introspection endpoint: see [`Server::introspect`].
pub enum Introspect {}

impl<'a> Server<'a> {
    /// Answers an introspection request of a confidential client. The buffer needs [`BUFFER`] bytes.
    pub fn introspect(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Introspect>, TooSmall> {
        let cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(endpoint::start(cx, |cx| presented::read(cx, request)))
    }
}

impl Endpoint for Introspect {
    type Asked<'a> = Token<'a>;

    phases!();

    fn known<'a>(mut cx: Context<'a>, caller: Caller<'a>, token: Token<'a>) -> Step<'a, Self> {
        let Caller { client, registered, .. } = caller;
        // RFC 7662 section 2.1: whoever may call this must be known, or tokens could be guessed here.
        if !client.is_confidential() {
            return Step::Done(reply::refuse(&mut cx, Reason::PublicClient));
        }
        let serves = List(registered.serves);
        match token {
            Token::Opened(token) => AwaitGrant { cx, client, serves, token }.load(),
            Token::Jwt(_, token) => Step::Verify(Verify {
                key: token.key(),
                message: token.message(),
                signature: token.signature(),
                at: Phase::Own(AwaitVerdict { cx, client, serves, token }),
            }),
            Token::Dead => Step::Done(inactive(&mut cx)),
        }
    }

    fn ended<'a>(reply: Reply<'a>) -> Reply<'a> {
        reply
    }
}

/// The caller is known; the signature of the token is being checked.
pub struct AwaitVerdict<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    serves: List<'a>,
    token: Unverified<'a, Credential>,
}

impl<'a> AwaitVerdict<'a> {
    fn judge(self, verdict: Answer<Verdict>) -> Step<'a, Introspect> {
        let Self { mut cx, client, serves, token } = self;
        match token.verified(verdict) {
            Ok(token) => AwaitGrant { cx, client, serves, token }.load(),
            Err(Reason::KeysUnavailable) => Step::Done(reply::refuse(&mut cx, Reason::KeysUnavailable)),
            Err(_) => Step::Done(inactive(&mut cx)),
        }
    }
}

/// The caller is authenticated; the row of the token's grant is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    client: ClientAuthenticated<'a>,
    serves: List<'a>,
    token: Credential,
}

impl<'a> AwaitGrant<'a> {
    fn load(self) -> Step<'a, Introspect> {
        Step::Load(Load { key: Key::grant(self.token.grant), kind: Kind::Grant, at: Phase::Own(self) })
    }

    fn judge(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Option<Reply<'a>>, Reason> {
        let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? else { return Ok(None) };
        let grant = Grant::decode(row.value);
        let Grant::Active(Active { granted, generation, .. }) = lent(&grant)? else { return Ok(None) };
        let token = self.token;
        let audience = List(granted.resources).masked(u32::from(token.resources));
        let own = granted.client_id == self.client.client_id();
        let is_access_token = token.kind != CredentialKind::RefreshToken;
        let for_caller = if is_access_token {
            own || audience.clone().any(|resource| self.serves.contains(resource))
        } else {
            // A superseded refresh token is not active, though only its use ends the grant.
            own && token.generation == *generation
        };
        if !for_caller || token.generation > *generation || self.cx.now.reached(granted.ends_at) {
            return Ok(None);
        }
        let issuer = self.cx.server.issuer.as_str();
        let reply = reply::json(&mut self.cx, None, |object| {
            object.boolean("active", true);
            object.string("iss", issuer);
            object.string("client_id", granted.client_id);
            object.string("sub", granted.subject);
            object.number("exp", token.expires_at.0);
            // RFC 9470 section 6.2.
            if let Some(at) = granted.authenticated_at {
                object.number("auth_time", at.0);
            }
            // RFC 9470 section 6.2.
            if let Some(acr) = granted.acr {
                object.string("acr", acr);
            }
            if is_access_token {
                let by_dpop = matches!(token.bound_to, Some(Confirmation::Jkt(_)));
                object.string("token_type", if by_dpop { "DPoP" } else { "Bearer" });
                // RFC 9449 section 6.2, RFC 8705 section 3.2.
                if let Some(key) = token.bound_to {
                    key.write(object);
                }
                // RFC 9396 section 9.2.
                if !granted.authorization_details.is_empty() {
                    object.json("authorization_details", granted.authorization_details);
                }
                if token.scope != 0 {
                    object.words("scope", List(granted.scope).masked(token.scope));
                }
                if token.resources != 0 {
                    object.strings("aud", audience);
                }
            } else if !granted.scope.is_empty() {
                object.words("scope", List(granted.scope).words());
            }
        });
        reply.map(Some)
    }
}

fn inactive<'a>(cx: &mut Context<'a>) -> Reply<'a> {
    match reply::json(cx, None, |object| object.boolean("active", false)) {
        Ok(reply) => reply,
        Err(reason) => reply::refuse(cx, reason),
    }
}

impl Flow for Introspect {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = Phase<Reading<'a>, Token<'a>, AwaitGrant<'a>>;
    type Committing<'a> = Phase<Writing<'a>, Token<'a>, Never>;
    type Verifying<'a> = Phase<Checking<'a>, Token<'a>, AwaitVerdict<'a>>;
    type Sending<'a> = Phase<Fetching<'a>, Token<'a>, Never>;
    no_phases!(Signing);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.loaded(row),
            Phase::Own(mut at) => Step::Done(match at.judge(row) {
                Ok(Some(reply)) => reply,
                Ok(None) => inactive(&mut at.cx),
                Err(reason) => reply::refuse(&mut at.cx, reason),
            }),
        }
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.committed(outcome),
            Phase::Own(never) => match never {},
        }
    }

    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.verified(verdict),
            Phase::Own(at) => at.judge(verdict),
        }
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        match at {
            Phase::Caller(at) => at.sent(response),
            Phase::Own(never) => match never {},
        }
    }
}
