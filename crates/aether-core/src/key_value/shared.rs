//! Any key-value store, chosen at run time.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;

use super::{Change, Entry, KeyValue, Revision};
use crate::error::KeyValueError;

/// A key-value store of any kind behind one type, for programs that choose it at run time. A clone is another handle.
#[derive(Clone)]
pub struct SharedKeyValue(Arc<dyn Mirror>);

impl SharedKeyValue {
    /// Shares `store`.
    pub fn new<T: KeyValue>(store: T) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for SharedKeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKeyValue")
    }
}

/// The trait with its futures boxed, so that there can be a `dyn` of it.
trait Mirror: Send + Sync {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, KeyValueError>>;
    fn put<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expected: Revision,
    ) -> BoxFuture<'a, Result<Revision, KeyValueError>>;
    fn delete<'a>(&'a self, key: &'a str, expected: Revision) -> BoxFuture<'a, Result<(), KeyValueError>>;
    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, KeyValueError>>;
    fn most_changes(&self) -> Option<usize>;
    fn change(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<Vec<Revision>, KeyValueError>>;
}

impl<T: KeyValue> Mirror for T {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, KeyValueError>> {
        Box::pin(KeyValue::get(self, key))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expected: Revision,
    ) -> BoxFuture<'a, Result<Revision, KeyValueError>> {
        Box::pin(KeyValue::put(self, key, value, expected))
    }

    fn delete<'a>(&'a self, key: &'a str, expected: Revision) -> BoxFuture<'a, Result<(), KeyValueError>> {
        Box::pin(KeyValue::delete(self, key, expected))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, KeyValueError>> {
        Box::pin(KeyValue::keys(self, prefix))
    }

    fn most_changes(&self) -> Option<usize> {
        KeyValue::most_changes(self)
    }

    fn change(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<Vec<Revision>, KeyValueError>> {
        Box::pin(KeyValue::change(self, changes))
    }
}

impl KeyValue for SharedKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        self.0.get(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expected: Revision) -> Result<Revision, KeyValueError> {
        self.0.put(key, value, expected).await
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        self.0.delete(key, expected).await
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        self.0.keys(prefix).await
    }

    fn most_changes(&self) -> Option<usize> {
        self.0.most_changes()
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Revision>, KeyValueError> {
        self.0.change(changes).await
    }
}
