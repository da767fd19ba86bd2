//! A store in memory that keeps the contract of the core to the letter: linearizable, one compare-and-swap at a time.

use std::collections::BTreeMap;

use symbolon::record::Key;
use symbolon::step::{Committed, Row, Write};
use symbolon::terms::Time;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    /// Counts the writes, from 1.
    pub version: u64,
    /// The bytes.
    pub value: Vec<u8>,
    /// From when on the row may be dropped, in seconds.
    pub expires_at: u64,
    /// The kind, for people.
    pub kind: &'static str,
    /// The client, for people.
    pub client_id: Option<String>,
    /// The user, for people.
    pub subject: Option<String>,
}

/// The rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemoryStore {
    /// By key.
    pub rows: BTreeMap<Key, Stored>,
}

impl MemoryStore {
    /// Drops what may be dropped by this time.
    pub fn drop_expired(&mut self, now: Time) {
        self.rows.retain(|_, row| now.0 < row.expires_at);
    }

    /// Reads a row.
    pub fn load(&self, key: Key) -> Option<Row<'_>> {
        self.rows.get(&key).map(|row| Row { version: row.version, value: &row.value })
    }

    /// Writes a row if it is as expected.
    pub fn commit(&mut self, write: &Write<'_>) -> Committed {
        if self.rows.get(&write.key).map(|row| row.version) != write.expected {
            return Committed::Conflict;
        }
        match write.value {
            Some(value) => {
                let row = Stored {
                    version: write.version(),
                    value: value.to_vec(),
                    expires_at: write.expires_at.0,
                    kind: write.labels.kind.as_str(),
                    client_id: write.labels.client_id.map(str::to_owned),
                    subject: write.labels.subject.map(str::to_owned),
                };
                self.rows.insert(write.key, row);
            }
            None => {
                self.rows.remove(&write.key);
            }
        }
        Committed::Yes
    }
}
