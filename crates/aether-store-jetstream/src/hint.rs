//! Hints that other processes stored something.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use aether_core::{EventStored, HeadCache};

use crate::JetStreamStore;
use crate::hashed::Hashed;

/// What has become of the hints that a store got, since it was opened. Made by [`JetStreamStore::hints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HintCounts {
    /// Hints that were taken.
    pub taken: u64,
    /// Of these, those that found an older head and had it forgotten.
    pub stale: u64,
    /// Appends that looked because of that and found a newer head: with the old one the server would have refused them.
    pub conflicts_saved: u64,
}

/// Counts what becomes of hints.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    taken: AtomicU64,
    stale: AtomicU64,
    conflicts_saved: AtomicU64,
}

impl Hints {
    /// Counts a look, if it was made because the head at `hinted` was forgotten.
    pub(crate) fn looked(&self, hinted: Option<u64>, found: u64) {
        if hinted.is_some_and(|hinted| hinted < found) {
            self.conflicts_saved.fetch_add(1, Relaxed);
        }
    }
}

impl JetStreamStore {
    /// Returns what has become of the [hints](HeadCache) that the store got.
    #[must_use]
    pub fn hints(&self) -> HintCounts {
        let count = |of: fn(&Hints) -> &AtomicU64| {
            self.0.all().map(|partition| of(&partition.hints).load(Relaxed)).sum()
        };
        HintCounts {
            taken: count(|hints| &hints.taken),
            stale: count(|hints| &hints.stale),
            conflicts_saved: count(|hints| &hints.conflicts_saved),
        }
    }
}

/// Forgets the head of an actor that has moved on, so that the next append looks. What the hint says is used for nothing else.
impl HeadCache for JetStreamStore {
    fn hint(&self, stored: &EventStored) {
        let (partition, actor) = (self.0.of(&stored.actor_id), Hashed::of(&stored.actor_id));
        partition.hints.taken.fetch_add(1, Relaxed);
        let is_ours = partition.partition == stored.position.partition();
        if is_ours && partition.heads.hint(&actor, stored.position.sequence()) {
            partition.hints.stale.fetch_add(1, Relaxed);
        }
    }
}
