//! Reading a history a page at a time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use aether_core::{ReadError, RecordedEvent, Version};
use futures_util::Stream;

use crate::shards::{SharedHistory, lock};

/// How many events are taken under the actor's lock at a time.
const PAGE: usize = 256;

/// The events of one actor, up to the one that was the latest when the read began.
pub(crate) struct Events {
    history: Option<SharedHistory>,
    next: usize,
    end: usize,
    page: IntoIter<RecordedEvent>,
}

impl Events {
    pub(crate) fn new(history: Option<SharedHistory>, from: Version) -> Self {
        let (next, end) = history.as_deref().map_or((0, 0), |history| lock(history).range_from(from));
        Self { history, next, end, page: Vec::new().into_iter() }
    }

    fn turn_page(&mut self) {
        let to = self.next.saturating_add(PAGE).min(self.end);
        if let Some(history) = self.history.as_deref().filter(|_| self.next < to) {
            self.page = lock(history).page(self.next, to).into_iter();
            self.next = to;
        }
    }
}

impl Stream for Events {
    type Item = Result<RecordedEvent, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.page.as_slice().is_empty() {
            self.turn_page();
        }
        Poll::Ready(self.page.next().map(Ok))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.page.len() + (self.end - self.next);
        (left, Some(left))
    }
}
