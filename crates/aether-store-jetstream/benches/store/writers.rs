//! Writers: as many actors as are to be appended to at a time, each with one append in flight.

use std::time::{Duration, Instant};

use aether_bench::{Result, percentile, sample};
use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, Version};
use aether_store_jetstream::JetStreamStore;
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinSet;

use crate::raw::{Raw, Template};

/// Whose appends are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Store,
    Raw,
    /// Raw, with the expected sequence as the only header.
    Bare,
}

/// How the writers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each in a task of its own.
    Tasks,
    /// All in one task, as `FuturesUnordered` or `buffer_unordered` have it.
    OneTask,
}

/// How long the appends of all writers took, and each of them.
pub(crate) struct Timing {
    all: Duration,
    each: Vec<Duration>,
}

impl Timing {
    /// Commits in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.each.len() as f64 / self.all.as_secs_f64()
    }

    /// What 99 of 100 commits do not exceed, in milliseconds.
    pub(crate) fn p99_ms(&self) -> f64 {
        percentile(self.each.iter().map(|took| took.as_secs_f64() * 1e3).collect(), 99)
    }
}

/// The actors of the store and their look-alikes for the client by hand.
pub(crate) struct Writers {
    store: JetStreamStore,
    raw: Raw,
    templates: [Template; 2],
    actors: Vec<Actor>,
    events: sample::Events,
    shape: Shape,
}

struct Actor {
    id: ActorId,
    version: Version,
    subjects: [String; 2],
    sequences: [u64; 2],
}

/// So many that the trail has its full length afterwards.
const WARM: usize = 20;

impl Writers {
    /// Makes `count` writers, with everything cached and trails of full length.
    pub(crate) async fn warm(store: &JetStreamStore, raw: &Raw, name: &str, count: usize) -> Result<Self> {
        let events = sample::Events::new()?;
        let first = sample::actor(name, 0)?;
        let mut versions = vec![Version::INITIAL; count];
        let actors = sample::actors(name, count)?;
        let mut tasks = JoinSet::new();
        for (index, actor) in actors.iter().enumerate() {
            tasks.spawn(store_task(
                store.clone(),
                index,
                actor.clone(),
                Version::INITIAL,
                commits(&events, WARM, 1),
            ));
        }
        while let Some(done) = tasks.join_next().await {
            let Done { index, at, .. } = done??;
            if let Some(version) = versions.get_mut(index) {
                *version = Version::new(at)?;
            }
        }
        let template = raw.template(&raw.subject(&first)).await?;
        let actors = actors.into_iter().zip(versions).map(|(id, version)| {
            let subjects = ["raw", "bare"].map(|kind| format!("{}-{kind}", raw.subject(&id)));
            Actor { id, version, subjects, sequences: [0; 2] }
        });
        let templates = [template.clone(), template.without_other_headers()];
        let (store, raw, actors) = (store.clone(), raw.clone(), actors.collect());
        Ok(Self { store, raw, templates, actors, events, shape: Shape::Tasks })
    }

    /// Runs them in this shape.
    pub(crate) fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// Lets each writer make `commits` commits of `pack` events, one after the other, and all writers at a time.
    pub(crate) async fn run(&mut self, who: Who, count: usize, pack: usize) -> Result<Timing> {
        let mut writers = Vec::with_capacity(self.actors.len());
        // Made beforehand: by the store's user the events, by hand the messages.
        let (mut events, mut messages) = (Vec::new(), Vec::new());
        let [full, bare] = &self.templates;
        match who {
            Who::Store => events = self.actors.iter().map(|_| commits(&self.events, count, pack)).collect(),
            Who::Raw => messages = self.actors.iter().map(|_| full.copies(count)).collect(),
            Who::Bare => messages = self.actors.iter().map(|_| bare.copies(count)).collect(),
        }
        for (index, actor) in self.actors.iter().enumerate() {
            let (store, raw) = (self.store.clone(), self.raw.clone());
            let ([full, bare], [full_at, bare_at]) = (&actor.subjects, actor.sequences);
            let writer: BoxFuture<'static, Result<Done>> = match who {
                Who::Store => {
                    let commits = events.pop().unwrap_or_default();
                    Box::pin(store_task(store, index, actor.id.clone(), actor.version, commits))
                }
                Who::Raw | Who::Bare => {
                    let (subject, at) = if who == Who::Raw { (full, full_at) } else { (bare, bare_at) };
                    let messages = messages.pop().unwrap_or_default();
                    Box::pin(raw_task(raw, index, subject.clone(), messages, at))
                }
            };
            writers.push(writer);
        }
        let started = Instant::now();
        let done = run(self.shape, writers).await?;
        let all = started.elapsed();
        let mut each = Vec::with_capacity(self.actors.len() * count);
        for Done { index, at, took } in done {
            each.extend(took);
            if let Some(actor) = self.actors.get_mut(index) {
                match (who, &mut actor.sequences) {
                    (Who::Store, _) => actor.version = Version::new(at)?,
                    (Who::Raw, [sequence, _]) | (Who::Bare, [_, sequence]) => *sequence = at,
                }
            }
        }
        Ok(Timing { all, each })
    }
}

async fn run(shape: Shape, writers: Vec<BoxFuture<'static, Result<Done>>>) -> Result<Vec<Done>> {
    match shape {
        Shape::Tasks => {
            let tasks: JoinSet<_> = writers.into_iter().collect();
            tasks.join_all().await.into_iter().collect()
        }
        // Spawned, as those are.
        Shape::OneTask => {
            tokio::spawn(writers.into_iter().collect::<FuturesUnordered<_>>().try_collect()).await?
        }
    }
}

/// What one writer did.
struct Done {
    index: usize,
    /// The version or sequence that it came to.
    at: u64,
    took: Vec<Duration>,
}

fn commits(events: &sample::Events, count: usize, pack: usize) -> Vec<Vec<NewEvent>> {
    (0..count).map(|_| events.some(pack)).collect()
}

async fn store_task(
    store: JetStreamStore,
    index: usize,
    actor: ActorId,
    mut version: Version,
    commits: Vec<Vec<NewEvent>>,
) -> Result<Done> {
    let mut took = Vec::with_capacity(commits.len());
    for events in commits {
        let started = Instant::now();
        version = store.append(&actor, Expected::Exactly(version), events).await?.version;
        took.push(started.elapsed());
    }
    Ok(Done { index, at: version.number(), took })
}

async fn raw_task(
    raw: Raw,
    index: usize,
    subject: String,
    messages: Vec<Template>,
    mut sequence: u64,
) -> Result<Done> {
    let mut took = Vec::with_capacity(messages.len());
    for message in messages {
        let started = Instant::now();
        sequence = raw.publish(&subject, message, sequence).await?;
        took.push(started.elapsed());
    }
    Ok(Done { index, at: sequence, took })
}
