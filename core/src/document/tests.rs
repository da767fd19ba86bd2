extern crate std;
use super::*;
use crate::name::Name;
use crate::step::Unavailable;
use crate::terms::endpoint::Schemes;
use crate::wire::http::Field;
use std::string::String;
use std::vec::Vec;

const URL: &str = "https://as.example/jwks";
const NOW: Time = Time(1_000_000);
const CAP: usize = 64;

fn has_keys(object: &Object<'_>, url: &str) -> Result<(), Reason> {
    assert_eq!(url, URL);
    object.array(Name::Keys)?.map(|_| ()).ok_or(Reason::Missing(Name::Keys))
}

fn source() -> Source<'static> {
    let url = Endpoint::parse(Name::JwksUri, URL, Schemes::Https).unwrap();
    Source {
        kind: DocumentKind::IssuerKeys,
        url,
        cap: CAP,
        public_addresses_only: true,
        pressing: false,
        accept: has_keys,
    }
}

fn row(fetched_at: u64, fresh_until: u64, lease_until: u64, body: &str) -> Vec<u8> {
    let [fetched_at, fresh_until, lease_until] =
        [fetched_at, fresh_until, lease_until].map(|time| Time(NOW.0 + time - 200_000));
    let mut buffer = std::vec![0; 256];
    let len = Document { fetched_at, fresh_until, lease_until, body: body.as_bytes() }.encode(&mut buffer).unwrap();
    buffer.truncate(len);
    buffer
}

/// The time of a row that is so many seconds from now; see `row`.
const fn at(seconds: u64) -> u64 {
    200_000 + seconds
}

const fn ago(seconds: u64) -> u64 {
    200_000 - seconds
}

const OLD: &str = "{\"keys\":[],\"n\":1}";
const NEW: &str = "{\"keys\":[],\"n\":2}";

/// What is answered, and in the end what was asked and found.
struct Script<'s> {
    newer: bool,
    pressing: bool,
    row: Answer<Option<&'s [u8]>>,
    lease: Answer<Committed>,
    response: Answer<(u16, &'s str, &'s str, &'s str)>,
    kept: Answer<Committed>,
}

impl Default for Script<'_> {
    fn default() -> Self {
        let response = Ok((200, "application/json", "max-age=600", NEW));
        let (lease, kept) = (Ok(Committed::Yes), Ok(Committed::Yes));
        Self { newer: false, pressing: false, row: Ok(None), lease, response, kept }
    }
}

/// What was asked, and the number in the document.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    asked: String,
    writes: Vec<(Option<u64>, Time, Time, Time, Time, String)>,
}

impl Script<'_> {
    fn run(&self) -> (Seen, Result<Option<u64>, Reason>) {
        let mut buffer = std::vec![0; room(CAP)];
        let mut arena = Arena::new(&mut buffer, room(CAP)).unwrap();
        let mut seen = Seen::default();
        let source = Source { pressing: self.pressing, ..source() };
        let mut turn = if self.newer { source.find_newer(NOW) } else { source.find(NOW) };
        loop {
            turn = match turn {
                Turn::Load(at) => {
                    seen.asked.push('l');
                    assert_eq!(at.key(), Key::document(DocumentKind::IssuerKeys, URL));
                    at.loaded(self.row.map(|row| row.map(|value| Row { version: 7, value })), &mut arena)
                }
                Turn::Commit(at) => {
                    seen.asked.push('c');
                    let Write { key, expected, value, expires_at, .. } = *at.write();
                    assert_eq!(key, Key::document(DocumentKind::IssuerKeys, URL));
                    let Document { fetched_at, fresh_until, lease_until, body } =
                        Document::decode(value.unwrap()).unwrap();
                    let body = String::from(core::str::from_utf8(body).unwrap());
                    seen.writes.push((expected, fetched_at, fresh_until, lease_until, expires_at, body));
                    let outcome = if seen.writes.len() == 1 { self.lease } else { self.kept };
                    at.committed(outcome, &mut arena)
                }
                Turn::Send(at) => {
                    seen.asked.push('s');
                    let Exchange { url, policy, body, .. } = at.exchange();
                    assert_eq!((url, body, policy.body_cap), (URL, &b""[..], CAP));
                    assert!(policy.public_addresses_only && !policy.plain_http);
                    let Ok((status, media_type, caching, body)) = self.response else {
                        turn = at.sent(Err(Unavailable), &mut arena);
                        continue;
                    };
                    let mut body = Vec::from(body);
                    let headers = [
                        Field { name: "content-type", value: media_type.as_bytes() },
                        Field { name: "cache-control", value: caching.as_bytes() },
                    ];
                    at.sent(Ok(Response { status, headers: &headers, body: &mut body }), &mut arena)
                }
                Turn::Done(found) => {
                    let number = found.map(|found| match found {
                        Found::Document(object) => object.integer(Name::N).unwrap(),
                        Found::NoneNewer => None,
                    });
                    return (seen, number);
                }
            }
        }
    }

    fn ends(&self, asked: &str, found: Result<Option<u64>, Reason>) {
        let (seen, got) = self.run();
        assert_eq!((seen.asked.as_str(), got), (asked, found));
    }
}

