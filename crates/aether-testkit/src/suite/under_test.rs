//! What a store's author provides.

use std::future::Future;
use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{EventStore, Namespace, StreamName};

/// Opens handles on the store that is tested.
///
/// Every test makes a factory of its own, opens streams under names that nobody else uses, and leaves them behind; so
/// all tests can run at once against one server. See the [crate's documentation](crate) for an example.
pub trait StoreUnderTest: Send + Sync + 'static {
    /// The store.
    type Store: EventStore;

    /// Opens the stream `name` in `namespace`, and creates it where it is not there yet.
    ///
    /// Opening the same pair again gives *another handle on the same data*, as another process would have it: whatever
    /// a handle caches, two of them must not share.
    ///
    /// # Errors
    ///
    /// Whatever the store says. Only one fact accepts a refusal: that two pairs which look alike, such as (`a`,
    /// `b_events`) and (`a_b`, `events`), cannot both be had.
    fn open(
        &self,
        namespace: Option<&Namespace>,
        name: &StreamName,
    ) -> impl Future<Output = Result<Self::Store, BoxError>> + Send;

    /// How long one fact may take before the store counts as hanging. 30 seconds unless it is overridden.
    fn deadline(&self) -> Duration {
        Duration::from_secs(30)
    }
}
