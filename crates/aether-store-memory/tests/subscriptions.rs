//! What the memory store adds to the contract of subscriptions: one order without holes, and an end.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aether_core::{
    ActorId, Delivery, Epoch, EventStoreExt, Expected, Filter, NewEvent, RawJson, StartAt, Subscribe,
    Subscription, SubscriptionError, Timestamp,
};
use aether_store_memory::MemoryStore;
use futures_util::{FutureExt, StreamExt};

fn event() -> NewEvent {
    NewEvent::new("T".try_into().unwrap(), RawJson::NULL)
}

async fn append(store: &MemoryStore, actor: usize, events: usize) {
    let actor = ActorId::new(format!("order-{actor}")).unwrap();
    store.append(&actor, Expected::Any, std::iter::repeat_with(event).take(events)).await.unwrap();
}

async fn all(store: &MemoryStore, start: StartAt) -> Subscription {
    store.subscribe(Filter::any(), start).await.unwrap()
}

async fn sequences(subscription: &mut Subscription, count: u64) -> Vec<u64> {
    let mut sequences = Vec::new();
    while sequences.len() < count as usize {
        sequences.push(subscription.next_event().await.unwrap().unwrap().sequence());
    }
    sequences
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn no_sequence_is_passed_over_while_many_append_and_subscribe() {
    const EACH: u64 = 2_000;
    for _ in 0..5 {
        let store = MemoryStore::new();
        let writers = (0..3).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..EACH as usize {
                    append(&store, writer * 100 + n % 50, 1).await;
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        let readers = (0..3).map(|reader| {
            let store = store.clone();
            tokio::spawn(async move {
                // The first is there before most events, the others come as they can.
                (0..reader * 20).for_each(|_| std::thread::yield_now());
                let mut subscription = all(&store, StartAt::Beginning).await;
                sequences(&mut subscription, 3 * EACH).await
            })
        });
        for reader in readers.collect::<Vec<_>>() {
            let seen = tokio::time::timeout(Duration::from_secs(60), reader).await.unwrap().unwrap();
            assert!(
                seen.iter().copied().eq(1..=3 * EACH),
                "{:?}",
                seen.windows(2).find(|w| w[0] + 1 != w[1])
            );
        }
        for writer in writers {
            writer.await.unwrap();
        }
    }
}

/// The writer appends at the very moment at which the reader has found nothing, and is about to wait.
#[tokio::test]
async fn a_reader_that_is_about_to_wait_misses_no_append() {
    const ROUNDS: u64 = 50_000;
    let store = MemoryStore::new();
    let mut subscription = all(&store, StartAt::Now).await;
    let seen = Arc::new(AtomicU64::new(0));
    let writer = std::thread::spawn({
        let (store, seen) = (store.clone(), Arc::clone(&seen));
        move || {
            for round in 0..ROUNDS {
                while seen.load(Ordering::Acquire) < round {
                    if Arc::strong_count(&seen) == 1 {
                        return;
                    }
                    std::thread::yield_now();
                }
                append(&store, 1, 1).now_or_never().unwrap();
            }
        }
    });
    for round in 1..=ROUNDS {
        tokio::select! {
            // First: whoever is woken by the clock finds the event, too.
            biased;
            () = tokio::time::sleep(Duration::from_secs(10)) => panic!("nobody was woken"),
            event = subscription.next_event() => assert!(event.unwrap().is_some()),
        }
        seen.store(round, Ordering::Release);
    }
    writer.join().unwrap();
}

#[tokio::test]
async fn the_task_that_polled_last_is_woken() {
    let store = MemoryStore::new();
    let mut subscription = all(&store, StartAt::Now).await;
    assert!(subscription.next_event().now_or_never().is_none());
    let waiting = tokio::spawn(async move { subscription.next_event().await.unwrap().is_some() });
    tokio::task::yield_now().await;
    append(&store, 1, 1).await;
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap());
}

#[tokio::test]
async fn when_the_store_is_gone_it_ends_after_the_last_event() {
    let store = MemoryStore::new();
    append(&store, 1, 2).await;
    let mut idle = all(&store, StartAt::Now).await;
    assert!(matches!(idle.next().await, Some(Ok(Delivery::CaughtUp))));
    assert!(idle.next().now_or_never().is_none());
    let mut behind = all(&store, StartAt::Beginning).await;
    let (waits, monitor) = (tokio::spawn(async move { idle.next().await.is_none() }), behind.monitor());
    tokio::task::yield_now().await;
    drop(store.clone());
    drop(store);
    assert!(tokio::time::timeout(Duration::from_secs(30), waits).await.unwrap().unwrap());
    assert_eq!(sequences(&mut behind, 2).await, [1, 1]);
    assert!(matches!(behind.next().await, Some(Ok(Delivery::CaughtUp))));
    assert!(behind.next().await.is_none() && monitor.status().ended);
}

#[tokio::test]
async fn lag_counts_what_is_stored_behind_the_checkpoint() {
    let store = MemoryStore::new();
    append(&store, 1, 3).await;
    let filter = Filter::actor(ActorId::new("order-2").unwrap());
    let mut subscription = store.subscribe(filter, StartAt::Beginning).await.unwrap();
    let monitor = subscription.monitor();
    assert_eq!(monitor.status().lag, Some(1));
    assert!(matches!(subscription.next().await, Some(Ok(Delivery::CaughtUp))));
    assert_eq!(monitor.status().lag, Some(0));
    append(&store, 1, 1).await;
    store.claim(&ActorId::new("order-1").unwrap(), Epoch::new(1)).await.unwrap();
    assert_eq!(monitor.status().lag, Some(2));
    assert!(subscription.next().now_or_never().is_none());
    assert_eq!((monitor.status().lag, monitor.status().delivered), (Some(0), 0));
}

#[tokio::test]
async fn only_a_store_that_keeps_times_starts_at_one() {
    let store = MemoryStore::new();
    let refused = store.subscribe(Filter::any(), StartAt::Time(Timestamp::now())).await.unwrap_err();
    assert!(matches!(&refused, SubscriptionError::Unsupported(what) if what.needed.contains("keep_times")));
    let store = MemoryStore::builder().keep_times().build();
    let mut subscription = all(&store, StartAt::Time(Timestamp::now())).await;
    append(&store, 1, 1).await;
    assert!(matches!(subscription.next().await, Some(Ok(Delivery::CaughtUp))));
    assert_eq!(sequences(&mut subscription, 1).await, [1]);
}