#[test]
fn a_document_that_was_never_read_is_asked_for_and_kept() {
    let (seen, found) = Script::default().run();
    assert_eq!((seen.asked.as_str(), found), ("lcsc", Ok(Some(2))));
    let leased = NOW.after(limits::LEASE);
    let lease = (None, Time(0), Time(0), leased, leased, String::new());
    let fresh = NOW.after(600);
    let kept = (Some(1), NOW, fresh, NOW, fresh.after(limits::STALE), String::from(NEW));
    assert_eq!(seen.writes, [lease, kept]);
}

#[test]
fn a_fresh_document_costs_one_question() {
    let row = row(ago(1000), at(1), 0, OLD);
    Script { row: Ok(Some(&row)), ..Script::default() }.ends("l", Ok(Some(1)));
}

#[test]
fn what_is_fresh_for_longer_than_a_day_is_of_a_clock_that_was_ahead() {
    let row = row(ago(1000), at(limits::FRESH_CEILING + 1), 0, OLD);
    Script { row: Ok(Some(&row)), ..Script::default() }.ends("lcsc", Ok(Some(2)));
}

#[test]
fn a_document_that_is_no_longer_fresh_is_asked_for_again() {
    let row = row(ago(1000), at(0), ago(10), OLD);
    let (seen, found) = Script { row: Ok(Some(&row)), ..Script::default() }.run();
    assert_eq!((seen.asked.as_str(), found), ("lcsc", Ok(Some(2))));
    let [(expected, _, _, lease_until, expires_at, old), (next, .., new)] = &seen.writes[..] else { panic!() };
    assert_eq!((*expected, *lease_until, old.as_str()), (Some(7), NOW.after(limits::LEASE), OLD));
    // The row with the lease is dropped no sooner than the document in it.
    assert_eq!((*expires_at, *next, new.as_str()), (NOW.after(limits::STALE), Some(8), NEW));
}

#[test]
fn who_does_not_get_the_lease_makes_do_with_the_old_one() {
    let leased = row(ago(1000), at(0), at(1), OLD);
    Script { row: Ok(Some(&leased)), ..Script::default() }.ends("l", Ok(Some(1)));
    let free = row(ago(1000), at(0), at(0), OLD);
    Script { row: Ok(Some(&free)), lease: Ok(Committed::Conflict), ..Script::default() }.ends("lc", Ok(Some(1)));
    // And has none if there is none, or it is too old.
    let unavailable = Err(Reason::PeerUnavailable);
    let first = row(ago(200_000), ago(200_000), at(1), "");
    Script { row: Ok(Some(&first)), ..Script::default() }.ends("l", unavailable);
    Script { lease: Ok(Committed::Conflict), ..Script::default() }.ends("lc", unavailable);
    let ancient = row(ago(100_000), ago(limits::STALE), at(1), OLD);
    Script { row: Ok(Some(&ancient)), ..Script::default() }.ends("l", unavailable);
    // A lease that is longer than leases are is of a clock that was ahead.
    let ahead = row(ago(1000), at(0), at(limits::LEASE + 1), OLD);
    Script { row: Ok(Some(&ahead)), ..Script::default() }.ends("lcsc", Ok(Some(2)));
}

