//! A store that reads events up to date.

use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::StreamExt;

use super::Upcasters;
use crate::error::{AppendError, ReadError, SnapshotError, SubscriptionError};
use crate::{
    ActorId, AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, Epoch, EventStore, Expected,
    Filter, Head, NewEvent, ReadOptions, RecordedEvent, Snapshot, SnapshotOutcome, SnapshotStore, StartAt,
    Subscribe, Subscription, Version,
};

/// A store whose events are brought up to date by [`Upcasters`] on every read.
///
/// What is appended must be up to date: an event for whose type and schema version there is a step is refused
/// ([`OldSchema`](crate::error::InvalidAppend::OldSchema)), since every later read would take it for an old one.
#[derive(Debug, Clone)]
pub struct Upcasting<T> {
    store: T,
    upcasters: Arc<Upcasters>,
}

impl<T> Upcasting<T> {
    pub(super) fn new(store: T, upcasters: Upcasters) -> Self {
        Self { store, upcasters: Arc::new(upcasters) }
    }

    /// Returns the store beneath, which reads events as they were written.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.store
    }
}

impl<T: EventStore> EventStore for Upcasting<T> {
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        self.upcasters.check_current(&events)?;
        let mut commit = self.store.append_with(actor, expected, events, options).await?;
        for event in &mut commit.events {
            // Of a step that fails, a later read tells; the commit itself is stored.
            if let Ok(current) = self.upcasters.upcast_recorded(event.clone()) {
                *event = current;
            }
        }
        Ok(commit)
    }

    fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> impl Future<Output = Result<Head, AppendError>> + Send {
        self.store.claim_with(actor, epoch, options)
    }

    fn head(
        &self,
        actor: &ActorId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Head, ReadError>> + Send {
        self.store.head(actor, consistency)
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<T> + 'static {
        let upcasters = Arc::clone(&self.upcasters);
        let events = self.store.read_with(actor, from, options);
        events.map(move |event| Ok(upcasters.upcast_recorded(event?)?))
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }
}

impl<T: SnapshotStore> SnapshotStore for Upcasting<T> {
    fn latest_snapshot(
        &self,
        actor: &ActorId,
    ) -> impl Future<Output = Result<Option<Snapshot>, SnapshotError>> + Send {
        self.store.latest_snapshot(actor)
    }

    fn save_snapshot(
        &self,
        snapshot: Snapshot,
    ) -> impl Future<Output = Result<SnapshotOutcome, SnapshotError>> + Send {
        self.store.save_snapshot(snapshot)
    }
}

impl<T: Subscribe> Subscribe for Upcasting<T> {
    /// As the store beneath; the filter's types are those that the events have when they are up to date.
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        let stored = self.store.subscribe(filter.any_type(), start).await?;
        Ok(stored.upcasting(filter, Arc::clone(&self.upcasters)))
    }
}
