//! A bus, within one process or across several: the same calls.

use aether::bus::{EventBus, EventFilter, NatsEventBus, Overflow, Pattern, Subscription};
use aether::{Event, Namespace};

use crate::Result;

#[derive(Clone)]
pub(crate) enum Node {
    Local(EventBus),
    Nats(NatsEventBus),
}

impl Node {
    pub(crate) fn local() -> Self {
        Self::Local(EventBus::new())
    }

    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let client =
            aether::async_nats::connect(url).await.map_err(|error| format!("NATS_URL={url:?}: {error}"))?;
        Ok(Self::Nats(NatsEventBus::builder(client).prefix("cross-node").open().await?))
    }

    pub(crate) async fn publish(&self, namespace: &Namespace, event: Event) -> Result {
        match self {
            Self::Local(bus) => bus.publish(namespace, event).await?,
            Self::Nats(bus) => bus.publish(namespace, event).await?,
        }
        Ok(())
    }

    pub(crate) async fn subscribe(&self, pattern: &str) -> Result<Subscription> {
        let (pattern, room) = (Pattern::new(pattern)?, Overflow::drop_oldest(1_000));
        Ok(match self {
            Self::Local(bus) => bus.subscribe(pattern, EventFilter::any(), room).await?,
            Self::Nats(bus) => bus.subscribe(pattern, EventFilter::any(), room).await?,
        })
    }

    /// Says that all was published, and lets it leave.
    pub(crate) async fn stop(self) {
        match self {
            // The other half may still be at work on it.
            Self::Local(_) => {}
            Self::Nats(bus) => bus.stop().await,
        }
    }
}
