//! Streams in which the events of each actor lie scattered, filled by the store's own appends.

use std::time::Duration;

use aether_bench::{Result, sample};
use aether_core::{ActorId, AppendOptions, EventStore, Expected};
use aether_store_jetstream::JetStreamStore;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::task::JoinSet;

/// How many actors a stream has.
const ACTORS: usize = 10_000;
/// How many tasks fill a stream, and how many appends of each are in flight.
const TASKS: usize = 8;
const WINDOW: usize = 32;
/// How long an append may take: those to the actors of many events queue up behind each other.
const PATIENCE: Duration = Duration::from_secs(60);

/// An actor, and where its events lie.
#[derive(Debug, Clone)]
pub(crate) struct Scattered {
    pub(crate) id: ActorId,
    pub(crate) sequences: Vec<u64>,
}

/// A filled stream, with the actors that are read.
pub(crate) struct Filled {
    /// Actors of 10 events.
    pub(crate) tens: Vec<Scattered>,
    /// Actors of 90 events.
    pub(crate) nineties: Vec<Scattered>,
    /// Actors of 1,000 events.
    pub(crate) thousands: Vec<Scattered>,
}

/// Which actors there are: how many of how many events.
fn census(messages: usize) -> [(&'static str, usize, usize); 4] {
    let (tens, nineties, thousands) = match messages {
        1_000_000.. => (64, 0, 4),
        100_000.. => (64, 256, 0),
        _ => (64, 0, 0),
    };
    let left = messages - 10 * tens - 90 * nineties - 1_000 * thousands;
    let others = ACTORS - tens - nineties - thousands;
    [
        ("ten", tens, 10),
        ("ninety", nineties, 90),
        ("thousand", thousands, 1_000),
        ("other", others, left.div_ceil(others)),
    ]
}

/// Fills an empty store with about `messages` messages of 10,000 actors, each one's spread over the whole stream.
pub(crate) async fn fill(store: &JetStreamStore, messages: usize) -> Result<Filled> {
    let mut actors = Vec::new();
    for (name, count, events) in census(messages) {
        actors.extend(sample::actors(name, count)?.into_iter().map(|id| (id, events)));
    }
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let own: Vec<_> = actors.iter().skip(task).step_by(TASKS).cloned().collect();
        tasks.spawn(append_all(store.clone(), own));
    }
    let mut all = Vec::with_capacity(actors.len());
    for done in tasks.join_all().await {
        all.extend(done?);
    }
    let named = |name: &str| {
        let prefix = format!("order-{name}-");
        all.iter().filter(|actor| actor.id.as_str().starts_with(&prefix)).cloned().collect()
    };
    Ok(Filled { tens: named("ten"), nineties: named("ninety"), thousands: named("thousand") })
}

/// Appends to each actor as many events as it is to have, all of them spread over the same time.
async fn append_all(store: JetStreamStore, actors: Vec<(ActorId, usize)>) -> Result<Vec<Scattered>> {
    let events = sample::Events::new()?;
    // Each event at a time of its own, as events of actors that know nothing of each other come.
    let mut random = fastrand::Rng::with_seed(actors.len() as u64);
    let mut schedule: Vec<(f64, usize)> = Vec::new();
    for (index, (_, count)) in actors.iter().enumerate() {
        schedule.extend(std::iter::repeat_with(|| (random.f64(), index)).take(*count));
    }
    schedule.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let appends = schedule.into_iter().filter_map(|(_, index)| Some((index, actors.get(index)?.0.clone())));
    let mut stored = stream::iter(appends)
        .map(|(index, actor)| {
            let (store, event) = (&store, events.one());
            async move {
                let options = AppendOptions::default().deadline(PATIENCE);
                let commit = store.append_with(&actor, Expected::Any, vec![event], options).await?;
                Result::Ok((index, commit.position.sequence()))
            }
        })
        .buffer_unordered(WINDOW);
    let mut all: Vec<_> =
        actors.iter().map(|(id, _)| Scattered { id: id.clone(), sequences: Vec::new() }).collect();
    while let Some(commit) = stored.next().await {
        let (index, sequence) = commit?;
        all.get_mut(index).into_iter().for_each(|actor| actor.sequences.push(sequence));
    }
    all.iter_mut().for_each(|actor| actor.sequences.sort_unstable());
    Ok(all)
}
