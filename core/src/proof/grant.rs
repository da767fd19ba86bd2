//! That a grant may be drawn upon: the life cycle of [`Grant`], judged.
//!
//! Every judgement is made on the row as it was read; the compare-and-swap that follows makes it true.

use crate::error::Reason;
use crate::proof::client_auth::ClientAuthenticated;
use crate::proof::pkce;
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

/// What a presented credential leads to.
pub enum Judgement<'g> {
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
/// `allowed` is the scope that the client may have now: its registration may have shrunk since the grant was made.
pub fn judge_code<'g>(
    grant: Grant<'g>,
    client: &ClientAuthenticated<'_>,
    allowed: List<'_>,
    redirect_uri: Param<'_>,
    verifier: Param<'_>,
    now: Time,
) -> Judgement<'g> {
    match grant {
        Grant::Pending(_) => Judgement::Refuse(Reason::CodeInvalid),
        Grant::Revoked(_) => Judgement::Refuse(Reason::CodeDead),
        Grant::Code(Code { granted, .. }) | Grant::Active(Active { granted, .. }) if now.reached(granted.ends_at) => {
            Judgement::Refuse(Reason::CodeDead)
        }
        // A genuine code in the wrong hands has leaked: it is burnt, whoever comes first.
        Grant::Code(Code { granted, .. }) if granted.client_id != client.client_id() => {
            Judgement::End(Reason::CodeForeign, granted)
        }
        // Without PKCE this parameter was needed; OAuth 2.1 drops it, and what is sent must still be right.
        Grant::Code(Code { granted, redirect_uri: sent_to })
            if !matches!(redirect_uri, Ok(None)) && redirect_uri != Ok(Some(sent_to)) =>
        {
            Judgement::End(Reason::CodeRedirectUri, granted)
        }
        Grant::Code(Code { granted, .. }) => match pkce::verify(verifier, &granted.challenge) {
            Err(reason) => Judgement::End(reason, granted),
            Ok(_) if !List(granted.scope).is_subset_of(allowed) => Judgement::Refuse(Reason::CodeDead),
            Ok(_) => Judgement::Advance(GrantHeld { granted, generation: 1, issued_at: now }),
        },
        Grant::Active(Active { granted, .. }) => {
            let owner = granted.client_id == client.client_id() && pkce::verify(verifier, &granted.challenge).is_ok();
            if owner {
                Judgement::End(Reason::CodeReplayed, granted)
            } else {
                Judgement::Refuse(Reason::CodeReplayedForeign)
            }
        }
    }
}

/// Judges a genuine, unexpired refresh token (RFC 6749 section 6, RFC 9700 section 4.14.2).
///
/// `allowed` is the scope that the client may have now.
/// `retry` is how many seconds after a refresh the superseded token may come again from a client that lost the response.
/// It holds for clients that authenticate; from any other, a superseded token is a stolen one.
pub fn judge_refresh_token<'g>(
    grant: Grant<'g>,
    client: &ClientAuthenticated<'_>,
    allowed: List<'_>,
    token: &Credential,
    retry: u64,
    now: Time,
) -> Judgement<'g> {
    let Active { granted, generation, issued_at } = match grant {
        Grant::Active(active) => active,
        Grant::Revoked(_) => return Judgement::Refuse(Reason::RefreshTokenDead),
        Grant::Pending(_) | Grant::Code(_) => return Judgement::Refuse(Reason::RefreshTokenInvalid),
    };
    if granted.client_id != client.client_id() {
        return Judgement::Refuse(Reason::RefreshTokenForeign);
    }
    if now.reached(granted.ends_at) || !List(granted.scope).is_subset_of(allowed) {
        return Judgement::Refuse(Reason::RefreshTokenDead);
    }
    if token.generation == generation {
        return match generation.checked_add(1) {
            Some(generation) => Judgement::Advance(GrantHeld { granted, generation, issued_at: now }),
            None => Judgement::Refuse(Reason::RefreshTokenDead),
        };
    }
    if token.generation > generation {
        return Judgement::Refuse(Reason::RefreshTokenInvalid);
    }
    let lost_response = token.generation.checked_add(1) == Some(generation) && now.since(issued_at) <= retry;
    if lost_response && client.is_confidential() {
        return Judgement::Again(GrantHeld { granted, generation, issued_at });
    }
    Judgement::End(Reason::RefreshTokenReused, granted)
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
    pub fn read(scope: Param<'_>, resources: &[&str], granted: &Granted<'_>) -> Result<Self, Reason> {
        let scope = match scope {
            Ok(Some(scope)) => scope::parse(scope).ok().and_then(|asked| List(granted.scope).mask(asked.words())),
            Ok(None) => List(granted.scope).all(),
            Err(_) => None,
        };
        let scope = scope.ok_or(Reason::Scope)?;
        let resources = if resources.is_empty() {
            List(granted.resources).all()
        } else {
            List(granted.resources).mask(resources.iter().copied())
        };
        let resources = resources.and_then(|mask| u8::try_from(mask).ok()).ok_or(Reason::Resource)?;
        Ok(Self { scope, resources })
    }
}
