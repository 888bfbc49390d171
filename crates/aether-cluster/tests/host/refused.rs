//! What no cluster can own.

use aether_cluster::JoinError;
use aether_cluster::testing::Counters;
use aether_core::error::Unsupported;
use aether_store_jetstream::JetStreamStore;
use async_nats::jetstream::{self, stream};

use crate::site::Site;

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_stream_of_the_go_original_keeps_no_epochs_and_is_refused() {
    let site = Site::new();
    let (client, name) = (site.connect().await, site.name.to_string());
    // As the Go original makes it: events and snapshots in one, and no word of Aether's.
    let made = stream::Config {
        name: name.clone(),
        subjects: vec![format!("{name}.events.>"), format!("{name}.snapshots.>")],
        max_age: std::time::Duration::from_secs(365 * 24 * 60 * 60),
        num_replicas: 1,
        ..stream::Config::default()
    };
    jetstream::new(client.clone()).create_stream(made).await.unwrap();
    let store = JetStreamStore::builder(client.clone(), name.try_into().unwrap()).open().await.unwrap();
    let error = site.builder_on(client, "a").host(Counters::new(store, 1)).join().await.unwrap_err();
    let JoinError::Host { source } = error else { panic!("{error}") };
    assert!(source.downcast_ref::<Unsupported>().is_some(), "{source}");
}
