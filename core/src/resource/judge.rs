//! Judging a request by its access token (RFC 6750), with the key that the token is bound to (RFC 8705, RFC 9449).
//!
//! ```text
//! start           -> send | load document | verify | done
//! load document   -> verify | load document | commit document | done
//! commit document -> verify | load document | send | done
//! send            -> verify | load document | commit document | done
//! verify          -> verify | commit mark | done
//! commit mark     -> done
//! ```
//!
//! What is sent asks the issuer what an opaque token means, or for the keys that JWTs are checked with; those are kept in a row.
//! The mark of a proof comes last, when all else is proven: a proof that comes with another's token leaves none.
//!
//! A token counts in the `Authorization` field alone: one in the query or in a form is as good as none (RFC 9700 section
//! 4.3.2).

use crate::document::{self, Found, Source, Turn};
use crate::error::{Reason, TooSmall, lent};
use crate::limits;
use crate::name::Name;
use crate::proof::dpop::{DpopProof, Expected};
use crate::proof::possession::KeyHeld;
use crate::proof::replay::Unmarked;
use crate::proof::signature::Unverified;
use crate::record::{DocumentKind, Kind};
use crate::resource::claims::{self, Weighed};
use crate::resource::jwt::{self, Genuine, Token};
use crate::resource::{
    AccessTokens, BUFFER, Claims, IssuerKeys, Needs, ResourceRequest, ResourceServer, Sender, challenge, introspection,
};
use crate::step::{Answer, Commit, Committed, Exchange, Flow, Load, Row, Send, Step, Verdict, Verify, no_phases};
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::wire::header::{self, Authorization};
use crate::wire::http::{Reply, Response};
use crate::wire::jose::Algorithm;
use crate::wire::json::{self, Object};
use crate::wire::write::Arena;

/// The flow of a judgement: see [`ResourceServer::judge`].
pub enum Judge {}

/// What becomes of a request.
pub enum Judgement<'a> {
    /// It may be served, within these claims.
    Allow(Claims<'a>),
    /// It may not; this is the reply.
    Deny(Reply<'a>),
}

impl<'a> ResourceServer<'a> {
    /// Judges a request that needs so much. The request is lent for this call alone; the buffer needs [`BUFFER`] bytes.
    pub fn judge(
        &'a self,
        request: ResourceRequest<'_>,
        needs: Needs<'a>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Judge>, TooSmall> {
        let holder = request.certificate.as_ref().map(KeyHeld::by_certificate);
        let mut case = Case { server: self, needs, now, scheme: None, holder, arena: Arena::new(buffer, BUFFER)? };
        let next = case.read(&request);
        Ok(case.go(next))
    }
}

/// The scheme under which a token was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

impl Scheme {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// A request that is being judged.
pub(super) struct Case<'a> {
    pub(super) server: &'a ResourceServer<'a>,
    pub(super) needs: Needs<'a>,
    now: Time,
    /// `None` where no token was sent, or it is not clear under which scheme.
    pub(super) scheme: Option<Scheme>,
    /// Who holds the certificate of the connection.
    holder: Option<KeyHeld>,
    pub(super) arena: Arena<'a>,
}

/// A DPoP proof for this request and token. Whether it is signed, and new, is not known.
type Proof<'a> = Unverified<'a, Unmarked<KeyHeld>>;

/// A JWT whose key is being sought.
struct Sought<'a> {
    token: Token<'a>,
    proof: Option<Proof<'a>>,
    source: Source<'a>,
    algorithm: Option<Algorithm>,
    /// Whether a newer set of keys is asked for than the one that lacks it.
    newer: bool,
}

