//! Optimistic concurrency: what each expectation accepts and refuses.

use aether_core::{ActorId, Commit, EventStore, EventStoreExt, Expected, Version};

use crate::suite::ability::packs;
use crate::suite::check::{append, conflict, fill, history, same, stored};
use crate::suite::sample::{below, event, events, exactly, version};
use crate::suite::{Fixture, StoreUnderTest};

/// Asserts that an append under `expected` is in conflict, says so truthfully, and leaves nothing behind.
async fn conflicts(store: &impl EventStore, actor: &ActorId, expected: Expected, attempted: u64) {
    let before = history(store, actor).await;
    let contract = format!("an append to {actor} that expects {expected} is in conflict here");
    let seen = conflict(&contract, store.append(actor, expected, [event()]).await);
    let current = before.last().map_or(Version::INITIAL, |event| event.version());
    same("a conflict names the actor", &seen.actor, actor);
    same("a conflict says what was expected", seen.expected, expected);
    same("a conflict says which version was attempted", seen.attempted, version(attempted));
    same("a conflict says which version the actor has", seen.current, current);
    stored("a conflict leaves nothing behind", store, actor, &before).await;
}

async fn accepted(store: &impl EventStore, actor: &ActorId, expected: Expected, becomes: u64) -> Commit {
    let commit = append(store, actor, expected, [event()]).await;
    same("the event has the version that was expected", commit.version, version(becomes));
    commit
}

pub(crate) async fn exactly_the_current_version_is_accepted<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    accepted(&store, &actor, exactly(0), 1).await;
    accepted(&store, &actor, exactly(1), 2).await;
    accepted(&store, &actor, exactly(2), 3).await;
}

pub(crate) async fn a_lower_version_is_a_conflict<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 3).await;
    for expected in 0..3 {
        conflicts(&store, &actor, exactly(expected), expected + 1).await;
    }
}

pub(crate) async fn a_higher_version_is_a_conflict<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    conflicts(&store, &actor, exactly(1), 2).await;
    fill(&store, &actor, 3).await;
    conflicts(&store, &actor, exactly(4), 5).await;
    conflicts(&store, &actor, exactly(1_000), 1_001).await;
    // No version is left after the highest, but that is not what is wrong here.
    conflicts(&store, &actor, Expected::Exactly(Version::MAX), Version::MAX.number()).await;
}

pub(crate) async fn no_events_is_accepted_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    accepted(&store, &actor, Expected::NoEvents, 1).await;
    conflicts(&store, &actor, Expected::NoEvents, 1).await;
    accepted(&store, &actor, exactly(1), 2).await;
    conflicts(&store, &actor, Expected::NoEvents, 1).await;
}

pub(crate) async fn any_follows_whatever_is_there<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    accepted(&store, &actor, Expected::Any, 1).await;
    accepted(&store, &actor, Expected::Any, 2).await;
    accepted(&store, &actor, below(8), 8).await;
    accepted(&store, &actor, Expected::Any, 9).await;
}

pub(crate) async fn below_is_accepted_above_the_current_version<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    accepted(&store, &actor, below(1), 1).await;
    accepted(&store, &actor, below(2), 2).await;
    accepted(&store, &actor, below(50), 50).await;
}

pub(crate) async fn below_is_refused_at_the_current_version_and_under_it<F: StoreUnderTest>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    append(&store, &actor, below(5), [event()]).await;
    for attempted in [5, 4, 1] {
        conflicts(&store, &actor, below(attempted), attempted).await;
    }
}

pub(crate) async fn a_version_in_a_gap_is_a_conflict<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    append(&store, &actor, below(2), [event()]).await;
    append(&store, &actor, below(9), [event()]).await;
    conflicts(&store, &actor, exactly(5), 6).await;
    conflicts(&store, &actor, below(6), 6).await;
}

pub(crate) async fn a_refused_commit_leaves_none_of_its_events<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let first = append(&store, &actor, Expected::NoEvents, events(2)).await;
    for expected in [exactly(1), exactly(7), Expected::NoEvents, below(2)] {
        let refused = store.append(&actor, expected, events(3)).await;
        conflict("a commit that follows another version is refused", refused);
        let contract = "of a refused commit no event is stored";
        stored(contract, &store, &actor, &first.events).await;
    }
    let next = append(&store, &actor, exactly(2), [event()]).await;
    same("versions go on as if nothing had been refused", next.version, version(3));
}

pub(crate) async fn a_commit_of_several_is_judged_by_its_first<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    append(&store, &actor, below(4), events(3)).await;
    let seen = conflict(
        "a commit that begins at a version which is taken is in conflict, however far it reaches",
        store.append(&actor, below(6), events(5)).await,
    );
    same("a conflict says which version its first event was to have", seen.attempted, version(6));
    same("a conflict says which version the actor has", seen.current, version(6));
}
