//! The terms of the specifications: read or refused, nothing decided.

pub mod authorization_details;
pub mod client_id;
pub mod confirmation;
pub mod credential;
pub mod endpoint;
pub mod issuer;
pub mod list;
pub mod metadata;
pub mod parameter;
pub mod redirect_uri;
pub mod resource;
pub mod scope;
pub mod secret;
pub mod signing_key;
pub mod time;
pub mod user_agent;

pub use secret::Entropy;
pub use time::Time;
pub use user_agent::UserAgent;
