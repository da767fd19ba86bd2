//! The terms of the specifications: read or refused, nothing decided.

pub mod client_id;
pub mod issuer;
pub mod parameter;
pub mod redirect_uri;
pub mod resource;
pub mod scope;
