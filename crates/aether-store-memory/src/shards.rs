//! A map of actors that no two of them wait in for long.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use aether_core::ActorId;

use crate::history::History;

/// Enough that the threads of one machine seldom meet.
const SHARDS: usize = 64;

pub(crate) type SharedHistory = Arc<Mutex<History>>;

/// The histories by actor.
#[derive(Debug)]
pub(crate) struct Shards {
    hasher: RandomState,
    shards: Vec<RwLock<HashMap<ActorId, SharedHistory>>>,
}

impl Shards {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| RwLock::default()).collect() }
    }

    /// Returns the actor's history, if it has any.
    pub(crate) fn find(&self, actor: &ActorId) -> Option<SharedHistory> {
        let shard = self.shard(actor)?.read().unwrap_or_else(PoisonError::into_inner);
        shard.get(actor).map(Arc::clone)
    }

    /// Returns the actor's history, an empty one at first.
    pub(crate) fn find_or_create(&self, actor: &ActorId) -> SharedHistory {
        let empty = || Arc::new(Mutex::new(History::new(actor.clone())));
        self.find(actor).unwrap_or_else(|| match self.shard(actor) {
            Some(shard) => {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(shard.entry(actor.clone()).or_insert_with(empty))
            }
            None => empty(),
        })
    }

    fn shard(&self, actor: &ActorId) -> Option<&RwLock<HashMap<ActorId, SharedHistory>>> {
        let hash = self.hasher.hash_one(actor) as usize;
        self.shards.get(hash % SHARDS)
    }
}

/// Locks, also after another thread panicked: every change to a history is a single step, so none is half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
