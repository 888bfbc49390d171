//! Announcing on a bus what a store has stored.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aether_core::{Event, EventBroadcaster, EventStored, HeadCache, Namespace};

use crate::{Delivery, EventBus, Subscription};

/// Announces on a bus what a store has stored, and publishes what else happens. Made by [`EventBus::broadcaster`].
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

    /// Publishes the event. Whoever blocks publishers gets it when there is room, as after a [`publish`](EventBus::publish) that is dropped.
    fn happened(&self, namespace: &Namespace, event: Event) {
        let published = match &self.0 {
            To::Local(bus) => once(bus.publish(namespace, event)),
            #[cfg(feature = "nats")]
            To::Nats(bus) => once(bus.publish(namespace, event)),
        };
        if let Some(Err(error)) = published {
            tracing::debug!(%namespace, %error, "what happened is not published");
        }
    }
}

/// Polls once: what is published is in the queues then, and nobody waits for more.
fn once<T>(publish: impl Future<Output = T>) -> Option<T> {
    match pin!(publish).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(published) => Some(published),
        Poll::Pending => None,
    }
}

/// Passes on to a store what other processes have stored, as hints, until the bus ends or the future is dropped.
///
/// A store that announces through the same bus keeps it open: [`stop`](EventBus::stop) it, or drop the future.
///
/// The store forgets what it remembers of an actor that has moved on, and so looks before it appends instead of being refused by the
/// server. It believes nothing that a hint says, and one that is missed costs what none would: a refusal, and a look at the leader.
///
/// ```
/// # async fn open(bus: aether_bus::EventBus, store: impl aether_core::HeadCache + 'static) -> Result<(), Box<dyn std::error::Error>> {
/// let announced = bus.subscribe_event_stored(&aether_core::Namespace::new("tenant-a")?).await?;
/// tokio::spawn(aether_bus::pass_on_hints(announced, store));
/// # Ok(())
/// # }
/// ```
pub async fn pass_on_hints(mut announced: Subscription<EventStored>, store: impl HeadCache) {
    while let Some(delivery) = announced.next().await {
        if let Delivery::Event(stored) = delivery {
            store.hint(&stored);
        }
    }
}
