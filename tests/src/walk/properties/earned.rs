//! What is handed out is earned: by the row that was read, by what the client has shown, and by the write that was done.

use symbolon::Event;
use symbolon::proof::pkce::challenge_of;
use symbolon::record::{Active, Code, Grant, Granted, Pending, Requested};
use symbolon::terms::credential::GrantId;

use crate::fixture::BROWSER;
use crate::walk::{Call, Output, Run, Shown};

/// What stands in a credential, read without the core.
pub(super) struct Payload {
    kind: u8,
    pub(super) grant: GrantId,
    generation: u32,
    expires_at: u64,
    scope: u32,
}

pub(super) fn payload(text: &str) -> Option<Payload> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let bytes = Base64UrlUnpadded::decode_vec(text.get(..44).filter(|_| text.len() == 66)?).ok()?;
    let mut expires_at = [0; 8];
    expires_at[3..].copy_from_slice(&bytes[23..28]);
    Some(Payload {
        kind: bytes[1],
        grant: GrantId(bytes[3..19].try_into().ok()?),
        generation: u32::from_be_bytes(bytes[19..23].try_into().ok()?),
        expires_at: u64::from_be_bytes(expires_at),
        scope: u32::from_be_bytes(bytes[28..32].try_into().ok()?),
    })
}

const CODE: u8 = 2;
const REFRESH_TOKEN: u8 = 3;
const ACCESS_TOKEN: u8 = 4;

pub(super) fn tokens_are_earned(run: &Run<'_>) -> bool {
    let Some((access, refresh)) = run.tokens() else { return true };
    let (facts, now) = (&run.case.facts, run.case.now);
    let earned = || {
        let client = run.authenticated()?;
        let presented = payload(&facts.presented).filter(|_| facts.genuine)?;
        let (granted, generation) = match (run.last_grant()?, presented.kind) {
            (Grant::Code(Code { granted, redirect_uri }), CODE) => {
                let verified = challenge_of(facts.verifier.as_deref()?) == granted.challenge;
                let sent_here = facts.redirect_uri.as_deref().is_none_or(|uri| uri == redirect_uri);
                (verified && sent_here && client.grant_types.authorization_code).then_some((granted, 1))?
            }
            (Grant::Active(Active { granted, generation, issued_at }), REFRESH_TOKEN) => {
                let next = presented.generation.checked_add(1)?;
                let confidential = facts.shown != Shown::Nothing;
                let retried = confidential && generation == next && now.0.abs_diff(issued_at.0) <= 30;
                let current = generation == presented.generation;
                (client.grant_types.refresh_token && (current || retried)).then_some((granted, next))?
            }
            _ => return None,
        };
        let written = match (run.last_grant()?, run.done_grant()) {
            (Grant::Active(before), None) => before.generation == generation,
            (_, Some(Grant::Active(after))) => {
                after.generation == generation && after.issued_at == now && same_grant(&after.granted, &granted)
            }
            _ => false,
        };
        let (access, refresh) = (payload(&access)?, refresh.as_deref().map(payload));
        let fits = |token: &Payload, kind| {
            token.kind == kind
                && token.grant == presented.grant
                && token.generation == generation
                && token.expires_at <= granted.ends_at.0
        };
        let tokens = granted.scope.split(' ').count();
        let whole_scope = (1_u32 << tokens) - 1;
        Some(
            written
                && granted.client_id == client.client_id
                && now < granted.ends_at
                && granted.scope.split(' ').all(|token| client.scope.split(' ').any(|allowed| allowed == token))
                && fits(&access, ACCESS_TOKEN)
                && access.scope & !whole_scope == 0
                && refresh.is_some() == granted.refreshable
                && refresh.is_none_or(|refresh| refresh.is_some_and(|refresh| fits(&refresh, REFRESH_TOKEN))),
        )
    };
    earned().unwrap_or(false)
}

fn same_grant(one: &Granted<'_>, other: &Granted<'_>) -> bool {
    one.client_id == other.client_id
        && one.subject == other.subject
        && one.authenticated_at == other.authenticated_at
        && one.scope == other.scope
        && one.resources == other.resources
        && one.acr == other.acr
        && one.amr == other.amr
        && one.nonce == other.nonce
        && one.authorization_details == other.authorization_details
        && one.bound_to == other.bound_to
        && one.challenge == other.challenge
        && one.refreshable == other.refreshable
        && one.ends_at == other.ends_at
}

