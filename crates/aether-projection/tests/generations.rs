//! The next generation of a projection takes the place of the one that runs: each event has its side effect once.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use aether_core::KeyValueError;
use aether_core::key_value::{Entry, KeyValue, Revision};
use aether_projection::{Generation, GenerationError, Generations, Projector, ProjectorState, Stage};
use aether_store_memory::{MemoryKeyValue, MemoryStore};
use common::database::{Database, Fault};
use common::{append, eventually};

const FIRST: Generation = Generation::FIRST;
const SECOND: Generation = Generation::new(2);

/// Appends until it is told to stop.
struct Appending {
    is_over: Arc<AtomicBool>,
    count: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Appending {
    fn start(store: &MemoryStore) -> Self {
        let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let task = tokio::spawn({
            let (store, is_over, count) = (store.clone(), Arc::clone(&is_over), Arc::clone(&count));
            async move {
                while !is_over.load(Ordering::Relaxed) {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    append(&store, number..number + 1).await;
                    tokio::time::sleep(Duration::from_micros(100)).await;
                }
            }
        });
        Self { is_over, count, task }
    }

    async fn stop(self) -> u32 {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        self.count.load(Ordering::Relaxed)
    }
}

fn assert_each_once(database: &Database, count: u32) {
    let tables = database.tables();
    let doubled = tables.effects.values().filter(|times| **times != 1).count();
    assert_eq!(
        (tables.effects.len(), doubled),
        (count as usize, 0),
        "of {count} events each has its effect once"
    );
}

fn wanted(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("{{\"note\":\"{number}\"}}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_generation_takes_over_under_appends_and_no_effect_is_missed_or_doubled() {
    for round in 0..10 {
        let (store, database) = (MemoryStore::new(), Database::default());
        let generations = Generations::new(MemoryKeyValue::new(), "notes");
        let appending = Appending::start(&store);
        let projector = Projector::new("notes", store.clone()).batch_size(1 + round * 3);
        let tables = database.clone();
        let make = move |generation| tables.projection(generation);
        let first = projector.start_generation(&generations, FIRST, make.clone()).await.unwrap();
        first.wait_until_active().await.unwrap();
        eventually("the first has had some", || database.notes().len() > 20).await;
        first.stop().await.unwrap();

        let second = projector.start_generation(&generations, SECOND, make).await.unwrap();
        second.wait_until_active().await.unwrap();
        let record = generations.record().await.unwrap().unwrap();
        assert_eq!((record.active, record.stage), (SECOND, Stage::Settled));
        let at_the_switch = database.tables().effects.len();
        eventually("it goes on live", || database.tables().effects.len() > at_the_switch + 5).await;

        let count = appending.stop().await;
        eventually("it has had all", || database.rows(SECOND).notes.len() == count as usize).await;
        assert_each_once(&database, count);
        assert_eq!(database.rows(SECOND).notes, wanted(count));
        assert!(database.notes().len() < count as usize, "the first ended at the switch");
        second.stop().await.unwrap();
    }
}

#[test]
fn whatever_a_crash_interrupts_is_gone_on_with() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let generations = Generations::new(MemoryKeyValue::new(), "notes");
    let appending_on =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let appending = appending_on.block_on(async { Appending::start(&store) });
    let projector = Projector::new("notes", store.clone()).batch_size(9);
    let mut wanted_now = FIRST;
    for round in 0..120_u64 {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let tables = database.clone();
        let handle = runtime.block_on(async {
            let make = move |generation| tables.projection(generation);
            let handle = projector.start_generation(&generations, wanted_now, make).await.unwrap();
            // The moments are spread over what it takes to change generations.
            tokio::time::sleep(Duration::from_micros(round * 7919 % 12_000)).await;
            handle
        });
        // All tasks end where they are; the handle tells nobody to stop any more.
        runtime.shutdown_timeout(Duration::from_secs(10));
        drop(handle);
        let record = appending_on.block_on(generations.record()).unwrap().unwrap();
        if record.active == wanted_now && record.stage == Stage::Settled {
            wanted_now = Generation::new(wanted_now.number() + 1);
        }
    }
    assert!(wanted_now.number() > 5, "generations changed: {wanted_now}");
    appending_on.block_on(async {
        let count = appending.stop().await;
        let tables = database.clone();
        let make = move |generation| tables.projection(generation);
        let handle = projector.start_generation(&generations, wanted_now, make).await.unwrap();
        handle.wait_until_active().await.unwrap();
        eventually("it has had all", || database.rows(wanted_now).notes.len() == count as usize).await;
        assert_eq!(database.rows(wanted_now).notes, wanted(count));
        assert_each_once(&database, count);
        handle.stop().await.unwrap();
    });
}

/// Takes every change but the one by which the second generation becomes the active one, and never answers that.
#[derive(Debug, Clone)]
struct NeverSwitching(MemoryKeyValue);

impl KeyValue for NeverSwitching {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        self.0.get(key).await
    }

    async fn put(
        &self,
        key: &str,
        value: bytes::Bytes,
        expected: Revision,
    ) -> Result<Revision, KeyValueError> {
        if String::from_utf8_lossy(&value).contains("\"active\":2") {
            std::future::pending::<()>().await;
        }
        self.0.put(key, value, expected).await
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        self.0.delete(key, expected).await
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        self.0.keys(prefix).await
    }
}

