//! The store and the bare map, doing the same.

use std::hint::black_box;
use std::time::Instant;

use aether_bench::{Result, sample};
use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, Version};
use aether_store_memory::MemoryStore;
use futures_util::StreamExt;

use crate::bare::Bare;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Contender {
    Store,
    Bare,
}

/// Both, of which a turn fills and uses one.
enum Filled {
    Store(MemoryStore),
    Bare(Box<Bare>),
}

impl Filled {
    fn new(who: Contender) -> Self {
        match who {
            Contender::Store => Self::Store(MemoryStore::new()),
            Contender::Bare => Self::Bare(Box::default()),
        }
    }

    /// Appends the events, to one actor after the other, each at the version that its writer knows.
    async fn append(&self, actors: &[ActorId], events: Vec<NewEvent>) -> Result {
        let mut versions = vec![Version::INITIAL; actors.len()];
        let mut events = events.into_iter();
        loop {
            for (actor, version) in actors.iter().zip(&mut versions) {
                let Some(event) = events.next() else {
                    return Ok(());
                };
                *version = match self {
                    Self::Store(store) => {
                        store.append(actor, Expected::Exactly(*version), [event]).await?.version
                    }
                    Self::Bare(bare) => bare.append(actor, event),
                };
            }
        }
    }

    /// Reads an actor's events and looks at each; returns how many there are.
    async fn read(&self, actor: &ActorId) -> Result<usize> {
        let mut count = 0;
        match self {
            Self::Store(store) => {
                let mut events = store.read(actor, Version::FIRST);
                while let Some(event) = events.next().await {
                    black_box(event?.version());
                    count += 1;
                }
            }
            Self::Bare(bare) => {
                for event in bare.read(actor) {
                    black_box(event.version());
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}

/// Appends `events` to `actors` on `threads`, each with actors of its own; returns how many in a second.
pub(crate) fn append(who: Contender, actors: usize, threads: usize, events: usize) -> Result<f64> {
    let filled = Filled::new(who);
    let made = sample::Events::new()?;
    let all = sample::actors("memory", actors)?;
    let work = all.chunks(actors.div_ceil(threads)).map(|own| (own, made.some(events / threads)));
    let work: Vec<_> = work.collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = work
            .into_iter()
            .map(|(own, events)| scope.spawn(|| on_this_thread(&filled, own, events)))
            .collect();
        running.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    Ok(events as f64 / started.elapsed().as_secs_f64())
}

fn on_this_thread(filled: &Filled, actors: &[ActorId], events: Vec<NewEvent>) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(filled.append(actors, events))
}

const HISTORY: usize = 1_000;
const READS: usize = 500;

/// Reads a history of 1,000 events again and again; returns how many events in a second.
pub(crate) async fn read(who: Contender) -> Result<f64> {
    let filled = Filled::new(who);
    let actors = sample::actors("memory", 1)?;
    filled.append(&actors, sample::Events::new()?.some(HISTORY)).await?;
    let actor = actors.first().ok_or("no actor")?;
    let started = Instant::now();
    for _ in 0..READS {
        let count = filled.read(actor).await?;
        if count != HISTORY {
            return Err(format!("{count} events of {HISTORY}").into());
        }
    }
    Ok((HISTORY * READS) as f64 / started.elapsed().as_secs_f64())
}
