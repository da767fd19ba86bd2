//! The demonstration: a client of ours, a page to watch it by, and a run that needs nobody.

mod client;
mod commands;
mod once;
mod page;

pub use client::DemoClient;
pub use commands::commands;
pub use once::once;
pub use page::Demo;
pub(crate) use page::router;
