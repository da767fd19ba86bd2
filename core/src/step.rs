//! The one step type, and the five questions a flow may put to its host.
//!
//! A flow is a pure function of its request, the time, 32 bytes of entropy and the answers. A question is consumed by
//! its answer, so that a wrong, second or missing answer does not compile; `unavailable` is an answer too, and leads to
//! a reply like any other.
//!
//! A flow that has asked a question stands at a *phase*: a struct that holds what has been proven so far. A flow that
//! never asks one of the five has [`Never`] for its phases there.

use crate::limits;
use crate::record::{Key, Kind};
use crate::terms::Time;
use crate::terms::endpoint::Endpoint;
use crate::wire::http::{Field, Fields, Method, Response, fields};

/// What a flow does next.
#[must_use = "a flow that is dropped leaves its request unanswered"]
pub enum Step<'a, F: Flow> {
    /// Read one row.
    Load(Load<'a, F>),
    /// Write one row, if it is still as it was read.
    Commit(Commit<'a, F>),
    /// Sign bytes with one of the host's keys.
    Sign(Sign<'a, F>),
    /// Check a signature.
    Verify(Verify<'a, F>),
    /// Make one HTTP exchange.
    Send(Send<'a, F>),
    /// The end: the reply.
    Done(F::Output<'a>),
}

/// A flow: what it ends in, and the phases at which it waits for an answer. Its phases have private fields, so it is
/// this crate that implements it.
#[allow(missing_docs)]
pub trait Flow: Sized {
    /// What the flow ends in.
    type Output<'a>;
    type Loading<'a>;
    type Committing<'a>;
    type Signing<'a>;
    type Verifying<'a>;
    type Sending<'a>;

    fn loaded<'a>(at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self>;
    fn committed<'a>(at: Self::Committing<'a>, outcome: Answer<Committed>) -> Step<'a, Self>;
    fn signed<'a>(at: Self::Signing<'a>, signature: Answer<&[u8]>) -> Step<'a, Self>;
    fn verified<'a>(at: Self::Verifying<'a>, verdict: Answer<Verdict>) -> Step<'a, Self>;
    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self>;
}

/// The phases of a question that a flow never asks.
pub enum Never {}

/// Says in an `impl Flow` which questions the flow never asks.
macro_rules! no_phases {
    ($($question:ident)*) => { $($crate::step::no_phases!(@ $question);)* };
    (@ Loading) => {
        type Loading<'a> = $crate::step::Never;
        fn loaded<'a>(at: Self::Loading<'a>, _: $crate::step::Answer<Option<$crate::step::Row<'_>>>) -> $crate::step::Step<'a, Self> {
            match at {}
        }
    };
    (@ Committing) => {
        type Committing<'a> = $crate::step::Never;
        fn committed<'a>(at: Self::Committing<'a>, _: $crate::step::Answer<$crate::step::Committed>) -> $crate::step::Step<'a, Self> {
            match at {}
        }
    };
    (@ Signing) => {
        type Signing<'a> = $crate::step::Never;
        fn signed<'a>(at: Self::Signing<'a>, _: $crate::step::Answer<&[u8]>) -> $crate::step::Step<'a, Self> {
            match at {}
        }
    };
    (@ Verifying) => {
        type Verifying<'a> = $crate::step::Never;
        fn verified<'a>(at: Self::Verifying<'a>, _: $crate::step::Answer<$crate::step::Verdict>) -> $crate::step::Step<'a, Self> {
            match at {}
        }
    };
    (@ Sending) => {
        type Sending<'a> = $crate::step::Never;
        fn sent<'a>(at: Self::Sending<'a>, _: $crate::step::Answer<$crate::wire::http::Response<'_>>) -> $crate::step::Step<'a, Self> {
            match at {}
        }
    };
}
pub(crate) use no_phases;

/// The host could not answer: the database, the key store or the peer is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// An answer, or the lack of one.
pub type Answer<T> = Result<T, Unavailable>;

/// A row as the store holds it. An expired row may be handed out or not; the flow looks at the time itself.
#[derive(Clone, Copy)]
pub struct Row<'v> {
    /// Counts the writes to this row, from 1.
    pub version: u64,
    /// The bytes that were committed.
    pub value: &'v [u8],
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The row was as expected and is now as asked, durably.
    Yes,
    /// The row was not as expected, and was not touched by this write. A host that has tried a write more than once does not
    /// know that, and answers `unavailable`: taken for another's, a flow's own write looks like a replay.
    Conflict,
}

