//! What always holds of a run of the client or the resource server.

use symbolon::proof::pkce::challenge_of;
use symbolon::record::{Key, Record, Session, Started};
use symbolon::terms::Time;
use symbolon::{ErrorCode, Reason};

use super::{ACCESS, CODE, Call, NEW_ACCESS, NEW_REFRESH, OWNER, Outcome, REFRESH, Run, SHOWN, STATE, good_response};
use crate::fixture::{BROWSER, C1_SECRET, ISSUER, NOW, RESOURCE, RS1_SECRET, VERIFIER};
use crate::peer::{Canned, Sent};
use crate::walk::{Given, Question, Write, rows};

/// A property of every run.
pub struct Property {
    /// What it says.
    pub name: &'static str,
    /// Judges a run.
    pub holds: fn(&Run<'_>) -> bool,
}

/// Every property of a single run.
pub const ALWAYS: &[Property] = &[
    Property { name: "an exchange waits for its commit", holds: exchange_waits_for_its_commit },
    Property { name: "an exchange goes to the session's server", holds: exchange_goes_to_the_server },
    Property { name: "a code goes out for a good response alone", holds: code_goes_out_for_a_good_response },
    Property { name: "tokens are the session's", holds: tokens_are_the_sessions },
    Property { name: "a sign-in is stored before it begins", holds: sign_in_is_stored },
    Property { name: "a session that is over has ended", holds: over_has_ended },
    Property { name: "a session that is signed out is gone", holds: signed_out_is_gone },
    Property { name: "a refresh that fails keeps its token", holds: failed_refresh_keeps_its_token },
    Property { name: "a row is read again after a lost race only", holds: read_again_after_a_lost_race_only },
    Property { name: "a commit expects what is known", holds: commit_expects_what_is_known },
    Property { name: "a host or peer that fails is named as the reason", holds: failures_are_named },
    Property { name: "a request that is allowed bears a good token", holds: allowed_bears_a_good_token },
    Property { name: "a request that is denied is told why", holds: denied_is_told_why },
    Property { name: "no secret is told", holds: no_secret_is_told },
];

/// The property of that name.
pub fn named(name: &str) -> &'static Property {
    ALWAYS.iter().find(|property| property.name == name).unwrap_or_else(|| panic!("no property {name}"))
}

impl Run<'_> {
    /// Where in the record the exchange is, with its response.
    fn sent(&self) -> Option<(usize, &Sent, &Given)> {
        self.record.iter().enumerate().find_map(|(n, (question, given))| match question {
            Question::Send(sent) => Some((n, sent, given)),
            _ => None,
        })
    }

    fn last_row(&self) -> Option<Session<'_>> {
        self.record.iter().rev().find_map(|(_, given)| match given {
            Given::Row(Some((_, value))) => Session::decode(value).ok(),
            _ => None,
        })
    }

    /// The write that was done last, and was the last question.
    fn done(&self) -> Option<&Write> {
        match self.record.last()? {
            (Question::Commit(write), Given::Committed) => Some(write),
            _ => None,
        }
    }
}

fn written(write: &Write) -> Option<Session<'_>> {
    Session::decode(write.value.as_deref()?).ok()
}

fn exchange_waits_for_its_commit(run: &Run<'_>) -> bool {
    let exchanges = run.record.iter().filter(|(question, _)| matches!(question, Question::Send(_))).count();
    let Some((at, ..)) = run.sent() else { return true };
    let before = at.checked_sub(1).map(|before| &run.record[before]);
    let held = match (&run.case.call, before) {
        (Call::Callback(..), Some((Question::Commit(write), Given::Committed))) => {
            matches!(written(write), Some(Session::Redeeming(owner)) if owner == OWNER)
        }
        (Call::Refresh(_), Some((Question::Commit(write), Given::Committed))) => {
            let lease = |session| match session {
                Session::Refreshing(refreshing) => Some((refreshing.lease_until, refreshing.tokens.refresh_token?)),
                _ => None,
            };
            let lease = written(write).and_then(lease);
            lease.is_some_and(|(until, token)| {
                until > NOW && run.sent().is_some_and(|(_, sent, _)| sent.form().contains(token))
            })
        }
        (Call::Revoke, Some((Question::Load { .. }, Given::Row(Some(_))))) => true,
        (Call::Discover | Call::Judge(..), None) => true,
        _ => false,
    };
    exchanges == 1 && held
}

