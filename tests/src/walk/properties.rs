//! What always holds of a run, whatever was asked and answered.
//!
//! The judgements here are made from the rows that were handed in and the request as it was sent; they do not use what
//! the core proved on its way.

use symbolon::proof::pkce::challenge_of;
use symbolon::record::{Active, AuthenticationMethod, Client, Code, Grant, Granted, Key, Pending, Record, Refusal};
use symbolon::terms::credential::GrantId;
use symbolon::terms::secret;
use symbolon::{ErrorCode, Event, Reason};

use super::{Call, Given, Output, Question, Run, Shown, Write};
use crate::fixture::{Answer, BROWSER, ISSUER};

/// A property of every run.
pub struct Property {
    /// What it says.
    pub name: &'static str,
    /// Judges a run.
    pub holds: fn(&Run<'_>) -> bool,
}

/// Every property of a single run.
pub const ALWAYS: &[Property] = &[
    Property { name: "tokens are earned", holds: tokens_are_earned },
    Property { name: "codes are earned", holds: codes_are_earned },
    Property { name: "prompts are earned", holds: prompts_are_earned },
    Property { name: "an active token is earned", holds: active_is_earned },
    Property { name: "a revocation is earned", holds: revocation_is_earned },
    Property { name: "nothing is handed out without its commit", holds: nothing_without_its_commit },
    Property { name: "a row is read again after a lost race only", holds: read_again_after_a_lost_race_only },
    Property { name: "races are bounded", holds: races_are_bounded },
    Property { name: "a done commit is the last question", holds: done_commit_is_last },
    Property { name: "a commit is of what was read", holds: commit_is_of_what_was_read },
    Property { name: "rows are asked for by the request's names", holds: keys_are_the_requests },
    Property { name: "what is asked too much writes nothing", holds: too_much_writes_nothing },
    Property { name: "a host that fails is named as the reason", holds: failures_are_named },
    Property { name: "a reply says what its reason says", holds: reply_says_its_reason },
    Property { name: "a reply is not stored by caches", holds: reply_is_not_stored },
    Property { name: "a body is what its endpoint speaks", holds: body_is_what_its_endpoint_speaks },
    Property { name: "a challenge comes with 401 alone", holds: challenge_comes_with_401 },
    Property { name: "a redirect goes where it must", holds: redirect_goes_where_it_must },
    Property { name: "no secret is told", holds: no_secret_is_told },
    Property { name: "no secret is stored", holds: no_secret_is_stored },
];

/// The property of that name.
pub fn named(name: &str) -> &'static Property {
    ALWAYS.iter().find(|property| property.name == name).unwrap_or_else(|| panic!("no property {name}"))
}

impl Run<'_> {
    fn reply_or(&self, of_a_prompt: bool, judge: impl FnOnce(&Answer) -> bool) -> bool {
        self.reply().map_or(of_a_prompt, judge)
    }

    fn last_row(&self, of: &str) -> Option<&[u8]> {
        self.record.iter().rev().find_map(|entry| match entry {
            (Question::Load { kind, .. }, Given::Row(Some((_, value)))) if *kind == of => Some(value.as_slice()),
            _ => None,
        })
    }

    fn last_client(&self) -> Option<Client<'_>> {
        Client::decode(self.last_row("client")?).ok()
    }

    fn last_grant(&self) -> Option<Grant<'_>> {
        Grant::decode(self.last_row("grant")?).ok()
    }

    /// The write that was done, if one was.
    fn done(&self) -> Option<&Write> {
        self.record.iter().find_map(|entry| match entry {
            (Question::Commit(write), Given::Committed) => Some(write),
            _ => None,
        })
    }

    fn done_grant(&self) -> Option<Grant<'_>> {
        Grant::decode(self.done()?.value.as_deref()?).ok()
    }

    fn tokens(&self) -> Option<(String, Option<String>)> {
        let answer = self.reply()?;
        Some((answer.member("access_token")?, answer.member("refresh_token")))
    }

    fn code(&self) -> Option<&str> {
        self.reply()?.location("code")
    }

    /// The client as its row and the request have it, if it has shown itself.
    fn authenticated(&self) -> Option<Client<'_>> {
        let facts = &self.case.facts;
        let (method, shown) = match &facts.shown {
            Shown::Nothing => (AuthenticationMethod::None, None),
            Shown::Basic(secret) => (AuthenticationMethod::ClientSecretBasic, Some(secret)),
            Shown::Post(secret) => (AuthenticationMethod::ClientSecretPost, Some(secret)),
        };
        self.last_client().filter(|client| {
            client.client_id == facts.client_id
                && !client.disabled
                && client.authentication == method
                && shown.is_none_or(|shown| client.secrets.chunks(32).any(|hash| hash == secret::hash(shown)))
        })
    }
}

