//! The key-value store on a real server: the contract, what becomes of lost answers, and what other tools see.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use aether_core::KeyValueError;
use aether_core::error::BoxError;
use aether_core::key_value::{KeyValue, Revision};
use aether_nats_harness::Proxy;
use aether_store_jetstream::{JetStreamKeyValue, OpenError};
use aether_testkit::key_value::KeyValueUnderTest;
use common::{api, connect, fresh_name, server};
use serde_json::json;

/// Each handle on a connection of its own, as another process would have it.
struct UnderTest;

impl KeyValueUnderTest for UnderTest {
    type Store = JetStreamKeyValue;

    async fn open(&self, name: &str) -> Result<JetStreamKeyValue, BoxError> {
        let replicas = u8::try_from(server().replicas())?;
        Ok(JetStreamKeyValue::builder(connect().await, name.try_into()?)
            .replicas(replicas)
            .atomic()
            .open()
            .await?)
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }
}

aether_testkit::key_value_conformance!(
    #[ignore = "needs nats-server: run cargo xtask integration"]
    UnderTest
);

/// A store whose answers come through a proxy, and another one that goes straight.
async fn through_proxy(deadline: Duration) -> (JetStreamKeyValue, JetStreamKeyValue, Proxy) {
    let name = fresh_name();
    let straight = UnderTest.open(name.as_str()).await.unwrap();
    let proxy = Proxy::start(server().url()).unwrap();
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
    let client = options.connect(proxy.url()).await.unwrap();
    let builder = JetStreamKeyValue::builder(client, name).deadline(deadline);
    let store = builder.answer_timeout(Duration::from_millis(200)).open().await.unwrap();
    (store, straight, proxy)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_change_whose_acknowledgment_is_lost_succeeds_and_is_made_once() {
    let (store, straight, proxy) = through_proxy(Duration::from_secs(10)).await;
    let mut at = store.put("a", "0".into(), Revision::NONE).await.unwrap();
    for round in 1..=5_u64 {
        proxy.drop_messages("_INBOX", 1);
        let next = store.put("a", round.to_string().into(), at).await.unwrap();
        assert_eq!(next.number(), at.number() + 1, "one message each");
        at = next;
    }
    assert_eq!(straight.get("a").await.unwrap().unwrap().value, "5");
    proxy.drop_messages("_INBOX", 1);
    store.delete("a", at).await.unwrap();
    assert_eq!(straight.get("a").await.unwrap(), None);
    let again = straight.put("a", "6".into(), Revision::NONE).await.unwrap();
    assert_eq!(again.number(), at.number() + 2, "one tombstone");
    assert_eq!(proxy.stats().messages_dropped, 6);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_first_put_after_a_delete_succeeds_though_an_answer_is_lost() {
    let (store, straight, proxy) = through_proxy(Duration::from_secs(10)).await;
    let at = straight.put("a", "0".into(), Revision::NONE).await.unwrap();
    straight.delete("a", at).await.unwrap();
    proxy.drop_messages("_INBOX", 1);
    let again = store.put("a", "1".into(), Revision::NONE).await.unwrap();
    assert_eq!(again.number(), at.number() + 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn who_writes_the_same_at_the_same_place_is_not_taken_for_the_winner() {
    let (store, straight, proxy) = through_proxy(Duration::from_secs(10)).await;
    let at = straight.put("a", "0".into(), Revision::NONE).await.unwrap();
    // Whoever comes second writes the very bytes of the first, and the second's answers are lost.
    straight.put("a", "1".into(), at).await.unwrap();
    proxy.drop_messages("_INBOX", 1);
    let error = store.put("a", "1".into(), at).await.unwrap_err();
    assert!(matches!(error, KeyValueError::Conflict { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_change_that_was_made_and_replaced_is_unknown() {
    let (store, straight, proxy) = through_proxy(Duration::from_secs(10)).await;
    let at = straight.put("a", "0".into(), Revision::NONE).await.unwrap();
    // Its acknowledgment, and each look after it.
    proxy.drop_messages("_INBOX", 1_000_000);
    let put = tokio::spawn(async move { store.put("a", "1".into(), at).await });
    let deadline = Instant::now() + Duration::from_secs(10);
    let mine = loop {
        assert!(Instant::now() < deadline);
        match straight.get("a").await.unwrap().unwrap() {
            entry if entry.revision != at => break entry.revision,
            _ => tokio::task::yield_now().await,
        }
    };
    straight.put("a", "2".into(), mine).await.unwrap();
    proxy.heal();
    let error = put.await.unwrap().unwrap_err();
    assert!(matches!(error, KeyValueError::Unknown { .. }), "{error}");
    assert_eq!(straight.get("a").await.unwrap().unwrap().value, "2");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn without_an_answer_a_change_is_unknown_at_its_deadline_and_not_before() {
    let (store, straight, proxy) = through_proxy(Duration::from_secs(1)).await;
    let at = store.put("a", "0".into(), Revision::NONE).await.unwrap();
    proxy.drop_messages("_INBOX", 1_000_000);
    let started = Instant::now();
    let error = store.put("a", "1".into(), at).await.unwrap_err();
    assert!(matches!(error, KeyValueError::Unknown { .. }), "{error}");
    assert!((700..3000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    let error = store.get("a").await.unwrap_err();
    assert!(matches!(error, KeyValueError::Unavailable(_)), "{error}");
    assert_eq!(straight.get("a").await.unwrap().unwrap().value, "1");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn clients_of_nats_see_the_same_values() {
    let (name, client) = (fresh_name(), connect().await);
    let store = UnderTest.open(name.as_str()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let stream = context.get_stream(format!("KV_{name}")).await.unwrap();
    let first = store.put("a.b", "1".into(), Revision::NONE).await.unwrap();
    let message = stream.get_last_raw_message_by_subject(&format!("$KV.{name}.a.b")).await.unwrap();
    assert_eq!((&message.payload[..], message.sequence), (&b"1"[..], first.number()));
    store.delete("a.b", first).await.unwrap();
    let message = stream.get_last_raw_message_by_subject(&format!("$KV.{name}.a.b")).await.unwrap();
    assert_eq!(message.headers.get("KV-Operation").unwrap().as_str(), "DEL");
    // What they put without a word of Aether, and delete, is there and is not there.
    common::publish(&connect().await, &format!("$KV.{name}.c"), &[], b"theirs").await;
    let entry = store.get("c").await.unwrap().unwrap();
    assert_eq!(entry.value, "theirs");
    common::publish(
        &connect().await,
        &format!("$KV.{name}.c"),
        &[("KV-Operation", "PURGE"), ("Nats-Rollup", "sub")],
        b"",
    )
    .await;
    assert_eq!(store.get("c").await.unwrap(), None);
    assert_eq!(store.keys("").await.unwrap(), Vec::<String>::new());
    store.put("c", "ours".into(), Revision::NONE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_bucket_whose_values_may_vanish_is_refused_and_named() {
    let (name, client) = (fresh_name(), connect().await);
    let stream = format!("KV_{name}");
    let config = json!({ "name": stream, "subjects": [format!("$KV.{name}.>")], "max_age": 60_000_000_000_u64,
        "max_msgs_per_subject": 1, "storage": "file", "num_replicas": 1, "retention": "limits" });
    api(&client, &format!("STREAM.CREATE.{stream}"), config).await;
    let error = JetStreamKeyValue::builder(client, name).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Config { field: "max_age", .. }), "{error}");
}
