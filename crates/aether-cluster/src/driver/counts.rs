//! What a node counts, for its status.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Counts one more, and returns how many there are.
    pub(crate) fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts one more, and says whether to log it: ever more seldom, so that nobody can fill the log.
    pub(crate) fn add_and_log(&self) -> bool {
        self.add().is_power_of_two()
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a node counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Renewals of its own record that were acknowledged.
    pub(crate) renewals: Count,
    /// Changes that were refused: somebody else was first, or an earlier attempt was stored.
    pub(crate) refused: Count,
    /// Requests to the bucket without a usable answer.
    pub(crate) unanswered: Count,
    /// Values and hints that could not be read.
    pub(crate) unreadable: Count,
    /// Watches that were made.
    pub(crate) watches: Count,
}
