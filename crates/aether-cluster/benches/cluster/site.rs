//! Clusters to measure with.

use aether_bench::Result;
use aether_cluster::placement::{
    Node, NodeId, Nodes, Plan, Policy, ShardCount, ShardMap, Wanted, Weight, plan,
};

pub(crate) fn node(name: impl std::fmt::Display) -> Result<Node> {
    Ok(Node::new(NodeId::new(format!("node-{name}"))?))
}

pub(crate) fn nodes(count: usize) -> Result<Nodes> {
    (0..count).map(node).collect()
}

pub(crate) fn weighing(node: Node, weight: u16) -> Result<Node> {
    Ok(node.weight(Weight::new(weight)?))
}

pub(crate) fn empty(shards: u32) -> Result<ShardMap> {
    Ok(ShardMap::new(ShardCount::new(shards)?))
}

/// A plan whose moves are all made at once.
pub(crate) fn unthrottled(map: &ShardMap, nodes: &Nodes) -> Plan {
    let policy = Policy { at_once: u32::MAX, percent_at_once: 100, ..Policy::default() };
    plan(map, &Wanted { policy, ..Wanted::new(nodes.clone()) })
}

pub(crate) fn settled(shards: u32, nodes: &Nodes) -> Result<ShardMap> {
    let map = empty(shards)?;
    Ok(map.after(&unthrottled(&map, nodes)))
}
