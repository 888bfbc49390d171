//! The reference store as the suites open it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{Namespace, StreamName};

use super::{Mutation, ReferenceStore};
use crate::StoreUnderTest;

/// Opens reference stores: one per namespace and name.
#[derive(Debug, Default)]
pub struct ReferenceUnderTest {
    removed: Option<Mutation>,
    streams: Mutex<HashMap<String, ReferenceStore>>,
}

impl ReferenceUnderTest {
    /// Opens stores that lack nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens stores that lack a mechanism, and must fail the suite.
    #[must_use]
    pub fn without(removed: Mutation) -> Self {
        Self { removed: Some(removed), ..Self::default() }
    }

    fn key(&self, namespace: Option<&Namespace>, name: &StreamName) -> String {
        let joined = namespace.map_or_else(|| name.to_string(), |namespace| format!("{namespace}_{name}"));
        match self.removed {
            Some(Mutation::NamespacesShared) => name.to_string(),
            Some(Mutation::NamespacesJoined) => joined.replace('.', "_"),
            Some(Mutation::StreamsShared) => String::new(),
            _ => format!("{namespace:?} {name}"),
        }
    }
}

impl StoreUnderTest for ReferenceUnderTest {
    type Store = ReferenceStore;

    async fn open(
        &self,
        namespace: Option<&Namespace>,
        name: &StreamName,
    ) -> Result<ReferenceStore, BoxError> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = streams.entry(self.key(namespace, name));
        let empty = || self.removed.map_or_else(ReferenceStore::new, ReferenceStore::without);
        Ok(stream.or_insert_with(empty).clone())
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(if self.removed.is_some_and(Mutation::hangs) { 2 } else { 30 })
    }
}
