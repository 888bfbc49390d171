//! Clusters on the test process's server, each with a name of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aether_cluster::placement::{NodeId, Policy, ShardCount};
use aether_cluster::{Cluster, ClusterBuilder, ClusterName};
use aether_nats_harness::{Shared, shared};
use async_nats::Client;
use serde_json::Value;
use tokio::time::{sleep, timeout};

/// So long anything may take, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const LEASE: Duration = Duration::from_secs(1);
pub(crate) const SHARDS: u32 = 32;

pub(crate) struct Site {
    pub(crate) name: ClusterName,
    urls: Vec<String>,
    pub(crate) replicas: u8,
}

pub(crate) fn server() -> &'static Shared {
    shared().unwrap()
}

pub(crate) fn id(text: &str) -> NodeId {
    NodeId::new(text).unwrap()
}

impl Site {
    /// A cluster of its own on the shared server, or servers.
    pub(crate) fn new() -> Self {
        let replicas = u8::try_from(server().replicas()).unwrap();
        Self::on(server().urls(), replicas)
    }

    pub(crate) fn on(urls: Vec<String>, replicas: u8) -> Self {
        let name = format!("test-{}", uuid::Uuid::now_v7().simple());
        Self { name: ClusterName::new(name).unwrap(), urls, replicas }
    }

    pub(crate) fn stream(&self) -> String {
        format!("KV_aether-cluster-{}", self.name)
    }

    pub(crate) async fn connect(&self) -> Client {
        async_nats::connect(&self.urls).await.unwrap()
    }

    /// A node on a connection of its own.
    pub(crate) async fn builder(&self, node: &str) -> ClusterBuilder {
        self.builder_on(self.connect().await, node)
    }

    pub(crate) fn builder_on(&self, client: Client, node: &str) -> ClusterBuilder {
        let policy = Policy { cool_down: Duration::ZERO, percent_at_once: 100, ..Policy::default() };
        Cluster::builder(client, self.name.clone())
            .node(id(node))
            .shards(ShardCount::new(SHARDS).unwrap())
            .lease(LEASE)
            .policy(policy)
            .replicas(self.replicas)
            .join_within(PATIENCE)
    }

    pub(crate) async fn join(&self, node: &str) -> Cluster {
        self.builder(node).await.join().await.unwrap()
    }

    /// Nodes `a`, `b`, `c` and so on, when each shard is where it belongs.
    pub(crate) async fn nodes<const N: usize>(&self) -> [Cluster; N] {
        let mut nodes = Vec::new();
        for name in ["a", "b", "c", "d"].into_iter().take(N) {
            nodes.push(self.join(name).await);
        }
        settled(&nodes).await;
        nodes.try_into().unwrap()
    }

    /// How many consumers the bucket has.
    pub(crate) async fn consumers(&self, client: &Client) -> u64 {
        let request = client.request(format!("$JS.API.STREAM.INFO.{}", self.stream()), "".into());
        let Ok(Ok(answer)) = timeout(Duration::from_secs(2), request).await else { return u64::MAX };
        let info: Value = serde_json::from_slice(&answer.payload).unwrap();
        info["state"]["consumer_count"].as_u64().unwrap_or(u64::MAX)
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Who owns how many shards, by what a node sees.
pub(crate) fn owned(cluster: &Cluster) -> BTreeMap<String, usize> {
    let status = cluster.status();
    status.shards_by_owner.into_iter().map(|(node, count)| (node.to_string(), count)).collect()
}

/// Whether these nodes agree on one leader and one map, in which they own everything, as evenly as can be.
pub(crate) fn agree(nodes: &[Cluster]) -> bool {
    let first = &nodes[0];
    let spread: Vec<_> = nodes.iter().map(|node| node.owned().len()).collect();
    let is_even = spread.iter().max().unwrap() - spread.iter().min().unwrap() <= 1;
    let is_whole = spread.iter().sum::<usize>() == SHARDS as usize;
    let is_one = nodes.iter().all(|node| {
        node.leader().is_some() && node.leader() == first.leader() && node.shard_map() == first.shard_map()
    });
    let is_settled = first.shard_map().iter().all(aether_cluster::ShardPlace::is_settled);
    let knows_all = nodes.iter().all(|node| node.members().alive().count() == nodes.len());
    is_even && is_whole && is_one && is_settled && knows_all && nodes.iter().all(Cluster::is_serving)
}

pub(crate) async fn settled(nodes: &[Cluster]) {
    let deadline = Instant::now() + PATIENCE;
    while !agree(nodes) {
        if Instant::now() >= deadline {
            let statuses: Vec<_> =
                nodes.iter().map(|node| serde_json::to_string(&node.status()).unwrap()).collect();
            panic!("the nodes do not agree:\n{}", statuses.join("\n"));
        }
        sleep(Duration::from_millis(5)).await;
    }
}
