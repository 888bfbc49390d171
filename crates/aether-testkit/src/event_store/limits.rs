//! Limits: the largest that is taken, and what is said of the rest.

use aether_core::error::AppendError;
use aether_core::{
    ActorId, CommandId, EventId, EventStore, EventStoreExt, EventType, Expected, NewEvent, RawJson, Version,
};

use crate::suite::ability::packs;
use crate::suite::check::{append, history, holds, refused, same, stored, versions};
use crate::suite::sample::{event, events, with_data};
use crate::suite::{Fixture, StoreUnderTest, actor};

/// Beyond this a limit is not tried out: it would cost too much memory.
const LARGEST_TRIED: u64 = 64 << 20;
const TWO_MEBIBYTES: usize = 2 << 20;

fn of_bytes(bytes: usize) -> NewEvent {
    with_data(&format!("{{\"x\":\"{}\"}}", "x".repeat(bytes)))
}

/// Returns the limit where there is one that can be tried. Where there is none, asserts that large commits work.
async fn limit<F: StoreUnderTest>(fixture: &Fixture<F>, store: &F::Store) -> Option<usize> {
    let limit = store.capabilities().max_commit_bytes.filter(|limit| *limit <= LARGEST_TRIED);
    if limit.is_none() {
        let actor = fixture.actor("large");
        let commit = append(store, &actor, Expected::NoEvents, [of_bytes(TWO_MEBIBYTES)]).await;
        stored("a store without a limit takes 2 MiB", store, &actor, &commit.events).await;
    }
    limit.and_then(|limit| usize::try_from(limit).ok())
}

async fn too_large<S: EventStore>(store: &S, actor: &ActorId, events: Vec<NewEvent>, max: usize) {
    let contract = "a commit beyond the limit is too large, says by how much, and nothing of it is stored";
    let before = history(store, actor).await;
    let expected = Expected::Exactly(before.last().map_or(Version::INITIAL, |event| event.version()));
    match refused(contract, store.append(actor, expected, events).await) {
        AppendError::TooLarge { actor: named, bytes, limit, .. } => {
            same(contract, (&named, limit), (actor, max as u64));
            holds(contract, bytes > limit, bytes);
        }
        other => panic!("{contract}\n  wanted: TooLarge\n    seen: {other:?}"),
    }
    stored(contract, store, actor, &before).await;
}

pub(crate) async fn an_event_beyond_the_limit_is_too_large<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let Some(limit) = limit(&fixture, &store).await else {
        return;
    };
    too_large(&store, &actor, vec![of_bytes(limit)], limit).await;
    append(&store, &actor, Expected::NoEvents, [event()]).await;
    too_large(&store, &actor, vec![of_bytes(2 * limit)], limit).await;
    append(&store, &actor, Expected::Exactly(Version::FIRST), [event()]).await;
}

pub(crate) async fn a_commit_beyond_the_limit_is_too_large_as_a_whole<F: StoreUnderTest>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let Some(limit) = limit(&fixture, &store).await else {
        return;
    };
    let events = (0..5).map(|_| of_bytes(limit / 4)).collect();
    too_large(&store, &actor, events, limit).await;
}

pub(crate) async fn half_the_limit_is_taken<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let Some(limit) = limit(&fixture, &store).await else {
        return;
    };
    let commit = append(&store, &actor, Expected::NoEvents, [of_bytes(limit / 2)]).await;
    stored("a commit of half the limit is stored", &store, &actor, &commit.events).await;
}

pub(crate) async fn a_commit_may_have_a_thousand_events<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let commit = append(&store, &actor, Expected::NoEvents, events(1_000)).await;
    same("a commit may have a thousand events", versions(&commit.events), (1..=1_000).collect());
    stored("all of them are stored", &store, &actor, &commit.events).await;
}

pub(crate) async fn the_longest_ids_are_taken<F: StoreUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let text = "é".repeat(128);
    let longest = NewEvent::new(EventType::new(text.as_str()).expect("a valid type"), RawJson::NULL)
        .with_id(EventId::new("\"".repeat(256)).expect("a valid id"))
        .with_command(CommandId::new(text).expect("a valid command id"));
    for id in
        ["x".repeat(512), ".".repeat(512), "é".repeat(256), format!("-{}", "-".repeat(511)), "%".repeat(512)]
    {
        let commit = append(&store, &actor(&id), Expected::NoEvents, [longest.clone()]).await;
        let contract = "ids of the greatest length are taken as any others";
        stored(contract, &fixture.open().await, &actor(&id), &commit.events).await;
        append(&store, &actor(&id), Expected::Exactly(Version::FIRST), [event()]).await;
    }
}

pub(crate) async fn the_longest_ids_differ_in_their_last_byte<F: StoreUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let start = ".".repeat(511);
    let (a, b) = (actor(&format!("{start}a")), actor(&format!("{start}b")));
    let first = append(&store, &a, Expected::NoEvents, [event()]).await;
    let second = append(&store, &b, Expected::NoEvents, [event()]).await;
    let contract = "an id is never cut: the last byte counts";
    stored(contract, &store, &a, &first.events).await;
    stored(contract, &store, &b, &second.events).await;
}
