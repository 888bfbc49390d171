//! Appends whose answers are lost on the way: stored once, and said so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::mpsc;
use std::time::Duration;

use aether_core::{AppendError, EventStoreExt, EventStored, Expected, Namespace, Version};
use aether_nats_harness::Proxy;
use aether_store_jetstream::JetStreamStore;
use common::{actor, event, fresh_name, open, server};

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
        // Whatever the head look-up leaves in the cache, the next answer is the acknowledgment.
        store.latest_version(&order).await.unwrap();
        proxy.drop_messages("_INBOX", if version == 1 { 2 } else { 1 });
        let commit = store.append(&order, expected, [event("a"), event("b")]).await;
        let commit = commit.unwrap_or_else(|error| panic!("{expected}: {error}"));
        assert_eq!(commit.version.number(), version * 2);
    }
    assert!(proxy.stats().messages_dropped >= 4);
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
