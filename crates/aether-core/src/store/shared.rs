//! Any store, chosen at run time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_core::future::BoxFuture;

use super::{
    AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, EventStore, Expected, Head, ReadOptions,
    Snapshot, SnapshotOutcome, SnapshotStore,
};
use crate::error::{AppendError, ReadError, SnapshotError, SubscriptionError};
use crate::{ActorId, Epoch, Filter, NewEvent, RecordedEvent, StartAt, Subscribe, Subscription, Version};

/// The events of a read whose store is not known by its type.
pub type RecordedStream = Pin<Box<dyn Stream<Item = Result<RecordedEvent, ReadError>> + Send>>;

/// A store of any kind behind one type, for programs that choose it at run time. A clone is another handle.
///
/// ```
/// use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson, SharedStore};
/// use aether_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SharedStore::new(MemoryStore::new());
/// let placed = NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL);
/// store.append(&ActorId::new("order-1")?, Expected::NoEvents, [placed]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedStore(Arc<dyn Mirror>);

impl SharedStore {
    /// Shares `store`. One that keeps no snapshots, or hands out no subscriptions, refuses them as
    /// [`Unsupported`](crate::error::Unsupported).
    pub fn new<T: EventStore + SnapshotStore + Subscribe>(store: T) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedStore").field(&self.0.capabilities()).finish()
    }
}

/// The three traits with their futures boxed, so that there can be a `dyn` of them.
trait Mirror: Send + Sync {
    fn append_with<'a>(
        &'a self,
        actor: &'a ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> BoxFuture<'a, Result<Commit, AppendError>>;
    fn claim_with<'a>(
        &'a self,
        actor: &'a ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> BoxFuture<'a, Result<Head, AppendError>>;
    fn head<'a>(
        &'a self,
        actor: &'a ActorId,
        consistency: Consistency,
    ) -> BoxFuture<'a, Result<Head, ReadError>>;
    fn read_with(&self, actor: &ActorId, from: Version, options: ReadOptions) -> RecordedStream;
    fn capabilities(&self) -> Capabilities;
    fn latest_snapshot<'a>(
        &'a self,
        actor: &'a ActorId,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, SnapshotError>>;
    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<SnapshotOutcome, SnapshotError>>;
    fn subscribe(
        &self,
        filter: Filter,
        start: StartAt,
    ) -> BoxFuture<'_, Result<Subscription, SubscriptionError>>;
}

impl<T: EventStore + SnapshotStore + Subscribe> Mirror for T {
    fn append_with<'a>(
        &'a self,
        actor: &'a ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> BoxFuture<'a, Result<Commit, AppendError>> {
        Box::pin(EventStore::append_with(self, actor, expected, events, options))
    }

    fn claim_with<'a>(
        &'a self,
        actor: &'a ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> BoxFuture<'a, Result<Head, AppendError>> {
        Box::pin(EventStore::claim_with(self, actor, epoch, options))
    }

    fn head<'a>(
        &'a self,
        actor: &'a ActorId,
        consistency: Consistency,
    ) -> BoxFuture<'a, Result<Head, ReadError>> {
        Box::pin(EventStore::head(self, actor, consistency))
    }

    fn read_with(&self, actor: &ActorId, from: Version, options: ReadOptions) -> RecordedStream {
        Box::pin(EventStore::read_with(self, actor, from, options))
    }

    fn capabilities(&self) -> Capabilities {
        EventStore::capabilities(self)
    }

    fn latest_snapshot<'a>(
        &'a self,
        actor: &'a ActorId,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, SnapshotError>> {
        Box::pin(SnapshotStore::latest_snapshot(self, actor))
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<SnapshotOutcome, SnapshotError>> {
        Box::pin(SnapshotStore::save_snapshot(self, snapshot))
    }

    fn subscribe(
        &self,
        filter: Filter,
        start: StartAt,
    ) -> BoxFuture<'_, Result<Subscription, SubscriptionError>> {
        Box::pin(Subscribe::subscribe(self, filter, start))
    }
}

impl EventStore for SharedStore {
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        self.0.append_with(actor, expected, events, options).await
    }

    async fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        self.0.claim_with(actor, epoch, options).await
    }

    async fn head(&self, actor: &ActorId, consistency: Consistency) -> Result<Head, ReadError> {
        self.0.head(actor, consistency).await
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        self.0.read_with(actor, from, options)
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
}

impl SnapshotStore for SharedStore {
    async fn latest_snapshot(&self, actor: &ActorId) -> Result<Option<Snapshot>, SnapshotError> {
        self.0.latest_snapshot(actor).await
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        self.0.save_snapshot(snapshot).await
    }
}

impl Subscribe for SharedStore {
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        self.0.subscribe(filter, start).await
    }
}
