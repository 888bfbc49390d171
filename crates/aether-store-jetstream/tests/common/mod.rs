//! What the tests share: stores on the test process's server.
#![allow(dead_code, clippy::unwrap_used)]

use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{ActorId, EventId, Namespace, NewEvent, RawJson, StreamName};
use aether_nats_harness::{Shared, shared};
use aether_store_jetstream::{JetStreamStore, JetStreamStoreBuilder};
use aether_testkit::StoreUnderTest;
use async_nats::Client;

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

/// Opens a connection of its own for each handle, as another process would.
pub(crate) struct JetStreamUnderTest;

impl StoreUnderTest for JetStreamUnderTest {
    type Store = JetStreamStore;

    async fn open(
        &self,
        namespace: Option<&Namespace>,
        name: &StreamName,
    ) -> Result<JetStreamStore, BoxError> {
        let mut builder = builder(name).await;
        if let Some(namespace) = namespace {
            builder = builder.namespace(namespace.clone());
        }
        Ok(builder.open().await?)
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }
}
