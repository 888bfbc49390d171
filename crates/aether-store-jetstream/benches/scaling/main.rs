//! What streams, actors, consumers and bytes of headers cost a server: `cargo xtask bench scaling`. What follows from it is in
//! docs/scaling.md.
//!
//! Memory is the server's live heap after a forced collection, by its profiling endpoint, and its resident size. On three
//! servers both are means over them.
#![allow(clippy::indexing_slicing, reason = "a program that measures may end at the first surprise")]

mod actors;
mod consumers;
mod headers;
mod report;
mod site;
mod streams;

use report::Report;
use site::Site;

/// Any error ends the measurement.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How much is measured.
#[derive(Clone, Copy)]
struct Extent {
    actors: &'static [u64],
    streams: u32,
    consumers: u64,
    messages: u64,
    rounds: u32,
}

const FULL: Extent = Extent {
    actors: &[10_000, 100_000, 1_000_000],
    streams: 128,
    consumers: 500,
    messages: 100_000,
    rounds: 5,
};
const QUICK: Extent =
    Extent { actors: &[1_000, 10_000], streams: 16, consumers: 100, messages: 10_000, rounds: 1 };

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo test --benches` runs this too, without `--bench`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let quick = std::env::var_os("AETHER_BENCH_QUICK").is_some();
    let extent = if quick { QUICK } else { FULL };
    let mut report = Report::default();
    for replicas in [1, 3] {
        idle(&mut report, replicas).await?;
        streams::measure(&mut report, replicas, extent.streams).await?;
        for count in extent.actors {
            actors::measure(&mut report, replicas, *count).await?;
        }
        consumers::measure(&mut report, replicas, extent.consumers).await?;
        headers::measure(&mut report, replicas, extent.messages, extent.rounds).await?;
    }
    report.save()
}

async fn idle(report: &mut Report, replicas: u8) -> Result<()> {
    let site = Site::start(replicas).await?;
    let memory = site.memory().await?;
    report.row(
        replicas,
        "a server without a stream",
        &[("heap", memory.heap / MIB, "MiB"), ("resident", memory.resident / MIB, "MiB")],
    );
    Ok(())
}

const MIB: f64 = 1_048_576.0;
const KIB: f64 = 1_024.0;
