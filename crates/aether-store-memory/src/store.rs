//! The store: histories, their order, and who is told.

use std::sync::{Arc, Mutex};

use aether_core::store::Announcer;
use aether_core::{
    ActorId, AppendError, AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, Epoch, EventStore,
    Expected, Head, NewEvent, ReadError, ReadOptions, RecordedEvent, Snapshot, SnapshotError,
    SnapshotOutcome, SnapshotStore, Version,
};
use futures_util::Stream;

use crate::MemoryStoreBuilder;
use crate::history::{History, Verdict};
use crate::read::Events;
use crate::shards::{Shards, SharedHistory, lock};

/// Keeps events and snapshots in memory. A clone is another handle on the same data.
///
/// It keeps the whole contract of [`EventStore`] and [`SnapshotStore`]; its answers are always those of
/// [`Consistency::Leader`], and nothing expires. Deadlines are not looked at, since nothing is ever waited for.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    actors: Shards,
    /// The sequence of the latest commit or claim, the same counter for all actors.
    sequence: Mutex<u64>,
    announcer: Announcer,
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
        Self(Arc::new(Inner { actors: Shards::new(), sequence: Mutex::new(0), announcer }))
    }

    fn commit(
        &self,
        history: &SharedHistory,
        expected: Expected,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Result<Commit, AppendError> {
        let mut history = lock(history);
        let events = match history.judge(expected, events, epoch)? {
            Verdict::AlreadyStored(commit) => return Ok(commit),
            Verdict::Store(events) => events,
        };
        let recorded =
            self.at_next_sequence(&mut history, |history, sequence| history.push(sequence, events, epoch));
        // Under the actor's lock, so that announcements come in the order of its versions.
        self.0.announcer.enqueue(&recorded);
        Commit::new(recorded, false).ok_or_else(|| aether_core::error::InvalidAppend::Empty.into())
    }

    /// Changes a history at the next sequence. The counter stays locked meanwhile: whoever sees a sequence taken can see
    /// what was stored at all lower ones.
    fn at_next_sequence<T>(&self, history: &mut History, change: impl FnOnce(&mut History, u64) -> T) -> T {
        let mut sequence = lock(&self.0.sequence);
        *sequence += 1;
        change(history, *sequence)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl EventStore for MemoryStore {
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        let history = match self.0.actors.find(actor) {
            Some(history) => history,
            None if History::accepts_first(expected, &events) => self.0.actors.find_or_create(actor),
            // Refused in any case, by a history that nobody keeps: it leaves nothing of the actor behind.
            None => Arc::new(Mutex::new(History::new(actor.clone()))),
        };
        let commit = self.commit(&history, expected, events, options.epoch)?;
        self.0.announcer.deliver();
        Ok(commit)
    }

    async fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        let history = self.0.actors.find_or_create(actor);
        let mut history = lock(&history);
        if history.judge_claim(epoch)? || options.proves {
            self.at_next_sequence(&mut history, |history, sequence| history.claim(sequence, epoch));
        }
        Ok(history.head())
    }

    async fn head(&self, actor: &ActorId, _: Consistency) -> Result<Head, ReadError> {
        Ok(self.0.actors.find(actor).map_or_else(Head::default, |history| lock(&history).head()))
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        _: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        Events::new(self.0.actors.find(actor), from)
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
        Ok(self.0.actors.find(actor).and_then(|history| lock(&history).snapshot()))
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        let history = self.0.actors.find_or_create(&snapshot.actor);
        Ok(lock(&history).save_snapshot(snapshot))
    }
}
