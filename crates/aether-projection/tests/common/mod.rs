//! What the tests share: stores, events, and a database that is a model of one with transactions.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

pub(crate) mod database;
pub(crate) mod ledger;
pub(crate) mod mortal;

use std::time::{Duration, Instant};

use aether_core::{ActorId, EventStore, EventStoreExt, Expected, NewEvent, RawJson};

pub(crate) fn actor(id: &str) -> ActorId {
    ActorId::new(id).unwrap()
}

pub(crate) fn event(note: &str) -> NewEvent {
    NewEvent::new("Noted".try_into().unwrap(), RawJson::parse(format!("{{\"note\":\"{note}\"}}")).unwrap())
}

/// Appends events number `from` to `to`, one by one, to a few actors in turn.
pub(crate) async fn append(store: &impl EventStore, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let actor = actor(&format!("order-{}", number % 5));
        store.append(&actor, Expected::Any, [event(&number.to_string())]).await.unwrap();
    }
}

/// Waits until it is so.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
