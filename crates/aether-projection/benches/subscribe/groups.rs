//! A consumer group of one member, beside what a queue of the server's own does.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aether_bench::{Figures, Program, Report, Result, interleave};
use aether_core::RecordedEvent;
use aether_projection::group::{Context, Group, Handler, Outcome};
use aether_store_jetstream::JetStreamKeyValue;
use tokio::sync::Notify;

use crate::catch_up::{Filled, events};
use crate::goals::GROUP;
use crate::raw;

/// How many events are handled in a turn: of those that there are, the first.
const HANDLED: usize = 100_000;

pub(crate) async fn measure(program: &Program, report: &mut Report, filled: &Filled) {
    report.measure(program, [&GROUP], async || groups(program, filled).await).await;
}

#[derive(Clone, Default)]
struct Count(Arc<(AtomicUsize, Notify)>);

impl Handler for Count {
    type Error = Infallible;

    async fn handle(&self, _: &RecordedEvent, _: &Context) -> std::result::Result<Outcome, Infallible> {
        if self.0.0.fetch_add(1, Ordering::Relaxed) + 1 == HANDLED {
            self.0.1.notify_one();
        }
        Ok(Outcome::Done)
    }
}

async fn groups(program: &Program, filled: &Filled) -> Result<[Figures; 1]> {
    let (site, name) = filled.get(events(program)).await?;
    let mut turns = 0..;
    let turn = async |is_ours: bool| {
        let started;
        if is_ours {
            let keys = JetStreamKeyValue::builder(site.client.clone(), "groups".try_into()?).open().await?;
            let count = Count::default();
            let group = format!("group-{}", turns.next().unwrap_or_default());
            let builder = Group::builder(site.open(name).await?, keys, &group);
            started = Instant::now();
            let member =
                builder.lanes(4).record_every(Duration::from_millis(100)).start(count.clone()).await?;
            count.0.1.notified().await;
            let took = started.elapsed();
            member.stop().await;
            return Ok(HANDLED as f64 / took.as_secs_f64());
        }
        started = Instant::now();
        raw::pull(&site.client, name, HANDLED).await?;
        Ok(HANDLED as f64 / started.elapsed().as_secs_f64())
    };
    Ok([interleave(program.choose(9, 5), [true, false], turn).await?.into()])
}
