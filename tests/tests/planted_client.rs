//! Shows that the explorer of the client's flows finds a host that does not keep its word.

use symbolon::record::{Key, Record, Session};
use symbolon::step::{Committed, Write};
use symbolon_tests::explore::client::{Call, explore};
use symbolon_tests::explore::meetings::{ALWAYS, Meeting, meetings};
use symbolon_tests::explore::model::Superseded;
use symbolon_tests::explore::world::{Sound, World};
use symbolon_tests::peer::{Canned, Sent};
use symbolon_tests::store::{MemoryStore, Stored};

/// What is wrong with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    /// Its store writes whatever the version.
    Unconditional,
    /// Its store says that it wrote, and did not.
    NeverWrites,
    /// Its store reads from a copy that lags behind, as from a replica.
    Stale,
    /// It says that it wrote a lease, and writes it when the request is made that the lease is for.
    WritesBehind,
    /// It makes a request again of its own accord, as some HTTP clients do.
    SendsTwice,
    /// It makes a write again of its own accord, and takes the first one for another's.
    WritesTwice,
}

const FAULTS: [Fault; 6] = [
    Fault::Unconditional,
    Fault::NeverWrites,
    Fault::Stale,
    Fault::WritesBehind,
    Fault::SendsTwice,
    Fault::WritesTwice,
];

#[derive(Clone, Hash)]
struct Faulty {
    fault: Fault,
    world: Sound,
    before: MemoryStore,
    /// Whose writes are to be made later, and what they are.
    late: Vec<(usize, Key, Stored)>,
}

impl World for Faulty {
    fn read(&mut self, flow: usize, key: Key) -> Option<Stored> {
        match self.fault {
            Fault::Stale => self.before.rows.get(&key).cloned(),
            _ => self.world.read(flow, key),
        }
    }

    fn write(&mut self, flow: usize, write: &Write<'_>) -> Committed {
        match (self.fault, write.value) {
            (Fault::NeverWrites, _) => Committed::Yes,
            (Fault::Unconditional, _) => {
                let expected = self.world.store.rows.get(&write.key).map(|row| row.version);
                self.world.write(flow, &Write { expected, ..*write })
            }
            (Fault::WritesTwice, _) => {
                self.world.write(flow, write);
                self.world.write(flow, write)
            }
            (Fault::WritesBehind, Some(value)) if is_lease(value) => {
                // Made now on a copy, so that the write finds the row as it will be.
                let mut copy = self.world.clone();
                let outcome = copy.write(flow, write);
                self.late.extend(copy.store.rows.remove(&write.key).map(|row| (flow, write.key, row)));
                outcome
            }
            _ => self.world.write(flow, write),
        }
    }

    fn serve(&mut self, flow: usize, sent: &Sent) -> Canned {
        if self.fault == Fault::SendsTwice {
            self.world.serve(flow, sent);
        }
        let answer = self.world.serve(flow, sent);
        while let Some(place) = self.late.iter().position(|(by, ..)| *by == flow) {
            let (_, key, row) = self.late.remove(place);
            if self.world.store.rows.get(&key).is_some_and(|now| now.version + 1 == row.version) {
                self.world.store.rows.insert(key, row);
            }
        }
        answer
    }

    fn sound(&self) -> &Sound {
        &self.world
    }
}

fn is_lease(value: &[u8]) -> bool {
    matches!(Session::decode(value), Ok(Session::Refreshing(_) | Session::Redeeming(_)))
}

/// The properties that a faulty host makes fail, though nothing goes wrong besides.
fn found_by(meeting: &Meeting, fault: Fault) -> Vec<&'static str> {
    let world = Faulty { fault, world: meeting.world.clone(), before: meeting.world.store.clone(), late: Vec::new() };
    let mut broken: Vec<&str> = Vec::new();
    explore(&meeting.setting(), &meeting.calls, 0, &world, |ended| {
        for property in ALWAYS {
            if !broken.contains(&property.name) && !(property.holds)(meeting, &ended) {
                broken.push(property.name);
            }
        }
    });
    broken
}

/// Whether a fault does no harm in a meeting.
fn is_harmless(meeting: &Meeting, fault: Fault) -> bool {
    let refreshes = meeting.calls.iter().filter(|call| matches!(call, Call::Refresh(..))).count();
    let callbacks = meeting.calls.iter().filter(|call| matches!(call, Call::Callback(..))).count();
    match fault {
        // Whoever writes upon an old row loses every race, and says so; as one of three may at a sound store.
        Fault::Stale => meeting.calls.len() > 2 || callbacks == 2,
        // There is nobody to keep away, or a lease does not keep them away.
        Fault::WritesBehind => (refreshes < 2 && callbacks < 2) || meeting.name.contains("laps"),
        // The row stays under a lease, or as that of a sign-in that goes on; the sign-out deletes it.
        Fault::WritesTwice => meeting.signs_out(),
        Fault::Unconditional | Fault::NeverWrites | Fault::SendsTwice => false,
    }
}

#[test]
fn every_fault_of_a_host_is_found_by_every_meeting_that_it_can_hurt() {
    let (mut wrong, mut broken) = (Vec::new(), Vec::new());
    for meeting in meetings(Superseded::IsUnknown) {
        for fault in FAULTS {
            let found = found_by(&meeting, fault);
            if found.is_empty() != is_harmless(&meeting, fault) {
                wrong.push((meeting.name, fault));
            }
            broken.extend(found.into_iter().map(|property| (fault, property)));
        }
    }
    assert_eq!(wrong, []);
    for expected in [
        (Fault::Unconditional, "a code is sent once"),
        (Fault::Unconditional, "a refresh token is sent once while a lease holds"),
        (Fault::Unconditional, "after a sign-out no token is alive"),
        (Fault::Unconditional, "a session that is over stays gone"),
        (Fault::NeverWrites, "what is usable was stored, and was alive"),
        (Fault::NeverWrites, "the row is at rest"),
        (Fault::Stale, "nothing fails unless something went wrong"),
        (Fault::WritesBehind, "a code is sent once"),
        (Fault::WritesBehind, "a refresh token is sent once while a lease holds"),
        (Fault::SendsTwice, "a code is sent once"),
        (Fault::SendsTwice, "a refresh token is sent once while a lease holds"),
        (Fault::SendsTwice, "nobody signs in again without need"),
        (Fault::WritesTwice, "the row is at rest"),
    ] {
        assert!(broken.contains(&expected), "{expected:?}");
    }
    // No property holds whatever the host does.
    for property in ALWAYS {
        assert!(broken.iter().any(|(_, name)| *name == property.name), "{}", property.name);
    }
}
