//! Replaying long histories.

use std::hint::black_box;
use std::time::Instant;

use aether_bench::sample::OrderEvent;
use aether_bench::{Figures, Program, Report, Result, interleave, sample};
use aether_core::{ActorId, EventStoreExt, Expected, Version};
use aether_store_jetstream::JetStreamStore;
use futures_util::StreamExt;
use tokio::sync::OnceCell;

use crate::goals::{MEMORY, REPLAY, REPLAY_PACKED, REPLAY_TYPED};
use crate::memory;
use crate::raw::Raw;
use crate::site::Site;

/// How a history is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    Store,
    /// And each event's data decoded too.
    Typed,
    /// The store, in commits of ten.
    Packed,
    Raw,
}

/// The histories that are read, each appended once, before it is first read.
#[derive(Default)]
pub(crate) struct Replayed {
    site: OnceCell<Site>,
    longest: OnceCell<Histories>,
}

/// How many events the longest history has.
pub(crate) const LONGEST: usize = 100_000;

impl Replayed {
    /// Returns where they are.
    pub(crate) async fn site(&self) -> Result<&Site> {
        self.site.get_or_try_init(Site::one).await
    }

    /// Returns histories of `count` events.
    pub(crate) async fn of(&self, count: usize) -> Result<Histories> {
        let site = self.site().await?;
        match count {
            LONGEST => Ok(self.longest.get_or_try_init(|| Histories::of(site, count)).await?.clone()),
            _ => Histories::of(site, count).await,
        }
    }
}

/// Histories of one length, alone in their streams.
#[derive(Clone)]
pub(crate) struct Histories {
    count: usize,
    singles: (JetStreamStore, ActorId),
    packed: (JetStreamStore, ActorId),
    raw: Raw,
}

impl Histories {
    /// Appends `count` events to an actor one by one, and to another one in commits of ten.
    async fn of(site: &Site, count: usize) -> Result<Self> {
        let singles = history(site, &format!("singles{count}"), count, 1).await?;
        let packed = history(site, &format!("packed{count}"), count, 10).await?;
        let raw = site.raw(&singles.0);
        Ok(Self { count, singles, packed, raw })
    }

    /// Reads the history; returns how many seconds it took.
    pub(crate) async fn replay(&self, how: How) -> Result<f64> {
        let started = Instant::now();
        let count = self.count;
        // In a task, where most users' reads are.
        match how {
            How::Raw => {
                let (raw, subject) = (self.raw.clone(), self.raw.subject(&self.singles.1));
                tokio::spawn(async move { raw.push(&subject, count).await }).await??;
            }
            How::Store | How::Typed => {
                let (store, actor) = self.singles.clone();
                tokio::spawn(read(store, actor, count, matches!(how, How::Typed))).await??;
            }
            How::Packed => {
                let (store, actor) = self.packed.clone();
                tokio::spawn(read(store, actor, count, false)).await??;
            }
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

async fn history(site: &Site, name: &str, count: usize, pack: usize) -> Result<(JetStreamStore, ActorId)> {
    let store = site.open(name).await?;
    let actor = sample::actor("replayed", 0)?;
    write(&store, &actor, count, pack).await?;
    // A handle that remembers nothing of the writing.
    Ok((site.open(name).await?, actor))
}

/// Appends `count` events in commits of `pack`.
pub(crate) async fn write(store: &JetStreamStore, actor: &ActorId, count: usize, pack: usize) -> Result {
    let (store, actor, events) = (store.clone(), actor.clone(), sample::Events::new()?);
    let writing = tokio::spawn(async move {
        let mut version = Version::INITIAL;
        while version.number() < count as u64 {
            let commit = store.append(&actor, Expected::Exactly(version), events.some(pack));
            version = commit.await?.version;
        }
        Ok(())
    });
    writing.await?
}

/// Reads a history from its beginning; what is not complete is an error.
pub(crate) async fn read(store: JetStreamStore, actor: ActorId, count: usize, typed: bool) -> Result {
    let mut events = store.read(&actor, Version::FIRST);
    let mut last = Version::INITIAL;
    while let Some(event) = events.next().await {
        let event = event?;
        if typed {
            black_box(event.decode::<OrderEvent>()?);
        }
        last = event.version();
    }
    if last.number() == count as u64 { Ok(()) } else { Err(format!("ended at version {last}").into()) }
}

pub(crate) async fn measure(program: &Program, report: &mut Report, replayed: &Replayed) {
    let goals = [&REPLAY, &REPLAY_TYPED, &REPLAY_PACKED];
    report.measure(program, goals, async || replays(program, replayed).await).await;
    report.measure(program, [&MEMORY], async || memory(program).await).await;
}

async fn replays(program: &Program, replayed: &Replayed) -> Result<[Figures; 3]> {
    let histories = replayed.of(LONGEST).await?;
    let all = [How::Store, How::Typed, How::Packed, How::Raw];
    let turn = async |how| Ok(LONGEST as f64 / histories.replay(how).await?);
    let [ours, typed, packed, raw] = interleave(program.choose(15, 7), all, turn).await?;
    Ok([
        Figures { ours, baseline: raw },
        Figures { ours: typed, baseline: raw },
        Figures { ours: packed, baseline: ours },
    ])
}

/// Packed, so that a million are there soon; what a replay keeps in memory is messages and events either way.
async fn memory(program: &Program) -> Result<[Figures; 1]> {
    const EVENTS: usize = 1_000_000;
    const LIMIT_MIB: f64 = 64.0;
    let site = Site::one().await?;
    let store = site.open("memory").await?;
    let actor = sample::actor("remembered", 0)?;
    write(&store, &actor, EVENTS, program.choose(10, 100)).await?;
    let ours = memory::of_replay(&site.url, "memory", &actor, EVENTS)?;
    Ok([Figures { ours, baseline: LIMIT_MIB }])
}
