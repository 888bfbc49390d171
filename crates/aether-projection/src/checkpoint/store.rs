//! The contract of checkpoint stores.

use std::fmt;
use std::future::Future;

use aether_core::key_value::Revision;
use aether_core::{Checkpoint, EventId};
use serde::{Deserialize, Serialize};

use super::CheckpointError;

/// Tells one run of a projection from every other, so that a runner knows its own record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunnerId(String);

impl RunnerId {
    /// Makes one that nobody else has.
    #[must_use]
    pub fn generate() -> Self {
        Self(EventId::generate().to_string())
    }
}

impl fmt::Display for RunnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept under a projection's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// Who recorded it.
    pub runner: RunnerId,
}

/// A record as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCheckpoint {
    /// The record.
    pub record: CheckpointRecord,
    /// The change that saved it.
    pub revision: Revision,
}

/// Keeps checkpoints by name, changed by compare-and-set: [`KeyValueCheckpoints`](super::KeyValueCheckpoints) on any
/// key-value store, or a table of yours.
pub trait CheckpointStore: Send + Sync + 'static {
    /// Returns what is recorded under the name.
    ///
    /// # Errors
    ///
    /// See [`CheckpointError`].
    fn load(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<SavedCheckpoint>, CheckpointError>> + Send;

    /// Saves a record where the name stands at `expected`, [`Revision::NONE`] for nothing, and returns the new revision.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Superseded`] where it stands elsewhere.
    fn save(
        &self,
        name: &str,
        record: &CheckpointRecord,
        expected: Revision,
    ) -> impl Future<Output = Result<Revision, CheckpointError>> + Send;
}
