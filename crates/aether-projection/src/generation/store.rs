//! Where the record of generations is kept.

use std::sync::Arc;

use aether_core::KeyValueError;
use aether_core::key_value::{KeyValue, Revision};

use super::{Generation, GenerationError, GenerationRecord};
use crate::Superseded;

/// Keeps which generation of a projection readers use, in any [`KeyValue`], as JSON under `generation.` and the name. A clone
/// is another handle.
#[derive(Debug)]
pub struct Generations<K> {
    store: Arc<K>,
    name: Arc<str>,
}

impl<K> Clone for Generations<K> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), name: Arc::clone(&self.name) }
    }
}

impl<K: KeyValue> Generations<K> {
    /// Keeps those of the projection `name` in `store`.
    pub fn new(store: K, name: impl Into<Arc<str>>) -> Self {
        Self { store: Arc::new(store), name: name.into() }
    }

    /// Returns the generation that readers use, or `None` where none has run.
    ///
    /// # Errors
    ///
    /// See [`GenerationError`].
    pub async fn active(&self) -> Result<Option<Generation>, GenerationError> {
        Ok(self.record().await?.map(|record| record.active))
    }

    /// Returns the whole record.
    ///
    /// # Errors
    ///
    /// See [`GenerationError`].
    pub async fn record(&self) -> Result<Option<GenerationRecord>, GenerationError> {
        Ok(self.load().await?.map(|(record, _)| record))
    }

    pub(super) async fn load(&self) -> Result<Option<(GenerationRecord, Revision)>, GenerationError> {
        let Some(entry) = self.store.get(&self.key()).await.map_err(GenerationError::Record)? else {
            return Ok(None);
        };
        let record = serde_json::from_slice(&entry.value).map_err(|error| self.malformed(error))?;
        Ok(Some((record, entry.revision)))
    }

    pub(super) async fn save(
        &self,
        record: &GenerationRecord,
        expected: Revision,
    ) -> Result<Revision, GenerationError> {
        let value = serde_json::to_vec(record).map_err(|error| self.malformed(error))?;
        let saved = self.store.put(&self.key(), value.into(), expected).await;
        saved.map_err(|error| match error {
            KeyValueError::Conflict { .. } => self.superseded().into(),
            error => GenerationError::Record(error),
        })
    }

    fn superseded(&self) -> Superseded {
        Superseded { name: self.name.to_string() }
    }

    fn key(&self) -> String {
        format!("generation.{}", self.name)
    }

    fn malformed(&self, error: serde_json::Error) -> GenerationError {
        GenerationError::Malformed { name: self.name.to_string(), source: error.into() }
    }
}
