//! The replies that the server's endpoints share.

use crate::error::{ErrorCode, Reason};
use crate::event::Event;
use crate::proof::redirect::RedirectUriMatched;
use crate::server::Context;
use crate::terms::confirmation::Confirmation;
use crate::wire::challenge_writer::ChallengeWriter;
use crate::wire::http::{Field, Fields, Reply, fields};
use crate::wire::jose::Algorithm;
use crate::wire::write::{FormWriter, JsonObject};

const JSON: Field<'static> = Field { name: "Content-Type", value: b"application/json" };
const TEXT: Field<'static> = Field { name: "Content-Type", value: b"text/plain; charset=utf-8" };
/// RFC 6749 section 5.1; `Pragma` is for HTTP/1.0 and no longer needed (OAuth 2.1 section 3.2.3).
const NO_STORE: Field<'static> = Field { name: "Cache-Control", value: b"no-store" };
/// The request's URL holds the `state`, the reply's the code: neither may leak by `Referer` (RFC 9700 section 4.2.4).
const NO_REFERRER: Field<'static> = Field { name: "Referrer-Policy", value: b"no-referrer" };
/// Nobody may frame a page of the server (RFC 9700 section 4.16), and this one loads nothing.
const NO_FRAMES: Field<'static> =
    Field { name: "Content-Security-Policy", value: b"default-src 'none'; frame-ancestors 'none'" };

/// What goes out if a reply does not fit the buffer, which [`BUFFER`](crate::server::BUFFER) rules out.
const OUT_OF_BUFFER: &[u8] = b"{\"error\":\"server_error\"}";

/// Writes the text of a reason: fixed words, and the name of the parameter at fault. Why a client did not authenticate is not
/// told: it would say whether the client is known, and with which keys.
pub(super) fn describe(reason: Reason, write: &mut dyn FnMut(&str)) {
    let answer = reason.answer();
    if let Some(name) = reason.parameter()
        && answer.code != ErrorCode::InvalidClient
    {
        write(name.as_str());
        write(": ");
    }
    write(answer.text);
}

/// A reply without a body.
pub(super) fn empty<'a>(status: u16, event: Option<Event>) -> Reply<'a> {
    Reply { status, headers: fields([NO_STORE]), body: b"", reason: None, event }
}

/// A JSON object as reply.
pub(super) fn json<'a>(
    cx: &mut Context<'a>,
    event: Option<Event>,
    fill: impl FnOnce(&mut JsonObject<'_, '_>),
) -> Result<Reply<'a>, Reason> {
    let body = cx.arena.write(|w| {
        let mut object = JsonObject::new(w);
        fill(&mut object);
        object.end();
    })?;
    Ok(found(body, event))
}

// The same for every `fill`: once in a program.
#[inline(never)]
fn found(body: &[u8], event: Option<Event>) -> Reply<'_> {
    Reply { status: 200, headers: fields([JSON, NO_STORE]), body, reason: None, event }
}

/// The error reply of an endpoint that programs talk to (RFC 6749 section 5.2).
pub(super) fn refuse<'a>(cx: &mut Context<'a>, reason: Reason) -> Reply<'a> {
    let answer = reason.answer();
    let mut headers = fields([JSON, NO_STORE]);
    if answer.status == 401 {
        let issuer = cx.server.issuer.as_str();
        let challenge = cx.arena.write(|w| {
            w.str("Basic realm=");
            w.quoted(issuer);
        });
        let _ = headers.push(Field { name: "WWW-Authenticate", value: challenge.unwrap_or(b"Basic") });
    }
    if answer.status == 405 {
        let _ = headers.push(Field { name: "Allow", value: b"POST" });
    }
    if reason == Reason::DpopNonce {
        dpop_nonce(cx, &mut headers);
    }
    let body = cx.arena.write(|w| {
        let mut object = JsonObject::new(w);
        object.string("error", answer.code.as_str());
        object.text("error_description", |w| describe(reason, &mut |text| w.str(text)));
        object.end();
    });
    Reply {
        status: answer.status,
        headers,
        body: body.unwrap_or(OUT_OF_BUFFER),
        reason: Some(reason),
        event: reason.event(),
    }
}

/// Adds the nonce that the next DPoP proof must hold (RFC 9449 section 8).
pub(super) fn dpop_nonce<'a>(cx: &mut Context<'a>, headers: &mut Fields<'a>) {
    let Context { server, now, arena } = cx;
    if let Ok(value) = arena.write(|w| server.keys.dpop_nonce(*now, w)) {
        let _ = headers.push(Field { name: "DPoP-Nonce", value });
    }
}

