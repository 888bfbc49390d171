//! Checkpoints in a key-value store.

use aether_core::KeyValueError;
use aether_core::key_value::{Change, KeyValue, Revision};

use super::{CheckpointError, CheckpointRecord, CheckpointStore, SavedCheckpoint, Superseded};
use crate::view;

/// Keeps checkpoints in any [`KeyValue`], as JSON under `checkpoint.` and the name.
#[derive(Debug, Clone)]
pub struct KeyValueCheckpoints<K> {
    store: K,
    prefix: &'static str,
}

impl<K: KeyValue> KeyValueCheckpoints<K> {
    /// Keeps them in `store`.
    pub fn new(store: K) -> Self {
        Self { store, prefix: "checkpoint." }
    }

    /// Keeps those of views, beside their entries.
    pub(crate) fn of_views(store: K) -> Self {
        Self { store, prefix: view::PREFIX }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Returns the change by which a record is saved, to be made together with others.
    pub(crate) fn change(
        &self,
        name: &str,
        record: &CheckpointRecord,
        expected: Revision,
    ) -> Result<Change, CheckpointError> {
        let value = serde_json::to_vec(record).map_err(|error| malformed(name, error))?;
        Ok(Change::put(self.key(name), value, expected))
    }
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
        let Some(entry) = self.store.get(&self.key(name)).await.map_err(|error| failed(name, error))? else {
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
        let Change { key, value, expected } = self.change(name, record, expected)?;
        let saved = self.store.put(&key, value.unwrap_or_default(), expected).await;
        saved.map_err(|error| failed(name, error))
    }
}
