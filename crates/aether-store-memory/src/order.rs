//! The order over all actors: made when somebody follows it, and then kept.
//!
//! Appends do not meet in one place to be put in order, since most stores are followed by nobody. An append leaves what it
//! stored with its shard, and whoever reads the order takes that over from the shards, a part at a time. The first who
//! reads takes over whole histories; until then, appends do nothing for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aether_core::{Checkpoint, Position, RecordedEvent};

use crate::data::Data;
use crate::log::{Log, Page};

/// The events of all actors in the order of their sequences.
#[derive(Debug, Default)]
pub(crate) struct Order(Mutex<Filled>);

/// A page, and where the order ended when it was turned to.
pub(crate) struct Turned {
    /// Empty only where there is nothing more yet.
    pub(crate) page: Page,
    pub(crate) end: Position,
}

/// How far the order is filled.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    log: Log,
    /// Every event up to this sequence is in the log.
    to: u64,
    /// What was found beyond, with sequences: there may be gaps in it.
    ahead: Vec<(u64, RecordedEvent)>,
}

impl Order {
    /// Locks the order, with all in it that is stored now.
    pub(crate) fn filled(&self, data: &Data) -> MutexGuard<'_, Filled> {
        let mut filled = self.lock();
        filled.fill(data);
        filled
    }

    /// Returns the next events from number `next` on, up to number `end` where there is one.
    pub(crate) fn turn(&self, data: &Data, next: usize, end: Option<usize>) -> Turned {
        let mut filled = self.lock();
        if next >= filled.log.len() {
            filled.fill(data);
        }
        let end = end.unwrap_or(usize::MAX).min(filled.log.len());
        Turned { page: filled.log.page(next, end), end: filled.last() }
    }

    fn lock(&self) -> MutexGuard<'_, Filled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Filled {
    /// Takes over what was stored since the last time.
    fn fill(&mut self, data: &Data) {
        // The sequence first, then the locks: what was stored up to it is then in the shards. What is stored meanwhile may
        // be seen in one shard and not in another, and waits for the next time.
        let latest = data.latest.sequence();
        if latest == self.to {
            return;
        }
        data.shards.take_fresh(&mut self.ahead);
        // Stable, and each shard's part is in order: the events of a commit stay side by side.
        self.ahead.sort_by_key(|(sequence, _)| *sequence);
        let certain = self.ahead.partition_point(|(sequence, _)| *sequence <= latest);
        self.ahead.drain(..certain).for_each(|(_, event)| self.log.push(event));
        self.to = latest;
    }

    /// Returns the number of events.
    pub(crate) fn len(&self) -> usize {
        self.log.len()
    }

    pub(crate) fn get(&self, number: usize) -> Option<&RecordedEvent> {
        self.log.get(number)
    }

    /// Returns how many events there are before a place.
    pub(crate) fn before(&self, place: (u64, u32)) -> usize {
        self.log.partition_point(|event| (event.sequence(), event.index()) < place)
    }

    /// Returns the last sequence: that of an event, or of a claim.
    pub(crate) fn end(&self) -> u64 {
        self.to
    }

    /// Returns the checkpoint that covers as many events.
    pub(crate) fn up_to(&self, events: usize) -> Checkpoint {
        let last = events.checked_sub(1).and_then(|last| self.log.get(last));
        last.map(RecordedEvent::position).into_iter().collect::<Vec<_>>().into()
    }

    /// Returns the checkpoint that covers everything.
    pub(crate) fn whole(&self) -> Checkpoint {
        let last = (self.to > 0).then(|| self.last());
        last.into_iter().collect::<Vec<_>>().into()
    }

    fn last(&self) -> Position {
        let last = self.log.last().filter(|event| event.sequence() == self.to);
        last.map_or_else(|| Position::new(0, self.to, 0, None), RecordedEvent::position)
    }
}