/// What stands in a credential, read without the core.
struct Payload {
    kind: u8,
    grant: GrantId,
    generation: u32,
    expires_at: u64,
    scope: u32,
}

fn payload(text: &str) -> Option<Payload> {
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

fn tokens_are_earned(run: &Run<'_>) -> bool {
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
                let retried = confidential && generation == next && now.0.saturating_sub(issued_at.0) <= 30;
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
        && one.challenge == other.challenge
        && one.refreshable == other.refreshable
        && one.ends_at == other.ends_at
}

/// The request that a browser may decide on: it has begun it, and it has not lapsed.
fn open<'r>(run: &'r Run<'_>, binding: &[u8]) -> Option<Pending<'r>> {
    match run.last_grant()? {
        Grant::Pending(pending) => (run.case.facts.genuine
            && binding == BROWSER
            && pending.user_agent == super::rows::browser()
            && run.case.now < pending.expires_at)
            .then_some(pending),
        _ => None,
    }
}

fn codes_are_earned(run: &Run<'_>) -> bool {
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

fn prompts_are_earned(run: &Run<'_>) -> bool {
    let Output::Prompt(shows) = &run.output else { return true };
    let earned = || match &run.case.call {
        Call::Authorize(_) => {
            let client = run.last_client().filter(|client| !client.disabled)?;
            let Grant::Pending(pending) = run.done_grant()? else { return None };
            let known = client.redirect_uris.split(' ').any(|uri| {
                // The port alone may vary, of a loopback address alone.
                uri == shows.redirect_uri
                    || uri.strip_prefix("http://127.0.0.1").is_some_and(|path| {
                        shows.redirect_uri.starts_with("http://127.0.0.1:") && shows.redirect_uri.ends_with(path)
                    })
            });
            Some(
                known
                    && client.client_id == run.case.facts.client_id
                    && pending.client_id == client.client_id
                    && pending.redirect_uri == shows.redirect_uri
                    && pending.user_agent == super::rows::browser()
                    && pending.refusal.map(Refusal::reason) == shows.refusal
                    && pending
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

fn active_is_earned(run: &Run<'_>) -> bool {
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

fn revocation_is_earned(run: &Run<'_>) -> bool {
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

fn nothing_without_its_commit(run: &Run<'_>) -> bool {
    match run.record.last() {
        Some((Question::Commit(_), Given::Committed)) => true,
        Some((Question::Commit(_), _) | (_, Given::Unavailable)) => {
            run.tokens().is_none()
                && run.code().is_none()
                && matches!(&run.output, Output::Reply(answer) if answer.status == 503)
        }
        _ => run.code().is_none(),
    }
}

fn read_again_after_a_lost_race_only(run: &Run<'_>) -> bool {
    run.record.iter().enumerate().all(|(n, (question, _))| {
        let Question::Load { key, .. } = question else { return true };
        let before = &run.record[..n];
        let read = |entry: &(Question, Given)| matches!(&entry.0, Question::Load { key: k, .. } if k == key);
        let lost = |entry: &(Question, Given)| {
            matches!(entry, (Question::Commit(write), Given::Conflict) if write.key == *key)
        };
        before.iter().rposition(read).is_none_or(|at| before[at..].iter().any(lost))
    })
}

fn races_are_bounded(run: &Run<'_>) -> bool {
    let lost = run.record.iter().filter(|(_, given)| *given == Given::Conflict).count();
    let busy = run.reply().is_some_and(|answer| answer.reason == Some(Reason::StoreBusy));
    let last_lost = run.record.last().is_some_and(|(_, given)| *given == Given::Conflict);
    lost <= usize::from(symbolon::limits::RACES) + 1 && busy == last_lost
}

fn done_commit_is_last(run: &Run<'_>) -> bool {
    let done = run.record.iter().position(|(_, given)| *given == Given::Committed);
    done.is_none_or(|at| at + 1 == run.record.len())
}

fn commit_is_of_what_was_read(run: &Run<'_>) -> bool {
    run.record.iter().enumerate().all(|(n, (question, _))| {
        let Question::Commit(write) = question else { return true };
        let read = run.record[..n].iter().rev().find_map(|entry| match entry {
            (Question::Load { key, .. }, Given::Row(row)) if *key == write.key => {
                Some(row.as_ref().map(|(version, _)| *version))
            }
            _ => None,
        });
        let kept = write.value.as_deref().and_then(|value| Grant::decode(value).ok()).is_none_or(|grant| {
            let (client_id, subject, until) = match grant {
                Grant::Pending(pending) => (pending.client_id, None, pending.expires_at),
                // The row lives as long as the code.
                Grant::Code(Code { granted, .. }) => (granted.client_id, Some(granted.subject), run.case.now.after(60)),
                Grant::Active(Active { granted, .. }) => (granted.client_id, Some(granted.subject), granted.ends_at),
                Grant::Revoked(revoked) => (revoked.client_id, Some(revoked.subject), write.expires_at),
            };
            write.client_id.as_deref() == Some(client_id)
                && write.subject.as_deref() == subject
                && write.expires_at == until
        });
        // A new row has a random name and is written unread.
        read.unwrap_or(None) == write.expected && kept
    })
}

fn keys_are_the_requests(run: &Run<'_>) -> bool {
    let facts = &run.case.facts;
    let grant = payload(&facts.presented).map(|payload| Key::grant(payload.grant));
    run.record.iter().all(|(question, _)| match question {
        Question::Load { kind: "client", key } => *key == Key::client(&facts.client_id),
        Question::Load { key, .. } => facts.genuine && Some(*key) == grant,
        Question::Commit(write) => matches!(run.case.call, Call::Authorize(_)) || Some(write.key) == grant,
        _ => true,
    })
}

fn too_much_writes_nothing(run: &Run<'_>) -> bool {
    let too_much = run.reply_or(false, |answer| {
        let code = answer.reason.map(|reason| reason.answer().code);
        matches!(code, Some(ErrorCode::InvalidScope | ErrorCode::InvalidTarget))
    });
    !too_much || run.done().is_none()
}

fn failures_are_named(run: &Run<'_>) -> bool {
    let Some((question, given)) = run.record.last() else { return true };
    let undecodable = match (question, given) {
        (Question::Load { kind: "client", .. }, Given::Row(Some((_, value)))) => Client::decode(value).is_err(),
        (Question::Load { kind: "grant", .. }, Given::Row(Some((_, value)))) => Grant::decode(value).is_err(),
        _ => false,
    };
    let said = run.reply().and_then(|answer| answer.reason);
    match given {
        Given::Unavailable => said == Some(Reason::StoreUnavailable),
        _ => said != Some(Reason::StoreUnavailable) && undecodable == (said == Some(Reason::RowUndecodable)),
    }
}

fn reply_says_its_reason(run: &Run<'_>) -> bool {
    run.reply_or(true, |answer| {
        let Some(reason) = answer.reason else { return [200, 303].contains(&answer.status) };
        let wire = reason.answer();
        let json = match answer.member("error") {
            Some(error) => error == wire.code.as_str() && answer.status == wire.status,
            // A page must not make a browser ask for a password.
            None => answer.status == if wire.status == 401 { 400 } else { wire.status },
        };
        let allow = answer.header("Allow").is_some() == (answer.status == 405);
        json && allow && answer.event == reason.event()
    })
}

fn reply_is_not_stored(run: &Run<'_>) -> bool {
    run.reply_or(true, |answer| {
        answer.headers.iter().filter(|(name, _)| name == "Cache-Control").map(|(_, value)| value).eq(["no-store"])
    })
}

fn speaks_to_programs(call: &Call) -> bool {
    matches!(call, Call::Token(_) | Call::Revoke(_) | Call::Introspect(_))
}

fn body_is_what_its_endpoint_speaks(run: &Run<'_>) -> bool {
    run.reply_or(true, |answer| {
        let content_type = answer.header("Content-Type");
        if answer.body.is_empty() {
            return content_type.is_none();
        }
        if !speaks_to_programs(&run.case.call) {
            let leak = answer.header("Referrer-Policy") == Some("no-referrer");
            return content_type == Some("text/plain; charset=utf-8") && leak;
        }
        let object = serde_json::from_str::<serde_json::Value>(&answer.body).is_ok_and(|body| body.is_object());
        // error_description = 1*( %x20-21 / %x23-5B / %x5D-7E )
        let description = answer.member("error_description").is_none_or(|text| {
            !text.is_empty() && text.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        });
        content_type == Some("application/json") && object && description
    })
}

fn challenge_comes_with_401(run: &Run<'_>) -> bool {
    run.reply_or(true, |answer| {
        let challenge = answer.header("WWW-Authenticate");
        if answer.status == 401 { challenge == Some(&format!("Basic realm=\"{ISSUER}\"")) } else { challenge.is_none() }
    })
}

fn redirect_goes_where_it_must(run: &Run<'_>) -> bool {
    run.reply_or(true, |answer| {
        let Some(location) = answer.header("Location") else { return answer.status != 303 };
        let earned = || {
            let Call::Decide(_, binding, _) = &run.case.call else { return None };
            let pending = open(run, binding)?;
            let rest = location.strip_prefix(pending.redirect_uri)?;
            let separator = if pending.redirect_uri.contains('?') { '&' } else { '?' };
            let (query, _) = rest.strip_prefix(separator)?.split_once('#')?;
            let mut query = query.as_bytes().to_vec();
            let mut pairs = Vec::new();
            for pair in symbolon::wire::form::pairs(&mut query).ok()? {
                pairs.push(pair.ok()?);
            }
            let all = |wanted: &str| {
                pairs.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect::<Vec<_>>()
            };
            let either = all("code").len() + all("error").len() == 1;
            let state: Vec<&str> = pending.state.into_iter().collect();
            Some(
                answer.status == 303
                    && run.done().is_some()
                    && either
                    && all("state") == state
                    && all("iss") == [ISSUER],
            )
        };
        earned().unwrap_or(false)
    })
}

/// The secrets that came with the request.
fn secrets<'r>(run: &'r Run<'_>) -> Vec<&'r str> {
    let facts = &run.case.facts;
    let shown = match &facts.shown {
        Shown::Nothing => None,
        Shown::Basic(secret) | Shown::Post(secret) => Some(secret.as_str()),
    };
    let secrets = [shown, facts.verifier.as_deref(), Some(facts.presented.as_str())];
    secrets.into_iter().flatten().filter(|secret| secret.len() > 1).collect()
}

fn no_secret_is_told(run: &Run<'_>) -> bool {
    match &run.output {
        Output::Reply(answer) => {
            let told = format!("{answer:?}");
            secrets(run).iter().all(|secret| !told.contains(secret))
        }
        // The page carries its own handle along.
        Output::Prompt(shows) => {
            let told = format!("{:?}", super::Shows { handle: String::new(), ..shows.clone() });
            secrets(run).iter().all(|secret| !told.contains(secret))
        }
    }
}

fn no_secret_is_stored(run: &Run<'_>) -> bool {
    let made = run.tokens().map(|(access, refresh)| [Some(access), refresh]).into_iter().flatten().flatten();
    let made: Vec<String> = made.chain(run.code().map(str::to_owned)).collect();
    let all = || secrets(run).into_iter().chain(made.iter().map(String::as_str));
    run.record.iter().all(|(question, _)| match question {
        Question::Commit(Write { value: Some(value), .. }) => {
            all().all(|secret| !value.windows(secret.len()).any(|part| part == secret.as_bytes()))
        }
        _ => true,
    })
}
