//! The whole flow over loopback HTTP, by itself.

use symbolon::record::Key;

use super::say;
use crate::browser::Browser;
use crate::journal::{Actor, Entry, Kind};
use crate::users::USERS;
use crate::{Host, clients};

const LEGEND: &str = "\
<-  a request arrives; below it what it says, with its secrets cut short (…)
->  the reply to it
?   the protocol library has its program load or commit a row of the database, or send a request; -> is what came of it
Lines further right are of the server and of the resource that the client calls; `ok` is an outcome that was checked.
";

/// Runs the flow, prints each request, question, answer and reply, and checks every outcome; the first that is not as it
/// should be ends it.
pub async fn once(host: &Host) -> Result<(), String> {
    let mut run = Run { host, steps: 0 };
    let demo = host.demo.as_ref().ok_or("not a demonstration")?;
    let driver = host.driver(Actor::Client);
    let mut browser = Browser::new().map_err(text)?;
    let binding = "the browser of the demonstration";

    say(LEGEND);
    run.step("The client finds the server and prepares an authorization request.");
    let url = run.tried(demo.client.authorize(&driver, binding).await)?;
    run.done(url.starts_with(host.issuer()), "the request goes to the issuer that was asked for")?;

    run.step("The browser brings it to the server, which asks the user to sign in.");
    let sent = run.tried(browser.get(&url).await)?;
    let page = run.tried(browser.follow(&sent).await)?;
    run.done(page.status == 200 && page.body.contains("name=\"password\""), "a page asks for the password")?;

    run.step("The user signs in.");
    let (username, password) = USERS[0];
    let filled = [("username", username), ("password", password)];
    let sent = run.tried(browser.submit(&page, "interaction/sign-in", &filled).await)?;
    let page = run.tried(browser.follow(&sent).await)?;
    run.done(page.status == 200 && page.body.contains("Allow access?"), "a page asks for consent")?;

    run.step("The user consents; the server redirects to the client with a code.");
    let filled = [("scope", "openid"), ("scope", "read"), ("scope", "write"), ("decision", "approve")];
    let sent = run.tried(browser.submit(&page, "interaction/consent", &filled).await)?;
    run.done(sent.status == 303 && !sent.parameter("code").is_empty(), "a redirect with a code")?;
    run.done(sent.parameter("iss") == host.issuer(), "the redirect names the issuer")?;

    run.step("The client takes the browser back and exchanges the code.");
    let query = reqwest::Url::parse(&sent.location()).ok().and_then(|url| url.query().map(str::to_owned));
    let signed_in = demo.client.callback(&driver, binding, &query.unwrap_or_default()).await;
    let signed_in = run.tried(signed_in)?;
    run.done(signed_in.scope == clients::SCOPES, "tokens for what was approved, and an ID token that holds")?;

    run.step("The client calls the protected resource.");
    let (status, body) = run.tried(demo.client.call(&driver, &signed_in.access_token).await)?;
    run.done(status == 200 && body.contains(username), "the resource answers, and knows the user")?;

    run.step("The client refreshes.");
    let session: Key = signed_in.session;
    let access_token = demo.client.refresh(&driver, session, Some(&signed_in.access_token)).await;
    let access_token = run.tried(access_token)?;
    run.done(access_token != signed_in.access_token, "another access token")?;

    run.step("The new access token works.");
    let (status, _) = run.tried(demo.client.call(&driver, &access_token).await)?;
    run.done(status == 200, "the resource answers")?;

    run.step("The client signs out, and the server revokes.");
    let stolen = demo.client.stolen_refresh_token(&driver, session).await;
    let stolen = run.tried(stolen.ok_or_else(|| "the session has no refresh token".to_owned()))?;
    run.tried(demo.client.revoke(&driver, session).await)?;
    let row = host.store.load(session).await;
    run.done(row.is_ok_and(|row| row.is_none()), "the client's store has no session any more")?;

    run.step("The access token no longer works.");
    let (status, challenge) = run.tried(demo.client.call(&driver, &access_token).await)?;
    run.done(status == 401 && challenge.contains("invalid_token"), "the resource refuses, with a challenge")?;

    run.step("Nor does a copy of the refresh token.");
    let form = format!("grant_type=refresh_token&client_id={}&refresh_token={stolen}", clients::NATIVE);
    let token_endpoint = format!("{}/token", host.issuer().trim_end_matches('/'));
    // Whoever has the copy has not the browser with its cookies.
    let mut thief = Browser::new().map_err(text)?;
    let refused = run.tried(thief.post(&token_endpoint, form).await)?;
    run.done(refused.status == 400 && refused.member("error") == "invalid_grant", "invalid_grant")?;

    run.step("And the client itself has to ask its user again.");
    let again = demo.client.refresh(&driver, session, None).await;
    run.done(again.is_err_and(|said| said.starts_with("sign in again")), "sign in again")?;
    say("\nEvery outcome is as it should be.\n");
    Ok(())
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

struct Run<'h> {
    host: &'h Host,
    steps: u32,
}

impl Run<'_> {
    fn step(&mut self, what: &str) {
        self.steps += 1;
        say(&format!("\n{}. {what}\n", self.steps));
    }

    /// What a step needs and may fail to get.
    fn tried<T>(&self, outcome: Result<T, impl ToString>) -> Result<T, String> {
        outcome.map_err(|why| {
            self.print_journal();
            let why = why.to_string();
            say(&format!("   FAILED: {why}\n"));
            format!("step {}: {why}", self.steps)
        })
    }

    fn print_journal(&self) {
        for entry in self.host.journal.iter().flat_map(|journal| journal.take()) {
            print(&entry);
        }
    }

    fn done(&self, holds: bool, what: &str) -> Result<(), String> {
        self.print_journal();
        say(&format!("   {}: {what}\n", if holds { "ok" } else { "FAILED" }));
        if holds { Ok(()) } else { Err(format!("step {}: {what}: no", self.steps)) }
    }
}

fn print(entry: &Entry) {
    let indent = if entry.actor == Actor::Client { "   " } else { "      " };
    let mark = match entry.kind {
        Kind::Request => "<-",
        Kind::Question => "? ",
        Kind::Reply => "->",
    };
    say(&format!("{indent}{:8} {mark} {}\n", entry.actor.as_str(), entry.title));
    for line in &entry.lines {
        say(&format!("{indent}              {line}\n"));
    }
}
