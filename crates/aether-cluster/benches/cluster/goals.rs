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

pub(crate) const FAILOVER: Goal = Goal {
    name: "leader failover after SIGKILL, p99",
    unit: "leases",
    baseline_is: "one lease of 1 s",
    must: Some(1.2),
    aim: Some(1.05),
    better: Better::Lower,
    go: None,
};
pub(crate) const ORPHANS: Goal = Goal {
    name: "a shard without an owner after SIGKILL, p99",
    unit: "ms",
    baseline_is: "two leases of 1 s and 200 ms",
    must: Some(1.0),
    aim: Some(1.3 / 2.2),
    ..FAILOVER
};
pub(crate) const MOVE: Goal = Goal {
    name: "planned move of an idle shard, one at a time, p99",
    unit: "ms",
    baseline_is: "the most that it may take",
    must: Some(1.0),
    aim: Some(0.2),
    ..FAILOVER
};
pub(crate) const MOVES_AT_ONCE: Goal =
    Goal { name: "planned move of an idle shard, twenty at once, p99", ..MOVE };

pub(crate) const ASK_RATE_1: Goal = Goal {
    name: "ask to another node, one at a time",
    unit: "asks/s",
    baseline_is: "raw requests and replies with the same payload",
    must: Some(0.5),
    aim: Some(0.8),
    better: Better::Higher,
    go: None,
};
pub(crate) const ASK_RATE_64: Goal = Goal { name: "ask to another node, 64 at a time", ..ASK_RATE_1 };
pub(crate) const ASK_RATE_1024: Goal = Goal { name: "ask to another node, 1,024 at a time", ..ASK_RATE_1 };
pub(crate) const ASK_P50_1: Goal = Goal {
    name: "ask to another node, one at a time, p50",
    unit: "us",
    must: Some(1.5),
    aim: Some(1.2),
    better: Better::Lower,
    ..ASK_RATE_1
};
pub(crate) const ASK_P50_64: Goal = Goal { name: "ask to another node, 64 at a time, p50", ..ASK_P50_1 };
pub(crate) const ASK_P50_1024: Goal = Goal { name: "ask to another node, 1,024 at a time, p50", ..ASK_P50_1 };

const QUIET: Goal = Goal { baseline_is: "the most that it may have", must: Some(1.0), aim: None, ..FAILOVER };
pub(crate) const QUIET_FOLLOWER: Goal =
    Goal { name: "quiet cluster: messages of a follower", unit: "messages/s", ..QUIET };
pub(crate) const QUIET_PROCESSOR: Goal =
    Goal { name: "quiet cluster: processor time of a follower", unit: "% of a core", ..QUIET };
pub(crate) const QUIET_LEADER: Goal =
    Goal { name: "quiet cluster of 6: messages of the leader or a standby", unit: "messages/s", ..QUIET };

pub(crate) const ALL: [&Goal; 21] = [
    &JOIN,
    &LEAVE,
    &REWEIGHT,
    &FIRST,
    &MOVES,
    &SPREAD,
    &BESIDE_RENDEZVOUS,
    &BESIDE_RING,
    &FAILOVER,
    &ORPHANS,
    &MOVE,
    &MOVES_AT_ONCE,
    &ASK_RATE_1,
    &ASK_P50_1,
    &ASK_RATE_64,
    &ASK_P50_64,
    &ASK_RATE_1024,
    &ASK_P50_1024,
    &QUIET_FOLLOWER,
    &QUIET_PROCESSOR,
    &QUIET_LEADER,
];
