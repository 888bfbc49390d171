//! A view has each event once, whatever becomes of who keeps it up to date, and however it is written.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use aether_core::key_value::{KeyValue, Revision};
use aether_core::{Checkpoint, EventStoreExt, Expected, SharedKeyValue};
use aether_projection::{
    Batch, ErrorPolicy, Generation, Generations, Mode, Projection, Projector, ProjectorError, View,
    ViewError, ViewProjection, Views,
};
use aether_store_memory::{MemoryKeyValue, MemoryStore};
use common::append;
use common::ledger::{Ledger, Line, lines, plain_fold, recorded};
use common::mortal::Mortal;

const NEVER: u64 = u64::MAX;
/// As many keys as the embedded store changes together; and one at a time.
const WAYS: [Option<usize>; 2] = [Some(1000), None];

fn views(store: &MemoryKeyValue, most: Option<usize>, writes: u64) -> Views<Ledger, Mortal> {
    Views::new(Ledger, Mortal::new(store.clone(), most, writes), "ledger")
}

fn batch(numbers: std::ops::Range<u32>) -> Batch {
    let events: Vec<_> = numbers.map(recorded).collect();
    let mut checkpoint = Checkpoint::default();
    events.iter().for_each(|event| checkpoint.advance(event.position()));
    Batch::new(events, checkpoint, Mode::Live)
}

/// How many events a checkpoint covers.
fn covered(checkpoint: Option<Checkpoint>) -> u32 {
    let checkpoint = checkpoint.unwrap_or_default();
    let sequence = checkpoint.positions().next().map_or(0, aether_core::Position::sequence);
    u32::try_from(sequence).unwrap()
}

fn is_superseded(error: &ViewError) -> bool {
    matches!(error, ViewError::Checkpoint(aether_projection::CheckpointError::Superseded(_)))
}

#[tokio::test]
async fn a_view_equals_the_plain_fold_in_batches_of_any_size() {
    for most in [Some(1000), Some(6), None] {
        for batch_size in [1, 7, 256] {
            let (store, values) = (MemoryStore::new(), MemoryKeyValue::new());
            append(&store, 0..300).await;
            let views = views(&values, most, NEVER).cached(batch_size);
            assert_eq!(views.is_atomic(), most.is_some());
            let running = Projector::new("ledger", store).batch_size(batch_size).start(views.projection());
            running.wait_until_caught_up().await.unwrap();
            running.stop().await.unwrap();
            assert_eq!(lines(&views).await, plain_fold(0..300), "{most:?} {batch_size}");
            assert_eq!(covered(views.checkpoint().await.unwrap()), 300);
        }
    }
}

#[tokio::test]
async fn whichever_write_is_its_last_the_next_one_goes_on_and_each_event_counts_once() {
    for (most, next) in [(WAYS[0], WAYS[0]), (WAYS[1], WAYS[1]), (WAYS[1], WAYS[0]), (Some(6), Some(6))] {
        let mut writes = 1;
        loop {
            let values = MemoryKeyValue::new();
            let first = views(&values, most, writes);
            let mut projection = first.projection();
            projection.checkpoint().await.ok();
            for start in [0, 20, 40] {
                if projection.apply(&batch(start..start + 20)).await.is_err() {
                    break;
                }
            }
            let views = views(&values, next, NEVER);
            let so_far = covered(views.checkpoint().await.unwrap());
            if most.is_some() && most != Some(6) {
                assert_eq!(
                    lines(&views).await,
                    plain_fold(0..so_far),
                    "entries and checkpoint are one change"
                );
            }
            // From wherever it has come: what it was given last comes again, and more.
            let mut projection = views.projection();
            assert_eq!(covered(projection.checkpoint().await.unwrap()), so_far);
            projection.apply(&batch(so_far..so_far + 13)).await.unwrap();
            projection.apply(&batch(so_far + 13..80)).await.unwrap();
            assert_eq!(lines(&views).await, plain_fold(0..80), "{most:?}, then {next:?}, died at {writes}");
            if so_far == 60 {
                break;
            }
            writes += 1;
        }
        assert!(writes >= 4, "it died {writes} times");
    }
}

#[tokio::test]
async fn of_two_that_run_the_later_one_goes_on_and_the_earlier_one_stops() {
    for most in WAYS {
        let (store, values) = (MemoryStore::new(), MemoryKeyValue::new());
        let views = views(&values, most, NEVER);
        let projector = Projector::new("ledger", store.clone()).batch_size(3);
        let first = projector.start(views.projection());
        first.wait_until_caught_up().await.unwrap();
        let appending = tokio::spawn(async move { append(&store, 0..500).await });
        let second = projector.start(views.projection());
        appending.await.unwrap();
        let position = recorded(499).position();
        views.wait_for(&position, Duration::from_secs(20)).await.unwrap();
        common::eventually("the first gives way", || first.failure().is_some()).await;
        assert!(matches!(&*first.failure().unwrap(), ProjectorError::Superseded(_)), "{:?}", first.failure());
        assert!(second.failure().is_none(), "{:?}", second.failure());
        assert_eq!(lines(&views).await, plain_fold(0..500), "{most:?}");
    }
}

