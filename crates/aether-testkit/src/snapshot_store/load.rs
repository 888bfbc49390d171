//! Loading: a snapshot is an abbreviation, never another truth.

use aether_core::event::EncodeError;
use aether_core::{
    ActorId, EventId, EventStore, EventStoreExt, Expected, Loaded, NewEvent, Position, RawJson,
    SchemaVersion, Snapshot, SnapshotStore, SnapshotStoreExt, State, Version,
};
use serde::{Deserialize, Serialize};

use crate::suite::ability::packs;
use crate::suite::check::{append, holds, must, same};
use crate::suite::sample::version;
use crate::suite::{Fixture, StoreUnderTest};

#[derive(Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
enum Counted {
    Added { by: u64 },
    Doubled,
}

/// A state in which the order of events shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Counter {
    total: u64,
    events: u64,
}

impl State for Counter {
    type Event = Counted;

    fn apply(&mut self, event: Counted) {
        self.events += 1;
        self.total = match event {
            Counted::Added { by } => self.total.wrapping_add(by),
            Counted::Doubled => self.total.wrapping_mul(2),
        };
    }
}

fn random_event(random: &mut fastrand::Rng) -> NewEvent {
    let event: Result<_, EncodeError> = if random.u8(0..4) == 0 {
        NewEvent::encode(&Counted::Doubled)
    } else {
        NewEvent::encode(&Counted::Added { by: random.u64(..) })
    };
    event.expect("the suite's events can be encoded")
}

async fn load<S: EventStore + SnapshotStore>(store: &S, actor: &ActorId) -> Loaded<Counter> {
    must("an actor can be loaded", store.load(actor).await)
}

async fn rebuild<S: EventStore>(store: &S, actor: &ActorId) -> Loaded<Counter> {
    must("an actor can be rebuilt", store.rebuild(actor).await)
}

async fn save(store: &impl SnapshotStore, snapshot: Snapshot) {
    must("a snapshot can be saved", store.save_snapshot(snapshot).await);
}

/// Makes the snapshot of a loaded state.
fn snapshot_of(actor: &ActorId, loaded: &Loaded<Counter>) -> Snapshot {
    let state = RawJson::encode(loaded.state()).expect("the suite's state can be encoded");
    Snapshot::new(actor.clone(), loaded.version(), state).with_position(loaded.position())
}

/// A store with a history of 10 events, its state, and an actor.
async fn ten_events<F: StoreUnderTest>(fixture: &Fixture<F>) -> (F::Store, ActorId, Loaded<Counter>) {
    let (store, actor, mut random) =
        (fixture.open().await, fixture.actor("counter"), fastrand::Rng::with_seed(10));
    for _ in 0..10 {
        append(&store, &actor, Expected::Any, [random_event(&mut random)]).await;
    }
    let rebuilt = rebuild(&store, &actor).await;
    (store, actor, rebuilt)
}

/// Saves a snapshot that must not be used, and asserts that the state is that of the events alone.
async fn is_ignored<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: &Fixture<F>,
    contract: &str,
    spoil: impl FnOnce(Snapshot) -> Snapshot,
) {
    let (store, actor, rebuilt) = ten_events(fixture).await;
    let mut snapshot = spoil(snapshot_of(&actor, &rebuilt));
    if snapshot.state.as_str().starts_with("{\"total\"") {
        // A state that nobody could mistake for the real one.
        snapshot.state = RawJson::parse("{\"total\":1,\"events\":77}".to_owned()).expect("it is JSON");
    }
    save(&store, snapshot).await;
    let loaded = load(&store, &actor).await;
    same(contract, loaded.state(), rebuilt.state());
    same(contract, (loaded.version(), loaded.snapshot_version()), (version(10), None));
}

pub(crate) async fn without_events_there_is_the_default<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("counter"));
    let loaded = load(&store, &actor).await;
    same("an actor without events has the default state", loaded.state(), &Counter::default());
    same("and version 0", loaded.version(), Version::INITIAL);
}

