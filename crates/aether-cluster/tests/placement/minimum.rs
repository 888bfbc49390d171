//! The fewest moves to what is right.

use aether_cluster::placement::{Labels, Node, Nodes, Share, Standing, Zones};
use proptest::prelude::*;

use crate::oracle::{fewest_moves, fewest_to_even_out, is_right};
use crate::site::{any_map, any_nodes, any_zones, empty, held, id, node, nodes, planned, settled};

fn open(nodes: Nodes) -> Nodes {
    nodes.into_iter().map(|node| node.standing(Standing::Open)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every way to give each shard to a node was tried: none that is right moves fewer.
    #[test]
    fn no_right_map_is_nearer(map in any_map(1_u32..=5, 4), nodes in any_nodes(1..=4), zones in any_zones()) {
        let nodes = open(nodes);
        let plan = planned(&map, &nodes, zones);
        let after = map.after(&plan);
        prop_assert!(is_right(&held(&after, &nodes), &nodes, zones), "{plan}");
        prop_assert_eq!(plan.moves.len(), fewest_moves(&map, &nodes, zones), "{}", plan);
    }
}

proptest! {
    #[test]
    fn nodes_come_to_hold_their_quotas_and_quotas_are_right(
        map in any_map(1_u32..=600, 12), nodes in any_nodes(1..=12), zones in any_zones(),
    ) {
        let nodes = open(nodes);
        let plan = planned(&map, &nodes, zones);
        let quotas: Vec<usize> = plan.shares.iter().map(|share| share.quota).collect();
        prop_assert!(is_right(&quotas, &nodes, zones));
        prop_assert_eq!(quotas, held(&map.after(&plan), &nodes));
    }

    #[test]
    fn moves_are_what_quotas_lack(map in any_map(1_u32..=600, 12), nodes in any_nodes(1..=12), zones in any_zones()) {
        let plan = planned(&map, &nodes, zones);
        let lacking = |share: &Share| share.quota.saturating_sub(share.held);
        prop_assert_eq!(plan.moves.len(), plan.shares.iter().map(lacking).sum::<usize>());
        // Each one goes from above a quota, or from nobody, to below one.
        for of in &plan.moves {
            let share = |node| plan.shares.iter().find(|share| share.node == node).unwrap();
            prop_assert!(lacking(share(of.to.clone())) > 0);
            prop_assert!(of.from.clone().is_none_or(|from| share(from.clone()).held > share(from).quota));
        }
    }

    #[test]
    fn what_is_right_stays(map in any_map(1_u32..=600, 12), nodes in any_nodes(1..=12), zones in any_zones()) {
        let after = map.after(&planned(&map, &nodes, zones));
        let again = planned(&after, &nodes, zones);
        prop_assert!(again.is_empty(), "{again}");
    }

    /// A bound that came down with what a node held would give others more, and they would move again.
    #[test]
    fn cordoned_nodes_that_came_down_to_their_parts_leave_others_alone(
        map in any_map(1_u32..=600, 10), nodes in any_nodes(2..=10), zones in any_zones(),
    ) {
        let cordoned = |(at, node): (usize, Node)| {
            node.standing(if at % 2 == 0 { Standing::Cordoned } else { Standing::Open })
        };
        let nodes = nodes.into_iter().enumerate().map(cordoned).collect();
        let after = map.after(&planned(&map, &nodes, zones));
        let again = planned(&after, &nodes, zones);
        prop_assert!(again.is_empty(), "{again}");
    }

    #[test]
    fn one_join_or_leave_among_equals_moves_the_fewest(shards in 1_u32..=600, count in 1_usize..40, leaver in 0_usize..40) {
        let before = nodes(count);
        let map = settled(shards, &before);
        let mut joined = before.clone();
        joined.insert(node(count, 100));
        let mut had = held(&map, &before);
        had.push(0);
        prop_assert_eq!(planned(&map, &joined, Zones::Ignored).moves.len(), fewest_to_even_out(&had, shards as usize));
        prop_assume!(count > 1);
        let mut left = before.clone();
        left.remove(&id(leaver % count));
        let plan = planned(&map, &left, Zones::Ignored);
        prop_assert_eq!(plan.moves.len(), fewest_to_even_out(&held(&map, &left), shards as usize));
        // Each shard of the leaver, and no other one.
        prop_assert_eq!(plan.moves.len(), map.held_by(&id(leaver % count)).count());
    }

    /// By a formula of its own: what one weight more or less makes due, with rounding a shard per node at the most.
    #[test]
    fn a_weight_that_changes_moves_what_it_makes_due(shards in 1_u32..=600, count in 2_usize..20, weight in 1_u16..=1_000) {
        let before = nodes(count);
        let map = settled(shards, &before);
        let mut after = before.clone();
        after.insert(node(0, weight));
        let plan = planned(&map, &after, Zones::Ignored);
        let share = |of: u16| f64::from(shards) * f64::from(of) / (100.0 * (count - 1) as f64 + f64::from(of));
        let due = (share(weight) - share(100)).abs();
        prop_assert!((plan.moves.len() as f64) < due + count as f64, "{} for {due}", plan.moves.len());
        prop_assert!(is_right(&held(&map.after(&plan), &after), &after, Zones::Ignored));
    }

    #[test]
    fn draining_nodes_give_all_and_cordoned_ones_take_nothing(map in any_map(1_u32..=300, 8), nodes in any_nodes(1..=8), zones in any_zones()) {
        let plan = planned(&map, &nodes, zones);
        let after = map.after(&plan);
        let is_open = nodes.iter().any(|node| node.standing == Standing::Open);
        for node in nodes.iter() {
            let (before, after) = (map.held_by(&node.id).count(), after.held_by(&node.id).count());
            match node.standing {
                Standing::Open => {}
                Standing::Cordoned => prop_assert!(after <= before),
                Standing::Draining => prop_assert_eq!(after, if is_open { 0 } else { before }),
            }
        }
        prop_assert_eq!(plan.unplaced.is_empty(), is_open || map.places().all(|(_, place)| {
            let owner = place.owner.as_ref().and_then(|owner| nodes.get(owner));
            owner.is_some_and(|owner| owner.standing == Standing::Cordoned)
        }));
    }
}

#[test]
fn a_node_that_is_cordoned_among_equals_moves_nothing() {
    let mut nodes = nodes(7);
    let map = settled(256, &nodes);
    nodes.insert(node(3, 100).standing(Standing::Cordoned));
    assert!(planned(&map, &nodes, Zones::Ignored).is_empty());
}

#[test]
fn zones_hold_the_same_whatever_their_nodes() {
    let zones = ["a", "a", "a", "b", "c"];
    let nodes = zones
        .iter()
        .enumerate()
        .map(|(number, zone)| node(number, 100).labels(Labels::in_zone(*zone).unwrap()));
    let nodes = nodes.collect();
    let map = empty(90);
    let even = map.after(&planned(&map, &nodes, Zones::Even));
    assert_eq!(held(&even, &nodes), [10, 10, 10, 30, 30]);
    let ignored = map.after(&planned(&map, &nodes, Zones::Ignored));
    assert_eq!(held(&ignored, &nodes), [18; 5]);
}
