//! The rows, and what must hold.

use aether_bench::{Better, Goal};

pub(crate) const APPEND_ONE: Goal = Goal {
    name: "append, one actor, one at a time",
    unit: "events/s",
    baseline_is: "raw publishes with the same headers and bytes",
    must: Some(0.9),
    aim: Some(0.97),
    better: Better::Higher,
    go: Some("14,000 events/s"),
};
pub(crate) const APPEND_ONE_BARE: Goal = Goal {
    name: "append, one actor, one at a time, beside the expected sequence alone",
    baseline_is: "raw publishes with the same bytes and the expected sequence as their only header",
    go: None,
    ..APPEND_ONE
};
pub(crate) const APPEND_MANY: Goal = Goal {
    name: "append, 1,000 actors at a time",
    baseline_is: "raw publishes through the client's API with the same headers and bytes",
    must: Some(1.0),
    aim: Some(1.25),
    go: Some("15,600 events/s, 64 tasks"),
    ..APPEND_ONE
};
pub(crate) const APPEND_MANY_OF_ONE_TASK: Goal = Goal {
    name: "append, 1,000 actors at a time, all of one task",
    must: None,
    aim: None,
    go: None,
    ..APPEND_MANY
};
pub(crate) const APPEND_P99: Goal = Goal {
    name: "append, a window of 4,096 of one task, p99",
    unit: "ms",
    must: Some(1.0 / 3.0),
    aim: Some(1.0 / 6.0),
    better: Better::Lower,
    go: None,
    ..APPEND_MANY
};
pub(crate) const APPEND_P99_OF_TASKS: Goal =
    Goal { name: "append, 4,096 tasks at a time, p99", must: None, aim: None, ..APPEND_P99 };
pub(crate) const PACKED_R1: Goal = Goal {
    name: "append, ten events in a commit, 1,000 actors, R1",
    baseline_is: "single appends of the store",
    must: Some(3.0),
    aim: Some(4.5),
    go: None,
    ..APPEND_ONE
};
pub(crate) const PACKED_R3: Goal =
    Goal { name: "append, ten events in a commit, 1,000 actors, R3", ..PACKED_R1 };
pub(crate) const FIRST: Goal = Goal {
    name: "first append to a new actor, cold cache",
    unit: "us",
    baseline_is: "one round trip: half of a raw direct get and a raw publish",
    must: Some(2.2),
    aim: Some(2.0),
    better: Better::Lower,
    go: Some("1,003 ms"),
};
pub(crate) const FIRST_ANCHORED: Goal = Goal {
    name: "first append to a new actor with anchors, cold cache",
    must: Some(3.3),
    aim: Some(3.0),
    go: None,
    ..FIRST
};
pub(crate) const EMPTY: Goal = Goal {
    name: "read an actor without events",
    unit: "us",
    baseline_is: "one raw direct get that finds nothing",
    must: Some(1.2),
    aim: Some(1.05),
    better: Better::Lower,
    go: Some("1,003 ms"),
};
pub(crate) const UNKNOWN: Goal = Goal { name: "latest version of an unknown actor", ..EMPTY };
pub(crate) const NO_SNAPSHOT: Goal = Goal { name: "latest snapshot where there is none", ..EMPTY };
pub(crate) const LOAD_TEN: Goal = Goal {
    name: "load 10 events scattered over 1,000,000",
    unit: "ms",
    baseline_is: "raw: the last message, then nine direct gets by sequence at once",
    must: Some(1.5),
    aim: Some(1.1),
    better: Better::Lower,
    go: Some("3.2 ms (2,784 ms, last 10 of 100,000)"),
};
pub(crate) const LOAD_TEN_CONSUMER: Goal = Goal {
    name: "load 10 events scattered over 1,000,000, beside a filtered consumer",
    unit: "loads/s",
    baseline_is: "a raw filtered push consumer",
    must: Some(4.0),
    aim: None,
    better: Better::Higher,
    go: None,
};
pub(crate) const LOAD_TEN_SIZES: Goal = Goal {
    name: "load 10 events scattered over 1,000,000, beside 100,000",
    unit: "ms",
    baseline_is: "the same in a stream of 100,000",
    must: None,
    aim: Some(1.2),
    better: Better::Lower,
    go: None,
};
pub(crate) const LOAD_THOUSAND: Goal = Goal {
    name: "load 1,000 events scattered over 1,000,000",
    must: Some(4.0),
    aim: Some(6.0),
    go: Some("61 ms"),
    ..LOAD_TEN_CONSUMER
};
pub(crate) const LOAD_MANY: Goal = Goal {
    name: "load actors of 90 events scattered over 100,000, 32 at a time",
    unit: "actors/s",
    baseline_is: "the best raw filtered read: push consumer or direct get batch",
    must: Some(2.0),
    aim: Some(5.0),
    ..LOAD_TEN_CONSUMER
};
pub(crate) const REPLAY: Goal = Goal {
    name: "replay 100,000 events, decoded",
    unit: "events/s",
    baseline_is: "a raw push consumer that decodes nothing",
    must: Some(0.75),
    aim: Some(0.95),
    better: Better::Higher,
    go: Some("3,014 ms"),
};
pub(crate) const REPLAY_TYPED: Goal = Goal {
    name: "replay 100,000 events, decoded to the user's type",
    must: None,
    aim: None,
    go: None,
    ..REPLAY
};
pub(crate) const REPLAY_PACKED: Goal = Goal {
    name: "replay 100,000 events in commits of ten, decoded",
    baseline_is: "the store's replay of single commits",
    must: Some(2.0),
    aim: Some(3.0),
    go: None,
    ..REPLAY
};
pub(crate) const MEMORY: Goal = Goal {
    name: "memory while replaying 1,000,000 events",
    unit: "MiB",
    baseline_is: "the most that is allowed above the idle process",
    must: Some(1.0),
    aim: None,
    better: Better::Lower,
    go: None,
};

/// All rows, in the order of the table.
pub(crate) const ALL: [&Goal; 22] = [
    &APPEND_ONE,
    &APPEND_ONE_BARE,
    &APPEND_MANY,
    &APPEND_MANY_OF_ONE_TASK,
    &APPEND_P99,
    &APPEND_P99_OF_TASKS,
    &PACKED_R1,
    &PACKED_R3,
    &LOAD_TEN,
    &LOAD_TEN_CONSUMER,
    &LOAD_TEN_SIZES,
    &LOAD_THOUSAND,
    &REPLAY,
    &REPLAY_TYPED,
    &REPLAY_PACKED,
    &EMPTY,
    &UNKNOWN,
    &NO_SNAPSHOT,
    &FIRST,
    &FIRST_ANCHORED,
    &LOAD_MANY,
    &MEMORY,
];
