//! What flows end in, as C reads it.

use symbolon::Event;
#[cfg(feature = "client")]
use symbolon::Reason;
use symbolon::wire::http::Reply as CoreReply;

use crate::types::{Bytes, Fields, Metadata, Text, Why, described};

/// What a flow has ended in: the value of [`Done::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A reply to send: [`Reply`].
    Reply = 1,
    /// An interaction to go on with: [`Prompt`].
    Prompt = 2,
    /// A URL to send the user to: [`SignIn`].
    SignIn = 3,
    /// A session has tokens: [`SignedIn`].
    SignedIn = 4,
    /// An access token may be used: [`Usable`].
    Usable = 5,
    /// The session is being refreshed elsewhere: [`Busy`].
    Busy = 6,
    /// The session is over: [`Failure`].
    SignInAgain = 7,
    /// The session is gone: [`SignedOut`].
    SignedOut = 8,
    /// The server was found: [`Server`].
    Server = 9,
    /// The request may be served: [`Claims`].
    Claims = 10,
    /// Nothing came of it: [`Failure`].
    Failed = 11,
    /// A resource has answered: [`Answered`].
    Answered = 12,
    /// The access token has ended: [`TokenEnded`].
    TokenEnded = 13,
    /// The user must authenticate as the resource needs it: [`StepUp`].
    StepUp = 14,
    /// The access token lacks scope: [`ScopeInsufficient`].
    ScopeInsufficient = 15,
    /// What the server says of the user: [`UserClaims`].
    UserClaims = 16,
    /// Reply with the claims about a user: [`User`].
    User = 17,
}

/// `symbolon_done`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Done {
    /// Which member of the union it is.
    pub kind: Kind,
    /// Why the request was refused or the flow failed, if it was: for the log.
    pub reason: Why,
    /// What belongs into the audit log; empty for nothing.
    pub event: Text,
    /// The end.
    pub of: End,
}

/// The ends.
#[derive(Clone, Copy)]
#[repr(C)]
pub union End {
    /// [`Kind::Reply`].
    pub reply: Reply,
    /// [`Kind::Prompt`].
    pub prompt: Prompt,
    /// [`Kind::SignIn`].
    pub sign_in: SignIn,
    /// [`Kind::SignedIn`].
    pub signed_in: SignedIn,
    /// [`Kind::Usable`].
    pub usable: Usable,
    /// [`Kind::Busy`].
    pub busy: Busy,
    /// [`Kind::SignedOut`].
    pub signed_out: SignedOut,
    /// [`Kind::Server`].
    pub server: Server,
    /// [`Kind::Claims`].
    pub claims: Claims,
    /// [`Kind::Answered`].
    pub answered: Answered,
    /// [`Kind::TokenEnded`].
    pub token_ended: TokenEnded,
    /// [`Kind::StepUp`].
    pub step_up: StepUp,
    /// [`Kind::ScopeInsufficient`].
    pub scope_insufficient: ScopeInsufficient,
    /// [`Kind::UserClaims`].
    pub user_claims: UserClaims,
    /// [`Kind::User`].
    pub user: User,
    /// [`Kind::Failed`] and [`Kind::SignInAgain`].
    pub failure: Failure,
}

