//! How fast: orphans at once, others by the throttle and the cool-down.

use std::time::Duration;

use aether_cluster::placement::{
    Node, Nodes, Place, Plan, Policy, Shard, ShardMap, Standing, Wait, Wanted, Zones, plan,
};
use proptest::prelude::*;

use crate::site::{any_map, any_nodes, any_zones, empty, held, id, node, nodes, planned, settled};

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn wanted(nodes: &Nodes, zones: Zones) -> Wanted {
    Wanted { policy: Policy { zones, ..Policy::default() }, ..Wanted::new(nodes.clone()) }
}

proptest! {
    #[test]
    fn the_throttle_holds_and_orphans_are_placed_first_and_at_once(
        map in any_map(1_u32..=600, 12), nodes in any_nodes(0..=12), zones in any_zones(),
    ) {
        let wanted = wanted(&nodes, zones);
        let plan = plan(&map, &wanted);
        let between = plan.moves.iter().filter(|of| of.from.is_some()).count();
        prop_assert!(between <= wanted.policy.limit(map.count()));
        prop_assert!(plan.later.is_empty() || between == wanted.policy.limit(map.count()));
        prop_assert!(plan.moves.is_sorted_by_key(|of| of.from.is_some()));
        prop_assert!(plan.later.iter().all(|later| later.of.from.is_some()));
        let is_gone = |place: &Place| place.owner.as_ref().is_none_or(|owner| nodes.get(owner).is_none());
        let orphans = map.places().filter(|(_, place)| is_gone(place)).count();
        let placed = plan.moves.len() - between;
        prop_assert_eq!(placed, if nodes.iter().any(|node| node.standing == Standing::Open) { orphans } else { 0 });
    }

    #[test]
    fn throttled_steps_end_and_move_no_more_than_one_step_would(
        map in any_map(1_u32..=300, 8), nodes in any_nodes(0..=8), zones in any_zones(),
    ) {
        let fewest = planned(&map, &nodes, zones).moves.len();
        let (mut map, mut moves) = (map, 0);
        for _ in 0..=fewest {
            let plan = plan(&map, &wanted(&nodes, zones));
            moves += plan.moves.len();
            map = map.after(&plan);
        }
        let rest = plan(&map, &wanted(&nodes, zones));
        prop_assert!(rest.is_empty(), "{rest}");
        prop_assert_eq!(moves, fewest);
    }

    /// Moves end in any order, nodes come and go meanwhile; when they no longer do, it comes to rest, with quotas held.
    #[test]
    fn with_moves_under_way_and_nodes_that_change_it_comes_to_rest(
        map in any_map(1_u32..=200, 6), changes in proptest::collection::vec(any_nodes(0..=6), 1..5), zones in any_zones(), seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut map = map;
        let last = changes.last().unwrap().clone();
        for nodes in changes.iter().chain(std::iter::repeat_n(&last, 400)) {
            let plan = plan(&map, &wanted(nodes, zones));
            let between = plan.moves.iter().filter(|of| of.from.is_some()).count();
            // What was begun for other nodes is not cut short, but nothing is begun on top of it.
            prop_assert!(between == 0 || plan.under_way + between <= Policy::default().limit(map.count()));
            map.begin(&plan);
            arrive(&mut map, |_| random.bool());
            let arrived = map.places().all(|(_, place)| place.target.is_none());
            if *nodes == last && plan.is_empty() && arrived {
                break;
            }
        }
        let rest = plan(&map, &wanted(&last, zones));
        prop_assert!(rest.is_empty() && rest.under_way == 0, "{rest}");
        let quotas: Vec<usize> = rest.shares.iter().map(|share| share.quota).collect();
        if last.iter().any(|node| node.standing == Standing::Open) {
            prop_assert_eq!(quotas, held(&map, &last));
        }
    }
}

/// What is on its way arrives, as far as it is chosen.
fn arrive(map: &mut ShardMap, mut choose: impl FnMut(Shard) -> bool) {
    let targets: Vec<_> = map.places().map(|(shard, place)| (shard, place.target.clone())).collect();
    for (shard, target) in targets {
        if target.is_some() && choose(shard) {
            map.set_owner(shard, target);
        }
    }
}

fn at(map: &ShardMap, nodes: &Nodes, at: u64, settled_at: Option<u64>) -> Plan {
    let wanted =
        Wanted { at: seconds(at), settled_at: settled_at.map(seconds), ..Wanted::new(nodes.clone()) };
    plan(map, &wanted)
}

