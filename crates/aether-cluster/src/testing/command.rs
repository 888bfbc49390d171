//! What counters are told, and what they say.

use aether_core::State;
use serde::{Deserialize, Serialize};

/// What a counter is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CounterCommand {
    /// Adds so much, unless it would go out of bounds.
    Add(i64),
    /// Says where it stands.
    Read,
}

/// What a counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterReply {
    /// How many events its actor has; after an `Add`, the version of its own event.
    pub version: u64,
    /// What it has counted, as far as that version.
    pub value: i64,
}

/// Why an `Add` is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfBounds {
    /// Where the counter stands.
    pub value: i64,
    /// What was to be added.
    pub change: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
pub(super) enum CounterEvent {
    Added { change: i64 },
}

/// What the events add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(pub(super) i64);

impl State for Sum {
    type Event = CounterEvent;

    fn apply(&mut self, event: CounterEvent) {
        let CounterEvent::Added { change } = event;
        self.0 = self.0.saturating_add(change);
    }
}
