//! The rows, and what must hold.

use aether_bench::{Better, Goal};

pub(crate) const LOCAL: Goal = Goal {
    name: "local, 1 publisher, 1 subscriber",
    unit: "events/s",
    baseline_is: "`tokio::sync::broadcast` with the same events",
    must: Some(0.7),
    aim: Some(1.0),
    better: Better::Higher,
    go: None,
};
pub(crate) const ONE_OF_MANY: Goal = Goal {
    name: "local, 1 publisher, 1,000 subscribers of which 1 matches",
    unit: "events/s",
    baseline_is: "the same with that one subscriber alone",
    must: Some(0.5),
    aim: Some(0.9),
    better: Better::Higher,
    go: None,
};
pub(crate) const PATTERNS: Goal = Goal {
    name: "local, 10,000 patterns with wildcards, 10 match: a publish",
    unit: "us",
    baseline_is: "one microsecond",
    must: Some(5.0),
    aim: Some(1.0),
    better: Better::Lower,
    go: None,
};
pub(crate) const ACROSS: Goal = Goal {
    name: "across nodes, 250-byte events",
    unit: "events/s",
    baseline_is: "a raw core NATS publish and subscribe of the same bytes",
    must: Some(0.8),
    aim: Some(0.95),
    better: Better::Higher,
    go: None,
};
pub(crate) const LATENCY: Goal = Goal {
    name: "across nodes, latency, p99",
    unit: "us",
    baseline_is: "a raw core NATS publish and subscribe of the same bytes",
    must: Some(1.3),
    aim: Some(1.1),
    better: Better::Lower,
    go: None,
};

pub(crate) const ALL: [&Goal; 5] = [&LOCAL, &ONE_OF_MANY, &PATTERNS, &ACROSS, &LATENCY];
