//! `SharedStore`: the same facts hold when the store is known at run time only.

use aether_core::{
    ActorId, EventStore, EventStoreExt, Expected, SharedStore, SnapshotStore, Subscribe, Version,
};
use futures_util::StreamExt;

use crate::event_store::{append, content, epochs, expected, identity, racing, read};
use crate::snapshot_store::{load, snapshot};
use crate::suite::check::{must, same};
use crate::suite::sample::{event, version};
use crate::suite::{Fixture, StoreUnderTest};

/// What a user's generic code looks like: it appends, reads, and is spawned.
async fn generic<S: EventStore + SnapshotStore>(store: S, actor: ActorId) -> Version {
    for n in 0..3 {
        let expected = Expected::Exactly(version(n));
        must("it is accepted", store.append(&actor, expected, [event()]).await);
    }
    let mut events = store.read(&actor, Version::FIRST);
    let mut last = Version::INITIAL;
    while let Some(event) = events.next().await {
        last = must("it is intact", event).version();
    }
    must("there may be a snapshot", store.latest_snapshot(&actor).await);
    last
}

pub(crate) async fn generic_code_runs_over_it<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (SharedStore::new(fixture.open().await), fixture.actor("order"));
    let running = tokio::spawn(generic(store.clone(), actor.clone()));
    let last = running.await.expect("generic code over a shared store can be spawned");
    same("it does what the store does", last, version(3));
    let latest = must("a clone is another handle", store.latest_version(&actor).await);
    same("a clone of a shared store sees the same", latest, version(3));
}

pub(crate) async fn it_has_the_stores_abilities<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    let store = fixture.open().await;
    let abilities = store.capabilities();
    same("a shared store can do what the store can", SharedStore::new(store).capabilities(), abilities);
}

pub(crate) async fn appends_keep_their_contract<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    append::several_events_get_consecutive_versions(fixture.shared()).await;
}

pub(crate) async fn conflicts_keep_their_contract<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    expected::a_lower_version_is_a_conflict(fixture.shared()).await;
}

pub(crate) async fn content_survives<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    content::every_field_survives(fixture.shared()).await;
}

pub(crate) async fn reads_keep_their_contract<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    read::from_is_inclusive(fixture.shared()).await;
}

pub(crate) async fn repeats_are_stored_once<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    identity::a_repeated_append_is_stored_once(fixture.shared()).await;
}

pub(crate) async fn epochs_keep_their_contract<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    epochs::a_lower_epoch_is_fenced(fixture.shared()).await;
}

pub(crate) async fn races_have_one_winner<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    racing::of_writers_with_one_expectation_one_wins(fixture.shared()).await;
}

pub(crate) async fn the_newest_snapshot_stays<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    snapshot::an_older_one_never_replaces_a_newer(fixture.shared()).await;
}

pub(crate) async fn loads_keep_their_contract<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>(
    fixture: Fixture<F>,
) {
    load::snapshot_and_tail_are_the_whole_history(fixture.shared()).await;
}
