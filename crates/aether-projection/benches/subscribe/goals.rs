//! The rows, and what must hold.

use aether_bench::{Better, Goal};

pub(crate) const CATCH_UP: Goal = Goal {
    name: "catch-up over 1,000,000 events, decoded",
    unit: "events/s",
    baseline_is: "a raw push consumer without acknowledgments that decodes nothing",
    must: Some(0.8),
    aim: Some(0.95),
    better: Better::Higher,
    go: None,
};
pub(crate) const LATENCY: Goal = Goal {
    name: "live latency, p99",
    unit: "us",
    baseline_is: "a raw push consumer's",
    must: Some(2.0),
    aim: Some(1.2),
    better: Better::Lower,
    go: None,
};
pub(crate) const GROUP: Goal = Goal {
    name: "group, one member, 4 lanes",
    unit: "events/s",
    baseline_is: "a raw durable pull consumer that acknowledges each message",
    must: Some(1.0),
    aim: Some(2.0),
    better: Better::Higher,
    go: None,
};

pub(crate) const VIEW: Goal = Goal {
    name: "projection into a NATS view, batched",
    unit: "events/s",
    baseline_is: "the same view, one event at a time",
    must: Some(5.0),
    aim: Some(20.0),
    better: Better::Higher,
    go: None,
};

pub(crate) const ALL: [&Goal; 4] = [&CATCH_UP, &GROUP, &LATENCY, &VIEW];
