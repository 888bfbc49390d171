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
                let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
                return assert!(answer["seq"].is_u64(), "{answer}");
            }
            Err(error) => {
                assert!(Instant::now() < deadline, "nobody takes what is published to {subject}: {error}");
            }
        }
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
