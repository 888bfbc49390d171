//! Loading: a snapshot if one fits, and the events after it.

use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Loaded, State};
use crate::error::{ReadError, SnapshotError};
use crate::event::DecodeError;
use crate::{ActorId, EventStore, EventStoreExt, RecordedEvent, Snapshot, SnapshotStore, Version};

/// Says why a state could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The history could not be read, or has something in it that is no event.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The snapshots could not be read. A snapshot that is there and does not fit is no error.
    #[error(transparent)]
    Snapshot(SnapshotError),
    /// An event is not one of the state's. Extend the state's events, or bring old ones up to date with
    /// [`Upcasters`](crate::Upcasters).
    #[error(transparent)]
    Decode(#[from] Box<DecodeError>),
}

/// What became of the snapshot during a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SnapshotUse {
    Missing,
    Used,
    Ignored,
}

/// A loaded state, and how it came about.
pub(crate) struct Load<S> {
    pub(crate) loaded: Loaded<S>,
    pub(crate) replayed: u64,
    pub(crate) snapshot: SnapshotUse,
}

/// Loads the actor from `store`.
pub(crate) async fn load<S, T>(store: &T, actor: &ActorId) -> Result<Load<S>, LoadError>
where
    S: State + Serialize + DeserializeOwned,
    T: EventStore + SnapshotStore + ?Sized,
{
    let snapshot = match store.latest_snapshot(actor).await {
        Ok(None) => return replay(store, actor, SnapshotUse::Missing).await,
        Ok(Some(snapshot)) => snapshot,
        // Only an abbreviation: if the events can be read, nothing is missing.
        Err(SnapshotError::Malformed(_) | SnapshotError::Unavailable(_)) => {
            return replay(store, actor, SnapshotUse::Ignored).await;
        }
        Err(error) => return Err(LoadError::Snapshot(error)),
    };
    match resume(store, actor, &snapshot).await? {
        Some(loaded) => {
            Ok(Load { replayed: loaded.events_since_snapshot(), loaded, snapshot: SnapshotUse::Used })
        }
        None => replay(store, actor, SnapshotUse::Ignored).await,
    }
}

async fn replay<S: State, T: EventStore + ?Sized>(
    store: &T,
    actor: &ActorId,
    snapshot: SnapshotUse,
) -> Result<Load<S>, LoadError> {
    let loaded = store.rebuild(actor).await?;
    Ok(Load { replayed: loaded.events_since_snapshot(), loaded, snapshot })
}

/// Goes on from the snapshot, or returns nothing when it does not fit the state or the history.
///
/// The read begins with the snapshot's own last event: that event is the proof that the history still is the one which
/// the snapshot was made of.
async fn resume<S, T>(store: &T, actor: &ActorId, snapshot: &Snapshot) -> Result<Option<Loaded<S>>, LoadError>
where
    S: State + DeserializeOwned,
    T: EventStore + ?Sized,
{
    let Some(mut loaded) = state_of::<S>(snapshot) else {
        return Ok(None);
    };
    let mut events = store.read(actor, snapshot.version);
    match events.next().await {
        // Nothing there: the history ends below the snapshot.
        None if snapshot.version > Version::INITIAL => return Ok(None),
        None => {}
        Some(Ok(event)) if event.version() > snapshot.version => loaded.apply(event).map_err(Box::new)?,
        Some(Ok(event)) if is_last_of(snapshot, &event) => {}
        Some(Ok(_)) => return Ok(None),
        Some(Err(ReadError::Truncated(gap))) if Some(gap.first_available) == snapshot.version.next() => {
            events = store.read(actor, gap.first_available);
        }
        Some(Err(error)) => return Err(error.into()),
    }
    loaded.apply_all(events).await?;
    Ok(Some(loaded))
}

/// Says whether `event` is the last one that went into the snapshot. Those of the Go original do not name it.
fn is_last_of(snapshot: &Snapshot, event: &RecordedEvent) -> bool {
    let named = snapshot.position.as_ref().and_then(|position| position.event_id());
    event.version() == snapshot.version && named.is_none_or(|id| id == event.id())
}

/// Reads the state, if its shape is the one that the program has.
fn state_of<S: State + DeserializeOwned>(snapshot: &Snapshot) -> Option<Loaded<S>> {
    if snapshot.schema_version != S::SCHEMA_VERSION {
        return None;
    }
    let state = snapshot.state.decode().ok()?;
    Some(Loaded::from_snapshot(state, snapshot.version, snapshot.position.clone()))
}
