//! Replays the seeds of every fuzz target, and every truncation of each.

use std::fs;
use std::path::Path;

use symbolon_tests::fuzz::TARGETS;

#[test]
fn every_seed_of_every_target() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (name, body) in TARGETS {
        let files = fs::read_dir(seeds.join(name)).unwrap_or_else(|e| panic!("seeds of {name}: {e}"));
        let mut replayed = 0;
        for file in files {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for len in 0..=bytes.len() {
                body(&bytes[..len]);
            }
            replayed += 1;
        }
        assert!(replayed > 0, "{name} has no seed");
    }
}

#[test]
fn every_target_is_built_for_the_fuzzer() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
    }
}
