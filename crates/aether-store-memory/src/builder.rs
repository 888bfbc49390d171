//! Building a store.

use std::sync::Arc;

use aether_core::store::Announcer;
use aether_core::{EventBroadcaster, Namespace};

use crate::MemoryStore;

/// Says what a [`MemoryStore`] is to be like. Made by [`MemoryStore::builder`].
#[derive(Default)]
pub struct MemoryStoreBuilder {
    namespace: Option<Namespace>,
    broadcaster: Option<Arc<dyn EventBroadcaster>>,
    keeps_times: bool,
}

impl MemoryStoreBuilder {
    /// Puts the store into a namespace, which its announcements name. Every store is isolated from every other anyway.
    #[must_use]
    pub fn namespace(self, namespace: Namespace) -> Self {
        Self { namespace: Some(namespace), ..self }
    }

    /// Announces what is stored to `broadcaster`.
    #[must_use]
    pub fn broadcaster(self, broadcaster: impl EventBroadcaster + 'static) -> Self {
        Self { broadcaster: Some(Arc::new(broadcaster)), ..self }
    }

    /// Keeps when each commit was stored, for subscriptions that start at a [`Time`](aether_core::StartAt::Time); a store
    /// without times refuses them. To look at the clock makes an append take about a third longer.
    #[must_use]
    pub fn keep_times(self) -> Self {
        Self { keeps_times: true, ..self }
    }

    /// Makes the store.
    #[must_use]
    pub fn build(self) -> MemoryStore {
        MemoryStore::with(Announcer::new(self.namespace, self.broadcaster), self.keeps_times)
    }
}

impl std::fmt::Debug for MemoryStoreBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let announces = self.broadcaster.is_some();
        let mut debug = f.debug_struct("MemoryStoreBuilder");
        debug
            .field("namespace", &self.namespace)
            .field("broadcaster", &announces)
            .field("keeps_times", &self.keeps_times)
            .finish()
    }
}
