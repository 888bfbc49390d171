//! How long it takes to move a shard in which nothing happens, as planned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aether_bench::{Figures, Goal, Program, Report, Result, percentile};
use aether_cluster::placement::{NodeId, Policy, Shard};
use aether_cluster::{Cluster, Handled, Message, Ownership, ShardHost};
use aether_nats_harness::Server;
use async_nats::{Client, Subscriber};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::sleep;

use crate::goals::{MOVE, MOVES_AT_ONCE};
use crate::live::{builder, quiet, settled};

/// What a move may take, in milliseconds.
const MOST: f64 = 100.0;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    let rows: [(&Goal, u32); 2] = [(&MOVE, 1), (&MOVES_AT_ONCE, Policy::default().at_once)];
    for (goal, at_once) in rows {
        let figures = async || {
            let moves = moves(at_once, program.choose(4, 1)).await?;
            eprintln!("    {} moves", moves.len());
            Ok([Figures { ours: percentile(moves, 99), baseline: MOST }])
        };
        report.measure(program, [goal], figures).await;
    }
}

/// Drains one of three nodes and opens it again, so often. Returns how many milliseconds each move took: from when the server took
/// the plan in until the target's host served.
async fn moves(at_once: u32, times: usize) -> Result<Vec<f64>> {
    let server = Server::start()?;
    let times_of = Arc::new(Times::default());
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        let node = NodeId::new(name)?;
        let host = Idle { node: node.clone(), times: Arc::clone(&times_of) };
        let policy = Policy { cool_down: Duration::ZERO, at_once, ..Policy::default() };
        let builder = builder(&server.url(), "moves", name).await?;
        nodes.push(builder.policy(policy).host(host).join().await?);
    }
    let [leader, _, last] = &nodes[..] else { return Err("three nodes".into()) };
    quiet(leader, 3).await?;
    let client = async_nats::connect(server.url()).await?;
    let watching = tokio::spawn(listen(plans(&client).await?, Arc::clone(&times_of)));
    for _ in 0..times {
        there_and_back(leader, &last.me().node).await?;
    }
    watching.abort();
    Ok(times_of.took())
}

/// All shards of a node go to the others, and as many come back.
async fn there_and_back(leader: &Cluster, node: &NodeId) -> Result {
    leader.drain(node).await?;
    while leader.shard_map().owned_by(node).next().is_some() {
        sleep(Duration::from_millis(10)).await;
    }
    leader.uncordon(node).await?;
    settled(leader, 3).await
}

/// The plans, as they come to the server.
async fn plans(client: &Client) -> Result<Subscriber> {
    let plans = client.subscribe("$KV.aether-cluster-moves.plan").await?;
    client.flush().await?;
    Ok(plans)
}

#[derive(Deserialize)]
struct PlanRecord {
    targets: Vec<Option<NodeId>>,
}

async fn listen(mut plans: Subscriber, times: Arc<Times>) -> Result {
    while let Some(plan) = plans.next().await {
        times.planned(serde_json::from_slice(&plan.payload)?, Instant::now());
    }
    Ok(())
}

/// When what was planned, and when it was done.
#[derive(Debug, Default)]
struct Times(Mutex<Moves>);

#[derive(Debug, Default)]
struct Moves {
    targets: Vec<Option<NodeId>>,
    planned: HashMap<Shard, (NodeId, Instant)>,
    /// Milliseconds.
    took: Vec<f64>,
}

impl Times {
    fn planned(&self, plan: PlanRecord, now: Instant) {
        let Moves { targets, planned, .. } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(targets, plan.targets);
        // Of the first plan that is heard it is not known since when it says what.
        for ((shard, target), before) in (0..).map(Shard::new).zip(targets.iter()).zip(before) {
            match target {
                Some(target) if before.as_ref() != Some(target) => {
                    planned.insert(shard, (target.clone(), now));
                }
                _ => {}
            }
        }
    }

    fn served(&self, shard: Shard, node: &NodeId) {
        let now = Instant::now();
        let Moves { planned, took, .. } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, since)) = planned.remove(&shard).filter(|(target, _)| target == node) {
            took.push(now.saturating_duration_since(since).as_secs_f64() * 1e3);
        }
    }

    fn took(&self) -> Vec<f64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).took)
    }
}

/// A host in whose shards nothing happens.
struct Idle {
    node: NodeId,
    times: Arc<Times>,
}

impl ShardHost for Idle {
    async fn serve(&self, ownership: &Ownership) {
        self.times.served(ownership.shard(), &self.node);
    }

    async fn handle(&self, _: &Ownership, message: Message) -> Handled {
        Handled::NotBegun(message)
    }
}
