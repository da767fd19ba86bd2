//! That a grant may be drawn upon: the life cycle of [`Grant`], judged.
//!
//! Every judgement is made on the row as it was read; the compare-and-swap that follows makes it true.

use crate::error::Reason;
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::pkce::{self, PkceVerified};
use crate::proof::possession::KeyHeld;
use crate::record::{Active, Code, Grant, Granted};
use crate::terms::Time;
use crate::terms::credential::Credential;
use crate::terms::list::List;
use crate::terms::parameter::Param;
use crate::terms::scope;

/// The client may have tokens of this generation under this grant.
#[derive(Clone, Copy)]
pub struct GrantHeld<'g> {
    granted: Granted<'g>,
    generation: u32,
    issued_at: Time,
}

impl<'g> GrantHeld<'g> {
    /// By a code whose verifier was shown. The refresh tokens of a client that does not authenticate are bound to the key that it
    /// holds (RFC 9449 section 5); those of any other are bound to the client.
    fn by_code(
        granted: Granted<'g>,
        _: PkceVerified,
        client: &ClientAuthenticated<'_>,
        sender: Option<KeyHeld>,
        now: Time,
    ) -> Self {
        let sender = sender.filter(|_| !client.is_confidential());
        let granted = Granted { bound_to: sender.map(|held| held.confirmation()), ..granted };
        Self { granted, generation: 1, issued_at: now }
    }

    /// By a client that acts for nobody else, and has proven who it is (RFC 6749 section 4.4). `None` for a public client.
    pub(crate) fn by_client(granted: Granted<'g>, client: &ClientAuthenticated<'_>, now: Time) -> Option<Self> {
        client.is_confidential().then_some(Self { granted, generation: 1, issued_at: now })
    }

    /// By the refresh token of the present generation.
    const fn by_refresh_token(granted: Granted<'g>, generation: u32, now: Time) -> Option<Self> {
        match generation.checked_add(1) {
            Some(generation) => Some(Self { granted, generation, issued_at: now }),
            None => None,
        }
    }

    /// Once more, by the refresh token that led to the present generation: for a client that has authenticated.
    const fn again(Active { granted, generation, issued_at }: Active<'g>) -> Self {
        Self { granted, generation, issued_at }
    }

    /// What was granted.
    pub const fn granted(&self) -> &Granted<'g> {
        &self.granted
    }

    /// The generation of the tokens.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// When the tokens of this generation are issued.
    pub const fn issued_at(&self) -> Time {
        self.issued_at
    }

    /// The state of the grant with these tokens in use.
    pub const fn active(&self) -> Active<'g> {
        Active { granted: self.granted, generation: self.generation, issued_at: self.issued_at }
    }
}

/// What a client may have by its registration.
#[derive(Clone, Copy)]
pub(crate) struct Allowed<'c> {
    pub(crate) scope: List<'c>,
    pub(crate) resources: List<'c>,
}

impl Allowed<'_> {
    /// Whether it may still have all that was granted.
    fn holds(&self, granted: &Granted<'_>) -> bool {
        List(granted.scope).is_subset_of(self.scope) && List(granted.resources).is_subset_of(self.resources)
    }
}

/// What a presented credential leads to.
pub(crate) enum Judgement<'g> {
    /// The grant goes on to its next generation.
    Advance(GrantHeld<'g>),
    /// The tokens of the present generation are handed out once more; nothing is written.
    Again(GrantHeld<'g>),
    /// The grant ends, and the request is refused.
    End(Reason, Granted<'g>),
    /// The request is refused; nothing changes.
    Refuse(Reason),
}

/// Judges a genuine, unexpired code (RFC 6749 section 4.1.3, RFC 9700 sections 4.2.4 and 4.5).
///
/// `allowed` is what the client may have now: its registration may have shrunk since the grant was made.
pub(crate) fn judge_code<'g>(
    grant: &Grant<'g>,
    client: &ClientAuthenticated<'_>,
    allowed: Allowed<'_>,
    redirect_uri: Param<'_>,
    verifier: Param<'_>,
    sender: Option<KeyHeld>,
    now: Time,
) -> Judgement<'g> {
    match grant {
        Grant::Pushed(_) | Grant::Pending(_) => Judgement::Refuse(Reason::CodeInvalid),
        Grant::Revoked(_) => Judgement::Refuse(Reason::CodeDead),
        Grant::Code(Code { granted, .. }) | Grant::Active(Active { granted, .. }) if now.reached(granted.ends_at) => {
            Judgement::Refuse(Reason::CodeDead)
        }
        // A genuine code in the wrong hands has leaked: it is burnt, whoever comes first.
        Grant::Code(Code { granted, .. }) if granted.client_id != client.client_id() => {
            Judgement::End(Reason::CodeForeign, *granted)
        }
        // Without PKCE this parameter was needed; OAuth 2.1 drops it, and what is sent must still be right.
        Grant::Code(Code { granted, redirect_uri: sent_to })
            if !matches!(redirect_uri, Ok(None)) && redirect_uri != Ok(Some(*sent_to)) =>
        {
            Judgement::End(Reason::CodeRedirectUri, *granted)
        }
        Grant::Code(Code { granted, .. }) if !may_use(granted, sender) => Judgement::End(Reason::CodeKey, *granted),
        Grant::Code(Code { granted, .. }) => match pkce::verify(verifier, &granted.challenge) {
            Err(reason) => Judgement::End(reason, *granted),
            Ok(_) if !allowed.holds(granted) => Judgement::Refuse(Reason::CodeDead),
            Ok(verified) => Judgement::Advance(GrantHeld::by_code(*granted, verified, client, sender, now)),
        },
        Grant::Active(Active { granted, .. }) => {
            let owner = granted.client_id == client.client_id() && pkce::verify(verifier, &granted.challenge).is_ok();
            if owner {
                Judgement::End(Reason::CodeReplayed, *granted)
            } else {
                Judgement::Refuse(Reason::CodeReplayedForeign)
            }
        }
    }
}

