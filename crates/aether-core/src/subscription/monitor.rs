//! How a subscription is doing, for whoever watches it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Says how a subscription is doing. A clone watches the same one; watching costs the subscription nothing.
#[derive(Clone)]
pub struct SubscriptionMonitor(pub(super) Arc<Progress>);

/// How a subscription was doing at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SubscriptionStatus {
    /// The events that were handed out.
    pub delivered: u64,
    /// The stored messages that were handed out as malformed.
    pub malformed: u64,
    /// How often the source was lost and read again.
    pub restarts: u64,
    /// How many places of the log lie behind the subscription's checkpoint, summed over partitions; `None` where the
    /// store does not know.
    ///
    /// A place is that of one commit or claim, of any actor, whether the filter lets its events through or not, or of
    /// nothing, where the store left a number out. 0 means that everything stored has been read, as far as the store has
    /// heard. It goes on growing while nobody reads.
    pub lag: Option<u64>,
    /// Whether [`CaughtUp`](super::Delivery::CaughtUp) has been handed out.
    pub caught_up: bool,
    /// Whether nothing comes any more: it ended, or was dropped.
    pub ended: bool,
}

impl SubscriptionMonitor {
    /// Returns how the subscription is doing now.
    #[must_use]
    pub fn status(&self) -> SubscriptionStatus {
        self.0.status()
    }
}

impl fmt::Debug for SubscriptionMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubscriptionMonitor").field(&self.status()).finish()
    }
}

/// Looks up the last place of the log: the sum of the partitions' last sequences.
pub(super) type End = Box<dyn Fn() -> Option<u64> + Send + Sync>;

/// What a subscription writes and its monitors read. Nobody else writes, so that plain stores are enough.
#[derive(Default)]
pub(super) struct Progress {
    delivered: AtomicU64,
    malformed: AtomicU64,
    restarts: AtomicU64,
    /// The sum of the partitions' sequences in the checkpoint.
    passed: AtomicU64,
    caught_up: AtomicBool,
    ended: AtomicBool,
    end: Option<End>,
}

impl Progress {
    pub(super) fn new(end: Option<End>) -> Self {
        Self { end, ..Self::default() }
    }

    #[inline]
    pub(super) fn count_event(&self) {
        count(&self.delivered);
    }

    pub(super) fn count_malformed(&self) {
        count(&self.malformed);
    }

    pub(super) fn count_restart(&self) {
        count(&self.restarts);
    }

    #[inline]
    pub(super) fn passed(&self, sum: u64) {
        self.passed.store(sum, Ordering::Relaxed);
    }

    /// Notes that the subscription has caught up; returns whether that is new.
    pub(super) fn catch_up(&self) -> bool {
        !self.caught_up.swap(true, Ordering::Relaxed)
    }

    pub(super) fn has_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn status(&self) -> SubscriptionStatus {
        // The end is looked up last: what was passed lay before it.
        let passed = self.passed.load(Ordering::Relaxed);
        SubscriptionStatus {
            delivered: self.delivered.load(Ordering::Relaxed),
            malformed: self.malformed.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
            lag: self.end.as_ref().and_then(|end| end()).map(|end| end.saturating_sub(passed)),
            caught_up: self.caught_up.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
        }
    }
}

#[inline]
fn count(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
