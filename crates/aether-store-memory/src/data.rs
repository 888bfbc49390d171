//! What a store's handles, reads and subscriptions share.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::order::Order;
use crate::shards::Shards;
use crate::waiting::Waiting;

/// Everything that is stored.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) shards: Shards,
    pub(crate) latest: Latest,
    pub(crate) order: Order,
    pub(crate) waiting: Waiting,
}

impl Data {
    pub(crate) fn new(keeps_times: bool) -> Self {
        let (latest, order, waiting) = Default::default();
        Self { shards: Shards::new(keeps_times), latest, order, waiting }
    }
}

/// The sequence of the latest commit or claim, the same counter for all actors, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Latest(AtomicU64);

impl Latest {
    /// Takes the next sequence. To be called with the actor's lock, which is held until the history is changed: whoever
    /// sees a sequence taken, and then takes the lock of any other actor, sees what was stored at all lower ones.
    ///
    /// And whoever takes one, and then sees nobody [waiting](Waiting), is seen by whoever begins to wait after that.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
