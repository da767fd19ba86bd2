//! The demonstration's page: a client that a person clicks through, with what travelled below it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use symbolon::record::Key;

use super::DemoClient;
use crate::Host;
use crate::form::read_form;
use crate::http::{Message, recorded};
use crate::journal::{Actor, Entry, Kind, abbreviate};
use crate::pages::{escape, wide_page};

/// Browsers remembered at one time.
const BROWSERS: usize = 1000;

/// The demonstration: its client, and what it remembers of each browser.
pub struct Demo {
    /// The client.
    pub client: DemoClient,
    browsers: Mutex<HashMap<String, Visit>>,
}

/// What the client remembers of a browser.
#[derive(Clone, Default)]
struct Visit {
    session: Option<Key>,
    access_token: Option<String>,
    said: String,
}

impl Demo {
    /// A demonstration with this client.
    pub fn new(client: DemoClient) -> Self {
        Self { client, browsers: Mutex::default() }
    }

    fn visit(&self, browser: &str) -> Visit {
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner).get(browser).cloned().unwrap_or_default()
    }

    fn remember(&self, browser: &str, visit: Visit) {
        let mut browsers = self.browsers.lock().unwrap_or_else(PoisonError::into_inner);
        if browsers.len() >= BROWSERS {
            browsers.clear();
        }
        browsers.insert(browser.to_owned(), visit);
    }
}

/// The routes of the demonstration.
pub(crate) fn router(host: &Arc<Host>) -> Router<Arc<Host>> {
    let client = Router::new()
        .route("/demo/callback", get(callback))
        .route("/demo/start", post(act))
        .route("/demo/call", post(act))
        .route("/demo/refresh", post(act))
        .route("/demo/revoke", post(act));
    recorded(client, host, Actor::Client).route("/", get(show))
}

