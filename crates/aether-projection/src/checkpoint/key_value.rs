//! Checkpoints in a key-value store.

use aether_core::KeyValueError;
use aether_core::key_value::{KeyValue, Revision};

use super::{CheckpointError, CheckpointRecord, CheckpointStore, SavedCheckpoint, Superseded};

/// Keeps checkpoints in any [`KeyValue`], as JSON under `checkpoint.` and the name.
#[derive(Debug, Clone)]
pub struct KeyValueCheckpoints<K>(K);

impl<K: KeyValue> KeyValueCheckpoints<K> {
    /// Keeps them in `store`.
    pub fn new(store: K) -> Self {
        Self(store)
    }
}

fn key(name: &str) -> String {
    format!("checkpoint.{name}")
}

fn failed(name: &str, error: KeyValueError) -> CheckpointError {
    let name = name.to_owned();
    match error {
        KeyValueError::Conflict { .. } => Superseded { name }.into(),
        error @ KeyValueError::Unknown { .. } => CheckpointError::Unknown { name, source: error.into() },
        error => CheckpointError::Store { name, source: error.into() },
    }
}

fn malformed(name: &str, error: serde_json::Error) -> CheckpointError {
    CheckpointError::Malformed { name: name.to_owned(), source: error.into() }
}

impl<K: KeyValue> CheckpointStore for KeyValueCheckpoints<K> {
    async fn load(&self, name: &str) -> Result<Option<SavedCheckpoint>, CheckpointError> {
        let Some(entry) = self.0.get(&key(name)).await.map_err(|error| failed(name, error))? else {
            return Ok(None);
        };
        let record = serde_json::from_slice(&entry.value).map_err(|error| malformed(name, error))?;
        Ok(Some(SavedCheckpoint { record, revision: entry.revision }))
    }

    async fn save(
        &self,
        name: &str,
        record: &CheckpointRecord,
        expected: Revision,
    ) -> Result<Revision, CheckpointError> {
        let value = serde_json::to_vec(record).map_err(|error| malformed(name, error))?;
        self.0.put(&key(name), value.into(), expected).await.map_err(|error| failed(name, error))
    }
}
