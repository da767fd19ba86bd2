//! The authorization endpoint and the pages behind it: sign in, consent, and back to the client.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use symbolon::Reason;
use symbolon::server::{Authenticated, Authorization, BUFFER, Decision};
use symbolon::terms::{Entropy, UserAgent};
use symbolon::wire::http::{Method, Reply, Request};

use crate::Host;
use crate::form::{Fields, read_form};
use crate::http::{Message, fields, log, out_of_buffer, respond};
use crate::journal::Actor;
use crate::pages::{self, Form};
use crate::session::{Cookies, Session};
use crate::users::SignIn;

/// The authorization endpoint.
pub async fn authorize(State(host): State<Arc<Host>>, mut message: Message) -> Response<Body> {
    let known = host.sessions.read(&message.headers).browser;
    let (browser, cookie) = match known {
        Some(browser) => (browser, None),
        None => {
            let (browser, cookie) = host.sessions.new_browser("browser");
            (browser, Some(cookie))
        }
    };
    let Ok(user_agent) = UserAgent::new(browser.as_bytes()) else { return out_of_buffer() };
    let headers = fields(&message.headers);
    let request = Request {
        method: message.method,
        query: &mut message.query,
        headers: &headers,
        body: &mut message.body,
        certificate: None,
    };
    let entropy = Entropy::new(crate::random());
    let mut buffer = vec![0; BUFFER];
    let Ok(step) = host.server.authorize(request, user_agent, crate::now(), entropy, &mut buffer) else {
        return out_of_buffer();
    };
    match host.driver(Actor::Server).drive(step).await {
        Authorization::Interact(prompt) => {
            tracing::info!(endpoint = "authorize", refusal = ?prompt.refusal, "interact");
            with_cookie(see_interaction(&host, prompt.handle), cookie)
        }
        Authorization::Refused(reply) => refused(&host, "authorize", &reply),
    }
}

/// The page of an interaction: sign in first, then consent.
pub async fn show(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let cookies = host.sessions.read(&message.headers);
    let form = read_form(&message.query);
    let session = host.sessions.session(&cookies, crate::now());
    let asked = Asked { host: &host, handle: form.one("handle"), cookies: &cookies };
    asked
        .prompt(|form| match session {
            None => form.sign_in(StatusCode::OK, None),
            Some(_) if form.prompt.refusal.is_some() => form.refusal(),
            Some(Session { subject, .. }) => form.consent(subject, None),
        })
        .await
}

/// The sign-in form was sent.
pub async fn sign_in(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let cookies = host.sessions.read(&message.headers);
    let form = read_form(&message.body);
    if !holds(&host, &message, &form, &cookies) {
        return forged(&host);
    }
    let now = crate::now();
    let signed_in = host.users.sign_in(form.one("username"), form.one("password"), message.address, now).await;
    tracing::info!(signed_in = matches!(signed_in, SignIn::User(_)), later = signed_in == SignIn::Later);
    let asked = Asked { host: &host, handle: form.one("handle"), cookies: &cookies };
    match signed_in {
        SignIn::User(subject) => {
            let cookie = host.sessions.sign_in(&cookies, subject, now);
            with_cookie(see_interaction(&host, form.one("handle")), Some(cookie))
        }
        SignIn::Wrong => {
            asked.prompt(|form| form.sign_in(StatusCode::UNAUTHORIZED, Some("Wrong username or password."))).await
        }
        SignIn::Later => {
            let complaint = "Too many attempts. Wait half a minute and try again.";
            asked.prompt(|form| form.sign_in(StatusCode::TOO_MANY_REQUESTS, Some(complaint))).await
        }
    }
}

/// Another account is wanted.
pub async fn sign_out(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let cookies = host.sessions.read(&message.headers);
    let form = read_form(&message.body);
    if !holds(&host, &message, &form, &cookies) {
        return forged(&host);
    }
    let cookie = host.sessions.sign_out(&cookies);
    with_cookie(see_interaction(&host, form.one("handle")), Some(cookie))
}

