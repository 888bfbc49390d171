//! States, and what is known of them when they are loaded.

use futures_core::Stream;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::{LoadError, Progress};
use crate::error::ReadError;
use crate::event::DecodeError;
use crate::{Position, RecordedEvent, SchemaVersion, Version};

/// What an actor's events amount to.
///
/// The default value is the state before the first event. `apply` must depend on nothing but state and event, so that
/// every replay gives the same: no clock, no random numbers, no I/O, and no way to fail; what happened, happened.
///
/// See the [crate's example](crate).
pub trait State: Default + Send {
    /// The events, usually an enum with `#[serde(tag = "eventType", content = "data")]`.
    type Event: DeserializeOwned;

    /// The version of the state's shape. Raise it when old snapshots no longer fit: they are ignored from then on.
    const SCHEMA_VERSION: SchemaVersion = SchemaVersion::FIRST;

    /// Takes an event into the state.
    fn apply(&mut self, event: Self::Event);
}

/// A state with the version it has, ready for the next decision.
#[derive(Debug, Clone)]
pub struct Loaded<S> {
    state: S,
    version: Version,
    position: Option<Position>,
    last: Option<RecordedEvent>,
    snapshot: Option<Version>,
    applied: u64,
}

impl<S: Default> Default for Loaded<S> {
    fn default() -> Self {
        Self {
            state: S::default(),
            version: Version::INITIAL,
            position: None,
            last: None,
            snapshot: None,
            applied: 0,
        }
    }
}

impl<S> Loaded<S> {
    /// Starts from a snapshot.
    pub(super) fn from_snapshot(state: S, version: Version, position: Option<Position>) -> Self {
        Self { state, version, position, last: None, snapshot: Some(version), applied: 0 }
    }

    /// Returns the state.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Returns the state alone.
    #[must_use]
    pub fn into_state(self) -> S {
        self.state
    }

    /// Returns the version that the state has: what the next append [expects](crate::Expected::Exactly).
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns where the last event in the state lies, where that is known.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.last.as_ref().map_or_else(|| self.position.clone(), |event| Some(event.position()))
    }

    /// Returns the version of the latest snapshot that the state knows of.
    #[must_use]
    pub fn snapshot_version(&self) -> Option<Version> {
        self.snapshot
    }

    /// Returns the number of events that were applied since that snapshot, or since the beginning.
    #[must_use]
    pub fn events_since_snapshot(&self) -> u64 {
        self.applied
    }

    /// Returns what a [`SnapshotPolicy`](crate::SnapshotPolicy) looks at.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { events: self.applied, version: self.version, snapshot: self.snapshot }
    }

    pub(super) fn note_snapshot(&mut self) {
        (self.snapshot, self.applied) = (Some(self.version), 0);
    }
}

impl<S: State> Loaded<S> {
    /// Takes an event into the state, such as those that an append of its own [returned](crate::Commit::events).
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the event is not one of the state's; the state is as before then.
    pub fn apply(&mut self, event: RecordedEvent) -> Result<(), DecodeError> {
        self.state.apply(event.decode()?);
        self.version = event.version();
        self.applied += 1;
        self.last = Some(event);
        Ok(())
    }

    pub(crate) async fn apply_all(
        &mut self,
        mut events: impl Stream<Item = Result<RecordedEvent, ReadError>> + Unpin,
    ) -> Result<(), LoadError> {
        while let Some(event) = events.next().await {
            self.apply(event?).map_err(Box::new)?;
        }
        Ok(())
    }
}
