//! Filters: whole ids and types, and checkpoints that pass over what is left out.

use aether_core::{ActorId, Delivery, Filter, RecordedEvent, StartAt, Subscribe};

use super::reader::{Reader, actors, append, append_type, exactly};
use crate::suite::check::{holds, same};
use crate::suite::{Fixture, StoreUnderTest, actor};

/// Stores an event of each actor, twice, with subscriptions by `filter` between; each must get what it is to get alone.
async fn alone<F>(fixture: &Fixture<F>, ids: &[&str], filter: impl Fn(&ActorId) -> Filter)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    let actors: Vec<ActorId> = ids.iter().map(|id| actor(id)).collect();
    let mut stored = Vec::new();
    for actor in &actors {
        stored.extend(append(&store, actor, 1).await.events);
    }
    let mut readers = Vec::new();
    for actor in &actors {
        readers.push(Reader::of(&store, filter(actor), StartAt::Beginning).await);
    }
    for actor in &actors {
        stored.extend(append(&store, actor, 1).await.events);
    }
    for (reader, actor) in readers.iter_mut().zip(&actors) {
        let wanted: Vec<_> = stored.iter().filter(|event| filter(actor).matches(event)).cloned().collect();
        let contract = format!("of {:?} come the events of what it names, and no others", filter(actor));
        exactly(&contract, &reader.events(wanted.len()).await, &wanted);
    }
    // The actors again, in the other order: what came too much comes first.
    for (reader, actor) in readers.iter_mut().zip(&actors).rev() {
        let contract = format!("nothing else of what looks like {actor} comes");
        let commit = append(&store, actor, 1).await;
        let next = loop {
            let next = reader.event_or_mark().await;
            if next.as_ref().is_none_or(|event| event.actor() == actor || event.id() == commit.events[0].id())
            {
                break next;
            }
            let filter = filter(actor);
            holds(&contract, next.as_ref().is_some_and(|event| filter.matches(event)), &next);
        };
        same(&contract, next.map(|event| event.actor().clone()), Some(actor.clone()));
    }
}

impl Reader {
    /// Returns the next event; passes over the mark.
    async fn event_or_mark(&mut self) -> Option<RecordedEvent> {
        self.events(1).await.pop()
    }
}

pub(crate) async fn an_actors_events_alone_come<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let ids = [
        "a.b",
        "a_b",
        "a b",
        "a>b",
        "a*b",
        "a%b",
        "a%2Eb",
        "a-b",
        "A.b",
        "ab",
        "a.",
        ".a",
        "a.>",
        "a.*",
        ">",
        "*",
        "a",
        "order-1",
        "order-10",
        "order-1.x",
        "order-1 x",
        "orders-1",
    ];
    alone(&fixture, &ids, |actor| Filter::actor(actor.clone())).await;
}

pub(crate) async fn a_types_events_alone_come<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let ids = [
        "order-1",
        "orders-1",
        "ord-1",
        "Order-1",
        "order.-1",
        "order.x-1",
        "order_x-1",
        "order x-1",
        "*-1",
        ">-1",
        "-order-1",
        "order",
        "unknown-1",
    ];
    alone(&fixture, &ids, |actor| Filter::actor_type(actor.actor_type()).expect("a valid type")).await;
}

/// Stores an event of each type by each actor.
async fn of_types<S: Subscribe + aether_core::EventStore>(
    store: &S,
    actors: &[ActorId],
    types: &[&str],
) -> Vec<RecordedEvent> {
    let mut stored = Vec::new();
    for actor in actors {
        for kind in types {
            stored.push(append_type(store, actor, kind).await);
        }
    }
    stored
}

async fn matching<S: Subscribe>(store: &S, filter: Filter, stored: &[RecordedEvent]) {
    let wanted: Vec<_> = stored.iter().filter(|event| filter.matches(event)).cloned().collect();
    let contract = format!("{filter:?} lets through what it names");
    holds(&contract, !wanted.is_empty() && wanted.len() < stored.len(), wanted.len());
    let mut reader = Reader::of(store, filter, StartAt::Beginning).await;
    exactly(&contract, &reader.history().await, &wanted);
}

const TYPES: [&str; 5] = ["Placed", "PlacedLate", "placed", "Pla", "Placed.x"];

pub(crate) async fn event_types_are_matched_whole<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    let stored = of_types(&store, &actors(&fixture, 2), &TYPES).await;
    for types in [&["Placed"][..], &["Pla", "placed"], &["Placed.x", "NoneSuch"]] {
        let filter = Filter::any().event_types(types.iter().copied()).expect("valid types");
        matching(&store, filter, &stored).await;
    }
}

pub(crate) async fn actors_and_event_types_are_both_matched<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 4));
    let stored = of_types(&store, &actors, &TYPES).await;
    let order = Filter::actor_type("order").expect("a valid type");
    for filter in [order, Filter::actor(actors[1].clone())] {
        matching(&store, filter.event_types(["Placed", "Pla"]).expect("valid types"), &stored).await;
    }
}

pub(crate) async fn a_filter_that_nothing_passes_lets_the_mark_through<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 2));
    append(&store, &actors[0], 1).await;
    let none = Filter::any().event_types(["NoneSuch"]).expect("a valid type");
    for filter in [Filter::actor(fixture.actor("nobody")), none] {
        let mut reader = Reader::of(&store, filter, StartAt::Beginning).await;
        same("where nothing passes, history is empty", reader.delivery().await, Delivery::CaughtUp);
    }
}

/// A reader that is interested in little must not read everything again each time that it is restarted.
pub(crate) async fn the_checkpoint_passes_over_what_is_left_out<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 2));
    let first = append(&store, &actors[0], 1).await.events;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(append(&store, &actors[1], 1).await.position);
    }
    let none = Filter::actor(actors[0].clone()).event_types(["NoneSuch"]).expect("a valid type");
    for filter in [Filter::actor(actors[0].clone()), none] {
        let mut reader = Reader::of(&store, filter.clone(), StartAt::Beginning).await;
        let seen = reader.history().await;
        let wanted: Vec<_> = first.iter().filter(|event| filter.matches(event)).cloned().collect();
        same("what passes comes", seen, wanted);
        let from = reader.0.checkpoint();
        // One partition only: where there are several, the others' ends need not be known to this one.
        let left_out = if filter.types().is_some() { first[0].position() } else { others[19].clone() };
        if left_out.partition() == first[0].position().partition() {
            let contract = "when it has caught up, the checkpoint covers what the filter left out";
            holds(contract, from.covers(&left_out), (&from, &left_out));
        }
        let mut resumed = Reader::of(&store, filter, StartAt::After(from)).await;
        same("nothing comes again", resumed.history().await, vec![]);
    }
}
