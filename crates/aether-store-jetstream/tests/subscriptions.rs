//! Subscriptions under difficulties: links that break, servers that restart, logs that expire or are rewound, messages
//! of others.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aether_core::{
    ActorId, Delivery, Epoch, EventStoreExt, Expected, Filter, RecordedEvent, StartAt, Subscribe,
    Subscription, SubscriptionError, Timestamp, Version,
};
use aether_nats_harness::{Proxy, Server};
use aether_store_jetstream::{JetStreamStore, Retention};
use async_nats::ConnectOptions;
use common::crashing::Crashing;
use common::{actor, builder, connect, event, fresh_name, open, publish, server, wait_for_consumers};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};

/// Longer than any test takes.
const NEVER: Duration = Duration::from_secs(60);

async fn next(subscription: &mut Subscription) -> Result<Delivery, SubscriptionError> {
    timeout(NEVER, subscription.next()).await.unwrap().unwrap()
}

async fn next_event(subscription: &mut Subscription) -> RecordedEvent {
    timeout(NEVER, subscription.next_event()).await.unwrap().unwrap().unwrap()
}

/// Appends to `actors` in turn, so many events, each until it is stored.
async fn write(store: JetStreamStore, actors: Vec<ActorId>, events: u64) {
    let mut versions = vec![Version::INITIAL; actors.len()];
    for number in 0..events {
        let at = usize::try_from(number).unwrap() % actors.len();
        let events = [event(&number.to_string())];
        loop {
            match store.append(&actors[at], Expected::Exactly(versions[at]), events.clone()).await {
                Ok(commit) => break versions[at] = commit.version,
                Err(error) => assert!(error.to_string().contains("not"), "{error}"),
            }
        }
    }
}

/// Takes so many events, and checks that each actor's come one after the other.
async fn take_all(subscription: &mut Subscription, events: u64, mut between: impl FnMut(u64)) {
    let mut versions = BTreeMap::<ActorId, u64>::new();
    for number in 0..events {
        between(number);
        let event = next_event(subscription).await;
        let version = versions.entry(event.actor().clone()).or_default();
        *version += 1;
        assert_eq!(event.version().number(), *version, "of {}", event.actor());
    }
}

