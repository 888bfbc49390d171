//! A projector feeds a projection each event once, whatever becomes of it in between.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::time::Duration;

use aether_core::{EventStoreExt, Expected, Filter, RetryPolicy, StartAt};
use aether_projection::{ErrorPolicy, Generation, Projector, ProjectorError, ProjectorState};
use aether_store_memory::MemoryStore;
use common::database::{Database, Fault};
use common::{actor, append, event, eventually};

fn wanted(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("{{\"note\":\"{number}\"}}")).collect()
}

fn soon(attempts: u32) -> RetryPolicy {
    RetryPolicy::default().attempts(attempts).delays(Duration::from_millis(1), Duration::from_millis(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_applied_once_in_order_however_often_it_is_stopped() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let projector = Projector::new("notes", store.clone()).batch_size(7);
    let appending = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..400 {
                append(&store, number..number + 1).await;
                tokio::task::yield_now().await;
            }
        }
    });
    while database.notes().len() < 400 {
        let running = projector.start(database.first());
        running.wait_until_caught_up().await.unwrap();
        running.stop().await.unwrap();
    }
    appending.await.unwrap();
    assert_eq!(database.notes(), wanted(0..400));
    let tables = database.tables();
    assert!(tables.effects.len() == 400 && tables.effects.values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_comes_in_batches_and_what_is_live_at_once() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..100).await;
    let projector =
        Projector::new("notes", store.clone()).batch_size(32).fill_within(Duration::from_secs(60));
    let running = projector.start(database.first());
    let status = running.wait_until_caught_up().await.unwrap();
    assert_eq!(
        (status.state, status.events, status.batches, status.lag),
        (ProjectorState::Live, 100, 4, Some(0))
    );
    assert_eq!(database.rows(Generation::FIRST).batches, [32, 32, 32, 4]);
    append(&store, 100..101).await;
    eventually("a live event is applied alone", || database.notes().len() == 101).await;
    assert_eq!(running.status().checkpoint, database.rows(Generation::FIRST).checkpoint);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_stops_it_before_anything_that_comes_later() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..10).await;
    database.fail(&[Fault::Before]);
    let running = Projector::new("notes", store.clone()).start(database.first());
    let error = running.wait_until_caught_up().await.unwrap_err();
    let ProjectorError::Apply { events: 10, first: Some(first), source } = &*error else { panic!("{error}") };
    assert_eq!((first.sequence(), source.to_string().as_str()), (1, "the database is away"));
    assert_eq!((running.status().state, database.notes().len()), (ProjectorState::Failed, 0));
    assert!(running.failure().is_some());
    assert!(running.stop().await.is_err());
    let again = Projector::new("notes", store).start(database.first());
    again.wait_until_caught_up().await.unwrap();
    assert_eq!(database.notes(), wanted(0..10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_outcome_was_lost_is_not_applied_again() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..30).await;
    let faults = [Fault::After, Fault::Before, Fault::Before, Fault::After, Fault::After];
    database.fail(&faults);
    let projector = Projector::new("notes", store).batch_size(10).on_error(ErrorPolicy::retry(soon(3)));
    let running = projector.start(database.first());
    let status = running.wait_until_caught_up().await.unwrap();
    assert_eq!((status.failures, database.notes()), (5, wanted(0..30)));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tries_as_often_as_it_is_told_and_stops() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..3).await;
    database.fail(&[Fault::Before; 3]);
    let projector = Projector::new("notes", store).on_error(ErrorPolicy::retry(soon(3)));
    let running = projector.start(database.first());
    let error = running.wait_until_caught_up().await.unwrap_err();
    assert!(matches!(&*error, ProjectorError::Apply { .. }), "{error}");
    assert_eq!((running.status().failures, database.notes().len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_event_alone_is_skipped() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..5).await;
    let poison = event("poison");
    database.tables().poison = Some(poison.id().clone());
    store.append(&actor("order-1"), Expected::Any, [poison.clone()]).await.unwrap();
    append(&store, 5..10).await;
    let (sender, skipped) = std::sync::mpsc::channel();
    let policy = ErrorPolicy::skip(soon(2), move |skipped| {
        sender.send((skipped.event.id().clone(), skipped.error.to_string())).unwrap();
    });
    let projector = Projector::new("notes", store).on_error(policy);
    let running = projector.start(database.first());
    let status = running.wait_until_caught_up().await.unwrap();
    assert_eq!((status.skipped, status.events), (1, 10));
    assert_eq!(skipped.try_iter().collect::<Vec<_>>(), [(poison.id().clone(), "poison".to_owned())]);
    assert_eq!(database.notes(), wanted(0..10));
    running.stop().await.unwrap();
    let again = projector.start(database.first());
    let status = again.wait_until_caught_up().await.unwrap();
    assert_eq!((status.events, status.skipped), (0, 0), "what was skipped does not come again");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_skipped_while_the_database_is_away() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..10).await;
    let running = Projector::new("notes", store.clone()).start(database.first());
    running.wait_until_caught_up().await.unwrap();
    running.stop().await.unwrap();
    append(&store, 10..20).await;
    // Away for all attempts of an event, but not when it is asked how far it came.
    database.fail(&[Fault::Before; 100]);
    let projector = Projector::new("notes", store).on_error(ErrorPolicy::skip(soon(2), |_| {}));
    let running = projector.start(database.first());
    let error = running.wait_until_caught_up().await.unwrap_err();
    assert!(matches!(&*error, ProjectorError::Apply { .. }), "{error}");
    database.fail(&[]);
    projector.start(database.first()).wait_until_caught_up().await.unwrap();
    assert_eq!(database.notes(), wanted(0..20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_panics_fails() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..3).await;
    database.fail(&[Fault::Panic]);
    let running = Projector::new("notes", store).start(database.first());
    let error = running.wait_until_caught_up().await.unwrap_err();
    assert!(matches!(&*error, ProjectorError::Panicked), "{error}");
    assert_eq!(running.status().state, ProjectorState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_over_the_same_rows_one_is_superseded() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let policy = ErrorPolicy::retry(soon(1000));
    let projector = Projector::new("notes", store.clone()).on_error(policy);
    let (one, other) = (projector.start(database.first()), projector.start(database.first()));
    one.wait_until_caught_up().await.unwrap();
    other.wait_until_caught_up().await.unwrap();
    append(&store, 0..50).await;
    eventually("one gives way", || one.failure().is_some() || other.failure().is_some()).await;
    let failures = [one.failure(), other.failure()];
    assert!(failures.iter().flatten().all(|error| matches!(**error, ProjectorError::Superseded(_))));
    eventually("each event is applied", || database.notes().len() == 50).await;
    assert_eq!(database.notes(), wanted(0..50));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_pauses_and_goes_on_and_says_how_far_behind_it_is() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let running = Projector::new("notes", store.clone()).start(database.first());
    running.wait_until_caught_up().await.unwrap();
    running.pause();
    eventually("it pauses", || running.status().state == ProjectorState::Paused).await;
    append(&store, 0..10).await;
    assert_eq!((running.status().lag, database.notes().len()), (Some(10), 0));
    running.resume();
    eventually("it goes on", || database.notes().len() == 10).await;
    eventually("it is live again", || running.status().state == ProjectorState::Live).await;
    assert_eq!(running.status().lag, Some(0));
    running.pause();
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_dropped_stops_and_one_that_is_detached_goes_on() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let projector = Projector::new("notes", store.clone());
    let dropped = projector.start(database.first());
    dropped.wait_until_caught_up().await.unwrap();
    drop(dropped);
    // It has the store, too: when the task is gone, so is its clone.
    let (other, second) = (Generation::new(2), database.clone());
    projector.start(second.projection(other)).detach();
    append(&store, 0..5).await;
    eventually("the detached one goes on", || database.rows(other).notes.len() == 5).await;
    assert_eq!(database.notes().len(), 0);
}

#[tokio::test]
async fn one_whose_runtime_is_gone_has_stopped() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let projector = Projector::new("notes", store);
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = {
        let _inside = other.enter();
        projector.start(database.first())
    };
    running.wait_until_caught_up().await.unwrap();
    // On a thread that may wait: the task must be gone before it is told to stop.
    std::thread::spawn(move || other.shutdown_timeout(Duration::from_secs(10))).join().unwrap();
    assert_eq!(running.stop().await.unwrap().state, ProjectorState::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_filter_leaves_out_moves_the_checkpoint() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..10).await;
    let projector = Projector::new("notes", store.clone()).filter(Filter::actor(actor("order-9")));
    let running = projector.record_idle_after(Duration::from_millis(5)).start(database.first());
    running.wait_until_caught_up().await.unwrap();
    let passed = |sequence| {
        let database = database.clone();
        move || {
            let checkpoint = database.rows(Generation::FIRST).checkpoint.unwrap_or_default();
            checkpoint.positions().any(|position| position.sequence() == sequence)
        }
    };
    assert!(passed(10)(), "recorded when it caught up");
    append(&store, 10..20).await;
    eventually("recorded when nothing came", passed(20)).await;
    assert_eq!(database.notes().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_where_it_is_told_and_only_the_first_time() {
    let (store, database) = (MemoryStore::new(), Database::default());
    append(&store, 0..10).await;
    let projector = Projector::new("notes", store.clone()).start_at(StartAt::Now);
    let running = projector.start(database.first());
    running.wait_until_caught_up().await.unwrap();
    append(&store, 10..15).await;
    eventually("what is new is applied", || database.notes().len() == 5).await;
    running.stop().await.unwrap();
    append(&store, 15..20).await;
    projector.start(database.first()).wait_until_caught_up().await.unwrap();
    assert_eq!(database.notes(), wanted(10..20));
}
