//! Reading subscriptions in facts: each item within a deadline, and what came compared with what was stored.

use std::collections::HashMap;
use std::time::Duration;

use aether_core::{
    ActorId, Commit, Delivery, Event, EventStore, EventStoreExt, Expected, Filter, NewEvent, RecordedEvent,
    StartAt, Subscribe, Subscription, SubscriptionError,
};
use futures_util::StreamExt;

use crate::suite::check::{holds, must, same};
use crate::suite::sample::event;
use crate::suite::{Fixture, actor};

/// How long an item may take that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A subscription that must go well.
pub(super) struct Reader(pub(super) Subscription);

impl Reader {
    pub(super) async fn of(store: &impl Subscribe, filter: Filter, start: StartAt) -> Self {
        let contract = format!("a subscription of {filter:?} at {start:?} can be had");
        Self(must(&contract, store.subscribe(filter, start).await))
    }

    pub(super) async fn all(store: &impl Subscribe, start: StartAt) -> Self {
        Self::of(store, Filter::any(), start).await
    }

    /// Returns the next item. One that comes only because the clock woke the reader comes too late.
    pub(super) async fn item(&mut self) -> Option<Result<Delivery, SubscriptionError>> {
        tokio::select! {
            biased;
            () = tokio::time::sleep(PATIENCE) => panic!("what is stored comes; nothing came within {PATIENCE:?}"),
            item = self.0.next() => item,
        }
    }

    pub(super) async fn delivery(&mut self) -> Delivery {
        let item = self.item().await.expect("a subscription does not end while its store is there");
        must("a subscription of an intact log has no errors", item)
    }

    /// Returns the next event, which must be one.
    pub(super) async fn event(&mut self) -> RecordedEvent {
        let delivery = self.delivery().await;
        delivery.into_event().expect("the mark comes once, after history")
    }

    /// Returns the events up to the mark.
    pub(super) async fn history(&mut self) -> Vec<RecordedEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.delivery().await.into_event() {
            events.push(event);
        }
        events
    }

    /// Returns so many events, wherever the mark comes.
    pub(super) async fn events(&mut self, count: usize) -> Vec<RecordedEvent> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.delivery().await.into_event());
        }
        events
    }

    /// Asserts that nothing else comes before what is stored now, by `actor`.
    pub(super) async fn nothing_but(&mut self, contract: &str, store: &impl EventStore, actor: &ActorId) {
        let commit = append(store, actor, 1).await;
        let next = loop {
            if let Some(event) = self.delivery().await.into_event() {
                break event;
            }
        };
        same(contract, next, commit.events[0].clone());
    }
}

/// Appends events of the usual type.
pub(super) async fn append(store: &impl EventStore, actor: &ActorId, events: usize) -> Commit {
    let events = std::iter::repeat_with(event).take(events);
    must("an append that expects any version is stored", store.append(actor, Expected::Any, events).await)
}

/// Appends an event of a type.
pub(super) async fn append_type(store: &impl EventStore, actor: &ActorId, kind: &str) -> RecordedEvent {
    let event = NewEvent::new(kind.try_into().expect("a valid type"), aether_core::RawJson::NULL);
    let commit = must("it is stored", store.append(actor, Expected::Any, [event]).await);
    commit.events[0].clone()
}

/// Returns actors that no other fixture has, of several types.
pub(super) fn actors<F>(fixture: &Fixture<F>, count: usize) -> Vec<ActorId> {
    (0..count).map(|n| fixture.actor(["order", "cart", "user"][n % 3])).zip(0..).map(numbered).collect()
}

fn numbered((id, n): (ActorId, usize)) -> ActorId {
    actor(&format!("{id}-{n}"))
}

/// Asserts that exactly the `wanted` events came, each once, each partition's by position and each actor's by version.
pub(super) fn exactly(contract: &str, seen: &[RecordedEvent], wanted: &[RecordedEvent]) {
    let mut latest = HashMap::new();
    for event in seen {
        let (position, version) = (event.position(), event.version());
        let before = latest.insert(position.partition(), (position.sequence(), position.index()));
        let place = Some((position.sequence(), position.index()));
        holds("a partition's events come in the order of positions", before < place, (before, place));
        let before = versions(event, seen);
        holds("an actor's events come in the order of versions", before.is_sorted(), (version, before));
    }
    let missing: Vec<_> = places(wanted.iter().filter(|event| !seen.contains(event)));
    let other: Vec<_> = places(seen.iter().filter(|event| !wanted.contains(event)));
    holds(
        contract,
        missing.is_empty() && other.is_empty(),
        format!("missing: {missing:?}, others: {other:?}"),
    );
    same(contract, seen.len(), wanted.len());
}

fn places<'a>(events: impl Iterator<Item = &'a RecordedEvent>) -> Vec<String> {
    events.map(|event| format!("{} of {} at {}", event.version(), event.actor(), event.position())).collect()
}

fn versions(of: &Event, seen: &[RecordedEvent]) -> Vec<u64> {
    let own = seen.iter().filter(|event| event.actor() == of.actor());
    own.map(|event| event.version().number()).collect()
}