/// What comes next.
enum Next<'a> {
    Keys(Turn<'a>, Sought<'a>),
    Introspect(Exchange<'a>, Option<Proof<'a>>),
    Token(Unverified<'a, Genuine<'a>>, Option<Proof<'a>>),
    Proof(Weighed<'a>, Proof<'a>),
    Mark(Weighed<'a>, Unmarked<KeyHeld>),
    Allow(Weighed<'a>, Sender),
}

impl<'a> Case<'a> {
    fn go(mut self, next: Result<Next<'a>, Reason>) -> Step<'a, Judge> {
        match next {
            Ok(Next::Introspect(exchange, proof)) => {
                Step::Send(Send { exchange, at: AwaitResponse { case: self, of: Sent::Introspection(proof) } })
            }
            Ok(Next::Keys(turn, sought)) => match turn {
                Turn::Load(at) => {
                    let key = at.key();
                    Step::Load(Load { key, kind: Kind::Document, at: AwaitKeys { case: self, sought, at } })
                }
                Turn::Commit(at) => {
                    let write = *at.write();
                    Step::Commit(Commit { write, at: AwaitWrite { case: self, of: Written::Keys(sought, at) } })
                }
                Turn::Send(at) => {
                    let exchange = at.exchange();
                    Step::Send(Send { exchange, at: AwaitResponse { case: self, of: Sent::Keys(sought, at) } })
                }
                Turn::Done(found) => {
                    let next = self.turned(Turn::Done(found), sought);
                    self.go(next)
                }
            },
            Ok(Next::Token(token, proof)) => Step::Verify(Verify {
                key: token.key(),
                message: token.message(),
                signature: token.signature(),
                at: AwaitSignature { case: self, of: Signed::Token(token, proof) },
            }),
            Ok(Next::Proof(weighed, proof)) => Step::Verify(Verify {
                key: proof.key(),
                message: proof.message(),
                signature: proof.signature(),
                at: AwaitSignature { case: self, of: Signed::Proof(weighed, proof) },
            }),
            Ok(Next::Mark(weighed, mark)) => Step::Commit(Commit {
                write: mark.mark(),
                at: AwaitWrite { case: self, of: Written::Mark(weighed, mark) },
            }),
            Ok(Next::Allow(token, sender)) => {
                let dpop_nonce = self.nonce().filter(|_| self.scheme == Some(Scheme::Dpop));
                Step::Done(Judgement::Allow(Claims { token, sender, dpop_nonce }))
            }
            Err(reason) => Step::Done(Judgement::Deny(challenge::deny(&mut self, reason))),
        }
    }

    /// Finds the token and the proof of a request, and who can say what the token means.
    fn read(&mut self, request: &ResourceRequest<'_>) -> Result<Next<'a>, Reason> {
        let accepts = self.server.accepts;
        let (token, scheme) = match header::authorization(request.headers)? {
            Authorization::Bearer(token) if accepts.bearer || accepts.certificate => (token, Scheme::Bearer),
            Authorization::Dpop(token) if accepts.dpop => (token, Scheme::Dpop),
            _ => return Err(Reason::TokenMissing),
        };
        self.scheme = Some(scheme);
        self.needs.check()?;
        let proof = if scheme == Scheme::Dpop { Some(self.proof(request, token)?) } else { None };
        if let Some(exchange) = introspection::exchange(self.server, token, &mut self.arena)? {
            return Ok(Next::Introspect(exchange, proof));
        }
        let token = Token::read(token, self.server, self.now, &mut self.arena);
        let token = lent(&token).map_err(jwt::malformed)?;
        let AccessTokens::Jwt { keys, algorithm } = self.server.access_tokens else { return Err(Reason::TokenKey) };
        match keys {
            IssuerKeys::Pinned(keys) => {
                let keys = self.arena.copy_mut(keys.as_bytes())?;
                let keys = json::object(keys).map_err(|reason| reason.within(Reason::Document))?;
                match token.with_key(&keys, algorithm, &mut self.arena) {
                    Ok(Some(token)) => Ok(Next::Token(token, proof)),
                    Ok(None) => Err(Reason::TokenKey),
                    Err(reason) => Err(reason),
                }
            }
            IssuerKeys::Published(url) => {
                let source = Source {
                    kind: DocumentKind::IssuerKeys,
                    url,
                    cap: limits::JWKS,
                    public_addresses_only: false,
                    pressing: false,
                    accept: jwt::accept,
                };
                let sought = Sought { token: *token, proof, source, algorithm, newer: false };
                self.turned(source.find(self.now), sought)
            }
        }
    }

    /// Goes on with the keys of the issuer.
    fn turned(&mut self, turn: Turn<'a>, sought: Sought<'a>) -> Result<Next<'a>, Reason> {
        let found = match turn {
            Turn::Done(found) => found?,
            turn => return Ok(Next::Keys(turn, sought)),
        };
        let Sought { token, source, algorithm, newer, .. } = sought;
        if let Found::Document(keys) = found {
            if let Some(token) = token.with_key(&keys, algorithm, &mut self.arena)? {
                return Ok(Next::Token(token, sought.proof));
            }
            // The issuer may have begun to use another key.
            if !newer {
                return self.turned(source.find_newer(self.now), Sought { newer: true, ..sought });
            }
        }
        // Within the cool-down too: anybody can name a key.
        Err(Reason::TokenKey)
    }

    /// The proof that a token under the scheme `DPoP` must come with (RFC 9449 section 7.1).
    fn proof(&mut self, request: &ResourceRequest<'_>, token: &str) -> Result<Proof<'a>, Reason> {
        let proof = DpopProof::read(request.headers, &mut self.arena)?.ok_or(Reason::DpopProof(Name::Dpop))?;
        let freshness = proof.freshness(self.server.dpop_nonces.as_ref(), self.now);
        let ResourceRequest { method, url, .. } = *request;
        let expected = Expected { method, url, now: self.now, freshness, access_token: Some(token) };
        proof.judge(&expected, &mut self.arena)
    }

    /// A nonce for the next proof, if proofs must bear one.
    pub(super) fn nonce(&mut self) -> Option<&'a str> {
        let keys = self.server.dpop_nonces.as_ref().filter(|_| self.server.accepts.dpop)?;
        self.arena.text(|w| keys.dpop_nonce(self.now, w)).ok()
    }

    /// Weighs a token that is genuine and in force, and its sender against the key that it is bound to.
    fn weigh(
        &mut self,
        token: &Object<'_>,
        expires_at: Option<Time>,
        proof: Option<Proof<'a>>,
    ) -> Result<Next<'a>, Reason> {
        // Bound to what is not known here is no less bound (RFC 7800 section 3.1).
        let bound_to = Confirmation::read(token).map_err(|_| Reason::TokenBound)?;
        let sender = match (bound_to, &proof) {
            (None, None) if self.server.accepts.bearer => Some(Sender::Bearer),
            // A proof for a token that is bound to no key proves nothing (RFC 9449 section 7.1).
            (None, _) => return Err(Reason::TokenUnbound),
            (Some(key @ Confirmation::Jkt(_)), Some(proof)) if proof.names() == key => None,
            (Some(key @ Confirmation::X5t(_)), None) if self.server.accepts.certificate => {
                Some(Sender::KeyHolder(self.holder.filter(|holder| holder.is(key)).ok_or(Reason::TokenBound)?))
            }
            // Above all, a token that is bound to a key is none for its bearer (RFC 8705 section 3, RFC 9449 section 7.2).
            (Some(_), _) => return Err(Reason::TokenBound),
        };
        let weighed = claims::weigh(token, expires_at, self.server, &self.needs, self.now, &mut self.arena);
        match (lent(&weighed)?, sender, proof) {
            (weighed, Some(sender), _) => Ok(Next::Allow(*weighed, sender)),
            (weighed, None, Some(proof)) => Ok(Next::Proof(*weighed, proof)),
            (_, None, None) => Err(Reason::TokenBound),
        }
    }
}

/// The issuer's keys are being read.
pub struct AwaitKeys<'a> {
    case: Case<'a>,
    sought: Sought<'a>,
    at: document::AwaitRow<'a>,
}

/// The issuer is being asked what a token means, or for its keys.
pub struct AwaitResponse<'a> {
    case: Case<'a>,
    of: Sent<'a>,
}

