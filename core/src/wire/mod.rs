//! Bytes to terms and back. Knows no flow.

pub mod base64;
pub mod caching;
pub mod challenge;
pub mod challenge_writer;
pub mod encoding;
pub mod form;
pub mod header;
pub mod http;
pub mod jose;
pub mod json;
pub mod jwk;
pub(crate) mod sign;
pub mod uri;
pub mod write;
