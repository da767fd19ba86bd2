//! Replays the seeds of every fuzz target, and every truncation of each.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use symbolon_tests::fuzz::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

#[test]
fn every_seed_of_every_target() {
    for (name, body) in TARGETS {
        for file in fs::read_dir(fuzz().join("seeds").join(name)).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for len in 0..=bytes.len() {
                body(&bytes[..len]);
            }
        }
    }
}

#[test]
fn targets_programs_and_seeds_are_the_same() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let programs = manifest.split("[[bin]]").skip(1).map(|bin| bin.split('"').nth(1).unwrap().to_owned());
    let seeds = fs::read_dir(fuzz().join("seeds")).unwrap().map(|folder| folder.unwrap());
    let seeds = seeds.filter(|folder| fs::read_dir(folder.path()).unwrap().count() > 0);
    assert_eq!(programs.collect::<BTreeSet<_>>(), targets);
    assert_eq!(seeds.map(|folder| folder.file_name().into_string().unwrap()).collect::<BTreeSet<_>>(), targets);
}
