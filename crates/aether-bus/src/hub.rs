//! What is published to a node's own subscribers: the trie, and their mailboxes.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use aether_core::Namespace;

use crate::mailbox::{From, Mailbox, Wait};
use crate::trie::Trie;
use crate::{Pattern, TraceParent};

/// Brings what is published to the mailboxes of those who subscribed to its namespace.
///
/// No lock is held while a waker is called, or while anybody waits: whoever is woken may publish, subscribe and unsubscribe.
#[derive(Debug)]
pub(crate) struct Hub<T>(RwLock<Routes<T>>);

#[derive(Debug)]
struct Routes<T> {
    trie: Trie<Arc<Mailbox<T>>>,
    next_id: u64,
    has_ended: bool,
}

/// Says that a hub has ended.
#[derive(Debug)]
pub(crate) struct Ended;

/// Who is to be woken when no lock is held any more. Mostly one.
#[derive(Debug, Default)]
struct Wakers {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakers {
    #[inline]
    fn add(&mut self, waker: Option<Waker>) {
        match (waker, &self.first) {
            (Some(waker), None) => self.first = Some(waker),
            (Some(waker), Some(_)) => self.more.push(waker),
            (None, _) => {}
        }
    }

    #[inline]
    fn wake(self) {
        self.first.into_iter().chain(self.more).for_each(Waker::wake);
    }
}

impl<T> Default for Hub<T> {
    fn default() -> Self {
        Self(RwLock::new(Routes { trie: Trie::default(), next_id: 0, has_ended: false }))
    }
}

impl<T: Clone> Hub<T> {
    /// Puts `content` into the mailboxes of all who subscribed to the namespace, and returns those that are full.
    #[inline]
    pub(crate) fn publish(
        &self,
        namespace: &Namespace,
        content: T,
        trace: Option<&TraceParent>,
    ) -> Result<Vec<Wait<T>>, Ended> {
        let (mut wakers, mut waits) = (Wakers::default(), Vec::new());
        {
            let routes = self.read();
            if routes.has_ended {
                return Err(Ended);
            }
            let mut offer = |mailbox: &Arc<Mailbox<T>>, content| {
                let (waker, wait) = mailbox.offer(namespace, content, trace, From::Here);
                wakers.add(waker);
                waits.extend(wait);
            };
            // One behind, so that the last one, which is mostly the only one, gets it without a clone.
            let mut last: Option<&Arc<Mailbox<T>>> = None;
            routes.trie.each(namespace, |mailbox| {
                if mailbox.takes(&content)
                    && let Some(before) = last.replace(mailbox)
                {
                    offer(before, content.clone());
                }
            });
            if let Some(mailbox) = last {
                offer(mailbox, content);
            }
        }
        wakers.wake();
        Ok(waits)
    }
}

impl<T> Hub<T> {
    /// Adds a mailbox, and returns the id by which it is taken out again.
    pub(crate) fn add(&self, mailbox: &Arc<Mailbox<T>>) -> Result<u64, Ended> {
        let mut routes = self.write();
        if routes.has_ended {
            return Err(Ended);
        }
        let id = routes.next_id;
        routes.next_id += 1;
        routes.trie.insert(&mailbox.pattern, id, Arc::clone(mailbox));
        Ok(id)
    }

    pub(crate) fn remove(&self, pattern: &Pattern, id: u64) {
        let removed = self.write().trie.remove(pattern, id);
        removed.iter().for_each(|mailbox| mailbox.close());
    }

    /// Returns the mailboxes of exactly this pattern.
    #[cfg(feature = "nats")]
    pub(crate) fn of(&self, pattern: &Pattern) -> Vec<Arc<Mailbox<T>>> {
        self.read().trie.of(pattern).map(Arc::clone).collect()
    }

    /// Ends all subscriptions, after what is in their mailboxes.
    pub(crate) fn end(&self) {
        let mailboxes: Vec<_> = {
            let mut routes = self.write();
            routes.has_ended = true;
            routes.trie.all().into_iter().map(Arc::clone).collect()
        };
        mailboxes.iter().for_each(|mailbox| mailbox.end());
    }

    fn read(&self) -> RwLockReadGuard<'_, Routes<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Routes<T>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
