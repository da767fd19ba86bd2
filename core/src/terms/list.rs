//! Lists of words with one space between them: the form of `scope`, and of the URI lists in stored rows.

/// A list of words. Nothing is checked here: the terms that are lists check their own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<'s>(pub(crate) &'s str);

impl<'s> List<'s> {
    /// The words in order.
    pub fn words(self) -> impl Iterator<Item = &'s str> + Clone {
        // Splitting bytes at an ASCII space cannot cut a character, and unlike `str::split` leaves no panic path.
        self.0.as_bytes().split(|&b| b == b' ').filter_map(|w| core::str::from_utf8(w).ok()).filter(|w| !w.is_empty())
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
        self.words().all(|word| other.contains(word))
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

    /// The words that have their bit in `mask`.
    pub fn masked(self, mask: u32) -> impl Iterator<Item = &'s str> + Clone {
        self.words().zip(0u32..).filter(move |(_, i)| mask.checked_shr(*i).is_some_and(|m| m & 1 == 1)).map(|(w, _)| w)
    }
}
