//! The store: what its handles share, and the contracts.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use aether_core::store::Announcer;
use aether_core::{
    ActorId, AppendError, AppendOptions, Capabilities, Checkpoint, ClaimOptions, Commit, Consistency, Epoch,
    EventStore, Expected, Head, NewEvent, Position, ReadError, ReadOptions, RecordedEvent, Snapshot,
    SnapshotError, SnapshotOutcome, SnapshotStore, StreamName, Version,
};
use async_nats::Client;
use futures_util::Stream;
use tokio::task::unconstrained;

use crate::api::Api;
use crate::head::Heads;
use crate::hint::Hints;
use crate::lanes::Lanes;
use crate::layout::Layout;
use crate::mechanism::{Mechanism, Mechanisms};
use crate::partitions::Partitions;
use crate::{JetStreamStoreBuilder, subject};

/// Keeps events and snapshots in JetStream. A clone is another handle on the same connection and caches.
///
/// The guarantees are those of [`EventStore`] and [`SnapshotStore`]; the server enforces them among all processes. They
/// last as long as what the server acknowledges: by default it does so before it has told the disk (`sync_interval` of
/// its configuration, two minutes), see the guarantees page of this project.
#[derive(Debug, Clone)]
pub struct JetStreamStore(pub(crate) Arc<Partitions>);

pub(crate) type Shared = Arc<Inner>;

/// One partition of a store: the only one, unless the builder said otherwise.
#[derive(Debug)]
pub(crate) struct Inner {
    /// Shared by all partitions, and with it the limit on what is in flight.
    pub(crate) api: Arc<Api>,
    pub(crate) layout: Layout,
    /// The number of the partition.
    pub(crate) partition: u32,
    /// The name of the stream of events.
    pub(crate) stream: String,
    /// The name of the stream of snapshots: the same one, in the layout of the Go original.
    pub(crate) snapshots: String,
    pub(crate) deadline: Duration,
    /// Whether the server sends pages of a subject's messages.
    pub(crate) pages: bool,
    /// How many servers keep the stream.
    pub(crate) replicas: u64,
    /// The most bytes of a message that the stream takes, where it has a limit of its own.
    pub(crate) max_msg_size: Option<u64>,
    /// How many versions are reserved at a time, where they are.
    pub(crate) anchors: Option<NonZeroU64>,
    /// A sequence that the stream of events has reached.
    pub(crate) seen: AtomicU64,
    /// Whether to begin chains of digests.
    pub(crate) audit: bool,
    pub(crate) heads: Heads,
    pub(crate) hints: Hints,
    pub(crate) lanes: Lanes,
    /// Places for consumers.
    pub(crate) consumers: Arc<tokio::sync::Semaphore>,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) mechanisms: Mechanisms,
}

impl Inner {
    /// Says whether the store has what its guarantees rest on: always, but in tests that take it away.
    pub(crate) fn has(&self, mechanism: Mechanism) -> bool {
        self.mechanisms.has(mechanism)
    }

    pub(crate) fn events_subject(&self, actor: &ActorId) -> String {
        subject::events(self.layout, &self.stream, actor)
    }

    pub(crate) fn snapshots_subject(&self, actor: &ActorId) -> String {
        subject::snapshots(self.layout, &self.stream, actor)
    }

    /// Says whether the stream is one of the Go original.
    pub(crate) fn is_go(&self) -> bool {
        self.layout == Layout::Go
    }

    /// Returns the most bytes of a message, its headers included.
    pub(crate) fn max_message_bytes(&self) -> u64 {
        let of_connection = self.api.client.max_payload() as u64;
        self.max_msg_size.map_or(of_connection, |of_stream| of_stream.min(of_connection))
    }
}

impl JetStreamStore {
    /// Starts opening the store `name` on `client`, whose connection, credentials and account it uses.
    #[must_use]
    pub fn builder(client: Client, name: StreamName) -> JetStreamStoreBuilder {
        JetStreamStoreBuilder::new(client, name)
    }

    /// Checks at the leader that the store still holds the event that `position` stands for.
    ///
    /// A server that crashed without having synced its disk may have lost it, and may have stored another one there. What
    /// was derived from a lost event must be made anew. A position before the first message that has not expired cannot be
    /// checked, and passes.
    ///
    /// # Errors
    ///
    /// - [`ReadError::Rewound`]: another event lies there, or the log ends before it. The position says in which partition.
    /// - [`ReadError::Unsupported`]: the store has no such partition, so the position is another store's. Whatever was
    ///   derived up to it is not of this one.
    pub async fn verify(&self, position: &Position) -> Result<(), ReadError> {
        self.0.verify(position).await
    }

    /// Checks each position of a checkpoint as [`verify`](Self::verify) does: one for each partition that was read of.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify); of several, that of the partition with the lowest number.
    pub async fn verify_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), ReadError> {
        self.0.verify_all(checkpoint).await
    }

    /// Returns the names of the streams of events, one for each partition, in the order of their numbers: `NAME`, or
    /// `NAMESPACE_NAME`, and with several partitions `NAME%p0of4` and so on.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.0.all().map(|partition| partition.stream.as_str())
    }

    /// Returns the number of the partition that holds `actor`: what the positions of its events say.
    ///
    /// It is `H mod n`, where n is the number of partitions and H the number that the first 8 bytes of the SHA-256 of the
    /// id make, most significant byte first (docs/adr/0009 of this project). It is the same in every version of Aether, on
    /// every platform.
    #[must_use]
    pub fn partition_of(&self, actor: &ActorId) -> u32 {
        self.0.of(actor).partition
    }
}

impl EventStore for JetStreamStore {
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        // Not by the budget of the caller's task: one that has thousands of appends under way uses it up, and those that come last
        // wait many times as long as the others. Each waits for the server before long, so none has a task to itself.
        unconstrained(self.0.of(actor).append(actor, expected, events, options)).await
    }

    async fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        unconstrained(self.0.of(actor).claim(actor, epoch, options)).await
    }

    async fn head(&self, actor: &ActorId, consistency: Consistency) -> Result<Head, ReadError> {
        self.0.of(actor).head(actor, consistency).await
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        self.0.of(actor).read(actor, from, options)
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::none();
        capabilities.durable = true;
        // Streams of the Go original are never partitioned.
        let is_go = self.0.first.is_go();
        capabilities.packed_commits = !is_go;
        capabilities.epochs = !is_go;
        capabilities.deletion_denied = !is_go;
        capabilities.max_commit_bytes = self.0.all().map(|partition| partition.max_message_bytes()).min();
        capabilities
    }
}

impl SnapshotStore for JetStreamStore {
    async fn latest_snapshot(&self, actor: &ActorId) -> Result<Option<Snapshot>, SnapshotError> {
        self.0.of(actor).latest_snapshot(actor, Consistency::Any).await
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        self.0.of(&snapshot.actor).save_snapshot(snapshot).await
    }
}
