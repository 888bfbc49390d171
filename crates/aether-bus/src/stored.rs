//! Announcing on a bus what a store has stored.

use aether_core::{EventBroadcaster, EventStored, Namespace};

use crate::EventBus;

/// Announces on a bus what a store has stored. Made by [`EventBus::broadcaster`].
///
/// It only puts the announcement into queues, and waits for nobody: an append never waits for a subscriber, which may itself
/// append. A bus that was stopped, or is restricted to another namespace than the store's, takes none: that is logged.
#[derive(Debug, Clone)]
pub struct StoredBroadcaster(To);

#[derive(Debug, Clone)]
enum To {
    Local(EventBus),
    #[cfg(feature = "nats")]
    Nats(crate::NatsEventBus),
}

impl StoredBroadcaster {
    pub(crate) fn local(bus: EventBus) -> Self {
        Self(To::Local(bus))
    }

    #[cfg(feature = "nats")]
    pub(crate) fn nats(bus: crate::NatsEventBus) -> Self {
        Self(To::Nats(bus))
    }
}

impl EventBroadcaster for StoredBroadcaster {
    fn stored(&self, namespace: &Namespace, stored: EventStored) {
        let announced = match &self.0 {
            To::Local(bus) => bus.announce(namespace, stored),
            #[cfg(feature = "nats")]
            To::Nats(bus) => bus.announce(namespace, stored),
        };
        if let Err(error) = announced {
            tracing::debug!(%namespace, %error, "what was stored is not announced");
        }
    }
}
