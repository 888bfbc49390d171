//! What the tests of groups share: a handler that notes its calls, and keys that can be made to hang.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_core::key_value::{Entry, Revision};
use aether_core::{
    ActorId, EventStoreExt, Expected, KeyValue, KeyValueError, NewEvent, RawJson, RecordedEvent, RetryPolicy,
};
use aether_projection::group::{Context, Group, GroupBuilder, Handler, Outcome};
use aether_store_memory::{MemoryKeyValue, MemoryStore};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Longer than anything takes.
pub(crate) const NEVER: Duration = Duration::from_secs(600);
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// A call of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) actor: ActorId,
    pub(crate) version: u64,
    pub(crate) slice: u32,
    pub(crate) epoch: u64,
    pub(crate) member: &'static str,
}

/// What all handlers of a test have seen, and which events they cannot handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    calls: Arc<Mutex<Vec<Call>>>,
    poison: Arc<Mutex<BTreeSet<(String, u64)>>>,
}

impl Log {
    pub(crate) fn all(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn of(&self, actor: &str) -> Vec<u64> {
        self.all().into_iter().filter(|call| call.actor.as_str() == actor).map(|call| call.version).collect()
    }

    pub(crate) fn poison(&self, actor: &str, version: u64, is_poisoned: bool) {
        let (mut poison, event) = (self.poison.lock().unwrap(), (actor.to_owned(), version));
        if is_poisoned {
            poison.insert(event)
        } else {
            poison.remove(&event)
        };
    }

    pub(crate) fn by(&self, member: &'static str) -> Notes {
        Notes { log: self.clone(), member, takes: Duration::ZERO }
    }

    /// The distinct events that were handled.
    pub(crate) fn handled(&self) -> BTreeSet<(ActorId, u64)> {
        self.all().into_iter().map(|call| (call.actor, call.version)).collect()
    }

    /// Checks that along each epoch of a slice, each actor's events came in order, each once.
    pub(crate) fn check_order(&self) {
        let mut latest = BTreeMap::new();
        for Call { actor, version, slice, epoch, .. } in self.all() {
            let before = latest.insert((slice, epoch, actor.clone()), version).unwrap_or_default();
            assert!(before < version, "{actor} {version} after {before} in epoch {epoch}");
        }
    }
}

pub(crate) struct Notes {
    pub(crate) log: Log,
    pub(crate) member: &'static str,
    pub(crate) takes: Duration,
}

impl Handler for Notes {
    type Error = String;

    async fn handle(&self, event: &RecordedEvent, context: &Context) -> Result<Outcome, String> {
        let (actor, version) = (event.actor().clone(), event.version().number());
        sleep(self.takes).await;
        if self.log.poison.lock().unwrap().contains(&(actor.to_string(), version)) {
            return Err("poison".to_owned());
        }
        let (slice, epoch) = (context.slice(), context.epoch().number());
        self.log.calls.lock().unwrap().push(Call { actor, version, slice, epoch, member: self.member });
        Ok(Outcome::Done)
    }
}

/// The keys of one member, which can be made to hang, as everything of a process that is stopped does.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    keys: Arc<MemoryKeyValue>,
    pub(crate) hangs: watch::Sender<bool>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self { keys: Arc::new(MemoryKeyValue::new()), hangs: watch::Sender::new(false) }
    }

    /// Those of another member.
    pub(crate) fn other(&self) -> Self {
        Self { keys: Arc::clone(&self.keys), hangs: watch::Sender::new(false) }
    }

    async fn pass(&self) {
        self.hangs.subscribe().wait_for(|hangs| !hangs).await.unwrap();
    }
}

impl KeyValue for Keys {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        self.pass().await;
        self.keys.get(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expected: Revision) -> Result<Revision, KeyValueError> {
        self.pass().await;
        self.keys.put(key, value, expected).await
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        self.pass().await;
        self.keys.delete(key, expected).await
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        self.pass().await;
        self.keys.keys(prefix).await
    }
}

pub(crate) type Member = Group<MemoryStore, Keys, Notes>;

pub(crate) fn builder(store: &MemoryStore, keys: Keys) -> GroupBuilder<MemoryStore, Keys> {
    let retry =
        RetryPolicy::default().attempts(3).delays(Duration::from_millis(50), Duration::from_millis(50));
    Group::builder(store.clone(), keys, "tests").lease(LEASE).attempts(retry)
}

pub(crate) async fn member(store: &MemoryStore, keys: Keys, handler: Notes) -> Member {
    builder(store, keys).start(handler).await.unwrap()
}

pub(crate) async fn append(store: &MemoryStore, actor: &str, events: u64) {
    for _ in 0..events {
        let event = NewEvent::new("Noted".try_into().unwrap(), RawJson::NULL);
        store.append(&ActorId::new(actor).unwrap(), Expected::Any, [event]).await.unwrap();
    }
}

/// Appends so many events to each of so many actors, in turns.
pub(crate) async fn fill(store: &MemoryStore, actors: u64, events: u64) {
    for _ in 0..events {
        for actor in 0..actors {
            append(store, &format!("order-{actor}"), 1).await;
        }
    }
}

pub(crate) async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < NEVER, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
