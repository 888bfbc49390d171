//! Three hundred changes, one after the other.

use aether_cluster::placement::{Nodes, ShardMap, Zones};

use crate::oracle::fewest_to_even_out;
use crate::site::{held, id, node, nodes, planned, settled};

/// Makes so many changes, and returns how many moves were made, how many there had to be, and the greatest spread.
fn change(seed: u64, shards: u32, changes: usize) -> (usize, usize, usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut there = nodes(10);
    let mut map = settled(shards, &there);
    let (mut moves, mut fewest, mut spread) = (0, 0, 0);
    for number in 0..changes {
        next(&mut random, &mut there, 10 + number);
        let plan = planned(&map, &there, Zones::Ignored);
        fewest += fewest_to_even_out(&held(&map, &there), shards as usize);
        moves += plan.moves.len();
        map = map.after(&plan);
        spread = spread.max(spread_of(&map, &there));
    }
    (moves, fewest, spread)
}

/// Lets a node join or leave: of 2 to 40.
fn next(random: &mut fastrand::Rng, there: &mut Nodes, number: usize) {
    if there.len() <= 2 || (there.len() < 40 && random.bool()) {
        there.insert(node(number, 100));
    } else {
        let leaver = there.iter().nth(random.usize(..there.len())).unwrap().id.clone();
        there.remove(&leaver);
    }
}

fn spread_of(map: &ShardMap, there: &Nodes) -> usize {
    let held = held(map, there);
    held.iter().max().unwrap() - held.iter().min().unwrap()
}

#[test]
fn three_hundred_joins_and_leaves_move_exactly_the_minimum_and_spread_by_one() {
    for (seed, shards) in [(1, 256), (2, 1_024), (3, 37), (4, 4_096)] {
        let (moves, fewest, spread) = change(seed, shards, 300);
        assert_eq!((moves, spread), (fewest, 1), "seed {seed}");
        assert!(moves > 300);
    }
}

#[test]
fn a_node_that_comes_back_moves_as_many_as_it_took_along() {
    let there = nodes(9);
    let mut map = settled(256, &there);
    let mut without = there.clone();
    without.remove(&id(4));
    for _ in 0..5 {
        let took = map.held_by(&id(4)).count();
        let left = planned(&map, &without, Zones::Ignored);
        assert_eq!(left.moves.len(), took);
        map = map.after(&left);
        let back = planned(&map, &there, Zones::Ignored);
        assert_eq!(back.moves.len(), 28);
        map = map.after(&back);
    }
}
