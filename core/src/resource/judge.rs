//! Judging a request by its access token (RFC 6750), which the authorization server explains (RFC 7662).
//!
//! ```text
//! start -> send | done
//! send  -> done
//! ```
//!
//! A token counts in the `Authorization` field alone: one in the query or in a form is as good as none (RFC 9700 section
//! 4.3.2).

use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::name::Name;
use crate::proof::audience::AudienceMatched;
use crate::resource::{BUFFER, ResourceServer};
use crate::step::{Answer, Exchange, Flow, Send, Step, no_phases};
use crate::terms::Time;
use crate::terms::list::List;
use crate::terms::parameter;
use crate::terms::scope;
use crate::wire::header::{self, Authorization};
use crate::wire::http::{Field, Reply, Response, fields};
use crate::wire::json::Object;
use crate::wire::write::{Arena, FormWriter};

/// The flow of a judgement: see [`ResourceServer::judge`].
pub enum Judge {}

/// What becomes of a request.
pub enum Judgement<'a> {
    /// It may be served, within these claims.
    Allow(Claims<'a>),
    /// It may not; this is the reply.
    Deny(Reply<'a>),
}

/// What an access token says, to this resource.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    client_id: Option<&'a str>,
    subject: Option<&'a str>,
    scope: &'a str,
    expires_at: Option<Time>,
    audience: AudienceMatched,
}

impl<'a> Claims<'a> {
    /// The client that the token was issued to (`client_id`).
    pub const fn client_id(&self) -> Option<&'a str> {
        self.client_id
    }

    /// The user who approved it (`sub`), as the issuer names users.
    pub const fn subject(&self) -> Option<&'a str> {
        self.subject
    }

    /// Its scope.
    pub const fn scope(&self) -> List<'a> {
        List(self.scope)
    }

    /// When it ends, if the issuer said so.
    pub const fn expires_at(&self) -> Option<Time> {
        self.expires_at
    }

    /// The proof that it is for this resource.
    pub const fn audience(&self) -> AudienceMatched {
        self.audience
    }
}

impl<'a> ResourceServer<'a> {
    /// Judges a request by its header fields: every one of them, in order, repetitions included.
    ///
    /// `scope` is what the request needs; empty for any valid token. The buffer needs [`BUFFER`] bytes.
    pub fn judge(
        &'a self,
        headers: &[Field<'_>],
        scope: &'a str,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Judge>, TooSmall> {
        let mut at = AwaitIntrospection { server: self, scope, now, arena: Arena::new(buffer, BUFFER)? };
        Ok(match at.exchange(headers) {
            Ok(exchange) => Step::Send(Send { exchange, at }),
            Err(reason) => Step::Done(Judgement::Deny(at.deny(reason))),
        })
    }
}

/// The authorization server is being asked.
pub struct AwaitIntrospection<'a> {
    server: &'a ResourceServer<'a>,
    scope: &'a str,
    now: Time,
    arena: Arena<'a>,
}

