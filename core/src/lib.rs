//! An OAuth 2.0 protocol core with no I/O: authorization server, client and resource server as pure state machines.
//!
//! A request goes in, questions to the host come out, a reply ends it. There is no allocator, no clock, no random source,
//! no unsafe code and no panic in here.
//!
//! ```text
//!                 authorization request                         access token
//!    +----------+ ---------------------> +----------------+     +----------+
//!    |  client  |                        |  authorization |     | resource |
//!    |          | <--------------------- |     server     |     |  server  |
//!    |          |          code          |                |     |          |
//!    |          | ---------------------> |                | <-- |          | introspection
//!    |          | <--------------------- |                |     |          |
//!    +----------+         tokens         +----------------+     +----------+
//!      client::                            server::              resource::
//!         |                                   |                      |
//!         +----------------+------------------+----------------------+
//!                          |  step::Step
//!                          v
//!    host: Load, Commit (one table)   Sign, Verify (keys)   Send (HTTP)   time, 32 bytes of entropy
//! ```
//!
//! # The host
//!
//! Every flow of all three roles is driven by one loop. [`step`] says what each question demands of the host.
//!
//! ```
//! use symbolon::step::{Committed, Flow, Row, Step, Verdict};
//! # struct Down;
//! # trait Store { fn load(&mut self, key: symbolon::record::Key) -> Result<Option<(u64, Vec<u8>)>, Down>;
//! #               fn commit(&mut self, write: &symbolon::step::Write<'_>) -> Result<Committed, Down>; }
//!
//! fn drive<'a, F: Flow>(mut step: Step<'a, F>, store: &mut impl Store) -> F::Output<'a> {
//!     loop {
//!         step = match step {
//!             Step::Load(question) => match store.load(question.key()) {
//!                 Ok(row) => question.answer(row.as_ref().map(|(version, value)| Row { version: *version, value })),
//!                 Err(Down) => question.unavailable(),
//!             },
//!             Step::Commit(question) => match store.commit(question.write()) {
//!                 Ok(outcome) => question.answer(outcome),
//!                 Err(Down) => question.unavailable(),
//!             },
//!             Step::Sign(question) => question.unavailable(),
//!             Step::Verify(question) => question.answer(Verdict::Invalid),
//!             Step::Send(question) => question.unavailable(),
//!             Step::Done(output) => return output,
//!         }
//!     }
//! }
//! ```
//!
//! # Where things are
//!
//! | RFC | what | file |
//! |---|---|---|
//! | 6749 section 4.1, 9207, 8707 | authorization endpoint | `server/authorize.rs`, `interaction.rs`, `decide.rs` |
//! | 6749 sections 3.2, 4.1.3, 6 | token endpoint | `server/token.rs`, `authorization_code.rs`, `refresh_token.rs` |
//! | 7009 | revocation endpoint | `server/revoke.rs` |
//! | 7662 | introspection endpoint | `server/introspect.rs` |
//! | 8414 | metadata | `server/metadata.rs`; read by `terms/metadata.rs` |
//! | 6749, 7636, 8707, 9207 | a client's sign-in | `client/authorize.rs`, `callback.rs` |
//! | 6749 section 6 | a client's refresh | `client/refresh.rs` |
//! | 6749 section 4.4 | a client's own tokens | `server/client_credentials.rs`, `client/credentials.rs` |
//! | 6750, 9449, 9470 | a client's requests to resources | `client/request.rs`, `access.rs` |
//! | 7591, client ID metadata documents | what a client says of itself | `client/metadata.rs` |
//! | OpenID Connect Core section 5.3 | what is told of the user | `client/userinfo.rs` |
//! | OpenID Connect Core section 5.3 | userinfo endpoint | `server/userinfo.rs` |
//! | draft-ietf-oauth-client-id-metadata-document | clients that are known by a document | `server/registration.rs` |
//! | 9126 | pushed requests | `server/push.rs`, `client/authorize.rs` |
//! | OpenID Connect Core | ID tokens | `server/issue.rs`, `client/id_token.rs` |
//! | 7517 | the server's keys | `server/jwks.rs` |
//! | 6750, 7662 | a request to a resource | `resource/judge.rs` |
//! | 9068 | JWT access tokens | `server/issue.rs`, `resource/jwt.rs` |
//! | 9728 | a resource's metadata | `resource/metadata.rs` |
//! | 7636 | PKCE | `proof/pkce.rs` |
//! | 6749 section 2.3 | client authentication | `proof/client_auth.rs` |
//! | 7523, 8705 section 2 | client authentication by a key | `proof/assertion.rs`, `certificate.rs` |
//! | 9449, 8705 section 3 | that a sender holds a key | `proof/dpop.rs`, `possession.rs` |
//! | 7515, 7517, 7638, 8037, 9864 | signatures and keys | `wire/jose.rs`, `jwk.rs` |
//! | 7519, 8725 | claims | `proof/jwt.rs` |
//! | 9111 | a document that is kept: a JWK set, a client's metadata | `document.rs` |
//! | 8252 section 7, 9700 section 4.1.3 | redirection URIs | `terms/redirect_uri.rs`, `proof/redirect.rs` |
//! | 9700 section 4.14 | the life of a grant | `record/grant.rs`, `proof/grant.rs` |
//!
//! What touches bytes is in [`wire`]; what a term of the specifications may look like is in [`terms`]; what is stored is
//! in [`record`]; what turns evidence into a witness is in [`proof`]; what happens next is in the file of its flow.
#![no_std]
#![forbid(unsafe_code)]

pub mod client;
pub mod document;
pub mod error;
pub mod event;
pub mod limits;
pub mod name;
pub mod proof;
pub mod record;
pub mod resource;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;
pub mod server;
pub mod step;
pub mod terms;
pub mod wire;

pub use error::{ErrorCode, Reason, TooSmall};
pub use event::Event;
pub use name::Name;

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
