//! The bus that spans nodes: its handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aether_core::{Event, EventStored, Namespace};
use async_nats::Client;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::content::Content;
use super::feed::Reader;
use super::probe::NoAnswer;
use super::registry::Registry;
use super::shared::Shared;
use super::{FlushError, NatsEventBusBuilder, NodeId};
use crate::bus::{STORED_CAPACITY, mailbox, never_blocking};
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::meter::Of;
use crate::span;
use crate::{
    EventFilter, Overflow, Pattern, PublishError, StoredBroadcaster, SubscribeError, Subscription,
    TraceParent,
};

/// A bus that spans nodes, over NATS: what is published on one is heard on every other, and on the own one without the network's
/// delay.
///
/// Clones are handles of the same node. Each open bus is a node with an id of its own, also within one process.
///
/// # Guarantees
///
/// Those of [`EventBus`](crate::EventBus), and:
///
/// - Each subscription gets what is published at most once: of its own node directly, of others over one subscription at the server for each distinct
///   pattern, which ends with its last subscriber.
/// - What does not arrive is said. Nodes number what they publish, so that a hole is announced with its size, in its place; where the
///   end of something is lost, within seconds. A connection that is lost and made again is announced as
///   [`Missed::AtLeast(0)`](crate::Missed::AtLeast).
/// - Messages on the bus's subjects that are not the bus's are counted and logged, and do no harm.
///
/// It is core NATS underneath: nothing is stored, and what is published while nobody listens is heard by nobody. What must not be missed
/// subscribes to the store.
#[derive(Debug, Clone)]
pub struct NatsEventBus {
    handle: Arc<Handle>,
}

/// What ends with the last handle of a node.
#[derive(Debug)]
pub(super) struct Handle {
    shared: Arc<Shared>,
    tasks: Tasks,
    confirm_within: Duration,
    /// On which connection the last flush was.
    flushed_on: AtomicU64,
}

/// Tasks that end when this is dropped.
#[derive(Debug)]
pub(super) struct Tasks(pub(super) Vec<JoinHandle<()>>);

impl Tasks {
    fn end(&self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, tasks: Tasks, confirm_within: Duration) -> Self {
        let flushed_on = AtomicU64::new(shared.connects());
        Self { shared, tasks, confirm_within, flushed_on }
    }

    fn end(&self) {
        self.shared.stopping.send_replace(true);
        self.shared.registry.end();
        self.tasks.end();
        self.shared.local.end();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

impl NatsEventBus {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle: Arc::new(handle) }
    }

    /// Begins with the connection that the client is on now: it may have made its first one only after it was handed over.
    pub(super) fn connected(self) -> Self {
        let connection = self.shared().connects();
        self.handle.flushed_on.store(connection, Ordering::Relaxed);
        self.shared().connection.send_replace(connection);
        self
    }

    /// Says how a bus is to be opened on this client.
    #[must_use]
    pub fn builder(client: Client) -> NatsEventBusBuilder {
        NatsEventBusBuilder::new(client)
    }

    /// Opens a bus on this client, with every default.
    ///
    /// # Errors
    ///
    /// As [`NatsEventBusBuilder::open`].
    pub async fn open(client: Client) -> Result<Self, super::OpenError> {
        Self::builder(client).open().await
    }

    /// Returns the id of the node.
    #[must_use]
    pub fn node_id(&self) -> NodeId {
        NodeId(self.shared().node.0)
    }

    /// Returns how many messages, or entries of messages, on the bus's subjects could not be read: somebody else publishes there, or a node of another
    /// version.
    #[must_use]
    pub fn malformed_messages(&self) -> u64 {
        self.shared().malformed.load(Ordering::Relaxed)
    }

    /// Returns how many subscriptions the node has at the server for its subscribers: one for each distinct pattern.
    #[must_use]
    pub fn server_subscriptions(&self) -> usize {
        self.shared().registry.len()
    }

    /// Publishes an event to a namespace.
    ///
    /// It has the node's own subscribers when this returns, but for those with [`Overflow::Block`] that had no room in time; it goes to
    /// the server with what is published meanwhile. [`flush`](Self::flush) says when it has.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stopped`] and [`PublishError::Outside`]: nobody gets it. [`PublishError::TooLarge`]: only the node's own
    /// subscribers do.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future after it was polled once leaves it open whether other nodes get the event.
    pub async fn publish(&self, namespace: &Namespace, event: Event) -> Result<(), PublishError> {
        self.publish_with(namespace, event, None).await
    }

