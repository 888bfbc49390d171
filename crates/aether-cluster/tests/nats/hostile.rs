//! What others write into the bucket, and say to nodes.

use std::time::{Duration, Instant};

use aether_cluster::placement::{Labels, Weight};
use aether_cluster::protocol::{Incarnation, Key, NodeRecord, NodeState, Record, Shard, Stamp};

use aether_core::key_value::Revision;
use async_nats::{Client, HeaderMap};
use tokio::time::sleep;

use crate::site::{PATIENCE, Site, settled, until};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn strange_values_and_hints_are_counted_and_do_no_harm() {
    let site = Site::new();
    let nodes = site.nodes::<2>().await;
    let client = site.connect().await;
    let bucket = format!("$KV.aether-cluster-{}", site.name);
    let deep = "[".repeat(10_000);
    let values = [
        ("nonsense", "x"),
        ("node.evil", "not json"),
        ("node.evil.more", "{}"),
        ("node.deep", deep.as_str()),
        ("shard.99999999999", "{}"),
        (
            "shard.4000000000",
            r#"{"v":1,"epoch":18446744073709551615,"by":{"incarnation":"00000000000000000000000000000001","nonce":1}}"#,
        ),
        ("standing.evil", r#"{"v":7}"#),
    ];
    for (key, value) in values {
        client.request(format!("{bucket}.{key}"), value.to_owned().into()).await.unwrap();
    }
    let hints = [
        "",
        "x",
        "{}",
        r#"{"v":1,"shard":4000000000,"epoch":1,"from":{"node":"b","incarnation":"00000000000000000000000000000001"}}"#,
    ];
    for hint in hints {
        let subject = format!("aether.cluster.{}.node.a", site.name);
        client.publish(subject, hint.to_owned().into()).await.unwrap();
    }
    let a = &nodes[0];
    until("they are counted", || a.status().counts.unreadable >= 10).await;
    settled(&nodes).await;
    // Who comes later finds them, too.
    let late = site.join("c").await;
    settled(&[&nodes[..], &[late]].concat()).await;
}

/// Writes over what stands at a key, or deletes it as tools do.
async fn spoil(client: &Client, site: &Site, key: &Key, deletes: bool) {
    let mut headers = HeaderMap::new();
    if deletes {
        headers.insert("KV-Operation", "DEL");
    }
    let payload = if deletes { "" } else { "not a record" };
    let subject = format!("$KV.aether-cluster-{}.{key}", site.name);
    client.request_with_headers(subject, headers, payload.into()).await.unwrap();
}

async fn is_readable(client: &Client, site: &Site, key: &Key) -> bool {
    let subject = format!("$JS.API.DIRECT.GET.{}.$KV.aether-cluster-{}.{key}", site.stream(), site.name);
    let Ok(found) = client.request(subject, "".into()).await else { return false };
    Record::decode(key, &found.payload).is_ok()
}

async fn healed(client: &Client, site: &Site, key: &Key) {
    let deadline = Instant::now() + PATIENCE;
    while !is_readable(client, site, key).await {
        assert!(Instant::now() < deadline, "{key} was not written anew");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_others_write_over_or_delete_is_written_anew() {
    let site = Site::new();
    let nodes = site.nodes::<3>().await;
    let lives: Vec<_> = nodes.iter().map(|node| node.me().clone()).collect();
    let client = site.connect().await;
    let shard = Shard::new(3);
    let before = nodes[0].shard_map().get(shard).unwrap().epoch;
    for deletes in [false, true] {
        let keys = [Key::Shard(shard), Key::Shard(Shard::new(4)), Key::Plan, Key::Members, Key::Leader];
        for key in &keys {
            spoil(&client, &site, key, deletes).await;
        }
        for key in &keys {
            healed(&client, &site, key).await;
        }
        settled(&nodes).await;
    }
    assert!(nodes[0].shard_map().get(shard).unwrap().epoch > before, "an epoch that nobody had");
    assert_eq!(nodes.iter().map(|node| node.me().clone()).collect::<Vec<_>>(), lives);
    // A node whose own record is gone has ended, and its shards go to the others.
    let [a, b, c] = nodes;
    spoil(&client, &site, &Key::Node(c.me().node.clone()), true).await;
    until("it has stopped", || !c.is_serving()).await;
    settled(&[a.clone(), b.clone()]).await;
    let c = site.join("c").await;
    settled(&[a, b, c]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_node_that_is_only_written_of_is_declared_dead() {
    let site = Site::new();
    let nodes = site.nodes::<2>().await;
    let client = site.connect().await;
    let by = Stamp { incarnation: Incarnation::new(9), nonce: 1 };
    let record = NodeRecord {
        incarnation: by.incarnation,
        state: NodeState::Up,
        weight: Weight::new(10_000).unwrap(),
        labels: Labels::new(),
        lease: 1,
        seen: Revision::NONE,
        by,
    };
    let key = Key::Node("ghost".try_into().unwrap());
    let subject = format!("$KV.aether-cluster-{}.{key}", site.name);
    client.request(subject, Record::Node(record).encode().unwrap().into()).await.unwrap();
    let is_dead = |state: NodeState| state == NodeState::Dead;
    let ghost = "ghost".try_into().unwrap();
    until("it is dead", || nodes[0].members().get(&ghost).is_some_and(|member| is_dead(member.state))).await;
    settled(&nodes).await;
}
