//! A node whose link is cut.

use std::time::Duration;

use aether_cluster::protocol::Ended;
use aether_cluster::{Cluster, ClusterEvent, LeaveError};
use aether_nats_harness::Proxy;
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::site::{PATIENCE, Site, server, settled, until};

/// Whether others own everything that it owned.
fn is_taken_from(cluster: &Cluster, node: &Cluster) -> bool {
    cluster.shard_map().owned_by(&node.me().node).next().is_none()
}

/// Whether others own some of what it thinks that it owns.
fn cluster_owns_less(cluster: &Cluster, node: &Cluster) -> bool {
    cluster.shard_map().owned_by(&node.me().node).count() < node.owned().len()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_node_that_is_cut_off_stops_before_others_take_over_and_is_dead_when_it_comes_back() {
    let site = Site::new();
    let [a, b] = site.nodes::<2>().await;
    let proxy = Proxy::start(server().url()).unwrap();
    let client = async_nats::ConnectOptions::new().retry_on_initial_connect().ignore_discovered_servers();
    let client = client.connect(proxy.url()).await.unwrap();
    let cut = site.builder_on(client, "c").join().await.unwrap();
    settled(&[a.clone(), b.clone(), cut.clone()]).await;
    let mut events = a.events();
    proxy.cut();
    until("others own its shards", || {
        // In this order: if others have taken over by now, it must have stopped by then.
        let is_lost = cluster_owns_less(&a, &cut);
        assert!(!(is_lost && cut.is_serving()), "it serves while others own its shards");
        is_taken_from(&a, &cut)
    })
    .await;
    let seen = timeout(PATIENCE, async {
        let mut suspected = false;
        loop {
            match events.next().await.unwrap() {
                ClusterEvent::Suspected { node } => suspected |= node == *cut.me(),
                ClusterEvent::Died { node } => return (suspected, node),
                _ => {}
            }
        }
    });
    assert_eq!(seen.await.unwrap(), (true, cut.me().clone()), "suspected first, and then dead");
    proxy.heal();
    assert_eq!(timeout(PATIENCE, cut.ended()).await.unwrap(), Ended::Dead);
    assert!(!cut.is_serving() && matches!(cut.leave().await, Err(LeaveError::Dead { .. })));
    // It may join again, as another life.
    drop(cut);
    let again = site.join("c").await;
    settled(&[a, b, again]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_link_that_is_back_in_time_kills_nobody() {
    let site = Site::new();
    let [a] = site.nodes::<1>().await;
    let proxy = Proxy::start(server().url()).unwrap();
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
    let options = options.reconnect_delay_callback(|_| Duration::from_millis(10));
    let node = site.builder_on(options.connect(proxy.url()).await.unwrap(), "b").join().await.unwrap();
    settled(&[a.clone(), node.clone()]).await;
    let before = node.status().counts.renewals;
    proxy.cut_once();
    until("it has renewed", || node.status().counts.renewals > before + 2).await;
    settled(&[a, node]).await;
}