#[test]
fn a_rebalancing_waits_for_the_cool_down_and_orphans_and_drains_do_not() {
    let mut there = nodes(4);
    let map = settled(40, &there);
    there.remove(&id(0));
    there.insert(node(1, 100).standing(Standing::Draining));
    there.insert(node(2, 300));
    let plan = at(&map, &there, 14, Some(5));
    assert!(plan.moves.iter().all(|of| of.from.is_none() || of.from == Some(id(1))));
    assert_eq!(plan.moves.len(), 14, "{plan}");
    assert_eq!(plan.settled_at, Some(seconds(5)));
    assert!(plan.later.iter().all(|later| later.waits == Wait::Throttled), "{plan}");

    let mut heavier = nodes(4);
    heavier.insert(node(2, 300));
    let waits = at(&map, &heavier, 14, Some(5));
    assert!(waits.moves.is_empty() && waits.later.len() == 10, "{waits}");
    assert!(waits.later.iter().all(|later| later.waits == Wait::CoolingDown(seconds(15))));
    assert_eq!(waits.settled_at, Some(seconds(5)));
    let begins = at(&map, &heavier, 15, Some(5));
    assert_eq!((begins.moves.len(), begins.settled_at), (4, None));
}

#[test]
fn a_rebalancing_that_has_begun_goes_on_and_cools_down_from_its_end() {
    let mut there = nodes(3);
    let mut map = settled(30, &there);
    there.insert(node(3, 100));
    let (mut settled_at, mut batches) = (Some(0), Vec::new());
    for second in 10..16 {
        let plan = at(&map, &there, second, settled_at);
        settled_at = plan.settled_at.map(|at| at.as_secs());
        batches.push((plan.moves.len(), settled_at));
        map = map.after(&plan);
    }
    assert_eq!(batches, [(3, None), (3, None), (1, None), (0, Some(13)), (0, Some(13)), (0, Some(13))]);
}

#[test]
fn what_is_under_way_counts_for_its_target_and_for_the_throttle() {
    let mut there = nodes(3);
    let mut map = settled(30, &there);
    there.insert(node(3, 100));
    let first = at(&map, &there, 0, None);
    map.begin(&first);
    let again = at(&map, &there, 1, None);
    assert_eq!((again.moves.len(), again.under_way, again.later.len()), (0, 3, 4), "{again}");
    assert_eq!(again.settled_at, None);
}

#[test]
fn a_move_to_a_node_that_is_gone_is_called_off_and_one_from_there_goes_on() {
    let mut there = nodes(3);
    let mut map = settled(30, &there);
    there.insert(node(3, 100));
    let first = at(&map, &there, 0, None);
    map.begin(&first);
    let moved = first.moves.first().unwrap().clone();
    // The target dies: all is as it was.
    let died = at(&map, &nodes(3), 1, None);
    assert_eq!((died.withdrawn.len(), died.moves.len(), died.under_way), (3, 0, 0), "{died}");
    let mut called_off = map.clone();
    called_off.begin(&died);
    assert!(at(&called_off, &nodes(3), 2, None).is_empty());
    // The source dies: its other shards are placed, and this one still goes where it was going.
    there.remove(moved.from.as_ref().unwrap());
    let died = at(&map, &there, 1, None);
    assert!(died.moves.iter().all(|of| of.shard != moved.shard));
    assert!(died.withdrawn.is_empty());
}

#[test]
fn without_nodes_that_take_shards_nothing_moves_and_the_plan_says_so() {
    let map = empty(4);
    assert_eq!(plan(&map, &Wanted::default()).unplaced.len(), 4);
    let there: Nodes = nodes(2);
    let map = settled(4, &there);
    let draining: Nodes = there.into_iter().map(|node| node.standing(Standing::Draining)).collect();
    let plan = plan(&map, &Wanted::new(draining));
    assert_eq!((plan.moves.len(), plan.unplaced.len()), (0, 4));
}

/// Three nodes at rest, and three shards on their way to a fourth one, which is then changed.
fn on_their_way_to(changed: Node) -> (Plan, ShardMap) {
    let mut there = nodes(3);
    let mut map = settled(30, &there);
    there.insert(node(3, 100));
    map.begin(&at(&map, &there, 0, None));
    there.insert(changed);
    (at(&map, &there, 1, None), map)
}

#[test]
fn moves_to_a_node_that_drains_are_called_off() {
    let (plan, mut map) = on_their_way_to(node(3, 100).standing(Standing::Draining));
    assert_eq!((plan.withdrawn.len(), plan.moves.len(), plan.under_way), (3, 0, 0), "{plan}");
    map.begin(&plan);
    assert!(map.places().all(|(_, place)| place.target.is_none()));
}

#[test]
fn what_is_on_its_way_to_a_node_that_is_due_less_moves_on_when_it_is_there() {
    let (plan, mut map) = on_their_way_to(node(3, 1));
    assert_eq!((plan.passing, plan.moves.len(), plan.under_way), (2, 0, 3), "{plan}");
    assert!(!plan.is_complete() && plan.settled_at.is_none());
    arrive(&mut map, |_| true);
    let mut there = nodes(3);
    there.insert(node(3, 1));
    let moves_on = at(&map, &there, 2, None);
    assert_eq!((moves_on.passing, moves_on.moves.len()), (0, 2), "{moves_on}");
}
