//! The authorization endpoint and the pages behind it: sign in, consent, and back to the client.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use serde_json::Value;
use symbolon::Reason;
use symbolon::server::{Authenticated, Authorization, BUFFER, Decision, Prompt, Unasked};
use symbolon::terms::{Entropy, UserAgent};
use symbolon::wire::http::{Method, Reply, Request};

use crate::Host;
use crate::form::{Fields, read_form};
use crate::http::{Message, fields, log, out_of_buffer, respond};
use crate::journal::Actor;
use crate::pages::{self, Form};
use crate::session::{Cookies, Session};
use crate::users::SignIn;

/// The class of the one way to sign in that there is here, and its method (RFC 8176).
const ACR: &str = "password";
const AMR: &str = "pwd";

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
        Authorization::Interact(prompt) if prompt.prompt == "none" => {
            let cookies = host.sessions.read(&message.headers);
            with_cookie(unasked(&host, &cookies, user_agent, &prompt).await, cookie)
        }
        Authorization::Interact(prompt) => {
            tracing::info!(endpoint = "authorize", refusal = ?prompt.refusal, "interact");
            with_cookie(see_interaction(&host, prompt.handle), cookie)
        }
        Authorization::Refused(reply) => refused(&host, "authorize", &reply),
    }
}

/// Decides without a page (OpenID Connect Core section 3.1.2.1, `prompt=none`).
async fn unasked(host: &Host, cookies: &Cookies, user_agent: UserAgent<'_>, prompt: &Prompt<'_>) -> Response<Body> {
    let now = crate::now();
    let signed_in = host.sessions.session(cookies, now).filter(|session| does(session, prompt));
    let why = match signed_in {
        None => Unasked::LoginRequired,
        Some(session) if prompt.refusal.is_some() => {
            return decide(host, prompt.handle, user_agent, session, Decision::Deny).await;
        }
        Some(session) if prompt.confidential && host.sessions.has_approved(cookies, &asked_for(prompt)) => {
            let Prompt { scope, authorization_details, .. } = *prompt;
            let decision = Decision::Approve { scope, authorization_details };
            return decide(host, prompt.handle, user_agent, session, decision).await;
        }
        Some(_) => Unasked::ConsentRequired,
    };
    let mut buffer = vec![0; BUFFER];
    let Ok(step) = host.server.decline(prompt.handle, user_agent, why, now, &mut buffer) else {
        return out_of_buffer();
    };
    decided(host, &host.driver(Actor::Server).drive(step).await)
}

/// What is remembered of an approval: the same is not asked again, where a client that authenticates asks for no more.
fn asked_for(prompt: &Prompt<'_>) -> String {
    let Prompt { client_id, redirect_uri, scope, resources, authorization_details, .. } = prompt;
    [client_id, redirect_uri, scope, resources, authorization_details].map(|part| *part).join("\n")
}

async fn decide(
    host: &Host,
    handle: &str,
    user_agent: UserAgent<'_>,
    session: Session,
    decision: Decision<'_>,
) -> Response<Body> {
    let user = Authenticated::new(session.subject, session.at).and_then(|user| user.by(ACR, AMR));
    let mut buffer = vec![0; BUFFER];
    let Ok(Ok(step)) =
        user.map(|user| host.server.decide(handle, user_agent, user, decision, crate::now(), &mut buffer))
    else {
        return out_of_buffer();
    };
    decided(host, &host.driver(Actor::Server).drive(step).await)
}

fn decided(host: &Host, reply: &Reply<'_>) -> Response<Body> {
    match reply.status {
        303 => respond("decide", reply),
        _ => refused(host, "decide", reply),
    }
}

