//! A server that lost its tail, as a power cut without an fsync leaves it: nothing of the lost lineage is used in silence.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aether_core::{
    AppendError, Checkpoint, Consistency, EventStore, EventStoreExt, Expected, Position, RawJson, ReadError,
    SchemaVersion, Snapshot, SnapshotStore, SnapshotStoreExt, State, Version,
};
use aether_store_jetstream::JetStreamStore;
use common::crashing::Crashing;
use common::{actor, event, fresh_name};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

#[derive(Deserialize)]
#[serde(tag = "eventType", content = "data")]
enum NoteEvent {
    Noted { note: String },
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Notes(Vec<String>);

impl State for Notes {
    type Event = NoteEvent;

    fn apply(&mut self, NoteEvent::Noted { note }: NoteEvent) {
        self.0.push(note);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn positions_checkpoints_and_snapshots_of_a_lost_lineage_are_found_out() {
    let (mut server, name, order) = (Crashing::start(), fresh_name(), actor("order-1"));
    let kept = server.open(&name).await.append(&order, Expected::NoEvents, [event("kept")]).await.unwrap();
    server.remember();
    let store = server.open(&name).await;
    let lost = store.append(&order, Expected::Any, [event("lost"), event("lost too")]).await.unwrap();
    let state = RawJson::encode(&Notes(vec!["kept".into(), "lost".into(), "lost too".into()])).unwrap();
    let snapshot = Snapshot::new(order.clone(), lost.version, state)
        .with_schema_version(SchemaVersion::FIRST)
        .with_position(Some(lost.position.clone()));
    server.lose_the_tail();

    let store = server.open(&name).await;
    let mut checkpoint = Checkpoint::default();
    checkpoint.advance(lost.position.clone());
    // The log ends before them.
    for error in [store.verify(&lost.position).await, store.verify_checkpoint(&checkpoint).await] {
        let Err(ReadError::Rewound(rewound)) = error else { panic!("{error:?}") };
        assert_eq!((rewound.position, rewound.found), (lost.position.clone(), None));
    }
    store.verify(&kept.position).await.unwrap();

    // Others have taken their place.
    let second = store.append(&order, Expected::Any, [event("other"), event("than that")]).await.unwrap();
    assert_eq!(second.position.sequence(), lost.position.sequence());
    let Err(ReadError::Rewound(rewound)) = store.verify(&lost.position).await else {
        panic!("not found out")
    };
    assert!(rewound.found.unwrap().contains(second.events[1].id().as_str()));
    store.verify(&second.position).await.unwrap();
    let elsewhere = Position::new(0, second.position.sequence(), 0, Some(second.events[1].id().clone()));
    assert!(store.verify(&elsewhere).await.is_err());

    // A snapshot of the lost lineage is ignored, though its version exists.
    store.save_snapshot(snapshot).await.unwrap();
    let notes: Notes = store.fold(&order).await.unwrap();
    assert_eq!(notes, Notes(vec!["kept".into(), "other".into(), "than that".into()]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_handle_whose_acknowledged_events_are_lost_says_so_once_and_goes_on() {
    let (mut server, name, order) = (Crashing::start(), fresh_name(), actor("order-1"));
    server.open(&name).await.append(&order, Expected::NoEvents, [event("kept")]).await.unwrap();
    server.remember();
    let store = server.open(&name).await;
    let lost = store.append(&order, Expected::Any, [event("lost")]).await.unwrap();
    server.lose_the_tail();

    let error = loop {
        match store.append(&order, Expected::Exactly(lost.version), [event("after")]).await {
            Err(AppendError::Unavailable(_) | AppendError::Unknown(_)) => {}
            other => break other.unwrap_err(),
        }
    };
    assert!(matches!(error, AppendError::Rewound(_)), "{error}");
    assert_eq!(store.head(&order, Consistency::Leader).await.unwrap().version, Version::FIRST);
    let next = store.append(&order, Expected::Exactly(Version::FIRST), [event("after")]).await.unwrap();
    assert_eq!(next.version.number(), 2);
    assert_eq!(store.read_all(&order, Version::FIRST).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_actor_whose_first_event_was_lost_is_not_taken_for_new() {
    let (mut server, name, order) = (Crashing::start(), fresh_name(), actor("order-1"));
    server.open(&name).await.append(&actor("order-2"), Expected::NoEvents, [event("kept")]).await.unwrap();
    server.remember();
    let client = server.connect().await;
    let store = JetStreamStore::builder(client.clone(), name).open().await.unwrap();
    store.append(&order, Expected::NoEvents, [event("lost")]).await.unwrap();
    server.lose_the_tail();
    // From then on no head counts that was learned before.
    let connects = || client.statistics().connects.load(Relaxed);
    let started = Instant::now();
    while connects() < 2 {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not connect again");
        sleep(Duration::from_millis(5)).await;
    }

    let error = loop {
        match store.append(&order, Expected::NoEvents, [event("after")]).await {
            Err(AppendError::Unavailable(_) | AppendError::Unknown(_)) => {}
            other => break other.unwrap_err(),
        }
    };
    assert!(matches!(error, AppendError::Rewound(_)), "{error}");
    let again = store.append(&order, Expected::NoEvents, [event("after")]).await.unwrap();
    assert_eq!(again.version, Version::FIRST);
}
