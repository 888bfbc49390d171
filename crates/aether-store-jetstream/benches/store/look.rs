//! Looking where there is nothing: one round trip each.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, median, sample};
use aether_core::{EventStoreExt, SnapshotStore, Version};

use crate::goals::{EMPTY, NO_SNAPSHOT, UNKNOWN};
use crate::site::Site;

#[derive(Debug, Clone, Copy)]
enum Look {
    Events,
    Version,
    Snapshot,
    Raw,
}

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report.measure(program, [&EMPTY, &UNKNOWN, &NO_SNAPSHOT], async || looks(program).await).await;
}

async fn looks(program: &Program) -> Result<[Figures; 3]> {
    let site = Site::one().await?;
    let store = site.open("empty").await?;
    let raw = site.raw(&store);
    let actor = sample::actor("nobody", 0)?;
    let subject = raw.subject(&actor);
    let (rounds, calls) = program.choose((21, 1_000), (11, 400));
    let turn = async |look| {
        let mut each = Vec::with_capacity(calls);
        for _ in 0..calls {
            let started = Instant::now();
            let is_empty = match look {
                Look::Events => store.read_all(&actor, Version::FIRST).await?.is_empty(),
                Look::Version => store.latest_version(&actor).await? == Version::INITIAL,
                Look::Snapshot => store.latest_snapshot(&actor).await?.is_none(),
                Look::Raw => raw.last(&subject).await?.status.is_some(),
            };
            each.push(started.elapsed().as_secs_f64() * 1e6);
            if !is_empty {
                return Err(format!("{look:?} found something").into());
            }
        }
        Ok(median(each))
    };
    let all = [Look::Events, Look::Version, Look::Snapshot, Look::Raw];
    let [events, version, snapshot, baseline] = interleave(rounds, all, turn).await?;
    Ok([events, version, snapshot].map(|ours| Figures { ours, baseline }))
}
