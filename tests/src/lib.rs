//! Runs what `tests/` holds as data against symbolon.

pub mod attacks;
pub mod drive;
pub mod figures;
pub mod fixture;
pub mod fuzz;
pub mod store;
pub mod vectors;