/// The law behind all snapshots, over random histories and points.
pub(crate) async fn snapshot_and_tail_are_the_whole_history<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let store = fixture.open().await;
    let pack = if packs(&fixture, &store).await { 4 } else { 1 };
    for seed in 0..12 {
        let (actor, mut random) = (fixture.actor(&format!("counter{seed}")), fastrand::Rng::with_seed(seed));
        for _ in 0..random.u64(1..25) {
            let events: Vec<_> = (0..random.u64(1..=pack)).map(|_| random_event(&mut random)).collect();
            append(&store, &actor, Expected::Any, events).await;
            if random.u8(0..4) == 0 {
                let point = load(&store, &actor).await;
                save(&store, snapshot_of(&actor, &point)).await;
            }
        }
        let (loaded, rebuilt) = (load(&store, &actor).await, rebuild(&store, &actor).await);
        let contract = format!("snapshot and tail give what the whole history does (seed {seed})");
        same(&contract, (loaded.state(), loaded.version()), (rebuilt.state(), rebuilt.version()));
        same(&contract, loaded.position(), rebuilt.position());
    }
}

pub(crate) async fn a_snapshot_saves_the_replay<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor, rebuilt) = ten_events(&fixture).await;
    save(&store, snapshot_of(&actor, &rebuilt)).await;
    let loaded = load(&store, &actor).await;
    let contract = "with a snapshot only what came after it is replayed";
    same(contract, (loaded.snapshot_version(), loaded.events_since_snapshot()), (Some(version(10)), 0));
    let mut random = fastrand::Rng::with_seed(3);
    append(&store, &actor, Expected::Exactly(version(10)), [random_event(&mut random)]).await;
    let loaded = load(&store, &actor).await;
    same(contract, (loaded.snapshot_version(), loaded.events_since_snapshot()), (Some(version(10)), 1));
    same(contract, loaded.state(), rebuild(&store, &actor).await.state());
}

pub(crate) async fn a_snapshot_of_another_schema_is_ignored<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let contract = "a snapshot with another schema version is ignored";
    is_ignored(&fixture, contract, |snapshot| snapshot.with_schema_version(SchemaVersion::new(2))).await;
}

pub(crate) async fn a_snapshot_of_another_lineage_is_ignored<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let contract = "a snapshot that stands on an event which is not there is ignored";
    is_ignored(&fixture, contract, |snapshot| {
        let real = snapshot.position.clone().expect("a loaded state has a position");
        let other = Some(EventId::generate());
        snapshot.with_position(Some(Position::new(real.partition(), real.sequence(), real.index(), other)))
    })
    .await;
}

pub(crate) async fn a_snapshot_beyond_the_end_is_ignored<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let contract = "a snapshot of a version that the history does not reach is ignored";
    is_ignored(&fixture, contract, |snapshot| {
        Snapshot::new(snapshot.actor, version(11), snapshot.state).with_position(snapshot.position)
    })
    .await;
}

pub(crate) async fn a_state_that_does_not_fit_is_ignored<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let contract = "a snapshot whose state cannot be read is ignored";
    is_ignored(&fixture, contract, |snapshot| {
        let state = RawJson::parse("[\"of another shape\"]").expect("it is JSON");
        Snapshot::new(snapshot.actor, snapshot.version, state).with_position(snapshot.position)
    })
    .await;
}

pub(crate) async fn a_snapshot_without_a_position_is_used<F: StoreUnderTest<Store: SnapshotStore>>(
    fixture: Fixture<F>,
) {
    let (store, actor, rebuilt) = ten_events(&fixture).await;
    save(&store, snapshot_of(&actor, &rebuilt).with_position(None)).await;
    let loaded = load(&store, &actor).await;
    let contract = "a snapshot that names no position, as the Go original's, is used";
    same(contract, loaded.snapshot_version(), Some(version(10)));
    holds(contract, loaded.state() == rebuilt.state(), loaded.state());
}
