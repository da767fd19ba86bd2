//! Credentials that are near ones, out of place or out of time.

use symbolon::Name;
use symbolon::server::Decision;
use symbolon::terms::Time;
use symbolon::{Event, Reason};
use symbolon_tests::fixture::*;
use symbolon_tests::walk::cases::{HandedOut, another_server};

const WEB: &str = "https%3A%2F%2Fclient.example%2Fcb";

/// Every text that differs from a credential by one bit, or is a part or an extension of it.
fn near(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[place] ^= 1 << bit;
            all.push(flipped);
        }
        all.push(bytes[..place].to_vec());
        all.push(bytes[place + 1..].to_vec());
    }
    // The last character of each half of base64url has bits to spare: none of its neighbours may pass for it.
    for place in [43.min(bytes.len() - 1), bytes.len() - 1] {
        for other in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
            let mut other_end = bytes.to_vec();
            other_end[place] = *other;
            all.push(other_end);
        }
    }
    for more in ["A", "=", "==", ".", " ", "\n", text] {
        all.push([bytes, more.as_bytes()].concat());
        all.push([more.as_bytes(), bytes].concat());
    }
    all.retain(|other| other != bytes);
    all
}

fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// CR-10.
#[test]
fn nothing_near_a_credential_works_in_its_place() {
    let made = HandedOut::by(server(), "c1");
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read write");
    assert_eq!(code.len(), made.code.len());
    let start = bench.store.clone();
    for forged in near(&code) {
        let answer = bench.token(Message::post(&redemption(&percent(&forged))).basic("c1", C1_SECRET));
        let refused = [
            Some(Reason::CodeInvalid),
            Some(Reason::NotUtf8),
            Some(Reason::Malformed(Name::Code)),
            Some(Reason::Missing(Name::Code)),
        ];
        assert!(refused.contains(&answer.reason), "{}: {answer:?}", percent(&forged));
    }
    assert_eq!(bench.store, start);

    let tokens = bench.redeem_as_c1(&code);
    let (access, refresh) = (tokens.member("access_token").unwrap(), tokens.member("refresh_token").unwrap());
    let start = bench.store.clone();
    for forged in near(&refresh) {
        let answer = bench.refresh_as_c1(&percent(&forged));
        assert_eq!((answer.status, answer.member("access_token")), (400, None), "{}", percent(&forged));
    }
    for token in [&access, &refresh] {
        for forged in near(token) {
            let form = format!("token={}", percent(&forged));
            let answer = bench.introspect(Message::post(&form).basic("c1", C1_SECRET));
            assert!(answer.status == 400 || answer.body == "{\"active\":false}", "{}: {answer:?}", percent(&forged));
            let answer = bench.revoke(Message::post(&form).basic("c1", C1_SECRET));
            assert!(answer.event.is_none() && [200, 400].contains(&answer.status), "{answer:?}");
        }
    }
    assert_eq!(bench.store, start);
    assert!(bench.is_active(&access));

    for forged in near(&made.handle) {
        let Ok(forged) = String::from_utf8(forged) else { continue };
        assert_eq!(bench.decide(&forged, Decision::Deny).reason, Some(Reason::InteractionInvalid), "{forged}");
    }
}

#[test]
fn credentials_work_in_their_own_place_alone() {
    let made = HandedOut::by(server(), "c1");
    let HandedOut { handle, pushed, code, access, refresh } = &made;
    let mut bench = Bench::default();
    for other in [handle, pushed, &access[0], &refresh[0]] {
        assert_eq!(bench.redeem_as_c1(other).reason, Some(Reason::CodeInvalid));
    }
    for other in [handle, pushed, code, &access[0]] {
        assert_eq!(bench.refresh_as_c1(other).reason, Some(Reason::RefreshTokenInvalid));
    }
    for other in [pushed, code, &access[0], &refresh[0]] {
        assert_eq!(bench.decide(other, Decision::Deny).reason, Some(Reason::InteractionInvalid));
    }
    for other in [handle, pushed, code] {
        assert!(!bench.is_active(other));
    }
    for other in [handle, code, &access[0], &refresh[0]] {
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{other}");
        let refused = bench.authorize(Message::get(&format!("client_id=c1&request_uri={request_uri}")));
        assert!(matches!(refused, Interaction::Refused(page) if page.reason == Some(Reason::PushedRequestInvalid)));
    }
    // Another server's, with the same key id.
    let foreign = HandedOut::by(another_server(), "c1");
    assert_eq!(bench.redeem_as_c1(&foreign.code).reason, Some(Reason::CodeInvalid));
    assert_eq!(bench.refresh_as_c1(&foreign.refresh[0]).reason, Some(Reason::RefreshTokenInvalid));
}

