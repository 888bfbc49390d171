//! What waits for one subscriber, and what it missed, each in its place. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::gap::Gap;
use crate::{Missed, Overflow};

/// How much waits beside a full queue at most: as much as the client of NATS holds for a subscription by default.
const MOST_WAITING: usize = 65_536;

/// What waits for one subscriber, as its [`Overflow`] has it.
///
/// `D` is what a publisher that waits is told by, when its entry has found room or was missed: see [`over`](Self::over).
#[derive(Debug)]
pub(crate) struct Queue<T, D> {
    entries: VecDeque<Entry<T>>,
    /// What is missing behind everything else, also behind what waits.
    tail: Gap,
    capacity: usize,
    full: Full,
    /// What there was no room for, with [`Overflow::Block`]; empty unless the queue is full.
    waiting: VecDeque<Waiting<T, D>>,
    /// Whether a whole deadline has passed since the subscriber took something.
    stalled: bool,
    /// Who need not wait any more, and is not told yet.
    over: Vec<D>,
}

/// What is done when the queue is full.
#[derive(Debug, Clone, Copy)]
enum Full {
    Block(Duration),
    DropOldest,
    DropNewest,
}

#[derive(Debug)]
struct Entry<T> {
    /// What is missing before it.
    gap: Gap,
    item: T,
}

#[derive(Debug)]
struct Waiting<T, D> {
    entry: Entry<T>,
    until: Instant,
    done: Option<D>,
}

/// What became of something that was offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is in the queue, or missed and noted.
    Done {
        /// How many were dropped for it, itself included.
        missed: u64,
    },
    /// It waits for room, until then.
    Waits(Instant),
}

/// What a subscriber gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    Item(T),
    Missed(Missed),
}

impl<T, D> Queue<T, D> {
    pub(crate) fn new(overflow: Overflow) -> Self {
        let full = match overflow {
            Overflow::Block { deadline, .. } => Full::Block(deadline),
            Overflow::DropOldest { .. } => Full::DropOldest,
            Overflow::DropNewest { .. } => Full::DropNewest,
        };
        Self {
            entries: VecDeque::new(),
            tail: Gap::default(),
            capacity: overflow.capacity(),
            full,
            waiting: VecDeque::new(),
            stalled: false,
            over: Vec::new(),
        }
    }

    /// Returns who need not wait any more.
    #[inline]
    pub(crate) fn over(&mut self) -> Vec<D> {
        std::mem::take(&mut self.over)
    }

    /// Returns how much is held.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() + self.waiting.len()
    }

    /// Puts something in, or makes it wait with what `done` makes.
    #[inline]
    pub(crate) fn offer(&mut self, item: T, done: impl FnOnce() -> Option<D>) -> Offered {
        if self.entries.len() < self.capacity {
            self.push(item);
            return Offered::Done { missed: 0 };
        }
        match self.full {
            Full::DropOldest => {
                self.drop_oldest();
                self.push(item);
            }
            Full::DropNewest => self.tail.add(Gap::exactly(1)),
            Full::Block(deadline) => return self.wait(item, Instant::now(), deadline, done),
        }
        Offered::Done { missed: 1 }
    }

    fn wait(
        &mut self,
        item: T,
        now: Instant,
        deadline: Duration,
        done: impl FnOnce() -> Option<D>,
    ) -> Offered {
        let late = self.expire(now);
        if self.stalled || self.waiting.len() >= MOST_WAITING {
            self.tail.add(Gap::exactly(1));
            return Offered::Done { missed: late + 1 };
        }
        let until = now.checked_add(deadline).unwrap_or_else(|| now + Duration::from_secs(365 * 86_400));
        let entry = Entry { gap: std::mem::take(&mut self.tail), item };
        self.waiting.push_back(Waiting { entry, until, done: done() });
        Offered::Waits(until)
    }

    /// Gives up on what has waited for too long, and returns how much that was.
    pub(crate) fn expire(&mut self, now: Instant) -> u64 {
        let (mut late, mut gap) = (0, Gap::default());
        while self.waiting.front().is_some_and(|waiting| waiting.until <= now) {
            let Some(waiting) = self.waiting.pop_front() else { break };
            late += 1;
            gap.add(waiting.entry.gap);
            self.over.extend(waiting.done);
        }
        if late > 0 {
            self.stalled = true;
            gap.add(Gap::exactly(late));
            self.waiting.front_mut().map_or(&mut self.tail, |next| &mut next.entry.gap).add(gap);
        }
        late
    }

    #[inline]
    fn push(&mut self, item: T) {
        let gap = std::mem::take(&mut self.tail);
        self.entries.push_back(Entry { gap, item });
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            let gap = self.entries.front_mut().map_or(&mut self.tail, |next| &mut next.gap);
            gap.add(oldest.gap);
            gap.add(Gap::exactly(1));
        }
    }

    /// Notes that something is missing behind all that is there.
    #[cfg(any(test, feature = "nats"))]
    pub(crate) fn miss(&mut self, gap: Gap) {
        self.tail.add(gap);
    }

    /// Takes the next entry, or the gap before it.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Taken<T>> {
        let Some(front) = self.entries.front_mut() else {
            return self.tail.take().map(Taken::Missed);
        };
        if let Some(missed) = front.gap.take() {
            return Some(Taken::Missed(missed));
        }
        let entry = self.entries.pop_front()?;
        self.stalled = false;
        if !self.waiting.is_empty() {
            self.let_in();
        }
        Some(Taken::Item(entry.item))
    }

    /// Lets those in that wait, as far as there is room and they are not too late.
    fn let_in(&mut self) {
        self.expire(Instant::now());
        self.stalled = false;
        while self.entries.len() < self.capacity {
            let Some(next) = self.waiting.pop_front() else { return };
            self.entries.push_back(next.entry);
            self.over.extend(next.done);
        }
    }

    /// Lets nobody wait any more: what waits comes in, whatever the capacity.
    pub(crate) fn end(&mut self) {
        for waiting in self.waiting.drain(..) {
            self.entries.push_back(waiting.entry);
            self.over.extend(waiting.done);
        }
    }
}

#[cfg(test)]
mod tests;
