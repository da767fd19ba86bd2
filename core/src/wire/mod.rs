//! Bytes to terms and back. Knows no flow.

pub mod form;
pub mod http;
pub mod json;
pub mod uri;