#[test]
fn the_one_that_ended_never_runs_again_though_the_switch_was_not_recorded() {
    let (store, database, values) = (MemoryStore::new(), Database::default(), MemoryKeyValue::new());
    let projector = Projector::new("notes", store.clone());
    let crashing =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let tables = database.clone();
    let make = move |generation| tables.projection(generation);
    crashing.block_on(async {
        let generations = Generations::new(NeverSwitching(values.clone()), "notes");
        append(&store, 0..20).await;
        let first = projector.start_generation(&generations, FIRST, make.clone()).await.unwrap();
        first.wait_until_caught_up().await.unwrap();
        first.stop().await.unwrap();
        let second = projector.start_generation(&generations, SECOND, make.clone()).await.unwrap();
        eventually("the second has caught up", || database.rows(SECOND).notes.len() == 20).await;
        eventually(
            "the first was stopped",
            || matches!(second.status().before, Some(before) if before.state.has_ended()),
        )
        .await;
        append(&store, 20..30).await;
        eventually("the second is live", || database.tables().effects.len() == 30).await;
        assert_eq!((generations.active().await.unwrap(), database.notes().len()), (Some(FIRST), 20));
    });
    crashing.shutdown_timeout(Duration::from_secs(10));
    let again = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    again.block_on(async {
        let generations = Generations::new(values, "notes");
        append(&store, 30..40).await;
        let second = projector.start_generation(&generations, SECOND, make).await.unwrap();
        second.wait_until_active().await.unwrap();
        eventually("it has had all", || database.rows(SECOND).notes.len() == 40).await;
        assert_each_once(&database, 40);
        assert_eq!(database.notes().len(), 20, "the first is over");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_active_one_fails_the_next_takes_over_from_there() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let generations = Generations::new(MemoryKeyValue::new(), "notes");
    append(&store, 0..50).await;
    let projector = Projector::new("notes", store.clone()).batch_size(10);
    let tables = database.clone();
    let make = move |generation| tables.projection(generation);
    let first = projector.start_generation(&generations, FIRST, make.clone()).await.unwrap();
    first.wait_until_caught_up().await.unwrap();
    append(&store, 50..60).await;
    eventually("the first has had it", || database.notes().len() == 60).await;
    database.fail(&[Fault::Before]);
    append(&store, 60..70).await;
    eventually("the first failed", || first.failure().is_some()).await;
    let failed_at = database.notes().len();

    let second = projector.start_generation(&generations, SECOND, make).await.unwrap();
    second.wait_until_active().await.unwrap();
    eventually("the second has had all", || database.rows(SECOND).notes.len() == 70).await;
    assert!(database.notes().len() >= failed_at);
    assert_each_once(&database, 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_next_one_fails_the_active_one_goes_on() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let generations = Generations::new(MemoryKeyValue::new(), "notes");
    append(&store, 0..50).await;
    let projector = Projector::new("notes", store.clone());
    let (sound, broken) = (database.clone(), Database::default());
    broken.tables().is_away = true;
    let tables = sound.clone();
    let first = projector.start_generation(&generations, FIRST, move |g| tables.projection(g)).await.unwrap();
    first.wait_until_caught_up().await.unwrap();
    first.stop().await.unwrap();

    let make =
        move |generation| if generation == FIRST { sound.first() } else { broken.projection(generation) };
    let second = projector.start_generation(&generations, SECOND, make).await.unwrap();
    second.wait_until_active().await.unwrap_err();
    assert!(matches!(&*second.failure().unwrap(), GenerationError::Failed { generation: SECOND, .. }));
    append(&store, 50..60).await;
    eventually("the first goes on", || database.notes().len() == 60).await;
    assert_eq!(generations.active().await.unwrap(), Some(FIRST));
    assert!(!second.status().has_ended);
    assert!(second.stop().await.is_err());
    assert_each_once(&database, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_later_takes_the_generations_over() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let generations = Generations::new(MemoryKeyValue::new(), "notes");
    let projector = Projector::new("notes", store.clone());
    let tables = database.clone();
    let make = move |generation| tables.projection(generation);
    let one = projector.start_generation(&generations, FIRST, make.clone()).await.unwrap();
    one.wait_until_caught_up().await.unwrap();
    let other = projector.start_generation(&generations, SECOND, make).await.unwrap();
    let appending = Appending::start(&store);
    other.wait_until_active().await.unwrap();
    let count = appending.stop().await;
    eventually("each event is applied", || database.rows(SECOND).notes.len() == count as usize).await;
    assert_each_once(&database, count);
    assert_eq!(other.stop().await.unwrap().record.active, SECOND);
    drop(one);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_pause_and_go_on() {
    let (store, database) = (MemoryStore::new(), Database::default());
    let generations = Generations::new(MemoryKeyValue::new(), "notes");
    append(&store, 0..500).await;
    let projector = Projector::new("notes", store.clone()).batch_size(1);
    let tables = database.clone();
    let make = move |generation| tables.projection(generation);
    let first = projector.start_generation(&generations, FIRST, make.clone()).await.unwrap();
    first.wait_until_caught_up().await.unwrap();
    first.stop().await.unwrap();

    let second = projector.start_generation(&generations, SECOND, make).await.unwrap();
    second.pause();
    let is_paused = || {
        let status = second.status();
        let before = status.before.map(|before| before.state);
        status.wanted.state == ProjectorState::Paused
            && matches!(before, Some(ProjectorState::Paused | ProjectorState::Stopped))
    };
    eventually("both pause, also the one that was started after that", is_paused).await;
    let had = (database.notes().len(), database.rows(SECOND).notes.len());
    append(&store, 500..510).await;
    let others = Database::default();
    let reached = Projector::new("others", store.clone()).start(others.first());
    reached.wait_until_caught_up().await.unwrap();
    assert_eq!((others.notes().len(), is_paused()), (510, true));
    assert_eq!((database.notes().len(), database.rows(SECOND).notes.len()), had);

    second.resume();
    second.wait_until_active().await.unwrap();
    eventually("the second has had all", || database.rows(SECOND).notes.len() == 510).await;
    assert_each_once(&database, 510);
}
