//! The reference store holds to every fact.

use aether_testkit::reference::ReferenceUnderTest;
use aether_testkit::{event_store_conformance, snapshot_store_conformance, subscription_conformance};

event_store_conformance!(ReferenceUnderTest::new());
snapshot_store_conformance!(ReferenceUnderTest::new());
subscription_conformance!(ReferenceUnderTest::new());
