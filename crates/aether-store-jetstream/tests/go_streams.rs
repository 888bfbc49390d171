//! Streams that the Go original made: opened, read and extended as they are.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;

use aether_core::error::InvalidAppend;
use aether_core::event::wire;
use aether_core::{
    ActorId, AppendError, Epoch, Event, EventStore, EventStoreExt, Expected, NewEvent, RawJson, Snapshot,
    SnapshotStore, StreamName, Version,
};
use aether_store_jetstream::{JetStreamStore, OpenError, Retention};
use async_nats::{Client, jetstream};
use common::{actor, api, connect, event, fresh_name, info, publish};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Line {
    subject: String,
    headers: BTreeMap<String, Vec<String>>,
    payload: String,
}

fn lines() -> Vec<Line> {
    include_str!("data/go-events.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn config(client: &Client, name: &StreamName) -> Value {
    info(client, name.as_str()).await["config"].take()
}

/// A stream as the Go original makes it, with all that it really wrote.
async fn go_stream() -> (Client, StreamName) {
    go_stream_with(|_| true).await
}

/// A stream as the Go original makes it, with those of its messages that `wanted` says.
async fn go_stream_with(wanted: impl Fn(&Line) -> bool) -> (Client, StreamName) {
    let (client, name) = (connect().await, fresh_name());
    let mut made: Value = serde_json::from_str(include_str!("data/go-stream-config.json")).unwrap();
    made["name"] = json!(name.as_str());
    made["subjects"] = json!([format!("{name}.events.>"), format!("{name}.snapshots.>")]);
    // What the server itself adds.
    made.as_object_mut().unwrap().remove("metadata");
    let created = api(&client, &format!("STREAM.CREATE.{name}"), made).await;
    assert!(created["error"].is_null(), "{created}");
    for line in lines().into_iter().filter(wanted) {
        let said: Vec<_> =
            line.headers.iter().map(|(name, values)| (name.as_str(), values[0].as_str())).collect();
        let subject = line.subject.replacen("events", name.as_str(), 1);
        publish(&client, &subject, &said, line.payload.as_bytes()).await;
    }
    (client, name)
}

async fn open(client: &Client, name: &StreamName) -> JetStreamStore {
    JetStreamStore::builder(client.clone(), name.clone()).open().await.unwrap()
}

/// The events that the lines hold, by actor.
fn written() -> BTreeMap<ActorId, Vec<Event>> {
    let mut written: BTreeMap<ActorId, Vec<Event>> = BTreeMap::new();
    for line in lines().iter().filter(|line| line.subject.starts_with("events.events.")) {
        let event = wire::decode(line.payload.clone().into(), None).unwrap();
        written.entry(event.actor().clone()).or_default().push(event);
    }
    written
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn everything_that_go_wrote_is_read_exactly() {
    let (client, name) = go_stream().await;
    let store = open(&client, &name).await;
    for (actor, wanted) in written() {
        let read = store.read_all(&actor, Version::FIRST).await.unwrap();
        let read: Vec<_> = read.into_iter().map(aether_core::RecordedEvent::into_event).collect();
        assert_eq!(read, wanted, "{actor}");
        let latest = wanted.iter().map(Event::version).max().unwrap();
        assert_eq!(store.latest_version(&actor).await.unwrap(), latest);
    }
    for line in lines().iter().filter(|line| line.subject.starts_with("events.snapshots.")) {
        let wanted = Snapshot::from_json(&line.payload.clone().into()).unwrap();
        assert_eq!(store.latest_snapshot(&wanted.actor).await.unwrap(), Some(wanted));
    }
    assert_eq!(store.latest_version(&actor("nobody-1")).await.unwrap(), Version::INITIAL);
    assert_eq!(store.latest_snapshot(&actor("nobody-1")).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn actors_that_share_a_subject_are_told_apart_and_only_the_exact_one_is_appended_to() {
    let (client, name) = go_stream().await;
    let (dotted, plain) = (actor("a.b"), actor("a_b"));
    let neighbor = Event::new(dotted.clone(), Version::new(7).unwrap(), event("of a.b"));
    let subject = format!("{name}.events.unknown.a_b");
    publish(&client, &subject, &[], &serde_json::to_vec(&neighbor).unwrap()).await;

    let store = open(&client, &name).await;
    let versions = async |actor: &ActorId| {
        let events = store.read_all(actor, Version::FIRST).await.unwrap();
        events.iter().map(|event| event.version().number()).collect::<Vec<_>>()
    };
    assert_eq!((versions(&dotted).await, versions(&plain).await), (vec![7], vec![2]));
    assert_eq!(store.latest_version(&plain).await.unwrap().number(), 2);

    let refused = store.append(&dotted, Expected::Any, [event("x")]).await.unwrap_err();
    assert!(matches!(refused, AppendError::Unsupported(_)), "{refused}");
    // The subject's last message is the neighbor's.
    let commit =
        store.append(&plain, Expected::Exactly(Version::new(2).unwrap()), [event("x")]).await.unwrap();
    assert_eq!(commit.version.number(), 3);
    assert_eq!((versions(&dotted).await, versions(&plain).await), (vec![7], vec![2, 3]));
    let late = store.append(&plain, Expected::Exactly(Version::new(2).unwrap()), [event("y")]).await;
    assert_eq!(late.unwrap_err().conflict().map(|conflict| conflict.current.number()), Some(3));
}

/// What `encoding/json` of Go needs of an event: these members, of these types, and no others that it would stumble over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GoEvent {
    id: String,
    event_type: String,
    actor_id: String,
    version: i64,
    data: Option<BTreeMap<String, Value>>,
    metadata: Option<BTreeMap<String, String>>,
    timestamp: String,
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_is_appended_decodes_under_the_rules_of_go_and_the_configuration_is_unchanged() {
    let (client, name) = go_stream().await;
    let before = config(&client, &name).await;
    let store = open(&client, &name).await;
    let order = actor("order-123");
    let ours = event("ours").with_metadata("userId", "u1");
    let commit =
        store.append(&order, Expected::Exactly(Version::new(11).unwrap()), [ours.clone()]).await.unwrap();
    let again =
        store.append(&order, Expected::Exactly(Version::new(11).unwrap()), [ours.clone()]).await.unwrap();
    assert!(again.already_stored && !commit.already_stored);
    store.append(&order, Expected::Any, [event("next")]).await.unwrap();
    let saved = Event::new(order.clone(), Version::new(20).unwrap(), event("saved"));
    assert_eq!(store.save(&saved).await.unwrap().version.number(), 20);

    let stream = jetstream::new(client.clone()).get_stream(name.as_str()).await.unwrap();
    let message = stream.get_raw_message(commit.position.sequence()).await.unwrap();
    assert_eq!(message.subject.as_str(), format!("{name}.events.order.order-123"));
    let go: GoEvent = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!((go.id.as_str(), go.event_type.as_str()), (ours.id().as_str(), "Noted"));
    assert_eq!((go.actor_id.as_str(), go.version), ("order-123", 12));
    assert_eq!(go.data.unwrap()["note"], "ours");
    assert_eq!(go.metadata.unwrap()["userId"], "u1");
    assert_eq!(go.timestamp, ours.timestamp().to_string());
    assert!(message.headers.get("Aether-Count").is_none());
    assert_eq!(before.to_string(), config(&client, &name).await.to_string());
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_go_could_not_read_is_refused_there() {
    let (client, name) = go_stream().await;
    let store = open(&client, &name).await;
    let order = actor("order-123");
    let scalar = NewEvent::new("T".try_into().unwrap(), RawJson::parse("7").unwrap());
    let refused = store.append(&order, Expected::Any, [scalar]).await.unwrap_err();
    assert!(matches!(refused, AppendError::Invalid(InvalidAppend::DataKind { index: 0, .. })), "{refused}");
    for refused in [
        store.append(&order, Expected::Any, [event("1"), event("2")]).await.unwrap_err(),
        store.claim(&order, Epoch::new(1)).await.unwrap_err(),
    ] {
        assert!(matches!(refused, AppendError::Unsupported(_)), "{refused}");
    }
    let capabilities = store.capabilities();
    assert!(!capabilities.packed_commits && !capabilities.epochs && !capabilities.deletion_denied);
    let state = Snapshot::new(order.clone(), Version::new(11).unwrap(), RawJson::parse("[1]").unwrap());
    assert!(store.save_snapshot(state).await.is_err());
    let state = Snapshot::new(order.clone(), Version::new(11).unwrap(), RawJson::parse("{}").unwrap());
    store.save_snapshot(state.clone()).await.unwrap();
    assert_eq!(store.latest_snapshot(&order).await.unwrap(), Some(state));
    assert_eq!(store.latest_version(&order).await.unwrap().number(), 11);
}

/// Fault 9 of the Go original: a malformed last message made the actor unwritable there.
#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_malformed_last_message_does_not_make_an_actor_unwritable() {
    let (client, name) = go_stream().await;
    publish(&client, &format!("{name}.events.order.order-123"), &[], b"{}").await;
    let store = open(&client, &name).await;
    let order = actor("order-123");
    assert_eq!(store.latest_version(&order).await.unwrap().number(), 11);
    let commit =
        store.append(&order, Expected::Exactly(Version::new(11).unwrap()), [event("x")]).await.unwrap();
    assert_eq!(commit.version.number(), 12);
    let replay = store.replay(&order, Version::FIRST).await.unwrap();
    assert_eq!((replay.events.len(), replay.errors.len()), (6, 1));
}

/// Fault 1 of the Go original: its racing writers stored versions twice and below the latest.
#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_latest_version_is_the_highest_and_not_the_last() {
    let (client, name) = go_stream().await;
    let late = Event::new(actor("order-123"), Version::new(3).unwrap(), event("late"));
    let subject = format!("{name}.events.order.order-123");
    publish(&client, &subject, &[], &serde_json::to_vec(&late).unwrap()).await;
    let store = open(&client, &name).await;
    assert_eq!(store.latest_version(&actor("order-123")).await.unwrap().number(), 11);
    let below = Event::new(actor("order-123"), Version::new(4).unwrap(), event("below"));
    assert!(store.save(&below).await.unwrap_err().is_conflict());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn racing_writers_on_a_stream_of_go_store_each_version_once() {
    let (client, name) = go_stream().await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let name = name.clone();
            tokio::spawn(async move {
                let store = open(&connect().await, &name).await;
                for _ in 0..25 {
                    store.append(&actor("order-123"), Expected::Any, [event("x")]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let events =
        open(&client, &name).await.read_all(&actor("order-123"), Version::new(12).unwrap()).await.unwrap();
    assert!(events.iter().map(|event| event.version().number()).eq(12..=111));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn wishes_that_a_stream_of_go_does_not_fulfill_are_refused() {
    let (client, name) = go_stream().await;
    let builder = JetStreamStore::builder(client.clone(), name.clone());
    let error = builder.retention(Retention::Forever).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Config { field: "max_age", .. }), "{error}");
    let error = JetStreamStore::builder(client, name).audit().open().await.unwrap_err();
    assert!(matches!(error, OpenError::Unsupported(_)), "{error}");
}

/// Whether the Go original stored a message under a subject that is its actor's alone.
fn is_exact(line: &Line) -> bool {
    !line.payload.contains("my order-9") && !line.payload.contains("acme.eu-77.1")
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_adopted_stream_has_all_its_events_and_can_do_what_ours_can() {
    let (client, name) = go_stream_with(is_exact).await;
    let builder = JetStreamStore::builder(client.clone(), name.clone());
    let store = builder.clone().adopt().await.unwrap();
    let capabilities = store.capabilities();
    assert!(capabilities.packed_commits && capabilities.epochs && capabilities.deletion_denied);
    for (actor, wanted) in written() {
        if ["my order-9", "acme.eu-77.1"].contains(&actor.as_str()) {
            continue;
        }
        let read = store.read_all(&actor, Version::FIRST).await.unwrap();
        let read: Vec<_> = read.into_iter().map(aether_core::RecordedEvent::into_event).collect();
        assert_eq!(read, wanted, "{actor}");
    }
    let order = actor("order-123");
    assert_eq!(store.latest_snapshot(&order).await.unwrap().unwrap().version.number(), 5);
    let commit = store.append(&order, Expected::Any, [event("1"), event("2")]).await.unwrap();
    assert_eq!(commit.version.number(), 13);
    store.claim(&order, Epoch::new(1)).await.unwrap();
    // It is one of ours now, for whoever opens or adopts it.
    assert!(builder.clone().open().await.unwrap().capabilities().epochs);
    assert!(builder.adopt().await.unwrap().capabilities().epochs);
    let purge = api(&client, &format!("STREAM.PURGE.{name}"), json!({})).await;
    assert!(purge["error"].is_object(), "{purge}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_stream_that_does_not_fit_is_not_adopted_and_stays_as_it_is() {
    let late = Event::new(actor("order-123"), Version::new(3).unwrap(), event("late"));
    let late = serde_json::to_string(&late).unwrap();
    for (unfit, wanted) in
        [(None, "my order-9"), (Some("{}"), "is no event"), (Some(late.as_str()), "after version 11")]
    {
        let (client, name) = go_stream_with(|line| unfit.is_none() || is_exact(line)).await;
        if let Some(payload) = unfit {
            publish(&client, &format!("{name}.events.order.order-123"), &[], payload.as_bytes()).await;
        }
        let before = config(&client, &name).await;
        let error = JetStreamStore::builder(client.clone(), name.clone()).adopt().await.unwrap_err();
        assert!(matches!(error, OpenError::Unfit { .. }) && error.to_string().contains(wanted), "{error}");
        assert_eq!(before.to_string(), config(&client, &name).await.to_string());
    }
}
