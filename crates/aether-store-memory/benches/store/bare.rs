//! The least that an embedded store could be: a sharded map of shared events, which checks nothing.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use aether_core::{ActorId, Event, NewEvent, Version};

/// As many as the store has.
const SHARDS: usize = 64;

pub(crate) struct Bare {
    hasher: RandomState,
    shards: [Mutex<HashMap<ActorId, Vec<Event>>>; SHARDS],
}

impl Default for Bare {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Bare {
    pub(crate) fn append(&self, actor: &ActorId, event: NewEvent) -> Version {
        self.with(actor, |events| {
            let version = Version::new(events.len() as u64 + 1).unwrap_or(Version::MAX);
            events.push(Event::new(actor.clone(), version, event));
            version
        })
    }

    /// The events of an actor, shared: a reader cannot keep the map locked.
    pub(crate) fn read(&self, actor: &ActorId) -> Vec<Event> {
        self.with(actor, |events| events.clone())
    }

    fn with<T>(&self, actor: &ActorId, work: impl FnOnce(&mut Vec<Event>) -> T) -> T {
        let shard = self.hasher.hash_one(actor) as usize % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "a remainder is below the number of shards")]
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        match shard.get_mut(actor) {
            Some(events) => work(events),
            None => work(shard.entry(actor.clone()).or_default()),
        }
    }
}
