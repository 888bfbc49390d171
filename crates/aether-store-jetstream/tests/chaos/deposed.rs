//! A leader that is cut off from its followers and has not noticed: it answers as the leader that it was, while the others
//! go on without it.

use std::time::Duration;

use aether_core::{ActorId, EventStoreExt, Expected, Version};
use aether_nats_harness::Cluster;
use aether_store_jetstream::JetStreamStore;
use tokio::time::{Instant, sleep};

use crate::worker::event;

async fn store(url: String) -> JetStreamStore {
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
    let builder = JetStreamStore::builder(options.connect(url).await.unwrap(), "deposed".try_into().unwrap());
    builder.replicas(3).deadline(Duration::from_secs(60)).open().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_leader_that_was_deposed_makes_no_conflict_of_what_it_has_not_seen() {
    let cluster = Cluster::builder().separable().start().unwrap();
    let actor = ActorId::new("chaos-0").unwrap();
    store(cluster.urls().remove(0)).await;
    let old = cluster.wait_for_stream_leader("$G", "deposed").unwrap();
    let (behind, ahead) =
        (store(cluster.server(old).url()).await, store(cluster.server((old + 1) % 3).url()).await);
    behind.append(&actor, Expected::NoEvents, [event("1")]).await.unwrap();
    cluster.cut_off(old);
    // As soon as there is a new leader.
    ahead.append(&actor, Expected::Exactly(Version::FIRST), [event("2")]).await.unwrap();

    // The old one, if it is still asked, has only the first.
    let third = tokio::spawn(async move {
        let second = Version::new(2).unwrap();
        behind.append(&actor, Expected::Exactly(second), [event("3")]).await
    });
    let latest = Instant::now() + Duration::from_secs(3);
    while !third.is_finished() && Instant::now() < latest {
        sleep(Duration::from_millis(10)).await;
    }
    cluster.rejoin(old);
    let commit = third.await.unwrap().unwrap();
    assert_eq!(commit.version, Version::new(3).unwrap());
}
