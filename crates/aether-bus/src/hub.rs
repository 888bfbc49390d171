//! What is published to a node's own subscribers: the trie, and their mailboxes.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use aether_core::Namespace;

use crate::mailbox::{From, Mailbox, Wait};
use crate::recent::Recent;
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
    /// Of the trie as it is.
    recent: Recent<Arc<Mailbox<T>>>,
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
        let Some(first) = self.first else { return };
        first.wake();
        self.more.into_iter().for_each(Waker::wake);
    }
}

impl<T> Default for Hub<T> {
    fn default() -> Self {
        Self(RwLock::new(Routes {
            trie: Trie::default(),
            recent: Recent::default(),
            next_id: 0,
            has_ended: false,
        }))
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
            let offer = |mailbox: &Arc<Mailbox<T>>, content| {
                let (waker, wait) = mailbox.offer(namespace, content, trace, From::Here);
                wakers.add(waker);
                waits.extend(wait);
            };
            match routes.recent.find(namespace) {
                Some(mailboxes) => offer_all(mailboxes.iter(), content, offer),
                None => {
                    let mut mailboxes = Vec::new();
                    routes.trie.each(namespace, |mailbox| mailboxes.push(mailbox));
                    offer_all(mailboxes.iter().copied(), content, offer);
                    routes.recent.remember(namespace, mailboxes);
                }
            }
        }
        wakers.wake();
        Ok(waits)
    }
}

/// Offers to all who take it. One behind, so that the last one, which is mostly the only one, gets it without a clone.
#[inline]
fn offer_all<'a, T: Clone + 'a>(
    mailboxes: impl Iterator<Item = &'a Arc<Mailbox<T>>>,
    content: T,
    mut offer: impl FnMut(&Arc<Mailbox<T>>, T),
) {
    let mut last: Option<&Arc<Mailbox<T>>> = None;
    for mailbox in mailboxes.filter(|mailbox| mailbox.takes(&content)) {
        if let Some(before) = last.replace(mailbox) {
            offer(before, content.clone());
        }
    }
    if let Some(mailbox) = last {
        offer(mailbox, content);
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
        let before = std::mem::take(&mut routes.recent);
        drop(routes);
        drop(before);
        Ok(id)
    }

    pub(crate) fn remove(&self, pattern: &Pattern, id: u64) {
        let mut routes = self.write();
        let removed = routes.trie.remove(pattern, id);
        let before = std::mem::take(&mut routes.recent);
        drop(routes);
        drop(before);
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
