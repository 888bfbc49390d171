//! A key-value store whose process dies: at some write, before or after it was made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aether_core::KeyValueError;
use aether_core::error::Unavailable;
use aether_core::key_value::{Change, Entry, KeyValue, Revision};
use aether_store_memory::MemoryKeyValue;
use bytes::Bytes;

/// A handle that makes only so many writes, and after that does nothing any more.
#[derive(Clone)]
pub(crate) struct Mortal {
    pub(crate) store: MemoryKeyValue,
    most: Option<usize>,
    left: Arc<AtomicU64>,
    /// The keys of the largest change that was made.
    pub(crate) largest: Arc<AtomicU64>,
}

impl Mortal {
    pub(crate) fn new(store: MemoryKeyValue, most: Option<usize>, writes: u64) -> Self {
        Self { store, most, left: Arc::new(AtomicU64::new(writes)), largest: Arc::default() }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    fn check(&self) -> Result<(), KeyValueError> {
        if self.is_dead() {
            Err(Unavailable { operation: "a dead process", source: None }.into())
        } else {
            Ok(())
        }
    }

    /// Counts a write that was made. Nobody hears of the last one.
    fn made<T>(&self, write: Result<T, KeyValueError>) -> Result<T, KeyValueError> {
        let write = write?;
        self.left.fetch_sub(1, Ordering::SeqCst);
        self.check()?;
        Ok(write)
    }
}

impl KeyValue for Mortal {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        self.check()?;
        // So that whoever else runs has a turn between what is read and what is written.
        tokio::task::yield_now().await;
        self.store.get(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expected: Revision) -> Result<Revision, KeyValueError> {
        tokio::task::yield_now().await;
        self.check()?;
        self.made(self.store.put(key, value, expected).await)
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        self.check()?;
        self.made(self.store.delete(key, expected).await)
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        self.check()?;
        self.store.keys(prefix).await
    }

    fn most_changes(&self) -> Option<usize> {
        self.most
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Revision>, KeyValueError> {
        tokio::task::yield_now().await;
        self.check()?;
        if let Some(limit) = self.most.filter(|most| changes.len() > *most) {
            return Err(KeyValueError::TooManyChanges { count: changes.len(), limit });
        }
        let count = changes.len() as u64;
        let made = self.made(self.store.change(changes).await);
        self.largest.fetch_max(count, Ordering::SeqCst);
        made
    }
}
