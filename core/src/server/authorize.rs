//! The authorization endpoint (RFC 6749 section 3.1): a request comes in, an interaction with the user goes out.
//!
//! ```text
//! start       -> load client | done
//! load client -> commit grant | done
//! commit grant -> done
//! ```
//!
//! The order of the checks is fixed: decode and refuse repetitions; the client; the redirection URI; and only then what is
//! told to the client by redirect. Until the redirection URI is proven there is but an error page. After it an error
//! waits in the row until the user is authenticated, so that the server is no open redirector (RFC 9700 section 4.11.2).

use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::proof::pkce;
use crate::proof::redirect::RedirectUriMatched;
use crate::record::{AuthenticationMethod, Client, Grant, Key, Kind, Pending, Record, Refusal, Requested};
use crate::server::interaction::{Authorization, Prompt};
use crate::server::{BUFFER, Context, Server, reply};
use crate::step::{Answer, Commit, Committed, Flow, Labels, Load, Row, Step, Write, no_phases};
use crate::terms::credential::{Credential, CredentialKind, GrantId};
use crate::terms::list::List;
use crate::terms::parameter::{parameters, required};
use crate::terms::resource::Resource;
use crate::terms::scope;
use crate::terms::{Entropy, Time, UserAgent};
use crate::wire::header;
use crate::wire::http::{Method, Request};
use crate::wire::write::Arena;

parameters! {
    /// The authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2.1).
    pub(crate) struct AuthorizationRequest {
        response_type, response_mode, client_id, redirect_uri, scope, state, code_challenge, code_challenge_method, request,
        request_uri; many resource
    }
}

/// The flow of the authorization endpoint: see [`Server::authorize`].
pub enum Authorize {}

impl<'a> Server<'a> {
    /// Judges an authorization request and, if it is one, stores it until its user has decided.
    ///
    /// `user_agent` is the binding of the browser that sent it. Ends in a [`Prompt`] to show, or in the error page.
    /// The buffer needs [`BUFFER`] bytes. Whoever knows a client can have a row stored until the interaction lapses, so a host
    /// limits the rate of these requests.
    pub fn authorize(
        &'a self,
        request: Request<'a, '_>,
        user_agent: UserAgent<'_>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Authorize>, TooSmall> {
        let cx = Context::new(self, now, buffer, BUFFER)?;
        Ok(start(cx, request, user_agent, entropy))
    }
}

fn start<'a>(
    mut cx: Context<'a>,
    request: Request<'a, '_>,
    user_agent: UserAgent<'_>,
    entropy: Entropy,
) -> Step<'a, Authorize> {
    let read = || {
        let form = match request.method {
            Method::Get => request.query,
            Method::Post => {
                header::expect_form(request.headers)?;
                request.body
            }
            Method::Other => return Err(Reason::Method),
        };
        let request = AuthorizationRequest::read(form)?;
        let client_id = required(request.client_id, Name::ClientId)?;
        // A `state` that cannot be echoed leaves no way to answer the client.
        let state = request.state?;
        let [[g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, g12, g13, g14, g15, ..]] = entropy.derive(["grant"])?;
        let grant = GrantId([g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, g12, g13, g14, g15]);
        Ok((request, client_id, state, grant))
    };
    match read() {
        Ok((request, client_id, state, grant)) => {
            let at = AwaitClient { cx, request, client_id, state, grant, user_agent: user_agent.hash() };
            Step::Load(Load { key: Key::client(client_id), kind: Kind::Client, at })
        }
        Err(reason) => Step::Done(Authorization::Refused(reply::page(&mut cx, reason))),
    }
}

/// The client's row is being read.
pub struct AwaitClient<'a> {
    cx: Context<'a>,
    request: AuthorizationRequest<'a>,
    client_id: &'a str,
    state: Option<&'a str>,
    grant: GrantId,
    user_agent: [u8; 32],
}

impl<'a> AwaitClient<'a> {
    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Authorize> {
        match self.write(row) {
            Ok((write, prompt)) => Step::Commit(Commit { write, at: AwaitCommit { cx: self.cx, prompt } }),
            Err(reason) => Step::Done(Authorization::Refused(reply::page(&mut self.cx, reason))),
        }
    }

