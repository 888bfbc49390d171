//! A view whose bucket loses its leader again and again, on three servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use aether_core::RetryPolicy;
use aether_nats_harness::Cluster;
use aether_projection::{ErrorPolicy, Projector, Views};
use aether_store_jetstream::{JetStreamKeyValue, JetStreamStore};

use crate::common::append;
use crate::common::ledger::{Ledger, lines, plain_fold};
use crate::site::connect;

/// How many leaders are killed; more with `AETHER_LEADER_KILLS=10`.
const KILLS: u32 = 3;
/// Longer than any election takes.
const NEVER: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_view_outlives_the_leaders_of_its_bucket() {
    let mut cluster = Cluster::start().unwrap();
    let kills = std::env::var("AETHER_LEADER_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let client = connect(&cluster.urls()).await;
    let store = JetStreamStore::builder(client.clone(), "followed".try_into().unwrap()).replicas(3);
    let store = store.deadline(NEVER).open().await.unwrap();
    let values = JetStreamKeyValue::builder(client.clone(), "views".try_into().unwrap()).replicas(3).atomic();
    let values = values.deadline(NEVER).open().await.unwrap();
    let views = Views::new(Ledger, values, "ledger");
    let retry =
        RetryPolicy::default().attempts(1000).delays(Duration::from_millis(10), Duration::from_millis(200));
    let projector = Projector::new("ledger", store.clone()).batch_size(8).on_error(ErrorPolicy::retry(retry));
    let running = projector.start(views.projection());
    let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let appending = tokio::spawn({
        let (is_over, count) = (Arc::clone(&is_over), Arc::clone(&count));
        async move {
            while !is_over.load(Ordering::Relaxed) {
                let number = count.load(Ordering::Relaxed);
                append(&store, number..number + 1).await;
                count.store(number + 1, Ordering::Relaxed);
            }
        }
    });
    for _ in 0..kills {
        let before = running.status().events;
        let leader = cluster.wait_for_stream_leader("$G", "KV_views").unwrap();
        // In the midst of something.
        tokio::time::sleep(Duration::from_millis(300).mul_f64(fastrand::f64())).await;
        cluster.server_mut(leader).kill().unwrap();
        let deadline = tokio::time::Instant::now() + NEVER;
        while running.status().events < before + 100 {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{:?}, {:?}",
                running.status(),
                running.failure()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cluster.server_mut(leader).start_again().unwrap();
        cluster.wait_until_ready().unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    appending.await.unwrap();
    let count = count.load(Ordering::Relaxed);
    running.stop().await.unwrap();
    let last = projector.start(views.projection());
    last.wait_until_caught_up().await.unwrap();
    last.stop().await.unwrap();
    println!("{kills} leaders killed, {count} events, in batches: {}", views.is_atomic());
    assert_eq!(lines(&views).await, plain_fold(0..count));
}
