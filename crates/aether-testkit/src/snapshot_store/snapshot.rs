//! Snapshots: the newest stays.

use std::sync::Arc;

use aether_core::{
    ActorId, EventId, Expected, Position, RawJson, SchemaVersion, Snapshot, SnapshotOutcome, SnapshotStore,
    Version,
};

use crate::suite::check::{append, eventually, history, holds, must, same};
use crate::suite::sample::{event, version};
use crate::suite::{Fixture, StoreUnderTest, actor};

fn snapshot(actor: &ActorId, at: u64, state: &str) -> Snapshot {
    let state = RawJson::parse(state.to_owned()).expect("the suite's states are JSON");
    Snapshot::new(actor.clone(), version(at), state)
}

async fn save(store: &impl SnapshotStore, snapshot: &Snapshot) -> SnapshotOutcome {
    let contract = "a snapshot can be saved";
    must(contract, store.save_snapshot(snapshot.clone()).await)
}

async fn latest(store: &impl SnapshotStore, actor: &ActorId) -> Option<Snapshot> {
    must("the latest snapshot can be read", store.latest_snapshot(actor).await)
}

async fn latest_is(contract: &str, store: &impl SnapshotStore, wanted: &Snapshot) {
    same(contract, latest(store, &wanted.actor).await.as_ref(), Some(wanted));
}

async fn becomes<S: SnapshotStore>(contract: &str, store: &S, wanted: &Snapshot) {
    eventually(contract, || latest(store, &wanted.actor), |seen| seen.as_ref() == Some(wanted)).await;
}

pub(crate) async fn a_missing_snapshot_is_none<F: StoreUnderTest<Store: SnapshotStore>>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    same("an unknown actor has no snapshot", latest(&store, &actor).await, None);
    append(&store, &actor, Expected::NoEvents, [event()]).await;
    same("an actor with events has none until one is saved", latest(&store, &actor).await, None);
}

pub(crate) async fn a_saved_snapshot_is_read_back_exactly<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let position = Position::new(3, u64::MAX, 17, Some(EventId::as_read("a@b \"é\"\r\n")));
    let mut full = snapshot(&actor, 5, "{ \"n\" : 9007199254740993 ,\n\"b\":[ 1.10, \"\\u00e9\" ]}")
        .with_schema_version(SchemaVersion::new(4))
        .with_position(Some(position));
    full.timestamp = "2026-01-13T22:25:51.123456789+05:45".parse().expect("a valid timestamp");
    same("the first snapshot is saved", save(&store, &full).await, SnapshotOutcome::Saved);
    latest_is("state, schema version, position and time are read back exactly", &store, &full).await;
}

pub(crate) async fn states_are_kept_byte_for_byte<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for (n, state) in
        ["null", "{ }", "[ 1 , 2 ]", "1e400", "\"\\/\"", "18446744073709551615"].iter().enumerate()
    {
        let ours = snapshot(&actor, n as u64, state);
        save(&store, &ours).await;
        latest_is("a state is read byte for byte", &store, &ours).await;
    }
}

/// Fault 12 of the Go original: there, version 10 and then version 5 left version 5.
pub(crate) async fn an_older_one_never_replaces_a_newer<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let newer = snapshot(&actor, 10, "10");
    save(&store, &newer).await;
    for handle in [&store, &fixture.open().await] {
        for at in [5, 9, 1, 0] {
            let outcome = save(handle, &snapshot(&actor, at, "\"old\"")).await;
            let wanted = SnapshotOutcome::Superseded { by: version(10) };
            same("an older snapshot is superseded by the newer one", outcome, wanted);
            latest_is("the newer snapshot stays", &store, &newer).await;
        }
    }
}

pub(crate) async fn one_of_equal_version_replaces<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    save(&store, &snapshot(&actor, 10, "1")).await;
    let fit = snapshot(&actor, 10, "2").with_schema_version(SchemaVersion::new(2));
    same("one of equal version is saved", save(&store, &fit).await, SnapshotOutcome::Saved);
    latest_is("it replaces the one that no longer fits", &store, &fit).await;
}

pub(crate) async fn a_newer_one_replaces<F: StoreUnderTest<Store: SnapshotStore>>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for at in [1, 2, 9, 9_007_199_254_740_993, Version::MAX.number()] {
        let newer = snapshot(&actor, at, &format!("{{\"at\":{at}}}"));
        same("a newer snapshot is saved", save(&store, &newer).await, SnapshotOutcome::Saved);
        latest_is("it replaces the older one", &store, &newer).await;
    }
}