    /// Publishes an event as a part of a trace: in the span that `parent` names. [`publish`](Self::publish) does so with the ids of the
    /// event's metadata, where it has them. The trace goes to the other nodes with the event.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub async fn publish_in(
        &self,
        namespace: &Namespace,
        event: Event,
        parent: TraceParent,
    ) -> Result<(), PublishError> {
        self.publish_with(namespace, event, Some(parent)).await
    }

    async fn publish_with(
        &self,
        namespace: &Namespace,
        event: Event,
        parent: Option<TraceParent>,
    ) -> Result<(), PublishError> {
        self.running()?;
        let shared = self.shared();
        shared.local.inside(namespace)?;
        let traced = span::publish(namespace, &event, parent);
        // First, so that what a subscriber of this node publishes when it hears it comes behind it.
        let left = shared.try_send(namespace, &event, traced.context.as_ref());
        let waits = (left == Ok(false)).then(|| event.clone());
        shared.local.publish_traced(namespace, event, &traced).await?;
        match waits {
            Some(event) => shared.send(namespace, &event, traced.context.as_ref()).await,
            None => left.map(|_| ()),
        }
    }

    /// Subscribes to what is published, from now on and on all nodes, to the namespaces that the pattern matches.
    ///
    /// When it returns, the server that the client is connected to knows of it; the others of a cluster a moment later.
    ///
    /// # Errors
    ///
    /// [`SubscribeError::Stopped`], [`SubscribeError::Outside`], and [`SubscribeError::Unconfirmed`] when the server does not show in time that it
    /// knows of it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn subscribe(
        &self,
        pattern: impl Into<Pattern>,
        filter: EventFilter,
        overflow: Overflow,
    ) -> Result<Subscription, SubscribeError> {
        let pattern = self.shared().local.permitted(pattern.into())?;
        let (events, _) = self.shared().local.hubs();
        self.join(events, mailbox(pattern, filter, overflow)).await
    }

    /// Subscribes to the announcements of what stores have stored, on all nodes.
    ///
    /// As [`EventBus::subscribe_event_stored`](crate::EventBus::subscribe_event_stored).
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe).
    pub async fn subscribe_event_stored(
        &self,
        pattern: impl Into<Pattern>,
    ) -> Result<Subscription<EventStored>, SubscribeError> {
        self.subscribe_event_stored_with(pattern, Overflow::drop_oldest(STORED_CAPACITY)).await
    }

    /// Does the same with an [`Overflow`] of its own.
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe), and [`SubscribeError::WouldHoldUpWriters`] for [`Overflow::Block`].
    pub async fn subscribe_event_stored_with(
        &self,
        pattern: impl Into<Pattern>,
        overflow: Overflow,
    ) -> Result<Subscription<EventStored>, SubscribeError> {
        let pattern = self.shared().local.permitted(pattern.into())?;
        let (_, stored) = self.shared().local.hubs();
        self.join(stored, Mailbox::new(Of::Stored, pattern, never_blocking(overflow)?, None)).await
    }

    async fn join<T: Content>(
        &self,
        hub: &Arc<Hub<T>>,
        mailbox: Mailbox<T>,
    ) -> Result<Subscription<T>, SubscribeError> {
        if self.is_stopped() {
            return Err(SubscribeError::Stopped);
        }
        let (shared, pattern) = (self.shared(), mailbox.pattern.clone());
        let deadline = Instant::now() + self.handle.confirm_within;
        let share = Registry::share(shared, T::KIND, &pattern, |feed| {
            let reader = Reader::new(Arc::clone(shared), Arc::clone(hub), pattern.clone(), feed);
            tokio::spawn(reader.run()).abort_handle()
        });
        let feed = Arc::clone(&share.feed);
        let mailbox = mailbox.joined_at(feed.messages.load(Ordering::Relaxed));
        let subscription = Subscription::new(hub, mailbox)?.keeping(share);
        let unconfirmed = || SubscribeError::Unconfirmed { pattern: pattern.clone() };
        if !matches!(timeout_at(deadline, feed.is_open()).await, Ok(true)) {
            return Err(unconfirmed());
        }
        if !feed.is_confirmed() {
            self.round_trip(deadline).await.map_err(|NoAnswer| unconfirmed())?;
            feed.confirm();
        }
        Ok(subscription)
    }

    /// Returns what stores are given to announce through this bus what they stored.
    ///
    /// It puts the announcement into queues and the outbox, and never waits.
    #[must_use]
    pub fn broadcaster(&self) -> StoredBroadcaster {
        StoredBroadcaster::nats(self.clone())
    }

    /// Announces something, without ever waiting.
    pub(crate) fn announce(&self, namespace: &Namespace, stored: EventStored) -> Result<(), PublishError> {
        self.running()?;
        self.shared().local.inside(namespace)?;
        let left = self.shared().send_now(namespace, &stored);
        self.shared().local.announce(namespace, stored)?;
        left
    }

    /// Waits until everything that was published has left: the server has taken it.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub async fn flush(&self) -> Result<(), FlushError> {
        let deadline = Instant::now() + self.handle.confirm_within;
        let (made, _) = self.shared().outbox().progress();
        let mut sent = self.shared().sent.subscribe();
        match timeout_at(deadline, sent.wait_for(|sent| *sent >= made)).await {
            Ok(Ok(_)) => {}
            _ => return Err(FlushError::NotConfirmed),
        }
        self.round_trip(deadline).await.map_err(|NoAnswer| FlushError::NotConfirmed)?;
        let connection = self.shared().connects();
        match self.handle.flushed_on.swap(connection, Ordering::Relaxed) {
            before if before == connection => Ok(()),
            _ => Err(FlushError::Reconnected),
        }
    }

    pub(super) async fn round_trip(&self, deadline: Instant) -> Result<(), NoAnswer> {
        let shared = self.shared();
        shared.probes.round_trip(&shared.client, deadline).await
    }

    /// Takes nothing more in, sends what was published, and ends each subscription after what it holds and what has arrived for it.
    ///
    /// It takes no longer than [`confirm_within`](NatsEventBusBuilder::confirm_within) allows, about.
    pub async fn stop(&self) {
        if self.shared().stopping.send_replace(true) {
            return;
        }
        self.shared().outbox().mark_all();
        self.shared().filled.notify_one();
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "the bus stops");
        }
        // The feeds end by themselves, with what has arrived.
        let deadline = Instant::now() + self.handle.confirm_within;
        while !self.shared().registry.has_ended() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.handle.end();
    }

    fn is_stopped(&self) -> bool {
        *self.shared().stopping.borrow()
    }

    fn running(&self) -> Result<(), PublishError> {
        if self.is_stopped() { Err(PublishError::Stopped) } else { Ok(()) }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}