/// Two that run, of which the first does not know of the second.
async fn zombie_and_next(
    values: &MemoryKeyValue,
    ways: [Option<usize>; 2],
) -> [ViewProjection<Ledger, Mortal>; 2] {
    let [mut zombie, mut next] = ways.map(|most| views(values, most, NEVER).projection());
    zombie.checkpoint().await.unwrap();
    zombie.apply(&batch(0..30)).await.unwrap();
    assert_eq!(covered(next.checkpoint().await.unwrap()), 30);
    [zombie, next]
}

#[tokio::test]
async fn what_one_writes_that_was_taken_over_is_neither_lost_nor_doubled() {
    for ways in [[WAYS[0]; 2], [WAYS[1]; 2], [WAYS[1], WAYS[0]], [WAYS[0], WAYS[1]]] {
        for (first, then) in [(31, 33), (33, 31), (40, 60), (60, 40)] {
            let values = MemoryKeyValue::new();
            let [mut zombie, mut next] = zombie_and_next(&values, ways).await;
            // The next one has the entries in hand that the other then writes.
            next.apply(&batch(30..31)).await.unwrap();
            let error = zombie.apply(&batch(30..first)).await.unwrap_err();
            assert!(is_superseded(&error), "{error:?}");
            next.apply(&batch(31..then)).await.unwrap();
            assert!(is_superseded(&zombie.apply(&batch(30..first)).await.unwrap_err()));
            next.apply(&batch(then..80)).await.unwrap();
            assert_eq!(
                lines(&views(&values, WAYS[0], NEVER)).await,
                plain_fold(0..80),
                "{ways:?} {first} {then}"
            );
        }
    }
}

#[tokio::test]
async fn one_that_was_taken_over_writes_nothing_over_what_came_later() {
    for ways in [[WAYS[0]; 2], [WAYS[1]; 2], [WAYS[1], WAYS[0]], [WAYS[0], WAYS[1]]] {
        let values = MemoryKeyValue::new();
        // It has the entries in hand as they were.
        let [mut zombie, mut next] = zombie_and_next(&values, ways).await;
        next.apply(&batch(30..60)).await.unwrap();
        assert!(is_superseded(&zombie.apply(&batch(30..40)).await.unwrap_err()));
        assert_eq!(lines(&views(&values, WAYS[0], NEVER)).await, plain_fold(0..60), "{ways:?}");
    }
}

#[tokio::test]
async fn two_that_write_the_same_entries_at_once_leave_the_plain_fold() {
    for ways in [[WAYS[1]; 2], [WAYS[1], WAYS[0]]] {
        for round in 0..20_u32 {
            let values = MemoryKeyValue::new();
            let [mut zombie, mut next] = zombie_and_next(&values, ways).await;
            let late = async {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                zombie.apply(&batch(30..50)).await
            };
            let fifteen = batch(30..45);
            let (late, done) = tokio::join!(late, next.apply(&fifteen));
            done.unwrap();
            assert!(is_superseded(&late.unwrap_err()));
            next.apply(&batch(45..60)).await.unwrap();
            assert_eq!(lines(&views(&values, WAYS[0], NEVER)).await, plain_fold(0..60), "{ways:?} {round}");
        }
    }
}

/// Whoever comes takes a seat, and gives it up when the seat is theirs.
struct Seats;

impl View for Seats {
    type Entry = u32;
    type Error = aether_core::error::BoxError;

    fn keys(&self, _: &aether_core::RecordedEvent) -> Result<Vec<String>, Self::Error> {
        Ok(vec!["seat".to_owned()])
    }

    fn apply(
        &self,
        _: &str,
        entry: Option<u32>,
        _: &aether_core::RecordedEvent,
    ) -> Result<Option<u32>, Self::Error> {
        Ok(if entry.is_some() { None } else { Some(1) })
    }
}

#[tokio::test]
async fn an_entry_that_was_taken_away_does_not_come_back_by_an_event_that_comes_again() {
    for most in WAYS {
        let values = MemoryKeyValue::new();
        let seats = Views::new(Seats, Mortal::new(values.clone(), most, NEVER), "seats");
        let [mut zombie, mut next] = [seats.projection(), seats.per_key().projection()];
        zombie.checkpoint().await.unwrap();
        next.checkpoint().await.unwrap();
        next.apply(&batch(0..2)).await.unwrap();
        assert!(is_superseded(&zombie.apply(&batch(0..1)).await.unwrap_err()));
        let seats = Views::new(Seats, values.clone(), "seats");
        assert_eq!((seats.get("seat").await.unwrap(), seats.keys("").await.unwrap()), (None, Vec::new()));
        assert!(values.get("view/seats/seat").await.unwrap().is_some(), "its events' places are left");
    }
}

