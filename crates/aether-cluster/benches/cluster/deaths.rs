//! How long a cluster is without a leader, and its shards without owners, when a process is killed.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, percentile};
use aether_cluster::placement::NodeId;
use aether_cluster::{Cluster, ShardPlaces};
use aether_nats_harness::Server;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use crate::goals::{FAILOVER, ORPHANS};
use crate::live::{LEASE, builder, quiet, seen};
use crate::process::Process;

/// So many clusters live side by side.
const SIDE_BY_SIDE: usize = 4;

/// What a shard without an owner may take, in milliseconds.
const MOST: f64 = 2_200.0;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    let rows = [&FAILOVER, &ORPHANS];
    report
        .measure(program, rows, async || {
            let server = Server::start()?;
            let clusters = program.choose(50, 8);
            eprintln!("    the leader and another node killed in each of {clusters} clusters");
            let each = (0..clusters).map(|number| tokio::spawn(cluster(server.url(), number)));
            let rounds = stream::iter(each).buffer_unordered(SIDE_BY_SIDE);
            let rounds: Vec<Round> = rounds.map(|round| round?).try_collect().await?;
            Ok(figures(&rounds))
        })
        .await;
}

/// How long it took in one cluster, in seconds.
struct Round {
    /// Until another node led.
    leader: f64,
    /// Until the last shard of a leader that was killed had another owner, and of a node that did not lead.
    shards: [f64; 2],
}

fn figures(rounds: &[Round]) -> [Figures; 2] {
    let leaders = rounds.iter().map(|round| round.leader / LEASE.as_secs_f64()).collect();
    let shards = rounds.iter().flat_map(|round| round.shards).map(|seconds| seconds * 1e3).collect();
    [
        Figures { ours: percentile(leaders, 99), baseline: 1.0 },
        Figures { ours: percentile(shards, 99), baseline: MOST },
    ]
}

async fn cluster(url: String, number: usize) -> Result<Round> {
    let name = format!("deaths-{number}");
    let mut nodes = Vec::new();
    for node in ["a", "b", "c"] {
        nodes.push(Process::start(&url, &name, node).await?);
    }
    // The last of four: the first one leads, and two stand by.
    let observer = builder(&url, &name, "observer").await?.join().await?;
    quiet(&observer, 4).await?;
    let leader = leader(&observer)?;
    let [until_led, of_leader] = kill(&observer, &mut nodes, |node| *node == leader).await?;
    quiet(&observer, 3).await?;
    let leader = self::leader(&observer)?;
    let [_, of_other] = kill(&observer, &mut nodes, |node| *node != leader).await?;
    Ok(Round { leader: until_led, shards: [of_leader, of_other] })
}

fn leader(observer: &Cluster) -> Result<NodeId> {
    Ok(observer.leader().ok_or("nobody leads")?.node.node)
}

/// Kills a node at any moment between two renewals. Returns how many seconds later one that lives led, and owned each shard.
async fn kill(
    observer: &Cluster,
    nodes: &mut Vec<Process>,
    which: impl Fn(&NodeId) -> bool,
) -> Result<[f64; 2]> {
    let at = nodes.iter().position(|process| which(&process.node)).ok_or("no such process")?;
    let mut process = nodes.swap_remove(at);
    let (one, two) = (process.node.clone(), process.node.clone());
    let led = seen(observer.watch_leader(), move |leader| {
        leader.as_ref().is_some_and(|leader| leader.node.node != one)
    });
    let owned = seen(observer.watch_shard_map(), move |places| is_without(places, &two));
    sleep(LEASE.mul_f64(fastrand::f64() / 3.0)).await;
    let killed = Instant::now();
    process.kill()?;
    let (led, owned) = tokio::try_join!(led, owned)?;
    Ok([led, owned].map(|seen| seen.saturating_duration_since(killed).as_secs_f64()))
}

/// Whether each shard has an owner, and none of them is that node.
fn is_without(places: &ShardPlaces, node: &NodeId) -> bool {
    places.iter().all(|place| place.owner.as_ref().is_some_and(|owner| owner.node != *node))
}
