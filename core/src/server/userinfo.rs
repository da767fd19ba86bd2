//! The userinfo endpoint (OpenID Connect Core section 5.3): who has signed in, for a client that holds an access token with the
//! scope `openid`.
//!
//! ```text
//! start       -> verify | load grant | done
//! verify      -> verify | commit mark | load grant | done
//! commit mark -> load grant | done
//! load grant  -> done
//! ```
//!
//! What is verified is an access token that is a JWT, and then the DPoP proof.
//!
//! The server is an audience of every token of its own here, whatever resources that is for besides. The claims are the host's:
//! the flow ends in whom they must be of, and `sub` is written already, so that it can neither be left out nor differ.

use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::proof::dpop::{DpopProof, Expected};
use crate::proof::possession::KeyHeld;
use crate::proof::replay::Unmarked;
use crate::proof::signature::Unverified;
use crate::record::{Active, Grant, Key, Kind, Record};
use crate::server::presented::{self, Token};
use crate::server::{BUFFER, Context, Server, reply};
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Step, Verdict, Verify, no_phases};
use crate::terms::Time;
use crate::terms::confirmation::Confirmation;
use crate::terms::credential::{Credential, CredentialKind};
use crate::terms::list::List;
use crate::wire::header::{self, Authorization};
use crate::wire::http::{Method, Reply, Request};
use crate::wire::json;
use crate::wire::write::{self, Arena};

/// The flow of the userinfo endpoint: see [`Server::userinfo`].
pub enum Userinfo {}

/// What a userinfo request leads to.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum UserinfoReply<'a> {
    /// Reply with the claims about this user: see [`User::claims`].
    User(User<'a>),
    /// Send this.
    Refused(Reply<'a>),
}

/// The user that a userinfo request is about.
pub struct User<'a> {
    /// The user.
    pub subject: &'a str,
    /// The client that asks.
    pub client_id: &'a str,
    /// The scope of its token, which says what claims it may be told (section 5.4).
    pub scope: &'a str,
    /// A reply that says who the user is, and nothing else. It may be sent as it is; a host without this crate puts its claims before
    /// the last brace of the body.
    pub reply: Reply<'a>,
    arena: Arena<'a>,
}

impl<'a> User<'a> {
    /// The reply with these claims besides `sub`: the text of a JSON object without that member, at most
    /// [`limits::JSON`](crate::limits::JSON) bytes and what the flow's buffer has left.
    pub fn claims(self, claims: &str) -> Result<Reply<'a>, Reason> {
        let Self { reply, mut arena, .. } = self;
        let read = |place: &mut [u8]| {
            let place = place.get_mut(..claims.len()).ok_or(Reason::Buffer)?;
            write::copy(place, claims.as_bytes());
            let object = json::object(place)?;
            match object.get(Name::Sub.as_str()) {
                Some(_) => Err(Reason::Repeated(Name::Sub)),
                None => Ok(object.members().next().is_some()),
            }
        };
        if !arena.lend(read)? {
            return Ok(reply);
        }
        let subject = reply.body.strip_suffix(b"}").unwrap_or_default();
        let members = claims.trim_start().strip_prefix('{').unwrap_or_default();
        let body = arena.write(|w| {
            w.bytes(subject);
            w.byte(b',');
            w.str(members);
        })?;
        Ok(Reply { body, ..reply })
    }
}

impl<'a> Server<'a> {
    /// Answers a userinfo request, by GET or by POST, with its access token in the `Authorization` field. The buffer needs
    /// [`BUFFER`] bytes.
    pub fn userinfo(
        &'a self,
        request: Request<'a, '_>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Userinfo>, TooSmall> {
        let cx = Context::new(self, now, buffer, BUFFER)?;
        let mut asking = Asking { cx, scheme: None };
        let read = asking.read(&request);
        Ok(asking.go(read))
    }
}

/// A request, and the scheme under which its token came.
struct Asking<'a> {
    cx: Context<'a>,
    scheme: Option<&'static str>,
}

/// A DPoP proof for this request and token.
type Proof<'a> = Unverified<'a, Unmarked<KeyHeld>>;

