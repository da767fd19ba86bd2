//! What always holds of a run, whatever was asked and answered.
//!
//! The judgements here are made from the rows that were handed in and the request as it was sent; they do not use what
//! the core proved on its way.

use symbolon::record::{Active, AuthenticationMethod, Client, Code, Grant, Key, Pending, Record, Requested};
use symbolon::terms::secret;
use symbolon::{ErrorCode, Reason};

use super::{Call, Given, Output, Question, Run, Shown, Write};
use crate::fixture::{Answer, ISSUER};

mod earned;

use earned::{
    active_is_earned, codes_are_earned, open, payload, prompts_are_earned, revocation_is_earned, tokens_are_earned,
};

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
    Property { name: "who was not asked was not to be asked", holds: unasked_was_not_to_be_asked },
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

/// The record without the mark that an approval leaves behind: it changes nothing but what is logged.
fn without_mark<'r>(run: &'r Run<'_>) -> &'r [(Question, Given)] {
    match run.record.as_slice() {
        [before @ .., (Question::Commit(Write { kind: "mark", .. }), _)] => before,
        record => record,
    }
}

fn nothing_without_its_commit(run: &Run<'_>) -> bool {
    match without_mark(run).last() {
        Some((Question::Commit(_), Given::Committed)) => true,
        Some((Question::Commit(_), _) | (_, Given::Unavailable)) => {
            run.tokens().is_none()
                && run.code().is_none()
                && run
                    .reply_or(false, |answer| answer.status == 503 || answer.reason == Some(Reason::PushedRequestUsed))
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
    let record = without_mark(run);
    let lost = record.iter().filter(|(_, given)| *given == Given::Conflict).count();
    // A request_uri that another was faster with was used.
    let said = run.reply().and_then(|answer| answer.reason);
    let last_lost = record.last().is_some_and(|(_, given)| *given == Given::Conflict);
    let used = said == Some(Reason::PushedRequestUsed);
    lost <= usize::from(symbolon::limits::RACES) + 1 && ((said == Some(Reason::StoreBusy) || used) == last_lost || used)
}

fn done_commit_is_last(run: &Run<'_>) -> bool {
    let record = without_mark(run);
    let done = record.iter().position(|(_, given)| *given == Given::Committed);
    // Only what was done leaves a mark.
    done.map_or(record.len() == run.record.len(), |at| at + 1 == record.len())
}

fn commit_is_of_what_was_read(run: &Run<'_>) -> bool {
    run.record.iter().enumerate().all(|(n, (question, _))| {
        let Question::Commit(write) = question else { return true };
        if write.kind == "mark" {
            return write.expected.is_none()
                && write.value.as_deref() == Some(&[1])
                && write.expires_at == run.case.now.after(86_400)
                && write.client_id.as_deref() == run.last_grant().and_then(client_of)
                && write.subject.is_none();
        }
        let read = run.record[..n].iter().rev().find_map(|entry| match entry {
            (Question::Load { key, .. }, Given::Row(row)) if *key == write.key => {
                Some(row.as_ref().map(|(version, _)| *version))
            }
            _ => None,
        });
        let kept = write.value.as_deref().and_then(|value| Grant::decode(value).ok()).is_none_or(|grant| {
            let (client_id, subject, until) = match grant {
                Grant::Pushed(requested) | Grant::Pending(Pending { requested, .. }) => {
                    (requested.client_id, None, requested.expires_at)
                }
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

fn client_of<'g>(grant: Grant<'g>) -> Option<&'g str> {
    if let Grant::Pending(pending) = grant { Some(pending.requested.client_id) } else { None }
}

fn keys_are_the_requests(run: &Run<'_>) -> bool {
    let facts = &run.case.facts;
    let grant = payload(&facts.presented).map(|payload| Key::grant(payload.grant));
    run.record.iter().all(|(question, _)| match question {
        Question::Load { kind: "client", key } => *key == Key::client(&facts.client_id),
        Question::Load { key, .. } => facts.genuine && Some(*key) == grant,
        Question::Commit(write) if write.kind == "mark" => match run.last_grant() {
            Some(Grant::Pending(pending)) => {
                let Requested { client_id, challenge, nonce, .. } = pending.requested;
                write.key == Key::challenge(client_id, &challenge)
                    || nonce.is_some_and(|nonce| write.key == Key::nonce(client_id, nonce))
            }
            _ => false,
        },
        Question::Commit(write) => {
            matches!(run.case.call, Call::Authorize(_) | Call::Push(_)) || Some(write.key) == grant
        }
        _ => true,
    })
}

fn too_much_writes_nothing(run: &Run<'_>) -> bool {
    let too_much = run.reply_or(false, |answer| {
        let code = answer.reason.map(|reason| reason.answer().code);
        // A redirect of these ends the interaction, which is written; a refused token request leaves the grant alone.
        answer.status != 303 && matches!(code, Some(ErrorCode::InvalidScope | ErrorCode::InvalidTarget))
    });
    !too_much || run.done().is_none()
}

fn failures_are_named(run: &Run<'_>) -> bool {
    let Some((question, given)) = without_mark(run).last() else { return true };
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
        let Some(reason) = answer.reason else { return [200, 201, 303].contains(&answer.status) };
        let wire = reason.answer();
        if answer.status == 303 {
            return answer.location("error") == Some(wire.code.as_str()) && answer.event == reason.event();
        }
        let json = match answer.member("error") {
            Some(error) => error == wire.code.as_str() && answer.status == wire.status,
            // A page must not make a browser ask for a password.
            None => answer.status == wire.status && answer.status != 401,
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
    matches!(call, Call::Token(_) | Call::Revoke(_) | Call::Introspect(_) | Call::Push(_))
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
            let (Call::Decide(_, binding, _) | Call::Decline(_, binding, _)) = &run.case.call else { return None };
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

/// A redirect without an authenticated user is for a request that is sound and lets nobody be asked (RFC 9700 section 4.11.2).
fn unasked_was_not_to_be_asked(run: &Run<'_>) -> bool {
    let Call::Decline(_, _, Some(_)) = run.case.call else { return true };
    let silent = match run.last_grant() {
        Some(Grant::Pending(pending)) => pending.requested.prompt == "none" && pending.requested.refusal.is_none(),
        _ => false,
    };
    run.reply_or(true, |answer| answer.status != 303 || silent)
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
        Output::User(user) => {
            let told = format!("{user:?}");
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
