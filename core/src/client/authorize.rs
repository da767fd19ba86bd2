//! Sending the user to the server: the authorization request (RFC 6749 section 4.1.1).
//!
//! ```text
//! start          -> commit session | done
//! commit session -> done
//! ```
//!
//! An application has no say in the parameters but for the scope: none of them can come twice.

use crate::client::{Client, Context, MixUpDefense, write_resources};
use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::proof::pkce;
use crate::record::{Key, Session, Started};
use crate::step::{Answer, Commit, Committed, Flow, Step, Write, no_phases};
use crate::terms::list::List;
use crate::terms::metadata::ServerMetadata;
use crate::terms::parameter;
use crate::terms::resource::Resource;
use crate::terms::{Entropy, Time, UserAgent};
use crate::wire::write::FormWriter;

/// The flow of an authorization request: see [`Client::authorize`].
pub enum Authorize {}

/// A sign-in that has begun. No `Debug`: the URL holds the `state`.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// Where to send the user's browser, by 303 and with `Referrer-Policy: no-referrer`.
    pub url: &'a str,
    /// The session that the response will belong to.
    pub session: Key,
}

impl<'a> Client<'a> {
    /// Begins a sign-in in the browser that `user_agent` is the binding of.
    ///
    /// `scope` is what to ask for, if it is not the client's usual scope. The buffer needs [`BUFFER`](super::BUFFER) bytes.
    pub fn authorize(
        &'a self,
        server: &ServerMetadata<'a>,
        user_agent: UserAgent<'_>,
        scope: Option<&'a str>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Authorize>, TooSmall> {
        let mut cx = Context::new(self, server, now, buffer)?;
        Ok(match start(&mut cx, user_agent, scope.unwrap_or(self.scope), entropy) {
            Ok((write, sign_in)) => Step::Commit(Commit { write, at: AwaitCommit { sign_in } }),
            Err(reason) => Step::Done(Err(reason)),
        })
    }
}

fn start<'a>(
    cx: &mut Context<'a>,
    user_agent: UserAgent<'_>,
    scope: &str,
    entropy: Entropy,
) -> Result<(Write<'a>, SignIn<'a>), Reason> {
    cx.check_server()?;
    if cx.client.mix_up_defense == MixUpDefense::Iss && !cx.server.sends_iss() {
        return Err(Reason::IssUnsupported);
    }
    let Client { client_id, redirect_uri, resources, lifetimes, .. } = *cx.client;
    parameter::check(Name::RedirectUri, redirect_uri)?;
    // What a foreign server's scope may hold beyond its grammar is that server's business.
    if !scope.is_empty() {
        parameter::check(Name::Scope, scope)?;
    }
    for resource in List(resources).words() {
        Resource::parse(resource)?;
    }
    let [state, code_verifier] = entropy.derive(["state", "code_verifier"])?;
    let state = cx.arena.text(|w| w.base64url(&state))?;
    let code_verifier = cx.arena.text(|w| w.base64url(&code_verifier))?;

    let expires_at = cx.now.after(lifetimes.sign_in);
    let session = Session::Started(Started {
        owner: cx.owner(),
        user_agent: user_agent.hash(),
        iss_promised: cx.server.sends_iss(),
        code_verifier,
        redirect_uri,
        scope,
        resources,
        expires_at,
    });
    let (value, _) = cx.encode(&session)?;

    let endpoint = cx.server.authorization_endpoint().as_str();
    let challenge = cx.arena.text(|w| w.base64url(&pkce::challenge_of(code_verifier)))?;
    let url = cx.arena.text(|w| {
        w.str(endpoint);
        // The endpoint may have a query of its own, which stays (RFC 6749 section 3.1).
        let has_query = endpoint.bytes().any(|byte| byte == b'?');
        let mut query = FormWriter::new(w, if has_query { "&" } else { "?" });
        query.pair("response_type", "code");
        query.pair("client_id", client_id.as_str());
        query.pair("redirect_uri", redirect_uri);
        query.optional("scope", Some(scope).filter(|scope| !scope.is_empty()));
        write_resources(&mut query, resources);
        query.pair("state", state);
        query.pair("code_challenge", challenge);
        query.pair("code_challenge_method", "S256");
    })?;
    let key = Key::session(state);
    Ok((cx.write(key, None, Some(value), expires_at), SignIn { url, session: key }))
}

/// The request is being stored.
pub struct AwaitCommit<'a> {
    sign_in: SignIn<'a>,
}

impl Flow for Authorize {
    type Output<'a> = Result<SignIn<'a>, Reason>;
    type Committing<'a> = AwaitCommit<'a>;
    no_phases!(Loading Signing Verifying Sending);

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        Step::Done(match outcome {
            Ok(Committed::Yes) => Ok(at.sign_in),
            // A row with this random name exists: no honest random source does that twice.
            Ok(Committed::Conflict) => Err(Reason::StoreBusy),
            Err(_) => Err(Reason::StoreUnavailable),
        })
    }
}
