//! Sending the user to the server: the authorization request (RFC 6749 section 4.1.1), pushed before if it is to be (RFC 9126).
//!
//! ```text
//! start          -> commit session | sign | send | done
//! sign           -> sign | send | done
//! send           -> commit session | sign | done
//! commit session -> done
//! ```
//!
//! An application has no say in the parameters but for those of [`AuthorizationRequest`]: none of them can come twice.

use crate::client::exchange::{Asking, Turn};
use crate::client::response::{Failure, read_pushed};
use crate::client::{Authentication, Client, Context, MixUpDefense, PushedRequests, write_resources};
use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::proof::pkce;
use crate::record::{Key, Session, Signing, Started};
use crate::step::{Answer, Commit, Committed, Flow, Step, Write, no_phases};
use crate::terms::endpoint::Endpoint;
use crate::terms::list::List;
use crate::terms::metadata::ServerMetadata;
use crate::terms::parameter;
use crate::terms::resource::Resource;
use crate::terms::secret;
use crate::terms::{Entropy, Time, UserAgent};
use crate::wire::http::Response;
use crate::wire::write::FormWriter;

/// The flow of an authorization request: see [`Client::authorize`].
pub enum Authorize {}

/// What a sign-in asks for.
#[derive(Clone, Copy, Default)]
pub struct AuthorizationRequest<'a> {
    /// The scope, if it is not the client's usual one. With `openid` among it the sign-in is one of OpenID Connect.
    pub scope: Option<&'a str>,
    /// How long ago the user may have been authenticated, in seconds (OpenID Connect Core section 3.1.2.1). What the server
    /// says of it is checked.
    pub max_age: Option<u64>,
    /// The authentication context classes that will do, with a space between them; empty for any. What the server says of it is
    /// checked.
    pub acr_values: &'a str,
    /// `prompt`; empty for the server's choice.
    pub prompt: &'a str,
    /// `login_hint`.
    pub login_hint: Option<&'a str>,
}

/// A sign-in that has begun. No `Debug`: the URL holds the `state`.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// Where to send the user's browser, by 303 and with `Referrer-Policy: no-referrer`.
    pub url: &'a str,
    /// The session that the response will belong to.
    pub session: Key,
}

impl<'a> Client<'a> {
    /// Begins a sign-in in the browser that `user_agent` is the binding of. The buffer needs [`BUFFER`](super::BUFFER) bytes.
    pub fn authorize(
        &'a self,
        server: &'a ServerMetadata<'a>,
        user_agent: UserAgent<'_>,
        request: AuthorizationRequest<'a>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Authorize>, TooSmall> {
        let mut cx = Context::new(self, server, now, buffer)?;
        Ok(match start(&mut cx, user_agent, request, &entropy) {
            Ok(Start::Direct(write, sign_in)) => Step::Commit(Commit { write, at: AwaitCommit { sign_in } }),
            Ok(Start::Pushed(asking, begun)) => {
                AwaitPushed { cx, asking, begun }.go_on(|at| at.cx.prepare(&mut at.asking))
            }
            Err(reason) => Step::Done(Err(reason.into())),
        })
    }
}

/// A sign-in whose parameters are all there.
struct Begun<'a> {
    endpoint: Endpoint<'a>,
    key: Key,
    started: Started<'a>,
}

/// How a sign-in goes on.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
enum Start<'a> {
    Direct(Write<'a>, SignIn<'a>),
    Pushed(Asking<'a>, Begun<'a>),
}

