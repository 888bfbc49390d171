//! Snapshots, where the store keeps any.

use aether_core::error::SnapshotError;
use aether_core::{ActorId, Snapshot, SnapshotOutcome, SnapshotStore};
use futures_core::future::BoxFuture;

type Save<S> = for<'a> fn(&'a S, Snapshot) -> BoxFuture<'a, Result<SnapshotOutcome, SnapshotError>>;
type Latest<S> = for<'a> fn(&'a S, &'a ActorId) -> BoxFuture<'a, Result<Option<Snapshot>, SnapshotError>>;

/// How to reach the snapshots of an `S`: made only where it is a [`SnapshotStore`].
pub(crate) struct SnapshotAccess<S> {
    pub(crate) save: Save<S>,
    pub(crate) latest: Latest<S>,
}

impl<S: SnapshotStore> SnapshotAccess<S> {
    pub(crate) fn of() -> Self {
        Self {
            save: |store, snapshot| Box::pin(store.save_snapshot(snapshot)),
            latest: |store, actor| Box::pin(store.latest_snapshot(actor)),
        }
    }
}

impl<S> Clone for SnapshotAccess<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for SnapshotAccess<S> {}
