//! The loop that drives every flow of every role.

use symbolon::record::Key;
use symbolon::rustcrypto;
use symbolon::step::{Committed, Flow, Step, Unavailable, Verdict};

use crate::journal::{Actor, Journal};
use crate::send::Http;
use crate::signing::Keyring;
use crate::store::{Store, Stored};

/// What answers the questions of a flow.
pub struct Driver<'h> {
    /// Whose flow it is, for the log.
    pub actor: Actor,
    /// Answers `Load` and `Commit`.
    pub store: &'h Store,
    /// Answers `Sign`.
    pub keys: &'h Keyring,
    /// Answers `Send`.
    pub http: &'h Http,
    /// Is told of each question, for the demonstration.
    pub journal: Option<&'h Journal>,
}

impl Driver<'_> {
    /// Drives a flow to its end.
    pub async fn drive<'a, F: Flow>(&self, mut step: Step<'a, F>) -> F::Output<'a> {
        loop {
            step = match step {
                Step::Load(question) => {
                    let row = self.store.load(question.key()).await;
                    let outcome = match &row {
                        Ok(Some(row)) => format!("version {}", row.row().version),
                        Ok(None) => "no such row".to_owned(),
                        Err(Unavailable) => "unavailable".to_owned(),
                    };
                    self.tell("load", question.kind().as_str(), question.key(), &outcome);
                    match row {
                        Ok(row) => question.answer(row.as_ref().map(Stored::row)),
                        Err(Unavailable) => question.unavailable(),
                    }
                }
                Step::Commit(question) => {
                    let write = question.write();
                    let outcome = self.store.commit(write).await;
                    let said = match outcome {
                        Ok(Committed::Yes) if write.value.is_none() => "committed, deleted".to_owned(),
                        Ok(Committed::Yes) => format!("committed, version {}", write.version()),
                        Ok(Committed::Conflict) => "conflict".to_owned(),
                        Err(Unavailable) => "unavailable".to_owned(),
                    };
                    self.tell("commit", write.labels.kind.as_str(), write.key, &said);
                    match outcome {
                        Ok(outcome) => question.answer(outcome),
                        Err(Unavailable) => question.unavailable(),
                    }
                }
                Step::Send(question) => {
                    if let Some(journal) = self.journal {
                        journal.sending(self.actor, question.exchange());
                    }
                    let response = self.http.send(question.exchange()).await;
                    let outcome = response.as_ref().map(|response| response.status).ok();
                    tracing::info!(question = "send", actor = self.actor.as_str(), status = outcome);
                    if let Some(journal) = self.journal {
                        journal.sent(self.actor, question.exchange(), outcome);
                    }
                    match response {
                        Ok(mut response) => response.lend(|response| question.answer(response)),
                        Err(Unavailable) => question.unavailable(),
                    }
                }
                Step::Sign(question) => {
                    let signature = self.keys.sign(question.key_id(), question.message());
                    let outcome = if signature.is_some() { "signed" } else { "no such key" };
                    self.tell_of_key("sign", outcome);
                    match signature {
                        Some(signature) => question.answer(&signature),
                        None => question.unavailable(),
                    }
                }
                Step::Verify(question) => {
                    let verdict = rustcrypto::verify(question.key(), question.message(), question.signature());
                    let outcome = if verdict == Verdict::Valid { "valid" } else { "invalid" };
                    self.tell_of_key("verify", outcome);
                    question.answer(verdict)
                }
                Step::Done(output) => return output,
            }
        }
    }

    fn tell_of_key(&self, question: &'static str, outcome: &'static str) {
        tracing::info!(question, outcome, actor = self.actor.as_str());
        if let Some(journal) = self.journal {
            journal.question(self.actor, question, "a signature", outcome);
        }
    }

    fn tell(&self, question: &'static str, kind: &'static str, key: Key, outcome: &str) {
        let key = prefix(key);
        tracing::info!(question, kind, %key, outcome, actor = self.actor.as_str());
        if let Some(journal) = self.journal {
            journal.question(self.actor, question, &format!("{kind} {key}"), outcome);
        }
    }
}

/// The first bytes of a key: enough to follow a row through the log.
fn prefix(Key(key): Key) -> String {
    key[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
