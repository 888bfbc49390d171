//! What is right, found by trying everything: none of the code that is tested.

use std::collections::BTreeMap;

use aether_cluster::placement::{Nodes, ShardMap, Standing, Zones};

/// Says whether each of these counts is its exact part of the total by weight, rounded down or up.
fn is_by_weight(counts: &[usize], weights: &[u64]) -> bool {
    let (total, weight): (usize, u64) = (counts.iter().sum(), weights.iter().sum());
    counts.iter().zip(weights).all(|(count, of)| {
        let (count, due) = (*count as u64 * weight, total as u64 * of);
        count < due + weight && due < count + weight
    })
}

/// Says whether open nodes that hold so many each hold what they ought to.
pub(crate) fn is_right(counts: &[usize], nodes: &Nodes, zones: Zones) -> bool {
    assert!(nodes.iter().all(|node| node.standing == Standing::Open));
    let mut by_zone: BTreeMap<Option<&str>, (Vec<usize>, Vec<u64>)> = BTreeMap::new();
    for (node, count) in nodes.iter().zip(counts) {
        let zone = node.labels.zone().filter(|_| zones == Zones::Even);
        let (counts, weights) = by_zone.entry(zone).or_default();
        counts.push(*count);
        weights.push(u64::from(node.weight.get()));
    }
    let totals: Vec<usize> = by_zone.values().map(|(counts, _)| counts.iter().sum()).collect();
    is_by_weight(&totals, &vec![1; totals.len()])
        && by_zone.values().all(|(counts, weights)| is_by_weight(counts, weights))
}

/// The fewest shards that change their owner until all is right, of all ways to give each shard to a node.
pub(crate) fn fewest_moves(map: &ShardMap, nodes: &Nodes, zones: Zones) -> usize {
    let owners: Vec<Option<usize>> = map
        .places()
        .map(|(_, place)| nodes.iter().position(|node| Some(&node.id) == place.owner.as_ref()))
        .collect();
    let ways = nodes.len().pow(u32::try_from(owners.len()).unwrap());
    let mut fewest = usize::MAX;
    for way in 0..ways {
        let (mut counts, mut moves, mut rest) = (vec![0; nodes.len()], 0, way);
        for owner in &owners {
            counts[rest % nodes.len()] += 1;
            moves += usize::from(*owner != Some(rest % nodes.len()));
            rest /= nodes.len();
        }
        if moves < fewest && is_right(&counts, nodes, zones) {
            fewest = moves;
        }
    }
    fewest
}

/// The fewest moves that even out nodes of one weight: those that hold most keep one more, where not all can be the same.
pub(crate) fn fewest_to_even_out(held: &[usize], shards: usize) -> usize {
    let mut held = held.to_vec();
    held.sort_unstable_by(|a, b| b.cmp(a));
    let (least, more) = (shards / held.len(), shards % held.len());
    held.iter().enumerate().map(|(at, held)| (least + usize::from(at < more)).saturating_sub(*held)).sum()
}
