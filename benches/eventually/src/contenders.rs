//! The stores, doing the same.

use std::time::Instant;

use aether_bench::{Result, sample};
use aether_core::{ActorId, Event, EventStoreExt, Expected, NewEvent, Version};
use aether_store_memory::MemoryStore;
use eventually::inmemory::EventStore as Eventually;
use eventually::store::{EventStore as _, Expected as TheirExpected};

/// A store that appends one event at the version that its writer knows.
pub(crate) trait Contender: Clone + Default + Send {
    /// What is appended, made beforehand.
    type Input: Send;

    fn prepare(event: NewEvent) -> Self::Input;

    /// Appends, and returns the version after it.
    fn put(
        &mut self,
        actor: &ActorId,
        version: Version,
        event: Self::Input,
    ) -> impl Future<Output = Result<Version>>;
}

impl Contender for MemoryStore {
    type Input = NewEvent;

    fn prepare(event: NewEvent) -> NewEvent {
        event
    }

    async fn put(&mut self, actor: &ActorId, version: Version, event: NewEvent) -> Result<Version> {
        let commit = EventStoreExt::append(self, actor, Expected::Exactly(version), [event]).await?;
        Ok(commit.version)
    }
}

/// `eventually` with events of ours, whose clone is shared.
impl Contender for Eventually<ActorId, Event> {
    type Input = NewEvent;

    fn prepare(event: NewEvent) -> NewEvent {
        event
    }

    async fn put(&mut self, actor: &ActorId, version: Version, event: NewEvent) -> Result<Version> {
        let next = Version::new(version.number() + 1)?;
        let event = Event::new(actor.clone(), next, event);
        self.append(actor.clone(), expected(version)?, vec![event]).await?;
        Ok(next)
    }
}

/// An event as a user of `eventually` defines it.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "kept and cloned, not looked at")]
pub(crate) struct Plain {
    id: String,
    kind: String,
    data: String,
    unix_nanos: i128,
}

/// `eventually` with events as its documentation has them.
impl Contender for Eventually<String, Plain> {
    type Input = Plain;

    fn prepare(event: NewEvent) -> Plain {
        Plain {
            id: event.id().as_str().to_owned(),
            kind: event.event_type().as_str().to_owned(),
            data: event.raw_data().as_str().to_owned(),
            unix_nanos: event.timestamp().unix_nanos(),
        }
    }

    async fn put(&mut self, actor: &ActorId, version: Version, event: Plain) -> Result<Version> {
        let version = self.append(actor.as_str().to_owned(), expected(version)?, vec![event]).await?;
        Ok(Version::new(version.into())?)
    }
}

fn expected(version: Version) -> Result<TheirExpected> {
    Ok(TheirExpected::Exact(u32::try_from(version.number())?))
}

/// How much is appended, and by how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) actors: usize,
    pub(crate) threads: usize,
    pub(crate) events: usize,
}

/// Appends the load to an empty store, each thread to actors of its own; returns how many events in a second.
pub(crate) fn run<C: Contender>(load: Load) -> Result<f64> {
    let (store, made) = (C::default(), sample::Events::new()?);
    let all = sample::actors("memory", load.actors)?;
    let each = load.events / load.threads;
    let prepared = || made.some(each).into_iter().map(C::prepare).collect::<Vec<_>>();
    let work: Vec<_> =
        all.chunks(load.actors.div_ceil(load.threads)).map(|own| (store.clone(), own, prepared())).collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = work
            .into_iter()
            .map(|(store, own, events)| scope.spawn(move || on_this_thread(store, own, events)))
            .collect();
        running.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    Ok(load.events as f64 / started.elapsed().as_secs_f64())
}

fn on_this_thread<C: Contender>(store: C, actors: &[ActorId], events: Vec<C::Input>) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(append_all(store, actors, events))
}

/// Appends the events, to one actor after the other.
async fn append_all<C: Contender>(mut store: C, actors: &[ActorId], events: Vec<C::Input>) -> Result {
    let mut versions = vec![Version::INITIAL; actors.len()];
    let mut events = events.into_iter();
    loop {
        for (actor, version) in actors.iter().zip(&mut versions) {
            let Some(event) = events.next() else {
                return Ok(());
            };
            *version = Contender::put(&mut store, actor, *version, event).await?;
        }
    }
}
