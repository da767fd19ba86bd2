//! Transcripts: documents that run. `tests/transcripts/README.md` describes the format.
//!
//! [`parse`] turns a document into a [`Transcript`], which holds all that a runner needs: for each flow its [`Call`], every
//! question with its answer, and the outcome, to the byte. [`replay`] runs one through the Rust core, [`tape`] writes it for
//! runners in other languages, and [`bless`] writes the blocks of a document anew.

use std::fmt::Write as _;

use symbolon::server::Lifetimes;
use symbolon::wire::jose::Algorithm;

use crate::fixture::Shown;

pub mod bless;
pub mod block;
pub mod client;
mod command;
mod given;
pub mod http;
mod jws;
pub mod line;
pub mod parse;
pub mod replay;
pub mod resource;
pub mod scene;
pub mod server;
pub mod tape;

pub use command::{Tally, command, own_tape, tally};
use http::{Request, Response};

/// A document, read.
pub struct Transcript {
    /// Its flows, in order.
    pub flows: Vec<Flow>,
    /// What its rows are called.
    pub names: Names,
}

/// One run of a flow, from the call to the outcome.
pub struct Flow {
    /// Where it begins in the document.
    pub line: usize,
    /// The heading that it stands under.
    pub title: String,
    /// What the host calls.
    pub call: Call,
    /// The questions and their answers.
    pub asked: Vec<Asked>,
    /// What comes out.
    pub outcome: Outcome,
}

/// What the host calls, with every argument.
#[derive(Clone, Debug)]
pub struct Call {
    /// The entry point: one of [`ENTRIES`].
    pub entry: &'static Entry,
    /// The request, where one came in.
    pub request: Option<Request>,
    /// The other arguments.
    pub arguments: Vec<(String, String)>,
    /// The configuration.
    pub settings: Settings,
    /// The time.
    pub now: u64,
    /// The randomness: zeros, unless the entry point draws its own.
    pub entropy: [u8; 32],
    /// The binding of the user agent.
    pub user_agent: String,
    /// The certificate that the sender of the request has shown.
    pub certificate: Option<Shown>,
}

/// An entry point of the core.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as in a `call` block.
    pub name: &'static str,
    /// The path of the requests that are routed to it.
    pub path: Option<&'static str>,
    /// Whether each of its calls draws entropy of its own.
    pub draws: bool,
    /// Whose it is.
    pub role: Role,
}

/// The three roles.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// The authorization server.
    Server,
    /// The client.
    Client,
    /// The resource server.
    Resource,
}

const fn entry(role: Role, name: &'static str, path: Option<&'static str>, draws: bool) -> Entry {
    Entry { name, path, draws, role }
}

/// The entry points. [`replay::run`] calls them.
pub const ENTRIES: &[Entry] = &[
    entry(Role::Server, "authorize", Some("/authorize"), true),
    entry(Role::Server, "push", Some("/par"), true),
    entry(Role::Server, "resume", None, false),
    entry(Role::Server, "decide", None, false),
    entry(Role::Server, "token", Some("/token"), false),
    entry(Role::Server, "revoke", Some("/revoke"), false),
    entry(Role::Server, "introspect", Some("/introspect"), false),
    entry(Role::Server, "userinfo", Some("/userinfo"), false),
    entry(Role::Server, "metadata", Some("/.well-known/oauth-authorization-server"), false),
    entry(Role::Server, "jwks", Some("/jwks"), false),
    entry(Role::Client, "client discover", None, false),
    entry(Role::Client, "client authorize", None, true),
    entry(Role::Client, "client callback", Some("/cb"), false),
    entry(Role::Client, "client refresh", None, false),
    entry(Role::Client, "client credentials", None, true),
    entry(Role::Client, "client request", None, true),
    entry(Role::Client, "client userinfo", None, true),
    entry(Role::Client, "client revoke", None, false),
    entry(Role::Resource, "judge", Some("/data"), false),
    entry(Role::Resource, "resource metadata", Some("/.well-known/oauth-protected-resource"), false),
];

/// What `given` blocks may change of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's credential keys with their ids; the first one mints.
    pub keys: Vec<(u8, [u8; 32])>,
    /// How long the server's things live.
    pub lifetimes: Lifetimes,
    /// The keys that the server signs with.
    pub signing_keys: Vec<SigningKey>,
    /// Whether its access tokens are JWTs.
    pub jwt_access_tokens: bool,
    /// Whether tokens must be bound to a key.
    pub sender_constrained: bool,
    /// Whether a DPoP proof must hold a nonce.
    pub dpop_nonces: bool,
    /// Whether the server takes pushed authorization requests alone.
    pub pushed_requests_only: bool,
    /// Whether a client may be known by its metadata document.
    pub client_id_metadata_documents: bool,
    /// How the client authenticates: `basic`, `post` or `none`, or as `c1` by another method; with the name of a key by
    /// `private_key_jwt`.
    pub authentication: String,
    /// What the client's tokens are bound to: `none`, `certificate`, or `dpop` with the names of its keys.
    pub binding: String,
    /// Whether the client pushes every authorization request.
    pub pushes: bool,
    /// The algorithm that the client's ID tokens are signed with.
    pub id_token_algorithm: Algorithm,
    /// The metadata document that the client has, if it is not the server's own.
    pub document: Option<String>,
    /// The resource server, and what a request to it needs.
    pub resource: resource::Settings,
}

