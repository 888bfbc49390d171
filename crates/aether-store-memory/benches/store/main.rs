//! What the embedded store costs beyond the map that it cannot do without: `cargo xtask bench store`.

mod bare;
mod contenders;

use aether_bench::{Better, Figures, Goal, Program, Report, interleave};

use crate::contenders::{Contender, append, read};

const APPEND_ONE: Goal = Goal {
    name: "memory store: append, one actor",
    unit: "events/s",
    baseline_is: "a bare sharded map of shared events",
    must: Some(0.4),
    aim: Some(0.7),
    better: Better::Higher,
    go: None,
};
const APPEND_MANY: Goal = Goal {
    name: "memory store: append, 1,000 actors on 2 threads",
    go: Some("110,000 events/s"),
    ..APPEND_ONE
};
const READ: Goal = Goal {
    name: "memory store: read 1,000 events",
    baseline_is: "the events of the bare map, shared out and looked at",
    must: Some(0.5),
    aim: Some(0.9),
    go: Some("7.1 ms: 141,000 events/s"),
    ..APPEND_ONE
};

const BOTH: [Contender; 2] = [Contender::Store, Contender::Bare];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Some(program) = Program::start() else {
        return;
    };
    let mut report = Report::new(&program, &[&APPEND_ONE, &APPEND_MANY, &READ]);
    let (rounds, events) = program.choose((15, 200_000), (9, 60_000));
    for (goal, actors, threads) in [(APPEND_ONE, 1, 1), (APPEND_MANY, 1_000, 2)] {
        let measured = async || {
            let turns = interleave(rounds, BOTH, async |who| append(who, actors, threads, events)).await?;
            Ok([Figures::from(turns)])
        };
        report.measure(&program, [&goal], measured).await;
    }
    let measured = async || Ok([Figures::from(interleave(rounds, BOTH, read).await?)]);
    report.measure(&program, [&READ], measured).await;
    report.finish(&program);
}
