//! What is said of the flows, on the console.

use symbolon_abi::types::Status;

use crate::console::Console;
use crate::text::{Digits, Growing};

/// What was said of the flows so far.
pub struct Report<'m> {
    /// Where it is said.
    pub console: Console,
    /// The flow.
    pub title: Growing<'m>,
    /// Whether it runs: it has not failed yet, and not ended.
    pub is_running: bool,
    /// Flows that held.
    pub passed: u64,
    /// Flows that did not.
    pub failed: u64,
}

/// The flow has failed, which is reported.
pub struct Failed;

impl Report<'_> {
    /// The flow has failed: in what, and how.
    pub fn fail(&mut self, what: &str, expected: &[u8], got: &[u8]) -> Result<(), Failed> {
        self.failed += 1;
        self.is_running = false;
        self.console.write(self.title.as_bytes());
        self.say(&[b": ", what.as_bytes(), b"\n  - ", expected, b"\n  + ", got]);
        Err(Failed)
    }

    /// It fails unless the status is as expected.
    pub fn expect(&mut self, what: &str, expected: Status, got: i32) -> Result<(), Failed> {
        let expected = expected as i32;
        if expected == got {
            return Ok(());
        }
        let [expected, got] = [expected, got].map(|status| Status::text_of(status).trim_end_matches('\0').as_bytes());
        self.fail(what, expected, got)
    }

    /// A line.
    pub fn say(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.console.write(part);
        }
        self.console.write(b"\n");
    }

    /// How many flows have held, and whether all have.
    pub fn tally(&mut self) -> bool {
        let (passed, failed) = (Digits::of(self.passed), Digits::of(self.failed));
        self.say(&[passed.as_bytes(), b" passed, ", failed.as_bytes(), b" failed"]);
        self.failed == 0
    }
}
