//! What the durable store costs beyond the messages that it sends and receives: `cargo xtask bench store`.
//!
//! Every baseline is the client itself on the same connection, doing by hand what the store does for its user: the same
//! headers, the same bytes, the same subjects. `goals` lists the rows, `raw` is the client, the rest measures.

mod append;
mod goals;
mod load;
mod look;
mod memory;
mod plots;
mod profile;
mod raw;
mod replay;
mod scattered;
mod site;
mod writers;

use aether_bench::{Program, Report};

#[tokio::main]
async fn main() {
    // The process that only replays, run by the row about its memory.
    if let Some(outcome) = memory::run_as_child().await {
        return memory::print(outcome);
    }
    let Some(program) = Program::start() else {
        return;
    };
    if let Some(outcome) = profile::run().await {
        return outcome.unwrap_or_else(|error| eprintln!("{error}"));
    }
    let mut report = Report::new(&program, &goals::ALL);
    let (streams, replayed) = (load::Streams::default(), replay::Replayed::default());
    append::measure(&program, &mut report).await;
    look::measure(&program, &mut report).await;
    load::measure(&program, &mut report, &streams).await;
    replay::measure(&program, &mut report, &replayed).await;
    plots::measure(&program, &mut report, &streams, &replayed).await;
    report.finish(&program);
}
