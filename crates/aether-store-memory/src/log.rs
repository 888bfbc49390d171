//! Events in chunks that readers share: no append moves what is there, no read copies it.

use std::sync::Arc;

use aether_core::RecordedEvent;

/// How many events a chunk holds: the most that one append copies, where a reader holds the chunk that it writes to.
pub(crate) const CHUNK: usize = 256;

type Chunk = Arc<Vec<RecordedEvent>>;

/// The events of one actor, or of all, in order.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Of [`CHUNK`] events each.
    full: Vec<Chunk>,
    /// Empty only where there is no event at all.
    open: Chunk,
}

impl Log {
    pub(crate) fn len(&self) -> usize {
        self.full.len() * CHUNK + self.open.len()
    }

    pub(crate) fn last(&self) -> Option<&RecordedEvent> {
        self.open.last()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&RecordedEvent> {
        self.chunk(index / CHUNK)?.get(index % CHUNK)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecordedEvent> {
        self.full.iter().chain([&self.open]).flat_map(|chunk| chunk.iter())
    }

    #[inline]
    pub(crate) fn push(&mut self, event: RecordedEvent) {
        if self.open.len() == CHUNK {
            let next = Arc::new(Vec::with_capacity(CHUNK));
            self.full.push(std::mem::replace(&mut self.open, next));
        }
        // Readers keep what they hold: the chunk is copied, once for each read that is under way, and not for one that ended.
        Arc::make_mut(&mut self.open).push(event);
    }

    /// Returns how many events there are before the first for which `is_before` does not hold.
    pub(crate) fn partition_point(&self, is_before: impl Fn(&RecordedEvent) -> bool) -> usize {
        let full = self.full.partition_point(|chunk| chunk.last().is_some_and(&is_before));
        full * CHUNK + self.chunk(full).map_or(0, |chunk| chunk.partition_point(is_before))
    }

    /// Returns those of the events from `from` to before `to` that are in one chunk with the first of them.
    pub(crate) fn page(&self, from: usize, to: usize) -> Page {
        let start = from - from % CHUNK;
        let chunk = self.chunk(from / CHUNK).filter(|_| from < to).map(Arc::clone).unwrap_or_default();
        let end = to.saturating_sub(start).min(chunk.len());
        Page { next: from - start, end, chunk }
    }

    fn chunk(&self, index: usize) -> Option<&Chunk> {
        self.full.get(index).or_else(|| (index == self.full.len()).then_some(&self.open))
    }
}

/// Some events of a chunk, which stays as it is while they are gone through.
#[derive(Debug, Default)]
pub(crate) struct Page {
    chunk: Chunk,
    next: usize,
    end: usize,
}

impl Iterator for Page {
    type Item = RecordedEvent;

    #[inline]
    fn next(&mut self) -> Option<RecordedEvent> {
        let event = self.chunk.get(self.next).filter(|_| self.next < self.end)?;
        self.next += 1;
        Some(event.clone())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Page {}

#[cfg(test)]
mod tests {
    use aether_core::{ActorId, Event, NewEvent, RawJson, Version};
    use proptest::prelude::*;

    use super::*;

    /// Events of every second version.
    fn log(events: usize) -> Log {
        let (actor, kind) = (ActorId::new("a-1").unwrap(), "T".try_into().unwrap());
        let content = NewEvent::new(kind, RawJson::NULL);
        let mut log = Log::default();
        for version in (2..).step_by(2).take(events) {
            let event = Event::new(actor.clone(), Version::new(version).unwrap(), content.clone());
            log.push(RecordedEvent::new(event, 0, version, 0));
        }
        log
    }

    fn versions(events: impl Iterator<Item = RecordedEvent>) -> Vec<u64> {
        events.map(|event| event.version().number()).collect()
    }

    fn pages(log: &Log, from: usize, to: usize) -> Vec<u64> {
        let mut next = from;
        let pages = std::iter::from_fn(|| {
            let page = log.page(next, to);
            next += page.len();
            (page.len() > 0).then_some(page)
        });
        versions(pages.flatten())
    }

    proptest! {
        #[test]
        fn pages_are_the_events_of_the_range(events in 0..3 * CHUNK + 2, from in 0..4 * CHUNK, to in 0..4 * CHUNK) {
            let log = log(events);
            let to = to.min(events);
            let wanted: Vec<_> = (from..to).map(|index| 2 * (index as u64 + 1)).collect();
            prop_assert_eq!(pages(&log, from, to), wanted);
            prop_assert_eq!(log.len(), events);
            prop_assert_eq!(log.last().is_some(), events > 0);
            prop_assert_eq!(log.get(from).is_some(), from < events);
        }

        #[test]
        fn the_partition_point_is_that_of_the_whole(events in 0..3 * CHUNK + 2, version in 0..8 * CHUNK as u64) {
            let point = log(events).partition_point(|event| event.version().number() < version);
            prop_assert_eq!(point, events.min((version as usize).div_ceil(2).saturating_sub(1)));
        }
    }

    #[test]
    fn a_page_keeps_what_it_had_while_the_log_goes_on() {
        let mut log = log(CHUNK + 1);
        let page = log.page(CHUNK, CHUNK + 1);
        let last = log.last().unwrap().clone();
        (0..CHUNK).for_each(|_| log.push(last.clone()));
        assert_eq!((versions(page), log.len()), (vec![2 * (CHUNK as u64 + 1)], 2 * CHUNK + 1));
    }

    #[test]
    fn chunks_are_shared_with_readers_and_copied_for_none_that_ended() {
        let mut log = log(CHUNK + 1);
        let open = Arc::as_ptr(&log.open);
        let last = log.last().unwrap().clone();
        drop(log.page(CHUNK, CHUNK + 1));
        log.push(last.clone());
        assert_eq!(Arc::as_ptr(&log.open), open);
        assert_eq!(Arc::as_ptr(&log.page(0, CHUNK).chunk), Arc::as_ptr(&log.full[0]));
        let page = log.page(CHUNK, CHUNK + 2);
        log.push(last.clone());
        let copy = Arc::as_ptr(&log.open);
        log.push(last);
        assert_eq!((Arc::as_ptr(&page.chunk), Arc::as_ptr(&log.open)), (open, copy));
        assert_ne!(copy, open);
    }
}
