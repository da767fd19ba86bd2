//! One loop that drives any flow.

use symbolon::step::{Commit, Flow, Load, Send, Sign, Step, Verify};

/// A host: it answers each question by consuming it, and so decides itself whether to answer or to be unavailable.
///
/// The methods are generic over the flow, so that one host serves all flows.
pub trait Host {
    /// Answers a read.
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F>;
    /// Answers a compare-and-swap.
    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F>;
    /// Answers a signing: with the keys of the tests, if the host does not say otherwise.
    fn sign<'a, F: Flow>(&mut self, question: Sign<'a, F>) -> Step<'a, F> {
        sign(question)
    }
    /// Answers a signature check: as it is, if the host does not say otherwise.
    fn verify<'a, F: Flow>(&mut self, question: Verify<'a, F>) -> Step<'a, F> {
        verify(question)
    }
    /// Answers an HTTP exchange.
    fn send<'a, F: Flow>(&mut self, question: Send<'a, F>) -> Step<'a, F> {
        question.unavailable()
    }
}

/// Signs with the key of the tests that has this id.
pub fn sign<'a, F: Flow>(question: Sign<'a, F>) -> Step<'a, F> {
    #[cfg(feature = "whole")]
    if let Some(signature) = crate::keys::sign(question.key_id(), question.message()) {
        return question.answer(&signature);
    }
    question.unavailable()
}

/// Checks a signature.
pub fn verify<'a, F: Flow>(question: Verify<'a, F>) -> Step<'a, F> {
    #[cfg(feature = "whole")]
    {
        let verdict = crate::keys::verify(question.key(), question.message(), question.signature());
        question.answer(verdict)
    }
    #[cfg(not(feature = "whole"))]
    question.unavailable()
}

/// Drives a flow to its end.
pub fn drive<'a, F: Flow>(mut step: Step<'a, F>, host: &mut impl Host) -> F::Output<'a> {
    loop {
        step = match step {
            Step::Load(question) => host.load(question),
            Step::Commit(question) => host.commit(question),
            Step::Sign(question) => host.sign(question),
            Step::Verify(question) => host.verify(question),
            Step::Send(question) => host.send(question),
            Step::Done(output) => return output,
        }
    }
}

impl crate::store::MemoryStore {
    /// Answers a read from the rows.
    pub fn answer_load<'a, F: Flow>(&self, question: Load<'a, F>) -> Step<'a, F> {
        let row = self.load(question.key());
        question.answer(row)
    }
}

impl Host for crate::store::MemoryStore {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.answer_load(question)
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        let outcome = crate::store::MemoryStore::commit(self, question.write());
        question.answer(outcome)
    }
}
