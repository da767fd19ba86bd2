//! The user's decision on an authorization request: the redirect with a code, or with an error.
//!
//! ```text
//! start        -> load grant | done
//! load grant   -> commit grant | done
//! commit grant -> commit mark | load grant | done
//! commit mark  -> done
//! ```
//!
//! The decision is one compare-and-swap of the row that held the request, so that a request is decided once: a second
//! decision, from a second tab or a repeated click, finds a row that no longer waits for one.
//!
//! An approval also leaves a mark with the `code_challenge` or the `nonce` of its request, which must be new each time
//! (RFC 9700 section 2.1.1): a mark that is there already is reported. It is left here and not where the request comes in,
//! so that requests which nobody approves cost nothing. The decision stands whether it can be left or not.

use crate::error::{Reason, TooSmall, lent};
use crate::event::Event;
use crate::limits;
use crate::name::Name;
use crate::proof::redirect::RedirectUriMatched;
use crate::record::{Code, Grant, Granted, Key, Kind, Mark, Record, Requested};
use crate::server::interaction::{authenticated_since, pending};
use crate::server::{BUFFER, Context, Server, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Row, Step, Write, no_phases};
use crate::terms::authorization_details::AuthorizationDetails;
use crate::terms::client_id::CLIENT_SUBJECT;
use crate::terms::confirmation::Confirmation;
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::list::List;
use crate::terms::parameter;
use crate::terms::{Time, UserAgent};
use crate::wire::http::Reply;

/// A user whose authentication is complete. There is no redirect, not even of an error, before it (RFC 9700 section 4.11.2).
#[derive(Clone, Copy)]
pub struct Authenticated<'a> {
    subject: &'a str,
    at: Time,
    acr: Option<&'a str>,
    amr: &'a str,
}

impl<'a> Authenticated<'a> {
    /// The user `subject`, authenticated at `at`. A subject is 1 to [`limits::SUBJECT`] printable ASCII characters that do not
    /// begin with [`CLIENT_SUBJECT`].
    pub fn new(subject: &'a str, at: Time) -> Result<Self, Reason> {
        parameter::check(Name::Sub, subject)?;
        if subject.starts_with(CLIENT_SUBJECT) {
            return Err(Reason::Malformed(Name::Sub));
        }
        Ok(Self { subject, at, acr: None, amr: "" })
    }

    /// The same, authenticated in a context of this class and by these methods: `acr` and `amr` of the ID token (OpenID Connect
    /// Core section 2). An empty text is none; several methods have a space between them. `acr` is at
    /// most [`limits::SUBJECT`] bytes, `amr` at most [`limits::ACR_VALUES`].
    pub fn by(self, acr: &'a str, amr: &'a str) -> Result<Self, Reason> {
        for (name, text) in [(Name::Acr, acr), (Name::Amr, amr)] {
            // Who reads an `acr` takes no more of one.
            let fits = name != Name::Acr || name.fits(text);
            let sound = text.is_empty() || (fits && parameter::check(Name::AcrValues, text).is_ok());
            if !sound || (name == Name::Acr && text.contains(' ')) {
                return Err(Reason::Malformed(name));
            }
        }
        Ok(Self { acr: Some(acr).filter(|acr| !acr.is_empty()), amr, ..self })
    }
}

/// What the user decided.
#[derive(Clone, Copy)]
pub enum Decision<'a> {
    /// Approve what was asked for: all of it, or a part.
    Approve {
        /// The scope tokens, with a space between them.
        scope: &'a str,
        /// The authorization details, as JSON; empty for none. Each must be of a type that was asked for. Within a type the
        /// host's word holds: it may narrow what was asked, or fill it in (RFC 9396 section 7.1).
        authorization_details: &'a str,
    },
    /// Refuse.
    Deny,
    /// The user cannot be authenticated in the way that was asked for by `acr_values` (RFC 9470 section 5).
    AuthenticationUnmet,
}