async fn show(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let Some(demo) = &host.demo else { return StatusCode::NOT_FOUND.into_response() };
    let cookies = host.sessions.read(&message.headers);
    let (browser, cookie) = match &cookies.application {
        Some(browser) => (browser.clone(), None),
        None => {
            let (browser, cookie) = host.sessions.new_browser("application");
            (browser, Some(cookie))
        }
    };
    let visit = demo.visit(&browser);
    let csrf = host.sessions.csrf_of(&browser);
    let button = |action: &str, words: &str| {
        format!(
            "<form method=\"post\" action=\"/demo/{action}\"><input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
             <button type=\"submit\">{words}</button></form>\n"
        )
    };
    let buttons = match visit.session {
        None => button("start", "Sign in"),
        Some(_) => [("call", "Call the resource"), ("refresh", "Refresh"), ("revoke", "Sign out")]
            .map(|(action, words)| button(action, words))
            .concat(),
    };
    let token = visit.access_token.map_or(String::new(), |token| {
        format!("<p>The application has the access token <code>{}</code>.</p>\n", escape(&abbreviate(&token)))
    });
    let said = match visit.said.as_str() {
        "" => {
            "The application does not know you yet. Sign in as <code>alice</code> or <code>bob</code>; the terminal \
             shows their passwords."
        }
        said => &escape(said),
    };
    let entries: Vec<Entry> = host.journal.iter().flat_map(|journal| journal.entries()).collect();
    let body = format!(
        "<p>This page belongs to an example application, a client of the authorization server at <code>{}</code>. \
         Application, server and the resource that the application calls are one program here. Below is what travelled \
         between them and, with <em>asks to</em>, what the protocol library had the program do in between: load or \
         commit a row of the database, send a request.</p>\n<p role=\"status\">{said}</p>\n{token}\
         <div class=\"actions\">\n{buttons}</div>\n{}",
        escape(host.issuer()),
        steps(&entries)
    );
    let mut page = wide_page(&host.base, "symbolon, demonstrated", &body);
    if let Some(Ok(cookie)) = cookie.map(HeaderValue::try_from) {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    page
}

/// The entries under their heading, in a fold for each time that the browser came to the client.
fn steps(entries: &[Entry]) -> String {
    let begins = |entry: &Entry| entry.actor == Actor::Client && entry.kind == Kind::Request;
    let fold = |step: &[Entry], open: &str| {
        let title = step.first().map_or("", |entry| entry.title.as_str());
        let items: String = step.iter().map(item).collect();
        format!("<details{open}>\n<summary><code>{}</code></summary>\n<ol>\n{items}</ol>\n</details>\n", escape(title))
    };
    let steps: Vec<&[Entry]> = entries.chunk_by(|_, next| !begins(next)).collect();
    let heading = if steps.is_empty() { "" } else { "<h2>What travelled, the latest first</h2>\n" };
    let folds = steps.iter().rev().enumerate().map(|(n, step)| fold(step, if n == 0 { " open" } else { "" }));
    heading.to_owned() + &folds.collect::<String>()
}

fn item(entry: &Entry) -> String {
    let (class, verb) = match entry.kind {
        Kind::Request => ("request", "is asked"),
        Kind::Question => ("question", "asks to"),
        Kind::Reply => ("reply", "replies"),
    };
    let lines = escape(&entry.lines.join("\n"));
    let lines = if lines.is_empty() { lines } else { format!("<pre>{lines}</pre>") };
    let who = entry.actor.as_str();
    format!("<li class=\"{class}\"><strong>{who}</strong> {verb} <code>{}</code>{lines}</li>\n", escape(&entry.title))
}

/// A button was pressed.
async fn act(State(host): State<Arc<Host>>, uri: axum::http::Uri, message: Message) -> Response<Body> {
    let Some(demo) = &host.demo else { return StatusCode::NOT_FOUND.into_response() };
    let form = read_form(&message.body);
    let Some(browser) = host.sessions.read(&message.headers).application else { return home() };
    if !host.sessions.csrf_of_holds(&browser, form.one("csrf")) {
        return home();
    }
    let mut visit = demo.visit(&browser);
    let token = visit.access_token.clone().unwrap_or_default();
    let driver = host.driver(Actor::Client);
    let done = match (uri.path(), visit.session) {
        ("/demo/start", _) => match demo.client.authorize(&driver, &browser).await {
            Ok(url) => return see(&url),
            Err(error) => Err(error),
        },
        ("/demo/call", Some(_)) => demo
            .client
            .call(&driver, &token)
            .await
            .map(|(status, body)| format!("The resource answered {status}: {body}")),
        ("/demo/refresh", Some(session)) => match demo.client.refresh(&driver, session, Some(&token)).await {
            Ok(token) => {
                visit.access_token = Some(token);
                Ok("The application has refreshed its tokens.".to_owned())
            }
            Err(error) => Err(error),
        },
        ("/demo/revoke", Some(session)) => demo.client.revoke(&driver, session).await.map(|()| {
            visit = Visit::default();
            "The application has signed you out, and the server has revoked the grant.".to_owned()
        }),
        _ => return home(),
    };
    visit.said = done.unwrap_or_else(|error| format!("That did not work: {error}."));
    demo.remember(&browser, visit);
    home()
}

/// The server has sent the browser back.
async fn callback(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let Some(demo) = &host.demo else { return StatusCode::NOT_FOUND.into_response() };
    let Some(browser) = host.sessions.read(&message.headers).application else { return home() };
    let query = String::from_utf8_lossy(&message.query).into_owned();
    let mut visit = demo.visit(&browser);
    let driver = host.driver(Actor::Client);
    match demo.client.callback(&driver, &browser, &query).await {
        Ok(signed_in) => {
            visit.said = format!("You are signed in, and the application was granted: {}.", signed_in.scope);
            visit.session = Some(signed_in.session);
            visit.access_token = Some(signed_in.access_token);
        }
        Err(error) => visit.said = format!("That did not work: {error}."),
    }
    demo.remember(&browser, visit);
    home()
}

fn home() -> Response<Body> {
    Redirect::to("/").into_response()
}

fn see(url: &str) -> Response<Body> {
    Redirect::to(url).into_response()
}