fn start<'a>(
    cx: &mut Context<'a>,
    user_agent: UserAgent<'_>,
    request: AuthorizationRequest<'a>,
    entropy: &Entropy,
) -> Result<Start<'a>, Reason> {
    cx.check_server()?;
    cx.check_offer()?;
    if cx.client.mix_up_defense == MixUpDefense::Iss && !cx.server.sends_iss() {
        return Err(Reason::IssUnsupported);
    }
    let endpoint = cx.server.authorization_endpoint().ok_or(Reason::Missing(Name::AuthorizationEndpoint))?;
    let Client { client_id, redirect_uri, resources, lifetimes, .. } = *cx.client;
    let scope = request.scope.unwrap_or(cx.client.scope);
    parameter::check(Name::RedirectUri, redirect_uri)?;
    // What a foreign server's scope may hold beyond its grammar is that server's business.
    for (name, value) in [(Name::Scope, scope), (Name::AcrValues, request.acr_values), (Name::Prompt, request.prompt)] {
        if !value.is_empty() {
            parameter::check(name, value)?;
        }
    }
    if let Some(hint) = request.login_hint {
        parameter::check(Name::LoginHint, hint)?;
    }
    for resource in List(resources).words() {
        Resource::parse(resource)?;
    }
    let [state, code_verifier, seed] = entropy.derive(["state", "code_verifier", "session"])?;
    let state = cx.arena.text(|w| w.base64url(&state))?;
    let code_verifier = cx.arena.text(|w| w.base64url(&code_verifier))?;
    let challenge = pkce::challenge_of(code_verifier);
    let signing = Signing { seed, key_id: cx.client.key_id()?, nonce: None };
    let nonce = List(scope).contains("openid").then(|| nonce_of(&seed));
    if nonce.is_some() {
        cx.server.check_id_token(cx.client.id_token_algorithm)?;
        cx.server.jwks_uri().ok_or(Reason::ServerLacks(Name::JwksUri))?;
    }
    let jkt = match signing.key_id.and_then(|key_id| cx.client.key(key_id)) {
        Some(key) => Some(key.public(&mut cx.arena)?.thumbprint()),
        None => None,
    };
    let begun = Begun {
        endpoint,
        key: Key::session(state),
        started: Started {
            owner: cx.owner(),
            user_agent: user_agent.hash(),
            iss_promised: cx.server.sends_iss(),
            code_verifier,
            redirect_uri,
            scope,
            resources,
            max_age: request.max_age,
            acr_values: request.acr_values,
            signing,
            expires_at: cx.now.after(lifetimes.sign_in),
        },
    };
    let parameters = |form: &mut FormWriter<'_, '_>| {
        form.pair("redirect_uri", redirect_uri);
        form.optional("scope", Some(scope).filter(|scope| !scope.is_empty()));
        write_resources(form, resources);
        form.pair("state", state);
        form.text("code_challenge", |w| w.base64url(&challenge));
        form.pair("code_challenge_method", "S256");
        if let Some(nonce) = &nonce {
            form.text("nonce", |w| w.base64url(nonce));
        }
        if let Some(jkt) = &jkt {
            form.text("dpop_jkt", |w| w.base64url(jkt));
        }
        if let Some(max_age) = request.max_age {
            form.text("max_age", |w| w.decimal(max_age));
        }
        form.optional("acr_values", Some(request.acr_values).filter(|values| !values.is_empty()));
        form.optional("prompt", Some(request.prompt).filter(|prompt| !prompt.is_empty()));
        form.optional("login_hint", request.login_hint);
    };
    if cx.client.pushed_requests == PushedRequests::Always || cx.server.pushed_requests_only() {
        let name = Name::PushedAuthorizationRequestEndpoint;
        let endpoint = cx.server().pushed_authorization_request_endpoint().ok_or(Reason::ServerLacks(name))?;
        let authentication = cx.client.authentication;
        let asking = cx.ask(endpoint, signing, 0, true, &mut |form| {
            form.pair("response_type", "code");
            // It is a parameter of the request, wherever else the client is named (RFC 9126 section 2.1).
            if matches!(authentication, Authentication::ClientSecretBasic(_)) {
                form.pair("client_id", client_id.as_str());
            }
            parameters(form);
        })?;
        return Ok(Start::Pushed(asking, begun));
    }
    let (write, sign_in) = begun.commit(cx, &mut |query| {
        query.pair("response_type", "code");
        query.pair("client_id", client_id.as_str());
        parameters(query);
    })?;
    Ok(Start::Direct(write, sign_in))
}