/// Why a request with `prompt=none` cannot be approved (OpenID Connect Core section 3.1.2.6). Nobody is asked, and so nobody
/// needs to be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::enum_variant_names)] // These are the names of the errors.
pub enum Unasked {
    /// No user is signed in, or not recently enough.
    LoginRequired,
    /// The user has not approved this yet.
    ConsentRequired,
    /// The user is signed in more than once.
    AccountSelectionRequired,
    /// The user must be asked something else.
    InteractionRequired,
}

impl Unasked {
    const fn reason(self) -> Reason {
        match self {
            Self::LoginRequired => Reason::LoginRequired,
            Self::ConsentRequired => Reason::ConsentRequired,
            Self::AccountSelectionRequired => Reason::AccountSelectionRequired,
            Self::InteractionRequired => Reason::InteractionRequired,
        }
    }
}

/// How an interaction ends.
#[derive(Clone, Copy)]
enum End<'a> {
    Decided(Authenticated<'a>, Decision<'a>),
    Unasked(Unasked),
}

/// The flow of a decision: see [`Server::decide`].
pub enum Decide {}

impl<'a> Server<'a> {
    /// Ends the interaction that `handle` names.
    ///
    /// `user_agent` must be the binding of the browser that began it. Ends in the redirect to the client; or in an error
    /// page, if there is no such interaction. The buffer needs [`BUFFER`] bytes.
    pub fn decide(
        &'a self,
        handle: &'a str,
        user_agent: UserAgent<'a>,
        user: Authenticated<'a>,
        decision: Decision<'a>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Decide>, TooSmall> {
        start(self, handle, user_agent, End::Decided(user, decision), now, buffer)
    }

    /// Ends the interaction that `handle` names, whose request has `prompt=none` and cannot be approved without asking; as
    /// [`decide`](Self::decide).
    ///
    /// Any other request is left as it is, and so is one that is refused for what it asks: the client is told nothing before
    /// the user is authenticated.
    pub fn decline(
        &'a self,
        handle: &'a str,
        user_agent: UserAgent<'a>,
        why: Unasked,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Decide>, TooSmall> {
        start(self, handle, user_agent, End::Unasked(why), now, buffer)
    }
}

fn start<'a>(
    server: &'a Server<'a>,
    handle: &'a str,
    user_agent: UserAgent<'a>,
    end: End<'a>,
    now: Time,
    buffer: &'a mut [u8],
) -> Result<Step<'a, Decide>, TooSmall> {
    let mut cx = Context::new(server, now, buffer, BUFFER)?;
    Ok(match cx.server.keys.open(&[CredentialKind::Interaction], handle) {
        Some(credential) if !now.reached(credential.expires_at) => {
            let grant = credential.grant;
            AwaitGrant { cx, grant, user_agent, end, races: limits::RACES }.load()
        }
        Some(_) => Step::Done(reply::page(&mut cx, Reason::InteractionExpired)),
        None => Step::Done(reply::page(&mut cx, Reason::InteractionInvalid)),
    })
}

/// The row of the request is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    grant: GrantId,
    user_agent: UserAgent<'a>,
    end: End<'a>,
    races: u8,
}

/// What an approval leaves behind, and what is reported if it is there already.
struct Left<'a> {
    mark: Write<'a>,
    event: Event,
}

