//! The layers of the core, held against its sources; and the rules, held against sources that break them.

use std::fs;
use std::path::{Path, PathBuf};

use symbolon_tests::layers::{LINES, violations};

/// The files of the flows that `walk.rs` and `walk_client.rs` walk, and whose graphs they hold.
const WALKED: [&str; 17] = [
    "server/authorize.rs",
    "server/decide.rs",
    "server/interaction.rs",
    "server/introspect.rs",
    "server/push.rs",
    "server/revoke.rs",
    "server/token.rs",
    "server/userinfo.rs",
    "client/authorize.rs",
    "client/callback.rs",
    "client/credentials.rs",
    "client/discover.rs",
    "client/refresh.rs",
    "client/request.rs",
    "client/revoke.rs",
    "client/userinfo.rs",
    "resource/judge.rs",
];

fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_core_keeps_its_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let files = files(&root);
    assert!(files.len() > 40, "{files:?}");
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
        found.extend(violations(&path, &fs::read_to_string(&file).expect("text")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_flow_of_the_core_is_walked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let is_flow = |file: &PathBuf| fs::read_to_string(file).expect("text").contains("impl Flow for ");
    let flows = files(&root)
        .into_iter()
        .filter(is_flow)
        .map(|file| file.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/"));
    let [mut flows, mut walked]: [Vec<String>; 2] = [flows.collect(), WALKED.map(str::to_owned).into()];
    flows.sort();
    walked.sort();
    assert_eq!(flows, walked, "walk.rs, walk_client.rs and walk_access.rs count these files");
}

#[test]
fn each_rule_is_seen_to_be_broken() {
    let broken = [
        ("wire/form.rs", "use crate::terms::scope;", "imports terms"),
        ("wire/form.rs", "use crate::{limits, record::Key};", "imports record"),
        ("terms/scope.rs", "fn f() { crate::record::f() }", "imports record"),
        ("terms/scope.rs", "use crate::Reason;", "imports Reason"),
        ("record/grant.rs", "use crate::proof::pkce;", "imports proof"),
        ("proof/pkce.rs", "use crate::server::Server;", "imports server"),
        ("step.rs", "use crate::proof::pkce;", "imports proof"),
        ("document.rs", "use crate::proof::pkce;", "imports proof"),
        ("step.rs", "macro_rules! m { () => { $crate::client::f() } }", "imports client"),
        ("limits.rs", "use crate::error::Reason;", "imports error"),
        ("server/token.rs", "use crate::client::Tokens;", "imports client"),
        ("client/refresh.rs", "use crate::resource::Judge;", "imports resource"),
        ("resource/judge.rs", "use crate::server::Server;", "imports server"),
        ("record.rs", "use super::server::Server;", "leaves its layer by super"),
        ("wire/json/check.rs", "use super::super::super::record::Key;", "leaves its layer by super"),
        ("helpers/text.rs", "", "not in a layer"),
        ("terms/scope.rs", "use std::vec::Vec;", "std"),
        ("terms/scope.rs", "extern crate alloc;", "alloc"),
        ("terms/scope.rs", "#[cfg(test)]\nmod tests { fn a() {} }\nuse alloc::vec::Vec;", "alloc"),
        ("terms/scope.rs", "fn f() { g(\"\\\"//\").unwrap() }", ".unwrap()"),
        ("terms/scope.rs", "fn f<'a>() { g('\"').expect(\"x\") }", ".expect("),
        ("terms/scope.rs", "fn f() { panic!() }", "panic!"),
        ("terms/scope.rs", "fn f() { unreachable!() }", "unreachable!"),
        ("server/token.rs", "//! No graph.\nimpl Flow for Token {}", "opens with no graph"),
        (
            "server/token.rs",
            "//! ```text\n//! start -> lode grant\n//! ```\nimpl Flow for Token {}",
            "opens with no graph",
        ),
        (
            "server/token.rs",
            "//! ```text\n//! start -> done | done\n//! ```\nimpl Flow for Token {}",
            "opens with no graph",
        ),
    ];
    for (path, source, rule) in broken {
        let found = violations(path, source);
        assert!(found.len() == 1 && found[0].ends_with(rule), "{source}: {found:?}");
    }
    let long = "\n".repeat(LINES + 1);
    assert_eq!(violations("limits.rs", &long).len(), 1);
}

#[test]
fn what_is_allowed_is_not_found() {
    let kept = [
        ("terms/scope.rs", "//! [`x`](crate::record::Key)\n// std::vec, x.unwrap()\nuse crate::terms::list;"),
        ("terms/scope.rs", "const A: &str = \"crate::server::x std:: panic!\";"),
        ("terms/scope.rs", "use core::str;\n#[cfg(test)]\nmod tests { extern crate std; fn f() { { x.unwrap() } } }"),
        ("terms/scope.rs", "#[cfg(test)]\nmod tests;\nuse super::list;"),
        (
            "server/token.rs",
            "//! ```text\n//! start -> load client | done\n//! load client -> done\n//! ```\nimpl Flow for Token {}",
        ),
        ("terms/scope.rs", "#[cfg(test)]\nmod tests { const A: &str = r#\"}\"}\"#; extern crate std; }"),
        ("wire/json/tests.rs", "use std::vec::Vec;"),
    ];
    for (path, source) in kept {
        assert_eq!(violations(path, source), Vec::<String>::new(), "{source}");
    }
}
