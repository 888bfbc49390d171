//! Catching up with everything that there is.

use std::hint::black_box;
use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, sample};
use aether_core::{Delivery, EventStoreExt, Expected, Filter, StartAt, Subscribe};
use aether_store_jetstream::JetStreamStore;
use async_nats::Client;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;

use crate::goals::CATCH_UP;
use crate::raw::Push;
use crate::site::Site;

/// How many actors there are.
const ACTORS: usize = 1_000;

/// A store that was filled once.
#[derive(Default)]
pub(crate) struct Filled(OnceCell<(Site, String)>);

impl Filled {
    pub(crate) async fn get(&self, events: usize) -> Result<(&Site, &str)> {
        let (site, name) = self
            .0
            .get_or_try_init(|| async {
                let site = Site::start().await?;
                fill(&site.open("filled").await?, events).await?;
                Result::Ok((site, "filled".to_owned()))
            })
            .await?;
        Ok((site, name))
    }
}

/// How many events there are.
pub(crate) fn events(program: &Program) -> usize {
    program.choose(1_000_000, 200_000)
}

/// Appends so many events, those of each actor one after the other, each in a message of its own.
async fn fill(store: &JetStreamStore, count: usize) -> Result {
    let actors = sample::actors("followed", ACTORS)?;
    let tasks = stream::iter(actors).map(|actor| {
        let store = store.clone();
        tokio::spawn(async move {
            let events = sample::Events::new()?;
            for _ in 0..count / ACTORS {
                store.append(&actor, Expected::Any, [events.one()]).await?;
            }
            Result::Ok(())
        })
    });
    let mut tasks = tasks.buffer_unordered(256);
    while let Some(done) = tasks.try_next().await? {
        done?;
    }
    Ok(())
}

pub(crate) async fn measure(program: &Program, report: &mut Report, filled: &Filled) {
    report.measure(program, [&CATCH_UP], async || catch_up(program, filled).await).await;
}

async fn catch_up(program: &Program, filled: &Filled) -> Result<[Figures; 1]> {
    let count = events(program);
    let (site, name) = filled.get(count).await?;
    let turn = async |is_ours: bool| {
        let started = Instant::now();
        // In a task, where most users' readers are.
        if is_ours {
            tokio::spawn(ours(site.open(name).await?, count)).await??;
        } else {
            tokio::spawn(raw(site.client.clone(), name.to_owned(), count)).await??;
        }
        Ok(count as f64 / started.elapsed().as_secs_f64())
    };
    Ok([interleave(program.choose(9, 5), [true, false], turn).await?.into()])
}

async fn ours(store: JetStreamStore, count: usize) -> Result {
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await?;
    let mut seen = 0;
    loop {
        match all.next().await.ok_or("the subscription ended")?? {
            Delivery::Event(event) => {
                black_box(&event);
                seen += 1;
            }
            _ if seen == count => return Ok(()),
            _ => return Err(format!("{seen} events of {count}").into()),
        }
    }
}

async fn raw(client: Client, stream: String, count: usize) -> Result {
    let mut push = Push::open(&client, &stream, "all").await?;
    for _ in 0..count {
        black_box(push.next().await?);
    }
    push.close().await
}
