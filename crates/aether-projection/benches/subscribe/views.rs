//! A view in a bucket, whose entries and checkpoint are committed together: many events at a time, beside one.

use std::convert::Infallible;
use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, sample};
use aether_core::{EventStoreExt, Expected, RecordedEvent};
use aether_projection::{Projector, View, Views};
use aether_store_jetstream::{JetStreamKeyValue, JetStreamStore};

use crate::goals::VIEW;
use crate::site::Site;

/// How many actors there are, each with a key of its own: the events of a batch are of different keys, or it would be less that
/// is written, too.
const ACTORS: usize = 1_000;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report.measure(program, [&VIEW], async || views(program).await).await;
}

/// How many events each actor has.
struct Counts;

impl View for Counts {
    type Entry = u64;
    type Error = Infallible;

    fn keys(&self, event: &RecordedEvent) -> std::result::Result<Vec<String>, Infallible> {
        Ok(vec![event.actor().to_string()])
    }

    fn apply(
        &self,
        _: &str,
        count: Option<u64>,
        _: &RecordedEvent,
    ) -> std::result::Result<Option<u64>, Infallible> {
        Ok(Some(count.unwrap_or_default() + 1))
    }
}

async fn views(program: &Program) -> Result<[Figures; 1]> {
    // So that each entry is read once, and once is in hand.
    let (site, count) = (Site::start().await?, 2 * ACTORS);
    let store = site.open("viewed").await?;
    fill(&store, count).await?;
    let values = JetStreamKeyValue::builder(site.client.clone(), "views".try_into()?);
    let values = values.atomic().open().await?;
    let mut turns = 0..;
    let turn = async |is_batched: bool| {
        let views =
            Views::new(Counts, values.clone(), &format!("counts-{}", turns.next().unwrap_or_default()));
        if !views.is_atomic() {
            return Err("the server does not commit entries and checkpoint together".into());
        }
        let projector = Projector::new("counts", site.open("viewed").await?);
        let projector = if is_batched { projector } else { projector.batch_size(1) };
        let started = Instant::now();
        let running = projector.start(views.projection());
        let status = running.wait_until_caught_up().await?;
        let took = started.elapsed();
        running.stop().await?;
        if status.events != count as u64 {
            return Err(format!("{} events of {count}", status.events).into());
        }
        Ok(count as f64 / took.as_secs_f64())
    };
    Ok([interleave(program.choose(5, 3), [true, false], turn).await?.into()])
}

/// Appends an event of each actor in turn, again and again.
async fn fill(store: &JetStreamStore, count: usize) -> Result {
    let (actors, events) = (sample::actors("viewed", ACTORS)?, sample::Events::new()?);
    for actor in actors.iter().cycle().take(count) {
        store.append(actor, Expected::Any, [events.one()]).await?;
    }
    Ok(())
}