/// The request that a browser may decide on: it has begun it, and it has not lapsed.
pub(super) fn open<'r>(run: &'r Run<'_>, binding: &[u8]) -> Option<Requested<'r>> {
    match run.last_grant()? {
        Grant::Pending(pending) => (run.case.facts.genuine
            && binding == BROWSER
            && pending.user_agent == crate::walk::rows::browser()
            && run.case.now < pending.requested.expires_at)
            .then_some(pending.requested),
        _ => None,
    }
}

pub(super) fn codes_are_earned(run: &Run<'_>) -> bool {
    let Some(code) = run.code() else { return true };
    let earned = || {
        let Call::Decide(handle, binding, Some(approved)) = &run.case.call else { return None };
        let pending = open(run, binding).filter(|pending| pending.refusal.is_none())?;
        let Grant::Code(Code { granted, redirect_uri }) = run.done_grant()? else { return None };
        let (code, handle) = (payload(code)?, payload(handle)?);
        Some(
            code.kind == CODE
                && code.grant == handle.grant
                && redirect_uri == pending.redirect_uri
                && granted.client_id == pending.client_id
                && granted.challenge == pending.challenge
                && granted.resources == pending.resources
                && granted.scope == approved
                && approved.split(' ').all(|token| pending.scope.split(' ').any(|asked| asked == token)),
        )
    };
    earned().unwrap_or(false)
}

pub(super) fn prompts_are_earned(run: &Run<'_>) -> bool {
    let Output::Prompt(shows) = &run.output else { return true };
    let earned = || match &run.case.call {
        Call::Authorize(_) => {
            let client = run.last_client().filter(|client| !client.disabled)?;
            // A request that was pushed is that of its client, and was not used before.
            let sound = match run.last_grant() {
                Some(Grant::Pushed(pushed)) => {
                    pushed.client_id == run.case.facts.client_id
                        && run.case.facts.genuine
                        && run.case.now < pushed.expires_at
                }
                Some(_) => false,
                None => true,
            };
            let Grant::Pending(Pending { user_agent, requested }) = run.done_grant()? else { return None };
            let known = client.redirect_uris.split(' ').any(|uri| {
                // The port alone may vary, of a loopback address alone.
                uri == shows.redirect_uri
                    || uri.strip_prefix("http://127.0.0.1").is_some_and(|path| {
                        shows.redirect_uri.starts_with("http://127.0.0.1:") && shows.redirect_uri.ends_with(path)
                    })
            });
            Some(
                known
                    && sound
                    && client.client_id == run.case.facts.client_id
                    && requested.client_id == client.client_id
                    && requested.redirect_uri == shows.redirect_uri
                    && user_agent == crate::walk::rows::browser()
                    && requested.refusal.map(|refusal| refusal.reason()) == shows.refusal
                    && requested
                        .scope
                        .split(' ')
                        .all(|token| client.scope.split(' ').any(|t| t == token) || shows.refusal.is_some()),
            )
        }
        Call::Resume(_, binding) => {
            let pending = open(run, binding)?;
            Some(pending.redirect_uri == shows.redirect_uri && pending.scope == shows.scope)
        }
        _ => None,
    };
    earned().unwrap_or(false)
}

pub(super) fn active_is_earned(run: &Run<'_>) -> bool {
    if !run.reply_or(false, |answer| answer.body.starts_with("{\"active\":true")) {
        return true;
    }
    let earned = || {
        let client = run.authenticated()?;
        let token = payload(&run.case.facts.presented).filter(|_| run.case.facts.genuine)?;
        let Grant::Active(Active { granted, generation, .. }) = run.last_grant()? else { return None };
        let own = granted.client_id == client.client_id;
        let serves = granted.resources.split(' ').any(|resource| client.serves.split(' ').any(|own| own == resource));
        let alive = token.generation <= generation && run.case.now < granted.ends_at;
        let right_kind = match token.kind {
            ACCESS_TOKEN => own || serves,
            REFRESH_TOKEN => own && token.generation == generation,
            _ => false,
        };
        Some(right_kind && alive && run.case.facts.shown != Shown::Nothing)
    };
    earned().unwrap_or(false)
}

pub(super) fn revocation_is_earned(run: &Run<'_>) -> bool {
    let Call::Revoke(_) = run.case.call else { return true };
    let Some(after) = run.done() else {
        return run.reply_or(false, |answer| answer.event != Some(Event::Revoked));
    };
    let earned = || {
        let client = run.authenticated()?;
        let Grant::Active(Active { granted, .. }) = run.last_grant()? else { return None };
        let Grant::Revoked(revoked) = run.done_grant()? else { return None };
        Some(
            granted.client_id == client.client_id
                && revoked.client_id == client.client_id
                && after.expires_at == granted.ends_at
                && run.case.facts.genuine,
        )
    };
    earned().unwrap_or(false)
}
