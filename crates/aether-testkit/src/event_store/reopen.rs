//! Reopening: every handle on a stream sees the same, and none believes its cache.

use aether_core::{Consistency, EventStore, EventStoreExt, Expected};

use crate::suite::ability::{fences, packs};
use crate::suite::check::{append, conflict, fill, head, history, must, same, stored};
use crate::suite::sample::{below, event, events, exactly, under, version};
use crate::suite::{Fixture, StoreUnderTest};

pub(crate) async fn another_handle_sees_everything<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let pack = if packs(&fixture, &store).await { 3 } else { 1 };
    append(&store, &actor, Expected::NoEvents, events(pack)).await;
    append(&store, &actor, below(10), [event()]).await;
    let (here, other) = (history(&store, &actor).await, fixture.open().await);
    same("another handle reads the same, positions included", history(&other, &actor).await, here);
    same("its head is the same", head(&other, &actor).await, head(&store, &actor).await);
}

pub(crate) async fn what_was_stored_outlives_its_handle<F: StoreUnderTest>(fixture: Fixture<F>) {
    let actor = fixture.actor("order");
    for n in 0..5 {
        // The handle is dropped right after the append that it acknowledged.
        append(&fixture.open().await, &actor, exactly(n), [event()]).await;
    }
    same("what was acknowledged outlives its handle", history(&fixture.open().await, &actor).await.len(), 5);
}

pub(crate) async fn another_handle_goes_on_with_the_right_version<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (one, two, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    for n in 0..10 {
        let store = if n % 2 == 0 { &one } else { &two };
        let commit = append(store, &actor, exactly(n), [event()]).await;
        same("each handle goes on where the other left off", commit.version, version(n + 1));
    }
}

pub(crate) async fn any_follows_what_another_handle_wrote<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (one, two, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    for n in 0..10 {
        let store = if n % 3 == 0 { &one } else { &two };
        let commit = append(store, &actor, Expected::Any, [event()]).await;
        same("any follows whatever is there, whoever wrote it", commit.version, version(n + 1));
    }
}

pub(crate) async fn a_late_handle_is_told_the_true_version<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (late, other, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    append(&late, &actor, Expected::NoEvents, [event()]).await;
    fill(&other, &actor, 4).await;
    let before = history(&other, &actor).await;
    let contract = "a handle that missed the appends of another is in conflict";
    let seen = conflict(contract, late.append(&actor, exactly(1), [event()]).await);
    same("it is told the version that the actor really has", seen.current, version(5));
    stored("and stores nothing", &other, &actor, &before).await;
    let commit = append(&late, &actor, exactly(seen.current.number()), [event()]).await;
    same("with that version it succeeds", commit.version, version(6));
}

pub(crate) async fn a_handle_that_saw_nothing_is_told_of_the_first_event<F: StoreUnderTest>(
    fixture: Fixture<F>,
) {
    let (late, other, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    for consistency in [Consistency::Any, Consistency::Leader] {
        must("the head can be read", late.head(&actor, consistency).await);
    }
    append(&other, &actor, Expected::NoEvents, [event()]).await;
    let contract = "a handle that once saw an empty actor does not believe so for ever";
    let seen = conflict(contract, late.append(&actor, Expected::NoEvents, [event()]).await);
    same(contract, seen.current, version(1));
}

pub(crate) async fn a_late_handle_expecting_more_succeeds<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (late, other, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    append(&late, &actor, Expected::NoEvents, [event()]).await;
    append(&other, &actor, exactly(1), [event()]).await;
    let commit = append(&late, &actor, exactly(2), [event()]).await;
    same("what counts is the history, not what the handle wrote last", commit.version, version(3));
}

pub(crate) async fn a_repeat_is_recognized_by_another_handle<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (actor, ours) = (fixture.actor("order"), event());
    let first = append(&fixture.open().await, &actor, Expected::NoEvents, [ours.clone()]).await;
    let again = append(&fixture.open().await, &actor, Expected::NoEvents, [ours]).await;
    let contract = "a repeat is recognized after a restart";
    same(contract, (again.already_stored, again.position), (true, first.position));
}

pub(crate) async fn epochs_outlive_their_handle<F: StoreUnderTest>(fixture: Fixture<F>) {
    let actor = fixture.actor("order");
    if !fences(&fixture, &fixture.open().await).await {
        return;
    }
    let contract = "an epoch outlives the handle that wrote it";
    let append = fixture.open().await.append_with(&actor, Expected::NoEvents, vec![event()], under(3)).await;
    must(contract, append);
    let late = fixture.open().await.append_with(&actor, exactly(1), vec![event()], under(2)).await;
    crate::suite::check::fenced(contract, late);
}
