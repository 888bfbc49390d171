//! Appending: versions, and what a commit says.

use aether_core::error::InvalidAppend;
use aether_core::{EventId, EventStoreExt, EventType, Expected, NewEvent, RawJson, Version};

use crate::suite::ability::packs;
use crate::suite::check::{append, history, invalid, must, same, stored, versions};
use crate::suite::sample::{below, event, events, exactly, numbered, version};
use crate::suite::{Fixture, StoreUnderTest};

pub(crate) async fn the_first_event_has_version_1<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let commit = append(&store, &actor, Expected::NoEvents, [event()]).await;
    same("the first commit ends at version 1", commit.version, Version::FIRST);
    same("its event has version 1", versions(&commit.events), vec![1]);
    same("a fresh append was not stored before", commit.already_stored, false);
}

pub(crate) async fn a_commit_says_what_was_stored<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let ours = event();
    let commit = append(&store, &actor, Expected::NoEvents, [ours.clone()]).await;
    same("a commit holds its one event", commit.events.len(), 1);
    same("the event of a commit is the actor's", commit.events[0].actor(), &actor);
    same("a commit's event has what was appended", commit.events[0].to_new(), ours);
    let read = history(&store, &actor).await;
    same("a commit's events are those that are read, positions included", commit.events, read);
}

pub(crate) async fn several_events_get_consecutive_versions<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    append(&store, &actor, Expected::NoEvents, [event()]).await;
    let ours = events(3);
    let commit = append(&store, &actor, exactly(1), ours.clone()).await;
    same("the commit ends at the version of its last event", commit.version, version(4));
    same("its events are numbered one after the other", versions(&commit.events), vec![2, 3, 4]);
    let read = history(&store, &actor).await;
    let contents: Vec<_> = read[1..].iter().map(|event| event.to_new()).collect();
    same("they are stored in the order of the commit", contents, ours);
    same("the commit's events are those that are read", commit.events, read[1..].to_vec());
}

pub(crate) async fn versions_go_on_from_commit_to_commit<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for n in 0..10 {
        let commit = append(&store, &actor, exactly(n), [numbered(n)]).await;
        same("each commit has the next version", commit.version, version(n + 1));
    }
    let read = versions(&history(&store, &actor).await);
    same("versions have no gaps and no doubles", read, (1..=10).collect());
}

pub(crate) async fn a_version_may_be_skipped_by_save_only<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    append(&store, &actor, below(3), [event()]).await;
    let commit = append(&store, &actor, below(10), [event()]).await;
    same("a saved event has its own version", commit.version, version(10));
    append(&store, &actor, exactly(10), [event()]).await;
    let commit = append(&store, &actor, Expected::Any, [event()]).await;
    same("numbering goes on after a gap", commit.version, version(12));
    same("gaps stay gaps", versions(&history(&store, &actor).await), vec![3, 10, 11, 12]);
}

pub(crate) async fn an_empty_commit_is_invalid<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let contract = "a commit without events is refused, and nothing is stored";
    let seen = invalid(contract, store.append(&actor, Expected::NoEvents, []).await);
    same(contract, seen, InvalidAppend::Empty);
    stored(contract, &store, &actor, &[]).await;
}

pub(crate) async fn an_id_twice_in_one_commit_is_invalid<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let contract = "an event id that is twice in a commit is refused, and nothing is stored";
    let twice = event();
    let commit = [numbered(1), twice.clone(), numbered(3).with_id(twice.id().clone())];
    let seen = invalid(contract, store.append(&actor, Expected::NoEvents, commit).await);
    same(contract, seen, InvalidAppend::DuplicateId(twice.id().clone()));
    stored(contract, &store, &actor, &[]).await;
}

pub(crate) async fn what_could_be_read_but_not_written_is_invalid<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let contract = "an event id or type that is empty or too long is refused, and nothing is stored";
    let typed = |text: &str| NewEvent::new(EventType::as_read(text), RawJson::NULL);
    for bad in [
        event().with_id(EventId::as_read("")),
        event().with_id(EventId::as_read("x".repeat(257))),
        typed(""),
        typed(&"x".repeat(257)),
    ] {
        let seen = invalid(contract, store.append(&actor, Expected::NoEvents, [bad]).await);
        same(contract, matches!(seen, InvalidAppend::Text { index: 0, .. }), true);
    }
    stored(contract, &store, &actor, &[]).await;
}

pub(crate) async fn an_invalid_event_takes_its_commit_with_it<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let contract = "a commit with one event that cannot be written is refused whole, and says which it is";
    let commit = [event(), event(), event().with_id(EventId::as_read(""))];
    let seen = invalid(contract, store.append(&actor, Expected::NoEvents, commit).await);
    same(contract, matches!(seen, InvalidAppend::Text { index: 2, .. }), true);
    stored(contract, &store, &actor, &[]).await;
}

pub(crate) async fn no_event_has_version_0<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let contract = "version 0 stands for no event: it cannot be saved";
    let seen = invalid(contract, store.append(&actor, below(0), [event()]).await);
    same(contract, seen, InvalidAppend::VersionZero);
    stored(contract, &store, &actor, &[]).await;
}

pub(crate) async fn nothing_follows_the_highest_version<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let last = append(&store, &actor, Expected::Below(Version::MAX), [event()]).await;
    same("the highest version can be had", last.version, Version::MAX);
    let contract = "after the highest version comes none: the append is invalid, and nothing is stored";
    for expected in [Expected::Any, Expected::Exactly(Version::MAX)] {
        let seen = invalid(contract, store.append(&actor, expected, [event()]).await);
        same(contract, matches!(seen, InvalidAppend::VersionOverflow { .. }), true);
    }
    stored(contract, &store, &actor, &last.events).await;
}

pub(crate) async fn a_commit_beyond_the_highest_version_is_refused_whole<F: StoreUnderTest>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let contract = "a commit whose last event would be beyond the highest version is invalid as a whole";
    let seen = invalid(contract, store.append(&actor, Expected::Below(Version::MAX), events(2)).await);
    same(contract, matches!(seen, InvalidAppend::VersionOverflow { .. }), true);
    stored(contract, &store, &actor, &[]).await;
}

pub(crate) async fn save_is_below_its_own_version<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let event = aether_core::Event::new(actor.clone(), version(7), event());
    let commit = must("an event above the latest version can be saved", store.save(&event).await);
    same("a saved event is stored as it is", commit.events[0].event(), &event);
    stored("a saved event is stored as it is", &store, &actor, &commit.events).await;
}
