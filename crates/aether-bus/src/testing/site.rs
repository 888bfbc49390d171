//! Where a fact is checked: the nodes of one bus.

use aether_core::{ActorId, Event, EventStored, Namespace, NewEvent, RawJson, RecordedEvent, Version};

use super::{BusUnderTest, Node};
use crate::{Delivery, EventFilter, Overflow, Pattern, Subscription};

/// The nodes of one bus, with what facts need.
#[derive(Debug)]
pub struct Site<B: BusUnderTest> {
    bus: B,
    nodes: Vec<B::Node>,
}

impl<B: BusUnderTest> Site<B> {
    pub(super) fn new(bus: B, nodes: Vec<B::Node>) -> Self {
        assert!(!nodes.is_empty(), "a bus without nodes");
        Self { bus, nodes }
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> &[B::Node] {
        &self.nodes
    }

    /// Each node that publishes with each one that subscribes.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&B::Node, &B::Node)> {
        self.nodes.iter().flat_map(|from| self.nodes.iter().map(move |to| (from, to)))
    }

    /// Waits until every subscription is known everywhere.
    pub(super) async fn settle(&self) {
        self.bus.settle().await;
    }

    /// Subscribes with plenty of room.
    pub(super) async fn listen(&self, node: &B::Node, pattern: &Pattern) -> Subscription {
        let overflow = Overflow::drop_oldest(100_000);
        node.subscribe(pattern.clone(), EventFilter::any(), overflow).await.unwrap()
    }

    /// Publishes events with these versions.
    pub(super) async fn publish(
        &self,
        node: &B::Node,
        namespace: &Namespace,
        versions: impl IntoIterator<Item = u64>,
    ) {
        for version in versions {
            node.publish(namespace, event("order-1", "Placed", version)).await.unwrap();
        }
    }
}

pub(super) fn namespace(text: &str) -> Namespace {
    Namespace::new(text).unwrap()
}

pub(super) fn pattern(text: &str) -> Pattern {
    Pattern::new(text).unwrap()
}

pub(super) fn event(actor: &str, event_type: &str, version: u64) -> Event {
    let content = NewEvent::new(event_type.try_into().unwrap(), RawJson::NULL);
    Event::new(ActorId::new(actor).unwrap(), Version::new(version).unwrap(), content)
}

pub(super) fn stored(version: u64) -> EventStored {
    EventStored::from(&RecordedEvent::new(event("order-1", "Placed", version), 0, version, 0))
}

/// The version of the next event, which must come before any gap.
pub(super) async fn next(subscription: &mut Subscription) -> u64 {
    match subscription.next().await {
        Some(Delivery::Event(event)) => event.version().number(),
        other => panic!("no event but {other:?}"),
    }
}

/// The versions of so many events.
pub(super) async fn take(subscription: &mut Subscription, count: usize) -> Vec<u64> {
    let mut versions = Vec::new();
    for _ in 0..count {
        versions.push(next(subscription).await);
    }
    versions
}
