//! Those who wait for answers, by token: who asked gets the first answer to it, and nobody else gets any. Pure.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::spread::Spread;

/// The requests that wait for an answer of type `T`.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    table: Mutex<Table<T>>,
    /// Written under the lock, so that nobody enters after it.
    closed: AtomicBool,
}

#[derive(Debug)]
struct Table<T> {
    /// No token is used twice, so that no answer comes to another request, however late or often it comes.
    next: u64,
    senders: HashMap<u64, oneshot::Sender<T>, BuildHasherDefault<Spread>>,
}

/// The right to one answer; given up when dropped.
#[derive(Debug)]
pub(crate) struct Ticket<'a, T> {
    waiting: &'a Waiting<T>,
    pub(crate) token: u64,
    /// Nothing once it ended.
    receiver: Option<oneshot::Receiver<T>>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        let table = Mutex::new(Table { next: 0, senders: HashMap::default() });
        Self { table, closed: AtomicBool::new(false) }
    }
}

impl<T> Waiting<T> {
    /// Begins to wait, unless nobody hands out answers any more.
    pub(crate) fn enter(&self) -> Option<Ticket<'_, T>> {
        let (sender, receiver) = oneshot::channel();
        let mut table = self.lock();
        if self.is_closed() {
            return None;
        }
        let token = table.next;
        table.next += 1;
        table.senders.insert(token, sender);
        drop(table);
        Some(Ticket { waiting: self, token, receiver: Some(receiver) })
    }

    /// Hands an answer to who waits for it, if anybody does.
    pub(crate) fn answer(&self, token: u64, answer: T) {
        let sender = self.lock().senders.remove(&token);
        if let Some(sender) = sender {
            // Who gave up meanwhile does not miss it.
            let _ = sender.send(answer);
        }
    }

    /// Says to all who wait that there will be no answer, and to all who come.
    pub(crate) fn close(&self) {
        let mut table = self.lock();
        self.closed.store(true, Ordering::Release);
        let senders = std::mem::take(&mut table.senders);
        drop(table);
        // Wakes them: not under the lock, which they take next.
        drop(senders);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Table<T>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Ticket<'_, T> {
    /// Returns the answer, or nothing if there will be none.
    pub(crate) async fn answer(mut self) -> Option<T> {
        let answer = self.receiver.as_mut()?.await;
        // The entry is gone, whoever took it.
        self.receiver = None;
        answer.ok()
    }
}

impl<T> Drop for Ticket<'_, T> {
    fn drop(&mut self) {
        if self.receiver.is_some() {
            let sender = self.waiting.lock().senders.remove(&self.token);
            drop(sender);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_gave_up_leaves_nothing_and_misses_no_answer_of_others() {
        let waiting = Waiting::default();
        let (gone, there) = (waiting.enter().unwrap(), waiting.enter().unwrap());
        let (late, token) = (gone.token, there.token);
        drop(gone);
        assert_eq!(waiting.lock().senders.len(), 1);
        waiting.answer(late, "late");
        waiting.answer(token, "first");
        waiting.answer(token, "twice");
        assert_eq!(there.answer().now_or_never(), Some(Some("first")));
        assert!(waiting.lock().senders.is_empty());
    }

    #[test]
    fn nobody_waits_for_who_has_left() {
        let waiting = Waiting::<()>::default();
        let ticket = waiting.enter().unwrap();
        waiting.close();
        assert_eq!(ticket.answer().now_or_never(), Some(None));
        assert!(waiting.enter().is_none() && waiting.is_closed());
    }

    proptest! {
        #[test]
        fn each_gets_its_own_answer_in_whatever_order_they_come(order in Just((0..200u64).collect::<Vec<_>>()).prop_shuffle(), given_up in proptest::collection::btree_set(0u64..200, 0..50)) {
            let waiting = Waiting::default();
            let mut tickets: Vec<_> = (0..200).map(|_| waiting.enter()).collect();
            for token in &given_up {
                tickets[usize::try_from(*token).unwrap()] = None;
            }
            order.iter().for_each(|token| waiting.answer(*token, *token));
            for ticket in tickets.into_iter().flatten() {
                let token = ticket.token;
                prop_assert_eq!(ticket.answer().now_or_never(), Some(Some(token)));
            }
            prop_assert!(waiting.lock().senders.is_empty());
        }
    }
}
