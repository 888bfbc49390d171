//! The contracts of the stores, on a real server.

mod common;

use common::JetStreamUnderTest;

aether_testkit::event_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    JetStreamUnderTest
);

aether_testkit::snapshot_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    JetStreamUnderTest
);
