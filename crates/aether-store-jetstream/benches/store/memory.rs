//! How much memory a replay takes: in a process that does nothing else, of which the system knows the most it ever had.

use std::process::Command;

use aether_bench::Result;
use aether_core::ActorId;
use aether_store_jetstream::JetStreamStore;

use crate::replay;

const REPLAY: &str = "AETHER_BENCH_REPLAY";

/// Replays a history in another process, and returns by how many MiB that grew.
pub(crate) fn of_replay(url: &str, stream: &str, actor: &ActorId, events: usize) -> Result<f64> {
    let what = format!("{url} {stream} {actor} {events}");
    let output = Command::new(std::env::current_exe()?).env(REPLAY, what).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let grown = text.trim().parse::<f64>();
    Ok(grown.map_err(|_| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))?)
}

/// Replays, if this is that other process.
pub(crate) async fn run_as_child() -> Option<Result<f64>> {
    let what = std::env::var(REPLAY).ok()?;
    Some(grown_by_replay(&what).await)
}

pub(crate) fn print(outcome: Result<f64>) {
    match outcome {
        Ok(mib) => println!("{mib}"),
        Err(error) => eprintln!("{error}"),
    }
}

async fn grown_by_replay(what: &str) -> Result<f64> {
    let mut words = what.split(' ');
    let mut word = || words.next().ok_or("too few words");
    let (url, stream, actor, events) = (word()?, word()?, word()?, word()?);
    let client = async_nats::connect(url).await?;
    let store = JetStreamStore::builder(client, stream.try_into()?).open().await?;
    let idle = resident("VmRSS:")?;
    replay::read(store, ActorId::new(actor)?, events.parse()?, false).await?;
    Ok(resident("VmHWM:")? - idle)
}

/// What the kernel says of this process, in MiB.
fn resident(what: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).ok_or("no such line")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
