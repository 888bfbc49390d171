//! A subscription: a stream of what is published, and of what was missed.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use aether_core::{Event, Namespace};
use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::hub::{Ended, Hub};
use crate::mailbox::{Letter, Mailbox};
use crate::queue::Taken;
use crate::{Delivery, Pattern, Received};

/// What a subscriber gets: a stream of [`Delivery`]s.
///
/// It ends, with `None` for ever, when the bus was stopped or is gone, after what was published before. Dropping it
/// unsubscribes at once: nothing waits for it any more, and what it held is let go of.
pub struct Subscription<T = Event> {
    hub: Arc<Hub<T>>,
    mailbox: Arc<Mailbox<T>>,
    id: u64,
    /// The one namespace that it is for: its own copy, whose count no publisher touches.
    namespace: Option<Namespace>,
    /// What was taken out of the mailbox, and not handed out yet.
    taken: VecDeque<Taken<Letter<T>>>,
    has_ended: bool,
    /// What is given up with it.
    #[cfg_attr(not(feature = "nats"), allow(dead_code))]
    keeps: Option<Box<dyn Any + Send + Sync>>,
}

impl<T> Subscription<T> {
    pub(crate) fn new(hub: &Arc<Hub<T>>, mailbox: Mailbox<T>) -> Result<Self, Ended> {
        let mailbox = Arc::new(mailbox);
        let id = hub.add(&mailbox)?;
        let namespace = mailbox.pattern.namespace();
        Ok(Self {
            hub: Arc::clone(hub),
            mailbox,
            id,
            namespace,
            taken: VecDeque::new(),
            has_ended: false,
            keeps: None,
        })
    }

    /// Has it keep something as long as it lives.
    #[cfg(feature = "nats")]
    pub(crate) fn keeping(mut self, kept: impl Any + Send + Sync) -> Self {
        self.keeps = Some(Box::new(kept));
        self
    }

    /// Returns what it is subscribed to.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.mailbox.pattern
    }

    /// Returns how many events are held for it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mailbox.len() + self.taken.iter().filter(|taken| matches!(taken, Taken::Item(_))).count()
    }

    /// Says whether no event is held for it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the next delivery, or waits for it; `None` when the bus has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Delivery<T>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Takes the next delivery if there is one.
    pub fn try_next(&mut self) -> Option<Delivery<T>> {
        if self.taken.is_empty() {
            self.mailbox.take(&mut self.taken);
        }
        let taken = self.taken.pop_front()?;
        Some(self.delivery(taken))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if self.taken.is_empty() {
            self.has_ended = !ready!(self.mailbox.poll(context, &mut self.taken));
        }
        let taken = self.taken.pop_front();
        Poll::Ready(taken.map(|taken| self.delivery(taken)))
    }

    #[inline]
    fn delivery(&self, taken: Taken<Letter<T>>) -> Delivery<T> {
        match taken {
            Taken::Item(Letter { namespace, content, trace }) => {
                let namespace = namespace.or_else(|| self.namespace.clone());
                let namespace = namespace.unwrap_or_else(Namespace::internal);
                Delivery::Event(Received { namespace, content, trace })
            }
            Taken::Missed(missed) => Delivery::Missed(missed),
        }
    }
}

/// Nothing in it is ever pinned.
impl<T> Unpin for Subscription<T> {}

impl<T> Stream for Subscription<T> {
    type Item = Delivery<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        self.get_mut().poll(context)
    }
}

impl<T> FusedStream for Subscription<T> {
    fn is_terminated(&self) -> bool {
        self.has_ended
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.hub.remove(&self.mailbox.pattern, self.id);
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("pattern", self.pattern()).field("len", &self.len()).finish()
    }
}
