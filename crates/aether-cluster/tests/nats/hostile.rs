//! What others write into the bucket, and say to nodes.

use aether_cluster::placement::{Labels, Weight};
use aether_cluster::protocol::{Incarnation, Key, NodeRecord, NodeState, Record, Stamp};

use crate::site::{Site, settled, until};

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
