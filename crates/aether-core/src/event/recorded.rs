//! Events with the place where they are stored.

use std::ops::Deref;

use super::Event;
use crate::Position;

/// An event as a store holds it: the event, and where it lies.
///
/// It dereferences to the [`Event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    event: Event,
    partition: u32,
    sequence: u64,
    index: u32,
}

impl RecordedEvent {
    /// Says that `event` is number `index` of the commit at `sequence` in `partition`. For stores.
    #[inline]
    #[must_use]
    pub fn new(event: Event, partition: u32, sequence: u64, index: u32) -> Self {
        Self { event, partition, sequence, index }
    }

    /// Says that `events` are those of the commit at `sequence` in `partition`, in order. For stores.
    pub fn of_commit(
        events: impl IntoIterator<Item = Event>,
        partition: u32,
        sequence: u64,
    ) -> impl Iterator<Item = Self> {
        (0..).zip(events).map(move |(index, event)| Self::new(event, partition, sequence, index))
    }

    /// Returns the event.
    #[inline]
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Returns the event alone.
    #[inline]
    #[must_use]
    pub fn into_event(self) -> Event {
        self.event
    }

    /// Returns where the event lies.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.partition, self.sequence, self.index, Some(self.event.id().clone()))
    }

    /// Returns the same place with another event. For what brings events up to date while they are read.
    #[must_use]
    pub(crate) fn with_event(self, event: Event) -> Self {
        Self { event, ..self }
    }
}

impl Deref for RecordedEvent {
    type Target = Event;

    #[inline]
    fn deref(&self) -> &Event {
        &self.event
    }
}