/// How a signature check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is the key's over the message.
    Valid,
    /// It is not.
    Invalid,
}

/// What a row is about. A host may index these for its own screens; the protocol never asks for them.
#[derive(Clone, Copy)]
pub struct Labels<'a> {
    /// What the row holds.
    pub kind: Kind,
    /// The client, where the row has one.
    pub client_id: Option<&'a str>,
    /// The user, where the row has one.
    pub subject: Option<&'a str>,
}

/// A write of one row: a compare-and-swap.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    /// The row.
    pub key: Key,
    /// The version that the row must still have, or `None` if there must be no such row.
    pub expected: Option<u64>,
    /// The new bytes, or `None` to delete the row.
    pub value: Option<&'a [u8]>,
    /// The time from which on the store may drop the row.
    pub expires_at: Time,
    /// What the row is about.
    pub labels: Labels<'a>,
}

impl Write<'_> {
    /// The version that the row has after this write.
    pub const fn version(&self) -> u64 {
        match self.expected {
            Some(version) => version.saturating_add(1),
            None => 1,
        }
    }
}

/// One HTTP exchange, and what the host must hold to while it makes it.
#[derive(Clone)]
pub struct Exchange<'a> {
    /// The method.
    pub method: Method,
    /// An absolute URI whose scheme is `https`, or `http` where its [`SendPolicy::plain_http`] is true.
    pub url: &'a str,
    /// The header fields to send, besides `Host` and `Content-Length`.
    pub headers: Fields<'a>,
    /// The body; empty for none.
    pub body: &'a [u8],
    /// What the exchange may and may not do.
    pub policy: SendPolicy,
}

const ACCEPT_JSON: Field<'static> = Field { name: "Accept", value: b"application/json" };
const FORM: Field<'static> = Field { name: "Content-Type", value: b"application/x-www-form-urlencoded" };

impl<'a> Exchange<'a> {
    /// Asks for a JSON document.
    pub(crate) fn get(endpoint: Endpoint<'a>) -> Self {
        Self {
            method: Method::Get,
            url: endpoint.as_str(),
            headers: fields([ACCEPT_JSON]),
            body: b"",
            policy: SendPolicy::new(endpoint.is_plain_http()),
        }
    }

    /// Sends a form, and asks for JSON.
    pub(crate) fn post(endpoint: Endpoint<'a>, form: &'a [u8], authorization: Option<&'a [u8]>) -> Self {
        let mut headers = fields([ACCEPT_JSON, FORM]);
        if let Some(value) = authorization {
            let _ = headers.push(Field { name: "Authorization", value });
        }
        Self { method: Method::Post, headers, body: form, ..Self::get(endpoint) }
    }
}

/// What an HTTP exchange may and may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendPolicy {
    /// Whether `http` is allowed besides `https`: for loopback development servers alone.
    pub plain_http: bool,
    /// Whether the address that the host name resolves to must be public (not loopback, private or link-local), checked
    /// on the address that is connected to. Set for what a peer has named: a client's metadata document and its `jwks_uri` at a
    /// server, and a client's server, which is found by metadata. Not for introspection, whose endpoint the resource server's
    /// own operator has configured, and which is often on a private network.
    pub public_addresses_only: bool,
    /// Whether the client's certificate is to be shown on the connection (RFC 8705). A connection on which it was shown is never
    /// used for an exchange that does not say so.
    pub client_certificate: bool,
    /// The most bytes of response body to read; a longer body is answered by `unavailable`.
    pub body_cap: usize,
    /// The seconds after which the host gives up and answers `unavailable`.
    pub timeout: u32,
}

impl SendPolicy {
    /// Redirects are never followed: a 3xx is handed to the flow as it is.
    pub const FOLLOW_REDIRECTS: bool = false;

    pub(crate) const fn new(plain_http: bool) -> Self {
        Self {
            plain_http,
            public_addresses_only: false,
            client_certificate: false,
            body_cap: limits::RESPONSE_BODY,
            timeout: limits::SEND_TIMEOUT,
        }
    }
}

/// Asks for one row.
#[must_use]
pub struct Load<'a, F: Flow> {
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    pub(crate) at: F::Loading<'a>,
}

impl<'a, F: Flow> Load<'a, F> {
    /// The key of the row.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// What the row would hold.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Answers with the row, or with `None` if there is no such row. The read must be linearizable with commits.
    pub fn answer(self, row: Option<Row<'_>>) -> Step<'a, F> {
        self.settle(Ok(row))
    }

    /// Answers that the store does not answer.
    pub fn unavailable(self) -> Step<'a, F> {
        self.settle(Err(Unavailable))
    }

