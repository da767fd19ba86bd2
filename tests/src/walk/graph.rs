//! The graph that a flow's file opens with.

use std::collections::BTreeSet;

/// Edges from node to node.
pub type Edges = BTreeSet<(String, String)>;

/// Reads the graph from the text of a source file: the first `text` block of its module documentation, whose lines are
/// `node -> node | node`. `None` if the file does not open with one.
pub fn of_source(source: &str) -> Option<Edges> {
    let documentation: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let start = documentation.iter().position(|line| *line == "```text")? + 1;
    let length = documentation[start..].iter().position(|line| *line == "```")?;
    let mut edges = Edges::new();
    for line in &documentation[start..start + length] {
        let (from, to) = line.split_once("->")?;
        for to in to.split('|') {
            if !is_node(from.trim()) || !is_node(to.trim()) || !edges.insert((from.trim().into(), to.trim().into())) {
                return None;
            }
        }
    }
    (!edges.is_empty()).then_some(edges)
}

fn is_node(text: &str) -> bool {
    match text.split_once(' ') {
        Some((question, kind)) => {
            ["load", "commit"].contains(&question) && kind.bytes().all(|b| b.is_ascii_lowercase())
        }
        None => ["start", "sign", "verify", "send", "done"].contains(&text),
    }
}
