//! What one fact works with: a stream of its own, and names that nobody else uses.

use std::sync::Arc;

use aether_core::error::BoxError;
use aether_core::{ActorId, EventId, Namespace, StreamName};

use super::{Shared, StoreUnderTest};

/// Gives one fact its handles and names.
pub(crate) struct Fixture<F> {
    factory: Arc<F>,
    unique: String,
}

impl<F> Fixture<F> {
    pub(crate) fn new(factory: Arc<F>) -> Self {
        // The end of a version 7 UUID is its random part.
        let id = EventId::generate();
        let unique = id.as_str().chars().filter(char::is_ascii_hexdigit).skip(16).collect();
        Self { factory, unique }
    }

    /// Makes a stream name that begins with `start` and that no other fixture has.
    pub(crate) fn stream_name(&self, start: &str) -> StreamName {
        StreamName::new(format!("{start}{}", self.unique)).expect("the suite's stream names are valid")
    }

    /// Makes a namespace that begins as no other fixture's does.
    pub(crate) fn namespace(&self, end: &str) -> Namespace {
        Namespace::new(format!("{}{end}", self.unique)).expect("the suite's namespaces are valid")
    }

    /// Makes an actor id that no other fixture has.
    pub(crate) fn actor(&self, kind: &str) -> ActorId {
        actor(&format!("{kind}-{}", self.unique))
    }

    /// Returns the same fixture with the store behind a [`SharedStore`](aether_core::SharedStore).
    pub(crate) fn shared(self) -> Fixture<Shared<F>> {
        Fixture { factory: Arc::new(Shared(self.factory)), unique: self.unique }
    }
}

impl<F: StoreUnderTest> Fixture<F> {
    /// Opens a handle on the fact's own stream; each call another one.
    pub(crate) async fn open(&self) -> F::Store {
        self.open_as(None, "testkit_").await
    }

    /// Opens a stream that must be had.
    pub(crate) async fn open_as(&self, namespace: Option<&Namespace>, start: &str) -> F::Store {
        let name = self.stream_name(start);
        let opened = self.factory.open(namespace, &name).await;
        opened.unwrap_or_else(|error| {
            panic!("the stream {name} in namespace {namespace:?} must be had, seen: {error}")
        })
    }

    /// Opens a stream that may be refused.
    pub(crate) async fn try_open(
        &self,
        namespace: Option<&Namespace>,
        name: &StreamName,
    ) -> Result<F::Store, BoxError> {
        self.factory.open(namespace, name).await
    }
}

/// Parses an actor id of the suite.
pub(crate) fn actor(text: &str) -> ActorId {
    ActorId::new(text).expect("the suite's actor ids are valid")
}