fn exchange_goes_to_the_server(run: &Run<'_>) -> bool {
    let Some((_, sent, _)) = run.sent() else { return true };
    let url = match run.case.call {
        Call::Callback(..) | Call::Refresh(_) => "https://as.example/token",
        Call::Revoke => "https://as.example/revoke",
        Call::Discover => "https://as.example/.well-known/oauth-authorization-server",
        Call::Judge(..) => "https://as.example/introspect",
        Call::Authorize(_) => return false,
    };
    let secret = match run.case.call {
        Call::Judge(..) => Some(("rs1", RS1_SECRET)),
        Call::Discover => None,
        _ => run.case.confidential.then_some(("c1", C1_SECRET)),
    };
    use base64ct::{Base64, Encoding};
    let basic =
        secret.map(|(id, secret)| format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes())));
    let shown = sent.message.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Authorization"));
    let shown: Vec<&[u8]> = shown.map(|(_, value)| value.as_slice()).collect();
    let names_itself = sent.parameter("client_id").as_deref() == Some("c1");
    let is_public = matches!(run.case.call, Call::Callback(..) | Call::Refresh(_) | Call::Revoke) && secret.is_none();
    sent.url == url
        && !sent.policy.plain_http
        && sent.policy.body_cap > 0
        && sent.policy.timeout > 0
        && shown == basic.iter().map(String::as_bytes).collect::<Vec<_>>()
        && sent.parameter("client_secret").is_none()
        && names_itself == is_public
}

/// The session as `authorize` left it: it is this client's, this browser's, and has not lapsed.
fn is_open(started: &Started<'_>) -> bool {
    started.owner == OWNER
        && started.user_agent == rows::browser()
        && started.redirect_uri == "https://client.example/cb"
        && NOW < started.expires_at
}

fn code_goes_out_for_a_good_response(run: &Run<'_>) -> bool {
    let Call::Callback(query, browser) = &run.case.call else { return true };
    let Some((_, sent, _)) = run.sent() else { return true };
    let open = matches!(run.last_row(), Some(Session::Started(started)) if is_open(&started));
    let fits = |name, value: &str| sent.parameter(name).as_deref() == Some(value);
    open && *query == good_response()
        && *browser == BROWSER
        && fits("code", CODE)
        && fits("code_verifier", VERIFIER)
        && fits("grant_type", "authorization_code")
        && fits("redirect_uri", "https%3A%2F%2Fclient.example%2Fcb")
}

fn tokens_are_the_sessions(run: &Run<'_>) -> bool {
    let Outcome::Tokens(token) = &run.outcome else { return true };
    if let Some(write) = run.done() {
        let kept = matches!(written(write), Some(Session::Active(tokens)) if tokens.access_token == token);
        return kept && token == NEW_ACCESS && run.sent().is_some();
    }
    let Call::Refresh(rejected) = run.case.call else { return false };
    let read = matches!(run.record.last(), Some((Question::Load { .. }, Given::Row(Some(_)))));
    let Some(tokens) = run.last_row().and_then(|session| session.tokens().copied()) else { return false };
    let fresh = tokens.expires_at.is_none_or(|end| NOW < end);
    read && fresh && tokens.access_token == token && tokens.owner == OWNER && rejected != Some(token)
}

fn sign_in_is_stored(run: &Run<'_>) -> bool {
    let Outcome::SendTo(url) = &run.outcome else { return true };
    let stored = || {
        let write = run.done()?;
        let Session::Started(started) = written(write)? else { return None };
        let parameter = |name| crate::app::parameter(&crate::app::query(url), name);
        use base64ct::{Base64UrlUnpadded, Encoding};
        let challenge = Base64UrlUnpadded::encode_string(&challenge_of(started.code_verifier));
        Some(
            is_open(&started)
                && write.expected.is_none()
                && url.starts_with("https://as.example/authorize?")
                && parameter("state").is_some_and(|state| Key::session(&state) == write.key)
                && parameter("code_challenge") == Some(challenge)
                && parameter("code_challenge_method").as_deref() == Some("S256")
                && !url.contains(started.code_verifier),
        )
    };
    stored().unwrap_or(false)
}

