//! Folding on the memory store: snapshots used, ignored and taken; updates that decide again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use aether_core::error::{AppendError, BoxError, InvalidAppend};
use aether_core::fold::UpdateError;
use aether_core::store::Snapshot;
use aether_core::upcast::Upcast;
use aether_core::{
    ActorId, Event, EventId, EventStoreExt, Expected, Loader, NewEvent, Position, RawJson, RetryPolicy,
    SchemaVersion, SharedStore, SnapshotPolicy, SnapshotStore, SnapshotStoreExt, State, Upcasters, Version,
};
use aether_store_memory::MemoryStore;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
enum CounterEvent {
    Added { by: u64 },
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Counter {
    total: u64,
}

impl State for Counter {
    type Event = CounterEvent;
    const SCHEMA_VERSION: SchemaVersion = SchemaVersion::new(2);

    fn apply(&mut self, CounterEvent::Added { by }: CounterEvent) {
        self.total += by;
    }
}

fn added(by: u64) -> NewEvent {
    NewEvent::encode(&CounterEvent::Added { by }).unwrap()
}

fn actor() -> ActorId {
    ActorId::new("counter-1").unwrap()
}

/// A store in which the actor has `events` events, each adding 1.
async fn filled(events: u64) -> MemoryStore {
    let store = MemoryStore::new();
    for _ in 0..events {
        store.append(&actor(), Expected::Any, [added(1)]).await.unwrap();
    }
    store
}

fn snapshot(version: u64, state: &str, schema: u32, position: Option<Position>) -> Snapshot {
    Snapshot::new(actor(), Version::new(version).unwrap(), RawJson::parse(state.to_owned()).unwrap())
        .with_schema_version(SchemaVersion::new(schema))
        .with_position(position)
}

#[tokio::test]
async fn a_snapshot_shortens_the_replay_and_changes_nothing() {
    let counters = Loader::<Counter, _>::new(filled(25).await).policy(SnapshotPolicy::every_events(10));
    let first = counters.load(&actor()).await.unwrap();
    assert_eq!(counters.store().latest_snapshot(&actor()).await.unwrap().unwrap().version.number(), 25);
    counters.store().append(&actor(), Expected::Any, [added(5)]).await.unwrap();
    let second = counters.load(&actor()).await.unwrap();
    assert_eq!((first.state().total, second.state().total), (25, 30));
    assert_eq!((second.events_since_snapshot(), second.snapshot_version()), (1, Version::new(25).ok()));
    assert_eq!(*second.state(), *counters.store().rebuild::<Counter>(&actor()).await.unwrap().state());
    let stats = counters.metrics().stats();
    assert_eq!(
        (stats.loads, stats.events_replayed, stats.snapshots_used, stats.snapshots_taken),
        (2, 26, 1, 1)
    );
}

#[tokio::test]
async fn a_snapshot_that_does_not_fit_is_ignored() {
    let wrong_event = Position::new(0, 3, 0, Some(EventId::new("lost").unwrap()));
    for unfit in [
        snapshot(3, r#"{"total":99}"#, 1, None),
        snapshot(3, r#"{"sum":99}"#, 2, None),
        snapshot(3, r#"{"total":99}"#, 2, Some(wrong_event)),
        snapshot(9, r#"{"total":99}"#, 2, None),
    ] {
        let counters = Loader::<Counter, _>::new(filled(5).await);
        counters.store().save_snapshot(unfit.clone()).await.unwrap();
        let loaded = counters.load(&actor()).await.unwrap();
        assert_eq!((loaded.state().total, loaded.version().number()), (5, 5), "{unfit:?}");
        assert_eq!(counters.metrics().stats().snapshots_ignored, 1);
    }
}

#[tokio::test]
async fn a_fitting_snapshot_is_what_the_state_starts_from() {
    let store = filled(5).await;
    let third = store.read_all(&actor(), Version::FIRST).await.unwrap().remove(2);
    for position in [None, Some(third.position())] {
        store.save_snapshot(snapshot(3, r#"{"total":100}"#, 2, position)).await.unwrap();
        assert_eq!(store.fold::<Counter>(&actor()).await.unwrap().total, 102);
    }
}

#[tokio::test]
async fn racing_updates_all_count_once() {
    let counters = Loader::<Counter, _>::new(MemoryStore::new()).policy(SnapshotPolicy::every_events(7));
    let retry =
        RetryPolicy::default().attempts(1000).delays(Duration::from_micros(1), Duration::from_millis(1));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let counters = counters.clone();
            tokio::spawn(async move {
                let decide = |_: &_| Ok::<_, String>(vec![added(1), added(2)]);
                counters.update(&actor(), &retry, tokio::time::sleep, decide).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let loaded = counters.load(&actor()).await.unwrap();
    assert_eq!((loaded.state().total, loaded.version().number()), (60, 40));
}

#[tokio::test]
async fn a_rejected_update_appends_nothing() {
    let counters = Loader::<Counter, _>::new(filled(2).await);
    let reject = |_: &_| Err::<Vec<NewEvent>, _>("no".to_owned());
    let error =
        counters.update(&actor(), &RetryPolicy::default(), tokio::time::sleep, reject).await.unwrap_err();
    assert!(matches!(error, UpdateError::Rejected(text) if text == "no"));
    let nothing = |_: &_| Ok::<_, String>(Vec::new());
    let loaded =
        counters.update(&actor(), &RetryPolicy::default(), tokio::time::sleep, nothing).await.unwrap();
    assert_eq!(loaded.version().number(), 2);
}

#[tokio::test]
async fn events_that_are_not_the_states_are_never_appended() {
    let counters = Loader::<Counter, _>::new(filled(2).await);
    let foreign = NewEvent::new("Renamed".try_into().unwrap(), RawJson::NULL);
    let decide = |_: &_| Ok::<_, String>(vec![added(1), foreign.clone()]);
    let error =
        counters.update(&actor(), &RetryPolicy::default(), tokio::time::sleep, decide).await.unwrap_err();
    assert!(matches!(error, UpdateError::Decode(_)), "{error}");
    assert_eq!(counters.load(&actor()).await.unwrap().version().number(), 2);
}

#[tokio::test]
async fn any_error_may_reject_and_question_marks_pass_it_on() {
    async fn update() -> Result<(), BoxError> {
        let counters = Loader::<Counter, _>::new(MemoryStore::new());
        let decide = |_: &_| Err::<Vec<NewEvent>, BoxError>("not today".into());
        counters.update(&actor(), &RetryPolicy::default(), tokio::time::sleep, decide).await?;
        Ok(())
    }
    assert_eq!(update().await.unwrap_err().to_string(), "not today");
}

#[tokio::test]
async fn old_events_are_read_up_to_date_and_never_written() {
    let to_second = |event: &Event| {
        let CounterEvent::Added { by } = event.decode()?;
        Ok(Upcast::data(&serde_json::json!({ "by": by * 10 }))?)
    };
    let upcasters = Upcasters::new().step("Added".try_into().unwrap(), SchemaVersion::FIRST, to_second);
    let store = upcasters.over(filled(3).await);
    assert_eq!(store.fold::<Counter>(&actor()).await.unwrap().total, 30);
    let old = store.append(&actor(), Expected::Any, [added(1)]).await.unwrap_err();
    assert!(matches!(old, AppendError::Invalid(InvalidAppend::OldSchema { index: 0, .. })), "{old}");
    let current = added(1).with_schema_version(SchemaVersion::new(2));
    let commit = store.append(&actor(), Expected::Any, [current]).await.unwrap();
    assert_eq!(commit.events[0].raw_data().as_str(), r#"{"by":1}"#);
    assert_eq!(store.fold::<Counter>(&actor()).await.unwrap().total, 31);
    assert_eq!(store.inner().fold::<Counter>(&actor()).await.unwrap().total, 4);
}

/// A compile test as well: a generic future over the shared store is `Send` and `'static`.
#[tokio::test]
async fn a_store_chosen_at_run_time_can_be_used_in_a_spawned_task() {
    async fn total<S: aether_core::EventStore + SnapshotStore>(store: S) -> u64 {
        store.append(&actor(), Expected::Any, [added(4)]).await.unwrap();
        store.fold::<Counter>(&actor()).await.unwrap().total
    }
    let shared = SharedStore::new(filled(1).await);
    assert_eq!(tokio::spawn(total(shared.clone())).await.unwrap(), 5);
    let loader = Loader::<Counter, SharedStore>::new(shared);
    let load = tokio::spawn(async move { loader.load(&actor()).await.unwrap().into_state() });
    assert_eq!(load.await.unwrap().total, 5);
}
