//! Every attack fails; and the attacks can tell: where a fault is planted they succeed.

use symbolon::ErrorCode;
use symbolon::record::Record;
use symbolon::server::Decision;
use symbolon_tests::attacks::outcome::{
    alive, family_dead, local, redirected, refused, response, tokens, tokens_of_c1, unmoved,
};
use symbolon_tests::attacks::{Form, Ground, NOT_HERE, Plant, attempt, repeated_ids, rows, run, strayed_ids};
use symbolon_tests::fixture::Bench;

/// The ids of the attacks that succeed on this ground.
fn successes(ids: &[&str], plant: Option<Plant>) -> Vec<String> {
    let ground = Ground { plant };
    let rows = rows().into_iter().filter(|row| ids.is_empty() || ids.contains(&row.id));
    rows.filter_map(|row| attempt(row, &ground).err().map(|wrong| format!("{}: {wrong}", row.id))).collect()
}

/// With this fault planted, each of these attacks must succeed.
fn must_succeed(plant: Plant, ids: &[&str]) {
    for id in ids {
        let found = successes(&[id], Some(plant));
        assert_eq!(found.len(), 1, "{id} does not see {plant:?}");
    }
}

#[test]
fn every_attack_fails() {
    assert!(rows().len() > 100);
    assert_eq!(successes(&[], None), Vec::<String>::new());
}

#[test]
fn every_id_stands_once_and_has_its_words() {
    assert_eq!(repeated_ids(), Vec::<&str>::new());
    for row in rows() {
        assert!(!row.flaw.is_empty() && !row.source.is_empty(), "{}", row.id);
    }
    assert!(NOT_HERE.iter().all(|row| !row.flaw.is_empty() && !row.reason.is_empty()));
}

#[test]
fn every_attack_of_the_catalogue_has_its_place() {
    assert_eq!(strayed_ids(), Vec::<String>::new());
}

#[test]
fn a_store_that_ignores_versions_is_found() {
    // RT-02 holds even so: the successors of one refresh token are derived from it, and so are one and the same.
    must_succeed(Plant::LostRaceWins, &["CR-03", "RT-01"]);
}

#[test]
fn a_store_that_forgets_revocations_is_found() {
    must_succeed(Plant::RevocationForgotten, &["RT-12", "RT-16", "RT-19", "RT-20"]);
}

#[test]
fn a_client_stored_past_its_registration_is_found() {
    must_succeed(Plant::ForeignRedirectUri, &["RU-01", "RU-11", "RU-13"]);
}

#[test]
fn browsers_that_share_a_binding_are_found() {
    must_succeed(Plant::SharedBrowser, &["CR-09", "CR-16", "CS-03", "MX-15", "MX-17"]);
}

#[test]
fn codes_and_superseded_tokens_that_live_too_long_are_found() {
    must_succeed(Plant::LongLives, &["CR-01", "CR-23", "RT-05"]);
}

#[test]
fn another_issuer_is_found() {
    must_succeed(Plant::OtherIssuer, &["MX-06", "RU-43", "CR-16"]);
}

#[test]
fn a_store_that_holds_keys_is_found() {
    must_succeed(Plant::KeysInTheStore, &["EL-13"]);
}

#[test]
fn a_client_with_stuck_entropy_is_found() {
    must_succeed(Plant::StuckEntropy, &["PK-18", "PK-22", "CS-01", "CS-27"]);
}

#[test]
fn a_client_store_that_keeps_what_was_taken_is_found() {
    must_succeed(Plant::SessionKept, &["CS-06", "CS-15", "MD-09"]);
}

#[test]
fn a_host_that_checks_no_signature_is_found() {
    must_succeed(Plant::SignaturesUnchecked, &["JW-08", "JW-28", "JW-30", "JW-35", "JW-56", "DP-05", "RS-16"]);
}

#[test]
fn a_store_that_forgets_what_was_used_is_found() {
    must_succeed(Plant::MarksForgotten, &["CA-01", "JW-31", "DP-10", "DP-11"]);
}

#[test]
fn a_host_that_reads_requests_laxly_is_found() {
    must_succeed(Plant::QueryMerged, &["PD-09"]);
    must_succeed(Plant::FieldsDropped, &["PD-11"]);
    must_succeed(Plant::AnyContentType, &["PD-06"]);
    must_succeed(Plant::AnyMethod, &["PD-10"]);
}

#[test]
fn a_host_that_follows_redirects_is_found() {
    must_succeed(Plant::RedirectsFollowed, &["MD-07", "MD-09"]);
}

