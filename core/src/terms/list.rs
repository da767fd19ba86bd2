//! Lists of words with one space between them: the form of `scope`, and of the URI lists in stored rows.

/// A list of words. Nothing is checked here: the terms that are lists check their own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<'s>(pub(crate) &'s str);

impl<'s> List<'s> {
    /// The list as it is written.
    pub const fn as_str(self) -> &'s str {
        self.0
    }

    /// The words in order.
    pub fn words(self) -> impl Iterator<Item = &'s str> + Clone {
        Words(self.0)
    }

    /// Whether `word` is one of the words.
    pub fn contains(self, word: &str) -> bool {
        self.words().any(|w| w == word)
    }

    /// Whether there is no word.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether each word is one of `other`'s.
    pub fn is_subset_of(self, other: List<'_>) -> bool {
        // The usual cases first: all of the other list, or its beginning.
        let begins = other.0.strip_prefix(self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        begins || self.words().all(|word| other.contains(word))
    }

    /// One bit for each of `chosen`: bit i is the i-th word of this list. `None` if one is not in this list.
    pub fn mask<'c>(self, chosen: impl IntoIterator<Item = &'c str>) -> Option<u32> {
        let mut mask = 0;
        for word in chosen {
            let place = self.words().position(|w| w == word)?;
            mask |= 1u32.checked_shl(u32::try_from(place).ok()?)?;
        }
        Some(mask)
    }

    /// The bits of all words.
    pub fn all(self) -> Option<u32> {
        let count = u32::try_from(self.words().count()).ok()?;
        let above = 1u64.checked_shl(count)?;
        u32::try_from(above.checked_sub(1)?).ok()
    }

    /// The words that have their bit in `mask`.
    pub fn masked(self, mask: u32) -> impl Iterator<Item = &'s str> + Clone {
        self.words().zip(0u32..).filter(move |(_, i)| mask.checked_shr(*i).is_some_and(|m| m & 1 == 1)).map(|(w, _)| w)
    }
}

/// Cuts words off at spaces. `str::split` would do, but keeps a panic path.
#[derive(Clone)]
struct Words<'s>(&'s str);

impl<'s> Iterator for Words<'s> {
    type Item = &'s str;

    fn next(&mut self) -> Option<&'s str> {
        loop {
            let end = self.0.bytes().position(|b| b == b' ').unwrap_or(self.0.len());
            let (word, rest) = self.0.split_at_checked(end)?;
            self.0 = rest.strip_prefix(' ').unwrap_or_default();
            if !word.is_empty() {
                return Some(word);
            }
            if self.0.is_empty() {
                return None;
            }
        }
    }
}
