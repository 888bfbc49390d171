//! From the acknowledgment of an append to where somebody follows.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, percentile, sample};
use aether_core::{EventStoreExt, Expected, Filter, StartAt, Subscribe};

use crate::goals::LATENCY;
use crate::raw::Push;
use crate::site::Site;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report.measure(program, [&LATENCY], async || latency(program).await).await;
}

async fn latency(program: &Program) -> Result<[Figures; 1]> {
    let site = Site::start().await?;
    let (store, actor) = (site.open("live").await?, sample::actor("live", 0)?);
    let (rounds, appends) = program.choose((15, 1_000), (7, 400));
    let turn = async |is_ours: bool| {
        let (store, actor, client) = (store.clone(), actor.clone(), site.client.clone());
        let turn = tokio::spawn(async move {
            let (heard, mut delivered) = tokio::sync::mpsc::unbounded_channel();
            let follower = if is_ours {
                let mut all = store.subscribe(Filter::any(), StartAt::Now).await?;
                tokio::spawn(async move {
                    while let Ok(Some(event)) = all.next_event().await {
                        let _ = heard.send((event.position().sequence(), Instant::now()));
                    }
                })
            } else {
                let mut push = Push::open(&client, "live", "new").await?;
                tokio::spawn(async move {
                    let mut sequence = None;
                    while let Ok(message) = push.next().await {
                        let now = Instant::now();
                        let said = message
                            .reply
                            .as_deref()
                            .and_then(|reply| reply.split('.').nth(5)?.parse::<u64>().ok());
                        sequence = said.or(sequence);
                        let _ = heard.send((sequence.unwrap_or_default(), now));
                    }
                })
            };
            let events = sample::Events::new()?;
            let mut each = Vec::with_capacity(appends);
            for _ in 0..appends {
                let commit = store.append(&actor, Expected::Any, [events.one()]).await?;
                let acknowledged = Instant::now();
                let (sequence, at) = delivered.recv().await.ok_or("the subscription ended")?;
                if sequence != commit.position.sequence() {
                    return Err("another event was delivered".into());
                }
                // Before the acknowledgment counts as with it.
                each.push(at.saturating_duration_since(acknowledged).as_secs_f64() * 1e6);
            }
            follower.abort();
            Result::Ok(percentile(each, 99))
        });
        turn.await?
    };
    Ok([interleave(rounds, [true, false], turn).await?.into()])
}
