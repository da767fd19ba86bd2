//! What RFC 9700 asks for: every statement has a proof that exists.

use std::collections::BTreeSet;

use symbolon::ErrorCode;
use symbolon::server::Authenticated;
use symbolon::terms::Time;
use symbolon_tests::attacks::Form;
use symbolon_tests::attacks::outcome::refused;
use symbolon_tests::fixture::Bench;
use symbolon_tests::requirements::{Proof, Requirement, requirements};

#[test]
fn every_statement_stands_once_and_what_shows_it_exists() {
    let mut ids = BTreeSet::new();
    for requirement in requirements() {
        assert!(ids.insert(requirement.id), "{} stands twice", requirement.id);
        assert!(!requirement.statement.is_empty() && !requirement.proofs.is_empty(), "{}", requirement.id);
        assert_eq!(requirement.faults(), Vec::<String>::new(), "{}", requirement.id);
    }
}

/// As many as sections 2 and 4 of the RFC have, each with its number: none was left out between two others.
#[test]
fn no_statement_is_left_out() {
    let all: Vec<&str> = requirements().map(|requirement| requirement.id).collect();
    assert_eq!(all.iter().filter(|id| id.starts_with("R9700-2.")).count(), 33);
    assert_eq!(all.iter().filter(|id| id.starts_with("R9700-4.")).count(), 49);
    for id in &all {
        let (section, number) = id.rsplit_once('-').unwrap();
        let number: u32 = number.parse().unwrap();
        let before = format!("{section}-{}", number - 1);
        assert!(number == 1 || all.contains(&before.as_str()), "{before} is left out");
    }
}

#[test]
fn a_proof_that_is_not_there_is_found() {
    let missing = [
        Proof::Attack("RU-99"),
        // It stands among those that are not here, but is no matter of words.
        Proof::Inexpressible("CS-26"),
        Proof::Attack("RU-33"),
        Proof::Test("tests/requirements.rs", "no_such_test"),
        // A function, but no test.
        Proof::Test("tests/walk.rs", "seen"),
        Proof::Test("no/such/file.rs", "no_statement_is_left_out"),
        Proof::Test("interop/server.js", "finds no server"),
        Proof::Transcript("metadata.md", "No such section"),
        Proof::Transcript("no-such.md", "Metadata"),
        // A section of prose.
        Proof::Transcript("README.md", "Names"),
        Proof::Vectors("redirect-uri.json", "no-such-tag"),
        Proof::Vectors("no-such.json", "exact"),
        Proof::Host("does it", "host/tests/pages.rs", "no_such_test"),
        Proof::Open("not built"),
    ];
    for proof in missing {
        assert!(proof.fault().is_some(), "{proof:?}");
    }
    let there = [
        Proof::Attack("RU-01"),
        Proof::Inexpressible("RU-33"),
        Proof::Test("tests/requirements.rs", "a_proof_that_is_not_there_is_found"),
        Proof::Test("interop/server.js", "finds the server"),
        Proof::Host("does it", "host/tests/pages.rs", "every_page_is_guarded"),
        Proof::Transcript("metadata.md", "Metadata"),
        Proof::Vectors("redirect-uri.json", "exact"),
    ];
    for proof in there {
        assert_eq!(proof.fault(), None);
    }
    let alone = |proofs| Requirement { id: "", role: "", level: "", statement: "", proofs };
    assert_eq!(alone(&[]).faults(), ["nothing shows it"]);
    assert_eq!(alone(&[Proof::Inexpressible("RU-33")]).faults(), ["nothing shows it"]);
}

/// RFC 9700 section 4.15: a token of a client's own has `client:` and its identifier for a subject, which no user can have.
#[test]
fn no_user_is_called_as_a_client_is() {
    for subject in ["client:", "client:c1", "client:https://client.example/"] {
        assert!(Authenticated::new(subject, Time(1)).is_err(), "{subject}");
    }
    assert!(Authenticated::new("Client:c1", Time(1)).is_ok());
}

#[test]
fn there_is_no_password_grant() {
    let mut bench = Bench::default();
    let before = bench.store.clone();
    let form = Form::of(&[("grant_type", "password"), ("username", "alice"), ("password", "wonderland")]);
    refused(&bench.token(form.from("c1")), 400, ErrorCode::UnsupportedGrantType).unwrap();
    assert!(bench.store == before);
    let mut buffer = vec![0; symbolon::server::BUFFER];
    let metadata = bench.server.metadata(&mut buffer).map_err(|_| ()).unwrap().body.to_vec();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
    let grants = metadata["grant_types_supported"].as_array().unwrap();
    assert!(grants.iter().all(|grant| grant != "password" && grant != "implicit"), "{grants:?}");
}
