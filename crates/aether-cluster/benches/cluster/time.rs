//! How long a plan takes.

use std::hint::black_box;
use std::time::Instant;

use aether_bench::{Figures, Goal, Program, Report, Result, median};
use aether_cluster::placement::{Nodes, ShardMap, Wanted, plan};

use crate::goals::{FIRST, JOIN, LEAVE, REWEIGHT};
use crate::site::{empty, node, nodes, settled, weighing};

const SHARDS: u32 = 4_096;
const NODES: usize = 100;
/// Milliseconds.
const MOST: f64 = 10.0;

/// A map, and the nodes to plan for.
type Change = (ShardMap, Nodes);

type Row = (&'static Goal, fn() -> Result<Change>);

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    let rows: [Row; 4] = [(&JOIN, join), (&LEAVE, leave), (&REWEIGHT, reweight), (&FIRST, first)];
    for (goal, change) in rows {
        let figures = async || {
            let (map, there) = change()?;
            Ok([Figures { ours: milliseconds(&map, there, program.choose(1_001, 201)), baseline: MOST }])
        };
        report.measure(program, [goal], figures).await;
    }
}

/// The median of so many plans.
fn milliseconds(map: &ShardMap, there: Nodes, times: usize) -> f64 {
    let wanted = Wanted::new(there);
    let turns = (0..times).map(|_| {
        let started = Instant::now();
        black_box(plan(black_box(map), black_box(&wanted)));
        started.elapsed().as_secs_f64() * 1e3
    });
    median(turns.collect())
}

fn join() -> Result<Change> {
    let mut there = nodes(NODES - 1)?;
    let map = settled(SHARDS, &there)?;
    there.insert(node("new")?);
    Ok((map, there))
}

fn leave() -> Result<Change> {
    let mut there = nodes(NODES)?;
    let map = settled(SHARDS, &there)?;
    there.remove(&node(NODES / 2)?.id);
    Ok((map, there))
}

/// To 1 to 100, so that nearly all nodes give or take many.
fn reweight() -> Result<Change> {
    let there = nodes(NODES)?;
    let map = settled(SHARDS, &there)?;
    let reweighted = there.into_iter().zip(1..).map(|(node, weight)| weighing(node, weight));
    Ok((map, reweighted.collect::<Result<Nodes>>()?))
}

fn first() -> Result<Change> {
    Ok((empty(SHARDS)?, nodes(NODES)?))
}
