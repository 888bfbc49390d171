//! Identity: an append that is repeated under the same event ids is stored once.

use aether_core::{
    ActorId, CommandId, Commit, EventId, EventStore, EventStoreExt, EventType, Expected, NewEvent, RawJson,
    SchemaVersion,
};

use crate::suite::ability::packs;
use crate::suite::check::{
    append, conflict, fill, history, holds, id_reused, must, only_events, same, stored,
};
use crate::suite::sample::{below, event, events, exactly, numbered, version};
use crate::suite::{Fixture, StoreUnderTest};

/// Repeats an append and asserts that it is recognized, and stored once.
async fn recognized(
    store: &impl EventStore,
    actor: &ActorId,
    expected: Expected,
    events: Vec<NewEvent>,
    first: &Commit,
) {
    let before = history(store, actor).await;
    let again = append(store, actor, expected, events).await;
    same("a repeated append says that it was stored already", again.already_stored, true);
    same("it says the version it was stored at", again.version, first.version);
    same("it says the position it was stored at", &again.position, &first.position);
    same("it returns the stored events", only_events(&again.events), only_events(&first.events));
    stored("a repeated append is stored once", store, actor, &before).await;
}

/// Appends twice with the same expectation, at once and after others, from this handle and another.
async fn is_idempotent<F: StoreUnderTest>(
    fixture: &Fixture<F>,
    before: u64,
    expected: Expected,
    events: Vec<NewEvent>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, before).await;
    let first = append(&store, &actor, expected, events.clone()).await;
    same("the first time it was not there", first.already_stored, false);
    recognized(&store, &actor, expected, events.clone(), &first).await;
    recognized(&fixture.open().await, &actor, expected, events.clone(), &first).await;
    fill(&store, &actor, 30).await;
    recognized(&store, &actor, expected, events.clone(), &first).await;
    recognized(&fixture.open().await, &actor, expected, events, &first).await;
}

/// Fault 8 of the Go original: there, a lost acknowledgement and a retry stored a version twice.
pub(crate) async fn a_repeated_append_is_stored_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    is_idempotent(&fixture, 4, exactly(4), vec![event()]).await;
}

pub(crate) async fn a_repeated_first_append_is_stored_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    is_idempotent(&fixture, 0, Expected::NoEvents, vec![event()]).await;
}

pub(crate) async fn a_repeated_save_is_stored_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    is_idempotent(&fixture, 2, below(3), vec![event()]).await;
}

pub(crate) async fn a_repeated_save_across_a_gap_is_stored_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    is_idempotent(&fixture, 2, below(9), vec![event()]).await;
}

pub(crate) async fn a_repeated_commit_of_several_is_stored_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    if packs(&fixture, &fixture.open().await).await {
        is_idempotent(&fixture, 3, exactly(3), events(4)).await;
    }
}

pub(crate) async fn a_repeat_may_say_no_events_as_exactly_0<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, ours) = (fixture.open().await, fixture.actor("order"), vec![event()]);
    let first = append(&store, &actor, Expected::NoEvents, ours.clone()).await;
    recognized(&store, &actor, exactly(0), ours, &first).await;
}

pub(crate) async fn an_append_of_any_is_recognized_by_its_resolved_version<F: StoreUnderTest>(
    fixture: Fixture<F>,
) {
    let (store, actor, ours) = (fixture.open().await, fixture.actor("order"), vec![event()]);
    fill(&store, &actor, 3).await;
    let first = append(&store, &actor, Expected::Any, ours.clone()).await;
    recognized(&store, &actor, exactly(3), ours, &first).await;
}

pub(crate) async fn what_was_read_can_be_repeated<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 1).await;
    let first = append(&store, &actor, exactly(1), [event()]).await;
    let read = history(&store, &actor).await;
    recognized(&store, &actor, exactly(1), vec![read[1].to_new()], &first).await;
}

pub(crate) async fn an_id_with_other_content_is_refused<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 2).await;
    let ours = event();
    append(&store, &actor, exactly(2), [ours.clone()]).await;
    fill(&store, &actor, 1).await;
    let before = history(&store, &actor).await;
    let other_type = NewEvent::new(EventType::new("Other").expect("a valid type"), ours.raw_data().clone());
    let later = ours.timestamp().checked_add(std::time::Duration::from_nanos(1));
    for (field, changed) in [
        ("data", numbered(77).with_id(ours.id().clone()).with_timestamp(ours.timestamp())),
        ("type", other_type.with_id(ours.id().clone()).with_timestamp(ours.timestamp())),
        ("command", ours.clone().with_command(CommandId::generate())),
        ("metadata", ours.clone().with_metadata("k", "v")),
        ("timestamp", ours.clone().with_timestamp(later.expect("it is not yet the year 9999"))),
        ("schema version", ours.clone().with_schema_version(SchemaVersion::new(2))),
    ] {
        let contract = format!("an event id that is there with other {field} is reused");
        let seen = id_reused(&contract, store.append(&actor, exactly(2), [changed]).await);
        same(&contract, (&seen.actor, &seen.event_id, seen.version), (&actor, ours.id(), version(3)));
        stored("of a reused id nothing is stored", &store, &actor, &before).await;
    }
}

