//! Counting what snapshots are worth.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::load::SnapshotUse;

/// Counts loads, replayed events and snapshots of a [`Loader`](crate::Loader).
#[derive(Debug, Default)]
pub struct SnapshotMetrics {
    loads: AtomicU64,
    events_replayed: AtomicU64,
    snapshots_used: AtomicU64,
    snapshots_ignored: AtomicU64,
    snapshots_taken: AtomicU64,
    snapshots_failed: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SnapshotStats {
    /// The loads.
    pub loads: u64,
    /// The events that they replayed.
    pub events_replayed: u64,
    /// The loads that began with a snapshot.
    pub snapshots_used: u64,
    /// The loads that found a snapshot which did not fit.
    pub snapshots_ignored: u64,
    /// The snapshots that were taken.
    pub snapshots_taken: u64,
    /// The snapshots that could not be saved; nothing is lost by that but time.
    pub snapshots_failed: u64,
}

impl SnapshotStats {
    /// Returns the events replayed per load, 0 before the first.
    #[must_use]
    pub fn average_replay(&self) -> f64 {
        if self.loads == 0 { 0.0 } else { self.events_replayed as f64 / self.loads as f64 }
    }
}

impl SnapshotMetrics {
    /// Returns the counts.
    #[must_use]
    pub fn stats(&self) -> SnapshotStats {
        SnapshotStats {
            loads: self.loads.load(Relaxed),
            events_replayed: self.events_replayed.load(Relaxed),
            snapshots_used: self.snapshots_used.load(Relaxed),
            snapshots_ignored: self.snapshots_ignored.load(Relaxed),
            snapshots_taken: self.snapshots_taken.load(Relaxed),
            snapshots_failed: self.snapshots_failed.load(Relaxed),
        }
    }

    pub(super) fn loaded(&self, replayed: u64, snapshot: SnapshotUse) {
        self.loads.fetch_add(1, Relaxed);
        self.events_replayed.fetch_add(replayed, Relaxed);
        match snapshot {
            SnapshotUse::Missing => 0,
            SnapshotUse::Used => self.snapshots_used.fetch_add(1, Relaxed),
            SnapshotUse::Ignored => self.snapshots_ignored.fetch_add(1, Relaxed),
        };
    }

    pub(super) fn taken(&self, success: bool) {
        let counter = if success { &self.snapshots_taken } else { &self.snapshots_failed };
        counter.fetch_add(1, Relaxed);
    }
}
