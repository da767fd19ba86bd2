//! Runs what `tests/` holds as data against symbolon.

pub mod app;
pub mod attacks;
pub mod c;
pub mod choice;
pub mod drive;
pub mod explore;
pub mod figures;
pub mod fixture;
pub mod fuzz;
pub mod layers;
pub mod peer;
pub mod reasons;
pub mod store;
pub mod transcript;
pub mod vectors;
pub mod walk;
