//! How far a subscription has come, kept so that an event costs next to nothing.

use crate::event::Place;
use crate::{Checkpoint, EventId, Position, RecordedEvent};

/// The last place of each partition that was read. It becomes a [`Checkpoint`] only when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// In the order of partitions.
    marks: Vec<Mark>,
    /// The sum of the sequences.
    sum: u64,
}

#[derive(Debug)]
struct Mark {
    partition: u32,
    at: (u64, u32),
    what: What,
}

impl Mark {
    /// Says whether the mark is for another event, at the very place of this one.
    fn is_another(&self, event: &RecordedEvent) -> bool {
        let place = event.place();
        self.at == (place.sequence, place.index) && self.what.id().is_some_and(|id| id != event.id())
    }
}

/// What lies at the place. An event is kept whole: that costs less than a copy of its id.
#[derive(Debug)]
enum What {
    Event(RecordedEvent),
    Position(Position),
}

impl What {
    fn id(&self) -> Option<&EventId> {
        match self {
            Self::Event(event) => Some(event.id()),
            Self::Position(position) => position.event_id(),
        }
    }

    fn position(&self) -> Position {
        match self {
            Self::Event(event) => event.position(),
            Self::Position(position) => position.clone(),
        }
    }
}

/// What an event is to a subscription that has come this far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It lies behind: it was passed with this very call.
    New,
    /// It was passed before.
    Known,
    /// It lies exactly where another one was.
    Other(Position),
}

impl Passed {
    pub(super) fn new(start: &Checkpoint) -> Self {
        let mut passed = Self::default();
        for position in start.positions() {
            passed.pass(position.clone());
        }
        passed
    }

    /// Moves on to the event, unless it was passed before.
    #[inline]
    pub(super) fn judge(&mut self, event: &RecordedEvent) -> Verdict {
        let Place { partition, sequence, index } = event.place();
        let Err(mark) = self.move_to(partition, (sequence, index), || What::Event(event.clone())) else {
            return Verdict::New;
        };
        match self.marks.get(mark) {
            Some(mark) if mark.is_another(event) => Verdict::Other(mark.what.position()),
            _ => Verdict::Known,
        }
    }

    /// Moves on to a position, and never back; returns whether it lay behind.
    pub(super) fn pass(&mut self, position: Position) -> bool {
        let at = (position.sequence(), position.index());
        self.move_to(position.partition(), at, || What::Position(position)).is_ok()
    }

    /// Moves on to a place, or returns the number of the mark that does not lie before it.
    #[inline]
    fn move_to(&mut self, partition: u32, at: (u64, u32), what: impl FnOnce() -> What) -> Result<(), usize> {
        let Self { marks, sum } = self;
        match marks.binary_search_by_key(&partition, |mark| mark.partition) {
            Ok(number) => match marks.get_mut(number) {
                Some(mark) if at > mark.at => {
                    *sum = sum.wrapping_add(at.0.wrapping_sub(mark.at.0));
                    (mark.at, mark.what) = (at, what());
                }
                _ => return Err(number),
            },
            Err(number) => {
                *sum = sum.wrapping_add(at.0);
                marks.insert(number, Mark { partition, at, what: what() });
            }
        }
        Ok(())
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        self.marks.iter().map(|mark| mark.what.position()).collect::<Vec<_>>().into()
    }

    /// Returns the sum of the partitions' sequences.
    #[inline]
    pub(super) fn sum(&self) -> u64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ActorId, Event, NewEvent, RawJson, Version};

    fn event(partition: u32, sequence: u64, index: u32, id: &str) -> RecordedEvent {
        let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL).with_id(EventId::as_read(id));
        let event = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content);
        RecordedEvent::new(event, partition, sequence, index)
    }

    proptest! {
        #[test]
        fn it_is_a_checkpoint_that_everything_was_put_into(
            places in proptest::collection::vec((0u32..3, 0u64..9, 0u32..3, any::<bool>()), 0..30),
        ) {
            let (mut passed, mut checkpoint) = (Passed::default(), Checkpoint::default());
            for (partition, sequence, index, is_event) in places {
                let event = event(partition, sequence, index, "same");
                let known = checkpoint.covers(&event.position());
                if is_event {
                    let verdict = if known { Verdict::Known } else { Verdict::New };
                    prop_assert_eq!(passed.judge(&event), verdict);
                } else {
                    passed.pass(event.position());
                }
                checkpoint.advance(event.position());
                prop_assert_eq!(passed.checkpoint(), checkpoint.clone());
                prop_assert_eq!(passed.sum(), checkpoint.positions().map(Position::sequence).sum::<u64>());
            }
            prop_assert_eq!(Passed::new(&checkpoint).checkpoint(), checkpoint);
        }
    }

    #[test]
    fn another_event_at_the_very_place_is_of_another_lineage() {
        let start = Checkpoint::from(vec![event(0, 7, 1, "a").position()]);
        let mut passed = Passed::new(&start);
        assert_eq!(passed.judge(&event(0, 7, 1, "b")), Verdict::Other(event(0, 7, 1, "a").position()));
        assert_eq!(passed.judge(&event(0, 7, 1, "a")), Verdict::Known);
        assert_eq!(passed.judge(&event(0, 7, 2, "c")), Verdict::New);
        passed.pass(Position::new(0, 8, 0, None));
        assert_eq!(passed.judge(&event(0, 8, 0, "d")), Verdict::Known);
    }
}
