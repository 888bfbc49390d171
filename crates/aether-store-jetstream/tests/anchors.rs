//! Versions reserved beside the snapshots: actors whose events have all expired.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aether_core::{
    AppendError, Consistency, Epoch, EventStore, EventStoreExt, Expected, ReadError, StreamName, Version,
};
use aether_store_jetstream::{JetStreamStore, OpenError, Retention};
use common::{actor, builder, connect, event, fresh_name, info, publish};
use tokio::time::{Instant, sleep};

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

/// A store whose events expire soon.
async fn open(name: &StreamName) -> JetStreamStore {
    builder(name).await.anchors(10).retention(Retention::For(Duration::from_secs(1))).open().await.unwrap()
}

/// Waits until everything in the stream of events has expired, at its leader and wherever reads are answered.
async fn wait_until_expired(store: &JetStreamStore) {
    let (client, deadline) = (connect().await, Instant::now() + Duration::from_secs(20));
    let last = info(&client, store.streams().next().unwrap()).await["state"]["last_seq"].as_u64().unwrap();
    let at_last = format!("$JS.API.DIRECT.GET.{}", store.streams().next().unwrap());
    let mut empty = 0;
    // A direct get is answered by any of the replicas: often enough, by each of them.
    while empty < 30 {
        assert!(Instant::now() < deadline, "the events do not expire");
        let body = format!("{{\"seq\":{last}}}");
        let found = client.request(at_last.clone(), body.into()).await.unwrap();
        let messages =
            info(&client, store.streams().next().unwrap()).await["state"]["messages"].as_u64().unwrap();
        let is_empty = messages == 0 && found.status.is_some();
        empty = if is_empty { empty + 1 } else { 0 };
        sleep(Duration::from_millis(if is_empty { 1 } else { 20 })).await;
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_actor_whose_events_have_all_expired_goes_on_above_its_anchor() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let old = open(&name).await;
    old.append(&order, Expected::NoEvents, [event("1"), event("2"), event("3")]).await.unwrap();
    wait_until_expired(&old).await;

    // Versions up to 10 were promised, and may have been used. Also who takes the actor for new finds that out.
    let error = open(&name).await.append(&order, Expected::NoEvents, [event("x")]).await.unwrap_err();
    assert!(matches!(error, AppendError::Truncated(_)), "{error}");
    let new = open(&name).await;
    assert_eq!(new.head(&order, Consistency::Any).await.unwrap().version, version(10));
    for expected in [Expected::NoEvents, Expected::Exactly(version(3)), Expected::Below(version(4))] {
        let error = new.append(&order, expected, [event("x")]).await.unwrap_err();
        assert!(matches!(error, AppendError::Truncated(_)), "{expected}: {error}");
    }
    for from in [1, 4, 10] {
        let error = new.read_all(&order, version(from)).await.unwrap_err();
        let ReadError::Truncated(truncated) = &error else { panic!("{error}") };
        assert_eq!((truncated.wanted, truncated.first_available), (version(from), version(11)));
    }
    assert!(new.read_all(&order, version(11)).await.unwrap().is_empty());
    let commit = new.append(&order, Expected::Exactly(version(10)), [event("4")]).await.unwrap();
    assert_eq!(commit.version, version(11));
    // A handle that remembers the old head learns of it.
    let commit = old.append(&order, Expected::Any, [event("5")]).await.unwrap();
    assert_eq!(commit.version, version(12));
    assert_eq!(new.read_all(&order, version(11)).await.unwrap().len(), 2);
    let error = new.read_all(&order, Version::FIRST).await.unwrap_err();
    let ReadError::Truncated(truncated) = &error else { panic!("{error}") };
    assert_eq!(truncated.first_available, version(11));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn expiry_again_and_again_repeats_no_version() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let mut versions = Vec::new();
    for round in 0..3 {
        let store = open(&name).await;
        for number in 0..3 {
            let events = [event(&format!("{round}-{number}")), event("packed")];
            let commit = store.append(&order, Expected::Any, events).await.unwrap();
            versions.extend(commit.events.iter().map(|event| event.version().number()));
        }
        store.claim(&order, Epoch::new(round)).await.unwrap();
        wait_until_expired(&store).await;
    }
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn without_anchors_an_expired_actor_begins_again() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let soon = Retention::For(Duration::from_secs(1));
    let store = builder(&name).await.retention(soon).open().await.unwrap();
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    wait_until_expired(&store).await;
    let again = store.append(&order, Expected::NoEvents, [event("1 again")]).await.unwrap();
    assert_eq!(again.version, Version::FIRST);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_reservation_that_nobody_used_holds_nobody_up() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let store = builder(&name).await.anchors(10).open().await.unwrap();
    // As a writer leaves it that ends between its reservation and its append.
    let reserved = br#"{"actorId":"order-1","from":0,"upTo":10,"since":0}"#;
    publish(&connect().await, &format!("{name}.anchors.order.order-1"), &[], reserved).await;
    assert_eq!(store.head(&order, Consistency::Leader).await.unwrap().version, Version::INITIAL);
    assert!(store.read_all(&order, Version::FIRST).await.unwrap().is_empty());
    let commit = store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    assert_eq!(commit.version, Version::FIRST);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn who_says_that_an_actor_is_new_pays_for_no_look() {
    for (anchors, messages) in [(None, 1), (Some(10), 2)] {
        let (name, client) = (fresh_name(), connect().await);
        let builder = JetStreamStore::builder(client.clone(), name.clone());
        let builder = anchors.map_or(builder.clone(), |versions| builder.anchors(versions));
        let store = builder.open().await.unwrap();
        // The first request of a handle also subscribes to its answers.
        store.append(&actor("order-0"), Expected::NoEvents, [event("x")]).await.unwrap();
        for expected in [Expected::NoEvents, Expected::Exactly(Version::INITIAL)] {
            let order = actor(if expected == Expected::NoEvents { "order-1" } else { "order-2" });
            let before = client.statistics().out_messages.load(Relaxed);
            store.append(&order, expected, [event("x")]).await.unwrap();
            assert_eq!(client.statistics().out_messages.load(Relaxed) - before, messages, "{expected}");
            // Another handle is refused by the server, and looks then.
            let other = JetStreamStore::builder(client.clone(), name.clone()).open().await.unwrap();
            let error = other.append(&order, expected, [event("y")]).await.unwrap_err();
            assert!(matches!(error, AppendError::Conflict(_)), "{error}");
        }
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_reservation_costs_one_message_for_so_many_versions() {
    let (name, order, client) = (fresh_name(), actor("order-1"), connect().await);
    builder(&name).await.anchors(10).open().await.unwrap();
    let builder = JetStreamStore::builder(client.clone(), name);
    // Whoever opens the store reserves, wished for or not.
    let store = builder.open().await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..21 {
        let before = client.statistics().out_messages.load(Relaxed);
        store.append(&order, Expected::Any, [event("x")]).await.unwrap();
        sent.push(client.statistics().out_messages.load(Relaxed) - before);
    }
    // The first: the head and the anchor at once, the reservation, the event.
    let wanted: Vec<u64> = (0..21).map(|at| if at == 0 { 4 } else { 1 + u64::from(at % 10 == 0) }).collect();
    assert_eq!(sent, wanted);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_wish_for_anchors_that_the_stream_does_not_fulfill_is_refused_or_carried_out() {
    let name = fresh_name();
    builder(&name).await.open().await.unwrap();
    let error = builder(&name).await.anchors(10).open().await.unwrap_err();
    let OpenError::Config { field, wanted, found, .. } = &error else { panic!("{error}") };
    assert_eq!((*field, wanted.as_str(), found.as_str()), ("aether.anchors", "10", "none"));
    builder(&name).await.anchors(10).change_stream().open().await.unwrap();
    builder(&name).await.anchors(10).open().await.unwrap();
    let error = builder(&name).await.anchors(0).open().await.unwrap_err();
    assert!(error.to_string().contains("1 or more"), "{error}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_is_no_anchor_is_said_with_its_bytes() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let store = builder(&name).await.anchors(10).open().await.unwrap();
    publish(&connect().await, &format!("{name}.anchors.order.order-1"), &[], b"{}").await;
    let error = store.append(&order, Expected::Any, [event("1")]).await.unwrap_err();
    let AppendError::Malformed(malformed) = &error else { panic!("{error}") };
    assert_eq!(&malformed.raw[..], b"{}");
    let error = store.head(&order, Consistency::Any).await.unwrap_err();
    assert!(matches!(error, ReadError::Malformed(_)), "{error}");
}
