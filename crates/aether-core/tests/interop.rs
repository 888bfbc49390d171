//! What the Go original really wrote: read exactly, written again so that it reads the same there, and folded.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::enum_variant_names)]

use std::collections::BTreeMap;

use aether_core::event::wire;
use aether_core::{Event, EventStoreExt, RawJson, Snapshot, SnapshotStoreExt, State, Timestamp};
use aether_store_memory::MemoryStore;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Line {
    subject: String,
    payload: String,
}

/// The payloads whose subject has `kind` as its second token.
fn payloads(kind: &str) -> Vec<String> {
    let lines = include_str!("data/go-events.jsonl").lines();
    let lines = lines.map(|line| serde_json::from_str::<Line>(line).unwrap());
    let payloads: Vec<_> =
        lines.filter(|line| line.subject.split('.').nth(1) == Some(kind)).map(|line| line.payload).collect();
    assert!(!payloads.is_empty());
    payloads
}

fn decode(payload: &str) -> Event {
    wire::decode(payload.to_owned().into(), None).unwrap_or_else(|error| panic!("{payload}: {error}"))
}

/// An event as `encoding/json` of Go reads it into the original's struct: what is absent is empty, numbers are float64.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GoEvent {
    id: String,
    event_type: String,
    actor_id: String,
    command_id: String,
    version: i64,
    #[serde(deserialize_with = "as_float64")]
    data: Value,
    metadata: Option<BTreeMap<String, String>>,
    timestamp: String,
}

impl Default for GoEvent {
    fn default() -> Self {
        let (id, event_type, actor_id, command_id, timestamp) = Default::default();
        Self {
            id,
            event_type,
            actor_id,
            command_id,
            version: 0,
            data: Value::Null,
            metadata: None,
            timestamp,
        }
    }
}

fn as_float64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    fn rounded(value: Value) -> Value {
        match value {
            Value::Number(number) => number.as_f64().into(),
            Value::Array(items) => items.into_iter().map(rounded).collect(),
            Value::Object(map) => map.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
            other => other,
        }
    }
    Value::deserialize(deserializer).map(rounded)
}

#[test]
fn every_field_of_every_event_is_read_as_it_was_written() {
    for payload in payloads("events") {
        let event = decode(&payload);
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&payload).unwrap();
        let text = |name: &str| serde_json::from_str::<String>(members[name].get()).unwrap();
        assert_eq!(event.id().as_str(), text("id"));
        assert_eq!(event.event_type().as_str(), text("eventType"));
        assert_eq!(event.actor().as_str(), text("actorId"));
        assert_eq!(event.version().to_string(), members["version"].get());
        assert_eq!(event.raw_data().as_str(), members["data"].get());
        assert_eq!(event.timestamp().to_string(), text("timestamp"));
        let command = members.contains_key("commandId").then(|| text("commandId"));
        assert_eq!(event.command_id().map(|id| id.as_str().to_owned()), command);
        let metadata: BTreeMap<String, String> =
            members.get("metadata").map(|raw| serde_json::from_str(raw.get()).unwrap()).unwrap_or_default();
        let read: BTreeMap<_, _> =
            event.metadata().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        assert_eq!(read, metadata);
    }
}

#[test]
fn every_event_is_written_again_so_that_go_reads_the_same() {
    for payload in payloads("events") {
        let mut again = Vec::new();
        wire::encode(&decode(&payload), &mut again);
        let again = String::from_utf8(again).unwrap();
        let read = |json: &str| serde_json::from_str::<GoEvent>(json).unwrap();
        assert_eq!(read(&again), read(&payload));
        assert_eq!(decode(&again), decode(&payload));
    }
}

#[test]
fn every_snapshot_is_read_as_it_was_written_and_written_again() {
    for payload in payloads("snapshots") {
        let snapshot = Snapshot::from_json(&payload.clone().into()).unwrap();
        assert_eq!(String::from_utf8(snapshot.to_json()).unwrap(), payload);
        assert_eq!(snapshot.position, None);
    }
}

/// Fault 6 of the Go original, which read 9007199254740993 as ...992.
#[test]
fn numbers_keep_their_digits() {
    #[derive(Deserialize)]
    struct Ints {
        maxi64: i64,
        maxu64: u64,
        mini64: i64,
        p53p1: u64,
    }
    let payloads = payloads("events");
    let event =
        payloads.iter().map(|payload| decode(payload)).find(|e| e.event_type().as_str() == "Ints").unwrap();
    let ints: Ints = event.data().unwrap();
    assert_eq!(
        (ints.maxi64, ints.mini64, ints.maxu64, ints.p53p1),
        (i64::MAX, i64::MIN, u64::MAX, (1 << 53) + 1)
    );
    let version = payloads.iter().map(|payload| decode(payload).version().number()).max().unwrap();
    assert_eq!(version, 9_007_199_254_740_993);
}

#[test]
fn times_keep_nanoseconds_and_offset() {
    let texts: Vec<_> =
        payloads("events").iter().map(|payload| decode(payload).timestamp().to_string()).collect();
    for text in [
        "2026-01-13T21:25:51Z",
        "2026-01-13T21:25:51.000000001Z",
        "2026-01-14T02:55:51.5+05:30",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "2026-01-13T22:27:54.123456789+01:02",
    ] {
        assert!(texts.iter().any(|there| there == text), "{text}");
        assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
    }
}

#[derive(Deserialize)]
#[serde(tag = "eventType", content = "data")]
enum OrderEvent {
    OrderPlaced { items: u32, total: f64 },
    OrderShipped { tracking: String },
    OrderNoted { note: String },
    OrderClosed,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    items: u32,
    total: f64,
    tracking: String,
    notes: Vec<String>,
    closed: bool,
}

impl State for Order {
    type Event = OrderEvent;

    fn apply(&mut self, event: OrderEvent) {
        match event {
            OrderEvent::OrderPlaced { items, total } => (self.items, self.total) = (items, total),
            OrderEvent::OrderShipped { tracking } => self.tracking = tracking,
            OrderEvent::OrderNoted { note } => self.notes.push(note),
            OrderEvent::OrderClosed => self.closed = true,
        }
    }
}

#[tokio::test]
async fn a_history_of_go_with_gaps_is_saved_and_folded() {
    let store = MemoryStore::new();
    let events: Vec<_> = payloads("events").iter().map(|payload| decode(payload)).collect();
    let order: Vec<_> = events.iter().filter(|event| event.actor().as_str() == "order-123").collect();
    for event in &order {
        store.save(event).await.unwrap();
    }
    let loaded = store.load::<Order>(order[0].actor()).await.unwrap();
    assert_eq!((loaded.version().number(), loaded.events_since_snapshot()), (11, 5));
    let (notes, tracking) = (vec!["x".to_owned(), "y".to_owned()], "FS123456".to_owned());
    assert_eq!(*loaded.state(), Order { items: 3, total: 99.99, tracking, notes, closed: true });
}

#[test]
fn a_text_of_go_with_odd_characters_decodes() {
    #[derive(Deserialize)]
    struct Text {
        s: String,
    }
    let payloads = payloads("events");
    let event = payloads
        .iter()
        .map(|payload| decode(payload))
        .find(|e| e.event_type().as_str() == "Control")
        .unwrap();
    let text: Text = event.data().unwrap();
    assert!(text.s.contains('\0') && text.s.contains("\"backslash\\slash/"));
    assert_eq!(RawJson::parse(event.raw_data().as_str().to_owned()).unwrap(), *event.raw_data());
}
