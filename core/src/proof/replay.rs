//! That something is seen for the first time.

use crate::error::Reason;
use crate::record::{Key, Kind, Mark};
use crate::step::{Answer, Committed, Labels, Unavailable, Write};
use crate::terms::Time;

/// What follows from something that may be used once, when its mark is known to be new.
///
/// It is the answer to [`Commit`](crate::step::Commit) that opens it, and nothing else does.
#[must_use]
pub struct Unmarked<T> {
    key: Key,
    expires_at: Time,
    refused: Reason,
    then: T,
}

impl<T> Unmarked<T> {
    /// The mark is kept until `expires_at`, from which on what it marks must be refused for its age. `refused` is the reason for
    /// one that was there.
    pub(crate) const fn new(key: Key, expires_at: Time, refused: Reason, then: T) -> Self {
        Self { key, expires_at, refused, then }
    }

    /// The write to ask for.
    pub const fn mark(&self) -> Write<'static> {
        Write {
            key: self.key,
            expected: None,
            value: Some(Mark::ROW),
            expires_at: self.expires_at,
            labels: Labels { kind: Kind::Mark, client_id: None, subject: None },
        }
    }

    /// What follows. It is not earned yet.
    pub(super) const fn then(&self) -> &T {
        &self.then
    }

    /// Takes the answer. A store that does not answer has not said that the mark is new.
    pub fn marked(self, outcome: Answer<Committed>) -> Result<T, Reason> {
        match outcome {
            Ok(Committed::Yes) => Ok(self.then),
            Ok(Committed::Conflict) => Err(self.refused),
            Err(Unavailable) => Err(Reason::StoreUnavailable),
        }
    }
}
