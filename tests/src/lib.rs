//! Runs what `tests/` holds as data against symbolon.

pub mod app;
pub mod attacks;
pub mod drive;
pub mod figures;
pub mod fixture;
pub mod fuzz;
pub mod peer;
pub mod store;
pub mod transcript;
pub mod vectors;
