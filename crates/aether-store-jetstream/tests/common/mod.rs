//! What the tests share: stores on the test process's server.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

pub(crate) mod crashing;

use std::time::{Duration, Instant};

use aether_core::error::BoxError;
use aether_core::{ActorId, EventId, Namespace, NewEvent, RawJson, StreamName};
use aether_nats_harness::{Shared, shared};
use aether_store_jetstream::{JetStreamStore, JetStreamStoreBuilder};
use aether_testkit::StoreUnderTest;
use async_nats::{Client, HeaderMap};
use serde_json::Value;
use tokio::time::timeout;

/// The server of this test process, or the cluster.
pub(crate) fn server() -> &'static Shared {
    shared().unwrap()
}

pub(crate) async fn connect() -> Client {
    async_nats::connect(server().urls()).await.unwrap()
}

/// A stream name that no other test uses.
pub(crate) fn fresh_name() -> StreamName {
    StreamName::new(format!("test-{}", EventId::generate())).unwrap()
}

/// A store with as many replicas as the test run has servers.
pub(crate) async fn builder(name: &StreamName) -> JetStreamStoreBuilder {
    let replicas = u8::try_from(server().replicas()).unwrap();
    JetStreamStore::builder(connect().await, name.clone()).replicas(replicas)
}

pub(crate) async fn open(name: &StreamName) -> JetStreamStore {
    builder(name).await.open().await.unwrap()
}

pub(crate) fn actor(id: &str) -> ActorId {
    ActorId::new(id).unwrap()
}

pub(crate) fn event(data: &str) -> NewEvent {
    NewEvent::new("Noted".try_into().unwrap(), RawJson::parse(format!("{{\"note\":\"{data}\"}}")).unwrap())
}

/// Publishes past the store, as others might. In a cluster the servers hear of a new stream's subjects a little after it
/// was made: until then nobody answers.
pub(crate) async fn publish(client: &Client, subject: &str, said: &[(&str, &str)], payload: &[u8]) {
    let mut headers = HeaderMap::new();
    said.iter().for_each(|(name, value)| headers.insert(*name, *value));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let publish =
            client.request_with_headers(subject.to_owned(), headers.clone(), payload.to_vec().into());
        match publish.await {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
                return assert!(answer["seq"].is_u64(), "{answer}");
            }
            Err(error) => {
                assert!(Instant::now() < deadline, "nobody takes what is published to {subject}: {error}");
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks JetStream's API, again while nobody answers: in a cluster a stream that has just been made has no leader yet, and
/// answers get lost.
pub(crate) async fn api(client: &Client, verb: &str, body: Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let request = client.request(format!("$JS.API.{verb}"), body.clone().into());
        match timeout(Duration::from_secs(1), request).await {
            Ok(Ok(answer)) => return serde_json::from_slice(&answer.payload).unwrap(),
            unanswered => assert!(Instant::now() < deadline, "nobody answers {verb}: {unanswered:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Describes a stream that was made: in a cluster, who is asked may not have heard of it yet.
pub(crate) async fn info(client: &Client, stream: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = api(client, &format!("STREAM.INFO.{stream}"), Value::Null).await;
        if found["config"].is_object() {
            return found;
        }
        assert!(Instant::now() < deadline, "there is no stream {stream}: {found}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a stream has so many consumers: in a cluster, who is asked hears of them a little later.
pub(crate) async fn wait_for_consumers(client: &Client, stream: &str, count: u64) {
    let deadline = Instant::now() + Duration::from_secs(4);
    loop {
        let found = info(client, stream).await["state"]["consumer_count"].as_u64().unwrap();
        if found == count {
            return;
        }
        assert!(Instant::now() < deadline, "{stream} has {found} consumers, not {count}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Opens stores with these wishes, each handle on a connection of its own, as another process would.
pub(crate) struct UnderTest(pub(crate) fn(JetStreamStoreBuilder) -> JetStreamStoreBuilder);

impl StoreUnderTest for UnderTest {
    type Store = JetStreamStore;

    async fn open(
        &self,
        namespace: Option<&Namespace>,
        name: &StreamName,
    ) -> Result<JetStreamStore, BoxError> {
        let mut builder = self.0(builder(name).await);
        if let Some(namespace) = namespace {
            builder = builder.namespace(namespace.clone());
        }
        Ok(builder.open().await?)
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }
}