fn says_invalid_grant(given: &Given) -> bool {
    matches!(given, Given::Response(Canned { body, .. }) if body.contains("\"error\":\"invalid_grant\""))
}

fn over_has_ended(run: &Run<'_>) -> bool {
    let Outcome::SignInAgain(reason) = run.outcome else { return true };
    match reason {
        Reason::ServerRefused => run.sent().is_some_and(|(_, _, given)| says_invalid_grant(given)),
        Reason::SessionGone => {
            let absent = matches!(run.record.last(), Some((_, Given::Row(None))));
            absent || matches!(run.last_row(), Some(Session::Started(_) | Session::Redeeming(_)))
        }
        Reason::SessionExpired => {
            run.last_row().is_some_and(|session| session.tokens().is_some_and(|tokens| tokens.refresh_token.is_none()))
        }
        _ => false,
    }
}

fn signed_out_is_gone(run: &Run<'_>) -> bool {
    let Outcome::SignedOut(at_server) = run.outcome else { return true };
    let gone = matches!(run.record.last(), Some((Question::Load { .. }, Given::Row(None))))
        || run.done().is_some_and(|write| write.value.is_none());
    let told = matches!(run.sent(), Some((_, _, Given::Response(Canned { status: 200, .. }))));
    gone && told == at_server
}

fn failed_refresh_keeps_its_token(run: &Run<'_>) -> bool {
    let (Call::Refresh(_), Outcome::Failed(_), Some((at, _, given))) = (&run.case.call, &run.outcome, run.sent())
    else {
        return true;
    };
    let Some((Question::Commit(write), _)) = run.record.get(at + 1) else { return false };
    let kept = match written(write) {
        Some(Session::Active(tokens)) => tokens.refresh_token,
        _ => None,
    };
    let sent = run.record[..at].iter().rev().find_map(|(question, _)| match question {
        Question::Commit(write) => {
            written(write).and_then(|session| session.tokens()?.refresh_token.map(str::to_owned))
        }
        _ => None,
    });
    if says_invalid_grant(given) {
        // The session is over, though the store would not hear of it.
        return write.value.is_none();
    }
    kept == Some(NEW_REFRESH) || (kept.is_some() && kept.map(str::to_owned) == sent)
}

fn read_again_after_a_lost_race_only(run: &Run<'_>) -> bool {
    let again = |pair: &[(Question, Given)]| matches!(pair[1].0, Question::Load { .. });
    let lost = |(question, given): &&(Question, Given)| {
        *given == Given::Conflict || (matches!(question, Question::Commit(_)) && *given == Given::Unavailable)
    };
    let lost = run.record.iter().filter(lost).count();
    // A refresh may lose the lease and, once it holds one, its tokens' row, each as often as races are lost at all.
    lost <= 2 * (usize::from(symbolon::limits::RACES) + 1)
        && run.record.windows(2).all(|pair| {
            let written = matches!(pair[0].0, Question::Commit(_));
            !again(pair) || pair[0].1 == Given::Conflict || (written && pair[0].1 == Given::Unavailable)
        })
}

fn commit_expects_what_is_known(run: &Run<'_>) -> bool {
    let mut known = None;
    let key = Key::session(STATE);
    run.record.iter().all(|(question, given)| match (question, given) {
        (Question::Load { key: asked, .. }, Given::Row(row)) => {
            known = row.as_ref().map(|(version, _)| *version);
            *asked == key
        }
        (Question::Commit(write), given) => {
            let fits = write.expected == known && write.client_id.as_deref() == Some("c1");
            if *given == Given::Committed {
                known = Some(write.expected.unwrap_or(0) + 1);
            }
            fits && (write.key == key || matches!(run.case.call, Call::Authorize(_)))
        }
        (Question::Load { key: asked, .. }, _) => *asked == key,
        _ => true,
    })
}

