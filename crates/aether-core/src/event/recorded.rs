//! Events with the place where they are stored.

use std::fmt;
use std::ops::Deref;

use super::shared::Place;
use super::{Event, NewEvent};
use crate::Position;

/// An event as a store holds it: the event, and where it lies.
///
/// It dereferences to the [`Event`], and is as cheap to clone.
#[derive(Clone)]
pub struct RecordedEvent(Event);

impl RecordedEvent {
    /// Says that `event` is number `index` of the commit at `sequence` in `partition`. For stores.
    ///
    /// It allocates only where `event` has a clone somewhere.
    #[inline]
    #[must_use]
    pub fn new(event: Event, partition: u32, sequence: u64, index: u32) -> Self {
        Self::at(event, Place { partition, index, sequence })
    }

    /// Says that `events` are those of the commit at `sequence` in `partition`, in order. For stores.
    pub fn of_commit(
        events: impl IntoIterator<Item = Event>,
        partition: u32,
        sequence: u64,
    ) -> impl Iterator<Item = Self> {
        // The events first: a vector's allocation becomes that of the result.
        events.into_iter().zip(0..).map(move |(event, index)| Self::new(event, partition, sequence, index))
    }

    /// Returns the event.
    #[inline]
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.0
    }

    /// Returns the event alone.
    #[inline]
    #[must_use]
    pub fn into_event(self) -> Event {
        self.0
    }

    /// Returns where the event lies.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Position {
        let Place { partition, index, sequence } = self.place();
        Position::new(partition, sequence, index, Some(self.id().clone()))
    }

    /// Returns the place of the commit in its partition: that of the [position](Self::position), which is not made for it.
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.place().sequence
    }

    /// Returns the place of the event in its commit, from 0.
    #[inline]
    #[must_use]
    pub fn index(&self) -> u32 {
        self.place().index
    }

    /// Returns the same place with another event. For what brings events up to date while they are read.
    #[must_use]
    pub(crate) fn with_event(self, event: Event) -> Self {
        Self::at(event, self.place())
    }

    #[inline]
    fn at(event: Event, place: Place) -> Self {
        Self(Event(NewEvent(event.0.0.placed(place))))
    }

    #[inline]
    pub(crate) fn place(&self) -> Place {
        self.0.0.0.place
    }
}

impl PartialEq for RecordedEvent {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place() && self.0 == other.0
    }
}

impl Eq for RecordedEvent {}

impl fmt::Debug for RecordedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { partition, index, sequence } = self.place();
        f.debug_struct("RecordedEvent")
            .field("event", &self.0)
            .field("partition", &partition)
            .field("sequence", &sequence)
            .field("index", &index)
            .finish()
    }
}

impl Deref for RecordedEvent {
    type Target = Event;

    #[inline]
    fn deref(&self) -> &Event {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, RawJson, Version};

    #[test]
    fn an_event_that_lies_in_two_places_is_two_recorded_events() {
        let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let event = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content);
        let first = RecordedEvent::new(event.clone(), 1, 7, 2);
        let second = RecordedEvent::new(first.event().clone(), 0, 8, 0);
        assert_eq!(first.position(), Position::new(1, 7, 2, Some(event.id().clone())));
        assert_eq!(second.position(), Position::new(0, 8, 0, Some(event.id().clone())));
        assert_ne!(first, second);
        assert_eq!((first.event(), second.event()), (&event, &event));
        assert_eq!(first, RecordedEvent::new(event, 1, 7, 2));
    }
}
