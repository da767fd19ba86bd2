//! Stores that do not keep their word: each must be found by what the flows promise.

use symbolon::record::Key;
use symbolon::step::{Committed, Write};

use super::Shared;
use crate::store::{MemoryStore, Stored};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It writes whatever the version.
    Unconditional,
    /// It says that it wrote, and did not.
    NeverWrites,
    /// It loses the first write that it did, before the next question.
    Forgets,
    /// It reads from a copy that lags behind, as from a replica.
    Stale,
}

/// A store with a fault.
#[derive(Clone)]
pub struct Faulty {
    fault: Fault,
    rows: MemoryStore,
    before: MemoryStore,
    forgotten: bool,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Unconditional, Self::NeverWrites, Self::Forgets, Self::Stale];
}

impl Faulty {
    /// A store with these rows, and this fault.
    pub fn new(rows: &MemoryStore, fault: Fault) -> Self {
        Self { fault, rows: rows.clone(), before: rows.clone(), forgotten: false }
    }

    fn forget(&mut self) {
        if self.fault == Fault::Forgets && !self.forgotten && self.rows != self.before {
            self.rows = self.before.clone();
            self.forgotten = true;
        }
    }
}

impl Shared for Faulty {
    fn read(&mut self, key: Key) -> Option<Stored> {
        self.forget();
        let from = if self.fault == Fault::Stale { &self.before } else { &self.rows };
        from.rows.get(&key).cloned()
    }

    fn write(&mut self, write: &Write<'_>) -> Committed {
        self.forget();
        match self.fault {
            Fault::NeverWrites => Committed::Yes,
            Fault::Unconditional => {
                let expected = self.rows.rows.get(&write.key).map(|row| row.version);
                self.rows.commit(&Write { expected, ..*write })
            }
            Fault::Forgets | Fault::Stale => self.rows.commit(write),
        }
    }

    fn rows(&self) -> MemoryStore {
        let mut at_rest = self.clone();
        at_rest.forget();
        at_rest.rows
    }
}
