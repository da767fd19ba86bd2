//! What always holds of the exchanges of a run.

use symbolon::record::{Record, Refreshing, Session};

use super::super::cases::NONCE;
use super::super::{Call, OWNER, REVOCATION, Run, Setup};
use super::{strongest, written};
use crate::fixture::{C1_SECRET, NOW, RS1_SECRET};
use crate::peer::Sent;
use crate::walk::{Given, Question};

pub(super) fn exchange_waits_for_its_commit(run: &Run<'_>) -> bool {
    let mut told = None;
    let waited = |(at, sent, _): (usize, &Sent, &Given)| {
        // What is signed for it comes between.
        let before = run.record[..at].iter().rev().find(|entry| !is_on_the_way(entry));
        match (&run.case.call, before) {
            (Call::Callback(..), Some((Question::Commit(write), Given::Committed))) => {
                matches!(written(write), Some(Session::Redeeming(owner)) if owner == OWNER)
            }
            (Call::Refresh(_), Some((Question::Commit(write), Given::Committed))) => match written(write) {
                Some(Session::Refreshing(Refreshing { tokens, lease_until })) => {
                    lease_until > NOW
                        && tokens.owner == OWNER
                        && sent.parameter("refresh_token").as_deref() == tokens.refresh_token
                }
                _ => false,
            },
            // Deleted only once the server has been told; of other tokens in the row it is told again.
            (Call::Revoke, Some((Question::Load { .. }, Given::Row(Some((_, value)))))) => {
                let session = Session::decode(value).ok();
                let tokens = session.and_then(|session| session.tokens().copied());
                let token = sent.parameter("token");
                let news = token != told;
                told = token.clone();
                news && tokens
                    .is_some_and(|tokens| tokens.owner == OWNER && token.as_deref() == Some(strongest(&tokens)))
            }
            // There is nothing in the row that would do, nothing that can be read, or no row at all.
            (Call::Credentials(rejected), Some((Question::Load { .. }, Given::Row(row)))) => {
                let session = row.as_ref().and_then(|(_, value)| Session::decode(value).ok());
                let tokens = session.and_then(|session| session.tokens().copied());
                session.is_none_or(|session| session.owner() == OWNER)
                    && tokens.is_none_or(|tokens| {
                        let rejected = *rejected == Some(tokens.access_token);
                        rejected
                            || tokens.signing.key_id.is_some() != (run.case.setup == Setup::Keys)
                            || tokens.expires_at.is_some_and(|end| end <= NOW.after(symbolon::limits::FRESH_MARGIN))
                    })
            }
            (Call::Discover(_) | Call::Judge(..) | Call::Authorize(_), None) => true,
            _ => false,
        }
    };
    let asked = run.exchanges().filter(|(_, _, given)| !wants_a_nonce(given)).count();
    (asked <= 1 || matches!(run.case.call, Call::Revoke)) && run.exchanges().all(waited)
}

/// Whether a response asks for the nonce that it brings.
fn wants_a_nonce(given: &Given) -> bool {
    matches!(given, Given::Response(canned)
        if canned.body.contains("use_dpop_nonce") && canned.headers.iter().any(|(_, value)| value == NONCE))
}

/// Whether it is on the way to an exchange: something that is signed for it, or the same without the nonce.
fn is_on_the_way((question, given): &(Question, Given)) -> bool {
    matches!(question, Question::Sign) || (matches!(question, Question::Send(_)) && wants_a_nonce(given))
}

/// A request is made again once at most, for its nonce, and with all that is signed for it made anew.
pub(super) fn made_again_once_for_the_nonce(run: &Run<'_>) -> bool {
    let keys = run.case.setup == Setup::Keys;
    let signed = |sent: &Sent| match run.case.call {
        Call::Revoke | Call::Discover(_) | Call::Judge(..) => 1,
        _ if run.cleans_up(sent) => 1,
        _ => 2,
    };
    let mut again = 0;
    run.exchanges().all(|(at, sent, _)| {
        let before = &run.record[..at];
        let signs = before.iter().rev().take_while(|(question, _)| matches!(question, Question::Sign)).count();
        let retried = before.len().checked_sub(signs + 1).and_then(|place| before.get(place));
        if matches!(retried, Some((Question::Send(earlier), given)) if earlier.url == sent.url && wants_a_nonce(given))
        {
            again += 1;
        }
        again <= 1 && signs == if keys && !matches!(run.case.call, Call::Discover(_)) { signed(sent) } else { 0 }
    })
}

pub(super) fn exchange_goes_to_the_server(run: &Run<'_>) -> bool {
    let url = match run.case.call {
        Call::Callback(..) | Call::Refresh(_) | Call::Credentials(_) => "https://as.example/token",
        Call::Revoke => REVOCATION,
        Call::Discover(_) => "https://as.example/.well-known/oauth-authorization-server",
        Call::Judge(..) => "https://as.example/introspect",
        Call::Authorize(_) if matches!(run.case.setup, Setup::Keys | Setup::OpenId) => "https://as.example/par",
        Call::Authorize(_) => return run.sent().is_none(),
    };
    run.exchanges().all(|(_, sent, _)| sent.url == url && is_in_the_callers_name(run, sent))
}

/// Whether the request may be sent as it is, and shows who asks.
pub(super) fn is_in_the_callers_name(run: &Run<'_>, sent: &Sent) -> bool {
    let secret = match run.case.call {
        Call::Judge(..) => Some(("rs1", RS1_SECRET)),
        Call::Discover(_) => None,
        _ => matches!(run.case.setup, Setup::Secret | Setup::OpenId).then_some(("c1", C1_SECRET)),
    };
    use base64ct::{Base64, Encoding};
    let basic =
        secret.map(|(id, secret)| format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes())));
    let shown = sent.message.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Authorization"));
    let shown: Vec<&[u8]> = shown.map(|(_, value)| value.as_slice()).collect();
    let names_itself = sent.parameter("client_id").as_deref() == Some("c1");
    let is_public = !matches!(run.case.call, Call::Discover(_) | Call::Judge(..)) && secret.is_none();
    // An assertion with every request, and a proof with all of them but a revocation.
    let keys = run.case.setup == Setup::Keys && is_public;
    let proves = keys && sent.url != REVOCATION;
    let proofs = sent.message.headers.iter().filter(|(name, _)| name == "DPoP").count();
    !sent.policy.plain_http
        && sent.policy.body_cap > 0
        && sent.policy.timeout > 0
        && shown == basic.iter().map(String::as_bytes).collect::<Vec<_>>()
        && sent.parameter("client_secret").is_none()
        // A pushed request always does (RFC 9126 section 2.1).
        && names_itself == (is_public || matches!(run.case.call, Call::Authorize(_)))
        && sent.parameter("client_assertion").is_some() == keys
        && sent.parameter("client_assertion_type").is_some() == keys
        && proofs == usize::from(proves)
}
