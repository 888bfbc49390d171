//! Appends whose answers are lost on the way: stored once, and said so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use aether_core::{
    AppendError, AppendOptions, EventStore, EventStoreExt, EventStored, Expected, Namespace, RawJson,
    Snapshot, SnapshotStore, Version,
};
use aether_nats_harness::Proxy;
use aether_store_jetstream::JetStreamStore;
use common::{actor, builder, event, fresh_name, open, server};

/// A store whose answers come through a proxy, and the proxy.
async fn through_proxy(deadline: Duration) -> (JetStreamStore, Proxy, mpsc::Receiver<EventStored>) {
    let proxy = Proxy::start(server().url()).unwrap();
    // A cluster would tell the client how to get around the proxy.
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
    let client = options.connect(proxy.url()).await.unwrap();
    let (sender, stored) = mpsc::channel();
    let builder = JetStreamStore::builder(client, fresh_name())
        .deadline(deadline)
        .answer_timeout(Duration::from_millis(200))
        .broadcaster(move |_: &Namespace, event: EventStored| drop(sender.send(event)));
    (builder.open().await.unwrap(), proxy, stored)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_append_whose_acknowledgment_is_lost_succeeds_and_is_stored_once() {
    let (store, proxy, stored) = through_proxy(Duration::from_secs(10)).await;
    let order = actor("order-1");
    for (version, expected) in
        (1..).zip([Expected::NoEvents, Expected::Any, Expected::Exactly(Version::new(4).unwrap())])
    {
        // The handle need not look where the actor stands: the next answer is the acknowledgment.
        proxy.drop_messages("_INBOX", 1);
        let commit = store.append(&order, expected, [event("a"), event("b")]).await;
        let commit = commit.unwrap_or_else(|error| panic!("{expected}: {error}"));
        assert_eq!(commit.version.number(), version * 2);
    }
    assert!(proxy.stats().messages_dropped >= 3);
    assert_eq!(store.read_all(&order, Version::FIRST).await.unwrap().len(), 6);
    let announced: Vec<_> = stored.try_iter().map(|event| event.version.number()).collect();
    assert_eq!(announced, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_unknown_outcome_is_settled_by_repeating_the_same_events() {
    let (store, proxy, stored) = through_proxy(Duration::from_millis(700)).await;
    let order = actor("order-1");
    store.append(&order, Expected::NoEvents, [event("first")]).await.unwrap();
    let events = [event("second")];
    proxy.drop_messages("_INBOX", 1000);
    let error = store.append(&order, Expected::Any, events.clone()).await.unwrap_err();
    let AppendError::Unknown(unknown) = error else { panic!("{error}") };
    assert_eq!(unknown.expected, Expected::Exactly(Version::FIRST), "resolved at the first attempt");
    proxy.heal();
    let commit = store.append(&order, unknown.expected, events.clone()).await.unwrap();
    assert_eq!(commit.version.number(), 2);
    let again = store.append(&order, unknown.expected, events).await.unwrap();
    assert!(again.already_stored);
    assert_eq!(store.read_all(&order, Version::FIRST).await.unwrap().len(), 2);
    // At most once: whether the settled append is announced depends on which call learned of it.
    assert!(stored.try_iter().count() <= 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_cut_link_loses_and_doubles_nothing() {
    let (store, proxy, _stored) = through_proxy(Duration::from_secs(20)).await;
    let order = actor("order-1");
    for round in 0..20 {
        if round % 4 == 1 {
            proxy.cut_once();
        }
        let commit = store.append(&order, Expected::Any, [event("x")]).await.unwrap();
        assert_eq!(commit.version.number(), round + 1);
    }
    let events = store.read_all(&order, Version::FIRST).await.unwrap();
    assert!(events.iter().map(|event| event.version().number()).eq(1..=20));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_stale_cache_is_never_the_source_of_a_conflict() {
    let name = fresh_name();
    let (one, other) = (open(&name).await, open(&name).await);
    let order = actor("order-1");
    let first = one.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    let second = other.append(&order, Expected::Exactly(first.version), [event("2")]).await.unwrap();
    // The first handle still believes in version 1.
    let third = one.append(&order, Expected::Exactly(second.version), [event("3")]).await.unwrap();
    assert_eq!(third.version.number(), 3);
    let error = other.append(&order, Expected::Exactly(second.version), [event("late")]).await.unwrap_err();
    assert_eq!(error.conflict().unwrap().current, third.version);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn deadlines_hold_for_who_waits_in_line_too() {
    let (store, proxy, _stored) = through_proxy(Duration::from_secs(30)).await;
    let order = actor("order-1");
    store.append(&order, Expected::NoEvents, [event("first")]).await.unwrap();
    proxy.drop_messages("_INBOX", 1_000_000);
    let (started, half) = (Instant::now(), AppendOptions::default().deadline(Duration::from_millis(500)));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (store, order) = (store.clone(), order.clone());
            tokio::spawn(
                async move { store.append_with(&order, Expected::Any, vec![event("x")], half).await },
            )
        })
        .collect();
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert!(matches!(error, AppendError::Unknown(_) | AppendError::Unavailable(_)), "{error}");
    }
    // One after the other they would take four times half a second.
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn nothing_is_sent_after_the_deadline() {
    let store = open(&fresh_name()).await;
    let order = actor("order-1");
    store.append(&order, Expected::NoEvents, [event("first")]).await.unwrap();
    let late = AppendOptions::default().deadline(Duration::ZERO);
    let error = store.append_with(&order, Expected::Any, vec![event("late")], late).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable(_)), "{error}");
    assert_eq!(store.latest_version(&order).await.unwrap(), Version::FIRST);
    assert_eq!(store.append(&order, Expected::Any, [event("next")]).await.unwrap().version.number(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn appends_end_while_the_client_is_cut_off_and_its_queue_is_full() {
    let proxy = Proxy::start(server().url()).unwrap();
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers().client_capacity(4);
    let client = options.connect(proxy.url()).await.unwrap();
    let builder = JetStreamStore::builder(client, fresh_name()).deadline(Duration::from_secs(1));
    let store = builder.answer_timeout(Duration::from_millis(300)).open().await.unwrap();
    proxy.cut();
    let started = Instant::now();
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store.append(&actor(&format!("order-{n}")), Expected::Any, [event("x")]).await
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_err());
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_longest_deadline_is_no_overflow() {
    let store = builder(&fresh_name()).await.deadline(Duration::MAX).open().await.unwrap();
    store.append(&actor("order-1"), Expected::Any, [event("x")]).await.unwrap();
    let state = RawJson::parse("{}").unwrap();
    store.save_snapshot(Snapshot::new(actor("order-1"), Version::FIRST, state)).await.unwrap();
}
