//! What is announced, and when.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use aether_core::{ActorId, EventStoreExt, EventStored, Expected, Namespace, NewEvent, RawJson, Version};
use aether_store_memory::MemoryStore;

fn event() -> NewEvent {
    NewEvent::new("T".try_into().unwrap(), RawJson::NULL)
}

fn actor(id: &str) -> ActorId {
    ActorId::new(id).unwrap()
}

type Announced = Arc<Mutex<Vec<(Namespace, EventStored)>>>;

fn announcing(namespace: Option<Namespace>) -> (MemoryStore, Announced) {
    let announced = Announced::default();
    let sink = Arc::clone(&announced);
    let broadcaster = move |namespace: &Namespace, stored: EventStored| {
        sink.lock().unwrap().push((namespace.clone(), stored));
    };
    let builder = MemoryStore::builder().broadcaster(broadcaster);
    let builder = match namespace {
        Some(namespace) => builder.namespace(namespace),
        None => builder,
    };
    (builder.build(), announced)
}

#[tokio::test]
async fn what_is_stored_is_announced_once_with_its_place_and_refusals_and_repeats_are_not() {
    let (store, announced) = announcing(None);
    let (order, events) = (actor("order-1"), vec![event(), event()]);
    let commit = store.append(&order, Expected::NoEvents, events.clone()).await.unwrap();
    assert!(store.append(&order, Expected::NoEvents, events).await.unwrap().already_stored);
    store.append(&order, Expected::NoEvents, [event()]).await.unwrap_err();
    store.append(&order, Expected::Any, []).await.unwrap_err();
    let announced = announced.lock().unwrap();
    let places: Vec<_> = announced.iter().map(|(_, stored)| stored.position.clone()).collect();
    assert_eq!(places, commit.events.iter().map(aether_core::RecordedEvent::position).collect::<Vec<_>>());
    assert!(announced.iter().all(|(namespace, _)| *namespace == Namespace::internal()));
    let versions: Vec<_> = announced.iter().map(|(_, stored)| stored.version.number()).collect();
    assert_eq!(versions, [1, 2]);
}

#[tokio::test]
async fn announcements_name_the_stores_namespace() {
    let tenant = Namespace::new("tenant-a").unwrap();
    let (store, announced) = announcing(Some(tenant.clone()));
    store.append(&actor("order-1"), Expected::Any, [event()]).await.unwrap();
    assert!(matches!(&announced.lock().unwrap()[..], [(namespace, _)] if *namespace == tenant));
}

/// Fault 11 of the Go original: there a subscriber that saved deadlocked the store.
#[tokio::test]
async fn a_broadcaster_may_append_from_within() {
    let cell: Arc<OnceLock<MemoryStore>> = Arc::default();
    let inner = Arc::clone(&cell);
    let store = MemoryStore::builder()
        .broadcaster(move |_: &Namespace, stored: EventStored| {
            if stored.version == Version::FIRST {
                let append = inner.get().unwrap().append(&stored.actor_id, Expected::Any, [event()]);
                futures_util::FutureExt::now_or_never(append).unwrap().unwrap();
            }
        })
        .build();
    cell.set(store.clone()).unwrap();
    store.append(&actor("order-1"), Expected::NoEvents, [event()]).await.unwrap();
    assert_eq!(store.latest_version(&actor("order-1")).await.unwrap().number(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_actors_announcements_come_in_the_order_of_its_versions() {
    let (store, announced) = announcing(None);
    let writers = (0..8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                store.append(&actor(&format!("order-{}", n % 3)), Expected::Any, [event()]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut versions: BTreeMap<ActorId, Vec<u64>> = BTreeMap::new();
    for (_, stored) in announced.lock().unwrap().iter() {
        versions.entry(stored.actor_id.clone()).or_default().push(stored.version.number());
    }
    assert_eq!(versions.values().map(Vec::len).sum::<usize>(), 1600);
    assert!(versions.values().all(|versions| versions.iter().copied().eq(1..=versions.len() as u64)));
}
