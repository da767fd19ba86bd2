//! The demonstration's client: the flows of the client role, with whatever answers their questions.

use std::sync::OnceLock;

use symbolon::client::{AuthorizationRequest, BUFFER, Client, Failure, Refreshed, Requested, Revoked, WellKnown};
use symbolon::record::{Key, Record, Session};
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::{Entropy, UserAgent};

use crate::drive::Driver;

/// A client of one server.
pub struct DemoClient {
    client: &'static Client<'static>,
    server: OnceLock<ServerMetadata<'static>>,
}

/// What a sign-in has brought.
pub struct SignedIn {
    /// The session.
    pub session: Key,
    /// The access token.
    pub access_token: String,
    /// Its scope.
    pub scope: String,
    /// The user, where the server says who it is.
    pub subject: Option<String>,
}

impl DemoClient {
    /// A client. Like all that it is told, it lives as long as the process.
    pub fn new(client: Client<'static>) -> Self {
        Self { client: Box::leak(Box::new(client)), server: OnceLock::new() }
    }

    /// The server's metadata, asked for once.
    pub async fn discover(&self, driver: &Driver<'_>) -> Result<&ServerMetadata<'static>, String> {
        if let Some(server) = self.server.get() {
            return Ok(server);
        }
        // The document is kept as long as the process; only a server that does not answer makes this leak twice.
        let buffer = Box::leak(vec![0; BUFFER].into_boxed_slice());
        let step = self.client.discover(WellKnown::OAuth, None, buffer).map_err(|_| out_of_buffer())?;
        let server = driver.drive(step).await.map_err(|reason| format!("discovery: {reason:?}"))?;
        Ok(self.server.get_or_init(|| server))
    }

    /// Begins a sign-in: where to send the browser that `binding` belongs to.
    pub async fn authorize(&self, driver: &Driver<'_>, binding: &str) -> Result<String, String> {
        let server = self.discover(driver).await?;
        let mut buffer = vec![0; BUFFER];
        let (browser, entropy) = (user_agent(binding)?, Entropy::new(crate::random()));
        let step =
            self.client.authorize(server, browser, AuthorizationRequest::default(), crate::now(), entropy, &mut buffer);
        let sign_in = driver.drive(step.map_err(|_| out_of_buffer())?).await;
        sign_in.map(|sign_in| sign_in.url.to_owned()).map_err(|failure| describe(&failure))
    }

    /// Ends a sign-in with what the browser brought back.
    pub async fn callback(&self, driver: &Driver<'_>, binding: &str, query: &str) -> Result<SignedIn, String> {
        let server = self.discover(driver).await?;
        let (mut buffer, mut query) = (vec![0; BUFFER], query.as_bytes().to_vec());
        let step = self.client.callback(server, &mut query, user_agent(binding)?, crate::now(), &mut buffer);
        let ended = driver.drive(step.map_err(|_| out_of_buffer())?).await;
        let signed_in = ended.map_err(|failure| describe(&failure))?;
        Ok(SignedIn {
            session: signed_in.session,
            access_token: signed_in.tokens.access_token.to_owned(),
            scope: signed_in.tokens.scope.to_owned(),
            subject: signed_in.tokens.identity.map(|identity| identity.subject.to_owned()),
        })
    }

    /// An access token that works, and another one than `rejected`.
    pub async fn refresh(&self, driver: &Driver<'_>, session: Key, rejected: Option<&str>) -> Result<String, String> {
        let server = self.discover(driver).await?;
        let mut buffer = vec![0; BUFFER];
        let step = self.client.refresh(server, session, rejected, crate::now(), &mut buffer);
        match driver.drive(step.map_err(|_| out_of_buffer())?).await {
            Refreshed::Usable(tokens) => Ok(tokens.access_token.to_owned()),
            Refreshed::Busy { .. } => Err("the session is being refreshed elsewhere".to_owned()),
            Refreshed::SignInAgain(failure) => Err(format!("sign in again: {}", describe(&failure))),
            Refreshed::Failed(failure) => Err(describe(&failure)),
        }
    }

    /// A token of the client's own, and another one than `rejected`.
    pub async fn credentials(
        &self,
        driver: &Driver<'_>,
        scope: Option<&str>,
        rejected: Option<&str>,
    ) -> Result<String, String> {
        let server = self.discover(driver).await?;
        let (mut buffer, entropy) = (vec![0; BUFFER], Entropy::new(crate::random()));
        let step = self.client.credentials(server, scope, rejected, crate::now(), entropy, &mut buffer);
        let ended = driver.drive(step.map_err(|_| out_of_buffer())?).await;
        ended.map(|signed_in| signed_in.tokens.access_token.to_owned()).map_err(|failure| describe(&failure))
    }

    /// What the server says of the user of a session, as JSON.
    pub async fn userinfo(&self, driver: &Driver<'_>, session: Key) -> Result<String, String> {
        let server = self.discover(driver).await?;
        let (mut buffer, entropy) = (vec![0; BUFFER], Entropy::new(crate::random()));
        let step = self.client.userinfo(server, session, crate::now(), entropy, &mut buffer);
        match driver.drive(step.map_err(|_| out_of_buffer())?).await {
            Ok(claims) => Ok(claims.text.to_owned()),
            Err(Requested::Answered(response)) => Err(format!("the server answered {}", response.status)),
            Err(Requested::TokenEnded { .. }) => Err("the access token is not valid there".to_owned()),
            Err(Requested::StepUp(_)) => Err("the user must authenticate otherwise".to_owned()),
            Err(Requested::ScopeInsufficient { .. }) => Err("the scope is not enough".to_owned()),
            Err(Requested::SignInAgain(failure)) => Err(format!("sign in again: {}", describe(&failure))),
            Err(Requested::Failed(failure)) => Err(describe(&failure)),
        }
    }

    /// Signs out.
    pub async fn revoke(&self, driver: &Driver<'_>, session: Key) -> Result<(), String> {
        let server = self.discover(driver).await?;
        let mut buffer = vec![0; BUFFER];
        let step = self.client.revoke(server, session, crate::now(), &mut buffer);
        match driver.drive(step.map_err(|_| out_of_buffer())?).await {
            Revoked::SignedOut { at_server: true } => Ok(()),
            Revoked::SignedOut { at_server: false } => Err("the server was not told".to_owned()),
            Revoked::Failed(failure) => Err(describe(&failure)),
        }
    }

    /// Asks the protected resource: the status and the body, or the challenge where there is none.
    pub async fn call(&self, driver: &Driver<'_>, access_token: &str) -> Result<(u16, String), String> {
        let asked = driver.http.bearer(self.client.resources, access_token).await;
        asked.map_err(|error| format!("the resource does not answer: {error}"))
    }

    /// The refresh token of a session, as somebody with a copy of the client's store would have it.
    pub async fn stolen_refresh_token(&self, driver: &Driver<'_>, session: Key) -> Option<String> {
        let row = driver.store.load(session).await.ok()??;
        let session = Session::decode(row.row().value).ok()?;
        session.tokens()?.refresh_token.map(str::to_owned)
    }
}

fn user_agent(binding: &str) -> Result<UserAgent<'_>, String> {
    UserAgent::new(binding.as_bytes()).map_err(|reason| format!("{reason:?}"))
}

fn describe(failure: &Failure<'_>) -> String {
    match failure.error {
        Some(error) => format!("the server said {}", error.code),
        None => failure.reason.answer().text.to_owned(),
    }
}

fn out_of_buffer() -> String {
    "a flow wants more than its buffer".to_owned()
}
