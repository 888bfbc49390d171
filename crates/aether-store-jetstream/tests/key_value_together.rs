//! Several keys changed together on a real server: what becomes of lost answers, of buckets without it, and of old servers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use aether_core::KeyValueError;
use aether_core::key_value::{Change, KeyValue, Revision};
use aether_nats_harness::Proxy;
use aether_store_jetstream::{JetStreamKeyValue, JetStreamKeyValueBuilder};
use async_nats::Client;
use common::{api, connect, fresh_name, server};
use futures_util::future::join_all;
use serde_json::json;

fn builder(client: Client, name: &str) -> JetStreamKeyValueBuilder {
    let replicas = u8::try_from(server().replicas()).unwrap();
    JetStreamKeyValue::builder(client, name.try_into().unwrap()).replicas(replicas)
}

/// A store whose answers come through a proxy, and another one that goes straight; nothing on a server that has no batches,
/// where that is what the test shows.
async fn through_proxy(deadline: Duration) -> Option<(JetStreamKeyValue, JetStreamKeyValue, Proxy)> {
    let name = fresh_name();
    let client = connect().await;
    let straight = builder(client.clone(), name.as_str()).atomic().open().await.unwrap();
    if straight.most_changes().is_none() {
        assert!(!client.is_server_compatible(2, 12, 0));
        refused(&straight, "nats-server 2.").await;
        return None;
    }
    let proxy = Proxy::start(server().url()).unwrap();
    let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
    let client = options.connect(proxy.url()).await.unwrap();
    let builder = builder(client, name.as_str()).deadline(deadline);
    let store = builder.answer_timeout(Duration::from_millis(200)).open().await.unwrap();
    assert_eq!(store.most_changes(), Some(1000), "the bucket has it, whoever wished for it");
    Some((store, straight, proxy))
}

/// Changes together are refused, and none is made.
async fn refused(store: &JetStreamKeyValue, found: &str) {
    let changes = vec![Change::put("a", "1", Revision::NONE), Change::put("b", "1", Revision::NONE)];
    match store.change(changes).await.unwrap_err() {
        KeyValueError::Unsupported(why) => assert!(why.found.contains(found), "{why}"),
        other => panic!("{other}"),
    }
    assert_eq!(store.keys("").await.unwrap(), Vec::<String>::new());
}

fn both(value: &str, at: &[Revision]) -> Vec<Change> {
    ["a", "b"].iter().zip(at).map(|(key, at)| Change::put(*key, value.to_owned(), *at)).collect()
}

async fn values(store: &JetStreamKeyValue) -> [Option<bytes::Bytes>; 2] {
    let [a, b] = [store.get("a").await.unwrap(), store.get("b").await.unwrap()];
    [a, b].map(|entry| entry.map(|entry| entry.value))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn changes_whose_answers_are_lost_are_made_once() {
    let Some((store, straight, proxy)) = through_proxy(Duration::from_secs(10)).await else { return };
    let mut at = store.change(both("0", &[Revision::NONE; 2])).await.unwrap();
    for round in 1..=6_u64 {
        // The answer to the first message, which is sent again, or that to the last, which was stored.
        proxy.drop_messages_after("_INBOX", usize::from(round % 2 == 0), 1);
        let next = store.change(both(&round.to_string(), &at)).await.unwrap();
        assert_eq!(next[0].number(), at[1].number() + 1, "no message was stored in between");
        at = next;
    }
    assert_eq!(values(&straight).await, [Some("6".into()), Some("6".into())]);
    let entry = straight.get("a").await.unwrap().unwrap();
    assert_eq!((entry.revision, proxy.stats().messages_dropped), (at[0], 6));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn who_changes_the_same_to_the_same_is_not_taken_for_the_winner() {
    let Some((store, straight, proxy)) = through_proxy(Duration::from_secs(10)).await else { return };
    let at = straight.change(both("0", &[Revision::NONE; 2])).await.unwrap();
    straight.change(both("1", &at)).await.unwrap();
    proxy.drop_messages("_INBOX", 2);
    let error = store.change(both("1", &at)).await.unwrap_err();
    assert!(matches!(error, KeyValueError::Conflict { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn changes_that_were_made_and_replaced_are_unknown() {
    let Some((store, straight, proxy)) = through_proxy(Duration::from_secs(20)).await else { return };
    let at = straight.change(both("0", &[Revision::NONE; 2])).await.unwrap();
    let put = tokio::spawn({
        let at = at.clone();
        // All but the answer to the first message, without which the last is not sent.
        proxy.drop_messages_after("_INBOX", 1, 1_000_000);
        async move { store.change(both("1", &at)).await }
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut mine = Vec::new();
    while mine.len() < 2 {
        assert!(Instant::now() < deadline, "never made");
        let entries = [straight.get("a").await.unwrap().unwrap(), straight.get("b").await.unwrap().unwrap()];
        mine = entries.iter().map(|entry| entry.revision).filter(|revision| !at.contains(revision)).collect();
    }
    let again = straight.change(both("2", &mine)).await.unwrap();
    straight.change(both("3", &again)).await.unwrap();
    proxy.heal();
    let error = put.await.unwrap().unwrap_err();
    assert!(matches!(error, KeyValueError::Unknown { .. }), "{error}");
    assert_eq!(values(&straight).await, [Some("3".into()), Some("3".into())]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn many_changes_at_a_time_wait_for_each_other() {
    let Some((_, store, _proxy)) = through_proxy(Duration::from_secs(20)).await else { return };
    let changes = (0..200).map(|n| {
        let changes = [
            Change::put(format!("{n}-a"), "1", Revision::NONE),
            Change::put(format!("{n}-b"), "1", Revision::NONE),
        ];
        store.change(changes.to_vec())
    });
    for made in join_all(changes).await {
        made.unwrap();
    }
    assert_eq!(store.keys("").await.unwrap().len(), 400);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_bucket_has_it_where_that_is_wished_for_and_keeps_what_it_had() {
    let (name, client) = (fresh_name(), connect().await);
    let plain = builder(client.clone(), name.as_str()).open().await.unwrap();
    assert_eq!(plain.most_changes(), None);
    refused(&plain, "a bucket that was not").await;
    let at = plain.put("kept", "1".into(), Revision::NONE).await.unwrap();
    let atomic = builder(client.clone(), name.as_str()).atomic().open().await.unwrap();
    let has_it = client.is_server_compatible(2, 12, 0);
    assert_eq!(atomic.most_changes(), has_it.then_some(1000));
    let found = api(&client, &format!("STREAM.INFO.KV_{name}"), json!({})).await;
    assert_eq!(found["config"]["allow_atomic"] == true, has_it);
    assert_eq!(atomic.get("kept").await.unwrap().unwrap().revision, at);
    let again = builder(client, name.as_str()).open().await.unwrap();
    assert_eq!(again.most_changes(), atomic.most_changes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_bucket_that_lost_it_says_so_and_stores_nothing() {
    if through_proxy(Duration::from_secs(5)).await.is_none() {
        return;
    }
    let (name, client) = (fresh_name(), connect().await);
    let store = builder(client.clone(), name.as_str()).atomic().open().await.unwrap();
    let mut config = api(&client, &format!("STREAM.INFO.KV_{name}"), json!({})).await["config"].take();
    config.as_object_mut().unwrap().remove("allow_atomic");
    api(&client, &format!("STREAM.UPDATE.KV_{name}"), config).await;
    refused(&store, "10174").await;
}
