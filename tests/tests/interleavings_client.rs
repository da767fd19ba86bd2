//! Two and three flows of the client on one session, in every order, at a server that rotates its refresh tokens.

use symbolon::Reason;
use symbolon_tests::explore::Mishap;
use symbolon_tests::explore::client::{End, Ended, Explored, explore};
use symbolon_tests::explore::meetings::{ALWAYS, Meeting, meetings};
use symbolon_tests::explore::model::{Over, Superseded, access_token};

/// What must be seen somewhere, lest the properties hold of nothing.
struct Sometimes {
    name: &'static str,
    /// The meeting in which it is seen.
    meeting: &'static str,
    seen: fn(&Ended) -> bool,
}

fn calm(ended: &Ended) -> bool {
    ended.history.mishaps.is_empty()
}

fn spent_by(ended: &Ended, flow: usize) -> bool {
    ended.world.model.refreshes.first().is_some_and(|(by, _)| *by == flow)
}

fn is(ended: &Ended, flow: usize, end: &End) -> bool {
    ended.ends[flow].as_ref() == Some(end)
}

fn usable(generation: u8) -> End {
    End::Usable(access_token(generation))
}

const TOLD: End = End::SignedOut { at_server: true };
const GONE: End = End::SignInAgain(Reason::SessionGone);

#[rustfmt::skip]
const SOMETIMES: &[Sometimes] = &[
    Sometimes { name: "the first spends it", meeting: "two refreshes", seen: |e| calm(e) && spent_by(e, 0) },
    Sometimes { name: "the second spends it", meeting: "two refreshes", seen: |e| calm(e) && spent_by(e, 1) },
    Sometimes { name: "one is busy", meeting: "two refreshes", seen: |e| e.ended().any(|end| matches!(end, End::Busy(_))) },
    Sometimes { name: "both have tokens", meeting: "two refreshes", seen: |e| is(e, 0, &usable(2)) && is(e, 1, &usable(2)) },
    Sometimes { name: "a race is lost", meeting: "two refreshes", seen: |e| calm(e) && e.history.lost_races > 0 },
    Sometimes { name: "a crash leaves a lease", meeting: "two refreshes", seen: |e| {
        e.went_wrong(|_, mishap| mishap == Mishap::Crash) && e.ended().any(|end| matches!(end, End::Busy(_)))
    } },
    Sometimes { name: "a lost answer leads to reuse", meeting: "two refreshes", seen: |e| e.lost_answer() && e.is_reused() },
    Sometimes { name: "a silent store has stored", meeting: "two refreshes", seen: |e| {
        e.went_wrong(|_, mishap| mishap == Mishap::LostAnswer) && !e.lost_answer() && is(e, 0, &usable(2)) && is(e, 1, &usable(2))
    } },
    Sometimes { name: "all three have tokens", meeting: "three refreshes", seen: |e| (0..3).all(|n| is(e, n, &usable(2))) },
    Sometimes { name: "old tokens are handed out meanwhile", meeting: "two refreshes after a rejection", seen: |e| {
        is(e, 0, &usable(2)) && is(e, 1, &usable(1))
    } },
    Sometimes { name: "the later clock is first", meeting: "two refreshes by clocks that differ", seen: |e| spent_by(e, 1) },
    Sometimes { name: "a lapsed lease leads to reuse", meeting: "a refresh whose lease lapses", seen: |e| calm(e) && e.is_reused() },
    Sometimes { name: "a lapsed lease does no harm", meeting: "a refresh whose lease lapses", seen: |e| {
        calm(e) && e.history.lost_races > 0 && !e.is_reused() && e.world.model.has_live_tokens()
    } },
    Sometimes { name: "the lease of one that crashed is taken over", meeting: "a refresh whose lease lapses", seen: |e| {
        e.ends[0].is_none() && is(e, 1, &usable(2))
    } },
    Sometimes { name: "every race is lost", meeting: "two leases that lapse", seen: |e| {
        calm(e) && e.ended().any(|end| *end == End::Failed(Reason::StoreBusy))
    } },
    Sometimes { name: "tokens without a session are revoked", meeting: "a refresh and a sign-out", seen: |e| {
        calm(e) && is(e, 0, &GONE) && is(e, 1, &TOLD) && e.world.model.issued == 2 && e.world.model.over == Some(Over::Revoked)
    } },
    Sometimes { name: "a sign-out ends what was refreshed before", meeting: "a refresh and a sign-out", seen: |e| {
        calm(e) && is(e, 0, &usable(2)) && is(e, 1, &TOLD)
    } },
    Sometimes { name: "a sign-out is told of the second tokens too", meeting: "a refresh and a sign-out", seen: |e| {
        calm(e) && is(e, 0, &usable(2)) && is(e, 1, &TOLD) && e.history.lost_races > 0
    } },
    Sometimes { name: "one is busy, and one revokes its tokens", meeting: "two refreshes and a sign-out", seen: |e| {
        calm(e) && is(e, 0, &GONE) && matches!(e.ends[1], Some(End::Busy(_))) && e.world.model.issued == 2
    } },
    Sometimes { name: "a lapsed lease leads to reuse", meeting: "a lease that lapses, and a sign-out", seen: |e| {
        calm(e) && e.is_reused() && e.is_signed_out()
    } },
    Sometimes { name: "one of two sign-outs finds nothing", meeting: "a refresh and two sign-outs", seen: |e| {
        is(e, 1, &TOLD) && is(e, 2, &End::SignedOut { at_server: false })
    } },
    Sometimes { name: "the first redeems", meeting: "two callbacks", seen: |e| {
        is(e, 0, &usable(1)) && is(e, 1, &End::SignInAgain(Reason::StateUsed))
    } },
    Sometimes { name: "the second redeems", meeting: "two callbacks", seen: |e| {
        is(e, 0, &End::SignInAgain(Reason::StateUsed)) && is(e, 1, &usable(1))
    } },
    Sometimes { name: "a callback loses its race", meeting: "two callbacks", seen: |e| calm(e) && e.history.lost_races == 1 },
    Sometimes { name: "the third redeems", meeting: "three callbacks", seen: |e| is(e, 2, &usable(1)) },
    Sometimes { name: "tokens without a session are revoked", meeting: "a callback and a sign-out", seen: |e| {
        calm(e) && is(e, 0, &GONE) && is(e, 1, &End::SignedOut { at_server: false }) && e.world.model.issued == 1
    } },
    Sometimes { name: "a refresh comes too early", meeting: "a callback, a refresh and a sign-out", seen: |e| {
        is(e, 0, &usable(1)) && is(e, 1, &GONE)
    } },
    Sometimes { name: "all goes well one after the other", meeting: "a callback, a refresh and a sign-out", seen: |e| {
        is(e, 0, &usable(1)) && is(e, 1, &usable(2)) && is(e, 2, &TOLD)
    } },
];