#[tokio::test]
async fn a_batch_is_committed_in_as_many_pieces_as_it_takes() {
    let values = MemoryKeyValue::new();
    // Three entries and the checkpoint: as much as an event needs.
    let store = Mortal::new(values.clone(), Some(4), NEVER);
    let views = Views::new(Ledger, store.clone(), "ledger");
    let mut projection = views.projection();
    projection.checkpoint().await.unwrap();
    projection.apply(&batch(0..100)).await.unwrap();
    assert_eq!((lines(&views).await, store.largest.load(Ordering::SeqCst)), (plain_fold(0..100), 4));
    // Events of more keys than can be committed together are written entry by entry.
    let store = Mortal::new(MemoryKeyValue::new(), Some(3), NEVER);
    let views = Views::new(Ledger, store.clone(), "ledger");
    let mut projection = views.projection();
    projection.apply(&batch(0..100)).await.unwrap();
    assert_eq!((lines(&views).await, store.largest.load(Ordering::SeqCst)), (plain_fold(0..100), 3));
}

#[tokio::test]
async fn whoever_appended_can_wait_for_the_view() {
    let (store, values) = (MemoryStore::new(), MemoryKeyValue::new());
    let views = Views::new(Ledger, values, "a/view");
    assert_eq!(views.checkpoint().await.unwrap(), None);
    let position = recorded(9).position();
    let late = views.wait_for(&position, Duration::from_millis(3)).await.unwrap_err();
    assert!(matches!(&late, ViewError::Late { position: at, .. } if *at == position), "{late}");
    let running = Projector::new("ledger", store.clone()).start(views.projection());
    let (waited, ()) =
        tokio::join!(views.wait_for(&position, Duration::from_secs(20)), append(&store, 0..10));
    assert!(waited.unwrap().covers(&position));
    let wanted = plain_fold(0..10);
    assert_eq!(views.get("all").await.unwrap(), wanted.get("all").copied());
    assert_eq!(views.get("none").await.unwrap(), None::<Line>);
    let lined: Vec<_> = wanted.keys().filter(|key| key.starts_with("line.")).cloned().collect();
    assert_eq!(views.keys("line.").await.unwrap(), lined);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_no_entry_is_named_and_nothing_is_written_over_it() {
    let values = MemoryKeyValue::new();
    values.put("view/ledger/all", "{}".into(), Revision::NONE).await.unwrap();
    let views = Views::new(Ledger, values.clone(), "ledger");
    let mut projection = views.projection();
    for error in [projection.apply(&batch(0..2)).await.unwrap_err(), views.get("all").await.unwrap_err()] {
        assert!(matches!(&error, ViewError::Entry { key, .. } if key == "all"), "{error}");
    }
    assert_eq!(values.get("view/ledger/all").await.unwrap().unwrap().value, "{}");
    assert_eq!(covered(views.checkpoint().await.unwrap()), 0);
}

#[tokio::test]
async fn an_event_that_is_not_applied_stops_the_view_before_it_or_is_skipped_alone() {
    for most in WAYS {
        let (store, values) = (MemoryStore::new(), MemoryKeyValue::new());
        append(&store, 0..20).await;
        let poison = common::event("no number");
        store.append(&common::actor("order-9"), Expected::Any, [poison]).await.unwrap();
        append(&store, 20..40).await;
        let views = Views::new(Ledger, SharedKeyValue::new(Mortal::new(values, most, NEVER)), "ledger");
        let projector = Projector::new("ledger", store);
        let stopped = projector.start(views.projection());
        common::eventually("it stops", || stopped.failure().is_some()).await;
        assert!(matches!(&*stopped.failure().unwrap(), ProjectorError::Apply { .. }));
        assert_eq!(covered(views.checkpoint().await.unwrap()), 0, "its batch is not begun");
        let once = aether_core::RetryPolicy::default().attempts(1);
        let running = projector.on_error(ErrorPolicy::skip(once, |_| {})).start(views.projection());
        let status = running.wait_until_caught_up().await.unwrap();
        assert_eq!((status.skipped, lines(&views).await), (1, plain_fold(0..40)), "{most:?}");
    }
}

#[tokio::test]
async fn the_next_generation_of_a_view_is_built_beside_it() {
    let (store, values) = (MemoryStore::new(), MemoryKeyValue::new());
    append(&store, 0..50).await;
    let generations = Generations::new(values.clone(), "ledger");
    let of =
        move |generation: Generation| Views::new(Ledger, values.clone(), &format!("ledger.{generation}"));
    let make = {
        let of = of.clone();
        move |generation| of(generation).projection()
    };
    let projector = Projector::new("ledger", store.clone()).batch_size(8);
    let first = projector.start_generation(&generations, Generation::FIRST, make.clone()).await.unwrap();
    first.wait_until_caught_up().await.unwrap();
    first.stop().await.unwrap();
    append(&store, 50..70).await;
    let second = projector.start_generation(&generations, Generation::new(2), make).await.unwrap();
    second.wait_until_active().await.unwrap();
    let active = of(generations.active().await.unwrap().unwrap());
    active.wait_for(&recorded(69).position(), Duration::from_secs(20)).await.unwrap();
    assert_eq!(lines(&active).await, plain_fold(0..70));
    second.stop().await.unwrap();
}
