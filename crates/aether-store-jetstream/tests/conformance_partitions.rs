//! The contracts of the stores, on a real server, with four partitions.

mod common;

use common::UnderTest;

aether_testkit::event_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder.partitions(4))
);

aether_testkit::snapshot_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder.partitions(4))
);

aether_testkit::subscription_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder.partitions(4))
);

aether_testkit::event_store_model!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder.partitions(4)),
    cases = 12
);

aether_testkit::snapshot_store_model!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder.partitions(4)),
    cases = 12
);
