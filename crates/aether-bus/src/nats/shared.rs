//! What the tasks and the handles of a node share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aether_core::Namespace;
use async_nats::{Client, Statistics};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use super::content::Content;
use super::outbox::Outbox;
use super::probe::Probes;
use super::registry::Registry;
use super::wire::NodeNumber;
use crate::{EventBus, PublishError, TraceParent};

/// What the tasks and the handles of a node share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    statistics: Arc<Statistics>,
    pub(super) prefix: String,
    pub(super) node: NodeNumber,
    pub(super) local: EventBus,
    outbox: Mutex<Outbox>,
    /// How much may wait to leave.
    capacity: usize,
    /// How long a publisher waits while that much waits.
    pub(super) patience: Duration,
    /// Whether somebody waited in vain, and there has been no room since.
    is_stuck: AtomicBool,
    /// Something waits to leave.
    pub(super) filled: Notify,
    /// How many messages have left.
    pub(super) sent: watch::Sender<u64>,
    /// On which of its connections the client is.
    pub(super) connection: watch::Sender<u64>,
    pub(super) probes: Probes,
    pub(super) registry: Registry,
    /// How many messages were no bus's.
    pub(super) malformed: AtomicU64,
    /// Whether nothing more is taken in.
    pub(super) stopping: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(
        client: Client,
        prefix: String,
        node: NodeNumber,
        local: EventBus,
        capacity: usize,
        patience: Duration,
    ) -> Self {
        let statistics = client.statistics();
        let connection = watch::Sender::new(statistics.connects.load(Ordering::Relaxed));
        Self {
            outbox: Mutex::new(Outbox::new(&prefix, node)),
            probes: Probes::new(&prefix, node),
            registry: Registry::default(),
            client,
            statistics,
            prefix,
            node,
            local,
            capacity,
            patience,
            is_stuck: AtomicBool::new(false),
            filled: Notify::new(),
            sent: watch::Sender::new(0),
            connection,
            malformed: AtomicU64::new(0),
            stopping: watch::Sender::new(false),
        }
    }

    /// Returns on which of its connections the client is. The client counts a new one before it reads from it.
    pub(super) fn connects(&self) -> u64 {
        self.statistics.connects.load(Ordering::Relaxed)
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something into the outbox if there is room, and says whether there was.
    pub(super) fn try_send<T: Content>(
        &self,
        namespace: &Namespace,
        content: &T,
        trace: Option<&TraceParent>,
    ) -> Result<bool, PublishError> {
        let limit = self.client.max_payload();
        let mut outbox = self.outbox();
        if outbox.bytes() >= self.capacity {
            return Ok(false);
        }
        let pushed = outbox.push(namespace, content, trace, limit);
        drop(outbox);
        self.filled.notify_one();
        pushed.map(|()| true).map_err(|too_large| PublishError::TooLarge { bytes: too_large.bytes, limit })
    }

    /// Puts something into the outbox, after waiting for room; without any in time, others see it missing.
    pub(super) async fn send<T: Content>(
        &self,
        namespace: &Namespace,
        content: &T,
        trace: Option<&TraceParent>,
    ) -> Result<(), PublishError> {
        let (until, mut sent) = (Instant::now() + self.patience, self.sent.subscribe());
        loop {
            sent.mark_unchanged();
            if self.try_send(namespace, content, trace)? {
                self.is_stuck.store(false, Ordering::Relaxed);
                return Ok(());
            }
            let is_stuck = self.is_stuck.load(Ordering::Relaxed);
            if is_stuck || !matches!(timeout_at(until, sent.changed()).await, Ok(Ok(()))) {
                self.is_stuck.store(true, Ordering::Relaxed);
                self.outbox().skip::<T>(namespace);
                return Ok(());
            }
        }
    }

    /// Puts something into the outbox, or has others see it missing, without ever waiting.
    pub(super) fn send_now<T: Content>(
        &self,
        namespace: &Namespace,
        content: &T,
    ) -> Result<(), PublishError> {
        if !self.try_send(namespace, content, None)? {
            self.outbox().skip::<T>(namespace);
        }
        Ok(())
    }
}
