//! What operators want of nodes.

use aether_cluster::OperatorError;
use aether_cluster::placement::Standing;

use crate::site::{SHARDS, Site, id, settled, until};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_drained_node_gives_everything_and_gets_it_back_when_it_is_open_again() {
    let site = Site::new();
    let nodes = site.nodes::<3>().await;
    let [a, b, c] = &nodes;
    a.drain(&id("c")).await.unwrap();
    until("it owns nothing", || c.owned().is_empty()).await;
    until("all see so", || nodes.iter().all(|node| node.shard_map().owned_by(&id("c")).count() == 0)).await;
    assert!(c.is_serving(), "it is a member still");
    until("others know", || b.members().get(&id("c")).is_some_and(|c| c.standing == Standing::Draining))
        .await;
    b.uncordon(&id("c")).await.unwrap();
    settled(&nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_cordoned_node_takes_nothing_over_its_restart_too() {
    let site = Site::new();
    let [a, b] = site.nodes::<2>().await;
    a.cordon(&id("b")).await.unwrap();
    a.cordon(&id("b")).await.unwrap();
    drop(b);
    until("the other owns everything", || a.owned().len() == SHARDS as usize).await;
    let b = site.join("b").await;
    until("it is known again", || {
        a.members().get(&id("b")).is_some_and(|member| member.identity() == *b.me())
    })
    .await;
    assert_eq!(a.members().get(&id("b")).unwrap().standing, Standing::Cordoned);
    assert!(b.owned().is_empty());
    b.uncordon(&id("b")).await.unwrap();
    settled(&[a, b]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_node_that_nobody_knows_is_no_operators_concern() {
    let [a] = Site::new().nodes::<1>().await;
    let error = a.drain(&id("nobody")).await.unwrap_err();
    assert!(matches!(&error, OperatorError::NoNode { node } if *node == id("nobody")), "{error}");
}
