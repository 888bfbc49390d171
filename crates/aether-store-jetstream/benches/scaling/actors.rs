//! The cost of an actor: one event each, and then a second one. Their ids have nothing in common, which is the worst that
//! can be for the server's tree of subjects: numbers in order took 63 bytes of heap each.

use std::time::{Duration, Instant};

use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson};
use aether_store_jetstream::JetStreamStore;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::report::Report;
use crate::site::Site;
use crate::{MIB, Result};

/// Appends in flight.
const AT_ONCE: usize = 512;

pub(crate) async fn measure(report: &mut Report, replicas: u8, actors: u64) -> Result<()> {
    let mut site = Site::start(replicas).await?;
    let store = open(&site).await?;
    let (before, disk_before) = (site.memory().await?, site.disk()?);
    let first = append(&store, actors, Expected::NoEvents).await?;
    let after = site.memory().await?;
    let disk = site.disk()? - disk_before;
    append(&store, actors, Expected::Any).await?;
    let second = site.memory().await?;
    let restart = site.restart().await?;
    let count = actors as f64;
    let mut figures = vec![
        ("heap", (after.heap - before.heap) / count, "bytes"),
        ("resident", (after.resident - before.resident) / count, "bytes"),
        ("resident of all", after.resident / MIB, "MiB"),
        ("disk", disk / count, "bytes"),
        ("heap for a second event", (second.heap - after.heap) / count, "bytes"),
        ("first appends", count / first.as_secs_f64(), "/s"),
    ];
    if let Some(took) = restart {
        figures.push(("restart with both", took.as_secs_f64(), "s"));
    }
    report.row(replicas, &format!("an actor, of {actors}"), &figures);
    Ok(())
}

async fn open(site: &Site) -> Result<JetStreamStore> {
    // Remembers all: once a head was forgotten, each head that is not known is asked for at the leader too.
    let builder = site.builder("store")?.cached_heads(4_000_000);
    Ok(builder.deadline(Duration::from_secs(60)).open().await?)
}

/// Appends an event of some 100 bytes of data to each actor.
async fn append(store: &JetStreamStore, actors: u64, expected: Expected) -> Result<Duration> {
    let data = RawJson::parse(format!(r#"{{"note":"{}"}}"#, "x".repeat(88)))?;
    let begun = Instant::now();
    let appends = stream::iter(0..actors).map(|number| {
        let data = data.clone();
        async move {
            let actor = ActorId::new(format!("order-{:016x}{:016x}", mixed(number), mixed(!number)))?;
            store.append(&actor, expected, [NewEvent::new("Noted".try_into()?, data)]).await?;
            Result::Ok(())
        }
    });
    appends.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(begun.elapsed())
}

/// The last steps of `SplitMix64`: the same for every run, and without an order.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
