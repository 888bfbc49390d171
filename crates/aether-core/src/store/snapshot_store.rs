//! The contract of a snapshot store.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EventStore, Snapshot};
use crate::error::SnapshotError;
use crate::fold::{LoadError, Loaded, State, load};
use crate::{ActorId, Version};

/// Says what became of a snapshot that was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotOutcome {
    /// It is the latest one now.
    Saved,
    /// A newer one was there already, and stays.
    Superseded {
        /// The version of the newer one.
        by: Version,
    },
}

/// Keeps the latest snapshot of each actor.
///
/// # Contract
///
/// - An older snapshot never replaces a newer one, whoever saves it and whenever. One of equal version does, so that one
///   whose shape no longer fits can be replaced.
/// - A missing snapshot is `None`, never an error.
/// - Snapshots do not expire with events.
/// - Actors have nothing in common, as with events.
///
/// # Cancel safety
///
/// Dropping the future of `save_snapshot` leaves it saved or not. Saving again is safe.
pub trait SnapshotStore: Send + Sync + 'static {
    /// Returns the actor's latest snapshot, or `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Malformed`] when what is stored is no snapshot of this actor; fold without it.
    fn latest_snapshot(
        &self,
        actor: &ActorId,
    ) -> impl Future<Output = Result<Option<Snapshot>, SnapshotError>> + Send;

    /// Saves a snapshot, unless a newer one is there.
    ///
    /// # Errors
    ///
    /// See [`SnapshotError`]. None of them harms the history: a snapshot is only an abbreviation.
    fn save_snapshot(
        &self,
        snapshot: Snapshot,
    ) -> impl Future<Output = Result<SnapshotOutcome, SnapshotError>> + Send;
}

/// The conveniences of a store that keeps both events and snapshots.
pub trait SnapshotStoreExt: SnapshotStore + EventStore {
    /// Loads the actor: its snapshot, if one fits, and the events after it.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the history cannot be read, or an event does not fit the state. A snapshot that does not fit is
    /// no error.
    fn load<S>(&self, actor: &ActorId) -> impl Future<Output = Result<Loaded<S>, LoadError>> + Send
    where
        S: State + Serialize + DeserializeOwned,
    {
        async move { Ok(load(self, actor).await?.loaded) }
    }

    /// Returns the actor's state, loaded as by [`load`](Self::load). The default state is that of no events.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    fn fold<S>(&self, actor: &ActorId) -> impl Future<Output = Result<S, LoadError>> + Send
    where
        S: State + Serialize + DeserializeOwned,
    {
        async move { Ok(self.load::<S>(actor).await?.into_state()) }
    }
}

impl<T: SnapshotStore + EventStore> SnapshotStoreExt for T {}