/// The same where a proof came with the request, and this server demands nonces.
pub(super) fn next_dpop_nonce<'a>(cx: &mut Context<'a>, sender: Option<Confirmation>, headers: &mut Fields<'a>) {
    if cx.server.dpop_nonces && matches!(sender, Some(Confirmation::Jkt(_))) {
        dpop_nonce(cx, headers);
    }
}

/// The names of the schemes under which an access token is sent.
pub(super) const BEARER: &str = "Bearer";
pub(super) const DPOP: &str = "DPoP";

/// The reply to a request with an access token that is not served (RFC 6750 section 3, RFC 9449 section 7.1): `scheme` is the one
/// that was used, if that is clear.
pub(super) fn challenge<'a>(cx: &mut Context<'a>, scheme: Option<&str>, reason: Reason) -> Reply<'a> {
    let answer = reason.answer_to_token();
    let mut headers = fields([NO_STORE]);
    let realm = cx.server.issuer.as_str();
    if answer.status == 405 {
        let _ = headers.push(Field { name: "Allow", value: b"GET, POST" });
    } else if answer.status < 500 {
        for offered in [BEARER, DPOP] {
            let value = cx.arena.write(|w| {
                let mut challenge = ChallengeWriter::new(offered, w);
                challenge.quoted("realm", realm);
                // What is wrong is told under the scheme that was used (RFC 9449 section 7.2); without a token there is nothing
                // to complain of (RFC 6750 section 3.1).
                if scheme.is_none_or(|used| used == offered) && reason != Reason::TokenMissing {
                    challenge.quoted("error", answer.code.as_str());
                    challenge.quoted("error_description", answer.text);
                }
                if matches!(reason, Reason::TokenMissing | Reason::TokenScope) {
                    challenge.quoted("scope", "openid");
                }
                if offered == DPOP {
                    challenge.text("algs", |w| w.distinct(Algorithm::ALL.map(Algorithm::as_str)));
                }
            });
            let _ = headers.push(Field { name: "WWW-Authenticate", value: value.unwrap_or(offered.as_bytes()) });
        }
        if cx.server.dpop_nonces {
            dpop_nonce(cx, &mut headers);
        }
    }
    Reply { status: answer.status, headers, body: b"", reason: Some(reason), event: reason.event() }
}

/// The error page of an endpoint that people come to: no redirect, and nothing in it that the request brought. A host may
/// show a page of its own instead.
pub(super) fn page<'a>(cx: &mut Context<'a>, reason: Reason) -> Reply<'a> {
    let status = reason.answer().status;
    let mut headers = fields([TEXT, NO_STORE, NO_REFERRER, NO_FRAMES]);
    if status == 405 {
        let _ = headers.push(Field { name: "Allow", value: b"GET, POST" });
    }
    let body = cx.arena.write(|w| describe(reason, &mut |text| w.str(text))).unwrap_or_default();
    Reply { status, headers, body, reason: Some(reason), event: reason.event() }
}

/// The redirect of an authorization response (RFC 6749 section 4.1.2, RFC 9207 section 2). `iss` is always there.
pub(super) fn redirect<'a>(
    cx: &mut Context<'a>,
    to: RedirectUriMatched<'_>,
    state: Option<&str>,
    fill: impl FnOnce(&mut FormWriter<'_, '_>),
) -> Result<Reply<'a>, Reason> {
    let issuer = cx.server.issuer.as_str();
    let uri = to.as_str();
    let location = cx.arena.write(|w| {
        w.str(uri);
        let first = match uri.as_bytes().iter().position(|&b| b == b'?') {
            None => "?",
            Some(_) if uri.ends_with(['?', '&']) => "",
            Some(_) => "&",
        };
        let mut form = FormWriter::new(w, first);
        fill(&mut form);
        form.optional("state", state);
        form.pair("iss", issuer);
        // A fragment of its own, so that a browser does not carry one over from the request (RFC 9700 section 4.1.3).
        w.str("#_");
    })?;
    let mut headers = fields([NO_STORE, NO_REFERRER]);
    let _ = headers.push(Field { name: "Location", value: location });
    // 303 and not 307: what the user posted must not be posted to the client (RFC 9700 section 4.12).
    Ok(Reply { status: 303, headers, body: b"", reason: None, event: None })
}
