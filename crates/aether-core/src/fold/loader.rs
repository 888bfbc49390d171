//! Loading one kind of actor, with snapshots taken as they fall due.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::load::{Load, load};
use super::{LoadError, Loaded, SnapshotMetrics, SnapshotPolicy, State};
use crate::error::{BoxError, SnapshotError};
use crate::{ActorId, EventStore, RawJson, Snapshot, SnapshotOutcome, SnapshotStore};

/// Loads actors whose state is an `S` from a store, and takes snapshots when its policy says so.
///
/// ```
/// # use aether_core::{ActorId, EventStoreExt, Expected, Loader, NewEvent, SnapshotPolicy, State};
/// # use aether_store_memory::MemoryStore;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize)]
/// # #[serde(tag = "eventType", content = "data")]
/// # enum CounterEvent { Added { by: u64 } }
/// # #[derive(Default, Serialize, Deserialize)]
/// # struct Counter { total: u64 }
/// # impl State for Counter {
/// #     type Event = CounterEvent;
/// #     fn apply(&mut self, CounterEvent::Added { by }: CounterEvent) { self.total += by; }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counters = Loader::<Counter, _>::new(MemoryStore::new()).policy(SnapshotPolicy::every_events(100));
/// let actor = ActorId::new("counter-1")?;
/// for _ in 0..250 {
///     let added = NewEvent::encode(&CounterEvent::Added { by: 2 })?;
///     counters.store().append(&actor, Expected::Any, [added]).await?;
/// }
/// assert_eq!(counters.load(&actor).await?.state().total, 500); // replays 250 events, takes a snapshot
/// assert_eq!(counters.load(&actor).await?.state().total, 500); // replays none
/// assert_eq!(counters.metrics().stats().average_replay(), 125.0);
/// # Ok(())
/// # }
/// ```
pub struct Loader<S, T> {
    store: T,
    policy: SnapshotPolicy,
    metrics: Arc<SnapshotMetrics>,
    state: PhantomData<fn() -> S>,
}

impl<S, T> Loader<S, T> {
    /// Loads from `store`; takes no snapshots until a [`policy`](Self::policy) is set.
    pub fn new(store: T) -> Self {
        let (policy, metrics) = (SnapshotPolicy::never(), Arc::default());
        Self { store, policy, metrics, state: PhantomData }
    }

    /// Takes snapshots when `policy` says so.
    #[must_use]
    pub fn policy(self, policy: SnapshotPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &T {
        &self.store
    }

    /// Returns what was counted so far.
    #[must_use]
    pub fn metrics(&self) -> &SnapshotMetrics {
        &self.metrics
    }
}

impl<S, T> Loader<S, T>
where
    S: State + Serialize + DeserializeOwned + Sync,
    T: EventStore + SnapshotStore,
{
    /// Loads the actor: its snapshot, if one fits, and the events after it. Takes a snapshot when one is due; that it
    /// could not be saved is counted, and no error.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the history cannot be read, or an event does not fit the state.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves a snapshot that was due saved or not.
    pub async fn load(&self, actor: &ActorId) -> Result<Loaded<S>, LoadError> {
        let Load { mut loaded, replayed, snapshot } = load(&self.store, actor).await?;
        self.metrics.loaded(replayed, snapshot);
        self.snapshot_if_due(actor, &mut loaded).await;
        Ok(loaded)
    }

    /// Saves a snapshot of a loaded state, whatever the policy says.
    ///
    /// # Errors
    ///
    /// See [`SnapshotError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the snapshot saved or not. Capturing again is safe.
    pub async fn capture(
        &self,
        actor: &ActorId,
        loaded: &mut Loaded<S>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        let result = self.save(actor, loaded).await;
        match result {
            Ok(SnapshotOutcome::Saved) => {
                self.metrics.taken(true);
                loaded.note_snapshot();
            }
            // Somebody else's newer one is as good.
            Ok(SnapshotOutcome::Superseded { .. }) => {}
            Err(_) => self.metrics.taken(false),
        }
        result
    }

    pub(super) async fn snapshot_if_due(&self, actor: &ActorId, loaded: &mut Loaded<S>) {
        if self.policy.is_due(loaded.progress()) {
            // Best effort by contract: the history is whole without it, and the failure is counted.
            let _ = self.capture(actor, loaded).await;
        }
    }

    async fn save(&self, actor: &ActorId, loaded: &Loaded<S>) -> Result<SnapshotOutcome, SnapshotError> {
        let state = RawJson::encode(loaded.state())
            .map_err(|error| SnapshotError::Encode { actor: actor.clone(), source: BoxError::from(error) })?;
        let snapshot = Snapshot::new(actor.clone(), loaded.version(), state)
            .with_schema_version(S::SCHEMA_VERSION)
            .with_position(loaded.position());
        self.store.save_snapshot(snapshot).await
    }
}

impl<S, T: Clone> Clone for Loader<S, T> {
    fn clone(&self) -> Self {
        let (store, metrics) = (self.store.clone(), Arc::clone(&self.metrics));
        Self { store, policy: self.policy, metrics, state: PhantomData }
    }
}

impl<S, T: fmt::Debug> fmt::Debug for Loader<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Loader");
        debug
            .field("store", &self.store)
            .field("policy", &self.policy)
            .field("metrics", &self.metrics)
            .finish()
    }
}
