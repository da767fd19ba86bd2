//! What always holds of a run of the client or the resource server.

use symbolon::Reason;
use symbolon::proof::pkce::challenge_of;
use symbolon::record::{DocumentKind, Key, Record, Refreshing, Session, Started, TokenSet};

use super::cases::good_response;
use super::{ACCESS, CODE, Call, JWKS_URI, NEW_ACCESS, NEW_REFRESH, OWNER, Outcome, REFRESH, Run, SHOWN, STATE, Setup};
use crate::fixture::{BROWSER, C1_SECRET, ISSUER, NOW, RS1_SECRET, VERIFIER};
use crate::peer::{Canned, Sent};
use crate::walk::{Given, Question, Write, rows};

mod exchanges;
mod judged;

/// A property of every run.
pub struct Property {
    /// What it says.
    pub name: &'static str,
    /// Judges a run; what cleans up is left out of it, but for the property that is about that.
    pub holds: fn(&Run<'_>) -> bool,
}

/// Every property of a single run.
pub const ALWAYS: &[Property] = &[
    Property { name: "an exchange waits for its commit", holds: exchanges::exchange_waits_for_its_commit },
    Property { name: "an exchange goes to the session's server", holds: exchanges::exchange_goes_to_the_server },
    Property { name: "a request is made again once, for the nonce", holds: exchanges::made_again_once_for_the_nonce },
    Property { name: CLEAN_UP, holds: lost_tokens_are_revoked },
    Property { name: SIGNED, holds: user_is_known_by_a_signature },
    Property { name: "a code goes out for a good response alone", holds: code_goes_out_for_a_good_response },
    Property { name: "tokens are the session's", holds: tokens_are_the_sessions },
    Property { name: "a sign-in is stored before it begins", holds: sign_in_is_stored },
    Property { name: "a session that is over has ended", holds: over_has_ended },
    Property { name: "a session that is busy is under a lease", holds: busy_is_under_a_lease },
    Property { name: "a session that is signed out is gone", holds: signed_out_is_gone },
    Property { name: "a refresh that fails keeps its token", holds: failed_refresh_keeps_its_token },
    Property { name: "a refresh replaces what it has spent", holds: refresh_replaces_what_it_spent },
    Property { name: "a row is read again after a lost race only", holds: read_again_after_a_lost_race_only },
    Property { name: "a commit expects what is known", holds: commit_expects_what_is_known },
    Property { name: "a host or peer that fails is named as the reason", holds: failures_are_named },
    Property { name: "a request that is allowed bears a good token", holds: judged::allowed_bears_a_good_token },
    Property { name: "a request that is denied is told why", holds: judged::denied_is_told_why },
    Property { name: "no secret is told", holds: no_secret_is_told },
];

const SIGNED: &str = "a user is known by a signature that holds";
const CLEAN_UP: &str = "tokens that nobody is left to keep are revoked";

/// The names of the properties that a run lacks.
pub fn broken(run: &Run<'_>) -> Vec<&'static str> {
    let plain = run.without_keys();
    let kept = plain.without_clean_up();
    let holds = |property: &&Property| {
        (property.holds)(match property.name {
            CLEAN_UP => &plain,
            SIGNED => run,
            _ => &kept,
        })
    };
    ALWAYS.iter().filter(|property| !holds(property)).map(|property| property.name).collect()
}

impl Run<'_> {
    /// The exchanges, with their responses and where in the record they are.
    fn exchanges(&self) -> impl DoubleEndedIterator<Item = (usize, &Sent, &Given)> {
        self.record.iter().enumerate().filter_map(|(n, (question, given))| match question {
            Question::Send(sent) => Some((n, sent, given)),
            _ => None,
        })
    }

    /// The last exchange; all calls but a sign-out have one at most.
    fn sent(&self) -> Option<(usize, &Sent, &Given)> {
        self.exchanges().next_back()
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

/// The token that stands for all of them.
fn strongest<'a>(tokens: &TokenSet<'a>) -> &'a str {
    tokens.refresh_token.unwrap_or(tokens.access_token)
}

/// The tokens that the server has issued to a session which is gone.
fn lost<'r>(kept: &'r Run<'_>) -> Option<TokenSet<'r>> {
    kept.sent()?;
    let write = kept.record.iter().rev().find_map(|(question, _)| match question {
        Question::Commit(write) => Some(write),
        _ => None,
    });
    let Some(Session::Active(tokens)) = written(write?) else { return None };
    let (Question::Load { .. }, Given::Row(row)) = kept.record.last()? else { return None };
    let gone = match (&kept.case.call, row) {
        (Call::Refresh(_) | Call::Callback(..), None) => true,
        // A callback that may write no more leaves its row without tokens.
        (Call::Callback(..), Some((_, value))) => {
            matches!(Session::decode(value), Ok(Session::Redeeming(owner)) if owner == OWNER)
        }
        _ => false,
    };
    (gone && tokens.access_token == NEW_ACCESS).then_some(tokens)
}

/// Whether the session was deleted because nobody can say whose the tokens are that have come.
fn is_disowned(kept: &Run<'_>) -> bool {
    let issued = kept.sent().is_some_and(|(_, _, given)| match given {
        Given::Response(canned) => canned.status == 200 && canned.body.contains(NEW_ACCESS),
        _ => false,
    });
    let write = kept.record.iter().rev().find_map(|(question, _)| match question {
        Question::Commit(write) => Some(write),
        _ => None,
    });
    let signs_in = matches!(kept.case.call, Call::Callback(..));
    let last = match kept.record.last() {
        Some((Question::Commit(_), given)) => signs_in || *given != Given::Conflict,
        Some((Question::Load { .. }, given)) => !signs_in && *given == Given::Row(None),
        _ => false,
    };
    kept.case.setup == Setup::OpenId && issued && last && write.is_some_and(|write| write.value.is_none())
}

fn lost_tokens_are_revoked(run: &Run<'_>) -> bool {
    let kept = run.without_clean_up();
    if kept.exchanges().any(|(_, sent, _)| kept.cleans_up(sent)) {
        return false;
    }
    // Whoever gives up has looked last at what has become of the session.
    let gave_up = run.outcome == Outcome::Failed(Reason::StoreBusy) && matches!(run.case.call, Call::Refresh(_));
    if gave_up && kept.sent().is_some() && !matches!(kept.record.last(), Some((Question::Load { .. }, _))) {
        return false;
    }
    let cleaned = run.sent().filter(|(at, ..)| *at >= kept.record.len());
    let over = match run.outcome {
        Outcome::SignInAgain(reason) | Outcome::Failed(reason) => match (&run.case.call, kept.record.last()) {
            (Call::Callback(..), Some((_, Given::Row(Some(_))))) => reason == Reason::StoreBusy,
            _ => reason == Reason::SessionGone,
        },
        _ => false,
    };
    if is_disowned(&kept) {
        let over = matches!(run.outcome, Outcome::SignInAgain(Reason::IdToken(_)) | Outcome::Failed(_));
        return over && cleaned.is_some_and(|(_, sent, _)| sent.parameter("token").as_deref() == Some(NEW_REFRESH));
    }
    match (lost(&kept), cleaned) {
        (Some(tokens), Some((_, sent, _))) => {
            over && sent.parameter("token").as_deref() == Some(strongest(&tokens))
                && exchanges::is_in_the_callers_name(run, sent)
        }
        (Some(_), None) => {
            over && (run.case.bare || matches!(run.record.last(), Some((Question::Sign, Given::Unavailable))))
        }
        (None, cleaned) => cleaned.is_none(),
    }
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
    let first = match &run.record[0].1 {
        Given::Row(Some((_, value))) => Session::decode(value).ok(),
        _ => None,
    };
    let open = matches!(first, Some(Session::Started(started)) if is_open(&started));
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
    // Not stored by this flow, or not as far as it knows: then the row says so.
    let (rejected, ended_too) = match run.case.call {
        Call::Refresh(rejected) => (rejected, false),
        // Whoever has refreshed since has signed in all the same.
        Call::Callback(..) if run.sent().is_some() => (None, true),
        // Another has stored the token that it was given; this one works as well.
        Call::Credentials(_) if run.sent().is_some() => {
            return token == NEW_ACCESS && matches!(run.record.last(), Some((Question::Commit(_), Given::Conflict)));
        }
        Call::Credentials(rejected) => (rejected, false),
        _ => return false,
    };
    let read = matches!(run.record.last(), Some((Question::Load { .. }, Given::Row(Some(_)))));
    let Some(tokens) = run.last_row().and_then(|session| session.tokens().copied()) else { return false };
    let fresh = ended_too || tokens.expires_at.is_none_or(|end| NOW < end);
    read && fresh && tokens.access_token == token && tokens.owner == OWNER && rejected != Some(token)
}

fn sign_in_is_stored(run: &Run<'_>) -> bool {
    let Outcome::SendTo(url) = &run.outcome else { return true };
    let stored = || {
        let write = run.done()?;
        let Session::Started(started) = written(write)? else { return None };
        let pushed = run.sent().map(|(_, sent, _)| sent);
        let shown = |name: &str| crate::app::parameter(&crate::app::query(url), name);
        if pushed.is_some() {
            let only = crate::app::query(url).split('&').count() == 2;
            let named = shown("request_uri").as_deref() == Some("urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A1");
            if !only || !named || shown("client_id").as_deref() != Some("c1") {
                return None;
            }
        }
        let parameter = |name: &str| pushed.map_or_else(|| shown(name), |sent| sent.parameter(name));
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

/// Tokens that came with an ID token are handed out after its signature was found to hold, and the keys come from where the
/// metadata say, or from the row that keeps them.
fn user_is_known_by_a_signature(run: &Run<'_>) -> bool {
    let from_the_server = run.record.iter().all(|(question, _)| match question {
        Question::Load { kind: "document", key } => *key == Key::document(DocumentKind::IssuerKeys, JWKS_URI),
        Question::Commit(write) if write.kind == "document" => {
            write.key == Key::document(DocumentKind::IssuerKeys, JWKS_URI)
        }
        Question::Verify => run.case.setup == Setup::OpenId,
        _ => true,
    });
    let issued = run.record.iter().rposition(|(question, given)| match (question, given) {
        (Question::Send(sent), Given::Response(canned)) => {
            sent.url.ends_with("/token") && canned.body.contains("\"id_token\"")
        }
        _ => false,
    });
    let holds = |from: usize| {
        let mut after = run.record[from..].iter();
        after.any(|entry| *entry == (Question::Verify, Given::Verdict(symbolon::step::Verdict::Valid)))
    };
    let handed_out = matches!(&run.outcome, Outcome::Tokens(token) if token == NEW_ACCESS);
    let signs_in = matches!(run.case.call, Call::Callback(..));
    from_the_server && (run.case.setup != Setup::OpenId || !handed_out || issued.map_or(!signs_in, holds))
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
        Reason::IdToken(_) => run.case.setup == Setup::OpenId && run.sent().is_some(),
        Reason::KeyUnknown => run
            .last_row()
            .is_some_and(|session| session.tokens().is_some_and(|tokens| tokens.signing.key_id == Some("es256-gone"))),
        Reason::SessionExpired => {
            run.last_row().is_some_and(|session| session.tokens().is_some_and(|tokens| tokens.refresh_token.is_none()))
        }
        _ => false,
    }
}

fn busy_is_under_a_lease(run: &Run<'_>) -> bool {
    let read = || matches!(run.record.last(), Some((Question::Load { .. }, Given::Row(Some(_)))));
    let leased =
        || matches!(run.last_row(), Some(Session::Refreshing(Refreshing { tokens, .. })) if tokens.owner == OWNER);
    run.outcome != Outcome::Busy || (read() && leased())
}

fn signed_out_is_gone(run: &Run<'_>) -> bool {
    let Outcome::SignedOut(at_server) = run.outcome else { return true };
    let gone = matches!(run.record.last(), Some((Question::Load { .. }, Given::Row(None))))
        || run.done().is_some_and(|write| write.value.is_none());
    let told = matches!(run.sent(), Some((_, _, Given::Response(Canned { status: 200, .. }))));
    // What the server has revoked is what the session held last.
    let tokens = run.last_row().and_then(|session| session.tokens().copied());
    let all = tokens.is_none_or(|tokens| {
        run.sent().is_some_and(|(_, sent, _)| sent.parameter("token").as_deref() == Some(strongest(&tokens)))
    });
    gone && told == at_server && (all || run.case.bare)
}

fn failed_refresh_keeps_its_token(run: &Run<'_>) -> bool {
    let (Call::Refresh(_), Outcome::Failed(_), Some((at, _, given))) = (&run.case.call, &run.outcome, run.sent())
    else {
        return true;
    };
    let Some(write) = run.record[at + 1..].iter().find_map(|(question, _)| match question {
        Question::Commit(write) => Some(write),
        _ => None,
    }) else {
        return false;
    };
    // However often it is written, it is the same.
    let same = run.record[at + 1..].iter().all(|(question, _)| match question {
        Question::Commit(again) => again.value == write.value,
        _ => true,
    });
    if !same {
        return false;
    }
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
    // The session is over, though the store would not hear of it: so the server says, or the user is not known.
    if says_invalid_grant(given) || (run.case.setup == Setup::OpenId && write.value.is_none()) {
        return write.value.is_none();
    }
    kept == Some(NEW_REFRESH) || (kept.is_some() && kept.map(str::to_owned) == sent)
}

fn refresh_replaces_what_it_spent(run: &Run<'_>) -> bool {
    let (Call::Refresh(_), Some((at, sent, _))) = (&run.case.call, run.sent()) else { return true };
    let spent = sent.parameter("refresh_token");
    run.record[at..].windows(2).all(|pair| match pair {
        [(_, Given::Row(Some((_, value)))), (Question::Commit(_), _)] => {
            let session = Session::decode(value).ok();
            let holds = session.and_then(|session| session.tokens().and_then(|tokens| tokens.refresh_token));
            holds.is_some() && holds == spent.as_deref()
        }
        _ => true,
    })
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
    // What is not there may be made by anybody; a row is its owner's to write.
    let (mut known, mut mine) = (None, true);
    let begins = matches!(run.case.call, Call::Credentials(_));
    let key = match run.case.call {
        Call::Credentials(_) => Key::credentials(ISSUER, "c1", "read", crate::fixture::RESOURCE),
        _ => Key::session(STATE),
    };
    run.record.iter().all(|(question, given)| match (question, given) {
        (Question::Load { key: asked, .. }, Given::Row(row)) => {
            known = row.as_ref().map(|(version, _)| *version);
            // A row that cannot be read is as good as none.
            let read = row.as_ref().and_then(|(_, value)| Session::decode(value).ok());
            mine = read.map_or(begins, |read| read.owner() == OWNER);
            *asked == key
        }
        (Question::Commit(write), given) => {
            let fits = write.expected == known && write.client_id.as_deref() == Some("c1") && mine;
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
    if run.record.iter().any(|entry| matches!(entry, (Question::Sign, Given::Unavailable))) {
        return said == Some(Reason::KeysUnavailable);
    }
    match run.record.last() {
        Some((Question::Load { .. }, Given::Unavailable)) => said == Some(Reason::StoreUnavailable),
        Some((Question::Load { .. }, Given::Row(Some((_, value))))) if Session::decode(value).is_err() => {
            said == Some(Reason::RowUndecodable) || run.case.call.file() == "client/revoke.rs" && said.is_some()
        }
        _ => match run.sent() {
            Some((_, _, Given::Unavailable)) => said == Some(Reason::PeerUnavailable),
            // Or the keys of the server could not be had.
            _ if run.case.setup == Setup::OpenId => true,
            _ => said != Some(Reason::StoreUnavailable) || matches!(run.record.last(), Some((_, Given::Unavailable))),
        },
    }
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
