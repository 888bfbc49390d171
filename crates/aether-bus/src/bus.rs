//! The bus of one process.

use std::sync::Arc;

use aether_core::{Event, EventStored, Namespace};

use crate::hub::{Ended, Hub};
use crate::mailbox::{Mailbox, Takes, Wait};
use crate::meter::{Of, PublishMeter};
use crate::span::{self, Traced};
use crate::{
    EventFilter, Overflow, Pattern, PublishError, StoredBroadcaster, SubscribeError, Subscription,
    TraceParent,
};

/// How many announcements a subscription holds unless it says otherwise.
pub(crate) const STORED_CAPACITY: usize = 1_024;

/// Brings what is published to a namespace to all who subscribed to it, within one process.
///
/// Clones are handles of the same bus. It has no task: publishing puts the event, shared, into the queues of those who
/// subscribed, and costs by how many these are.
///
/// # Guarantees
///
/// - A subscriber gets, in order, what one publisher published one after the other, or is told how much it missed, in that place.
/// - A subscriber that panics is gone, and one that stalls has only its own queue overflow. What is called from a
///   subscriber's own code, publishing and subscribing included, is as what is called from elsewhere.
/// - Nobody holds up a publisher but subscribers with [`Overflow::Block`], and these only as long as that says.
///
/// When the last handle is dropped, subscriptions end after what was published.
#[derive(Debug, Clone)]
pub struct EventBus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    events: Arc<Hub<Event>>,
    stored: Arc<Hub<EventStored>>,
    events_meter: PublishMeter,
    stored_meter: PublishMeter,
    only: Option<Namespace>,
}

impl EventBus {
    /// Makes a bus.
    #[must_use]
    pub fn new() -> Self {
        Self::of(None)
    }

    /// Makes a bus on which nothing but one namespace can be published or subscribed to.
    #[must_use]
    pub fn restricted_to(namespace: Namespace) -> Self {
        Self::of(Some(namespace))
    }

    fn of(only: Option<Namespace>) -> Self {
        let inner = Inner {
            events: Arc::default(),
            stored: Arc::default(),
            events_meter: PublishMeter::new(Of::Event),
            stored_meter: PublishMeter::new(Of::Stored),
            only,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Publishes an event to a namespace.
    ///
    /// It waits only for subscribers with [`Overflow::Block`] that have no room, and after every other one has got it.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stopped`] and [`PublishError::Outside`]: nobody gets it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future after it was polled once takes nothing back: those that it waited for get the event when they have
    /// room in time.
    pub async fn publish(&self, namespace: &Namespace, event: Event) -> Result<(), PublishError> {
        let start = PublishMeter::start();
        self.inside(namespace)?;
        let waits = self.offer(namespace, event, None)?;
        if !waits.is_empty() {
            over(waits).await;
        }
        self.inner.events_meter.published(namespace, start);
        Ok(())
    }

    /// Publishes an event as a part of a trace: in the span that `parent` names. [`publish`](Self::publish) does so with the ids of the
    /// event's metadata, where it has them.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub async fn publish_in(
        &self,
        namespace: &Namespace,
        event: Event,
        parent: TraceParent,
    ) -> Result<(), PublishError> {
        let start = PublishMeter::start();
        self.inside(namespace)?;
        over(self.offer(namespace, event, Some(parent))?).await;
        self.inner.events_meter.published(namespace, start);
        Ok(())
    }

    /// Publishes what has a span already.
    #[cfg(feature = "nats")]
    pub(crate) async fn publish_traced(
        &self,
        namespace: &Namespace,
        event: Event,
        Traced { span, context }: &Traced,
    ) -> Result<(), PublishError> {
        let start = PublishMeter::start();
        let waits = span.in_scope(|| self.inner.events.publish(namespace, event, context.as_ref()))?;
        over(waits).await;
        self.inner.events_meter.published(namespace, start);
        Ok(())
    }

    /// Puts an event into queues, and returns those that are full.
    #[inline]
    fn offer(
        &self,
        namespace: &Namespace,
        event: Event,
        parent: Option<TraceParent>,
    ) -> Result<Vec<Wait<Event>>, Ended> {
        let events = &self.inner.events;
        if parent.is_none() && event.metadata().is_empty() && !span::is_wanted() {
            return events.publish(namespace, event, None);
        }
        let Traced { span, context } = span::publish(namespace, &event, parent);
        span.in_scope(|| events.publish(namespace, event, context.as_ref()))
    }

    /// Subscribes to what is published, from now on, to the namespaces that the pattern matches.
    ///
    /// # Errors
    ///
    /// [`SubscribeError::Stopped`]; [`SubscribeError::Outside`], when the bus is restricted and the pattern is not that
    /// namespace's alone.
    // Async as it is across nodes, so that one can be put in the other's place.
    pub async fn subscribe(
        &self,
        pattern: impl Into<Pattern>,
        filter: EventFilter,
        overflow: Overflow,
    ) -> Result<Subscription, SubscribeError> {
        let pattern = self.permitted(pattern.into())?;
        Ok(Subscription::new(&self.inner.events, mailbox(pattern, filter, overflow))?)
    }

    /// Subscribes to the announcements of what stores have stored: those of stores in the namespaces that the pattern
    /// matches, and for stores without one in [`Namespace::internal`]. It holds 1,024 and drops the oldest.
    ///
    /// Announcements come at most once, and none is made up for: what must not be missed subscribes to the store.
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe).
    pub async fn subscribe_event_stored(
        &self,
        pattern: impl Into<Pattern>,
    ) -> Result<Subscription<EventStored>, SubscribeError> {
        self.subscribe_event_stored_with(pattern, Overflow::drop_oldest(STORED_CAPACITY)).await
    }

