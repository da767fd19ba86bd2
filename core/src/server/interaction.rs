//! The interaction with the user: what the host's pages show, and how a later request finds it again.
//!
//! ```text
//! start      -> load grant | done
//! load grant -> done
//! ```

use crate::error::{Reason, TooSmall, lent};
use crate::record::{Grant, Key, Kind, Record, Refusal, Requested};
use crate::server::{BUFFER, Context, Server, reply};
use crate::step::{Answer, Flow, Load, Row, Step, no_phases};
use crate::terms::client_id;
use crate::terms::credential::CredentialKind;
use crate::terms::list::List;
use crate::terms::redirect_uri;
use crate::terms::{Time, UserAgent};
use crate::wire::http::Reply;

/// What an authorization request leads to.
pub enum Authorization<'a> {
    /// Authenticate the user, ask for consent, and go on with [`Server::decide`].
    Interact(Prompt<'a>),
    /// Send this page, or one of the host's own: there is nobody to redirect to.
    Refused(Reply<'a>),
}

/// What the host's pages need to know of an authorization request. Nothing in it is safe to be put into HTML unescaped.
#[derive(Clone, Copy)]
pub struct Prompt<'a> {
    /// Names the interaction; the pages carry it along, in a URL or a form field. Worthless in another browser.
    pub handle: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// The client's name, as registered.
    pub client_name: &'a str,
    /// The host of the client's metadata document, where that is all that is known of the client: nobody has registered it, and its
    /// name is what it says. To be shown more plainly than the name (draft-ietf-oauth-client-id-metadata-document section 8.5).
    pub client_host: Option<&'a str>,
    /// Where the user will be sent.
    pub redirect_uri: &'a str,
    /// The host that the user will be sent to, or the scheme if the redirection URI has none: to be shown.
    pub redirect_host: &'a str,
    /// Whether the user will be sent to a program on their own machine. Any program there can pose as this one, so the page
    /// should warn (RFC 8252 section 8.6).
    pub loopback: bool,
    /// Whether the client will have to authenticate. If not, nothing proves who it is, and consent must not be skipped,
    /// whatever was approved before (RFC 6749 section 10.2).
    pub confidential: bool,
    /// The scope asked for; the user may approve less.
    pub scope: &'a str,
    /// The resources asked for, with a space between them.
    pub resources: &'a str,
    /// The authorization details asked for, as JSON (RFC 9396); empty for none. Each is of a type that the client is registered
    /// for; what it asks within its type is for the host to judge, and for the user to approve.
    pub authorization_details: &'a str,
    /// How the user is to be asked (OpenID Connect Core section 3.1.2.1): empty, `none`, or some of `login`, `consent` and
    /// `select_account`. For `none`, nothing may be shown: what cannot be decided without is ended by [`Server::decline`].
    pub prompt: &'a str,
    /// From when on the user must have been authenticated (`max_age`, `prompt=login`): a sign-in before that time does not do,
    /// and the user must be authenticated anew. 0 if any sign-in does.
    pub authenticated_since: Time,
    /// Who the user might be. A hint: it proves nothing.
    pub login_hint: Option<&'a str>,
    /// The authentication context classes asked for, the best one first; empty for any.
    pub acr_values: &'a str,
    /// What will be told to the client. There is nothing to ask consent for, but the user must be authenticated all the same,
    /// and should see where they are being sent before a decision, whichever, sends them (RFC 9700 section 4.11.2).
    pub refusal: Option<Reason>,
    /// When the interaction lapses.
    pub expires_at: Time,
}

