//! Where subscriptions begin.

use std::time::Duration;

use aether_core::error::SubscriptionError;
use aether_core::{Checkpoint, Delivery, Filter, RecordedEvent, StartAt, Subscribe, Timestamp};

use super::reader::{Reader, actors, append, exactly};
use crate::suite::ability::packs;
use crate::suite::check::{must, same};
use crate::suite::{Fixture, StoreUnderTest};

/// Stores commits of one to four events, where the store takes them.
async fn filled<F: StoreUnderTest>(fixture: &Fixture<F>, store: &F::Store) -> Vec<RecordedEvent> {
    let pack = if packs(fixture, store).await { 4 } else { 1 };
    let (actors, mut stored) = (actors(fixture, 3), Vec::new());
    for n in 0..8 {
        stored.extend(append(store, &actors[n % 3], 1 + n % pack).await.events);
    }
    stored
}

fn behind(checkpoint: &Checkpoint, stored: &[RecordedEvent]) -> Vec<RecordedEvent> {
    stored.iter().filter(|event| !checkpoint.covers(&event.position())).cloned().collect()
}

pub(crate) async fn after_any_event_comes_exactly_the_rest<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    let stored = filled(&fixture, &store).await;
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    for seen in 1..=stored.len() {
        all.event().await;
        let from = all.0.checkpoint();
        let rest = behind(&from, &stored);
        same("a checkpoint covers what was handed out, and no event more", rest.len(), stored.len() - seen);
        let mut resumed = Reader::all(&store, StartAt::After(from)).await;
        exactly(
            "after a checkpoint comes exactly the rest, inside commits too",
            &resumed.history().await,
            &rest,
        );
    }
}

pub(crate) async fn left_and_resumed_again_and_again_it_misses_nothing<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    let mut stored = filled(&fixture, &store).await;
    let (mut from, mut seen) = (Checkpoint::default(), Vec::new());
    for n in 0..stored.len() {
        let mut part = Reader::all(&store, StartAt::After(from)).await;
        seen.extend(part.events(1).await);
        from = part.0.checkpoint();
        if n % 3 == 0 {
            stored.extend(append(&store, &actors(&fixture, 3)[0], 1).await.events);
        }
    }
    let mut rest = Reader::all(&store, StartAt::After(from)).await;
    seen.extend(rest.history().await);
    exactly("parts of a subscription are the whole", &seen, &stored);
}

pub(crate) async fn after_the_end_comes_only_what_is_new<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    filled(&fixture, &store).await;
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    all.history().await;
    let from = all.0.checkpoint();
    let mut none = Reader::all(&store, StartAt::After(from.clone())).await;
    same("at the end there is no history", none.delivery().await, Delivery::CaughtUp);
    none.nothing_but("after the end comes what is new", &store, &actors(&fixture, 1)[0]).await;
    let mut one = Reader::all(&store, StartAt::After(from)).await;
    same("what was new is history later", one.history().await.len(), 1);
}

pub(crate) async fn the_empty_checkpoint_is_the_beginning<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    let stored = filled(&fixture, &store).await;
    let mut all = Reader::all(&store, StartAt::After(Checkpoint::default())).await;
    exactly("after the empty checkpoint comes everything", &all.history().await, &stored);
}

pub(crate) async fn a_checkpoint_survives_its_text<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    let stored = filled(&fixture, &store).await;
    let mut all = Reader::all(&store, StartAt::Beginning).await;
    all.events(5).await;
    let text = serde_json::to_string(&all.0.checkpoint()).expect("a checkpoint has a text form");
    let from: Checkpoint = serde_json::from_str(&text).expect("which reads as a checkpoint");
    let mut rest = Reader::all(&fixture.open().await, StartAt::After(from.clone())).await;
    let wanted = behind(&from, &stored);
    exactly("another process resumes from a checkpoint's text", &rest.history().await, &wanted);
}

pub(crate) async fn now_is_after_all_that_is_stored<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    filled(&fixture, &store).await;
    let mut live = Reader::all(&store, StartAt::Now).await;
    let mut marks = 0;
    for n in 0..5 {
        let commit = append(&store, &actors(&fixture, 3)[n % 3], 1).await;
        let mut next = live.delivery().await;
        while next == Delivery::CaughtUp {
            marks += 1;
            next = live.delivery().await;
        }
        let wanted = Delivery::Event(commit.events[0].clone());
        same("from now on comes what is stored after now", next, wanted);
    }
    same("with the mark before it", marks, 1);
}

pub(crate) async fn now_has_a_checkpoint<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let store = fixture.open().await;
    filled(&fixture, &store).await;
    let mut live = Reader::all(&store, StartAt::Now).await;
    same("from now on there is no history", live.history().await, vec![]);
    let from = live.0.checkpoint();
    drop(live);
    let commit = append(&store, &actors(&fixture, 1)[0], 1).await;
    let mut resumed = Reader::all(&store, StartAt::After(from)).await;
    let contract = "one that began now and saw nothing is resumed from that now";
    same(contract, resumed.history().await, commit.events);
}

pub(crate) async fn a_time_is_that_of_the_store<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    // Not to wait for anything: it is time that this is about.
    let moment = || tokio::time::sleep(Duration::from_millis(50));
    let store = fixture.open().await;
    let start = Timestamp::now();
    moment().await;
    let mut stored = filled(&fixture, &store).await;
    moment().await;
    let between = Timestamp::now();
    moment().await;
    // Written as long ago, by its own account.
    let old = crate::suite::sample::event().with_timestamp("2001-01-01T00:00:00Z".parse().expect("a time"));
    let actor = &actors(&fixture, 1)[0];
    let commit = aether_core::EventStoreExt::append(&store, actor, aether_core::Expected::Any, [old]).await;
    let late = must("it is stored", commit).events;
    let mut since = match store.subscribe(Filter::any(), StartAt::Time(between)).await {
        Err(SubscriptionError::Unsupported(_)) => return,
        subscription => Reader(must("a subscription from a time can be had", subscription)),
    };
    same("from a time on comes what was stored since", since.history().await, late.clone());
    let from = since.0.checkpoint();
    stored.extend(late);
    let mut all = Reader::all(&store, StartAt::Time(start)).await;
    exactly("from a time before all comes everything", &all.history().await, &stored);
    let mut rest = Reader::all(&store, StartAt::After(from)).await;
    same("its checkpoint is that of the end", rest.history().await, vec![]);
    rest.nothing_but("then it goes on", &store, actor).await;
}
