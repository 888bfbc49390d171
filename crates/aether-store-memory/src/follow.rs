//! Following the order of all actors, a page at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aether_core::SubscriptionError;
use aether_core::subscription::Step;
use futures_util::Stream;

use crate::data::Data;
use crate::log::Page;
use crate::order::Turned;
use crate::waiting::Waiter;

/// The events of all actors, from one on, and then as they are stored. It holds one page, and that only until it is read.
pub(crate) struct Follow {
    data: Arc<Data>,
    waiter: Waiter,
    page: Option<Page>,
    /// The number of the first event behind the page.
    next: usize,
    /// How many events there were in the beginning: `None` once they are read.
    history: Option<usize>,
    /// Up to which sequence was said that nothing else is there.
    passed: u64,
}

impl Follow {
    pub(crate) fn new(data: Arc<Data>, next: usize, history: usize) -> Self {
        let waiter = data.waiting.join();
        Self { data, waiter, page: None, next, history: Some(history), passed: 0 }
    }

    /// Returns the next step that can be taken without waiting.
    #[cold]
    fn turn_page(&mut self) -> Option<Step> {
        // Before the next page is turned to: while this one is held, whoever fills the order has to copy it.
        self.page = None;
        let Turned { mut page, end } = self.data.order.turn(&self.data, self.next, self.history);
        if let Some(event) = page.next() {
            self.next += 1 + page.len();
            self.page = Some(page);
            return Some(Step::Event(event));
        }
        if self.history.take().is_some() {
            return Some(Step::CaughtUp);
        }
        let new = end.sequence() > self.passed;
        self.passed = end.sequence();
        new.then_some(Step::Passed(end))
    }
}

impl Stream for Follow {
    type Item = Result<Step, SubscriptionError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.page.as_mut().and_then(Iterator::next) {
            return Poll::Ready(Some(Ok(Step::Event(event))));
        }
        for waits in [false, true] {
            // What was stored before somebody waited woke nobody, so that it is looked for once more after this.
            if waits {
                self.data.waiting.wait(self.waiter, context.waker());
            }
            // Asked before the last look: what was stored before the store was closed is found then.
            let closed = self.data.waiting.is_closed();
            match self.turn_page() {
                Some(step) => return Poll::Ready(Some(Ok(step))),
                None if closed => return Poll::Ready(None),
                None => {}
            }
        }
        Poll::Pending
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.data.waiting.leave(self.waiter);
    }
}
