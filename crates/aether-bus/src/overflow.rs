//! What becomes of what a subscriber has no room for.

use std::time::Duration;

/// Says how much a subscription holds for its subscriber, in events, and what becomes of what there is no room for.
///
/// Whatever is dropped, the subscription says so where it was: see [`Missed`](crate::Missed). A capacity of 0 means 1. From 32 on, up to a
/// sixteenth more (64 at most) may be on its way to the subscriber, and is not dropped any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// Publishers wait until there is room, for at most `deadline`; then the event is missed.
    ///
    /// A subscriber that took nothing during a whole deadline holds up nobody any more until it takes something: what there
    /// is no room for is missed at once. What comes from other nodes waits too, but beside the queue (at most 65,536 events),
    /// since nobody could be held up there; so nobody else waits for it.
    Block {
        /// How many events it holds.
        capacity: usize,
        /// How long a publisher waits at most.
        deadline: Duration,
    },
    /// The oldest one is dropped.
    DropOldest {
        /// How many events it holds.
        capacity: usize,
    },
    /// The new one is dropped.
    DropNewest {
        /// How many events it holds.
        capacity: usize,
    },
}

impl Overflow {
    /// Holds so many, and has publishers wait for room until the deadline.
    #[must_use]
    pub fn block(capacity: usize, deadline: Duration) -> Self {
        Self::Block { capacity, deadline }
    }

    /// Holds so many, and drops the oldest.
    #[must_use]
    pub fn drop_oldest(capacity: usize) -> Self {
        Self::DropOldest { capacity }
    }

    /// Holds so many, and drops what is new.
    #[must_use]
    pub fn drop_newest(capacity: usize) -> Self {
        Self::DropNewest { capacity }
    }

    /// Returns how many events it holds.
    #[must_use]
    pub fn capacity(self) -> usize {
        match self {
            Self::Block { capacity, .. } | Self::DropOldest { capacity } | Self::DropNewest { capacity } => {
                capacity.max(1)
            }
        }
    }
}