/// The `nonce` of a session's authorization request, which its ID token must hold (OpenID Connect Core section 3.1.3.7).
pub(super) fn nonce_of(seed: &[u8; 32]) -> [u8; 32] {
    secret::derived(seed, &[b"nonce"])
}

impl<'a> Begun<'a> {
    /// The write that stores the session, and where the user is sent then.
    fn commit(
        &self,
        cx: &mut Context<'a>,
        fill: &mut dyn FnMut(&mut FormWriter<'_, '_>),
    ) -> Result<(Write<'a>, SignIn<'a>), Reason> {
        let value = cx.encode(&Session::Started(self.started))?;
        let endpoint = self.endpoint.as_str();
        let url = cx.arena.text(|w| {
            w.str(endpoint);
            // The endpoint may have a query of its own, which stays (RFC 6749 section 3.1).
            let has_query = endpoint.bytes().any(|byte| byte == b'?');
            fill(&mut FormWriter::new(w, if has_query { "&" } else { "?" }));
        })?;
        Ok((cx.write(self.key, None, Some(value), self.started.expires_at), SignIn { url, session: self.key }))
    }
}

/// The request is being pushed.
pub struct AwaitPushed<'a> {
    cx: Context<'a>,
    asking: Asking<'a>,
    begun: Begun<'a>,
}

impl<'a> AwaitPushed<'a> {
    fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<Turn<'a>, Reason>) -> Step<'a, Authorize> {
        match turn(&mut self) {
            Ok(turn) => turn.step(self),
            Err(reason) => Step::Done(Err(reason.into())),
        }
    }

    fn judge(mut self, response: Answer<Response<'_>>) -> Step<'a, Authorize> {
        let Ok(response) = response else { return Step::Done(Err(Reason::PeerUnavailable.into())) };
        let headers = response.headers;
        if let Err(reason) = self.cx.learn(&mut self.asking, headers) {
            return Step::Done(Err(reason.into()));
        }
        match read_pushed(response) {
            Ok(request_uri) => {
                self.begun.started.signing = self.asking.signing_for(self.cx.server().token_endpoint());
                let client_id = self.cx.client.client_id.as_str();
                let committed = self.begun.commit(&mut self.cx, &mut |query| {
                    query.pair("client_id", client_id);
                    query.pair("request_uri", request_uri);
                });
                match committed {
                    Ok((write, sign_in)) => Step::Commit(Commit { write, at: AwaitCommit { sign_in } }),
                    Err(reason) => Step::Done(Err(reason.into())),
                }
            }
            Err(failure) if self.cx.again(&mut self.asking, &failure, headers) => {
                self.go_on(|at| at.cx.prepare(&mut at.asking))
            }
            Err(failure) => Step::Done(Err(failure.copy(&mut self.cx.arena))),
        }
    }
}

/// The request is being stored.
pub struct AwaitCommit<'a> {
    sign_in: SignIn<'a>,
}

impl Flow for Authorize {
    type Output<'a> = Result<SignIn<'a>, Failure<'a>>;
    type Committing<'a> = AwaitCommit<'a>;
    type Signing<'a> = AwaitPushed<'a>;
    type Sending<'a> = AwaitPushed<'a>;
    no_phases!(Loading Verifying);

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        Step::Done(match outcome {
            Ok(Committed::Yes) => Ok(at.sign_in),
            // A row with this random name exists: no honest random source does that twice.
            Ok(Committed::Conflict) => Err(Reason::StoreBusy.into()),
            Err(_) => Err(Reason::StoreUnavailable.into()),
        })
    }

    fn signed<'a>(at: Self::Signing<'a>, signature: Answer<&[u8]>) -> Step<'a, Self> {
        at.go_on(|at| at.cx.signed(&mut at.asking, signature))
    }

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        at.judge(response)
    }
}
