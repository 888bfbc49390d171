//! How full the fullest node is, beside placements that keep no quotas.

use std::collections::HashMap;

use aether_bench::{Figures, Program, Report, Result};
use aether_cluster::placement::{NodeId, Nodes, key_of, rendezvous};

use crate::goals::{BESIDE_RENDEZVOUS, BESIDE_RING};
use crate::site::{node, settled};

const SHARDS: u32 = 256;
const NODES: usize = 10;
const VIRTUAL: usize = 10;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    let clusters = program.choose(1_000, 100);
    let rows = [&BESIDE_RENDEZVOUS, &BESIDE_RING];
    report.measure(program, rows, async || fullest(clusters)).await;
}

/// The means over so many clusters, whose nodes have other names each.
fn fullest(clusters: usize) -> Result<[Figures; 2]> {
    let (mut ours, mut by_rendezvous, mut by_ring) = (0.0, 0.0, 0.0);
    for cluster in 0..clusters {
        let there: Nodes =
            (0..NODES).map(|number| node(format!("{cluster}-{number}"))).collect::<Result<_>>()?;
        let map = settled(SHARDS, &there)?;
        ours += fullness(map.places().filter_map(|(_, place)| place.owner.as_ref()));
        let keys = 0..u64::from(SHARDS);
        by_rendezvous += fullness(keys.filter_map(|key| rendezvous(key, &there)).map(|node| &node.id));
        by_ring += fullness(ring(&there).into_iter());
    }
    let mean = |sum: f64| sum / clusters as f64;
    Ok([by_rendezvous, by_ring].map(|baseline| Figures { ours: mean(ours), baseline: mean(baseline) }))
}

/// How many the fullest node has, by the mean.
fn fullness<'a>(owners: impl Iterator<Item = &'a NodeId>) -> f64 {
    let mut held: HashMap<&NodeId, u32> = HashMap::new();
    owners.for_each(|owner| *held.entry(owner).or_default() += 1);
    let fullest = held.values().max().copied().unwrap_or_default();
    f64::from(fullest) * NODES as f64 / f64::from(SHARDS)
}

/// The owners of the shards on a ring: each is the next virtual node's.
fn ring(there: &Nodes) -> Vec<&NodeId> {
    let virtual_nodes = there.iter().flat_map(|node| {
        (0..VIRTUAL).map(move |number| (key_of(&format!("{} {number}", node.id)), &node.id))
    });
    let mut ring: Vec<(u64, &NodeId)> = virtual_nodes.collect();
    ring.sort_unstable();
    let owner = |shard: u32| {
        let key = key_of(&format!("shard {shard}"));
        let next = ring.iter().find(|(at, _)| *at >= key).or(ring.first());
        next.map(|(_, node)| *node)
    };
    (0..SHARDS).filter_map(owner).collect()
}