/// Explores a meeting: every property holds, and what must be seen is seen.
fn check(meeting: &Meeting) -> Explored {
    let mut wanted: Vec<&Sometimes> = SOMETIMES.iter().filter(|sometimes| sometimes.meeting == meeting.name).collect();
    assert!(!wanted.is_empty(), "{} shows nothing", meeting.name);
    let explored = explore(&meeting.setting(), &meeting.calls, meeting.mishaps, &meeting.world, |ended| {
        for property in ALWAYS {
            assert!((property.holds)(meeting, &ended), "{}: {} fails: {ended:?}", meeting.name, property.name);
        }
        wanted.retain(|sometimes| !(sometimes.seen)(&ended));
    });
    let missed: Vec<_> = wanted.iter().map(|sometimes| sometimes.name).collect();
    assert!(missed.is_empty(), "{}: never seen: {missed:?}", meeting.name);
    println!("{}: {explored:?}", meeting.name);
    explored
}

fn check_all(superseded: Superseded) {
    let states: usize = meetings(superseded).iter().map(|meeting| check(meeting).states).sum();
    println!("{states} states");
    assert!(states > 40_000, "{states}");
}

#[test]
fn every_order_keeps_what_is_promised_at_a_server_that_knows_superseded_tokens() {
    check_all(Superseded::EndsTheGrant);
}

#[test]
fn every_order_keeps_what_is_promised_at_a_server_that_does_not_know_superseded_tokens() {
    check_all(Superseded::IsUnknown);
}
