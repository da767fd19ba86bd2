//! The endpoints that what is signed is sent to, on a host that may be at fault.

use symbolon::record::Kind;
use symbolon::step::{Commit, Flow, Load, Send, Step, Verify};
use symbolon::wire::http::{Field, Response};

use super::Ground;
use crate::drive::Host;
use crate::peer::Canned;
use crate::store::MemoryStore;

/// A host whose checks of signatures and whose marks are as good as its ground.
pub(super) struct Guarded<'g> {
    ground: &'g Ground,
    pub(super) store: MemoryStore,
    /// What every exchange is answered with.
    pub(super) reply: Option<Canned>,
}

impl<'g> Guarded<'g> {
    pub(super) fn new(ground: &'g Ground) -> Self {
        Self::on(ground, MemoryStore::default())
    }

    /// The same on these rows.
    pub(super) const fn on(ground: &'g Ground, store: MemoryStore) -> Self {
        Self { ground, store, reply: None }
    }
}

impl Host for Guarded<'_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.store.answer_load(question)
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        let write = *question.write();
        let outcome = match write.labels.kind {
            Kind::Mark => self.ground.mark(&mut self.store, &write),
            _ => self.store.commit(&write),
        };
        question.answer(outcome)
    }

    fn verify<'a, F: Flow>(&mut self, question: Verify<'a, F>) -> Step<'a, F> {
        let verdict = self.ground.verify(question.key(), question.message(), question.signature());
        question.answer(verdict)
    }

    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        let Some(reply) = self.reply.clone() else { return question.unavailable() };
        let headers: Vec<Field<'_>> =
            reply.headers.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
        let mut body = reply.body.into_bytes();
        question.answer(Response { status: reply.status, headers: &headers, body: &mut body })
    }
}
