//! Two flows on one store, interleaved at every question.

use symbolon::step::{Flow, Step};

use super::Ground;
use crate::fixture::{Answer, Bench, Message};
use crate::store::MemoryStore;

/// A flow that is held between two questions, or its reply.
enum Held<'a, F: Flow> {
    At(Step<'a, F>),
    Over(Answer),
}

/// How a race ended.
pub struct Finish {
    /// The replies.
    pub answers: [Answer; 2],
    /// The bench, with the store as the race left it.
    pub bench: Bench,
}

/// Lets two messages race to the token endpoint on a copy of the bench's store: once for every order in which their
/// questions can be answered.
pub fn races(ground: &Ground, bench: &Bench, messages: [Message; 2]) -> Vec<Finish> {
    let mut finishes = Vec::new();
    // The turns so far: `true` where the second flow went first. Each run goes on with `false`, and the last `false` that
    // was taken becomes `true` for the next run.
    let mut turns: Vec<bool> = Vec::new();
    loop {
        let mut taken = 0;
        let store = bench.store.clone();
        let [mut first, mut second] = messages.clone();
        let finish = run(ground, bench, store, [&mut first, &mut second], || {
            if taken == turns.len() {
                turns.push(false);
            }
            taken += 1;
            turns[taken - 1]
        });
        finishes.push(finish);
        while turns.last() == Some(&true) {
            turns.pop();
        }
        match turns.last_mut() {
            Some(last) => *last = true,
            None => return finishes,
        }
    }
}

fn run(
    ground: &Ground,
    bench: &Bench,
    mut store: MemoryStore,
    [first, second]: [&mut Message; 2],
    mut second_goes: impl FnMut() -> bool,
) -> Finish {
    let (server, now) = (&bench.server, bench.now);
    let mut buffers = [vec![0; symbolon::server::BUFFER], vec![0; symbolon::server::BUFFER]];
    let [buffer, other] = &mut buffers;
    let answers = first.lend(|first| {
        second.lend(|second| {
            let mut flows = [
                Held::At(server.token(first, now, crate::fixture::entropy(1), buffer).expect("room")),
                Held::At(server.token(second, now, crate::fixture::entropy(2), other).expect("room")),
            ];
            loop {
                flows = match flows {
                    [Held::Over(first), Held::Over(second)] => return [first, second],
                    [first @ Held::At(_), second @ Held::At(_)] => {
                        if second_goes() {
                            [first, answer(ground, &mut store, second)]
                        } else {
                            [answer(ground, &mut store, first), second]
                        }
                    }
                    [first, second] => [answer(ground, &mut store, first), answer(ground, &mut store, second)],
                }
            }
        })
    });
    Finish { answers, bench: Bench { store, ..super::outcome::copy(bench) } }
}

/// Answers the question that a flow is held at.
fn answer<'a, F>(ground: &Ground, store: &mut MemoryStore, held: Held<'a, F>) -> Held<'a, F>
where
    F: Flow,
    F::Output<'a>: Into<Answer>,
{
    match held {
        Held::At(Step::Load(question)) => {
            let row = store.load(question.key());
            Held::At(question.answer(row))
        }
        Held::At(Step::Commit(question)) => {
            let outcome = ground.commit(store, question.write());
            Held::At(question.answer(outcome))
        }
        Held::At(Step::Sign(question)) => Held::At(question.unavailable()),
        Held::At(Step::Verify(question)) => Held::At(question.unavailable()),
        Held::At(Step::Send(question)) => Held::At(question.unavailable()),
        Held::At(Step::Done(output)) => Held::Over(output.into()),
        over @ Held::Over(_) => over,
    }
}
