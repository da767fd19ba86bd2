//! Runs what `tests/` holds as data against symbolon.

pub mod choice;
pub mod drive;
pub mod explore;
pub mod figures;
pub mod fixture;
pub mod fuzz;
pub mod layers;
pub mod reasons;
pub mod store;
pub mod vectors;
pub mod walk;