    /// Does the same with an [`Overflow`] of its own.
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe), and [`SubscribeError::WouldHoldUpWriters`] for [`Overflow::Block`].
    pub async fn subscribe_event_stored_with(
        &self,
        pattern: impl Into<Pattern>,
        overflow: Overflow,
    ) -> Result<Subscription<EventStored>, SubscribeError> {
        let pattern = self.permitted(pattern.into())?;
        let mailbox = Mailbox::new(Of::Stored, pattern, never_blocking(overflow)?, None);
        Ok(Subscription::new(&self.inner.stored, mailbox)?)
    }

    /// Returns what stores are given to announce through this bus what they stored.
    ///
    /// ```
    /// use aether_bus::{Delivery, EventBus};
    /// use aether_core::{ActorId, EventStoreExt, Expected, Namespace, NewEvent, RawJson};
    /// use aether_store_memory::MemoryStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = EventBus::new();
    /// let mut stored = bus.subscribe_event_stored(&Namespace::internal()).await?;
    /// let store = MemoryStore::builder().broadcaster(bus.broadcaster()).build();
    ///
    /// let order = ActorId::new("order-1")?;
    /// store.append(&order, Expected::NoEvents, [NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL)]).await?;
    /// let Some(Delivery::Event(announced)) = stored.next().await else { panic!("nothing") };
    /// assert_eq!((&announced.actor_id, announced.version.number()), (&order, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn broadcaster(&self) -> StoredBroadcaster {
        StoredBroadcaster::local(self.clone())
    }

    /// Takes nothing more in, and ends each subscription after what it still holds.
    pub async fn stop(&self) {
        self.end();
    }

    pub(crate) fn end(&self) {
        self.inner.end();
    }

    /// The subscribers to events and to announcements.
    #[cfg(feature = "nats")]
    pub(crate) fn hubs(&self) -> (&Arc<Hub<Event>>, &Arc<Hub<EventStored>>) {
        (&self.inner.events, &self.inner.stored)
    }

    /// Announces something, without ever waiting.
    pub(crate) fn announce(&self, namespace: &Namespace, stored: EventStored) -> Result<(), PublishError> {
        self.inside(namespace)?;
        let start = PublishMeter::start();
        // No subscription to announcements blocks, so that nobody waits.
        self.inner.stored.publish(namespace, stored, None)?;
        self.inner.stored_meter.published(namespace, start);
        Ok(())
    }

    pub(crate) fn inside(&self, namespace: &Namespace) -> Result<(), PublishError> {
        match &self.inner.only {
            Some(only) if only != namespace => {
                Err(PublishError::Outside { namespace: namespace.clone(), only: only.clone() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn permitted(&self, pattern: Pattern) -> Result<Pattern, SubscribeError> {
        match &self.inner.only {
            Some(only) if pattern.namespace().as_ref() != Some(only) => {
                Err(SubscribeError::Outside { pattern, only: only.clone() })
            }
            _ => Ok(pattern),
        }
    }
}

async fn over(waits: Vec<Wait<Event>>) {
    for wait in waits {
        wait.over().await;
    }
}

pub(crate) fn mailbox(pattern: Pattern, filter: EventFilter, overflow: Overflow) -> Mailbox<Event> {
    let takes = (!filter.is_any()).then(|| -> Takes<Event> { Box::new(move |event| filter.matches(event)) });
    Mailbox::new(Of::Event, pattern, overflow, takes)
}

pub(crate) fn never_blocking(overflow: Overflow) -> Result<Overflow, SubscribeError> {
    match overflow {
        Overflow::Block { .. } => Err(SubscribeError::WouldHoldUpWriters),
        overflow => Ok(overflow),
    }
}

impl Default for EventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn end(&self) {
        self.events.end();
        self.stored.end();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

impl From<Ended> for PublishError {
    fn from(Ended: Ended) -> Self {
        Self::Stopped
    }
}

impl From<Ended> for SubscribeError {
    fn from(Ended: Ended) -> Self {
        Self::Stopped
    }
}
