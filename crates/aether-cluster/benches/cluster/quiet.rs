//! What a cluster costs in which nothing happens.

use std::time::{Duration, Instant};

use aether_bench::{Figures, Program, Report, Result};
use aether_cluster::placement::NodeId;
use aether_nats_harness::Server;
use async_nats::Client;
use serde::Deserialize;
use tokio::time::sleep;

use crate::goals::{QUIET_FOLLOWER, QUIET_LEADER, QUIET_PROCESSOR};
use crate::live::{builder, quiet};
use crate::process::Process;

/// A leader, two standbys and followers; one more follower looks on.
const PROCESSES: [&str; 5] = ["a", "b", "c", "d", "e"];
const NODES: usize = PROCESSES.len() + 1;

/// What a follower may have: messages a second, percent of a core.
const MOST_MESSAGES: f64 = 10.0;
const MOST_PROCESSOR: f64 = 0.2;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    let rows = [&QUIET_FOLLOWER, &QUIET_PROCESSOR, &QUIET_LEADER];
    let time = Duration::from_secs(program.choose(60, 15));
    report.measure(program, rows, async || figures(time).await).await;
}

async fn figures(time: Duration) -> Result<[Figures; 3]> {
    let server = Server::start()?;
    let mut processes = Vec::new();
    for node in PROCESSES {
        processes.push(Process::start(&server.url(), "quiet", node).await?);
    }
    let client = async_nats::connect(server.url()).await?;
    let observer = builder(&server.url(), "quiet", "observer").await?.join().await?;
    quiet(&observer, NODES).await?;
    let leader = observer.leader().ok_or("nobody leads")?.node.node;
    let watching = standbys(&client).await?.into_iter().chain([leader]).collect::<Vec<_>>();
    let used = used(&mut processes, time).await?;
    let most = |of: fn(&Used) -> f64, leads: bool| {
        let some = used.iter().filter(|used| watching.contains(&used.node) == leads);
        some.map(of).fold(0.0, f64::max)
    };
    let baseline = MOST_MESSAGES + 6.0 * NODES as f64;
    Ok([
        Figures { ours: most(|used| used.messages, false), baseline: MOST_MESSAGES },
        Figures { ours: most(|used| used.processor, false), baseline: MOST_PROCESSOR },
        Figures { ours: most(|used| used.messages, true), baseline },
    ])
}

/// What a node had.
struct Used {
    node: NodeId,
    /// In a second.
    messages: f64,
    /// Percent of a core.
    processor: f64,
}

async fn used(processes: &mut [Process], time: Duration) -> Result<Vec<Used>> {
    let mut before = Vec::new();
    for process in processes.iter_mut() {
        before.push((Instant::now(), process.used()?));
    }
    sleep(time).await;
    let mut used = Vec::new();
    for (process, (since, before)) in processes.iter_mut().zip(before) {
        let (seconds, after) = (since.elapsed().as_secs_f64(), process.used()?);
        let messages = (after.messages - before.messages) / seconds;
        let processor = (after.processor - before.processor) / seconds * 100.0;
        eprintln!("    {}: {messages:.2} messages/s, {processor:.3} % of a core", process.node);
        used.push(Used { node: process.node.clone(), messages, processor });
    }
    Ok(used)
}

#[derive(Deserialize)]
struct MembersRecord {
    standbys: Vec<NodeId>,
}

/// Who stands by, as it stands in the bucket.
async fn standbys(client: &Client) -> Result<Vec<NodeId>> {
    let key = "$KV.aether-cluster-quiet.members";
    let subject = format!("$JS.API.DIRECT.GET.KV_aether-cluster-quiet.{key}");
    let found = client.request(subject, "".into()).await?;
    let members: MembersRecord = serde_json::from_slice(&found.payload)?;
    Ok(members.standbys)
}
