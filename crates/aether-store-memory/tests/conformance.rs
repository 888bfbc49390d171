//! The memory store keeps the contracts: every fact of the suites, and the model.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aether_core::error::BoxError;
use aether_core::{Namespace, SharedStore, StreamName};
use aether_store_memory::MemoryStore;
use aether_testkit::{
    StoreUnderTest, event_store_conformance, event_store_model, snapshot_store_conformance,
    snapshot_store_model, subscription_conformance,
};

/// One memory store per namespace and name; a clone is another handle.
#[derive(Default)]
struct MemoryUnderTest(Mutex<HashMap<(Option<Namespace>, StreamName), MemoryStore>>);

impl StoreUnderTest for MemoryUnderTest {
    type Store = MemoryStore;

    async fn open(&self, namespace: Option<&Namespace>, name: &StreamName) -> Result<MemoryStore, BoxError> {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let store = stores.entry((namespace.cloned(), name.clone())).or_insert_with(|| match namespace {
            Some(namespace) => MemoryStore::builder().namespace(namespace.clone()).build(),
            None => MemoryStore::builder().keep_times().build(),
        });
        Ok(store.clone())
    }
}

/// The same stores, known at run time only.
#[derive(Default)]
struct SharedUnderTest(MemoryUnderTest);

impl StoreUnderTest for SharedUnderTest {
    type Store = SharedStore;

    async fn open(&self, namespace: Option<&Namespace>, name: &StreamName) -> Result<SharedStore, BoxError> {
        Ok(SharedStore::new(self.0.open(namespace, name).await?))
    }
}

mod shared_subscriptions {
    use super::*;

    subscription_conformance!(SharedUnderTest::default());
}

event_store_conformance!(MemoryUnderTest::default());
subscription_conformance!(MemoryUnderTest::default());
snapshot_store_conformance!(MemoryUnderTest::default());
event_store_model!(MemoryUnderTest::default(), cases = 64);
snapshot_store_model!(MemoryUnderTest::default(), cases = 256);
