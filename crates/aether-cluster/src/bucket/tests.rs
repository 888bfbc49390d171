//! The bucket on a real server.

use std::collections::BTreeMap;

use aether_nats_harness::shared;
use futures_util::future::join_all;
use tokio::time::timeout;
use uuid::Uuid;

use super::*;
use crate::name::ClusterName;

const PATIENCE: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_millis(200);

async fn bucket() -> Bucket {
    let server = shared().unwrap();
    let client = async_nats::connect(server.urls()).await.unwrap();
    let name = ClusterName::new(format!("test-{}", Uuid::now_v7().simple())).unwrap();
    let config = Config::new(&name, Some(u8::try_from(server.replicas()).unwrap()));
    let bucket = Bucket::open(client, "$JS.API".to_owned(), config, PATIENCE / 3, PATIENCE).await.unwrap();
    // In a cluster the servers hear of a new stream a little after it was made.
    let ready = async { while bucket.put("ready", Revision::NONE, Vec::new()).await.is_err() {} };
    timeout(PATIENCE, ready).await.unwrap();
    bucket
}

async fn next(watch: &mut Watch) -> Shown {
    timeout(PATIENCE, watch.next()).await.unwrap().expect("the watch was lost")
}

/// What a watch shows of keys until it says that this was all.
async fn all(watch: &mut Watch) -> BTreeMap<String, Option<Bytes>> {
    let mut shown = BTreeMap::new();
    while let Shown::Value(key, value) = next(watch).await {
        shown.insert(key, value.bytes);
    }
    shown
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn of_many_that_write_where_a_key_stands_one_is_stored_and_the_others_are_refused() {
    let bucket = bucket().await;
    for round in 0..20 {
        let expected = bucket.read("key").await.unwrap().map_or(Revision::NONE, |value| value.revision);
        let writes = (0..4).map(|writer| bucket.put("key", expected, format!("{round}.{writer}").into()));
        let answers: Vec<_> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
        let stored: Vec<_> = answers.iter().filter(|answer| matches!(answer, Answer::Stored(_))).collect();
        let there = bucket.read("key").await.unwrap().unwrap();
        assert_eq!(stored, [&Answer::Stored(there.revision)], "{answers:?}");
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_watch_shows_the_latest_of_each_key_says_so_and_then_shows_changes() {
    let bucket = bucket().await;
    let Answer::Stored(first) = bucket.put("shard.1", Revision::NONE, "a".into()).await.unwrap() else {
        panic!("refused");
    };
    bucket.put("shard.1", first, "b".into()).await.unwrap();
    bucket.put("node.x", Revision::NONE, "c".into()).await.unwrap();
    let mut everything = bucket.watch("one", &[">"], HEARTBEAT).await.unwrap();
    let mut shards = bucket.watch("two", &["shard.*", "plan"], HEARTBEAT).await.unwrap();
    let mut nothing = bucket.watch("three", &["plan"], HEARTBEAT).await.unwrap();
    let value = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    let wanted = [("node.x", value("c")), ("ready", value("")), ("shard.1", value("b"))];
    assert_eq!(all(&mut everything).await, wanted.map(|(key, value)| (key.to_owned(), value)).into());
    assert_eq!(all(&mut shards).await, [("shard.1".to_owned(), value("b"))].into());
    assert!(all(&mut nothing).await.is_empty());
    let Answer::Stored(revision) = bucket.put("plan", Revision::NONE, "d".into()).await.unwrap() else {
        panic!("refused");
    };
    let plan = Value { revision, bytes: value("d") };
    for watch in [&mut everything, &mut shards, &mut nothing] {
        let shown = next(watch).await;
        assert!(matches!(&shown, Shown::Value(key, value) if key == "plan" && *value == plan), "{shown:?}");
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_value_that_a_tool_deleted_is_none_and_can_be_followed() {
    let bucket = bucket().await;
    let mut headers = HeaderMap::new();
    headers.insert("KV-Operation", "DEL");
    let subject = bucket.config.subject("gone");
    bucket.link.publish(&bucket.config.stream, subject, headers, Bytes::new()).await.unwrap();
    let found = bucket.read("gone").await.unwrap().unwrap();
    assert_eq!(found.bytes, None);
    let answer = bucket.put("gone", Revision::NONE, "a".into()).await.unwrap();
    assert_eq!(answer, Answer::Refused);
    assert!(matches!(bucket.put("gone", found.revision, "a".into()).await.unwrap(), Answer::Stored(_)));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_watch_whose_consumer_is_gone_ends() {
    let bucket = bucket().await;
    let mut watch = bucket.watch("short", &[">"], HEARTBEAT).await.unwrap();
    all(&mut watch).await;
    let verb = format!("CONSUMER.DELETE.{}.short", bucket.config.stream);
    bucket.link.call::<serde_json::Value>(&verb, &serde_json::Value::Null).await.unwrap();
    assert!(timeout(PATIENCE, watch.next()).await.unwrap().is_none());
}