#[test]
fn a_resource_that_is_set_up_wrongly_is_found() {
    must_succeed(Plant::NothingNeeded, &["RS-10", "RS-11"]);
    must_succeed(Plant::OtherResource, &["RS-09"]);
}

/// What an attack wants is no safe outcome: an honest request must not pass for one.
#[test]
fn success_is_no_safe_outcome() {
    let bench = Bench::default;
    let good = Form::authorization("c1");
    local(&mut bench(), &good).unwrap_err();
    local(&mut bench(), &good.clone().with("scope", "bad")).unwrap_err();
    redirected(&mut bench(), &good, ErrorCode::InvalidScope).unwrap_err();
    redirected(&mut bench(), &good.clone().with("scope", "bad"), ErrorCode::InvalidTarget).unwrap_err();
    redirected(&mut bench(), &good.clone().with("redirect_uri", "https://evil.example/"), ErrorCode::InvalidRequest)
        .unwrap_err();

    let mut bench = bench();
    let code = bench.code_of_c1("read");
    let redeemed = bench.redeem_as_c1(&code);
    refused(&redeemed, 400, ErrorCode::InvalidGrant).unwrap_err();
    refused(&bench.redeem_as_c1("x"), 400, ErrorCode::InvalidRequest).unwrap_err();
    refused(&bench.redeem_as_c1("x"), 401, ErrorCode::InvalidGrant).unwrap_err();
    let live = tokens(&redeemed).unwrap();
    family_dead(&bench, "c1", &live).unwrap_err();
    alive(&bench, "c1", &live).unwrap();
    // A replay by the owner: the store changes, and the tokens die.
    unmoved(&mut bench, |bench| refused(&bench.redeem_as_c1(&code), 400, ErrorCode::InvalidGrant)).unwrap_err();
    alive(&bench, "c1", &live).unwrap_err();
    tokens(&bench.redeem_as_c1(&code)).unwrap_err();
}

#[test]
fn a_redirect_elsewhere_is_no_response() {
    let mut bench = Bench::default();
    tokens_of_c1(&mut bench, "read").unwrap();
    let symbolon_tests::fixture::Interaction::Ask { handle, .. } = bench.authorize(Form::authorization("c1").get())
    else {
        panic!("no interaction")
    };
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    response(&answer, "https://client.example/cb").unwrap();
    response(&answer, "https://client.example/c").unwrap_err();
    response(&answer, "https://evil.example/cb").unwrap_err();
    for (from, to) in [("303", "307"), ("iss=", "is="), ("#_", ""), ("state=xyz", "state=xyz&code=x")] {
        let mut spoilt = answer.clone();
        if from == "303" {
            spoilt.status = to.parse().unwrap();
        }
        for (_, value) in &mut spoilt.headers {
            *value = value.replace(from, to);
        }
        response(&spoilt, "https://client.example/cb").expect_err(from);
    }
}

/// A wildcard cannot be registered; only a host that writes rows past the core could store one, and it would match nothing
/// but itself.
#[test]
fn a_wildcard_cannot_be_registered() {
    let hash = symbolon::terms::secret::hash(symbolon_tests::fixture::C1_SECRET);
    let wild =
        symbolon::record::Client { redirect_uris: "https://*.client.example/cb", ..symbolon_tests::fixture::c1(&hash) };
    assert_eq!(wild.register(&mut [0; 8192]), Err(symbolon::Reason::RedirectUriForbidden));
    let mut bench = Bench::default();
    let mut row = [0; 8192];
    let len = wild.encode(&mut row).unwrap();
    bench.store.rows.get_mut(&symbolon::record::Key::client("c1")).unwrap().value = row[..len].to_vec();
    for uri in ["https://a.client.example/cb", "https://evil.example/.client.example/cb", "https://client.example/cb"] {
        local(&mut bench, &Form::authorization("c1").with("redirect_uri", uri)).unwrap();
    }
}

#[test]
fn the_command_line_chooses() {
    let said = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut out = Vec::new();
        let code = run(&arguments, &mut out);
        (format!("{code:?}").contains("(0)"), String::from_utf8(out).unwrap())
    };
    let (ok, text) = said(&["PK-01", "PK-02"]);
    assert!(ok && text.starts_with("PK-01  ") && text.ends_with("\n2 passed, 0 failed\n"), "{text}");
    let (ok, text) = said(&["--list"]);
    assert!(ok && text.lines().count() == rows().len());
    let (ok, text) = said(&["--not-here"]);
    assert!(ok && text.lines().count() == NOT_HERE.len());
    assert!(!said(&["ZZ-99"]).0);
    assert!(!said(&["--lst"]).0);
}
