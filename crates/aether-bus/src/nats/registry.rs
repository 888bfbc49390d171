//! The subscriptions at the server: one for each pattern that somebody here is subscribed to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::shared::Shared;
use super::subject::Kind;
use crate::Pattern;

/// The feeds of a node, by what they bring.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<HashMap<(Kind, Pattern), Counted>>);

/// A feed, and how many subscriptions it is for.
#[derive(Debug)]
struct Counted {
    users: usize,
    feed: Arc<Feed>,
    task: AbortHandle,
}

/// How far a feed has come.
#[derive(Debug)]
pub(super) struct Feed {
    /// Whether the client has taken the subscription, or refused it.
    pub(super) opened: watch::Sender<Option<bool>>,
    /// Whether the server is known to have it.
    is_confirmed: AtomicBool,
    /// How many messages it has got.
    pub(super) messages: AtomicU64,
}

/// A share in a feed, which ends with the last one.
#[derive(Debug)]
pub(super) struct Share {
    shared: Arc<Shared>,
    key: (Kind, Pattern),
    pub(super) feed: Arc<Feed>,
}

impl Feed {
    /// Waits until the client has taken the subscription.
    pub(super) async fn is_open(&self) -> bool {
        let mut opened = self.opened.subscribe();
        opened.wait_for(Option::is_some).await.is_ok_and(|opened| *opened == Some(true))
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.is_confirmed.load(Ordering::Acquire)
    }

    pub(super) fn confirm(&self) {
        self.is_confirmed.store(true, Ordering::Release);
    }
}

impl Registry {
    /// Takes a share in the feed of a pattern, which `start` starts if there is none.
    pub(super) fn share(
        shared: &Arc<Shared>,
        kind: Kind,
        pattern: &Pattern,
        start: impl FnOnce(Arc<Feed>) -> AbortHandle,
    ) -> Share {
        let key = (kind, pattern.clone());
        let feed = match shared.registry.feeds().entry(key.clone()) {
            Entry::Occupied(mut there) => {
                let counted = there.get_mut();
                counted.users += 1;
                Arc::clone(&counted.feed)
            }
            Entry::Vacant(place) => {
                let feed = Arc::new(Feed {
                    opened: watch::Sender::new(None),
                    is_confirmed: AtomicBool::new(false),
                    messages: AtomicU64::new(0),
                });
                let task = start(Arc::clone(&feed));
                place.insert(Counted { users: 1, feed: Arc::clone(&feed), task });
                feed
            }
        };
        Share { shared: Arc::clone(shared), key, feed }
    }

    /// Returns how many feeds there are.
    pub(super) fn len(&self) -> usize {
        self.feeds().len()
    }

    /// Ends all feeds, at once.
    pub(super) fn end(&self) {
        self.feeds().values().for_each(|counted| counted.task.abort());
    }

    /// Says whether all feeds have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.feeds().values().all(|counted| counted.task.is_finished())
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<(Kind, Pattern), Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut feeds = self.shared.registry.feeds();
        let Some(counted) = feeds.get_mut(&self.key) else { return };
        counted.users -= 1;
        if counted.users == 0 {
            counted.task.abort();
            feeds.remove(&self.key);
        }
    }
}
