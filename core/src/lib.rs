//! An OAuth 2.0 protocol core with no I/O.
#![no_std]
#![forbid(unsafe_code)]

pub mod client;
pub mod error;
pub mod limits;
pub mod proof;
pub mod record;
pub mod resource;
pub mod server;
pub mod step;
pub mod terms;
pub mod wire;

pub use error::{ErrorCode, Event, Reason, TooSmall};