/// The public half of a key that the server signs with.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its id.
    pub key_id: String,
    /// Its algorithm.
    pub algorithm: &'static str,
    /// The key.
    pub jwk: String,
}

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// Whether the document's author gave the answer, and not the store.
    pub staged: bool,
}

/// A question with all its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Read a row.
    Load {
        /// The kind.
        kind: String,
        /// The key.
        key: [u8; 32],
    },
    /// Write a row.
    Commit {
        /// The kind, a label.
        kind: String,
        /// The key.
        key: [u8; 32],
        /// The version that must be there.
        expected: Option<u64>,
        /// The new value, or `None` to delete the row.
        value: Option<Vec<u8>>,
        /// When the row expires.
        expires_at: u64,
        /// The client, a label.
        client_id: Option<String>,
        /// The user, a label.
        subject: Option<String>,
    },
    /// Sign.
    Sign {
        /// The key.
        key_id: String,
        /// What is signed.
        message: Vec<u8>,
    },
    /// Check a signature.
    Verify {
        /// The public key, a JWK.
        key: Vec<u8>,
        /// What was signed.
        message: Vec<u8>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// Make an HTTP exchange.
    Send {
        /// The request; its target is an absolute URI.
        request: Request,
        /// Whether `http` is allowed.
        plain_http: bool,
        /// Whether the address must be public.
        public_addresses_only: bool,
        /// Whether the client's certificate is to be shown.
        client_certificate: bool,
        /// The most bytes of body to read.
        body_cap: usize,
        /// The seconds to wait.
        timeout: u32,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The row.
    Row {
        /// Its version.
        version: u64,
        /// Its value.
        value: Vec<u8>,
    },
    /// There is no such row.
    Absent,
    /// The row was written.
    Committed,
    /// The row was not as expected.
    Conflict,
    /// There is no answer.
    Unavailable,
    /// There is no answer, though the row was written.
    UnavailableAfterWrite,
    /// The signature.
    Signature(Vec<u8>),
    /// The signature is good.
    Valid,
    /// It is not.
    Invalid,
    /// The response of an exchange.
    Response(Response),
}

/// What a flow ends in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The reply to send.
    pub response: Option<Response>,
    /// Or the members of what is handed to the host, and the name of that.
    pub fields: Option<(String, Vec<(String, String)>)>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// What is logged.
    pub event: Option<String>,
}

impl Outcome {
    /// What is handed to the host, by name and members.
    pub fn of(name: &str, fields: Vec<(&str, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { fields: Some((name.into(), fields)), ..Self::default() }
    }
}

/// The names of keys and rows in one document. A row is called `KEY@VERSION`, with more behind it: `g1@2-code`.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Keys.
    pub keys: Vec<(String, [u8; 32])>,
    /// Values of rows.
    pub rows: Vec<(String, Vec<u8>)>,
}

impl Names {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<[u8; 32]> {
        self.keys.iter().find(|(known, _)| known == name).map(|(_, key)| *key)
    }

    /// The version and value of the row of this name.
    pub fn row(&self, name: &str) -> Option<(u64, &[u8])> {
        let (_, value) = self.rows.iter().find(|(known, _)| known == name)?;
        Some((split_row(name)?.1, value))
    }

    /// What a key is called, or its digits.
    pub fn name_of_key(&self, key: &[u8; 32]) -> String {
        let name = self.keys.iter().find(|(_, known)| known == key).map(|(name, _)| name.clone());
        name.unwrap_or_else(|| hex(key))
    }

    /// What a row is called.
    pub fn find_row(&self, key: &[u8; 32], version: u64, value: &[u8]) -> Option<&str> {
        let (key, _) = self.keys.iter().find(|(_, known)| known == key)?;
        let is_it =
            |(name, known): &&(String, Vec<u8>)| known == value && split_row(name) == Some((key.as_str(), version));
        self.rows.iter().find(is_it).map(|(name, _)| name.as_str())
    }

    /// What a row is called, or its digits.
    pub fn name_of_row(&self, key: &[u8; 32], version: u64, value: &[u8]) -> String {
        let name = self.find_row(key, version, value).map(str::to_owned);
        name.unwrap_or_else(|| format!("{}@{version}={}", self.name_of_key(key), hex(value)))
    }
}

/// The key's name and the version in the name of a row.
pub fn split_row(name: &str) -> Option<(&str, u64)> {
    let (key, rest) = name.split_once('@')?;
    let version = rest.split('-').next()?;
    Some((key, version.parse().ok()?))
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Hexadecimal digits as bytes.
pub fn unhex(digits: &str) -> Result<Vec<u8>, String> {
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
    bytes.filter(|_| digits.len().is_multiple_of(2)).ok_or_else(|| format!("not hexadecimal: {digits}"))
}
