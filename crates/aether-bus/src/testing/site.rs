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

    /// Waits until nothing is under way any more between two nodes: what is subscribed to from then on hears none of it.
    pub(super) async fn quiet(&self) {
        if self.nodes.len() == 1 {
            return;
        }
        let barrier = namespace("a.barrier.of.this.suite");
        let mut all = Vec::new();
        for node in &self.nodes {
            all.push(self.listen(node, &Pattern::exact(&barrier)).await);
        }
        self.settle().await;
        for (node, number) in self.nodes.iter().zip(1..) {
            self.publish(node, &barrier, [number]).await;
        }
        // Each node's last word; of an earlier barrier none is under way.
        for heard in &mut all {
            let mut numbers = take(heard, self.nodes.len()).await;
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(1..=self.nodes.len() as u64));
        }
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
