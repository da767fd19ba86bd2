//! The step as C reads it, the same for all flows.

use symbolon::record::{self, Key};
use symbolon::step::{Exchange, Flow, Step, Write};

use crate::outcome::{Done, Ended};
use crate::types::{Bytes, Fields, Text, described};

/// What the flow does next: the value of [`View::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// There is no flow.
    None = 0,
    /// Read a row.
    Load = 1,
    /// Write a row.
    Commit = 2,
    /// Sign.
    Sign = 3,
    /// Check a signature.
    Verify = 4,
    /// Make an HTTP exchange.
    Send = 5,
    /// The end.
    Done = 6,
}

/// `symbolon_step`: what a flow does next.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct View {
    /// Which member of the union it is.
    pub kind: Kind,
    /// The question, or the end.
    pub of: Question,
}

/// The questions, and the end.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Question {
    /// [`Kind::Load`].
    pub load: Load,
    /// [`Kind::Commit`].
    pub commit: Commit,
    /// [`Kind::Sign`].
    pub sign: Sign,
    /// [`Kind::Verify`].
    pub verify: Verify,
    /// [`Kind::Send`].
    pub send: Send,
    /// [`Kind::Done`].
    pub done: Done,
}

described! {
    /// `symbolon_load`.
    pub struct Load {
        /// The key of the row.
        pub key: [u8; 32],
        /// What the row would hold.
        pub kind: Text,
    }

    /// `symbolon_commit`.
    pub struct Commit {
        /// The key of the row.
        pub key: [u8; 32],
        /// Whether there must be a row, of version `expected`; if not, there must be none.
        pub exists: bool,
        /// The version that the row must still have.
        pub expected: u64,
        /// Whether the row is to be deleted.
        pub delete_row: bool,
        /// The new value.
        pub value: Bytes,
        /// From when on the store may drop the row.
        pub expires_at: u64,
        /// What the row holds.
        pub kind: Text,
        /// The client, where the row has one.
        pub client_id: Text,
        /// The user, where the row has one.
        pub subject: Text,
    }

    /// `symbolon_sign`.
    pub struct Sign {
        /// The `kid` of the key.
        pub key_id: Text,
        /// What to sign.
        pub message: Bytes,
    }

    /// `symbolon_verify`.
    pub struct Verify {
        /// The public key, as a JWK.
        pub key: Bytes,
        /// What was signed.
        pub message: Bytes,
        /// The signature.
        pub signature: Bytes,
    }

    /// `symbolon_send`.
    pub struct Send {
        /// The method.
        pub method: Text,
        /// The absolute URI.
        pub url: Text,
        /// The header fields, besides `Host` and `Content-Length`.
        pub headers: Fields,
        /// The body.
        pub body: Bytes,
        /// Whether `http` is allowed besides `https`.
        pub plain_http: bool,
        /// Whether the address must be public.
        pub public_addresses_only: bool,
        /// Whether the client's certificate is to be shown.
        pub client_certificate: bool,
        /// The most bytes of body to read.
        pub body_cap: usize,
        /// The seconds after which to give up.
        pub timeout: u32,
    }
}

impl View {
    /// The view of no flow.
    pub const NONE: Self = Self { kind: Kind::None, of: Question { load: Load { key: [0; 32], kind: Text::NONE } } };

    /// The view of a step. What it points to lives as long as the flow.
    pub(crate) fn of<F: Flow>(step: &Step<'static, F>) -> Self
    where
        F::Output<'static>: Ended,
    {
        // What is the same for all flows is in functions that are not generic: else it would be in the library once for each.
        match step {
            Step::Load(load) => Self::load(load.key(), load.kind()),
            Step::Commit(commit) => Self::commit(commit.write()),
            Step::Sign(sign) => {
                let sign = Sign { key_id: Text::of(sign.key_id()), message: Bytes::of(sign.message()) };
                Self { kind: Kind::Sign, of: Question { sign } }
            }
            Step::Verify(verify) => {
                let verify = Verify {
                    key: Bytes::of(verify.key()),
                    message: Bytes::of(verify.message()),
                    signature: Bytes::of(verify.signature()),
                };
                Self { kind: Kind::Verify, of: Question { verify } }
            }
            Step::Send(send) => Self::send(send.exchange()),
            Step::Done(output) => Self { kind: Kind::Done, of: Question { done: output.done() } },
        }
    }

    #[inline(never)]
    fn load(key: Key, kind: record::Kind) -> Self {
        let load = Load { key: key.0, kind: Text::of(kind.as_str()) };
        Self { kind: Kind::Load, of: Question { load } }
    }

    #[inline(never)]
    fn commit(write: &Write<'_>) -> Self {
        let commit = Commit {
            key: write.key.0,
            exists: write.expected.is_some(),
            expected: write.expected.unwrap_or(0),
            delete_row: write.value.is_none(),
            value: write.value.map_or(Bytes::NONE, Bytes::of),
            expires_at: write.expires_at.0,
            kind: Text::of(write.labels.kind.as_str()),
            client_id: Text::maybe(write.labels.client_id),
            subject: Text::maybe(write.labels.subject),
        };
        Self { kind: Kind::Commit, of: Question { commit } }
    }

    #[inline(never)]
    fn send(exchange: &Exchange<'_>) -> Self {
        let send = Send {
            method: Text::of(exchange.method.as_str()),
            url: Text::of(exchange.url),
            headers: Fields::of(&exchange.headers),
            body: Bytes::of(exchange.body),
            plain_http: exchange.policy.plain_http,
            public_addresses_only: exchange.policy.public_addresses_only,
            client_certificate: exchange.policy.client_certificate,
            body_cap: exchange.policy.body_cap,
            timeout: exchange.policy.timeout,
        };
        Self { kind: Kind::Send, of: Question { send } }
    }
}
