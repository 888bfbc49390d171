//! Agreeing on a leader and a map, as nodes come and go.

use aether_cluster::ClusterEvent;
use aether_cluster::protocol::Ended;
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::site::{PATIENCE, SHARDS, Site, id, owned, settled, until};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn three_nodes_agree_on_a_leader_and_on_an_even_map() {
    let nodes = Site::new().nodes::<3>().await;
    let map = nodes[0].shard_map();
    for node in &nodes {
        let me = &node.me().node;
        assert_eq!(map.owned_by(me).count(), node.owned().len());
        assert!(map.owned_by(me).all(|place| node.owned()[&place.shard] == place.epoch));
        assert!((10..=11).contains(&node.owned().len()), "{:?}", owned(node));
    }
    let json = serde_json::to_value(nodes[1].status()).unwrap();
    assert_eq!((json["isServing"].clone(), json["migrations"].clone()), (true.into(), serde_json::json!([])));
    assert!(json["counts"]["renewals"].as_u64().unwrap() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn one_that_joins_gets_its_quota_and_nothing_moves_between_the_others() {
    let site = Site::new();
    let nodes = site.nodes::<3>().await;
    let before = nodes[0].shard_map();
    let new = site.join("d").await;
    let nodes = [&nodes[..], &[new]].concat();
    settled(&nodes).await;
    assert_eq!(nodes[3].owned().len(), SHARDS as usize / 4);
    let after = nodes[0].shard_map();
    let moved = before.iter().zip(after.iter()).filter(|(before, after)| before.owner != after.owner);
    assert!(moved.into_iter().all(|(_, after)| after.owner.as_ref().unwrap().node == id("d")));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_node_that_leaves_hands_over_and_is_seen_to_have_left() {
    let site = Site::new();
    let [a, b, c] = site.nodes::<3>().await;
    let mut events = a.events();
    let left = c.me().clone();
    timeout(PATIENCE, c.leave()).await.unwrap().unwrap();
    assert_eq!((c.ended().await, c.is_serving(), c.owned().len()), (Ended::Left, false, 0));
    settled(&[a.clone(), b]).await;
    // It released its shards itself: each was nobody's in between, and nobody was declared dead.
    let seen = timeout(PATIENCE, async {
        let mut released = 0;
        loop {
            match events.next().await.unwrap() {
                ClusterEvent::Left { node } if node == left => return released,
                ClusterEvent::Died { node } => panic!("{node} has died"),
                ClusterEvent::ShardMoved { from: Some(from), to: None, .. } if from == left => released += 1,
                _ => {}
            }
        }
    });
    assert!(seen.await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_last_one_leaves_too_and_the_next_one_finds_everything_free() {
    let site = Site::new();
    let [a] = site.nodes::<1>().await;
    timeout(PATIENCE, a.leave()).await.unwrap().unwrap();
    let again = site.join("a").await;
    settled(&[again]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn views_are_followed_from_the_present_value_on() {
    let site = Site::new();
    let [a, b] = site.nodes::<2>().await;
    let mut members = a.watch_members();
    let first = timeout(PATIENCE, members.next()).await.unwrap().unwrap();
    assert_eq!(first.alive().count(), 2);
    let mut owned = a.watch_owned();
    assert_eq!(timeout(PATIENCE, owned.next()).await.unwrap().unwrap().len(), SHARDS as usize / 2);
    b.leave().await.unwrap();
    let all = async { while members.next().await.unwrap().alive().count() != 1 {} };
    timeout(PATIENCE, all).await.unwrap();
    let all = async { while owned.next().await.unwrap().len() != SHARDS as usize {} };
    timeout(PATIENCE, all).await.unwrap();
    drop((a, b));
    let end = async { while owned.next().await.is_some() {} };
    timeout(PATIENCE, end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_quiet_node_sends_what_its_part_takes_and_no_more() {
    let site = Site::new();
    let nodes = site.nodes::<3>().await;
    until("all have renewed", || nodes.iter().all(|node| node.status().counts.renewals > 2)).await;
    for node in &nodes {
        let counts = node.status().counts;
        assert_eq!((counts.unreadable, counts.unanswered), (0, 0), "{}", node.me());
    }
}
