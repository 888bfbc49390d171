//! Announcements of stores in JetStream across nodes, and what they save.

use std::time::Duration;

use aether_bus::{Delivery, NatsEventBus, Pattern, pass_on_hints};
use aether_core::{ActorId, EventStoreExt, Expected, Namespace, NewEvent, RawJson, StreamName, Version};
use aether_store_jetstream::JetStreamStore;

use crate::site::{connect, namespace, node, prefix, server, until};

fn placed() -> NewEvent {
    NewEvent::new("OrderPlaced".try_into().unwrap(), RawJson::NULL)
}

async fn store(bus: &NatsEventBus, name: &StreamName, tenant: Option<&Namespace>) -> JetStreamStore {
    let builder = JetStreamStore::builder(connect(&server().url()).await, name.clone());
    let builder = match tenant {
        Some(tenant) => builder.namespace(tenant.clone()),
        None => builder,
    };
    let replicas = u8::try_from(server().replicas()).unwrap();
    builder.replicas(replicas).broadcaster(bus.broadcaster()).open().await.unwrap()
}

fn fresh_name() -> StreamName {
    StreamName::new(prefix()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_one_process_stores_is_announced_on_every_node_and_refusals_and_repeats_are_not() {
    let (prefix, tenant) = (prefix(), namespace("tenant-a"));
    let (one, two) = (node(&server().url(), &prefix).await, node(&server().url(), &prefix).await);
    let mut own = one.subscribe_event_stored(&tenant).await.unwrap();
    let mut other = two.subscribe_event_stored(Pattern::new("*").unwrap()).await.unwrap();
    let mut elsewhere = two.subscribe_event_stored(&namespace("tenant-b")).await.unwrap();
    let store = store(&one, &fresh_name(), Some(&tenant)).await;
    let order = ActorId::new("order-1").unwrap();
    let events = [placed(), placed()];
    let commit = store.append(&order, Expected::NoEvents, events.clone()).await.unwrap();
    assert!(store.append(&order, Expected::NoEvents, events).await.unwrap().already_stored);
    assert!(store.append(&order, Expected::NoEvents, [placed()]).await.unwrap_err().is_conflict());
    store.append(&order, Expected::Exactly(commit.version), [placed()]).await.unwrap();
    for announced in [&mut own, &mut other] {
        for version in 1..=3 {
            let Some(Delivery::Event(stored)) = announced.next().await else { panic!("none") };
            assert_eq!(
                (stored.namespace(), &stored.actor_id, stored.version.number()),
                (&tenant, &order, version)
            );
        }
        assert_eq!(announced.try_next(), None);
    }
    assert_eq!(elsewhere.try_next(), None);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_hint_of_another_node_has_the_store_look_and_saves_it_a_refusal() {
    let (prefix, name) = (prefix(), fresh_name());
    let (one, two) = (node(&server().url(), &prefix).await, node(&server().url(), &prefix).await);
    let (first, second) = (store(&one, &name, None).await, store(&two, &name, None).await);
    let order = ActorId::new("order-1").unwrap();
    let announced = two.subscribe_event_stored(&Namespace::internal()).await.unwrap();
    let hints = tokio::spawn(pass_on_hints(announced, second.clone()));
    // The second one knows where the order stands, and then the first one goes on.
    second.append(&order, Expected::NoEvents, [placed()]).await.unwrap();
    let commit = first.append(&order, Expected::Any, [placed()]).await.unwrap();
    until("the hint has come", async || second.hints().stale == 1).await;
    let commit = second.append(&order, Expected::Exactly(commit.version), [placed()]).await.unwrap();
    assert_eq!(commit.version, Version::new(3).unwrap());
    assert_eq!(second.hints().conflicts_saved, 1);
    assert_eq!(first.hints().taken, 0);
    two.stop().await;
    tokio::time::timeout(Duration::from_secs(10), hints).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_hint_that_lies_makes_no_conflict_and_no_loss() {
    use aether_core::{EventStored, HeadCache, RecordedEvent};

    let bus = node(&server().url(), &prefix()).await;
    let store = store(&bus, &fresh_name(), None).await;
    let order = ActorId::new("order-1").unwrap();
    let mut version = store.append(&order, Expected::NoEvents, [placed()]).await.unwrap().version;
    for (sequence, number) in [(1, 1), (2, 1), (1_000_000, 7), (u64::MAX, u64::MAX >> 1), (0, 3)] {
        let lie = aether_core::Event::new(order.clone(), Version::new(number).unwrap(), placed());
        store.hint(&EventStored::from(&RecordedEvent::new(lie, 0, sequence, 0)));
        version = store.append(&order, Expected::Exactly(version), [placed()]).await.unwrap().version;
    }
    assert_eq!(version, Version::new(6).unwrap());
    assert_eq!(store.read_all(&order, Version::FIRST).await.unwrap().len(), 6);
    assert_eq!(store.hints().conflicts_saved, 0);
}
