//! What a bus must be able to do to be tested.

use std::future::Future;

use aether_core::{Event, EventBroadcaster, EventStored, Namespace};

use crate::{EventBus, EventFilter, Overflow, Pattern, PublishError, SubscribeError, Subscription};

/// A node of a bus: what [`EventBus`] and the buses that span nodes have in common.
pub trait Node: Clone + Send + Sync + 'static {
    /// Publishes an event.
    fn publish(
        &self,
        namespace: &Namespace,
        event: Event,
    ) -> impl Future<Output = Result<(), PublishError>> + Send;

    /// Subscribes to events.
    fn subscribe(
        &self,
        pattern: Pattern,
        filter: EventFilter,
        overflow: Overflow,
    ) -> impl Future<Output = Result<Subscription, SubscribeError>> + Send;

    /// Subscribes to what is stored.
    fn subscribe_event_stored(
        &self,
        pattern: Pattern,
        overflow: Overflow,
    ) -> impl Future<Output = Result<Subscription<EventStored>, SubscribeError>> + Send;

    /// Returns what announces what is stored.
    fn broadcaster(&self) -> impl EventBroadcaster + 'static;

    /// Stops the bus.
    fn stop(&self) -> impl Future<Output = ()> + Send;
}

/// Both buses have these methods of their own.
macro_rules! node {
    ($bus:ty) => {
        impl Node for $bus {
            async fn publish(&self, namespace: &Namespace, event: Event) -> Result<(), PublishError> {
                self.publish(namespace, event).await
            }

            async fn subscribe(
                &self,
                pattern: Pattern,
                filter: EventFilter,
                overflow: Overflow,
            ) -> Result<Subscription, SubscribeError> {
                self.subscribe(pattern, filter, overflow).await
            }

            async fn subscribe_event_stored(
                &self,
                pattern: Pattern,
                overflow: Overflow,
            ) -> Result<Subscription<EventStored>, SubscribeError> {
                self.subscribe_event_stored_with(pattern, overflow).await
            }

            fn broadcaster(&self) -> impl EventBroadcaster + 'static {
                self.broadcaster()
            }

            async fn stop(&self) {
                self.stop().await;
            }
        }
    };
}

node!(EventBus);
#[cfg(feature = "nats")]
node!(crate::NatsEventBus);