described! {
    /// `symbolon_reply`.
    pub struct Reply {
        /// The HTTP status.
        pub status: u32,
        /// The header fields, besides `Content-Length` and `Date`.
        pub headers: Fields,
        /// The body.
        pub body: Bytes,
    }

    /// `symbolon_prompt`.
    pub struct Prompt {
        /// Names the interaction.
        pub handle: Text,
        /// The client.
        pub client_id: Text,
        /// Its name.
        pub client_name: Text,
        /// The host of its metadata document, if that is all that is known of it; else absent.
        pub client_host: Text,
        /// Where the user will be sent.
        pub redirect_uri: Text,
        /// The host of that, or the scheme if it has none.
        pub redirect_host: Text,
        /// Whether the user will be sent to a program on their own machine.
        pub loopback: bool,
        /// Whether the client will have to authenticate.
        pub confidential: bool,
        /// The scope asked for.
        pub scope: Text,
        /// The resources asked for.
        pub resources: Text,
        /// The authorization details asked for, as JSON; empty for none.
        pub authorization_details: Text,
        /// How the user is to be asked: empty, `none`, or some of `login`, `consent` and `select_account`.
        pub prompt: Text,
        /// From when on the user must have been authenticated; 0 if any sign-in does.
        pub authenticated_since: u64,
        /// Who the user might be; absent if the request does not say.
        pub login_hint: Text,
        /// The authentication context classes asked for; empty for any.
        pub acr_values: Text,
        /// When the interaction lapses.
        pub expires_at: u64,
        /// The reason of the error that waits to be told to the client; empty if there is none.
        pub refusal: Text,
        /// The parameter that it is about; empty if there is none.
        pub refusal_parameter: Text,
    }

    /// `symbolon_sign_in`.
    pub struct SignIn {
        /// Where to send the user.
        pub url: Text,
        /// The key of the session.
        pub session: [u8; 32],
    }

    /// `symbolon_signed_in`.
    pub struct SignedIn {
        /// The key of the session.
        pub session: [u8; 32],
        /// The access token.
        pub access_token: Text,
        /// The `kid` of the key that it is bound to; absent for a token that is sent as `Bearer`.
        pub key_id: Text,
        /// When it ends; 0 if the server did not say.
        pub expires_at: u64,
        /// The scope that was granted.
        pub scope: Text,
        /// Whether the server granted more than it was asked for.
        pub scope_is_wider: bool,
        /// The resources that the token was asked for.
        pub resources: Text,
        /// The user, as the ID token names them; absent if the sign-in was not one of OpenID Connect.
        pub subject: Text,
        /// When the user was authenticated; 0 if the server did not say.
        pub authenticated_at: u64,
    }

    /// `symbolon_usable`.
    pub struct Usable {
        /// The access token.
        pub access_token: Text,
        /// The `kid` of the key that it is bound to; absent for a token that is sent as `Bearer`.
        pub key_id: Text,
        /// When it ends; 0 if the server did not say.
        pub expires_at: u64,
        /// The scope that was granted.
        pub scope: Text,
        /// Whether the server granted more than it was asked for at the sign-in.
        pub scope_is_wider: bool,
        /// The resources that the token was asked for.
        pub resources: Text,
        /// The user, as the ID token names them; absent if the sign-in was not one of OpenID Connect.
        pub subject: Text,
        /// When the user was authenticated; 0 if the server did not say.
        pub authenticated_at: u64,
    }

    /// `symbolon_busy`.
    pub struct Busy {
        /// When the lease lapses.
        pub until: u64,
    }

    /// `symbolon_signed_out`.
    pub struct SignedOut {
        /// Whether the server has revoked the tokens.
        pub at_server: bool,
    }

    /// `symbolon_server_found`.
    pub struct Server {
        /// `issuer`.
        pub issuer: Text,
        /// `authorization_endpoint`.
        pub authorization_endpoint: Text,
        /// `token_endpoint`.
        pub token_endpoint: Text,
        /// `revocation_endpoint`.
        pub revocation_endpoint: Text,
        /// `introspection_endpoint`.
        pub introspection_endpoint: Text,
        /// `authorization_response_iss_parameter_supported`.
        pub sends_iss: bool,
        /// What the other flows of the client are started with.
        pub metadata: Metadata,
    }

    /// `symbolon_claims`.
    pub struct Claims {
        /// The client that the token was issued to.
        pub client_id: Text,
        /// For whom that client acts.
        pub sub: Text,
        /// Whether that is the client itself, and no user.
        pub sub_is_client: bool,
        /// Its scope.
        pub scope: Text,
        /// Its authorization details that cover what is needed, as a JSON array.
        pub authorization_details: Text,
        /// How the user authenticated.
        pub acr: Text,
        /// When; 0 if the issuer did not say.
        pub auth_time: u64,
        /// When it ends; 0 if the issuer did not say.
        pub exp: u64,
        /// Its `jti`.
        pub jti: Text,
        /// `bearer`, `dpop` or `certificate`.
        pub sender: Text,
        /// To be sent as `DPoP-Nonce` with the response.
        pub dpop_nonce: Text,
    }

    /// `symbolon_answered`.
    pub struct Answered {
        /// The status.
        pub status: u32,
        /// The header fields that were wanted, a line each.
        pub headers: Bytes,
        /// The body.
        pub body: Bytes,
    }

    /// `symbolon_token_ended`.
    pub struct TokenEnded {
        /// The token that the resource has refused, if it has refused one.
        pub rejected: Text,
    }

    /// `symbolon_step_up`.
    pub struct StepUp {
        /// The authentication context classes that will do; empty if the resource does not say.
        pub acr_values: Text,
        /// Whether `max_age` counts.
        pub has_max_age: bool,
        /// The seconds within which the user must have been authenticated.
        pub max_age: u64,
        /// The scope that is needed; empty if the resource does not say.
        pub scope: Text,
    }

    /// `symbolon_scope_insufficient`.
    pub struct ScopeInsufficient {
        /// The scope that is needed; empty if the resource does not say.
        pub scope: Text,
    }

    /// `symbolon_user_claims`.
    pub struct UserClaims {
        /// `sub`, as the ID token has it.
        pub subject: Text,
        /// All claims, as JSON.
        pub claims: Text,
    }

    /// `symbolon_user`.
    pub struct User {
        /// The user.
        pub subject: Text,
        /// The client that asks.
        pub client_id: Text,
        /// The scope of its token.
        pub scope: Text,
        /// A JSON object with `sub` alone.
        pub body: Text,
        /// To be sent as `DPoP-Nonce` with the response.
        pub dpop_nonce: Text,
    }

    /// `symbolon_failure`.
    pub struct Failure {
        /// `error`, in the words of the server, if it was the server that refused.
        pub error: Text,
        /// `error_description`.
        pub error_description: Text,
    }
}

/// What a flow of the core ends in.
pub(crate) trait Ended {
    /// As C reads it. What it points to lives as long as the flow.
    fn done(&self) -> Done;
}

impl Done {
    pub(crate) fn well(kind: Kind, of: End) -> Self {
        Self { kind, reason: Why::NONE, event: Text::NONE, of }
    }

    #[cfg(feature = "client")]
    pub(crate) fn badly(kind: Kind, reason: Reason, failure: Failure) -> Self {
        Self { kind, reason: Why::of(reason), event: event(reason.event()), of: End { failure } }
    }
}

fn event(event: Option<Event>) -> Text {
    Text::maybe(event.map(Event::name))
}

impl Ended for CoreReply<'static> {
    // One copy for the flows that end in a reply.
    #[inline(never)]
    fn done(&self) -> Done {
        let reply =
            Reply { status: u32::from(self.status), headers: Fields::of(&self.headers), body: Bytes::of(self.body) };
        let reason = self.reason.map_or(Why::NONE, Why::of);
        Done { kind: Kind::Reply, reason, event: event(self.event), of: End { reply } }
    }
}