#[test]
fn what_is_no_good_answer_is_not_kept() {
    let old = row(ago(1000), at(0), 0, OLD);
    let ancient = row(ago(100_000), ago(limits::STALE), 0, OLD);
    let long = std::format!("{{\"keys\":[],\"n\":2,\"x\":\"{}\"}}", "a".repeat(CAP));
    for (response, reason) in [
        (Err(Unavailable), Reason::PeerUnavailable),
        (Ok((500, "application/json", "", NEW)), Reason::Status),
        (Ok((503, "application/json", "", NEW)), Reason::Status),
        (Ok((429, "application/json", "", NEW)), Reason::Status),
        (Ok((408, "application/json", "", NEW)), Reason::Status),
        (Ok((410, "application/json", "", NEW)), Reason::Status),
        (Ok((302, "application/json", "", NEW)), Reason::Status),
        (Ok((404, "application/json", "max-age=600", NEW)), Reason::Status),
        (Ok((200, "text/html", "", NEW)), Reason::Document(Name::ContentType)),
        (Ok((200, "application/json, text/html", "", NEW)), Reason::Document(Name::ContentType)),
        (Ok((200, "application/json", "", "<html>")), Reason::Document(Name::Json)),
        (Ok((200, "application/json", "", "")), Reason::Document(Name::Json)),
        (Ok((200, "application/json", "", "{\"keys\":1}")), Reason::Document(Name::Keys)),
        (Ok((200, "application/json", "", "{}")), Reason::Document(Name::Keys)),
        (Ok((200, "application/json", "", &long)), Reason::Document(Name::Body)),
    ] {
        Script { response, ..Script::default() }.ends("lcs", Err(reason));
        let told = response.is_ok_and(|(status, ..)| !matches!(status, 500 | 503 | 429 | 408));
        let asked = if told { "lcsc" } else { "lcs" };
        Script { row: Ok(Some(&ancient)), response, ..Script::default() }.ends(asked, Err(reason));
        // The old one is used, for a while, if the server does not say that it is withdrawn: a key in it may have leaked.
        let found = if told { Err(reason) } else { Ok(Some(1)) };
        Script { row: Ok(Some(&old)), response, ..Script::default() }.ends(asked, found);
        // But not where it is known not to do.
        Script { newer: true, row: Ok(Some(&old)), response, ..Script::default() }.ends(asked, Err(reason));
        for kept in [Ok(Committed::Yes), Ok(Committed::Conflict), Err(Unavailable)] {
            let (seen, found) = Script { row: Ok(Some(&old)), response, kept, ..Script::default() }.run();
            assert_eq!(found.is_err(), told);
            let leased = NOW.after(limits::LEASE);
            let dropped = (Some(8), Time(0), Time(0), leased, leased, String::new());
            assert_eq!(seen.writes.get(1), Some(&dropped).filter(|_| told));
        }
    }
    for media_type in ["application/jwk-set+json", "Application/JWK-Set+JSON; charset=utf-8", "application/json"] {
        Script { response: Ok((200, media_type, "", NEW)), ..Script::default() }.ends("lcsc", Ok(Some(2)));
    }
}

#[test]
fn what_was_read_is_used_whether_it_could_be_kept_or_not() {
    for kept in [Ok(Committed::Conflict), Err(Unavailable)] {
        Script { kept, ..Script::default() }.ends("lcsc", Ok(Some(2)));
    }
}

#[test]
fn a_store_that_does_not_answer_is_no_reason_to_ask_the_server() {
    let unavailable = Err(Reason::StoreUnavailable);
    Script { row: Err(Unavailable), ..Script::default() }.ends("l", unavailable);
    Script { lease: Err(Unavailable), ..Script::default() }.ends("lc", unavailable);
}

#[test]
fn a_row_that_cannot_be_read_is_written_anew() {
    Script { row: Ok(Some(b"\x01")), ..Script::default() }.ends("lcsc", Ok(Some(2)));
    for malformed in ["{}", "{", "{\"keys\":1}"] {
        let fresh = row(ago(1000), at(1), 0, malformed);
        Script { row: Ok(Some(&fresh)), ..Script::default() }.ends("lcsc", Ok(Some(2)));
        // It does not do for want of another, either.
        let unanswered = Script { row: Ok(Some(&fresh)), response: Err(Unavailable), ..Script::default() };
        unanswered.ends("lcs", Err(Reason::PeerUnavailable));
        let leased = row(ago(1000), ago(1), at(5), malformed);
        Script { row: Ok(Some(&leased)), ..Script::default() }.ends("l", Err(Reason::PeerUnavailable));
    }
}

