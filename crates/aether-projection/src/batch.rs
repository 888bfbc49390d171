//! What a projection is given.

use aether_core::{Checkpoint, RecordedEvent};

/// Events that follow each other, and how far a projection has come when it has applied them.
///
/// A batch without events only moves the checkpoint: over what the filter leaves out, or over an event that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    events: Vec<RecordedEvent>,
    checkpoint: Checkpoint,
    mode: Mode,
}

/// Says whether side effects of events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The events are new to all generations of the projection.
    Live,
    /// An earlier generation has applied the events: rows are written, but nobody is written to.
    Replay,
}

impl Batch {
    /// Makes a batch, for tests of projections.
    #[must_use]
    pub fn new(events: Vec<RecordedEvent>, checkpoint: Checkpoint, mode: Mode) -> Self {
        Self { events, checkpoint, mode }
    }

    /// Returns the events, in order.
    #[must_use]
    pub fn events(&self) -> &[RecordedEvent] {
        &self.events
    }

    /// Returns how far the projection has come with this batch: what is recorded with its effects.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Says whether side effects of the events are wanted.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Says whether side effects must stay quiet, since an earlier generation had them.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.mode == Mode::Replay
    }
}

/// Says whether `checkpoint` has come as far as `other`, or further, in every partition.
pub(crate) fn reaches(checkpoint: &Checkpoint, other: &Checkpoint) -> bool {
    other.positions().all(|position| checkpoint.covers(position))
}

/// Returns `checkpoint` moved on over the events.
pub(crate) fn after(checkpoint: &Checkpoint, events: &[RecordedEvent]) -> Checkpoint {
    let mut after = checkpoint.clone();
    events.iter().for_each(|event| after.advance(event.position()));
    after
}
