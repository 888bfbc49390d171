//! Clusters as tests write them down.

use aether_cluster::placement::{
    Labels, Node, NodeId, Nodes, Plan, Policy, ShardCount, ShardMap, Standing, Wanted, Weight, Zones, plan,
};
use proptest::prelude::*;

pub(crate) fn id(number: usize) -> NodeId {
    NodeId::new(format!("n{number}")).unwrap()
}

pub(crate) fn node(number: usize, weight: u16) -> Node {
    Node::new(id(number)).weight(Weight::new(weight).unwrap())
}

pub(crate) fn nodes(count: usize) -> Nodes {
    (0..count).map(|number| node(number, 100)).collect()
}

pub(crate) fn empty(count: u32) -> ShardMap {
    ShardMap::new(ShardCount::new(count).unwrap())
}

/// A policy under which everything moves at once.
pub(crate) fn at_once(zones: Zones) -> Policy {
    Policy { zones, at_once: u32::MAX, percent_at_once: 100, ..Policy::default() }
}

/// A plan for these nodes, of moves that are all made at once.
pub(crate) fn planned(map: &ShardMap, nodes: &Nodes, zones: Zones) -> Plan {
    let policy = at_once(zones);
    plan(map, &Wanted { policy, ..Wanted::new(nodes.clone()) })
}

/// A map in which everything is where it is to be.
pub(crate) fn settled(count: u32, nodes: &Nodes) -> ShardMap {
    let map = empty(count);
    let map = map.after(&planned(&map, nodes, Zones::Ignored));
    assert!(planned(&map, nodes, Zones::Ignored).is_empty());
    map
}

pub(crate) fn held(map: &ShardMap, nodes: &Nodes) -> Vec<usize> {
    nodes.iter().map(|node| map.held_by(&node.id).count()).collect()
}

/// Any nodes: of any weights and standings, in up to three zones.
pub(crate) fn any_nodes(counts: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Nodes> {
    let standing = prop_oneof![
        6 => Just(Standing::Open),
        1 => Just(Standing::Cordoned),
        1 => Just(Standing::Draining),
    ];
    let weight = prop_oneof![3 => Just(100_u16), 1 => 1_u16..=400];
    proptest::collection::vec((weight, standing, 0_usize..3), counts).prop_map(|nodes| {
        let numbered = nodes.into_iter().enumerate();
        numbered
            .map(|(number, (weight, standing, zone))| {
                let labels = Labels::in_zone(format!("z{zone}")).unwrap();
                node(number, weight).standing(standing).labels(if zone == 0 { Labels::new() } else { labels })
            })
            .collect()
    })
}

/// Any map: shards belong to nodes, to some that are gone, or to nobody.
pub(crate) fn any_map(counts: impl Strategy<Value = u32>, most: usize) -> impl Strategy<Value = ShardMap> {
    counts.prop_flat_map(move |count| {
        proptest::collection::vec(0..most + 3, count as usize).prop_map(move |owners| {
            let mut map = empty(count);
            for (shard, owner) in map.count().shards().zip(owners) {
                map.set_owner(shard, Some(id(owner)).filter(|_| owner < most + 2));
            }
            map
        })
    })
}

pub(crate) fn any_zones() -> impl Strategy<Value = Zones> {
    prop_oneof![Just(Zones::Ignored), Just(Zones::Even)]
}
