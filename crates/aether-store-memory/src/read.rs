//! Reading a history a page at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aether_core::{ActorId, ReadError, RecordedEvent, Version};
use futures_util::Stream;

use crate::data::Data;
use crate::log::Page;

/// The events of one actor, up to the one that was the latest when the read began. No lock is held between two pages,
/// and no page but one is held at a time.
#[derive(Default)]
pub(crate) struct Events {
    page: Page,
    rest: Option<Rest>,
}

/// What comes after the page.
struct Rest {
    data: Arc<Data>,
    actor: ActorId,
    next: usize,
    end: usize,
}

impl Events {
    pub(crate) fn new(data: &Arc<Data>, actor: &ActorId, from: Version) -> Self {
        let shard = data.shards.lock(actor);
        let Some(history) = shard.histories.get(actor) else {
            return Self::default();
        };
        let (next, end) = history.range_from(from);
        let page = history.page(next, end);
        let next = next + page.len();
        let more = next < end;
        let rest = more.then(|| Rest { data: Arc::clone(data), actor: history.actor().clone(), next, end });
        Self { page, rest }
    }

    #[cold]
    fn turn_page(&mut self) -> Option<RecordedEvent> {
        let rest = self.rest.as_mut()?;
        self.page = rest.page();
        if rest.next >= rest.end || self.page.len() == 0 {
            self.rest = None;
        }
        self.page.next()
    }
}

impl Rest {
    fn page(&mut self) -> Page {
        let shard = self.data.shards.lock(&self.actor);
        let page = shard
            .histories
            .get(&self.actor)
            .map(|history| history.page(self.next, self.end))
            .unwrap_or_default();
        self.next += page.len();
        page
    }
}

impl Stream for Events {
    type Item = Result<RecordedEvent, ReadError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.page.next();
        Poll::Ready(next.or_else(|| self.turn_page()).map(Ok))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.page.len() + self.rest.as_ref().map_or(0, |rest| rest.end - rest.next);
        (left, Some(left))
    }
}
