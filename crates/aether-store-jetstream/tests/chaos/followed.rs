//! A subscription whose stream loses its leader again and again.

use std::time::Duration;

use aether_core::{ActorId, EventStoreExt, Expected, Filter, StartAt, Subscribe, Version};
use aether_nats_harness::Cluster;
use aether_store_jetstream::JetStreamStore;
use async_nats::ConnectOptions;
use tokio::time::timeout;

use crate::worker::event;

/// How many leaders are killed; more with `AETHER_LEADER_KILLS=10`.
const KILLS: usize = 3;
/// Longer than any election takes.
const NEVER: Duration = Duration::from_secs(120);

async fn store(cluster: &Cluster) -> JetStreamStore {
    let client = ConnectOptions::new().connect(cluster.urls()).await.unwrap();
    let builder = JetStreamStore::builder(client, "followed".try_into().unwrap());
    builder.replicas(3).deadline(NEVER).open().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_subscription_outlives_leaders_and_misses_and_repeats_nothing() {
    let mut cluster = Cluster::start().unwrap();
    let (writer, reader) = (store(&cluster).await, store(&cluster).await);
    let actor = ActorId::new("chaos-0").unwrap();
    let mut all = reader.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    let mut version = Version::INITIAL;
    let kills = std::env::var("AETHER_LEADER_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    for number in 0..kills {
        let leader = cluster.wait_for_stream_leader("$G", "followed").unwrap();
        cluster.server_mut(leader).kill().unwrap();
        // By the new leader, and heard from whoever has the consumer then.
        for part in 0..3 {
            let events = [event(&format!("{number}-{part}"))];
            let commit = writer.append(&actor, Expected::Exactly(version), events).await.unwrap();
            version = commit.version;
            let heard = timeout(NEVER, all.next_event()).await.unwrap().unwrap().unwrap();
            assert_eq!((heard.version(), heard.position()), (version, commit.position));
        }
        cluster.server_mut(leader).start_again().unwrap();
        cluster.wait_until_ready().unwrap();
    }
    assert!(all.monitor().status().restarts > 0);
}
