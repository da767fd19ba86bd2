//! The row that says that something was used once, and never counts again.

use serde::{Deserialize, Serialize};

use super::Record;

/// A proof or an assertion was accepted. There is nothing to say about it: that the row is there is all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {}

impl Record<'_> for Mark {}