pub(crate) async fn a_snapshot_of_version_0_is_one<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let ours = snapshot(&actor, 0, "{}");
    same("a state without events can be saved", save(&store, &ours).await, SnapshotOutcome::Saved);
    latest_is("it is there, and not mistaken for none", &store, &ours).await;
}

pub(crate) async fn another_handle_sees_it<F: StoreUnderTest<Store: SnapshotStore>>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for at in 1..4 {
        let ours = snapshot(&actor, at, "{}");
        save(&store, &ours).await;
        becomes("another handle sees the snapshot", &fixture.open().await, &ours).await;
    }
}

/// Two handles save in turn: neither may go by what it saved itself.
pub(crate) async fn a_late_handle_replaces_nothing_newer<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (late, other, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    save(&late, &snapshot(&actor, 1, "1")).await;
    let newest = snapshot(&actor, 7, "7");
    save(&other, &newest).await;
    let outcome = save(&late, &snapshot(&actor, 5, "5")).await;
    same("a late handle is superseded", outcome, SnapshotOutcome::Superseded { by: version(7) });
    becomes("the newer snapshot stays", &late, &newest).await;
}

pub(crate) async fn racing_savers_leave_the_newest<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let handles = [Arc::new(fixture.open().await), Arc::new(fixture.open().await)];
    for round in 0..10u64 {
        let actor = fixture.actor(&format!("order{round}"));
        let savers: Vec<_> = (1..=8u64)
            .map(|n| {
                // In another order each round; 1 to 8 each once.
                let at = (n * 3 + round) % 8 + 1;
                let (store, ours) =
                    (Arc::clone(&handles[n as usize % 2]), snapshot(&actor, at, &at.to_string()));
                tokio::spawn(async move { (at, save(&*store, &ours).await) })
            })
            .collect();
        for saver in savers {
            let (at, outcome) = saver.await.expect("no saver panics");
            let truthful = match outcome {
                SnapshotOutcome::Saved => true,
                SnapshotOutcome::Superseded { by } => by.number() > at,
            };
            holds("a snapshot is superseded by a newer one only", truthful, (at, outcome));
        }
        let newest = |seen: &Option<Snapshot>| seen.as_ref().is_some_and(|seen| seen.version == version(8));
        let contract = "of racing snapshots the newest stays";
        for handle in &handles {
            eventually(contract, || latest(&**handle, &actor), newest).await;
        }
    }
}

/// Faults 2 and 13 of the Go original: what an actor's subject is made of must not make two actors meet.
pub(crate) async fn look_alike_actors_have_their_own<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let store = fixture.open().await;
    let ids = [
        "a.b",
        "a_b",
        "a b",
        "a>b",
        "a*b",
        "a%b",
        "a%2Eb",
        "A.b",
        "a\tb",
        "a\r\nb",
        "a\u{7f}b",
        "x",
        "unknown-x",
        "-x",
        "6f1c7f5e-8d0a-4c43-9a56-0d7a1c1b2e3f",
        "6f1c7f5e",
        "é",
        "e\u{301}",
        "order-1 5\r\n+OK\r\n",
    ];
    let ours: Vec<_> = (1..).zip(ids).map(|(n, id)| snapshot(&actor(id), n, &n.to_string())).collect();
    for ours in &ours {
        let contract = "an actor has no snapshot of one that looks like it";
        same(contract, latest(&store, &ours.actor).await, None);
        same(contract, save(&store, ours).await, SnapshotOutcome::Saved);
    }
    for ours in &ours {
        latest_is("each actor has its own snapshot", &store, ours).await;
    }
}

pub(crate) async fn namespaces_have_their_own<F: StoreUnderTest<Store: SnapshotStore>>(fixture: Fixture<F>) {
    let (one, two, actor) = (fixture.namespace("1"), fixture.namespace("2"), fixture.actor("order"));
    let a = fixture.open_as(Some(&one), "orders").await;
    let b = fixture.open_as(Some(&two), "orders").await;
    let none = fixture.open_as(None, "orders").await;
    save(&a, &snapshot(&actor, 3, "3")).await;
    for other in [&b, &none] {
        same("another namespace has no snapshot of it", latest(other, &actor).await, None);
    }
}

pub(crate) async fn snapshots_are_no_events<F: StoreUnderTest<Store: SnapshotStore>>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    save(&store, &snapshot(&actor, 8, "8")).await;
    same("a snapshot is no event", history(&store, &actor).await, vec![]);
    let commit = append(&store, &actor, Expected::NoEvents, [event()]).await;
    same("it changes no version", commit.version, Version::FIRST);
    save(&store, &snapshot(&actor, 9, "9")).await;
    same("the history has its events alone", history(&store, &actor).await, commit.events);
}
