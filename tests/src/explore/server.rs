//! Flows of the server that meet on one store, and what holds of them however they met.

use symbolon::record::{Grant, Record};
use symbolon::{Event, Reason};

use super::faulty::{Fault, Faulty};
use super::{Mishap, Played, explore};
use crate::fixture::{Answer, Bench};
use crate::walk::Call;

/// Flows that meet, and what holds however they met.
pub struct Meeting {
    /// Its name.
    pub name: &'static str,
    /// The server and its rows.
    pub bench: Bench,
    /// What meets.
    pub calls: Vec<Call>,
    /// Holds of every schedule in which nothing goes wrong.
    pub calm: fn(&Played) -> bool,
    /// Holds even if something goes wrong.
    pub always: fn(&Played) -> bool,
}

impl Meeting {
    /// Plays every order, calm and with each mishap; how many there are.
    pub fn keeps_its_promises(&self) -> usize {
        let mut schedules = 0;
        for mishap in [None, Some(Mishap::Crash), Some(Mishap::Down), Some(Mishap::LostAnswer)] {
            let Self { bench, calls, .. } = self;
            let store = || bench.store.clone();
            schedules += explore(&bench.server, bench.now, calls, mishap, store, |played| {
                let calm = played.schedule.iter().all(|(_, mishap)| mishap.is_none());
                assert!(!calm || (self.calm)(&played), "{}: {played:?}", self.name);
                assert!((self.always)(&played), "{}: {played:?}", self.name);
            });
        }
        schedules
    }

    /// Whether a faulty store makes it break its promise.
    fn finds(&self, fault: Fault) -> bool {
        let Self { bench, calls, .. } = self;
        let mut found = false;
        let store = || Faulty::new(&bench.store, fault);
        explore(&bench.server, bench.now, calls, None, store, |played| found |= !(self.calm)(&played));
        found
    }
}

/// The faults that a meeting should find and does not, or finds though they are said to do it no harm.
pub fn misjudged(meetings: &[Meeting], harmless: &[(&str, Fault)]) -> Vec<(&'static str, Fault)> {
    let all = meetings.iter().flat_map(|meeting| Fault::ALL.map(|fault| (meeting, fault)));
    let wrong = all.filter(|(meeting, fault)| meeting.finds(*fault) == harmless.contains(&(meeting.name, *fault)));
    wrong.map(|(meeting, fault)| (meeting.name, fault)).collect()
}

/// The state of the one grant in the store.
pub fn state(played: &Played) -> String {
    let row = played.store.rows.values().find(|row| row.kind == "grant");
    match row.map(|row| Grant::decode(&row.value).expect("a grant")) {
        None => "gone".into(),
        Some(Grant::Pushed(_)) => "pushed".into(),
        Some(Grant::Pending(_)) => "pending".into(),
        Some(Grant::Code(_)) => "code".into(),
        Some(Grant::Active(active)) => format!("active {}", active.generation),
        Some(Grant::Revoked(_)) => "revoked".into(),
    }
}

/// How many answers have this reason.
pub fn count(played: &Played, reason: Reason) -> usize {
    played.answers.iter().flatten().filter(|answer| answer.reason == Some(reason)).count()
}

/// How many answers have this event.
pub fn logged(played: &Played, event: Event) -> usize {
    played.answers.iter().flatten().filter(|answer| answer.event == Some(event)).count()
}

/// No two answers hold different tokens.
pub fn same_tokens(played: &Played) -> bool {
    let tokens = |answer: &&Answer| (answer.member("access_token"), answer.member("refresh_token"));
    let mut all: Vec<_> = played.with("access_token").iter().map(tokens).collect();
    all.dedup();
    all.len() <= 1
}