impl<'a> AwaitIntrospection<'a> {
    /// The introspection request (RFC 7662 section 2.1).
    fn exchange(&mut self, headers: &[Field<'_>]) -> Result<Exchange<'a>, Reason> {
        let token = match header::authorization(headers)? {
            Authorization::Bearer(token) => token,
            Authorization::Absent | Authorization::Basic(_) | Authorization::Dpop(_) | Authorization::Other => {
                return Err(Reason::TokenMissing);
            }
        };
        scope::parse_or_empty(self.scope).map_err(|_| Reason::ScopeNeeded)?;
        let ResourceServer { client_id, client_secret, introspection_endpoint, .. } = *self.server;
        let authorization = header::write_basic(client_id.as_str(), client_secret, &mut self.arena)?;
        let form = self.arena.write(|w| {
            let mut form = FormWriter::new(w, "");
            form.pair("token", token);
            form.pair("token_type_hint", "access_token");
        })?;
        Ok(Exchange::post(introspection_endpoint, form, Some(authorization)))
    }

    fn judge(&mut self, response: Answer<Response<'_>>) -> Result<Claims<'a>, Reason> {
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        // A refusal here is about this resource server's own credentials, not about the token.
        if response.status != 200 {
            return Err(Reason::Status);
        }
        // Whatever cannot be read is the issuer's fault, and says nothing of the token.
        let malformed = |_| Reason::IntrospectionMalformed;
        let object = response.json().map_err(malformed)?;
        // Nothing else is looked at before this: other members of a dead token mean nothing (RFC 7662 section 2.2).
        if !object.boolean(Name::Active).map_err(malformed)?.ok_or(Reason::IntrospectionMalformed)? {
            return Err(Reason::TokenInactive);
        }
        let token = Introspection::read(&object).map_err(malformed)?;
        // A token that is bound to a key is none for its bearer (RFC 8705 section 3, RFC 9449 section 7), and no proof of a
        // key can be checked here.
        if object.get("cnf").is_some() {
            return Err(Reason::TokenBound);
        }
        // `nbf` is not looked at: the issuer has just said that the token is active, by its own clock.
        if token.exp.is_some_and(|end| self.now.reached(end))
            || token.token_type.is_some_and(|name| !name.eq_ignore_ascii_case("Bearer"))
        {
            return Err(Reason::TokenInactive);
        }
        if token.iss.is_some_and(|iss| iss != self.server.issuer.as_str()) {
            return Err(Reason::TokenIssuer);
        }
        let audience =
            AudienceMatched::prove(object.get("aud"), self.server.resource).map_err(|reason| match reason {
                Reason::TokenAudience => reason,
                _ => Reason::IntrospectionMalformed,
            })?;
        if !List(self.scope).is_subset_of(List(token.scope)) {
            return Err(Reason::TokenScope);
        }
        Ok(Claims {
            client_id: token.client_id.map(|text| self.arena.copy_str(text)).transpose()?,
            subject: token.sub.map(|text| self.arena.copy_str(text)).transpose()?,
            scope: self.arena.copy_str(token.scope)?,
            expires_at: token.exp,
            audience,
        })
    }

    /// The reply to a request that is not served (RFC 6750 section 3).
    fn deny(&mut self, reason: Reason) -> Reply<'a> {
        let answer = reason.answer();
        let mut headers = fields([Field { name: "Cache-Control", value: b"no-store" }]);
        let status = match answer.status {
            // The issuer is at fault, or cannot be reached: no other token would do better.
            502 | 503 => 503,
            status => status,
        };
        if status < 500 {
            let Self { server, scope, arena, .. } = self;
            let challenge = arena.write(|w| {
                w.str("Bearer realm=");
                w.quoted(server.realm);
                // Without a token there is nothing to complain of (RFC 6750 section 3.1).
                if reason != Reason::TokenMissing {
                    w.str(", error=");
                    w.quoted(answer.code.as_str());
                    w.str(", error_description=");
                    w.quoted(answer.text);
                }
                if reason == Reason::TokenScope {
                    w.str(", scope=");
                    w.quoted(scope);
                }
            });
            let _ = headers.push(Field { name: "WWW-Authenticate", value: challenge.unwrap_or(b"Bearer") });
        }
        Reply { status, headers, body: b"", reason: Some(reason), event: reason.event() }
    }
}

/// The members of an introspection response (RFC 7662 section 2.2) but for `aud`.
struct Introspection<'r> {
    exp: Option<Time>,
    token_type: Option<&'r str>,
    iss: Option<&'r str>,
    client_id: Option<&'r str>,
    sub: Option<&'r str>,
    scope: &'r str,
}

impl<'r> Introspection<'r> {
    fn read(object: &Object<'r>) -> Result<Self, Reason> {
        let client_id = object.string(Name::ClientId)?;
        client_id.map_or(Ok(()), |client_id| parameter::check(Name::ClientId, client_id))?;
        Ok(Self {
            exp: object.integer(Name::Exp)?.map(Time),
            token_type: object.string(Name::TokenType)?,
            iss: object.string(Name::Iss)?,
            client_id,
            // A foreign server's subjects are its own; only their length is bounded here.
            sub: match object.string(Name::Sub)? {
                Some(sub) if sub.is_empty() || sub.len() > limits::SUBJECT => return Err(Reason::Malformed(Name::Sub)),
                sub => sub,
            },
            scope: match object.string(Name::Scope)? {
                None | Some("") => "",
                Some(scope) => parameter::check(Name::Scope, scope).map(|()| scope)?,
            },
        })
    }
}

impl Flow for Judge {
    type Output<'a> = Judgement<'a>;
    type Sending<'a> = AwaitIntrospection<'a>;
    no_phases!(Loading Committing Signing Verifying);

    fn sent<'a>(mut at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        Step::Done(match at.judge(response) {
            Ok(claims) => Judgement::Allow(claims),
            Err(reason) => Judgement::Deny(at.deny(reason)),
        })
    }
}