    /// Answers, or does not: [`answer`](Self::answer) and [`unavailable`](Self::unavailable) in one, for a host that has either
    /// in one place.
    #[inline(never)]
    pub fn settle(self, row: Answer<Option<Row<'_>>>) -> Step<'a, F> {
        F::loaded(self.at, row)
    }
}

/// Asks for one compare-and-swap.
#[must_use]
pub struct Commit<'a, F: Flow> {
    pub(crate) write: Write<'a>,
    pub(crate) at: F::Committing<'a>,
}

impl<'a, F: Flow> Commit<'a, F> {
    /// The write.
    pub const fn write(&self) -> &Write<'a> {
        &self.write
    }

    /// Answers how the write ended. `Committed::Yes` promises that the row survives a crash.
    pub fn answer(self, outcome: Committed) -> Step<'a, F> {
        self.settle(Ok(outcome))
    }

    /// Answers that the store does not answer. Whether the row was written may be unknown to the host: a flow never
    /// takes this for a refusal of the write, and what it would have handed out stays unsaid.
    pub fn unavailable(self) -> Step<'a, F> {
        self.settle(Err(Unavailable))
    }

    /// Answers, or does not.
    #[inline(never)]
    pub fn settle(self, outcome: Answer<Committed>) -> Step<'a, F> {
        F::committed(self.at, outcome)
    }
}

/// Asks for a signature.
#[must_use]
pub struct Sign<'a, F: Flow> {
    pub(crate) key_id: &'a str,
    pub(crate) message: &'a [u8],
    pub(crate) at: F::Signing<'a>,
}

impl<'a, F: Flow> Sign<'a, F> {
    /// The `kid` of the key to sign with; its algorithm is the key's own.
    pub const fn key_id(&self) -> &'a str {
        self.key_id
    }

    /// The bytes to sign.
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// Answers with the signature, in the form that JWS gives it (RFC 7518 section 3).
    pub fn answer(self, signature: &[u8]) -> Step<'a, F> {
        self.settle(Ok(signature))
    }

    /// Answers that the key cannot be used now.
    pub fn unavailable(self) -> Step<'a, F> {
        self.settle(Err(Unavailable))
    }

    /// Answers, or does not.
    #[inline(never)]
    pub fn settle(self, signature: Answer<&[u8]>) -> Step<'a, F> {
        F::signed(self.at, signature)
    }
}

/// Asks whether a signature holds.
#[must_use]
pub struct Verify<'a, F: Flow> {
    pub(crate) key: &'a [u8],
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a [u8],
    pub(crate) at: F::Verifying<'a>,
}

impl<'a, F: Flow> Verify<'a, F> {
    /// The public key, as the text of a JWK with an `alg` (RFC 7517).
    pub const fn key(&self) -> &'a [u8] {
        self.key
    }

    /// The bytes that were signed.
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// The signature, in the form that JWS gives it (RFC 7518 section 3).
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// Answers whether the signature holds.
    pub fn answer(self, verdict: Verdict) -> Step<'a, F> {
        self.settle(Ok(verdict))
    }

    /// Answers that it could not be checked.
    pub fn unavailable(self) -> Step<'a, F> {
        self.settle(Err(Unavailable))
    }

    /// Answers, or does not.
    #[inline(never)]
    pub fn settle(self, verdict: Answer<Verdict>) -> Step<'a, F> {
        F::verified(self.at, verdict)
    }
}

/// Asks for one HTTP exchange.
#[must_use]
pub struct Send<'a, F: Flow> {
    pub(crate) exchange: Exchange<'a>,
    pub(crate) at: F::Sending<'a>,
}

impl<'a, F: Flow> Send<'a, F> {
    /// The exchange.
    pub const fn exchange(&self) -> &Exchange<'a> {
        &self.exchange
    }

    /// Answers with the response. Its body is lent to be read in place, and is overwritten.
    pub fn answer(self, response: Response<'_>) -> Step<'a, F> {
        self.settle(Ok(response))
    }

    /// Answers that there is no response: no connection, no valid certificate, too slow, too long, cut off.
    pub fn unavailable(self) -> Step<'a, F> {
        self.settle(Err(Unavailable))
    }

    /// Answers, or does not.
    #[inline(never)]
    pub fn settle(self, response: Answer<Response<'_>>) -> Step<'a, F> {
        F::sent(self.at, response)
    }
}
