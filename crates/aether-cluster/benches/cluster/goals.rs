//! The rows, and what must hold.

use aether_bench::{Better, Goal};

const TIME: Goal = Goal {
    name: "",
    unit: "ms",
    baseline_is: "the most that it may take",
    must: Some(1.0),
    aim: Some(0.1),
    better: Better::Lower,
    go: None,
};

pub(crate) const JOIN: Goal = Goal { name: "plan of 4,096 shards on 100 nodes: one joins", ..TIME };
pub(crate) const LEAVE: Goal = Goal { name: "plan of 4,096 shards on 100 nodes: one leaves", ..TIME };
pub(crate) const REWEIGHT: Goal =
    Goal { name: "plan of 4,096 shards on 100 nodes: every weight changes", ..TIME };
pub(crate) const FIRST: Goal = Goal { name: "plan of 4,096 shards on 100 nodes: none is placed yet", ..TIME };

pub(crate) const MOVES: Goal = Goal {
    name: "moves of 300 joins and leaves",
    unit: "moves",
    baseline_is: "the fewest that leave a spread of one",
    must: Some(1.0),
    aim: None,
    better: Better::Lower,
    go: None,
};
pub(crate) const SPREAD: Goal = Goal {
    name: "greatest spread after 300 joins and leaves",
    unit: "shards",
    baseline_is: "one shard",
    ..MOVES
};

const LOAD: Goal = Goal { unit: "max/mean", must: None, ..MOVES };
pub(crate) const BESIDE_RENDEZVOUS: Goal = Goal {
    name: "fullest of 10 nodes, 256 shards, beside rendezvous",
    baseline_is: "rendezvous hashing alone",
    ..LOAD
};
pub(crate) const BESIDE_RING: Goal = Goal {
    name: "fullest of 10 nodes, 256 shards, beside a ring",
    baseline_is: "a ring with 10 virtual nodes for each node",
    ..LOAD
};

pub(crate) const ALL: [&Goal; 8] =
    [&JOIN, &LEAVE, &REWEIGHT, &FIRST, &MOVES, &SPREAD, &BESIDE_RENDEZVOUS, &BESIDE_RING];