#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
enum Sent<'a> {
    Introspection(Option<Proof<'a>>),
    Keys(Sought<'a>, document::AwaitResponse<'a>),
}

/// A signature is being checked.
pub struct AwaitSignature<'a> {
    case: Case<'a>,
    of: Signed<'a>,
}

enum Signed<'a> {
    Token(Unverified<'a, Genuine<'a>>, Option<Proof<'a>>),
    Proof(Weighed<'a>, Proof<'a>),
}

/// The issuer's keys are being kept, or a proof is being marked as used.
pub struct AwaitWrite<'a> {
    case: Case<'a>,
    of: Written<'a>,
}

#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
enum Written<'a> {
    Keys(Sought<'a>, document::AwaitCommit<'a>),
    Mark(Weighed<'a>, Unmarked<KeyHeld>),
}

/// The same with its reason told otherwise. Not `map_err`, which moves what is large.
fn within<'a>(mut next: Result<Next<'a>, Reason>, told: fn(Reason) -> Reason) -> Result<Next<'a>, Reason> {
    if let Err(reason) = &mut next {
        *reason = told(*reason);
    }
    next
}

impl Flow for Judge {
    type Output<'a> = Judgement<'a>;
    type Loading<'a> = AwaitKeys<'a>;
    type Sending<'a> = AwaitResponse<'a>;
    type Verifying<'a> = AwaitSignature<'a>;
    type Committing<'a> = AwaitWrite<'a>;
    no_phases!(Signing);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        let AwaitKeys { mut case, sought, at } = at;
        let turn = at.loaded(row, &mut case.arena);
        let next = case.turned(turn, sought);
        case.go(next)
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        let AwaitResponse { mut case, of } = at;
        let next = match of {
            Sent::Introspection(proof) => match introspection::read(response, case.server, case.now) {
                Ok((token, expires_at)) => within(case.weigh(&token, expires_at, proof), introspection::malformed),
                Err(reason) => Err(reason),
            },
            Sent::Keys(sought, at) => {
                let turn = at.sent(response, &mut case.arena);
                case.turned(turn, sought)
            }
        };
        case.go(next)
    }

    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self> {
        let AwaitSignature { mut case, of } = at;
        let next = match of {
            Signed::Token(token, proof) => match token.verified(verdict) {
                Ok(Genuine { claims, expires_at }) => {
                    within(case.weigh(&claims, Some(expires_at), proof), jwt::malformed)
                }
                Err(reason) => Err(reason),
            },
            Signed::Proof(weighed, proof) => match proof.verified(verdict) {
                Ok(mark) => Ok(Next::Mark(weighed, mark)),
                Err(reason) => Err(reason),
            },
        };
        case.go(next)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitWrite { mut case, of } = at;
        let next = match of {
            Written::Keys(sought, at) => {
                let turn = at.committed(outcome, &mut case.arena);
                case.turned(turn, sought)
            }
            Written::Mark(weighed, mark) => {
                mark.marked(outcome).map(|holder| Next::Allow(weighed, Sender::KeyHolder(holder)))
            }
        };
        case.go(next)
    }
}
