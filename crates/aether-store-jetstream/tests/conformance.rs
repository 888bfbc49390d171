//! The contracts of the stores, on a real server.

mod common;

use common::UnderTest;

aether_testkit::event_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder)
);

aether_testkit::snapshot_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder)
);

aether_testkit::subscription_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder)
);

aether_testkit::event_store_model!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder),
    cases = 12
);

aether_testkit::snapshot_store_model!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest(|builder| builder),
    cases = 12
);

/// Few versions at a time, so that reservations happen all the time.
mod with_anchors {
    use super::UnderTest;

    aether_testkit::event_store_conformance!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        UnderTest(|builder| builder.anchors(2))
    );

    aether_testkit::event_store_model!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        UnderTest(|builder| builder.anchors(2)),
        cases = 12
    );
}