impl<'a> AwaitGrant<'a> {
    fn load(self) -> Step<'a, Decide> {
        Step::Load(Load { key: Key::grant(self.grant), kind: Kind::Grant, at: self })
    }

    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Decide> {
        match self.write(row) {
            Ok((write, reply, left)) => {
                Step::Commit(Commit { write, at: Committing::Grant(AwaitCommit { before: self, reply, left }) })
            }
            Err(reason) => Step::Done(reply::page(&mut self.cx, reason)),
        }
    }

    #[allow(clippy::type_complexity)]
    fn write(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(Write<'a>, Reply<'a>, Option<Left<'a>>), Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::InteractionExpired)?;
        let pushed = Grant::decode(row.value);
        let requested = pending(lent(&pushed)?, self.user_agent, self.cx.now)?;
        let client_id = self.cx.arena.copy_str(requested.client_id)?;
        let subject = match self.end {
            End::Decided(user, _) => Some(user.subject),
            End::Unasked(_) if requested.prompt == "none" => None,
            End::Unasked(_) => return Err(Reason::PromptAllowed),
        };
        let labels = Labels { kind: Kind::Grant, client_id: Some(client_id), subject };
        let write = Write {
            key: Key::grant(self.grant),
            expected: Some(row.version),
            value: None,
            expires_at: requested.expires_at,
            labels,
        };
        let to = RedirectUriMatched::stored(requested);
        let approved = match (requested.refusal, self.end) {
            (Some(refusal), _) => Err(refusal.reason()),
            (None, End::Unasked(why)) => Err(why.reason()),
            (None, End::Decided(_, Decision::Deny)) => Err(Reason::Denied),
            (None, End::Decided(_, Decision::AuthenticationUnmet)) => Err(Reason::AuthenticationUnmet),
            (None, End::Decided(user, Decision::Approve { scope, authorization_details })) => {
                Ok((user, scope, authorization_details))
            }
        };
        let granted = match approved {
            Ok((user, scope, authorization_details)) => self.granted(requested, user, scope, authorization_details),
            Err(reason) => {
                let mut reply = reply::redirect(&mut self.cx, to, requested.state, |form| {
                    form.pair("error", reason.answer().code.as_str());
                    form.text("error_description", |w| reply::describe(reason, &mut |text| w.form(text)));
                })?;
                (reply.reason, reply.event) = (Some(reason), reason.event());
                return Ok((write, reply, None));
            }
        };
        let granted = *lent(&granted)?;
        let expires_at = self.cx.now.after(self.cx.server.lifetimes.code());
        let grant = Grant::Code(Code { granted, redirect_uri: requested.redirect_uri });
        let value: &'a [u8] = self.cx.arena.fill(|place| grant.encode(place))?;
        let code = Credential {
            kind: CredentialKind::Code,
            grant: self.grant,
            generation: 0,
            expires_at,
            scope: 0,
            resources: 0,
            bound_to: None,
        };
        let keys = &self.cx.server.keys;
        let mut reply =
            reply::redirect(&mut self.cx, to, requested.state, |form| form.text("code", |w| keys.mint(&code, w)))?;
        reply.event = Some(Event::Approved);
        let left = self.left(requested, labels)?;
        Ok((Write { value: Some(value), expires_at, ..write }, reply, Some(left)))
    }

    fn granted<'p>(
        &mut self,
        requested: &Requested<'p>,
        user: Authenticated<'a>,
        scope: &str,
        authorization_details: &'a str,
    ) -> Result<Granted<'p>, Reason>
    where
        'a: 'p,
    {
        let Context { server, now, ref mut arena } = self.cx;
        if user.at < authenticated_since(requested, server, now) {
            return Err(Reason::AuthenticationStale);
        }
        // A token's subject that is its client's name stands for the client itself, where it is read.
        if user.subject == requested.client_id {
            return Err(Reason::Malformed(Name::Sub));
        }
        let asked = List(requested.scope);
        // The row holds the words as they were asked for, each once, whatever the host repeats.
        let approved = asked.mask(List(scope).words()).ok_or(Reason::DecisionExceedsRequest)?;
        if approved == 0 && !asked.is_empty() && authorization_details.is_empty() {
            return Err(Reason::DecisionExceedsRequest);
        }
        if !authorization_details.is_empty() {
            let asked_for = arena.lend(|place| {
                let (approved, rest) = AuthorizationDetails::read_copy(authorization_details, place)?;
                let (asked, _) = AuthorizationDetails::read_copy(requested.authorization_details, rest)?;
                Ok(approved.types().all(|of| asked.types().any(|asked| asked == of)))
            });
            match asked_for {
                Ok(true) => {}
                Err(Reason::Buffer) => return Err(Reason::Buffer),
                _ => return Err(Reason::DecisionExceedsRequest),
            }
        }
        let scope = arena.text(|w| w.distinct(asked.masked(approved)))?;
        let lifetimes = &server.lifetimes;
        let ends_at = if requested.refreshable {
            now.after(lifetimes.grant)
        } else {
            now.after(lifetimes.code()).after(lifetimes.access_token)
        };
        Ok(Granted {
            client_id: requested.client_id,
            subject: user.subject,
            authenticated_at: Some(user.at),
            acr: user.acr,
            amr: user.amr,
            nonce: requested.nonce,
            scope,
            resources: requested.resources,
            authorization_details,
            bound_to: requested.dpop_jkt.map(Confirmation::Jkt),
            challenge: requested.challenge,
            refreshable: requested.refreshable,
            ends_at,
        })
    }

    /// One of the two values is looked at, as chance in the grant's name has it: a constant one is found all the same, and each
    /// approval costs one write.
    fn left(&mut self, requested: &Requested<'_>, labels: Labels<'a>) -> Result<Left<'a>, Reason> {
        let by_nonce = self.grant.0.first().is_some_and(|byte| byte & 1 == 1);
        let (key, event) = match requested.nonce.filter(|_| by_nonce) {
            Some(nonce) => (Key::nonce(requested.client_id, nonce), Event::NonceConstant),
            None => (Key::challenge(requested.client_id, &requested.challenge), Event::ChallengeConstant),
        };
        let value: &'a [u8] = self.cx.arena.fill(|place| Mark {}.encode(place))?;
        let expires_at = self.cx.now.after(limits::CONSTANT_WINDOW);
        let labels = Labels { kind: Kind::Mark, subject: None, ..labels };
        Ok(Left { mark: Write { key, expected: None, value: Some(value), expires_at, labels }, event })
    }
}

