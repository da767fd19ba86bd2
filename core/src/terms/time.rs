//! Points in time and spans.

use crate::wire::encoding::encoding;

/// A point in time: seconds since 1970-01-01T00:00:00Z. The host's clock is the only clock; all arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

encoding!(struct Time(seconds));

impl Time {
    /// The time `seconds` later.
    #[must_use]
    pub const fn after(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The seconds from `earlier` to this time; 0 if the clock has gone backwards in between.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether something that expires at `expiry` has expired by this time.
    pub const fn reached(self, expiry: Self) -> bool {
        self.0 >= expiry.0
    }
}
