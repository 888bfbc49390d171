//! The embedded key-value store keeps the contract.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aether_core::error::BoxError;
use aether_store_memory::MemoryKeyValue;
use aether_testkit::key_value::KeyValueUnderTest;
use aether_testkit::key_value_conformance;

/// One store per name; a clone is another handle.
#[derive(Default)]
struct MemoryUnderTest(Mutex<HashMap<String, MemoryKeyValue>>);

impl KeyValueUnderTest for MemoryUnderTest {
    type Store = MemoryKeyValue;

    async fn open(&self, name: &str) -> Result<MemoryKeyValue, BoxError> {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(stores.entry(name.to_owned()).or_default().clone())
    }
}

key_value_conformance!(MemoryUnderTest::default());
