//! Projections of a store on JetStream, whose checkpoints and generations are in a key-value bucket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_core::{EventId, RecordedEvent, RetryPolicy, StreamName};
use aether_nats_harness::{Proxy, shared};
use aether_projection::{
    Checkpointed, ErrorPolicy, Generation, Generations, KeyValueCheckpoints, Mode, Projector, handler_fn,
};
use aether_store_jetstream::{JetStreamKeyValue, JetStreamStore, async_nats};
use common::database::Database;
use common::{append, eventually};

async fn open(client: async_nats::Client, name: &StreamName) -> (JetStreamStore, JetStreamKeyValue) {
    let replicas = u8::try_from(shared().unwrap().replicas()).unwrap();
    let store = JetStreamStore::builder(client.clone(), name.clone()).replicas(replicas);
    let values = JetStreamKeyValue::builder(client, name.clone()).replicas(replicas);
    (store.open().await.unwrap(), values.open().await.unwrap())
}

fn fresh_name() -> StreamName {
    StreamName::new(format!("test-{}", EventId::generate())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_projection_goes_on_through_cuts_and_restarts() {
    let name = fresh_name();
    let (straight, _) = open(async_nats::connect(shared().unwrap().urls()).await.unwrap(), &name).await;
    let proxy = Proxy::start(shared().unwrap().url()).unwrap();
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
    let (store, values) = open(options.connect(proxy.url()).await.unwrap(), &name).await;
    let handled = Arc::new(Mutex::new(Vec::<String>::new()));
    let retry =
        RetryPolicy::default().attempts(50).delays(Duration::from_millis(10), Duration::from_millis(200));
    let projector = Projector::new("notes", store).batch_size(16).on_error(ErrorPolicy::retry(retry));
    let appending = tokio::spawn(async move { append(&straight, 0..1000).await });
    for _ in 0..5 {
        let noted = Arc::clone(&handled);
        let handler = handler_fn(move |event: &RecordedEvent, _: Mode| {
            noted.lock().unwrap().push(event.raw_data().to_string());
            Ok::<_, &str>(())
        });
        let checkpoints = KeyValueCheckpoints::new(values.clone());
        let before = handled.lock().unwrap().len();
        let running = projector.start(Checkpointed::new(handler, checkpoints, "notes"));
        proxy.cut_once();
        eventually("it goes on", || handled.lock().unwrap().len() >= (before + 100).min(1000)).await;
        running.stop().await.unwrap();
    }
    appending.await.unwrap();
    let handler = handler_fn({
        let noted = Arc::clone(&handled);
        move |event: &RecordedEvent, _: Mode| {
            noted.lock().unwrap().push(event.raw_data().to_string());
            Ok::<_, &str>(())
        }
    });
    let running = projector.start(Checkpointed::new(handler, KeyValueCheckpoints::new(values), "notes"));
    running.wait_until_caught_up().await.unwrap();
    running.stop().await.unwrap();
    let wanted: Vec<_> = (0..1000).map(|number| format!("{{\"note\":\"{number}\"}}")).collect();
    assert_eq!(*handled.lock().unwrap(), wanted, "no process ended, so each was handled once");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_next_generation_takes_over_under_appends() {
    let name = fresh_name();
    let (store, values) = open(async_nats::connect(shared().unwrap().urls()).await.unwrap(), &name).await;
    append(&store, 0..200).await;
    let (database, generations) = (Database::default(), Generations::new(values, "notes"));
    let projector = Projector::new("notes", store.clone()).batch_size(16);
    let tables = database.clone();
    let make = move |generation| tables.projection(generation);
    let first = projector.start_generation(&generations, Generation::FIRST, make.clone()).await.unwrap();
    first.wait_until_caught_up().await.unwrap();
    first.stop().await.unwrap();
    let appending = tokio::spawn(async move { append(&store, 200..1000).await });
    let second = projector.start_generation(&generations, Generation::new(2), make).await.unwrap();
    second.wait_until_active().await.unwrap();
    assert_eq!(generations.active().await.unwrap(), Some(Generation::new(2)));
    appending.await.unwrap();
    eventually("it has had all", || database.rows(Generation::new(2)).notes.len() == 1000).await;
    assert!(!database.notes().is_empty());
    let tables = database.tables();
    assert!(tables.effects.len() == 1000 && tables.effects.values().all(|times| *times == 1));
}
