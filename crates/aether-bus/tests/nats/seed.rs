//! The scenarios of the Go original's integration tests, of which none ever passed there.

use aether_bus::{Delivery, EventFilter, NatsEventBus, Overflow, Pattern, Subscription, pass_on_hints};
use aether_core::{ActorId, EventStoreExt, Expected, Namespace, NewEvent, RawJson, StreamName};
use aether_nats_harness::Cluster;
use aether_store_jetstream::JetStreamStore;

use crate::site::{connect, event, namespace, next, node, prefix, server, until};

async fn listen(bus: &NatsEventBus, name: &Namespace) -> Subscription {
    bus.subscribe(name, EventFilter::any(), Overflow::drop_oldest(100)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_single_node_hears_itself() {
    let (bus, name) = (node(&server().url(), &prefix()).await, namespace("orders"));
    let mut heard = listen(&bus, &name).await;
    bus.publish(&name, event(1)).await.unwrap();
    assert_eq!(next(&mut heard).await, Ok(1));
}

/// There the two servers did not know each other.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn nodes_on_different_servers_hear_each_other() {
    let cluster = tokio::task::block_in_place(|| Cluster::start().unwrap());
    let (prefix, name, mut nodes) = (prefix(), namespace("orders"), Vec::new());
    for url in cluster.urls() {
        let bus = node(&url, &prefix).await;
        let heard = listen(&bus, &name).await;
        nodes.push((bus, heard));
    }
    // Until the servers know of each other's subscribers, and so of each publisher once.
    for from in 0..nodes.len() {
        let number = from as u64 + 1;
        let mut silent: Vec<_> = (0..nodes.len()).collect();
        until("everybody has heard it", async || {
            nodes[from].0.publish(&name, event(number)).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            for (at, (_, heard)) in nodes.iter_mut().enumerate() {
                while let Some(delivery) = heard.try_next() {
                    if delivery.into_event().is_some_and(|event| event.version().number() == number) {
                        silent.retain(|other| *other != at);
                    }
                }
            }
            silent.is_empty()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn tenants_hear_nothing_of_each_other() {
    let (prefix, tenants) = (prefix(), ["tenant-a", "tenant-b"].map(namespace));
    let (mut buses, mut all) = (Vec::new(), Vec::new());
    for tenant in &tenants {
        let bus = crate::site::builder(&server().url(), &prefix).await.restricted_to(tenant.clone());
        let bus = bus.open().await.unwrap();
        all.push(listen(&bus, tenant).await);
        buses.push(bus);
    }
    for (number, (bus, tenant)) in (1..).zip(buses.iter().zip(&tenants)) {
        bus.publish(tenant, event(number)).await.unwrap();
        bus.flush().await.unwrap();
    }
    assert_eq!((next(&mut all[0]).await, next(&mut all[1]).await), (Ok(1), Ok(2)));
    assert_eq!((all[0].try_next(), all[1].try_next()), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_one_node_stores_brings_the_others_caches_up_to_date() {
    let (prefix, name) = (prefix(), StreamName::new(prefix()).unwrap());
    let (mut stores, mut buses) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let bus = node(&server().url(), &prefix).await;
        let builder = JetStreamStore::builder(connect(&server().url()).await, name.clone());
        let replicas = u8::try_from(server().replicas()).unwrap();
        let store = builder.replicas(replicas).broadcaster(bus.broadcaster()).open().await.unwrap();
        let announced = bus.subscribe_event_stored(&Namespace::internal()).await.unwrap();
        tokio::spawn(pass_on_hints(announced, store.clone()));
        stores.push(store);
        buses.push(bus);
    }
    let mut seen = buses[1].subscribe_event_stored(Pattern::all()).await.unwrap();
    let order = ActorId::new("version-cache-actor").unwrap();
    let placed = || NewEvent::new("OrderPlaced".try_into().unwrap(), RawJson::NULL);
    // By turns, each on what the other one stored: every one but the first two finds its own head out of date.
    let mut expected = Expected::NoEvents;
    for turn in 0..10_u64 {
        let commit = stores[turn as usize % 2].append(&order, expected, [placed()]).await.unwrap();
        expected = Expected::Exactly(commit.version);
        let Some(Delivery::Event(stored)) = seen.next().await else { panic!("nothing was announced") };
        assert_eq!((stored.version.number(), &stored.actor_id), (turn + 1, &order));
        // Nobody had a head before the first turn.
        let stale = || stores.iter().map(|store| store.hints().stale).sum::<u64>();
        until("the other one has been told", async || stale() == turn).await;
    }
    let saved: u64 = stores.iter().map(|store| store.hints().conflicts_saved).sum();
    assert_eq!(saved, 8);
}
