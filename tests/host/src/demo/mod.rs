//! The demonstration: a client of ours, a page to watch it by, and a run that needs nobody.

use std::io::Write;

mod client;
mod commands;
mod once;
mod page;

pub use client::DemoClient;
pub use commands::commands;
pub use once::once;
pub use page::Demo;
pub(crate) use page::router;

/// Prints. Whoever reads our output may leave after the first line; that is no reason to stop.
pub fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
