//! A plan for simulations: who has a shard keeps it, unless somebody has two more than somebody else.

use aether_cluster::protocol::{Candidate, NodeId};

pub(crate) fn evenly(current: &[Option<NodeId>], nodes: &[Candidate]) -> Vec<Option<NodeId>> {
    let takers: Vec<_> = nodes.iter().filter(|node| node.takes).map(|node| &node.node).collect();
    let is_taker = |node: &&NodeId| takers.contains(node);
    let mut targets: Vec<_> = current.iter().map(|node| node.as_ref().filter(is_taker).cloned()).collect();
    if takers.is_empty() {
        return targets;
    }
    loop {
        let count = |node: &NodeId| targets.iter().flatten().filter(|target| *target == node).count();
        let least = *takers.iter().min_by_key(|node| count(node)).unwrap();
        let most = *takers.iter().max_by_key(|node| count(node)).unwrap();
        let moves = match targets.iter().position(Option::is_none) {
            Some(orphan) => Some(orphan),
            None if count(most) > count(least) + 1 => {
                targets.iter().position(|target| target.as_ref() == Some(most))
            }
            None => None,
        };
        let Some(shard) = moves else { return targets };
        targets[shard] = Some(least.clone());
    }
}
