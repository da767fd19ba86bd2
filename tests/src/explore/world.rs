//! What the client's flows share: a store and a server, and how a host gets at them.

use std::hash::Hash;

use symbolon::record::Key;
use symbolon::step::{Committed, Write};

use crate::explore::model::Model;
use crate::peer::{Canned, Sent};
use crate::store::{MemoryStore, Stored};

/// What the flows share: the store and the server, as the host gets at them.
pub trait World: Clone + Hash {
    /// Reads a row.
    fn read(&mut self, flow: usize, key: Key) -> Option<Stored>;
    /// Writes a row.
    fn write(&mut self, flow: usize, write: &Write<'_>) -> Committed;
    /// Makes an exchange: the server acts now.
    fn serve(&mut self, flow: usize, sent: &Sent) -> Canned;
    /// The store and the server as they are now.
    fn sound(&self) -> &Sound;
}

/// A store and a server that keep their word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sound {
    /// The client's rows.
    pub store: MemoryStore,
    /// The server.
    pub model: Model,
}

impl World for Sound {
    fn read(&mut self, _: usize, key: Key) -> Option<Stored> {
        self.store.rows.get(&key).cloned()
    }

    fn write(&mut self, _: usize, write: &Write<'_>) -> Committed {
        self.store.commit(write)
    }

    fn serve(&mut self, flow: usize, sent: &Sent) -> Canned {
        self.model.serve(flow, sent)
    }

    fn sound(&self) -> &Sound {
        self
    }
}
