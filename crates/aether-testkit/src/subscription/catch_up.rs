//! Catching up: history, the mark, and then what is stored; nothing missed and nothing twice.

use std::sync::Arc;

use aether_core::{
    ActorId, Delivery, Epoch, EventStore, EventStoreExt, Expected, RecordedEvent, StartAt, Subscribe, Version,
};

use super::reader::{Reader, actors, append, exactly};
use crate::suite::ability::{fences, packs};
use crate::suite::check::{history, must, same};
use crate::suite::{Fixture, StoreUnderTest};

pub(crate) async fn history_comes_in_order_then_the_mark_then_what_is_stored<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 4));
    let mut stored = Vec::new();
    for n in 0..30 {
        stored.extend(append(&store, &actors[n % 4], 1).await.events);
    }
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    exactly("what was stored before comes before the mark", &all.history().await, &stored);
    for n in 0..10 {
        let commit = append(&store, &actors[n % 4], 1).await;
        same("what is stored then comes as it is stored", all.event().await, commit.events[0].clone());
    }
}

pub(crate) async fn without_history_the_mark_comes_at_once<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 1));
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    same("an empty store has no history", all.delivery().await, Delivery::CaughtUp);
    all.nothing_but("the mark comes once", &store, &actors[0]).await;
}

pub(crate) async fn what_is_stored_before_history_is_read_comes_too<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 3));
    let mut stored = append(&store, &actors[0], 1).await.events;
    for read_first in [false, true] {
        let mut all = Reader::all(&store, StartAt::Beginning).await;
        let mut seen = if read_first { vec![all.event().await] } else { Vec::new() };
        for actor in &actors {
            stored.extend(append(&store, actor, 1).await.events);
        }
        let left = stored.len() - seen.len();
        seen.extend(all.events(left).await);
        exactly("between history and what is stored later nothing is missed or repeated", &seen, &stored);
        let next = append(&store, &actors[0], 1).await.events;
        same("and nothing comes again", all.events(1).await, next.clone());
        stored.extend(next);
    }
}

pub(crate) async fn the_events_of_a_commit_come_in_order<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 2));
    if !packs(&fixture, &store).await {
        return;
    }
    let mut stored = Vec::new();
    for count in [3, 1, 20, 2] {
        stored.extend(append(&store, &actors[0], count).await.events);
    }
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    same("commits of history come whole and in order", all.history().await, stored);
    let commit = append(&store, &actors[1], 7).await;
    same("so do those that are stored later", all.events(7).await, commit.events);
}

/// The classic fault: the source of history ends, the live one begins, and something lies between them or in both.
pub(crate) async fn nothing_is_missed_or_repeated_while_many_append<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = Arc::new(fixture.open().await);
    let pack = if packs(&fixture, &store).await { 3 } else { 1 };
    let (actors, mut before) = (actors(&fixture, 12), Vec::new());
    for _ in 0..4 {
        let writers: Vec<_> =
            actors.chunks(3).map(|own| tokio::spawn(write(Arc::clone(&store), own.to_vec(), pack))).collect();
        let count = before.len() + 4 * written(pack);
        let readers: Vec<_> =
            (0..3).map(|late| tokio::spawn(read(Arc::clone(&store), late, count))).collect();
        for writer in writers {
            before.extend(writer.await.expect("every writer gets through"));
        }
        let mut done = Vec::new();
        for reader in readers {
            done.push(reader.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
        }
        let last = append(&*store, &actors[0], 1).await.events;
        for (mut all, seen) in done {
            exactly("whenever it began, a subscription gets each event once", &seen, &before);
            exactly("and none again", &all.events(1).await, &last);
        }
        before.extend(last);
    }
}

const COMMITS: usize = 12;

fn written(pack: usize) -> usize {
    (0..COMMITS).map(|n| 1 + n % pack).sum()
}

async fn write(store: Arc<impl EventStore>, own: Vec<ActorId>, pack: usize) -> Vec<RecordedEvent> {
    let mut stored = Vec::new();
    for n in 0..COMMITS {
        stored.extend(append(&*store, &own[n % own.len()], 1 + n % pack).await.events);
        tokio::task::yield_now().await;
    }
    stored
}

/// Subscribes while the writers are at it, some later than others, and reads so many events.
async fn read(store: Arc<impl Subscribe>, late: usize, count: usize) -> (Reader, Vec<RecordedEvent>) {
    for _ in 0..late * 10 {
        tokio::task::yield_now().await;
    }
    let mut all = Reader::all(&*store, StartAt::Beginning).await;
    let seen = all.events(count).await;
    (all, seen)
}

pub(crate) async fn what_other_handles_append_comes<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, other, actors) = (fixture.open().await, fixture.open().await, actors(&fixture, 2));
    let mut stored = append(&other, &actors[0], 1).await.events;
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    stored.extend(append(&other, &actors[1], 1).await.events);
    stored.extend(append(&store, &actors[0], 1).await.events);
    exactly("a subscription shows what all handles append", &all.events(3).await, &stored);
}

pub(crate) async fn a_claim_is_no_event<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 2));
    if !fences(&fixture, &store).await {
        return;
    }
    let claim = async |epoch| must("it is claimed", store.claim(&actors[0], Epoch::new(epoch)).await);
    claim(1).await;
    let first = append(&store, &actors[0], 1).await.events;
    claim(2).await;
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    same("claims of history do not come", all.history().await, first);
    claim(3).await;
    all.nothing_but("claims that are made later do not come", &store, &actors[0]).await;
    let from = all.0.checkpoint();
    claim(4).await;
    let mut rest = Reader::all(&store, StartAt::After(from)).await;
    same("after a checkpoint they do not come", rest.history().await, vec![]);
    rest.nothing_but("nor later", &store, &actors[1]).await;
}

pub(crate) async fn events_come_as_they_are_read<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 1));
    let event = crate::suite::sample::with_data(r#"{"n":12345678901234567890,"text":"ü\n"}"#)
        .with_metadata("traceId", "abc")
        .with_command(aether_core::CommandId::new("command-1").expect("a valid id"));
    let live = Reader::all(&store, StartAt::Now).await;
    must("it is stored", store.append(&actors[0], Expected::NoEvents, [event]).await);
    let read = history(&store, &actors[0]).await;
    for mut subscription in [live, Reader::all(&store, StartAt::Beginning).await] {
        same("a subscription shows every field and the place", subscription.events(1).await, read.clone());
        same("the version, too", read[0].version(), Version::FIRST);
    }
}
