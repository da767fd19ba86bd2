//! The tree of all answers to a flow, and its bound.
//!
//! Without a bound, each lost race multiplies the tree by all that may be read after it. From the first lost race on, a
//! question has the answers of its node's ` again`, where the menu says so: one of each sort. From the second in a row, with
//! no write done between them, a read gives the row that it gave last, under a new version, or none where the menu has that;
//! an exchange and a key give the first of their answers; a write may still be lost, until the flow gives up.

use std::collections::BTreeMap;

use symbolon::step::Verdict;

use super::{Given, Menu, Question};
use crate::choice::{Choices, every};

/// What may be answered where keys are asked for, if the menu does not say otherwise: all that there is.
fn keys() -> Menu {
    let signature = Given::Signature(vec![0x51; 64]);
    let verdicts = [Verdict::Valid, Verdict::Invalid].map(Given::Verdict);
    [
        ("sign", vec![signature, Given::Unavailable]),
        ("verify", verdicts.into_iter().chain([Given::Unavailable]).collect()),
    ]
    .into()
}

/// Calls `run` with every sequence of answers that a menu allows; returns how many there are.
pub fn answered(menu: &Menu, mut run: impl FnMut(&mut dyn FnMut(&Question) -> Given)) -> usize {
    let keys = keys();
    every(|choices: &mut Choices| {
        let (mut reads, mut raced, mut in_a_row) = (0, false, 0);
        let mut read = BTreeMap::<String, Given>::new();
        run(&mut |question| {
            let node = question.node();
            let again = raced.then(|| menu.get(format!("{node} again").as_str())).flatten();
            let menu = again.or_else(|| menu.get(node.as_str())).or_else(|| keys.get(node.as_str()));
            let menu = menu.unwrap_or_else(|| panic!("nobody expected {node}"));
            let settled = in_a_row > 1;
            let mut given = match question {
                Question::Load { .. } if settled && read.contains_key(&node) => {
                    let gone = menu.contains(&Given::Row(None));
                    if gone && choices.pick(2) == 1 { Given::Row(None) } else { read[&node].clone() }
                }
                Question::Sign | Question::Verify | Question::Send(_) if settled => menu[0].clone(),
                _ => menu[choices.pick(menu.len())].clone(),
            };
            match question {
                Question::Load { .. } => {
                    if let Given::Row(Some((version, _))) = &mut given {
                        // Somebody wrote the row since it was read last.
                        reads += 10;
                        *version = reads;
                    }
                    read.insert(node, given.clone());
                }
                // A write that nobody answers for may have lost as well.
                Question::Commit(_) => {
                    in_a_row = if given == Given::Committed { 0 } else { in_a_row + 1 };
                    raced |= in_a_row > 0;
                }
                Question::Sign | Question::Verify | Question::Send(_) => {}
            }
            given
        });
    })
}
