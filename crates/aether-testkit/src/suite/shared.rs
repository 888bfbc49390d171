//! A store under test behind `SharedStore`.

use std::sync::Arc;
use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{Namespace, SharedStore, SnapshotStore, StreamName, Subscribe};

use super::StoreUnderTest;

/// Opens the same streams as the factory in it, each handle as a [`SharedStore`].
pub(crate) struct Shared<F>(pub(crate) Arc<F>);

impl<F> StoreUnderTest for Shared<F>
where
    F: StoreUnderTest,
    F::Store: SnapshotStore + Subscribe,
{
    type Store = SharedStore;

    async fn open(&self, namespace: Option<&Namespace>, name: &StreamName) -> Result<SharedStore, BoxError> {
        Ok(SharedStore::new(self.0.open(namespace, name).await?))
    }

    fn deadline(&self) -> Duration {
        self.0.deadline()
    }
}