/// The consent form was sent.
pub async fn consent(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let now = crate::now();
    let cookies = host.sessions.read(&message.headers);
    let form = read_form(&message.body);
    if !holds(&host, &message, &form, &cookies) {
        return forged(&host);
    }
    let handle = form.one("handle");
    let Some(Session { subject, at }) = host.sessions.session(&cookies, now) else {
        return see_interaction(&host, handle);
    };
    let asked = Asked { host: &host, handle, cookies: &cookies };
    let scope = form.all("scope").join(" ");
    let decision = match form.one("decision") {
        "approve" if scope.is_empty() => {
            return asked.prompt(|form| form.consent(subject, Some("Choose at least one, or refuse."))).await;
        }
        "approve" => Decision::Approve { scope: &scope, authorization_details: "" },
        _ => Decision::Deny,
    };
    let browser = cookies.browser.as_deref().unwrap_or_default();
    let (Ok(user_agent), Ok(user)) = (UserAgent::new(browser.as_bytes()), Authenticated::new(subject, at)) else {
        return out_of_buffer();
    };
    let mut buffer = vec![0; BUFFER];
    let Ok(step) = host.server.decide(handle, user_agent, user, decision, now, &mut buffer) else {
        return out_of_buffer();
    };
    let reply = host.driver(Actor::Server).drive(step).await;
    match reply.status {
        303 => respond("decide", &reply),
        _ => refused(&host, "decide", &reply),
    }
}

/// An interaction that a page is wanted for.
struct Asked<'a> {
    host: &'a Host,
    handle: &'a str,
    cookies: &'a Cookies,
}

impl Asked<'_> {
    /// Finds the interaction again and shows what `page` makes of it.
    async fn prompt(&self, page: impl FnOnce(Form<'_>) -> Response<Body>) -> Response<Body> {
        let host = self.host;
        let Some(browser) = self.cookies.browser.as_deref() else {
            let reason = Reason::InteractionForeign;
            return pages::error(&host.base, reason.answer().status, Some(reason), reason.answer().text);
        };
        let Ok(user_agent) = UserAgent::new(browser.as_bytes()) else { return out_of_buffer() };
        let mut buffer = vec![0; BUFFER];
        let Ok(step) = host.server.resume(self.handle, user_agent, crate::now(), &mut buffer) else {
            return out_of_buffer();
        };
        match host.driver(Actor::Server).drive(step).await {
            Authorization::Interact(prompt) => {
                page(Form { base: &host.base, prompt: &prompt, csrf: &host.sessions.csrf(self.cookies) })
            }
            Authorization::Refused(reply) => refused(host, "resume", &reply),
        }
    }
}

/// The host's page in place of the core's: the same status, and the core's words, which hold nothing of the request.
fn refused(host: &Host, endpoint: &'static str, reply: &Reply<'_>) -> Response<Body> {
    log(endpoint, reply);
    let detail = str::from_utf8(reply.body).unwrap_or_default();
    let mut page = pages::error(&host.base, reply.status, reply.reason, detail);
    // The page has a type and a policy of its own; what else the core's says, as `Allow`, holds for it too.
    for field in &reply.headers {
        if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(field.name), HeaderValue::try_from(field.value)) {
            page.headers_mut().entry(name).or_insert(value);
        }
    }
    page
}

/// Whether a form was sent from a page of ours that this browser was shown.
fn holds(host: &Host, message: &Message, form: &Fields, cookies: &Cookies) -> bool {
    message.method == Method::Post && host.sessions.csrf_holds(cookies, form.one("csrf"))
}

fn forged(host: &Host) -> Response<Body> {
    tracing::warn!("a form without this browser's CSRF token");
    let body = "<p>This form is out of date, or it came from another site. Go back to the application and start \
                again, with cookies allowed.</p>\n";
    pages::page(StatusCode::FORBIDDEN, &host.base, "Not accepted", body)
}

fn see_interaction(host: &Host, handle: &str) -> Response<Body> {
    let handle: String = form_urlencoded::byte_serialize(handle.as_bytes()).collect();
    Redirect::to(&format!("{}/interaction?handle={handle}", host.base)).into_response()
}

fn with_cookie(mut response: Response<Body>, cookie: Option<String>) -> Response<Body> {
    if let Some(Ok(value)) = cookie.map(HeaderValue::try_from) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