fn actors(count: u32) -> Vec<ActorId> {
    (0..count).map(|number| actor(&format!("order-{number}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_link_that_is_cut_again_and_again_costs_and_repeats_no_event() {
    let name = fresh_name();
    let writer = tokio::spawn(write(open(&name).await, actors(7), 2_000));
    let proxy = Proxy::start(server().url()).unwrap();
    // A cluster would tell the client how to get around the proxy.
    let client = ConnectOptions::new().ignore_discovered_servers().connect(proxy.url()).await.unwrap();
    let store = JetStreamStore::builder(client, name).open().await.unwrap();
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    take_all(&mut all, 2_000, |number| {
        if number % 40 == 20 {
            proxy.cut_once();
        }
    })
    .await;
    writer.await.unwrap();
    assert!(proxy.stats().connections >= 10, "{:?}", proxy.stats());
    assert_eq!(all.monitor().status().delivered, 2_000);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_server_that_restarts_costs_and_repeats_no_event() {
    let (mut server, name) = (Server::start().unwrap(), fresh_name());
    let store = async || {
        let client = async_nats::connect(server.url()).await.unwrap();
        let deadline = Duration::from_secs(60);
        JetStreamStore::builder(client, name.clone()).deadline(deadline).open().await.unwrap()
    };
    let (store, writing) = (store().await, store().await);
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    let writer = tokio::spawn(write(writing, actors(3), 600));
    take_all(&mut all, 600, |number| {
        if number % 150 == 75 {
            server.stop().unwrap();
            server.start_again().unwrap();
        }
    })
    .await;
    writer.await.unwrap();
    assert!(all.monitor().status().restarts > 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_client_whose_buffer_overflows_misses_no_event() {
    let name = fresh_name();
    write(open(&name).await, actors(3), 300).await;
    let options = ConnectOptions::new().subscription_capacity(16);
    let client = options.connect(server().urls()).await.unwrap();
    let store = JetStreamStore::builder(client.clone(), name).open().await.unwrap();
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    // While nobody reads, everything arrives, and the client drops what its buffer does not hold.
    let deadline = Instant::now() + Duration::from_secs(10);
    while client.statistics().in_messages.load(Relaxed) < 300 {
        assert!(Instant::now() < deadline, "the messages do not arrive");
        sleep(Duration::from_millis(1)).await;
    }
    take_all(&mut all, 300, |_| ()).await;
    assert!(all.monitor().status().restarts > 0);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn only_what_is_asked_for_is_sent() {
    let (name, client) = (fresh_name(), connect().await);
    let writing = open(&name).await;
    write(writing.clone(), actors(20), 200).await;
    let other = actor("invoice-1");
    writing.append(&other, Expected::NoEvents, [event("x")]).await.unwrap();
    let store = JetStreamStore::builder(client.clone(), name).open().await.unwrap();
    for (filter, events) in
        [(Filter::actor(actor("order-3")), 10), (Filter::actor_type("invoice").unwrap(), 1)]
    {
        let before = client.statistics().in_messages.load(Relaxed);
        let mut some = store.subscribe(filter, StartAt::Beginning).await.unwrap();
        for _ in 0..events {
            next_event(&mut some).await;
        }
        assert_eq!(next(&mut some).await.unwrap(), Delivery::CaughtUp);
        let messages = client.statistics().in_messages.load(Relaxed) - before;
        assert!(messages < events + 10, "{messages} messages for {events} events");
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_is_no_event_is_said_and_harms_no_neighbor() {
    let (name, client, order) = (fresh_name(), connect().await, actor("order-1"));
    let store = open(&name).await;
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    store.claim(&order, Epoch::new(1)).await.unwrap();
    publish(&client, &format!("{name}.events.order.order-1"), &[], b"{}").await;
    // An event of this actor, where those of another one lie.
    let stored = store.read(&order, Version::FIRST).next().await.unwrap().unwrap();
    let payload = serde_json::to_vec(stored.event()).unwrap();
    publish(&client, &format!("{name}.events.order.order-2"), &[], &payload).await;
    store.append(&actor("order-3"), Expected::NoEvents, [event("2")]).await.unwrap();

    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    assert_eq!(next_event(&mut all).await, stored);
    let Err(SubscriptionError::Malformed(error)) = next(&mut all).await else {
        panic!("no event is read as one")
    };
    assert_eq!((error.position.unwrap().sequence(), &error.raw[..]), (3, &b"{}"[..]));
    let Err(SubscriptionError::Malformed(error)) = next(&mut all).await else {
        panic!("it is of another actor")
    };
    assert!(error.source.to_string().contains("order.order-2"), "{error:?}");
    assert_eq!(next_event(&mut all).await.actor(), &actor("order-3"));
    assert_eq!(next(&mut all).await.unwrap(), Delivery::CaughtUp);
    assert_eq!(all.monitor().status().malformed, 2);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_checkpoint_of_one_that_hears_nothing_moves_on() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let store = open(&name).await;
    let mut none = store.subscribe(Filter::actor_type("invoice").unwrap(), StartAt::Beginning).await.unwrap();
    assert_eq!(next(&mut none).await.unwrap(), Delivery::CaughtUp);
    let commit = store.append(&order, Expected::NoEvents, [event("1"), event("2")]).await.unwrap();
    let started = Instant::now();
    while !none.checkpoint().covers(&commit.position) {
        assert!(started.elapsed() < NEVER, "it stays where it will expire: {:?}", none.checkpoint());
        assert!(timeout(Duration::from_millis(100), none.next()).await.is_err());
    }
    assert_eq!(none.monitor().status().lag, Some(0));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_expired_before_it_was_read_is_said() {
    let name = fresh_name();
    let soon = Retention::For(Duration::from_secs(1));
    let store = builder(&name).await.retention(soon).open().await.unwrap();
    let mut all = store.subscribe(Filter::any(), StartAt::Now).await.unwrap();
    let order = actor("order-1");
    store.append(&order, Expected::NoEvents, [event("read")]).await.unwrap();
    next_event(&mut all).await;
    let (checkpoint, read_up_to) = (all.checkpoint(), all.checkpoint());
    let missed = store.append(&order, Expected::Any, [event("missed")]).await.unwrap();
    let is_there = async || store.latest_version(&order).await.unwrap() > Version::INITIAL;
    let started = Instant::now();
    while is_there().await {
        assert!(started.elapsed() < NEVER, "nothing expires");
        sleep(Duration::from_millis(50)).await;
    }
    let error = store.subscribe(Filter::any(), StartAt::After(checkpoint)).await.unwrap_err();
    let SubscriptionError::Truncated(truncated) = &error else { panic!("{error}") };
    assert_eq!(&truncated.wanted, read_up_to.positions().next().unwrap());
    assert_eq!(truncated.first_available.sequence(), missed.position.sequence() + 1);
    // Who had read all of it misses nothing, though all of it is gone.
    next_event(&mut all).await;
    let mut rest = store.subscribe(Filter::any(), StartAt::After(all.checkpoint())).await.unwrap();
    assert_eq!(next(&mut rest).await.unwrap(), Delivery::CaughtUp);
    let mut left = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    assert_eq!(next(&mut left).await.unwrap(), Delivery::CaughtUp);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_expires_while_the_reader_is_away_is_said() {
    let name = fresh_name();
    let soon = Retention::For(Duration::from_secs(2));
    let store = builder(&name).await.retention(soon).open().await.unwrap();
    // More than the server sends ahead.
    let large = "x".repeat(100_000);
    let order = actor("order-1");
    for _ in 0..200 {
        store.append(&order, Expected::Any, [event(&large)]).await.unwrap();
    }
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    let mut sequence = next_event(&mut all).await.position().sequence();
    let started = Instant::now();
    while store.latest_version(&order).await.unwrap() > Version::INITIAL {
        assert!(started.elapsed() < NEVER, "nothing expires");
        sleep(Duration::from_millis(50)).await;
    }
    let last = store.append(&order, Expected::Any, [event("after")]).await.unwrap();
    let error = loop {
        match next(&mut all).await {
            Ok(Delivery::Event(event)) => {
                assert_eq!(event.position().sequence(), sequence + 1, "passed over in silence");
                sequence += 1;
            }
            Ok(other) => panic!("{other:?} after {sequence}"),
            Err(error) => break error,
        }
    };
    let SubscriptionError::Truncated(truncated) = &error else { panic!("{error}") };
    assert!(sequence < 200 && truncated.wanted.sequence() >= sequence, "{truncated:?} after {sequence}");
    assert_eq!(truncated.first_available.sequence(), last.position.sequence());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_log_that_lost_its_tail_is_found_out() {
    let (mut server, name, order) = (Crashing::start(), fresh_name(), actor("order-1"));
    let store = server.open(&name).await;
    store.append(&order, Expected::NoEvents, [event("kept")]).await.unwrap();
    server.remember();
    let store = server.open(&name).await;
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    store.append(&order, Expected::Any, [event("lost")]).await.unwrap();
    next_event(&mut all).await;
    next_event(&mut all).await;
    let checkpoint = all.checkpoint();
    server.lose_the_tail();
    let other = server.open(&name).await;
    other.append(&order, Expected::Any, [event("another")]).await.unwrap();
    other.append(&order, Expected::Any, [event("and more")]).await.unwrap();
    // One that goes on, and one that resumes.
    let error = next(&mut all).await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Rewound(_)), "{error}");
    assert!(all.next().await.is_none());
    let error = other.subscribe(Filter::any(), StartAt::After(checkpoint)).await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Rewound(_)), "{error}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_time_is_that_of_the_server() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let store = open(&name).await;
    // What the event says of its time is the writer's affair.
    let late = "2001-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let mut times = Vec::new();
    for version in 1..=5 {
        sleep(Duration::from_millis(5)).await;
        times.push(Timestamp::now());
        sleep(Duration::from_millis(5)).await;
        let event = event(&version.to_string()).with_timestamp(late);
        store.append(&order, Expected::Any, [event]).await.unwrap();
        store.append(&actor("other-1"), Expected::Any, [common::event("x")]).await.unwrap();
    }
    for (first, time) in (1..).zip(times) {
        let filter = Filter::actor(order.clone());
        let mut since = store.subscribe(filter, StartAt::Time(time)).await.unwrap();
        for version in first..=5 {
            assert_eq!(next_event(&mut since).await.version().number(), version);
        }
        assert_eq!(next(&mut since).await.unwrap(), Delivery::CaughtUp);
    }
    let mut since = store.subscribe(Filter::any(), StartAt::Time(Timestamp::now())).await.unwrap();
    assert_eq!(next(&mut since).await.unwrap(), Delivery::CaughtUp);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_subscription_leaves_no_consumer_behind() {
    let (name, client) = (fresh_name(), connect().await);
    let store = open(&name).await;
    let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
    next(&mut all).await.unwrap();
    wait_for_consumers(&client, name.as_str(), 1).await;
    drop(all);
    wait_for_consumers(&client, name.as_str(), 0).await;
}