#[test]
fn a_newer_one_is_asked_for_once_in_a_while() {
    let newer = |fetched_at, lease_until| row(fetched_at, at(1000), lease_until, OLD);
    let run = |row: &[u8]| Script { newer: true, row: Ok(Some(row)), ..Script::default() }.run();
    let (seen, found) = run(&newer(ago(limits::COOL_DOWN), ago(1)));
    assert_eq!((seen.asked.as_str(), found), ("lcsc", Ok(Some(2))));
    for row in [newer(ago(limits::COOL_DOWN - 1), ago(1)), newer(at(5), ago(1))] {
        let (seen, found) = run(&row);
        assert_eq!((seen.asked.as_str(), found), ("l", Ok(None)));
        // However much hangs on it.
        Script { newer: true, pressing: true, row: Ok(Some(&row)), ..Script::default() }.ends("l", Ok(None));
    }
    // What another finds is not known.
    let unavailable = Err(Reason::PeerUnavailable);
    let (seen, found) = run(&newer(ago(1000), at(1)));
    assert_eq!((seen.asked.as_str(), found), ("l", unavailable));
    let row = newer(ago(1000), ago(1));
    Script { newer: true, row: Ok(Some(&row)), lease: Ok(Committed::Conflict), ..Script::default() }
        .ends("lc", unavailable);
}

#[test]
fn where_it_is_pressing_who_does_not_get_the_lease_asks_as_well_and_keeps_nothing() {
    let free = row(ago(1000), ago(200_000), ago(1), "");
    let leased = row(ago(200_000), ago(200_000), at(1), "");
    let ancient = row(ago(100_000), ago(limits::STALE), at(1), OLD);
    let old = row(ago(1000), at(0), at(1), OLD);
    let pressing = || Script { pressing: true, ..Script::default() };
    pressing().ends("lcsc", Ok(Some(2)));
    for row in [&leased, &ancient] {
        Script { row: Ok(Some(row)), ..pressing() }.ends("ls", Ok(Some(2)));
        let response = Err(Unavailable);
        Script { row: Ok(Some(row)), response, ..pressing() }.ends("ls", Err(Reason::PeerUnavailable));
        let response = Ok((200, "application/json", "", "{}"));
        Script { row: Ok(Some(row)), response, ..pressing() }.ends("ls", Err(Reason::Document(Name::Keys)));
    }
    for row in [None, Some(&free[..])] {
        Script { row: Ok(row), lease: Ok(Committed::Conflict), ..pressing() }.ends("lcs", Ok(Some(2)));
    }
    // The old one does, unless it is known not to.
    Script { row: Ok(Some(&old)), ..pressing() }.ends("l", Ok(Some(1)));
    Script { newer: true, row: Ok(Some(&old)), ..pressing() }.ends("ls", Ok(Some(2)));
}

#[test]
fn what_the_server_says_of_freshness_has_a_floor_and_a_ceiling() {
    for (caching, seconds) in [
        ("max-age=3600", 3600),
        ("max-age=0", limits::FRESH_FLOOR),
        ("no-store", limits::FRESH_FLOOR),
        ("max-age=31536000", limits::FRESH_CEILING),
        ("public", limits::FRESH_DEFAULT),
    ] {
        let (seen, _) = Script { response: Ok((200, "application/json", caching, NEW)), ..Script::default() }.run();
        assert_eq!(seen.writes[1].2, NOW.after(seconds), "{caching}");
    }
}

#[test]
fn the_room_is_enough_for_one_look_and_one_for_a_newer_one() {
    let body = std::format!("{{\"keys\":[\"{}\"]}}", "a".repeat(CAP - 13));
    assert_eq!(body.len(), CAP);
    let mut buffer = std::vec![0; room(CAP)];
    let mut arena = Arena::new(&mut buffer, room(CAP)).unwrap();
    let kept = row(ago(1000), at(1), 0, &body);
    let Turn::Load(load) = source().find(NOW) else { panic!() };
    assert!(matches!(load.loaded(Ok(Some(Row { version: 1, value: &kept })), &mut arena), Turn::Done(Ok(_))));
    let Turn::Load(load) = source().find_newer(NOW) else { panic!() };
    let Turn::Commit(lease) = load.loaded(Ok(Some(Row { version: 1, value: &kept })), &mut arena) else { panic!() };
    let Turn::Send(send) = lease.committed(Ok(Committed::Yes), &mut arena) else { panic!() };
    let mut body = body.into_bytes();
    let headers = [Field { name: "content-type", value: b"application/json" }];
    let response = Response { status: 200, headers: &headers, body: &mut body };
    assert!(matches!(send.sent(Ok(response), &mut arena), Turn::Commit(_)));
}
