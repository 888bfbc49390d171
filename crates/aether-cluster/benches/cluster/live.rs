//! Clusters that live, on a server of their own.

use std::time::{Duration, Instant};

use aether_bench::Result;
use aether_cluster::placement::{NodeId, Policy};
use aether_cluster::{Cluster, ClusterBuilder, ClusterName, ShardPlace, Watching};
use async_nats::Client;
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

/// The lease of all clusters that are measured: the usual one.
pub(crate) const LEASE: Duration = Duration::from_secs(1);

/// So long anything may take before a row is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says how a node joins. Nothing waits for the ends of earlier rebalancings; everything else is as usual.
pub(crate) async fn builder(url: &str, cluster: &str, node: &str) -> Result<ClusterBuilder> {
    builder_on(async_nats::connect(url).await?, cluster, node)
}

pub(crate) fn builder_on(client: Client, cluster: &str, node: &str) -> Result<ClusterBuilder> {
    let policy = Policy { cool_down: Duration::ZERO, ..Policy::default() };
    let builder = Cluster::builder(client, ClusterName::new(cluster)?).node(NodeId::new(node)?);
    Ok(builder.lease(LEASE).policy(policy).join_within(PATIENCE))
}

/// Waits until something that is shown is so, and returns when that was seen.
pub(crate) async fn seen<T>(mut shown: Watching<T>, is_so: impl Fn(&T) -> bool) -> Result<Instant> {
    let looking = async {
        while let Some(value) = shown.next().await {
            if is_so(&value) {
                return Ok(Instant::now());
            }
        }
        Err("the node has ended".into())
    };
    timeout(PATIENCE, looking).await?
}

/// Waits until so many nodes are there, somebody leads, and each shard is where it is to be, as this node sees it.
pub(crate) async fn settled(observer: &Cluster, nodes: usize) -> Result {
    let deadline = Instant::now() + PATIENCE;
    while !is_settled(observer, nodes) {
        if Instant::now() >= deadline {
            return Err(format!("the cluster does not settle: {:?}", observer.status()).into());
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Waits until nothing has been on its way for two leases: standbys then have watched for long enough to take over.
pub(crate) async fn quiet(observer: &Cluster, nodes: usize) -> Result {
    loop {
        settled(observer, nodes).await?;
        let before = observer.shard_map();
        sleep(2 * LEASE).await;
        if is_settled(observer, nodes) && before == observer.shard_map() {
            return Ok(());
        }
    }
}

fn is_settled(observer: &Cluster, nodes: usize) -> bool {
    let places = observer.shard_map();
    let is_placed = places.iter().all(|place| place.owner.is_some() && ShardPlace::is_settled(place));
    let owned: Vec<usize> =
        observer.members().alive().map(|member| places.owned_by(&member.node).count()).collect();
    let is_even = owned.iter().max().zip(owned.iter().min()).is_some_and(|(most, least)| most - least <= 1);
    owned.len() == nodes && is_even && is_placed && observer.leader().is_some()
}
