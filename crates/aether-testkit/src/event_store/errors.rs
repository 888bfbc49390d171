//! Errors and interruptions: what is said, and what is left behind.

use std::time::Duration;

use aether_core::error::{AppendError, BoxError};
use aether_core::{AppendOptions, EventStore, EventStoreExt, Expected};

use crate::suite::ability::{fences, packs};
use crate::suite::check::{append, fill, history, holds, must, only_events, refused, same, stored};
use crate::suite::sample::{event, events, exactly, numbered, under, version};
use crate::suite::{Fixture, StoreUnderTest};

pub(crate) async fn a_conflict_is_told_from_other_errors<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let first = append(&store, &actor, Expected::NoEvents, [event()]).await;
    let late = refused("it is late", store.append(&actor, Expected::NoEvents, [event()]).await);
    same("a conflict is one", (late.is_conflict(), late.conflict().is_some()), (true, true));
    let reused = numbered(5).with_id(first.events[0].id().clone());
    let reused = refused("it is reused", store.append(&actor, Expected::NoEvents, [reused]).await);
    same("a reused id is no conflict", (reused.is_conflict(), reused.conflict().is_some()), (false, false));
    let empty = refused("it is empty", store.append(&actor, exactly(1), []).await);
    same("an invalid append is no conflict", empty.is_conflict(), false);
    let known = late.unknown().is_none() && reused.unknown().is_none() && empty.unknown().is_none();
    holds("the outcome of a refused append is known", known, (late, reused, empty));
}

fn names_actor(error: AppendError, actor: &aether_core::ActorId) {
    let text = BoxError::from(error).to_string();
    holds("the text of an error names the actor", text.contains(actor.as_str()), text);
}

pub(crate) async fn error_texts_name_the_actor<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let first = append(&store, &actor, Expected::NoEvents, [event()]).await;
    names_actor(refused("late", store.append(&actor, Expected::NoEvents, [event()]).await), &actor);
    let reused = numbered(5).with_id(first.events[0].id().clone());
    names_actor(refused("reused", store.append(&actor, Expected::NoEvents, [reused]).await), &actor);
    if fences(&fixture, &store).await {
        must("claimed", store.claim(&actor, aether_core::Epoch::new(2)).await);
        let late = store.append_with(&actor, Expected::Any, vec![event()], under(1)).await;
        names_actor(refused("fenced", late), &actor);
    }
}

pub(crate) async fn an_error_harms_no_later_call<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for round in 0..5 {
        refused("it is empty", store.append(&actor, exactly(round), []).await);
        refused("it is too early", store.append(&actor, exactly(round + 9), [event()]).await);
        let commit = append(&store, &actor, exactly(round), [event()]).await;
        same("after an error all goes on", commit.version, version(round + 1));
    }
}

pub(crate) async fn a_deadline_that_is_kept_changes_nothing<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let options = AppendOptions::default().deadline(Duration::from_secs(20));
    let commit = store.append_with(&actor, Expected::NoEvents, vec![event()], options).await;
    let commit = must("an append within its deadline succeeds", commit);
    stored("it is stored", &store, &actor, &commit.events).await;
}

pub(crate) async fn after_a_missed_deadline_a_repeat_stores_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 2).await;
    let options = AppendOptions::default().deadline(Duration::ZERO);
    let ours = event();
    let contract = "an append without any time is stored, unknown, or was not even tried";
    let expected = match store.append_with(&actor, exactly(2), vec![ours.clone()], options).await {
        Ok(_) | Err(AppendError::Unavailable(_)) => exactly(2),
        Err(AppendError::Unknown(unknown)) => {
            same("an unknown outcome names the actor", &unknown.actor, &actor);
            unknown.expected
        }
        Err(error) => panic!("{contract}\n    seen: {error:?}"),
    };
    same("an unknown outcome says the expectation to repeat it with", expected, exactly(2));
    append(&store, &actor, expected, [ours.clone()]).await;
    let read = history(&store, &actor).await;
    same("repeated, it is stored once", (read.len(), read[2].to_new()), (3, ours));
}

pub(crate) async fn an_append_that_is_dropped_is_whole_or_absent<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let pack = if packs(&fixture, &store).await { 3 } else { 1 };
    for round in 0..20u64 {
        let (ours, expected) = (events(pack), exactly(round * pack));
        // Dropped at whatever point these few microseconds reach.
        let append_ours = store.append(&actor, expected, ours.clone());
        drop(tokio::time::timeout(Duration::from_micros(round * 20), append_ours).await);
        let there = history(&store, &actor).await.len() as u64;
        let contract = "a dropped append is stored whole or not at all";
        holds(contract, there == round * pack || there == (round + 1) * pack, there);
        let commit = append(&store, &actor, expected, ours).await;
        let read = history(&store, &actor).await;
        same("repeated, it is stored once", read.len() as u64, (round + 1) * pack);
        let last = &read[(round * pack) as usize..];
        same("repeated, it says what is stored", only_events(&commit.events), only_events(last));
    }
}
