//! Plans say why.

use aether_cluster::placement::{Nodes, Plan, Reason, Standing, Wanted, Zones, plan};

use crate::site::{empty, id, node, nodes, planned, settled};

/// The different reasons of a plan for nodes that were changed.
fn reasons(change: impl FnOnce(&mut Nodes)) -> Vec<Reason> {
    let mut there = nodes(4);
    let map = settled(64, &there);
    change(&mut there);
    let plan = planned(&map, &there, Zones::Ignored);
    let mut reasons: Vec<Reason> = Vec::new();
    for of in plan.moves {
        if !reasons.contains(&of.reason) {
            reasons.push(of.reason);
        }
    }
    reasons
}

#[test]
fn the_table_of_reasons() {
    let is = |reasons: Vec<Reason>, expected: Reason| assert_eq!(reasons, [expected]);
    is(reasons(|there| drop(there.insert(node(4, 100)))), Reason::Joined(id(4)));
    is(reasons(|there| drop(there.remove(&id(2)))), Reason::Gone(id(2)));
    is(
        reasons(|there| drop(there.insert(node(2, 100).standing(Standing::Draining)))),
        Reason::Draining(id(2)),
    );
    is(reasons(|there| drop(there.insert(node(2, 200)))), Reason::Reweighted(id(2)));
    is(reasons(|there| drop(there.insert(node(2, 50)))), Reason::Reweighted(id(2)));
    let all = planned(&empty(8), &nodes(2), Zones::Ignored);
    assert!(all.moves.iter().all(|of| of.reason == Reason::Unowned));
}

#[test]
fn a_node_that_was_cordoned_takes_shards_again_and_the_plan_says_so() {
    let mut there = nodes(2);
    there.insert(node(2, 100).standing(Standing::Cordoned));
    let map = settled(9, &there);
    let plan = planned(&map, &nodes(3), Zones::Ignored);
    assert_eq!(plan.moves.len(), 3);
    assert!(plan.moves.iter().all(|of| of.reason == Reason::Opened(id(2))), "{plan}");
}

#[test]
fn a_cordoned_node_above_its_quota_gives_what_is_above() {
    let mut there = nodes(1);
    let map = settled(9, &there);
    there.insert(node(0, 100).standing(Standing::Cordoned));
    let map = map.after(&planned(&map, &there, Zones::Ignored));
    there.insert(node(1, 100));
    there.insert(node(2, 100));
    let plan = planned(&map, &there, Zones::Ignored);
    assert_eq!(plan.moves.len(), 6, "{plan}");
}

#[test]
fn rounding_that_moves_on_with_other_nodes_is_said_to_be_that() {
    // Of 3 shards, n0 held two; n2, of little weight, leaves, and n1 is due what n0 has.
    let mut there: Nodes = [node(0, 100), node(1, 100), node(2, 50)].into_iter().collect();
    let mut map = settled(4, &there);
    for shard in map.count().shards().take(3) {
        map.set_owner(shard, Some(id(0)));
    }
    map.set_owner(map.count().shard(3).unwrap(), Some(id(2)));
    there.remove(&id(2));
    let plan = planned(&map, &there, Zones::Ignored);
    let reasons: Vec<Reason> = plan.moves.into_iter().map(|of| of.reason).collect();
    assert_eq!(reasons, [Reason::Gone(id(2)), Reason::Rebalanced]);
}

#[test]
fn a_plan_explains_itself_in_words_and_in_json() {
    let mut there = nodes(2);
    let map = settled(4, &there);
    there.insert(node(2, 100));
    let plan = planned(&map, &there, Zones::Ignored);
    let of = plan.moves.first().unwrap();
    let from = of.from.as_ref().unwrap();
    let words = format!(
        "1 moves now, 0 under way, 0 later\n  now    shard {}: {from} -> n2: n2 has joined\n  node n0 holds 2 and is to hold ",
        of.shard
    );
    assert!(plan.to_string().starts_with(&words), "{plan}");
    let json = serde_json::to_string(&plan).unwrap();
    assert!(json.contains(r#""to":"n2","reason":{"joined":"n2"}"#), "{json}");
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

#[test]
fn a_reason_stays_while_its_moves_are_made_in_steps() {
    let mut there = nodes(3);
    let mut map = settled(30, &there);
    there.insert(node(3, 100));
    for moves in [3, 3, 1] {
        assert_ne!(map.planned_for(), &there);
        let plan = plan(&map, &Wanted::new(there.clone()));
        assert_eq!(plan.moves.len(), moves);
        assert!(plan.moves.iter().all(|of| of.reason == Reason::Joined(id(3))), "{plan}");
        map = map.after(&plan);
    }
    assert_eq!(map.planned_for(), &there);
}
