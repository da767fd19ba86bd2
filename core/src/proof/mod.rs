//! Checks that end in a witness which nobody else can make.
//!
//! A witness has private fields and is what the next phase of a flow needs: a token reply cannot be built without the
//! proof that the grant is held, an error redirect not without the proof that the redirection URI is the client's.

pub mod assertion;
pub mod audience;
pub mod certificate;
pub mod client_auth;
pub mod dpop;
pub mod grant;
pub mod jwt;
pub mod pkce;
pub mod possession;
pub mod privilege;
pub mod redirect;
pub mod replay;
pub mod signature;