#[test]
fn what_has_expired_is_refused_to_the_second() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let start = bench.store.clone();
    for (after, reason) in [(59, None), (60, Some(Reason::CodeExpired)), (u64::MAX, Some(Reason::CodeExpired))] {
        bench.now = NOW.after(after);
        bench.store = start.clone();
        assert_eq!(bench.redeem_as_c1(&code).reason, reason, "{after}");
    }
    bench.now = NOW;
    bench.store = start;
    let tokens = bench.redeem_as_c1(&code);
    let (access, refresh) = (tokens.member("access_token").unwrap(), tokens.member("refresh_token").unwrap());
    for (after, active) in [(0, true), (599, true), (600, false), (u64::MAX, false)] {
        bench.now = NOW.after(after);
        assert_eq!(bench.is_active(&access), active, "{after}");
    }
    bench.now = NOW.after(2_592_000);
    assert_eq!(bench.refresh_as_c1(&refresh).reason, Some(Reason::RefreshTokenExpired));
}

#[test]
fn a_clock_that_goes_backwards_breaks_nothing() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    bench.now = Time(NOW.0 - 1000);
    let tokens = bench.redeem_as_c1(&code);
    assert_eq!(tokens.status, 200);
    let first = tokens.member("refresh_token").unwrap();
    bench.now = Time(0);
    let second = bench.refresh_as_c1(&first);
    assert_eq!(second.status, 200);
    // The lost response may be asked for again, but the one before it is reuse at any time.
    assert_eq!(bench.refresh_as_c1(&first).event, Some(Event::RefreshRetried));
    let third = bench.refresh_as_c1(&second.member("refresh_token").unwrap());
    assert_eq!(third.event, Some(Event::Refreshed));
    assert_eq!(bench.refresh_as_c1(&first).reason, Some(Reason::RefreshTokenReused));
    assert!(!bench.is_active(&third.member("access_token").unwrap()));
}

#[test]
fn the_ends_of_time_give_no_token_that_works() {
    for now in [Time(u64::MAX), Time(u64::MAX - 1), Time(1 << 40), Time((1 << 40) - 1)] {
        let mut bench = Bench { now, ..Bench::default() };
        let query = authorization_query("c1", WEB, "&scope=read");
        if let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) {
            let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
            assert_eq!(answer.reason, Some(Reason::InteractionExpired), "{now:?}");
        }
    }
    let mut bench = Bench { now: Time(0), ..Bench::default() };
    let code = bench.code_of_c1("read");
    assert_eq!(bench.redeem_as_c1(&code).status, 200);
}

#[test]
fn a_nonce_is_good_for_two_time_slots_and_in_no_other_spelling() {
    use symbolon::limits::DPOP_NONCE;
    use symbolon::terms::credential::CredentialKeys;
    use symbolon::wire::write::Arena;
    let keys = |id, byte| CredentialKeys::new(id, &[byte; 32]).expect("a key");
    let nonce = |keys: &CredentialKeys, now| {
        let mut buffer = [0; 64];
        let mut arena = Arena::new(&mut buffer, 64).expect("room");
        arena.text(|w| keys.dpop_nonce(now, w)).expect("room").to_owned()
    };
    let (own, slot) = (keys(1, 7), NOW.0 / DPOP_NONCE * DPOP_NONCE);
    let text = nonce(&own, NOW);
    let end = Time(slot + 2 * DPOP_NONCE);
    for (now, good) in [
        (slot, true),
        (slot + DPOP_NONCE, true),
        (end.0 - 1, true),
        (end.0, false),
        (slot - 1, false),
        (0, false),
        (u64::MAX, false),
    ] {
        assert_eq!(own.dpop_nonce_end(&text, Time(now)), good.then_some(end), "{now}");
    }
    // The keys that made it may be retired by now; those of another server are not these.
    let rotated = keys(2, 8).with_retired(1, &[7; 32]).expect("another id");
    assert_eq!(rotated.dpop_nonce_end(&text, NOW), Some(end));
    assert_ne!(nonce(&rotated, NOW), text);
    for other in [keys(1, 8), keys(2, 7)] {
        assert_eq!(other.dpop_nonce_end(&text, NOW), None);
    }
    for other in near(&text).iter().filter_map(|other| std::str::from_utf8(other).ok()) {
        assert_eq!(own.dpop_nonce_end(other, NOW), None, "{other:?}");
    }
    assert_eq!(nonce(&own, Time(slot + DPOP_NONCE - 1)), nonce(&own, Time(slot)));
    assert_ne!(nonce(&own, Time(slot + DPOP_NONCE)), text);
}