/// The phases in which a row is being written.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub enum Committing<'a> {
    #[doc(hidden)]
    Grant(AwaitCommit<'a>),
    #[doc(hidden)]
    Mark(AwaitMark<'a>),
}

/// The decision is being stored.
pub struct AwaitCommit<'a> {
    before: AwaitGrant<'a>,
    reply: Reply<'a>,
    left: Option<Left<'a>>,
}

impl<'a> AwaitCommit<'a> {
    fn judge(self, outcome: Answer<Committed>) -> Step<'a, Decide> {
        let Self { mut before, reply, left } = self;
        match (outcome, before.races.checked_sub(1)) {
            (Ok(Committed::Yes), _) => match left {
                Some(Left { mark, event }) => {
                    Step::Commit(Commit { write: mark, at: Committing::Mark(AwaitMark { reply, event }) })
                }
                None => Step::Done(reply),
            },
            (Ok(Committed::Conflict), Some(races)) => {
                before.races = races;
                before.load()
            }
            (Ok(Committed::Conflict), None) => Step::Done(reply::page(&mut before.cx, Reason::StoreBusy)),
            (Err(_), _) => Step::Done(reply::page(&mut before.cx, Reason::StoreUnavailable)),
        }
    }
}

/// The decision stands; the mark is being left.
pub struct AwaitMark<'a> {
    reply: Reply<'a>,
    event: Event,
}

impl Flow for Decide {
    type Output<'a> = Reply<'a>;
    type Loading<'a> = AwaitGrant<'a>;
    type Committing<'a> = Committing<'a>;
    no_phases!(Signing Verifying Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        at.judge(row)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        match at {
            Committing::Grant(at) => at.judge(outcome),
            Committing::Mark(AwaitMark { mut reply, event }) => {
                if outcome == Ok(Committed::Conflict) {
                    reply.event = Some(event);
                }
                Step::Done(reply)
            }
        }
    }
}