    fn write(&mut self, row: Answer<Option<Row<'_>>>) -> Result<(Write<'a>, Prompt<'a>), Reason> {
        let row = row.map_err(|_| Reason::StoreUnavailable)?.ok_or(Reason::UnknownClient)?;
        let client = Client::decode(row.value)?;
        if client.client_id != self.client_id || client.disabled {
            return Err(Reason::UnknownClient);
        }
        let redirect_uri = RedirectUriMatched::prove(self.request.redirect_uri, &client, &mut self.cx.arena)?;
        let (asked, refusal) = match asked(&self.request, &client, &mut self.cx.arena)? {
            Ok(asked) => (asked, None),
            Err(refusal) => (Asked::NOTHING, Some(refusal)),
        };
        let expires_at = self.cx.now.after(self.cx.server.lifetimes.interaction);
        let requested = Requested {
            client_id: self.client_id,
            client_name: client.name,
            redirect_uri: redirect_uri.as_str(),
            confidential: client.authentication != AuthenticationMethod::None,
            state: self.state,
            scope: asked.scope,
            resources: asked.resources,
            challenge: asked.challenge,
            refreshable: client.grant_types.refresh_token,
            nonce: None,
            max_age: None,
            prompt: "",
            login_hint: None,
            acr_values: "",
            authorization_details: "",
            dpop_jkt: None,
            refusal,
            expires_at,
        };
        let pending = Pending { user_agent: self.user_agent, requested };
        let value: &'a [u8] = self.cx.arena.fill(|place| Grant::Pending(pending).encode(place))?;
        // The prompt borrows from the row as it will be stored, not from the client's row, which goes with this answer.
        let Ok(Grant::Pending(stored)) = Grant::decode(value) else { return Err(Reason::RowUndecodable) };
        let handle = Credential {
            kind: CredentialKind::Interaction,
            grant: self.grant,
            generation: 0,
            expires_at,
            scope: 0,
            resources: 0,
            bound_to: None,
        };
        let keys = &self.cx.server.keys;
        let prompt = Prompt::new(self.cx.arena.text(|w| keys.mint(&handle, w))?, &stored.requested);
        let labels = Labels { kind: Kind::Grant, client_id: Some(self.client_id), subject: None };
        let key = Key::grant(self.grant);
        Ok((Write { key, expected: None, value: Some(value), expires_at, labels }, prompt))
    }
}

/// Reads what the request asks for. What is wrong here is a refusal that the client is told by redirect.
fn asked<'a>(
    request: &AuthorizationRequest<'a>,
    client: &Client<'_>,
    arena: &mut Arena<'a>,
) -> Result<Result<Asked<'a>, Refusal>, Reason> {
    let challenge = match challenge(request, client) {
        Ok(challenge) => challenge,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let scope = match request.scope {
        Ok(Some(scope)) => scope::parse(scope).ok(),
        // Where a client may have scopes, it names some or has a default (RFC 6749 section 3.3).
        Ok(None) if client.default_scope.is_empty() && !client.scope.is_empty() => None,
        Ok(None) => Some(List(client.default_scope)),
        Err(_) => None,
    };
    let Some(scope) = scope.filter(|scope| scope.is_subset_of(List(client.scope))) else {
        return Ok(Err(Refusal::Scope));
    };
    let allowed = List(client.resources);
    if request.resource.iter().any(|resource| Resource::parse(resource).is_err() || !allowed.contains(resource)) {
        return Ok(Err(Refusal::Resource));
    }
    let default = allowed.words().next();
    let resources = arena.text(|w| match request.resource.is_empty() {
        true => w.distinct(default),
        false => w.distinct(request.resource.iter().copied()),
    })?;
    Ok(Ok(Asked { scope: arena.text(|w| w.distinct(scope.words()))?, resources, challenge }))
}

fn challenge(request: &AuthorizationRequest<'_>, client: &Client<'_>) -> Result<[u8; 32], Refusal> {
    if request.request != Ok(None) {
        return Err(Refusal::RequestObject);
    }
    if request.request_uri != Ok(None) {
        return Err(Refusal::RequestUri);
    }
    match request.response_type {
        Ok(Some("code")) => {}
        Ok(None) => return Err(Refusal::ResponseTypeMissing),
        _ => return Err(Refusal::ResponseType),
    }
    if !matches!(request.response_mode, Ok(None | Some("query"))) {
        return Err(Refusal::ResponseMode);
    }
    if !client.grant_types.authorization_code {
        return Err(Refusal::GrantTypeNotRegistered);
    }
    pkce::read_challenge(request.code_challenge, request.code_challenge_method)
}

struct Asked<'a> {
    scope: &'a str,
    resources: &'a str,
    challenge: [u8; 32],
}

impl Asked<'_> {
    const NOTHING: Self = Self { scope: "", resources: "", challenge: [0; 32] };
}

/// The request is being stored.
pub struct AwaitCommit<'a> {
    cx: Context<'a>,
    prompt: Prompt<'a>,
}

impl Flow for Authorize {
    type Output<'a> = Authorization<'a>;
    type Loading<'a> = AwaitClient<'a>;
    type Committing<'a> = AwaitCommit<'a>;
    no_phases!(Signing Verifying Sending);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        at.judge(row)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        let AwaitCommit { mut cx, prompt } = at;
        Step::Done(match outcome {
            Ok(Committed::Yes) => Authorization::Interact(prompt),
            // A row with this random name exists: no honest random source does that twice.
            Ok(Committed::Conflict) => Authorization::Refused(reply::page(&mut cx, Reason::StoreBusy)),
            Err(_) => Authorization::Refused(reply::page(&mut cx, Reason::StoreUnavailable)),
        })
    }
}
