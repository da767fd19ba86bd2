//! Having an access token of the client's own, without a user (RFC 6749 section 4.4).
//!
//! ```text
//! start          -> load session | done
//! load session   -> sign | send | done
//! sign           -> sign | send | done
//! send           -> commit session | sign | done
//! commit session -> done
//! ```
//!
//! The session is found by what is asked for, so that all that run as this client share it. Nothing is spent here, and so there
//! is no lease: two that ask at once have a token each, and the row keeps one of them.

use crate::client::exchange::{Asking, Turn};
use crate::client::response::{Asked, Failure, Tokens, read_token_response};
use crate::client::{Authentication, Binding, Client, Context, SignedIn, works, write_resources};
use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::record::{Key, Kind, Record, Session, Signing, TokenSet};
use crate::step::{Answer, Commit, Committed, Flow, Load, Row, Step, Write, no_phases};
use crate::terms::metadata::ServerMetadata;
use crate::terms::parameter;
use crate::terms::{Entropy, Time};
use crate::wire::http::Response;

/// The flow of the client credentials grant: see [`Client::credentials`].
pub enum Credentials {}

impl<'a> Client<'a> {
    /// Finds an access token of the client's own that works, and asks for one if there is none. A public client has none.
    ///
    /// `scope` is what to ask for, if it is not the client's usual scope; `rejected` is the access token that a resource has
    /// refused as invalid, if one has. The session that comes with the token can be signed out. The buffer needs
    /// [`BUFFER`](super::BUFFER) bytes.
    pub fn credentials(
        &'a self,
        server: &'a ServerMetadata<'a>,
        scope: Option<&'a str>,
        rejected: Option<&'a str>,
        now: Time,
        entropy: Entropy,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Credentials>, TooSmall> {
        let cx = Context::new(self, server, now, buffer)?;
        let scope = scope.unwrap_or(self.scope);
        Ok(match start(&cx, scope, &entropy) {
            Ok(signing) => {
                let key = Key::credentials(self.issuer.as_str(), self.client_id.as_str(), scope, self.resources);
                let at = AwaitSession { cx, key, scope, rejected, signing };
                Step::Load(Load { key, kind: Kind::Session, at })
            }
            Err(reason) => Step::Done(Err(reason.into())),
        })
    }
}

fn start<'a>(cx: &Context<'a>, scope: &str, entropy: &Entropy) -> Result<Signing<'a>, Reason> {
    cx.check_server()?;
    cx.check_offer()?;
    if matches!(cx.client.authentication, Authentication::None) {
        return Err(Reason::PublicClient);
    }
    if !scope.is_empty() {
        parameter::check(Name::Scope, scope)?;
    }
    let [seed] = entropy.derive(["session"])?;
    Ok(Signing { seed, key_id: cx.client.key_id()?, nonce: None })
}

/// The session is being read.
pub struct AwaitSession<'a> {
    cx: Context<'a>,
    key: Key,
    scope: &'a str,
    rejected: Option<&'a str>,
    signing: Signing<'a>,
}

