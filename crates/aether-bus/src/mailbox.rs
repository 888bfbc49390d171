//! The queue of one subscriber, with who waits at either end of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use aether_core::Namespace;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

#[cfg(feature = "nats")]
use crate::gap::Gap;
use crate::meter::{Of, SubscriberMeter};
use crate::queue::{Offered, Queue, Taken};
use crate::{Overflow, Pattern, TraceParent};

/// What lies in a mailbox.
#[derive(Debug)]
pub(crate) struct Letter<T> {
    /// `None` where the subscription is for one namespace alone.
    pub(crate) namespace: Option<Namespace>,
    pub(crate) content: T,
    pub(crate) trace: Option<Box<TraceParent>>,
}

/// Says what a subscriber takes of what is published to its namespaces.
pub(crate) type Takes<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

/// The queue of one subscriber. No lock of it is held while a waker is called.
pub(crate) struct Mailbox<T> {
    pub(crate) pattern: Pattern,
    /// Whether the pattern is that of one namespace.
    is_exact: bool,
    /// How many messages its feed from other nodes had got before it was there.
    #[cfg(feature = "nats")]
    joined: u64,
    /// `None` for everything.
    takes: Option<Takes<T>>,
    /// How many the reader takes at a time, so that it seldom meets a publisher.
    at_a_time: usize,
    state: Mutex<State<T>>,
    meter: SubscriberMeter,
}

struct State<T> {
    queue: Queue<Letter<T>, oneshot::Sender<()>>,
    reader: Option<Waker>,
    has_ended: bool,
}

/// Who offers: a publisher of this node, who can wait, or another node, which cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Here,
    #[cfg_attr(not(feature = "nats"), allow(dead_code))]
    Elsewhere,
}

/// A publisher's place in front of a full mailbox.
#[derive(Debug)]
pub(crate) struct Wait<T> {
    mailbox: Arc<Mailbox<T>>,
    until: Instant,
    done: oneshot::Receiver<()>,
}

impl<T> Wait<T> {
    /// Waits until there was room, the subscriber is gone, or it took too long.
    pub(crate) async fn over(self) {
        if timeout_at(self.until, self.done).await.is_err() {
            self.mailbox.expire();
        }
    }
}

impl<T> Mailbox<T> {
    pub(crate) fn new(of: Of, pattern: Pattern, overflow: Overflow, takes: Option<Takes<T>>) -> Self {
        let meter = SubscriberMeter::new(of, &pattern);
        let is_exact = pattern.namespace().is_some();
        let state = State { queue: Queue::new(overflow), reader: None, has_ended: false };
        Self {
            pattern,
            is_exact,
            #[cfg(feature = "nats")]
            joined: 0,
            takes,
            at_a_time: (overflow.capacity() / 16).clamp(1, 64),
            state: Mutex::new(state),
            meter,
        }
    }

    /// Says that its feed had got so many messages before it was there.
    #[cfg(feature = "nats")]
    pub(crate) fn joined_at(self, joined: u64) -> Self {
        Self { joined, ..self }
    }

    /// Notes that so many are missing of what other nodes published since the feed's message number `since`: not for certain
    /// where the subscriber was not there yet, or its filter might have left them out.
    #[cfg(feature = "nats")]
    pub(crate) fn miss_of_others(&self, count: u64, since: u64) {
        let is_certain = self.takes.is_none() && self.joined < since;
        self.miss(if is_certain { Gap::exactly(count) } else { Gap::at_least(0) });
    }

    /// Says whether the subscriber wants it.
    #[inline]
    pub(crate) fn takes(&self, content: &T) -> bool {
        self.takes.as_ref().is_none_or(|takes| takes(content))
    }

    /// Puts something in, and returns who is to be woken, and for whom there was no room.
    #[inline]
    pub(crate) fn offer(
        self: &Arc<Self>,
        namespace: &Namespace,
        content: T,
        trace: Option<&TraceParent>,
        from: From,
    ) -> (Option<Waker>, Option<Wait<T>>) {
        let namespace = (!self.is_exact).then(|| namespace.clone());
        let letter = Letter { namespace, content, trace: trace.map(|trace| Box::new(*trace)) };
        let mut waits = None;
        let mut state = self.state();
        if state.has_ended {
            return (None, None);
        }
        let done = || match from {
            From::Here => {
                let (sender, receiver) = oneshot::channel();
                waits = Some(receiver);
                Some(sender)
            }
            From::Elsewhere => None,
        };
        let before = state.queue.len();
        let offered = state.queue.offer(letter, done);
        self.meter.held(before, state.queue.len());
        let reader = state.reader.take();
        unlock(state);
        let wait = match offered {
            Offered::Waits(until) => waits.map(|done| Wait { mailbox: Arc::clone(self), until, done }),
            Offered::Done { .. } => None,
        };
        (reader, wait)
    }

    /// Notes a gap behind all that is there.
    #[cfg(feature = "nats")]
    pub(crate) fn miss(&self, gap: Gap) {
        let mut state = self.state();
        state.queue.miss(gap);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Gives up on what has waited for too long. Whoever waits for it knows the time.
    fn expire(&self) {
        let mut state = self.state();
        let before = state.queue.len();
        state.queue.expire(Instant::now());
        self.meter.held(before, state.queue.len());
        unlock(state);
    }

    /// Takes what is there, several at a time, or has the reader woken when there is something. Says whether there is more to come.
    #[inline]
    pub(crate) fn poll(
        &self,
        context: &mut Context<'_>,
        taken: &mut VecDeque<Taken<Letter<T>>>,
    ) -> Poll<bool> {
        let mut state = self.state();
        self.take_of(&mut state, taken);
        if !taken.is_empty() {
            unlock(state);
            return Poll::Ready(true);
        }
        if state.has_ended {
            return Poll::Ready(false);
        }
        if !state.reader.as_ref().is_some_and(|reader| reader.will_wake(context.waker())) {
            let before = state.reader.replace(context.waker().clone());
            drop(state);
            drop(before);
        }
        Poll::Pending
    }

    /// Takes what is there, several at a time.
    pub(crate) fn take(&self, taken: &mut VecDeque<Taken<Letter<T>>>) {
        let mut state = self.state();
        self.take_of(&mut state, taken);
        unlock(state);
    }

    #[inline]
    fn take_of(&self, state: &mut State<T>, taken: &mut VecDeque<Taken<Letter<T>>>) {
        let before = state.queue.len();
        for _ in 0..self.at_a_time {
            let Some(next) = state.queue.take() else { break };
            match &next {
                Taken::Item(_) => self.meter.delivered(),
                Taken::Missed(missed) => self.meter.missed(*missed),
            }
            taken.push_back(next);
        }
        self.meter.held(before, state.queue.len());
    }

    /// Returns how much is there.
    pub(crate) fn len(&self) -> usize {
        self.state().queue.len()
    }

    /// Takes nothing more in; what is there is still handed out.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        state.queue.end();
        let reader = state.reader.take();
        unlock(state);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Takes nothing more in, and lets go of what is there and of who waits.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.has_ended = true;
        let left = std::mem::replace(&mut state.queue, Queue::new(Overflow::drop_newest(1)));
        let reader = state.reader.take();
        self.meter.held(left.len(), 0);
        drop(state);
        drop((left, reader));
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of the lock, and then tells those who need not wait any more.
#[inline]
fn unlock<T>(mut state: MutexGuard<'_, State<T>>) {
    let over = state.queue.over();
    drop(state);
    drop(over);
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("pattern", &self.pattern).field("len", &self.len()).finish()
    }
}
