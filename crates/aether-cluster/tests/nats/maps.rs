//! Agreeing on a leader and a map, as nodes come and go.

use std::sync::atomic::Ordering;
use std::time::Duration;

use aether_cluster::ClusterEvent;
use aether_cluster::protocol::Ended;
use async_nats::Client;
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use crate::site::{LEASE, PATIENCE, SHARDS, Site, id, owned, settled, until};

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

/// So long a quiet cluster is listened to.
const QUIET: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_quiet_follower_exchanges_few_messages() {
    let site = Site::new();
    let (mut nodes, mut clients) = (Vec::new(), Vec::new());
    for name in ["a", "b", "c", "d", "e", "f"] {
        let client = site.connect().await;
        clients.push(client.clone());
        nodes.push(site.builder_on(client, name).join().await.unwrap());
    }
    settled(&nodes).await;
    // Who follows watches less once the leader has said who stands by.
    let watches = || nodes.iter().map(|node| node.status().counts.watches).collect::<Vec<_>>();
    until("three follow", || watches().into_iter().filter(|watches| *watches > 1).count() >= 3).await;
    sleep(LEASE).await;
    let count = |client: &Client| {
        let statistics = client.statistics();
        (statistics.in_messages.load(Ordering::Relaxed), statistics.out_messages.load(Ordering::Relaxed))
    };
    let before: Vec<_> = clients.iter().map(count).collect();
    sleep(QUIET).await;
    let seconds = QUIET.as_secs_f64();
    let mut rates: Vec<_> = clients
        .iter()
        .zip(&before)
        .map(|(client, (came, went))| {
            let (comes, goes) = count(client);
            ((comes - came) as f64 / seconds, (goes - went) as f64 / seconds)
        })
        .collect();
    rates.sort_by(|one, other| one.partial_cmp(other).unwrap());
    println!("messages a second that came and went, by node: {rates:?}");
    // A renewal and its answer each third of a lease, and the leader's: with room for a machine that stutters.
    assert!(rates[..3].iter().all(|(comes, goes)| comes + goes < 12.0), "{rates:?}");
    for node in &nodes {
        let counts = node.status().counts;
        assert_eq!((counts.unreadable, counts.unanswered), (0, 0), "{}", node.me());
    }
}
