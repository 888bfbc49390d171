//! The contracts of the stores, on a real server.

mod common;

use common::{JetStreamUnderTest, WithAnchors};

aether_testkit::event_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    JetStreamUnderTest
);

aether_testkit::snapshot_store_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    JetStreamUnderTest
);

aether_testkit::event_store_model!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    JetStreamUnderTest,
    cases = 12
);

aether_testkit::snapshot_store_model!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    JetStreamUnderTest,
    cases = 12
);

mod with_anchors {
    use super::WithAnchors;

    aether_testkit::event_store_conformance!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        WithAnchors
    );

    aether_testkit::event_store_model!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        WithAnchors,
        cases = 12
    );
}
