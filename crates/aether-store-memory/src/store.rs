//! The store: histories, their order, and who is told.

use std::sync::Arc;

use aether_core::error::InvalidAppend;
use aether_core::store::{Announcer, check_commit};
use aether_core::{
    ActorId, AppendError, AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, Epoch, EventStore,
    Expected, Head, NewEvent, ReadError, ReadOptions, RecordedEvent, Snapshot, SnapshotError,
    SnapshotOutcome, SnapshotStore, Version,
};
use futures_util::Stream;

use crate::MemoryStoreBuilder;
use crate::data::Data;
use crate::history::History;
use crate::notes::Notes;
use crate::read::Events;
use crate::shards::Held;

/// Keeps events and snapshots in memory. A clone is another handle on the same data.
///
/// It keeps the whole contract of [`EventStore`] and [`SnapshotStore`]; its answers are always those of
/// [`Consistency::Leader`], and nothing expires. Deadlines are not looked at, since nothing is ever waited for.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Shared with the reads and subscriptions that are under way.
    data: Arc<Data>,
    announcer: Announcer,
}

/// The last handle is gone: nothing will be stored any more.
impl Drop for Inner {
    fn drop(&mut self) {
        self.data.waiting.close();
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

    pub(crate) fn with(announcer: Announcer, keeps_times: bool) -> Self {
        Self(Arc::new(Inner { data: Arc::new(Data::new(keeps_times)), announcer }))
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
        self.0.data.waiting.wake();
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
        let mut shard = self.0.data.shards.lock(actor);
        let Held { histories, notes } = &mut *shard;
        if let Some(history) = histories.get_mut(actor) {
            return self.store_in(history, notes, expected, events, epoch);
        }
        // Kept only now: a refused append leaves nothing of the actor behind.
        let mut history = History::new(actor.clone());
        let stored = self.store_in(&mut history, notes, expected, events, epoch)?;
        histories.insert(actor.clone(), history);
        Ok(stored)
    }

    #[inline]
    fn store_in(
        &self,
        history: &mut History,
        notes: &mut Notes,
        expected: Expected,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Result<(Vec<RecordedEvent>, bool), AppendError> {
        let Some(first) = history.judge(expected, events.len(), epoch)? else {
            return Ok((history.repeated_or_refused(expected, &events, epoch)?, true));
        };
        let sequence = self.0.data.latest.next();
        let recorded = history.push(sequence, first, events, epoch);
        notes.commit(sequence, &recorded);
        // Under the actor's lock, so that announcements come in the order of its versions.
        self.0.announcer.enqueue(&recorded);
        Ok((recorded, false))
    }

    fn claim_now(&self, actor: &ActorId, epoch: Epoch, proves: bool) -> Result<Head, AppendError> {
        let mut shard = self.0.data.shards.lock(actor);
        let history = shard.histories.entry(actor.clone()).or_insert_with(|| History::new(actor.clone()));
        if history.judge_claim(epoch)? || proves {
            history.claim(self.0.data.latest.next(), epoch);
        }
        Ok(history.head())
    }

    pub(crate) fn data(&self) -> &Arc<Data> {
        &self.0.data
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
        let head = self.claim_now(actor, epoch, options.proves)?;
        // A claim is no event, but checkpoints move over it.
        self.0.data.waiting.wake();
        Ok(head)
    }

    async fn head(&self, actor: &ActorId, _: Consistency) -> Result<Head, ReadError> {
        Ok(self.0.data.shards.lock(actor).histories.get(actor).map_or_else(Head::default, History::head))
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        _: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        Events::new(&self.0.data, actor, from)
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
        Ok(self.0.data.shards.lock(actor).histories.get(actor).and_then(History::snapshot))
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        let mut shard = self.0.data.shards.lock(&snapshot.actor);
        let actor = snapshot.actor.clone();
        let history = shard.histories.entry(actor.clone()).or_insert_with(|| History::new(actor));
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
        assert!(store.0.data.shards.lock(&actor).histories.is_empty());
        let stored = store.append(&actor, Expected::NoEvents, [event]).await.unwrap();
        assert_eq!((stored.position.sequence(), store.0.data.shards.lock(&actor).histories.len()), (1, 1));
    }
}
