//! Nodes that die, and servers.

use std::time::Instant;

use aether_cluster::ClusterEvent;
use aether_cluster::protocol::NodeState;
use aether_nats_harness::Server;
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use crate::site::{LEASE, PATIENCE, Site, id, settled, until};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_dropped_node_is_declared_dead_and_the_others_own_its_shards() {
    let site = Site::new();
    let [a, b, c] = site.nodes::<3>().await;
    let mut events = a.events();
    let died = c.me().clone();
    let dropped = Instant::now();
    drop(c);
    let seen = timeout(PATIENCE, async {
        loop {
            if let ClusterEvent::Died { node } = events.next().await.unwrap() {
                return node;
            }
        }
    });
    assert_eq!(seen.await.unwrap(), died);
    println!("declared dead after {:?}", dropped.elapsed());
    settled(&[a.clone(), b]).await;
    println!("everything owned after {:?}", dropped.elapsed());
    assert_eq!(a.members().get(&died.node).unwrap().state, NodeState::Dead);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_dead_leader_is_followed_by_another_one_in_the_next_term() {
    let site = Site::new();
    let mut nodes = Vec::from(site.nodes::<3>().await);
    let leader = nodes[0].leader().unwrap();
    let place = nodes.iter().position(|node| *node.me() == leader.node).unwrap();
    let dropped = Instant::now();
    drop(nodes.remove(place));
    until("another leader", || {
        nodes.iter().all(|node| node.leader().is_some_and(|next| next.term > leader.term))
    })
    .await;
    println!("another leader after {:?}", dropped.elapsed());
    settled(&nodes).await;
    println!("everything owned after {:?}", dropped.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_node_that_starts_again_is_a_new_life_and_gets_its_shards() {
    let site = Site::new();
    let [a, b] = site.nodes::<2>().await;
    let before = b.me().clone();
    drop(b);
    let again = site.join("b").await;
    assert!(again.me().node == before.node && again.me().incarnation != before.incarnation);
    settled(&[a, again]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn nothing_is_left_running_after_a_drop() {
    let site = Site::new();
    let client = site.connect().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let connection = site.connect().await;
    let of_a_connection = tasks() - before;
    let node = site.builder_on(connection, "a").join().await.unwrap();
    settled(&[node.clone()]).await;
    assert!(tasks() > before + of_a_connection && site.consumers(&client).await == 1);
    drop(node);
    until("its tasks have ended", || tasks() <= before + of_a_connection).await;
    let deadline = Instant::now() + PATIENCE;
    while site.consumers(&client).await != 0 {
        assert!(Instant::now() < deadline, "its consumer is there still");
        sleep(LEASE / 100).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_server_that_is_killed_and_comes_back_kills_no_node() {
    let mut server = Server::start().unwrap();
    let site = Site::on(vec![server.url()], 1);
    let nodes = site.nodes::<3>().await;
    let lives: Vec<_> = nodes.iter().map(|node| node.me().clone()).collect();
    server.kill().unwrap();
    until("nobody serves", || !nodes.iter().any(aether_cluster::Cluster::is_serving)).await;
    // Longer than a lease: whoever counted this silence would bury the others.
    sleep(LEASE * 2).await;
    server.start_again().unwrap();
    settled(&nodes).await;
    let members = nodes[0].members();
    for life in lives {
        let member = members.get(&life.node).unwrap();
        assert_eq!((member.identity(), member.state), (life, NodeState::Up));
    }
    assert!(members.get(&id("d")).is_none());
}
