//! The embedded store beside the in-memory store of the crate `eventually`: `cargo xtask bench store`.
//!
//! That store keeps events of its user's own type, and clones each when it is appended. Two are measured: a plain struct of
//! the same content, as its documentation has them, and an event of ours, whose clone is shared.

mod contenders;

use aether_bench::{Better, Figures, Goal, Program, Report, interleave};
use aether_core::{ActorId, Event};
use aether_store_memory::MemoryStore;
use eventually::inmemory::EventStore as Eventually;

use crate::contenders::{Load, Plain, run};

const ONE: Goal = Goal {
    name: "memory store: append, one actor, beside eventually",
    unit: "events/s",
    baseline_is: "the in-memory store of the crate eventually 0.4, with events as its users have them",
    must: Some(1.5),
    aim: Some(3.0),
    better: Better::Higher,
    go: None,
};
const MANY: Goal = Goal { name: "memory store: append, 1,000 actors on 2 threads, beside eventually", ..ONE };
const ONE_SHARED: Goal = Goal {
    name: "memory store: append, one actor, beside eventually with our events",
    baseline_is: "the same, lent our shared events",
    must: None,
    aim: None,
    ..ONE
};
const MANY_SHARED: Goal = Goal {
    name: "memory store: append, 1,000 actors on 2 threads, beside eventually with our events",
    ..ONE_SHARED
};

#[derive(Debug, Clone, Copy)]
enum Who {
    Ours,
    Plain,
    Shared,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Some(program) = Program::start() else {
        return;
    };
    let mut report = Report::new(&program, &[&ONE, &MANY, &ONE_SHARED, &MANY_SHARED]);
    let (rounds, events) = program.choose((15, 100_000), (7, 40_000));
    for (goals, actors, threads) in [([&ONE, &ONE_SHARED], 1, 1), ([&MANY, &MANY_SHARED], 1_000, 2)] {
        let load = Load { actors, threads, events };
        let measured = async || {
            let [ours, plain, shared] =
                interleave(rounds, [Who::Ours, Who::Plain, Who::Shared], async |who| match who {
                    Who::Ours => run::<MemoryStore>(load),
                    Who::Plain => run::<Eventually<String, Plain>>(load),
                    Who::Shared => run::<Eventually<ActorId, Event>>(load),
                })
                .await?;
            Ok([plain, shared].map(|baseline| Figures { ours, baseline }))
        };
        report.measure(&program, goals, measured).await;
    }
    report.finish(&program);
}
