//! What a key-value store's author provides, and what one fact works with.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::key_value::{Entry, KeyValue, Revision};
use aether_core::{EventId, KeyValueError};
use bytes::Bytes;

/// Opens handles on the key-value store that is tested.
///
/// Each fact opens stores under names that nobody else uses, and leaves them behind.
pub trait KeyValueUnderTest: Send + Sync + 'static {
    /// The store.
    type Store: KeyValue;

    /// Opens the store `name`, of letters, digits and `-`, and creates it where it is not there yet. Opening it again gives
    /// another handle on the same values.
    ///
    /// # Errors
    ///
    /// Whatever the store says.
    fn open(&self, name: &str) -> impl Future<Output = Result<Self::Store, BoxError>> + Send;

    /// How many bytes no value may have. 2 MiB unless it is overridden.
    fn too_many_bytes(&self) -> usize {
        2 * 1024 * 1024
    }

    /// How long one fact may take before the store counts as hanging. 30 seconds unless it is overridden.
    fn deadline(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// Gives one fact its handles.
pub(crate) struct Fixture<F> {
    pub(super) factory: Arc<F>,
    name: String,
}

impl<F: KeyValueUnderTest> Fixture<F> {
    pub(super) fn new(factory: Arc<F>) -> Self {
        Self { factory, name: format!("testkit-{}", EventId::generate()) }
    }

    /// Opens a handle on the fact's own store; each call another one.
    pub(super) async fn open(&self) -> F::Store {
        self.open_other("").await
    }

    /// Opens another store.
    pub(super) async fn open_other(&self, end: &str) -> F::Store {
        let name = format!("{}{end}", self.name);
        self.factory.open(&name).await.unwrap_or_else(|error| panic!("{name} must be had, seen: {error}"))
    }
}

/// Puts what must be taken.
pub(super) async fn put(store: &impl KeyValue, key: &str, value: &str, expected: Revision) -> Revision {
    let put = store.put(key, Bytes::copy_from_slice(value.as_bytes()), expected).await;
    put.unwrap_or_else(|error| panic!("{key:?} at {expected} can be put, seen: {error:?}"))
}

/// Deletes what must be there.
pub(super) async fn delete(store: &impl KeyValue, key: &str, expected: Revision) {
    let deleted = store.delete(key, expected).await;
    deleted.unwrap_or_else(|error| panic!("{key:?} at {expected} can be deleted, seen: {error:?}"));
}

/// Looks, without an error.
pub(super) async fn get(store: &impl KeyValue, key: &str) -> Option<Entry> {
    store.get(key).await.unwrap_or_else(|error| panic!("{key:?} can be looked at, seen: {error:?}"))
}

/// Returns the value as a text.
pub(super) async fn text(store: &impl KeyValue, key: &str) -> Option<String> {
    get(store, key).await.map(|entry| String::from_utf8(entry.value.to_vec()).expect("the suite puts texts"))
}

/// Returns the keys, sorted.
pub(super) async fn keys(store: &impl KeyValue, prefix: &str) -> Vec<String> {
    let listed = store.keys(prefix).await;
    let mut keys = listed.unwrap_or_else(|error| panic!("keys can be listed, seen: {error:?}"));
    keys.sort();
    keys
}

/// Asserts that it is a conflict.
#[track_caller]
#[allow(clippy::needless_pass_by_value)] // Results that were just computed: `&` everywhere would only be noise.
pub(super) fn conflict<T: Debug>(contract: &str, result: Result<T, KeyValueError>) {
    let is_conflict = matches!(result, Err(KeyValueError::Conflict { .. }));
    assert!(is_conflict, "{contract}\n  wanted: Conflict\n    seen: {result:?}");
}