/// Judges a genuine, unexpired refresh token (RFC 6749 section 6, RFC 9700 section 4.14.2).
///
/// `allowed` is what the client may have now.
///
/// `retry` is how many seconds after a refresh the superseded token may come again from a client that lost the response.
/// It holds for clients that authenticate, or have proven the key that the token is bound to; from any other, a superseded token is a stolen one.
pub(crate) fn judge_refresh_token<'g>(
    grant: &Grant<'g>,
    client: &ClientAuthenticated<'_>,
    allowed: Allowed<'_>,
    token: &Credential,
    sender: Option<KeyHeld>,
    retry: u64,
    now: Time,
) -> Judgement<'g> {
    let active = match grant {
        Grant::Active(active) => active,
        Grant::Revoked(_) => return Judgement::Refuse(Reason::RefreshTokenDead),
        Grant::Pushed(_) | Grant::Pending(_) | Grant::Code(_) => return Judgement::Refuse(Reason::RefreshTokenInvalid),
    };
    let Active { granted, generation, issued_at } = active;
    let (generation, issued_at) = (*generation, *issued_at);
    if granted.client_id != client.client_id() {
        return Judgement::Refuse(Reason::RefreshTokenForeign);
    }
    // Whoever holds the token and not the key can do nothing with it, nor end what its owner has.
    if !may_use(granted, sender) {
        return Judgement::Refuse(Reason::RefreshTokenKey);
    }
    if now.reached(granted.ends_at) || !allowed.holds(granted) {
        return Judgement::Refuse(Reason::RefreshTokenDead);
    }
    if token.generation == generation {
        return match GrantHeld::by_refresh_token(*granted, generation, now) {
            Some(held) => Judgement::Advance(held),
            None => Judgement::Refuse(Reason::RefreshTokenDead),
        };
    }
    if token.generation > generation {
        return Judgement::Refuse(Reason::RefreshTokenInvalid);
    }
    let predecessor = token.generation.checked_add(1) == Some(generation);
    // Either way round: a clock that was set back does not hold the window open.
    let just_issued = now.since(issued_at) <= retry && issued_at.since(now) <= retry;
    if predecessor && just_issued && (client.is_confidential() || granted.bound_to.is_some()) {
        return Judgement::Again(GrantHeld::again(*active));
    }
    Judgement::End(Reason::RefreshTokenReused, *granted)
}

/// Whether the sender holds the key that a code or refresh token is bound to, if it is to one.
fn may_use(granted: &Granted<'_>, sender: Option<KeyHeld>) -> bool {
    granted.bound_to.is_none_or(|key| sender.is_some_and(|held| held.is(key)))
}

/// The part of a grant that one access token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The scope tokens: bit i is the i-th of the grant.
    pub scope: u32,
    /// The resources: bit i is the i-th of the grant.
    pub resources: u8,
}

impl Part {
    /// Reads `scope` and `resource` of a token request: both may narrow, neither may widen (RFC 6749 section 6,
    /// RFC 8707 section 2.2).
    pub(crate) fn read(scope: Param<'_>, resources: List<'_>, granted: &Granted<'_>) -> Result<Self, Reason> {
        let scope = match scope {
            Ok(Some(scope)) => scope::parse(scope).ok().and_then(|asked| List(granted.scope).mask(asked.words())),
            Ok(None) => List(granted.scope).all(),
            Err(_) => None,
        };
        let scope = scope.ok_or(Reason::Scope)?;
        let resources = if resources.is_empty() {
            List(granted.resources).all()
        } else {
            List(granted.resources).mask(resources.words())
        };
        let resources = resources.and_then(|mask| u8::try_from(mask).ok()).ok_or(Reason::Resource)?;
        Ok(Self { scope, resources })
    }
}
