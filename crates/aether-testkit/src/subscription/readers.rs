//! Readers: many, slow ones, and those that are gone.

use std::sync::Arc;
use std::time::Duration;

use aether_core::{Filter, StartAt, Subscribe};

use super::reader::{Reader, actors, append, exactly};
use crate::suite::check::{eventually, same};
use crate::suite::{Fixture, StoreUnderTest};

pub(crate) async fn many_subscriptions_each_get_everything<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 3));
    let (mut stored, mut readers) = (Vec::new(), Vec::new());
    for n in 0..20 {
        readers.push(Reader::all(&store, StartAt::Beginning).await);
        stored.extend(append(&store, &actors[n % 3], 1).await.events);
    }
    let reading = readers.into_iter().map(|mut reader| tokio::spawn(async move { reader.events(20).await }));
    for reader in reading.collect::<Vec<_>>() {
        let seen = reader.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        exactly("each of many subscriptions gets everything", &seen, &stored);
    }
}

pub(crate) async fn a_slow_reader_loses_nothing_and_holds_up_nobody<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (Arc::new(fixture.open().await), actors(&fixture, 8));
    let mut slow = Reader::all(&*store, StartAt::Beginning).await;
    slow.history().await;
    let mut fast = Reader::all(&*store, StartAt::Now).await;
    let writers = actors.into_iter().map(|actor| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut stored = Vec::new();
            for _ in 0..60 {
                stored.extend(append(&*store, &actor, 1).await.events);
            }
            stored
        })
    });
    let mut stored = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        stored.extend(writer.await.expect("appends wait for no reader"));
    }
    exactly("another reader waits for no slow one", &fast.events(480).await, &stored);
    exactly("a slow reader gets everything in the end", &slow.events(480).await, &stored);
}

pub(crate) async fn a_dropped_subscription_harms_nobody<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 2));
    let mut stays = Reader::all(&store, StartAt::Beginning).await;
    let mut stored = Vec::new();
    for n in 0..10 {
        let mut dropped = Reader::all(&store, StartAt::Beginning).await;
        dropped.events(n / 2).await;
        drop(dropped);
        stored.extend(append(&store, &actors[n % 2], 1).await.events);
        drop(store.subscribe(Filter::any(), StartAt::Now));
    }
    exactly("others go on when a subscription is dropped", &stays.events(10).await, &stored);
}

/// Whoever polled last is woken, not who polled first.
pub(crate) async fn a_subscription_may_change_its_task<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 1));
    let mut reader = Reader::all(&store, StartAt::Now).await;
    reader.history().await;
    for _ in 0..5 {
        let waits = tokio::time::timeout(Duration::from_millis(5), reader.item()).await;
        same("nothing comes of nothing", waits.is_err(), true);
        let waiting = tokio::spawn(async move {
            let event = reader.event().await;
            (reader, event)
        });
        let commit = append(&store, &actors[0], 1).await;
        let (back, event) =
            waiting.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        same("a subscription wakes the task that it is in", event, commit.events[0].clone());
        reader = back;
    }
}

pub(crate) async fn a_subscription_outlives_what_it_was_made_with<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, other, actors) = (fixture.open().await, fixture.open().await, actors(&fixture, 1));
    let first = append(&store, &actors[0], 1).await.events;
    let mut reader = Reader::all(&store, StartAt::Beginning).await;
    drop(store);
    same("history comes without the handle", reader.history().await, first);
    let commit = append(&other, &actors[0], 1).await;
    same("and what others store", reader.event().await, commit.events[0].clone());
}

pub(crate) async fn a_monitor_sees_what_was_handed_out<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 2));
    for n in 0..6 {
        append(&store, &actors[n % 2], 1).await;
    }
    let filter = Filter::actor(actors[0].clone());
    let mut reader = Reader::of(&store, filter, StartAt::Beginning).await;
    let monitor = reader.0.monitor();
    reader.event().await;
    same(
        "what was handed out is counted",
        (monitor.status().delivered, monitor.status().caught_up),
        (1, false),
    );
    reader.history().await;
    let status = monitor.status();
    let seen = (status.delivered, status.caught_up, status.restarts, status.malformed, status.ended);
    same("the mark is seen", seen, (3, true, 0, 0, false));
    append(&store, &actors[0], 1).await;
    reader.event().await;
    let lag = || async { monitor.status().lag.unwrap_or(0) };
    eventually("who has everything lags behind nothing", lag, |lag| *lag == 0).await;
    drop(reader);
    same("its end is seen", monitor.status().ended, true);
}
