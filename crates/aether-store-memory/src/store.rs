//! The store: histories, their order, and who is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aether_core::error::InvalidAppend;
use aether_core::store::{Announcer, check_commit};
use aether_core::{
    ActorId, AppendError, AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, Epoch, EventStore,
    Expected, Head, NewEvent, ReadError, ReadOptions, RecordedEvent, Snapshot, SnapshotError,
    SnapshotOutcome, SnapshotStore, Version,
};
use futures_util::Stream;

use crate::MemoryStoreBuilder;
use crate::history::History;
use crate::read::Events;
use crate::shards::Shards;

/// Keeps events and snapshots in memory. A clone is another handle on the same data.
///
/// It keeps the whole contract of [`EventStore`] and [`SnapshotStore`]; its answers are always those of
/// [`Consistency::Leader`], and nothing expires. Deadlines are not looked at, since nothing is ever waited for.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Shared with the reads that are under way.
    actors: Arc<Shards>,
    latest: Latest,
    announcer: Announcer,
}

/// The sequence of the latest commit or claim, the same counter for all actors, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Latest(AtomicU64);

impl Latest {
    /// Takes the next sequence. To be called with the actor's lock, which is held until the history is changed: whoever
    /// sees a sequence taken, and then takes the lock of any other actor, sees what was stored at all lower ones.
    #[inline]
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel) + 1
    }
}

impl MemoryStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Starts building a store with a namespace or a broadcaster.
    #[must_use]
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::default()
    }

    pub(crate) fn announcing(announcer: Announcer) -> Self {
        Self(Arc::new(Inner { actors: Arc::new(Shards::new()), latest: Latest::default(), announcer }))
    }

    /// Appends at once. Apart from the future that calls it: the less is moved, the faster.
    #[inline]
    fn append_now(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Result<Commit, AppendError> {
        check_commit(expected, &events)?;
        let (events, already_stored) = self.store(actor, expected, events, epoch)?;
        self.0.announcer.deliver();
        Commit::new(events, already_stored).ok_or_else(|| InvalidAppend::Empty.into())
    }

    /// Stores the events under the actor's lock; returns what is stored, and whether it was before.
    #[inline]
    fn store(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Result<(Vec<RecordedEvent>, bool), AppendError> {
        let mut shard = self.0.actors.lock(actor);
        if let Some(history) = shard.get_mut(actor) {
            return self.store_in(history, expected, events, epoch);
        }
        // Kept only now: a refused append leaves nothing of the actor behind.
        let mut history = History::new(actor.clone());
        let stored = self.store_in(&mut history, expected, events, epoch)?;
        shard.insert(actor.clone(), history);
        Ok(stored)
    }

    #[inline]
    fn store_in(
        &self,
        history: &mut History,
        expected: Expected,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Result<(Vec<RecordedEvent>, bool), AppendError> {
        let Some(first) = history.judge(expected, events.len(), epoch)? else {
            return Ok((history.repeated_or_refused(expected, &events, epoch)?, true));
        };
        let recorded = history.push(self.0.latest.next(), first, events, epoch);
        // Under the actor's lock, so that announcements come in the order of its versions.
        self.0.announcer.enqueue(&recorded);
        Ok((recorded, false))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl EventStore for MemoryStore {
    #[inline]
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        self.append_now(actor, expected, events, options.epoch)
    }

    async fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        let mut shard = self.0.actors.lock(actor);
        let history = shard.entry(actor.clone()).or_insert_with(|| History::new(actor.clone()));
        if history.judge_claim(epoch)? || options.proves {
            history.claim(self.0.latest.next(), epoch);
        }
        Ok(history.head())
    }

    async fn head(&self, actor: &ActorId, _: Consistency) -> Result<Head, ReadError> {
        Ok(self.0.actors.lock(actor).get(actor).map_or_else(Head::default, History::head))
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        _: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        Events::new(&self.0.actors, actor, from)
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::none();
        capabilities.packed_commits = true;
        capabilities.epochs = true;
        capabilities.deletion_denied = true;
        capabilities
    }
}

impl SnapshotStore for MemoryStore {
    async fn latest_snapshot(&self, actor: &ActorId) -> Result<Option<Snapshot>, SnapshotError> {
        Ok(self.0.actors.lock(actor).get(actor).and_then(History::snapshot))
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        let mut shard = self.0.actors.lock(&snapshot.actor);
        let actor = snapshot.actor.clone();
        let history = shard.entry(actor.clone()).or_insert_with(|| History::new(actor));
        Ok(history.save_snapshot(snapshot))
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{EventStoreExt, RawJson};

    use super::*;

    #[tokio::test]
    async fn an_append_that_is_refused_leaves_nothing_of_its_actor_behind() {
        let (store, actor) = (MemoryStore::new(), ActorId::new("order-1").unwrap());
        let event = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let first = Expected::Exactly(Version::FIRST);
        let refused = store.append(&actor, first, [event.clone()]).await.unwrap_err();
        assert!(refused.is_conflict());
        assert!(store.0.actors.lock(&actor).is_empty());
        let stored = store.append(&actor, Expected::NoEvents, [event]).await.unwrap();
        assert_eq!((stored.position.sequence(), store.0.actors.lock(&actor).len()), (1, 1));
    }
}
