//! Subscriptions that wait for the next event.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Who waits, and whether anything can still come.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Whether there is a waker: all that an append looks at.
    any: AtomicBool,
    closed: AtomicBool,
    wakers: Mutex<BTreeMap<Waiter, Waker>>,
    next: AtomicU64,
}

/// A subscription among those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Waiter(u64);

impl Waiting {
    pub(crate) fn join(&self) -> Waiter {
        Waiter(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Wakes the waiter with the next append. It has to look once more after this, and before it waits: what was stored
    /// before woke nobody.
    pub(crate) fn wait(&self, waiter: Waiter, waker: &Waker) {
        let mut wakers = self.wakers();
        wakers.entry(waiter).and_modify(|known| known.clone_from(waker)).or_insert_with(|| waker.clone());
        self.any.store(true, Ordering::SeqCst);
    }

    pub(crate) fn leave(&self, waiter: Waiter) {
        self.wakers().remove(&waiter);
    }

    /// Wakes all who wait. To be called after an append, without its lock.
    #[inline]
    pub(crate) fn wake(&self) {
        if self.any.load(Ordering::SeqCst) {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        let woken = {
            let mut wakers = self.wakers();
            self.any.store(false, Ordering::SeqCst);
            std::mem::take(&mut *wakers)
        };
        woken.into_values().for_each(Waker::wake);
    }

    /// Says that nothing will be stored any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn wakers(&self) -> MutexGuard<'_, BTreeMap<Waiter, Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