fn failures_are_named(run: &Run<'_>) -> bool {
    let said = match &run.outcome {
        Outcome::Failed(reason) => Some(*reason),
        Outcome::Deny(answer) => answer.reason,
        _ => None,
    };
    match run.record.last() {
        Some((Question::Load { .. }, Given::Unavailable)) => said == Some(Reason::StoreUnavailable),
        Some((Question::Load { .. }, Given::Row(Some((_, value))))) if Session::decode(value).is_err() => {
            said == Some(Reason::RowUndecodable) || run.case.call.file() == "client/revoke.rs" && said.is_some()
        }
        _ => match run.sent() {
            Some((_, _, Given::Unavailable)) => said == Some(Reason::PeerUnavailable),
            _ => said != Some(Reason::StoreUnavailable) || matches!(run.record.last(), Some((_, Given::Unavailable))),
        },
    }
}

fn allowed_bears_a_good_token(run: &Run<'_>) -> bool {
    let Outcome::Allow(scope) = &run.outcome else { return true };
    let good = || {
        let Call::Judge(Some(authorization), needed) = &run.case.call else { return None };
        let (_, sent, Given::Response(response)) = run.sent()? else { return None };
        let token: serde_json::Value = serde_json::from_str(&response.body).ok()?;
        let text = |name: &str| token.get(name).and_then(|value| value.as_str());
        let audience = token.get("aud")?;
        let mine = audience.as_str() == Some(RESOURCE)
            || audience.as_array().is_some_and(|all| all.iter().any(|one| one.as_str() == Some(RESOURCE)));
        let granted: Vec<&str> = text("scope").unwrap_or_default().split(' ').collect();
        let json = response.headers.iter().any(|(name, value)| name == "Content-Type" && value == "application/json");
        Some(
            *authorization == format!("Bearer {SHOWN}")
                && sent.parameter("token").as_deref() == Some(SHOWN)
                && (response.status, json) == (200, true)
                && token.get("active")? == true
                && token.get("cnf").is_none()
                && response.body.matches("\"active\"").count() == 1
                && token.get("exp").is_none_or(|end| end.as_u64().is_some_and(|end| NOW < Time(end)))
                && text("iss").is_none_or(|iss| iss == ISSUER)
                && text("token_type").is_none_or(|name| name == "Bearer")
                && mine
                && needed.split(' ').all(|word| word.is_empty() || granted.contains(&word))
                && *scope == granted.join(" "),
        )
    };
    good().unwrap_or(false)
}

fn denied_is_told_why(run: &Run<'_>) -> bool {
    let Outcome::Deny(answer) = &run.outcome else { return true };
    let Some(reason) = answer.reason else { return false };
    let challenge = answer.header("WWW-Authenticate");
    let wire = reason.answer();
    // The issuer is at fault: no other token would do better.
    let status = if wire.status == 502 { 503 } else { wire.status };
    let told = match (status, reason) {
        (500.., _) => challenge.is_none(),
        (_, Reason::TokenMissing) => challenge == Some("Bearer realm=\"rs\""),
        _ => challenge.is_some_and(|challenge| challenge.contains(&format!("error=\"{}\"", wire.code.as_str()))),
    };
    let scope = challenge.is_some_and(|challenge| challenge.contains("scope=\""))
        == (wire.code == ErrorCode::InsufficientScope);
    answer.status == status && told && scope && answer.header("Cache-Control") == Some("no-store")
}

fn no_secret_is_told(run: &Run<'_>) -> bool {
    let secrets = [CODE, VERIFIER, C1_SECRET, RS1_SECRET, REFRESH, NEW_REFRESH, SHOWN, ACCESS, NEW_ACCESS];
    let told = match &run.outcome {
        // What an application asked for.
        Outcome::Tokens(token) => token.replace(ACCESS, "").replace(NEW_ACCESS, ""),
        other => format!("{other:?}"),
    };
    secrets.iter().all(|secret| !told.contains(secret))
}
