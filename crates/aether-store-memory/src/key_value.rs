//! The embedded key-value store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aether_core::KeyValueError;
use aether_core::key_value::{Change, Entry, KeyValue, Revision};
use bytes::Bytes;

/// The most bytes of a value: the default `max_payload` of a nats-server, so that what fits here fits there, but for the
/// key and two headers.
const LIMIT: u64 = 1024 * 1024;

/// The most changes that are made together: as many as a nats-server takes, so that what fits here fits there.
const MOST_CHANGES: usize = 1000;

/// Keeps small values by key; nothing outlives the process. A clone is another handle on the same values.
///
/// ```
/// use aether_core::key_value::{KeyValue, Revision};
/// use aether_store_memory::MemoryKeyValue;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let leases = MemoryKeyValue::new();
/// let first = leases.put("slice-1", "a".into(), Revision::NONE).await?;
/// assert!(leases.put("slice-1", "b".into(), Revision::NONE).await.is_err());
/// leases.put("slice-1", "b".into(), first).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryKeyValue(Arc<Mutex<Values>>);

#[derive(Debug, Default)]
struct Values {
    entries: BTreeMap<String, Entry>,
    /// The last change of any key.
    last: u64,
}

impl MemoryKeyValue {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values {
    /// Checks that the key stands where the caller says.
    fn check(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        let stands = self.entries.get(key).map_or(Revision::NONE, |entry| entry.revision);
        if stands == expected {
            return Ok(());
        }
        Err(KeyValueError::Conflict { key: key.to_owned(), expected })
    }

    fn put(&mut self, key: &str, value: &Bytes) -> Revision {
        self.last += 1;
        let revision = Revision::new(self.last);
        // A copy: the bytes may be a part of something large that nobody else needs any more.
        self.entries.insert(key.to_owned(), Entry::new(Bytes::copy_from_slice(value), revision));
        revision
    }

    fn delete(&mut self, key: &str) {
        self.entries.remove(key);
    }
}

fn check_size(key: &str, value: &Bytes) -> Result<(), KeyValueError> {
    let bytes = value.len() as u64;
    match bytes > LIMIT {
        true => Err(KeyValueError::TooLarge { key: key.to_owned(), bytes, limit: LIMIT }),
        false => Ok(()),
    }
}

impl KeyValue for MemoryKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        KeyValueError::check_key(key)?;
        Ok(self.values().entries.get(key).cloned())
    }

    async fn put(&self, key: &str, value: Bytes, expected: Revision) -> Result<Revision, KeyValueError> {
        KeyValueError::check_key(key)?;
        check_size(key, &value)?;
        let mut values = self.values();
        values.check(key, expected)?;
        Ok(values.put(key, &value))
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        KeyValueError::check_key(key)?;
        let mut values = self.values();
        values.check(key, expected)?;
        values.delete(key);
        Ok(())
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        let values = self.values();
        Ok(values.entries.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn most_changes(&self) -> Option<usize> {
        Some(MOST_CHANGES)
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Revision>, KeyValueError> {
        KeyValueError::check_changes(&changes, MOST_CHANGES)?;
        for Change { key, value, .. } in &changes {
            value.iter().try_for_each(|value| check_size(key, value))?;
        }
        let mut values = self.values();
        changes.iter().try_for_each(|change| values.check(&change.key, change.expected))?;
        let made = changes.iter().map(|Change { key, value, .. }| match value {
            Some(value) => values.put(key, value),
            None => {
                values.delete(key);
                Revision::NONE
            }
        });
        Ok(made.collect())
    }
}