/// The page of an interaction: sign in first, then consent.
pub async fn show(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let cookies = host.sessions.read(&message.headers);
    let form = read_form(&message.query);
    let session = host.sessions.session(&cookies, crate::now());
    let asked = Asked { host: &host, handle: form.one("handle"), cookies: &cookies };
    asked
        .page(|form| match session {
            None => form.sign_in(StatusCode::OK, None),
            Some(session) if !does(&session, form.prompt) => {
                form.sign_in(StatusCode::OK, Some("The application asks that you sign in again."))
            }
            Some(_) if form.prompt.refusal.is_some() || !is_met(form.prompt) => form.refusal(),
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
            let cookie = host.sessions.sign_in(&cookies, subject, form.one("handle"), now);
            with_cookie(see_interaction(&host, form.one("handle")), Some(cookie))
        }
        SignIn::Wrong => {
            asked.page(|form| form.sign_in(StatusCode::UNAUTHORIZED, Some("Wrong username or password."))).await
        }
        SignIn::Later => {
            let complaint = "Too many attempts. Wait half a minute and try again.";
            asked.page(|form| form.sign_in(StatusCode::TOO_MANY_REQUESTS, Some(complaint))).await
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
    let Some(session) = host.sessions.session(&cookies, now) else { return see_interaction(&host, handle) };
    let asked = Asked { host: &host, handle, cookies: &cookies };
    let choice = match asked.prompt(|prompt| Choice::read(&form, prompt, &session)).await {
        Ok(choice) => choice,
        Err(page) => return page,
    };
    let decision = match form.one("decision") {
        // Another page in between has found that the sign-in is too old.
        _ if !choice.signed_in => return see_interaction(&host, handle),
        "approve" if !choice.met => Decision::AuthenticationUnmet,
        "approve" if choice.is_empty() => {
            let complaint = "Choose at least one, or refuse.";
            return asked.page(|form| form.consent(session.subject, Some(complaint))).await;
        }
        "approve" => {
            if let Some(whole) = choice.whole {
                host.sessions.approve(&cookies, whole);
            }
            Decision::Approve { scope: &choice.scope, authorization_details: &choice.authorization_details }
        }
        _ => Decision::Deny,
    };
    let browser = cookies.browser.as_deref().unwrap_or_default();
    let Ok(user_agent) = UserAgent::new(browser.as_bytes()) else { return out_of_buffer() };
    decide(&host, handle, user_agent, session, decision).await
}

/// What the user has chosen of what was asked.
struct Choice {
    scope: String,
    authorization_details: String,
    signed_in: bool,
    met: bool,
    /// What to remember, if it is all that was asked for.
    whole: Option<String>,
}

impl Choice {
    fn read(form: &Fields, prompt: &Prompt<'_>, session: &Session) -> Self {
        let scope = form.all("scope").join(" ");
        let asked = details(prompt);
        let chosen = |n: &usize| form.all("detail").contains(&n.to_string());
        let kept: Vec<&Value> = (0..asked.len()).filter(chosen).filter_map(|n| asked.get(n)).collect();
        let authorization_details =
            if kept.is_empty() { String::new() } else { serde_json::to_string(&kept).unwrap_or_default() };
        let whole = scope == prompt.scope && kept.len() == asked.len();
        Self {
            scope,
            authorization_details,
            signed_in: does(session, prompt),
            met: is_met(prompt),
            whole: whole.then(|| asked_for(prompt)),
        }
    }

    fn is_empty(&self) -> bool {
        self.scope.is_empty() && self.authorization_details.is_empty()
    }
}

/// The authorization details that are asked for (RFC 9396).
pub fn details(prompt: &Prompt<'_>) -> Vec<Value> {
    serde_json::from_str(prompt.authorization_details).unwrap_or_default()
}

/// Whether a sign-in is recent enough: where the client wants a new one, it is that of this very interaction.
fn does(session: &Session, prompt: &Prompt<'_>) -> bool {
    let anew = prompt.prompt.split(' ').any(|word| word == "login");
    session.at >= prompt.authenticated_since && (!anew || session.handle == prompt.handle)
}

/// Whether this host's one way to sign in will do (RFC 9470 section 5).
fn is_met(prompt: &Prompt<'_>) -> bool {
    prompt.acr_values.is_empty() || prompt.acr_values.split(' ').any(|acr| acr == ACR)
}

/// An interaction that a page is wanted for.
struct Asked<'a> {
    host: &'a Host,
    handle: &'a str,
    cookies: &'a Cookies,
}

impl Asked<'_> {
    /// Finds the interaction again and shows what `page` makes of it.
    async fn page(&self, page: impl FnOnce(Form<'_>) -> Response<Body>) -> Response<Body> {
        let Self { host, cookies, .. } = self;
        let made =
            self.prompt(|prompt| page(Form { base: &host.base, prompt, csrf: &host.sessions.csrf(cookies) })).await;
        made.unwrap_or_else(|page| page)
    }

    /// Finds the interaction again; an error page if there is none.
    async fn prompt<T>(&self, then: impl FnOnce(&Prompt<'_>) -> T) -> Result<T, Response<Body>> {
        let host = self.host;
        let Some(browser) = self.cookies.browser.as_deref() else {
            let reason = Reason::InteractionForeign;
            return Err(pages::error(&host.base, reason.answer().status, Some(reason), reason.answer().text));
        };
        let user_agent = UserAgent::new(browser.as_bytes()).map_err(|_| out_of_buffer())?;
        let mut buffer = vec![0; BUFFER];
        let step = host.server.resume(self.handle, user_agent, crate::now(), &mut buffer);
        match host.driver(Actor::Server).drive(step.map_err(|_| out_of_buffer())?).await {
            Authorization::Interact(prompt) => Ok(then(&prompt)),
            Authorization::Refused(reply) => Err(refused(host, "resume", &reply)),
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