/// What comes next.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
enum Next<'a> {
    Token(Unverified<'a, Credential>, Option<Proof<'a>>),
    Proof(Credential, Proof<'a>),
    Mark(Credential, Unmarked<KeyHeld>),
    Grant(Credential),
    Done(User<'a>),
}

impl<'a> Asking<'a> {
    fn go(mut self, next: Result<Next<'a>, Reason>) -> Step<'a, Userinfo> {
        match next {
            Ok(Next::Token(token, proof)) => Step::Verify(Verify {
                key: token.key(),
                message: token.message(),
                signature: token.signature(),
                at: AwaitVerdict { asking: self, of: Checked::Token(token, proof) },
            }),
            Ok(Next::Proof(token, proof)) => Step::Verify(Verify {
                key: proof.key(),
                message: proof.message(),
                signature: proof.signature(),
                at: AwaitVerdict { asking: self, of: Checked::Proof(token, proof) },
            }),
            Ok(Next::Mark(token, mark)) => {
                Step::Commit(Commit { write: mark.mark(), at: AwaitCommit { asking: self, token, mark } })
            }
            Ok(Next::Grant(token)) => {
                let key = Key::grant(token.grant);
                Step::Load(Load { key, kind: Kind::Grant, at: AwaitGrant { asking: self, token } })
            }
            Ok(Next::Done(user)) => Step::Done(UserinfoReply::User(user)),
            Err(reason) => Step::Done(UserinfoReply::Refused(reply::challenge(&mut self.cx, self.scheme, reason))),
        }
    }

    fn read(&mut self, request: &Request<'a, '_>) -> Result<Next<'a>, Reason> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            _ => return Err(Reason::Method),
        };
        let (scheme, text) = match header::authorization(request.headers)? {
            Authorization::Bearer(text) => (reply::BEARER, text),
            Authorization::Dpop(text) => (reply::DPOP, text),
            Authorization::Absent | Authorization::Basic(_) | Authorization::Other => return Err(Reason::TokenMissing),
        };
        self.scheme = Some(scheme);
        let text = self.cx.arena.copy_str(text)?;
        let (jwt, token) = match presented::open(&mut self.cx, text)? {
            Token::Opened(token) if token.kind == CredentialKind::AccessToken => (None, token),
            Token::Jwt(named, token) => (Some(token), named),
            Token::Opened(_) | Token::Dead => return Err(Reason::TokenInactive),
        };
        let certificate = request.certificate.as_ref().map(KeyHeld::by_certificate);
        let proof = match (scheme == reply::DPOP, token.bound_to) {
            (true, Some(key @ Confirmation::Jkt(_))) => Some(self.proof(request, method, text, key)?),
            (true, _) => return Err(Reason::TokenUnbound),
            (false, None) => None,
            (false, Some(key @ Confirmation::X5t(_))) if certificate.is_some_and(|held| held.is(key)) => None,
            (false, Some(_)) => return Err(Reason::TokenBound),
        };
        Ok(match (jwt, proof) {
            (Some(jwt), proof) => Next::Token(jwt, proof),
            (None, Some(proof)) => Next::Proof(token, proof),
            (None, None) => Next::Grant(token),
        })
    }

    /// Judges the DPoP proof of the key that the token is bound to (RFC 9449 section 7.1).
    fn proof(
        &mut self,
        request: &Request<'a, '_>,
        method: &str,
        token: &str,
        key: Confirmation,
    ) -> Result<Proof<'a>, Reason> {
        let Context { server, now, arena } = &mut self.cx;
        let proof = DpopProof::read(request.headers, arena)?.ok_or(Reason::DpopProof(Name::Dpop))?;
        let freshness = proof.freshness(server.dpop_nonces.then_some(&server.keys), *now);
        let url = server.endpoints.userinfo;
        let proof = proof.judge(&Expected { method, url, now: *now, freshness, access_token: Some(token) }, arena)?;
        if proof.names() == key { Ok(proof) } else { Err(Reason::TokenBound) }
    }

    fn judge(&mut self, token: &Credential, row: Answer<Option<Row<'_>>>) -> Result<User<'a>, Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::TokenInactive)?;
        let row = self.cx.arena.copy(row.value)?;
        let Grant::Active(Active { granted, generation, .. }) = Grant::decode(row)? else {
            return Err(Reason::TokenInactive);
        };
        if token.generation > generation || self.cx.now.reached(granted.ends_at) {
            return Err(Reason::TokenInactive);
        }
        let scope = self.cx.arena.text(|w| w.distinct(List(granted.scope).masked(token.scope)))?;
        // A grant without an authentication is a client's own, and there is no user.
        if !List(scope).contains("openid") || granted.authenticated_at.is_none() {
            return Err(Reason::TokenScope);
        }
        let mut reply = reply::json(&mut self.cx, None, |object| object.string("sub", granted.subject))?;
        reply::next_dpop_nonce(&mut self.cx, token.bound_to, &mut reply.headers);
        let arena = self.cx.arena.take();
        Ok(User { subject: granted.subject, client_id: granted.client_id, scope, reply, arena })
    }
}

/// A signature is being checked.
pub struct AwaitVerdict<'a> {
    asking: Asking<'a>,
    of: Checked<'a>,
}

#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
enum Checked<'a> {
    Token(Unverified<'a, Credential>, Option<Proof<'a>>),
    Proof(Credential, Proof<'a>),
}

/// The proof is being marked as used.
pub struct AwaitCommit<'a> {
    asking: Asking<'a>,
    token: Credential,
    mark: Unmarked<KeyHeld>,
}

/// The row of the grant is being read.
pub struct AwaitGrant<'a> {
    asking: Asking<'a>,
    token: Credential,
}

impl Flow for Userinfo {
    type Output<'a> = UserinfoReply<'a>;
    type Loading<'a> = AwaitGrant<'a>;
    type Committing<'a> = AwaitCommit<'a>;
    type Verifying<'a> = AwaitVerdict<'a>;
    no_phases!(Signing Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        let AwaitGrant { mut asking, token } = at;
        let user = asking.judge(&token, row);
        asking.go(user.map(Next::Done))
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { asking, token, mark } = at;
        asking.go(mark.marked(outcome).map(|_| Next::Grant(token)))
    }

    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self> {
        let AwaitVerdict { asking, of } = at;
        asking.go(match of {
            Checked::Token(token, proof) => token.verified(verdict).map(|token| match proof {
                Some(proof) => Next::Proof(token, proof),
                None => Next::Grant(token),
            }),
            Checked::Proof(token, proof) => proof.verified(verdict).map(|mark| Next::Mark(token, mark)),
        })
    }
}
