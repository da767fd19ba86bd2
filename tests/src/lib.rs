//! Runs what `tests/` holds as data against symbolon.

pub mod app;
#[cfg(feature = "whole")]
pub mod attacks;
#[cfg(feature = "whole")]
pub mod c;
#[cfg(feature = "whole")]
pub mod choice;
pub mod drive;
#[cfg(feature = "whole")]
pub mod explore;
#[cfg(feature = "whole")]
pub mod figures;
pub mod fixture;
pub mod fuzz;
#[cfg(feature = "whole")]
pub mod layers;
pub mod peer;
#[cfg(feature = "whole")]
pub mod reasons;
pub mod store;
#[cfg(feature = "whole")]
pub mod transcript;
#[cfg(feature = "whole")]
pub mod vectors;
#[cfg(feature = "whole")]
pub mod walk;