pub(crate) async fn stored_ids_in_a_longer_commit_are_refused<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let ours = events(3);
    let first = append(&store, &actor, Expected::NoEvents, ours[..2].to_vec()).await;
    let contract = "a commit of which a part is stored under the same ids is not the one that was stored";
    id_reused(contract, store.append(&actor, Expected::NoEvents, ours).await);
    stored(contract, &store, &actor, &first.events).await;
}

pub(crate) async fn a_part_of_a_commit_is_refused<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let ours = events(3);
    let first = append(&store, &actor, Expected::NoEvents, ours.clone()).await;
    let contract = "a commit is repeated whole: a part of it is a reuse of its ids, wherever it is to stand";
    for (expected, part) in [
        (exactly(0), ours[..1].to_vec()),
        (exactly(0), ours[..2].to_vec()),
        (exactly(0), ours[1..].to_vec()),
        (exactly(0), vec![ours[1].clone(), ours[0].clone(), ours[2].clone()]),
        (exactly(1), ours[1..].to_vec()),
        (exactly(2), ours[2..].to_vec()),
        (below(2), ours[1..2].to_vec()),
    ] {
        id_reused(contract, store.append(&actor, expected, part).await);
        stored(contract, &store, &actor, &first.events).await;
    }
}

pub(crate) async fn a_commit_is_repeated_in_its_place_only<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let ours = event();
    let first = append(&store, &actor, below(9), vec![ours.clone()]).await;
    let contract = "an event that is stored at another version is no repeat, but a reuse of its id";
    for elsewhere in [below(4), exactly(2), Expected::NoEvents] {
        id_reused(contract, store.append(&actor, elsewhere, [ours.clone()]).await);
        stored(contract, &store, &actor, &first.events).await;
    }
}

pub(crate) async fn two_commits_are_not_repeated_as_one<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let ours = events(2);
    append(&store, &actor, exactly(0), ours[..1].to_vec()).await;
    append(&store, &actor, exactly(1), ours[1..].to_vec()).await;
    let before = history(&store, &actor).await;
    let contract = "the events of two commits are no commit that could be repeated";
    id_reused(contract, store.append(&actor, exactly(0), ours).await);
    stored(contract, &store, &actor, &before).await;
}

pub(crate) async fn other_ids_in_a_taken_place_are_a_conflict<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let ours = event();
    append(&store, &actor, Expected::NoEvents, [ours.clone()]).await;
    let twin = ours.with_id(EventId::generate());
    let contract = "the same content under another id is another event, and in conflict";
    conflict(contract, store.append(&actor, Expected::NoEvents, [twin]).await);
}

/// Fault 3 of the Go original: there, an id was swallowed although it belonged to another actor.
pub(crate) async fn an_id_in_another_actor_is_no_clash<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, other) = (fixture.open().await, fixture.actor("order"), fixture.actor("other"));
    let ours = event();
    let first = append(&store, &actor, Expected::NoEvents, [ours.clone()]).await;
    let second = append(&store, &other, Expected::NoEvents, [ours.clone()]).await;
    same("an event id of one actor is free in another", second.already_stored, false);
    let changed = NewEvent::new(ours.event_type().clone(), RawJson::NULL).with_id(ours.id().clone());
    let third = fixture.actor("third");
    append(&store, &third, Expected::NoEvents, [changed]).await;
    stored("each actor has its own event", &store, &actor, &first.events).await;
    stored("each actor has its own event", &store, &other, &second.events).await;
}

pub(crate) async fn a_conflict_stays_a_conflict<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, ours) = (fixture.open().await, fixture.actor("order"), event());
    fill(&store, &actor, 3).await;
    for _ in 0..3 {
        let refused = store.append(&actor, exactly(2), [ours.clone()]).await;
        conflict("a refused append that is repeated is refused again", refused);
        fill(&store, &actor, 2).await;
    }
    let read = history(&store, &actor).await;
    let there = read.iter().any(|event| event.id() == ours.id());
    holds("events of an append that was in conflict are never in the history", !there, read);
}

pub(crate) async fn a_refused_event_may_be_appended_again<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, ours) = (fixture.open().await, fixture.actor("order"), event());
    fill(&store, &actor, 3).await;
    conflict("a late append is refused", store.append(&actor, exactly(2), [ours.clone()]).await);
    let commit = append(&store, &actor, exactly(3), [ours]).await;
    same("after a conflict the same events may be appended elsewhere", commit.already_stored, false);
    same("they have the next version", commit.version, version(4));
}

pub(crate) async fn a_repeat_beside_the_first_is_stored_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (one, two, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    for round in 0..10 {
        let ours = event();
        let (a, b) = tokio::join!(
            one.append(&actor, exactly(round), [ours.clone()]),
            two.append(&actor, exactly(round), [ours.clone()]),
        );
        let contract = "two handles that append the same events at once both succeed";
        let (a, b) = (must(contract, a), must(contract, b));
        holds("one of them stored it, the other found it", a.already_stored != b.already_stored, (&a, &b));
        same("both say the same", (a.version, a.position), (b.version, b.position));
        same("it is stored once", history(&one, &actor).await.len() as u64, round + 1);
    }
}