impl<'a> Prompt<'a> {
    pub(super) fn new(handle: &'a str, requested: &Requested<'a>, server: &Server<'_>, now: Time) -> Self {
        Self {
            handle,
            client_id: requested.client_id,
            client_name: requested.client_name,
            client_host: client_id::host(requested.client_id),
            redirect_uri: requested.redirect_uri,
            redirect_host: redirect_uri::host(requested.redirect_uri),
            loopback: redirect_uri::is_loopback(requested.redirect_uri),
            confidential: requested.confidential,
            scope: requested.scope,
            resources: requested.resources,
            authorization_details: requested.authorization_details,
            prompt: requested.prompt,
            authenticated_since: authenticated_since(requested, server, now),
            login_hint: requested.login_hint,
            acr_values: requested.acr_values,
            refusal: requested.refusal.map(Refusal::reason),
            expires_at: requested.expires_at,
        }
    }
}

/// From when on the user must have been authenticated: since the request came in, or, if it does not demand that, within its
/// `max_age` (OpenID Connect Core section 3.1.2.1).
pub(super) fn authenticated_since(requested: &Requested<'_>, server: &Server<'_>, now: Time) -> Time {
    let came_in = Time(requested.expires_at.0.saturating_sub(server.lifetimes.interaction));
    match requested.max_age {
        _ if List(requested.prompt).contains("login") => came_in,
        Some(max_age) => came_in.min(Time(now.0.saturating_sub(max_age))),
        None => Time(0),
    }
}

/// The flow that finds an interaction again: see [`Server::resume`].
pub enum Resume {}

impl<'a> Server<'a> {
    /// Finds the interaction that `handle` names, for a page that is shown in a later request.
    ///
    /// The buffer needs [`BUFFER`] bytes.
    pub fn resume(
        &'a self,
        handle: &'a str,
        user_agent: UserAgent<'a>,
        now: Time,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Resume>, TooSmall> {
        let mut cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(match cx.server.keys.open(&[CredentialKind::Interaction], handle) {
            Some(credential) if !now.reached(credential.expires_at) => Step::Load(Load {
                key: Key::grant(credential.grant),
                kind: Kind::Grant,
                at: AwaitGrant { cx, handle, user_agent },
            }),
            Some(_) => Step::Done(Authorization::Refused(reply::page(&mut cx, Reason::InteractionExpired))),
            None => Step::Done(Authorization::Refused(reply::page(&mut cx, Reason::InteractionInvalid))),
        })
    }
}

/// The interaction's row is being read.
pub struct AwaitGrant<'a> {
    cx: Context<'a>,
    handle: &'a str,
    user_agent: UserAgent<'a>,
}

impl<'a> AwaitGrant<'a> {
    fn prompt(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Prompt<'a>, Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::InteractionExpired)?;
        let value = self.cx.arena.copy(row.value)?;
        let grant = Grant::decode(value);
        let requested = pending(lent(&grant)?, self.user_agent, self.cx.now)?;
        Ok(Prompt::new(self.handle, requested, self.cx.server, self.cx.now))
    }
}

/// The request of an interaction of this user agent that still waits for its decision.
pub(super) fn pending<'g, 'v>(
    grant: &'g Grant<'v>,
    user_agent: UserAgent<'_>,
    now: Time,
) -> Result<&'g Requested<'v>, Reason> {
    match grant {
        Grant::Pending(pending) if !user_agent.is(&pending.user_agent) => Err(Reason::InteractionForeign),
        Grant::Pending(pending) if now.reached(pending.requested.expires_at) => Err(Reason::InteractionExpired),
        Grant::Pending(pending) => Ok(&pending.requested),
        Grant::Pushed(_) => Err(Reason::InteractionInvalid),
        Grant::Code(_) | Grant::Active(_) | Grant::Revoked(_) => Err(Reason::InteractionDecided),
    }
}

impl Flow for Resume {
    type Output<'a> = Authorization<'a>;
    type Loading<'a> = AwaitGrant<'a>;
    no_phases!(Committing Signing Verifying Sending);

    fn loaded<'a>(mut at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        Step::Done(match at.prompt(row) {
            Ok(prompt) => Authorization::Interact(prompt),
            Err(reason) => Authorization::Refused(reply::page(&mut at.cx, reason)),
        })
    }
}
