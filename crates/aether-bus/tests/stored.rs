//! What a store announces on a bus: the memory store here, and JetStream's where there are servers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use aether_bus::{Delivery, EventBus, EventFilter, Overflow, Pattern, Received, Subscription};
use aether_core::{
    ActorId, EventStoreExt, EventStored, Expected, Namespace, NewEvent, RawJson, RecordedEvent, Version,
};
use aether_store_memory::MemoryStore;

fn event() -> NewEvent {
    NewEvent::new("OrderPlaced".try_into().unwrap(), RawJson::NULL)
}

fn actor(id: &str) -> ActorId {
    ActorId::new(id).unwrap()
}

fn announcing(bus: &EventBus) -> MemoryStore {
    MemoryStore::builder().broadcaster(bus.broadcaster()).build()
}

async fn next(announced: &mut Subscription<EventStored>) -> Received<EventStored> {
    announced.next().await.and_then(Delivery::into_event).unwrap()
}

#[tokio::test]
async fn what_is_stored_is_announced_once_and_refusals_and_repeats_are_not() {
    let bus = EventBus::new();
    let mut announced = bus.subscribe_event_stored(Pattern::all()).await.unwrap();
    let (store, order, events) = (announcing(&bus), actor("order-1"), vec![event(), event()]);
    let commit = store.append(&order, Expected::NoEvents, events.clone()).await.unwrap();
    assert!(store.append(&order, Expected::NoEvents, events).await.unwrap().already_stored);
    assert!(store.append(&order, Expected::NoEvents, [event()]).await.unwrap_err().is_conflict());
    store.append(&order, Expected::Any, []).await.unwrap_err();
    store.append(&actor("order-2"), Expected::Any, [event()]).await.unwrap();
    for stored in commit.events.iter().map(EventStored::from) {
        let received = next(&mut announced).await;
        assert_eq!((received.namespace(), &*received), (&Namespace::internal(), &stored));
    }
    assert_eq!(next(&mut announced).await.actor_id, actor("order-2"));
    assert_eq!(announced.try_next(), None);
}

#[tokio::test]
async fn announcements_go_to_the_stores_namespace_and_no_other() {
    let (bus, tenant) = (EventBus::new(), Namespace::new("tenant-a").unwrap());
    let mut own = bus.subscribe_event_stored(&tenant).await.unwrap();
    let mut other = bus.subscribe_event_stored(&Namespace::new("tenant-b").unwrap()).await.unwrap();
    let mut internal = bus.subscribe_event_stored(&Namespace::internal()).await.unwrap();
    let store = MemoryStore::builder().namespace(tenant.clone()).broadcaster(bus.broadcaster()).build();
    store.append(&actor("order-1"), Expected::Any, [event()]).await.unwrap();
    assert_eq!(next(&mut own).await.namespace(), &tenant);
    assert_eq!((other.try_next(), internal.try_next()), (None, None));
}

#[tokio::test]
async fn what_is_announced_can_be_read() {
    let bus = EventBus::new();
    let mut announced = bus.subscribe_event_stored(Pattern::all()).await.unwrap();
    let (store, order) = (announcing(&bus), actor("order-1"));
    let writer = {
        let (store, order) = (store.clone(), order.clone());
        tokio::spawn(async move {
            for _ in 0..100 {
                store.append(&order, Expected::Any, [event()]).await.unwrap();
            }
        })
    };
    for _ in 0..100 {
        let stored = next(&mut announced).await.into_inner();
        let found: RecordedEvent = store.read_all(&order, stored.version).await.unwrap().remove(0);
        assert_eq!(EventStored::from(&found), stored);
    }
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_actors_announcements_come_in_the_order_of_its_versions() {
    let bus = EventBus::new();
    let overflow = Overflow::drop_oldest(10_000);
    let mut announced = bus.subscribe_event_stored_with(Pattern::all(), overflow).await.unwrap();
    let store = announcing(&bus);
    let writers = (0..8).map(|n| {
        let (store, order) = (store.clone(), actor(&format!("order-{}", n % 3)));
        tokio::spawn(async move {
            for _ in 0..100 {
                store.append(&order, Expected::Any, [event()]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut last: BTreeMap<ActorId, u64> = BTreeMap::new();
    for _ in 0..800 {
        let stored = next(&mut announced).await;
        let before = last.insert(stored.actor_id.clone(), stored.version.number()).unwrap_or(0);
        assert_eq!(stored.version.number(), before + 1);
    }
}

/// Fault 11 of the Go original, where a subscriber that saved deadlocked the store.
#[tokio::test]
async fn a_subscriber_may_append_to_the_actor_that_it_hears_of() {
    let bus = EventBus::new();
    let mut announced = bus.subscribe_event_stored(Pattern::all()).await.unwrap();
    let (store, order) = (announcing(&bus), actor("order-1"));
    store.append(&order, Expected::NoEvents, [event()]).await.unwrap();
    let handled = async {
        loop {
            let stored = next(&mut announced).await;
            if stored.version == Version::new(50).unwrap() {
                return;
            }
            store.append(&stored.actor_id, Expected::Exactly(stored.version), [event()]).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), handled).await.unwrap();
}

/// A writer waits for nobody, even where a subscriber to plain events has publishers wait.
#[tokio::test]
async fn nobody_who_listens_holds_up_a_writer() {
    let bus = EventBus::new();
    let block = Overflow::block(1, Duration::from_secs(3_600));
    let _events = bus.subscribe(Pattern::all(), EventFilter::any(), block).await.unwrap();
    let _slow = bus.subscribe_event_stored_with(Pattern::all(), Overflow::drop_newest(1)).await.unwrap();
    let (store, order) = (announcing(&bus), actor("order-1"));
    for _ in 0..100 {
        let append = store.append(&order, Expected::Any, [event()]);
        tokio::time::timeout(Duration::from_secs(10), append).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_bus_that_takes_nothing_keeps_no_append_from_being_made() {
    let bus = EventBus::restricted_to(Namespace::new("another").unwrap());
    let store = announcing(&bus);
    store.append(&actor("order-1"), Expected::Any, [event()]).await.unwrap();
    bus.stop().await;
    store.append(&actor("order-1"), Expected::Any, [event()]).await.unwrap();
    assert_eq!(store.latest_version(&actor("order-1")).await.unwrap().number(), 2);
}
