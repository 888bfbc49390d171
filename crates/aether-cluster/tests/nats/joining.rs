//! Who may join.

use std::time::Duration;

use aether_cluster::placement::ShardCount;
use aether_cluster::{BucketError, JoinError};
use serde_json::json;

use crate::site::{LEASE, SHARDS, Site, id, settled};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn another_number_of_shards_or_another_lease_is_refused() {
    let site = Site::new();
    let _a = site.join("a").await;
    let shards = ShardCount::new(SHARDS * 2).unwrap();
    let error = site.builder("b").await.shards(shards).join().await.unwrap_err();
    let JoinError::ShardCount { expected, found } = error else { panic!("{error}") };
    assert_eq!((expected.get(), found.get()), (SHARDS * 2, SHARDS));
    let error = site.builder("b").await.lease(LEASE * 2).join().await.unwrap_err();
    assert!(
        matches!(error, JoinError::Lease { expected, found } if (expected, found) == (LEASE * 2, LEASE)),
        "{error}"
    );
    let error = site.builder("b").await.lease(Duration::from_millis(99)).join().await.unwrap_err();
    assert!(matches!(error, JoinError::LeaseTooShort { .. }), "{error}");
    let endless = site.builder("b").await.lease(Duration::MAX).join().await.unwrap_err();
    assert!(matches!(endless, JoinError::LeaseTooLong { .. }), "{endless}");
    let patient = site.builder("b").await.join_within(Duration::MAX).join().await.unwrap();
    patient.leave().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn two_that_found_a_cluster_at_once_agree_on_what_is_settled() {
    let site = Site::new();
    let other = ShardCount::new(SHARDS / 2).unwrap();
    let (a, b) = (site.builder("a").await, site.builder("b").await.shards(other));
    let (a, b) = tokio::join!(a.join(), b.join());
    let refused = [a.err(), b.err()].into_iter().flatten().collect::<Vec<_>>();
    assert!(matches!(&refused[..], [JoinError::ShardCount { .. }]), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_second_node_of_one_id_is_refused_while_the_first_lives_and_joins_once_it_is_silent() {
    let site = Site::new();
    let first = site.join("a").await;
    let second = site.builder("a").await.join_within(LEASE * 3);
    let error = second.clone().join().await.unwrap_err();
    assert!(matches!(&error, JoinError::NodeTaken { node } if *node == id("a")), "{error}");
    assert!(first.is_serving());
    drop(first);
    let second = site.builder("a").await.join().await.unwrap();
    settled(&[second]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_bucket_whose_values_may_vanish_is_refused() {
    let site = Site::new();
    let client = site.connect().await;
    let config = json!({
        "name": site.stream(),
        "subjects": [format!("$KV.aether-cluster-{}.>", site.name)],
        "max_age": 60_000_000_000_u64,
        "max_msgs_per_subject": 1,
        "num_replicas": crate::site::server().replicas(),
        "storage": "file",
    });
    let create = format!("$JS.API.STREAM.CREATE.{}", site.stream());
    client.request(create, config.to_string().into()).await.unwrap();
    let error = site.builder("a").await.join().await.unwrap_err();
    assert!(matches!(&error, JoinError::Bucket(BucketError::Config { field: "max_age", .. })), "{error}");
}
