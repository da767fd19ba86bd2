//! A depth-first walk over every sequence of choices, by running again from the start.

/// The choices of one run: those that were scripted, and after them the first of every set.
#[derive(Default)]
pub struct Choices {
    taken: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    /// Chooses one of `of` alternatives.
    pub fn pick(&mut self, of: usize) -> usize {
        if self.at == self.taken.len() {
            self.taken.push((0, of));
        }
        let (choice, known) = self.taken[self.at];
        assert_eq!(known, of, "a run with the same choices before it came to another choice");
        self.at += 1;
        choice
    }

    /// Whether the next choice was made by an earlier run: what comes before it has been seen.
    pub fn is_scripted(&self) -> bool {
        self.at < self.taken.len()
    }

    /// Goes on to the next run; `false` after the last.
    fn advance(&mut self) -> bool {
        assert_eq!(self.at, self.taken.len(), "a run with the same choices before it ended earlier");
        self.at = 0;
        while let Some((choice, of)) = self.taken.pop() {
            if choice + 1 < of {
                self.taken.push((choice + 1, of));
                return true;
            }
        }
        false
    }
}

/// Calls `run` once for each sequence of choices; returns how many there are.
pub fn every(mut run: impl FnMut(&mut Choices)) -> usize {
    let mut choices = Choices::default();
    let mut runs = 0;
    loop {
        run(&mut choices);
        runs += 1;
        if !choices.advance() {
            return runs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::every;

    #[test]
    fn visits_each_leaf_once() {
        let mut leaves = Vec::new();
        let runs = every(|choices| {
            let first = choices.pick(3);
            let second = if first == 1 { choices.pick(2) } else { 9 };
            leaves.push((first, second));
        });
        assert_eq!(runs, 4);
        assert_eq!(leaves, [(0, 9), (1, 0), (1, 1), (2, 9)]);
    }
}
