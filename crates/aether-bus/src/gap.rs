//! How much is missing at one place.

use crate::Missed;

/// How much is missing at one place: a count, and whether it is only a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gap {
    count: u64,
    or_more: bool,
}

impl Gap {
    pub(crate) fn exactly(count: u64) -> Self {
        Self { count, or_more: false }
    }

    #[cfg(any(test, feature = "nats"))]
    pub(crate) fn at_least(count: u64) -> Self {
        Self { count, or_more: true }
    }

    /// Adds what is missing at the same place.
    pub(crate) fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.or_more |= other.or_more;
    }

    /// Takes it away to be said, if there is any.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Missed> {
        if *self == Self::default() {
            return None;
        }
        let Self { count, or_more } = std::mem::take(self);
        Some(if or_more { Missed::AtLeast(count) } else { Missed::Exactly(count) })
    }
}
