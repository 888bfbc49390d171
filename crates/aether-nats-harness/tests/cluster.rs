//! Three servers: they elect, replicate, and survive the loss of one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use aether_nats_harness::Cluster;
use common::{eventually, make_stream, publish, stored};

async fn connect(cluster: &Cluster) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(cluster.urls()).await.unwrap())
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_new_cluster_places_a_stream_of_three_replicas_at_once() {
    let cluster = Cluster::start().unwrap();
    assert!(cluster.meta_leader().is_some_and(|leader| leader < 3));
    let context = connect(&cluster).await;
    let mut stream = make_stream(&context, 3).await;
    publish(&context, "s.a").await;
    let group = stream.info().await.unwrap().cluster.clone().unwrap();
    assert_eq!(group.replicas.len(), 2);
    let leader = cluster.wait_for_stream_leader("$G", "S").unwrap();
    assert_eq!(group.leader.as_deref(), Some(cluster.server(leader).name()));
    assert_eq!(cluster.stream_leader("$G", "none"), None);
    let known = &context.client().server_info().connect_urls;
    assert!(known.is_empty(), "clients are told of no way around a proxy: {known:?}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn without_its_meta_leader_the_cluster_elects_another_and_keeps_the_data() {
    let mut cluster = Cluster::start().unwrap();
    let context = connect(&cluster).await;
    make_stream(&context, 3).await;
    publish(&context, "s.a").await;
    let first = cluster.wait_for_meta_leader().unwrap();
    cluster.server_mut(first).kill().unwrap();
    let second = cluster.wait_for_meta_leader().unwrap();
    assert_ne!(first, second);
    eventually("publishing without one server", async || {
        context
            .publish("s.b", "".into())
            .await
            .map_err(|error| error.to_string())?
            .await
            .map_err(|error| error.to_string())
    })
    .await;
    cluster.server_mut(first).start_again().unwrap();
    cluster.wait_until_ready().unwrap();
    // Not at once: 2.10.26 was seen to answer with a state from before.
    eventually("both messages are there", async || match stored(&context).await {
        count if count >= 2 => Ok(()),
        count => Err(count),
    })
    .await;
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_paused_stream_leader_is_replaced() {
    let mut cluster = Cluster::start().unwrap();
    let context = connect(&cluster).await;
    make_stream(&context, 3).await;
    let first = cluster.wait_for_stream_leader("$G", "S").unwrap();
    cluster.server_mut(first).pause().unwrap();
    let second = cluster.wait_for_stream_leader("$G", "S").unwrap();
    assert_ne!(first, second);
    cluster.server_mut(first).resume().unwrap();
    cluster.wait_until_ready().unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_leader_that_is_cut_off_is_replaced_and_joins_again() {
    let cluster = Cluster::builder().separable().start().unwrap();
    let context = connect(&cluster).await;
    make_stream(&context, 3).await;
    publish(&context, "s.a").await;
    let old = cluster.wait_for_stream_leader("$G", "S").unwrap();
    let alone = async_nats::connect(cluster.server(old).url()).await.unwrap();
    cluster.cut_off(old);
    let other = (old + 1) % 3;
    let context = async_nats::jetstream::new(async_nats::connect(cluster.server(other).url()).await.unwrap());
    eventually("publishing without the leader", async || {
        let ack = context.publish("s.b", "".into()).await.map_err(|error| error.to_string())?;
        ack.await.map_err(|error| error.to_string())
    })
    .await;
    // Its clients still have it.
    alone.flush().await.unwrap();
    cluster.rejoin(old);
    cluster.wait_until_ready().unwrap();
}
