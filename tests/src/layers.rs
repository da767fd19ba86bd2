//! The layers of the core: which module may import which, and what no line of it may hold.
//!
//! The core's own lints forbid panics where the compiler sees them; this reads the text, and so holds for lines behind
//! `allow` and `cfg` too.

use crate::walk::graph;

/// Which layers each layer may import, besides itself. Roles never import each other.
const LAYERS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("event", &[]),
    ("name", &["event", "limits"]),
    ("error", &["event", "name", "limits"]),
    ("wire", &["limits", "name", "error", "event"]),
    ("terms", &["wire", "limits", "name", "error", "event"]),
    ("record", &["terms", "wire", "limits", "name", "error", "event"]),
    ("step", &["record", "terms", "wire", "limits", "name", "error", "event"]),
    ("rustcrypto", &["step", "wire", "limits", "name", "error"]),
    ("document", &["step", "record", "terms", "wire", "limits", "name", "error", "event"]),
    ("proof", &["step", "record", "terms", "wire", "limits", "name", "error", "event"]),
    ("server", &["document", "proof", "step", "record", "terms", "wire", "limits", "name", "error", "event"]),
    ("client", &["document", "proof", "step", "record", "terms", "wire", "limits", "name", "error", "event"]),
    ("resource", &["document", "proof", "step", "record", "terms", "wire", "limits", "name", "error", "event"]),
];

/// The most lines of a file, its tests included: what a person can hold in mind.
pub const LINES: usize = 450;

/// What is wrong with a file of the core. `path` is below `core/src`, with `/`.
pub fn violations(path: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    if source.lines().count() > LINES {
        found.push(format!("{path}: more than {LINES} lines"));
    }
    if path.split('/').any(|part| part == "tests.rs" || part == "tests") {
        return found;
    }
    let code = without_tests(&without_comments_and_strings(source));
    let layer = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    if layer != "lib" {
        found.extend(imports(path, layer, &code));
    }
    for word in ["std", "alloc"] {
        if paths(&code, word).next().is_some() || code.contains(&format!("extern crate {word}")) {
            found.push(format!("{path}: {word}"));
        }
    }
    for panic in [".unwrap()", ".expect(", "panic!", "unreachable!", "todo!", "unimplemented!"] {
        if code.contains(panic) {
            found.push(format!("{path}: {panic}"));
        }
    }
    if code.contains("impl Flow for") && graph::of_source(source).is_none() {
        found.push(format!("{path}: a flow whose file opens with no graph"));
    }
    found
}

fn imports(path: &str, layer: &str, code: &str) -> Vec<String> {
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{path}: not in a layer")];
    };
    let mut found = Vec::new();
    for rest in paths(code, "crate") {
        // `crate::{a, b::c}` names several.
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split_once('}').map_or(group, |(inside, _)| inside).split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name = name.trim();
            let name = name.split(|char: char| !(char.is_alphanumeric() || char == '_')).next().unwrap_or_default();
            if name != layer && !name.is_empty() && !allowed.contains(&name) {
                found.push(format!("{path}: imports {name}"));
            }
        }
    }
    // `super` of a layer's own file is the root; deeper files may reach out of their layer by two of them.
    let top = !path.contains('/') || path.ends_with("/mod.rs");
    if (top && paths(code, "super").next().is_some()) || code.contains("super::super") {
        found.push(format!("{path}: leaves its layer by super"));
    }
    found
}

/// What follows each `word::`.
fn paths<'c>(code: &'c str, word: &str) -> impl Iterator<Item = &'c str> {
    let wanted = format!("{word}::");
    code.match_indices(&wanted).map(|(at, _)| at).collect::<Vec<_>>().into_iter().filter_map(move |at| {
        let before = code[..at].chars().next_back();
        let whole = before.is_none_or(|char| !char.is_alphanumeric() && char != '_' && char != ':');
        whole.then(|| &code[at + wanted.len()..])
    })
}

/// Blanks comments and the insides of literals.
fn without_comments_and_strings(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(char) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(end) = raw_string_end(rest) {
            end
        } else if char == '"' {
            string_end(rest)
        } else if let Some(inside) = rest.strip_prefix("'\\") {
            inside.find('\'').map_or(rest.len(), |end| end + 3)
        } else if char == '\'' && rest[1..].char_indices().nth(1).is_some_and(|(_, second)| second == '\'') {
            rest[1..].char_indices().nth(2).map_or(rest.len(), |(end, _)| end + 1)
        } else {
            out.push(char);
            rest = &rest[char.len_utf8()..];
            continue;
        };
        out.push_str("\"\"");
        rest = &rest[skipped..];
    }
    out
}

/// The end of a raw string, `r"..."` or `r#"..."#`, if the text begins with one.
fn raw_string_end(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(inside.find(&close)? + close.len() + hashes + 2)
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Cuts out each item behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let Some((before, item)) = code.split_once("#[cfg(test)]") else { return code.to_owned() };
    let mut depth = 0_usize;
    for (at, char) in item.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 1 => return before.to_owned() + &without_tests(&item[at + 1..]),
            '}' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return before.to_owned() + &without_tests(&item[at + 1..]),
            _ => {}
        }
    }
    before.to_owned()
}