impl<'a> AwaitSession<'a> {
    fn judge(mut self, row: Answer<Option<Row<'_>>>) -> Step<'a, Credentials> {
        match self.held(row) {
            Ok(Err(tokens)) => Step::Done(Ok(SignedIn { session: self.key, tokens })),
            Ok(Ok(version)) => self.ask(version),
            Err(reason) => Step::Done(Err(reason.into())),
        }
    }

    /// The version of the row that is to be replaced, or the tokens that still work.
    fn held(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Result<Option<u64>, Tokens<'a>>, Reason> {
        let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? else { return Ok(Ok(None)) };
        let session = Session::decode(row.value);
        // A row that cannot be read holds nothing: a token is asked for, and takes its place.
        let Ok(session) = &session else { return Ok(Ok(Some(row.version))) };
        if !self.cx.owns(session) {
            return Err(Reason::SessionForeign);
        }
        if let Some(tokens) = session.tokens() {
            // A token that is bound to a key that is to be given up is not asked for again while it lasts; one that is bound to
            // nothing, where the client now has keys, is.
            let bound_as_now = match tokens.signing.key_id {
                Some(key_id) => self.cx.client.key(key_id).is_some(),
                None => !matches!(self.cx.client.binding, Binding::Dpop(_)),
            };
            if bound_as_now && works(tokens, self.rejected, self.cx.fresh_until()) {
                return Tokens::of(tokens).copy(&mut self.cx.arena).map(Err);
            }
            self.signing.nonce = tokens.signing.copy(&mut self.cx.arena)?.nonce;
        }
        Ok(Ok(Some(row.version)))
    }

    fn ask(mut self, version: Option<u64>) -> Step<'a, Credentials> {
        let (scope, resources) = (self.scope, self.cx.client.resources);
        let asking = self.cx.ask(self.cx.server().token_endpoint(), self.signing, 0, true, &mut |form| {
            form.pair("grant_type", "client_credentials");
            form.optional("scope", Some(scope).filter(|scope| !scope.is_empty()));
            write_resources(form, resources);
        });
        match asking {
            Ok(asking) => {
                let Self { cx, key, scope, .. } = self;
                AwaitTokens { cx, key, scope, version, asking }.go_on(|at| at.cx.prepare(&mut at.asking))
            }
            Err(reason) => Step::Done(Err(reason.into())),
        }
    }
}

/// The server is being asked.
pub struct AwaitTokens<'a> {
    cx: Context<'a>,
    key: Key,
    scope: &'a str,
    version: Option<u64>,
    asking: Asking<'a>,
}

impl<'a> AwaitTokens<'a> {
    fn go_on(mut self, turn: impl FnOnce(&mut Self) -> Result<Turn<'a>, Reason>) -> Step<'a, Credentials> {
        match turn(&mut self) {
            Ok(turn) => turn.step(self),
            Err(reason) => Step::Done(Err(reason.into())),
        }
    }

    fn judge(mut self, response: Answer<Response<'_>>) -> Step<'a, Credentials> {
        match self.write(response) {
            Ok(Some((write, tokens))) => {
                Step::Commit(Commit { write, at: AwaitStored { session: self.key, tokens: Tokens::of(&tokens) } })
            }
            Ok(None) => self.go_on(|at| at.cx.prepare(&mut at.asking)),
            Err(failure) => Step::Done(Err(failure)),
        }
    }

    fn write(&mut self, response: Answer<Response<'_>>) -> Result<Option<(Write<'a>, TokenSet<'a>)>, Failure<'a>> {
        let Self { cx, key, scope, version, asking } = self;
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        let headers = response.headers;
        cx.learn(asking, headers)?;
        let response = match read_token_response(response, asking.signing.key_id.is_some()) {
            Ok(response) => response,
            Err(failure) if cx.again(asking, &failure, headers) => return Ok(None),
            Err(failure) => return Err(failure.copy(&mut cx.arena)),
        };
        let asked = Asked {
            owner: cx.owner(),
            scope,
            scope_before: scope,
            resources: cx.client.resources,
            refresh_token: None,
            identity: None,
            max_age: None,
            acr_values: "",
        };
        // A refresh token has no place here (RFC 6749 section 4.4.3): what it could do, the client can do by itself.
        let tokens = TokenSet { refresh_token: None, ..response.tokens(&asked, asking.signing, cx.now) };
        let (write, tokens) = cx.activate(*key, version.unwrap_or_default(), &tokens)?;
        Ok(Some((Write { expected: *version, ..write }, tokens)))
    }
}

/// The tokens are being stored.
pub struct AwaitStored<'a> {
    session: Key,
    tokens: Tokens<'a>,
}

impl Flow for Credentials {
    type Output<'a> = Result<SignedIn<'a>, Failure<'a>>;
    type Loading<'a> = AwaitSession<'a>;
    type Committing<'a> = AwaitStored<'a>;
    type Signing<'a> = AwaitTokens<'a>;
    type Sending<'a> = AwaitTokens<'a>;
    no_phases!(Verifying);

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
        at.judge(row)
    }

    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self> {
        Step::Done(match outcome {
            // Another has stored the token that it was given; this one works as well.
            Ok(Committed::Yes | Committed::Conflict) => Ok(SignedIn { session: at.session, tokens: at.tokens }),
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
