//! Without faults, and with mere delays, the faulty store holds to every fact.

use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{Namespace, StreamName};
use aether_testkit::faulty::Rates;
use aether_testkit::reference::{ReferenceStore, ReferenceUnderTest};
use aether_testkit::{
    FaultyStore, StoreUnderTest, event_store_conformance, snapshot_store_conformance,
    subscription_conformance,
};

struct DelayedUnderTest(ReferenceUnderTest);

impl StoreUnderTest for DelayedUnderTest {
    type Store = FaultyStore<ReferenceStore>;

    async fn open(&self, namespace: Option<&Namespace>, name: &StreamName) -> Result<Self::Store, BoxError> {
        let rates = Rates::none().delay(0.02, Duration::from_millis(2));
        Ok(FaultyStore::new(self.0.open(namespace, name).await?).with_rates(7, rates))
    }
}

event_store_conformance!(DelayedUnderTest(ReferenceUnderTest::new()));
snapshot_store_conformance!(DelayedUnderTest(ReferenceUnderTest::new()));
subscription_conformance!(DelayedUnderTest(ReferenceUnderTest::new()));
