//! Where the answers to a node's asks arrive: one subscription for all, and a subject for each attempt, `INBOX.SLOT.ATTEMPT`.

use std::collections::HashMap;
use std::fmt::Write;
#[cfg(test)]
use std::future::poll_fn;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_nats::{Client, Message, StatusCode, Subject, Subscriber};
use futures_util::StreamExt;

use super::wire::{Answer, read_answer};
use crate::protocol::{Attempt, Reply};

/// So many answers wait for an ask. One takes them as they come; what is beyond is somebody's noise.
const WAITING: usize = 16;

/// A slot, a dot and an attempt have no more digits.
const LONGEST_NUMBERS: usize = 31;

/// The asks that wait for answers.
#[derive(Debug)]
pub(crate) struct Inbox {
    prefix: String,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// No number is used twice, so that no answer comes to another ask, however late.
    next: u64,
    table: HashMap<u64, Slot, BuildHasherDefault<Spread>>,
    is_closed: bool,
}

/// Spreads numbers that count up: nobody else chooses them.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[derive(Debug, Default)]
struct Slot {
    waker: Option<Waker>,
    got: Vec<Got>,
}

/// What came for an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Got {
    Reply(Attempt, Reply<Answer>),
    /// Nobody listens where it was sent.
    NoResponders(Attempt),
}

/// The inbox is closed: nothing comes any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

/// An ask's place in the inbox, given up when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    inbox: Arc<Inbox>,
    slot: u64,
}

/// Where the answer to one attempt goes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    inbox: Arc<Inbox>,
    slot: u64,
    attempt: Attempt,
}

impl Inbox {
    pub(crate) fn new(client: &Client) -> Arc<Self> {
        Arc::new(Self { prefix: format!("{}.", client.new_inbox()), slots: Mutex::default() })
    }

    /// What all answers are on.
    pub(crate) fn subjects(&self) -> String {
        format!("{}*.*", self.prefix)
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Option<Ticket> {
        let mut slots = self.slots();
        if slots.is_closed {
            return None;
        }
        let slot = slots.next;
        slots.next += 1;
        slots.table.insert(slot, Slot::default());
        Some(Ticket { inbox: Arc::clone(self), slot })
    }

    /// Hands out what comes, until there is no more.
    pub(crate) async fn listen(self: Arc<Self>, mut answers: Subscriber) {
        while let Some(message) = answers.next().await {
            self.take(message);
        }
        self.close();
    }

    pub(crate) fn close(&self) {
        let mut slots = self.slots();
        slots.is_closed = true;
        let wakers: Vec<_> = slots.table.values_mut().filter_map(|slot| slot.waker.take()).collect();
        drop(slots);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whatever is no answer to somebody who waits is nobody's.
    fn take(&self, message: Message) {
        let Some((slot, attempt)) = self.place(&message.subject) else { return };
        let got = match message.status {
            Some(StatusCode::NO_RESPONDERS) => Got::NoResponders(attempt),
            _ => match read_answer(message.payload) {
                Ok(reply) => Got::Reply(attempt, reply),
                Err(_) => return,
            },
        };
        self.give(slot, got);
    }

    fn place(&self, subject: &str) -> Option<(u64, Attempt)> {
        let (slot, attempt) = subject.strip_prefix(self.prefix.as_str())?.split_once('.')?;
        Some((slot.parse().ok()?, Attempt(attempt.parse().ok()?)))
    }

    fn give(&self, slot: u64, got: Got) {
        let mut slots = self.slots();
        let Some(slot) = slots.table.get_mut(&slot).filter(|slot| slot.got.len() < WAITING) else { return };
        slot.got.push(got);
        let waker = slot.waker.take();
        drop(slots);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.slots().table.len()
    }
}

impl Ticket {
    /// Where the answer to this attempt is to go.
    pub(crate) fn place(&self, attempt: Attempt) -> Place {
        Place { inbox: Arc::clone(&self.inbox), slot: self.slot, attempt }
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Result<Got, Closed>> {
        let mut slots = self.inbox.slots();
        let is_closed = slots.is_closed;
        let Some(slot) = slots.table.get_mut(&self.slot) else { return Poll::Ready(Err(Closed)) };
        if !slot.got.is_empty() {
            return Poll::Ready(Ok(slot.got.remove(0)));
        }
        if is_closed {
            return Poll::Ready(Err(Closed));
        }
        match &mut slot.waker {
            Some(waker) => waker.clone_from(context.waker()),
            waker => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Waits for what comes next.
    #[cfg(test)]
    pub(crate) async fn next(&self) -> Result<Got, Closed> {
        poll_fn(|context| self.poll(context)).await
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let slot = self.inbox.slots().table.remove(&self.slot);
        drop(slot);
    }
}

impl Place {
    /// Answers an ask of this node.
    pub(crate) fn answer(self, reply: Reply<Answer>) {
        self.inbox.give(self.slot, Got::Reply(self.attempt, reply));
    }

    /// Where others answer it.
    pub(crate) fn subject(&self) -> Subject {
        let Self { inbox, slot, attempt: Attempt(attempt) } = self;
        // One allocation: one for each ask that is sent.
        let mut subject = String::with_capacity(inbox.prefix.len() + LONGEST_NUMBERS);
        subject.push_str(&inbox.prefix);
        let _ = write!(subject, "{slot}.{attempt}");
        subject.into()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;

    use super::super::wire::answer;
    use super::*;

    fn inbox() -> Arc<Inbox> {
        Arc::new(Inbox { prefix: "_INBOX.x.".into(), slots: Mutex::default() })
    }

    fn message(subject: &str, payload: Bytes, status: Option<StatusCode>) -> Message {
        Message {
            subject: subject.into(),
            reply: None,
            payload,
            headers: None,
            status,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn each_attempt_has_a_subject_of_its_own() {
        let inbox = inbox();
        let (first, second) = (inbox.enter().unwrap(), inbox.enter().unwrap());
        let moved = answer(&Reply::Moved);
        inbox.take(message(&second.place(Attempt(3)).subject(), moved.clone(), None));
        inbox.take(message(
            &second.place(Attempt(4)).subject(),
            Bytes::new(),
            Some(StatusCode::NO_RESPONDERS),
        ));
        assert_eq!(second.next().now_or_never(), Some(Ok(Got::Reply(Attempt(3), Reply::Moved))));
        assert_eq!(second.next().now_or_never(), Some(Ok(Got::NoResponders(Attempt(4)))));
        assert_eq!(first.next().now_or_never(), None);
        drop(second);
        inbox.take(message("_INBOX.x.1.3", moved, None));
        assert_eq!(inbox.len(), 1);
        inbox.close();
        assert_eq!(first.next().now_or_never(), Some(Err(Closed)));
        assert!(inbox.enter().is_none());
    }

    #[test]
    fn noise_is_nobodys() {
        let inbox = inbox();
        let ticket = inbox.enter().unwrap();
        for subject in
            ["", "_INBOX.x.", "_INBOX.x.0", "_INBOX.x.0.-1", "_INBOX.x.0.99999999999", "_INBOX.y.0.1"]
        {
            inbox.take(message(subject, answer(&Reply::Moved), None));
        }
        inbox.take(message("_INBOX.x.0.1", Bytes::from_static(b"noise"), None));
        assert_eq!(ticket.next().now_or_never(), None);
        (0..100).for_each(|_| inbox.take(message("_INBOX.x.0.1", answer(&Reply::Moved), None)));
        assert_eq!(inbox.slots().table.values().map(|slot| slot.got.len()).sum::<usize>(), WAITING);
    }
}
