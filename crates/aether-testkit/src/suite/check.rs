//! Checks that say what the contract is and what was seen instead.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use aether_core::error::{AppendError, Conflict, Fenced, IdReused, InvalidAppend, ReadError};
use aether_core::{
    ActorId, Commit, Consistency, Event, EventStore, EventStoreExt, Expected, Head, NewEvent, ReadOptions,
    RecordedEvent, Version,
};
use futures_util::{Stream, StreamExt};

/// Asserts that `seen` is `wanted`.
#[track_caller]
#[allow(clippy::needless_pass_by_value)] // Values that were just computed, mostly: `&` everywhere would only be noise.
pub(crate) fn same<T: PartialEq + Debug>(contract: &str, seen: T, wanted: T) {
    assert!(seen == wanted, "{contract}\n  wanted: {wanted:?}\n    seen: {seen:?}");
}

/// Asserts that `holds`.
#[track_caller]
pub(crate) fn holds(contract: &str, holds: bool, seen: impl Debug) {
    assert!(holds, "{contract}\n    seen: {seen:?}");
}

/// Returns what succeeded.
#[track_caller]
pub(crate) fn must<T, E: Error>(contract: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{contract}\n    seen: the error {error:?} ({error})"),
    }
}

#[track_caller]
pub(crate) fn refused<T: Debug>(contract: &str, result: Result<T, AppendError>) -> AppendError {
    match result {
        Ok(value) => panic!("{contract}\n    seen: success, {value:?}"),
        Err(error) => error,
    }
}

#[track_caller]
pub(crate) fn conflict(contract: &str, result: Result<Commit, AppendError>) -> Conflict {
    match refused(contract, result) {
        AppendError::Conflict(conflict) => *conflict,
        other => panic!("{contract}\n  wanted: Conflict\n    seen: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn fenced<T: Debug>(contract: &str, result: Result<T, AppendError>) -> Fenced {
    match refused(contract, result) {
        AppendError::Fenced(fenced) => *fenced,
        other => panic!("{contract}\n  wanted: Fenced\n    seen: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn id_reused(contract: &str, result: Result<Commit, AppendError>) -> IdReused {
    match refused(contract, result) {
        AppendError::IdReused(reused) => *reused,
        other => panic!("{contract}\n  wanted: IdReused\n    seen: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn invalid(contract: &str, result: Result<Commit, AppendError>) -> InvalidAppend {
    match refused(contract, result) {
        AppendError::Invalid(invalid) => invalid,
        other => panic!("{contract}\n  wanted: Invalid\n    seen: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn unsupported<T: Debug>(contract: &str, result: Result<T, AppendError>) {
    let error = refused(contract, result);
    holds(contract, matches!(error, AppendError::Unsupported(_)), error);
}

/// Appends what must be accepted.
pub(crate) async fn append(
    store: &impl EventStore,
    actor: &ActorId,
    expected: Expected,
    events: impl IntoIterator<Item = NewEvent>,
) -> Commit {
    let contract = format!("an append to {actor} that expects {expected} is accepted here");
    must(&contract, store.append(actor, expected, events).await)
}

/// Appends `count` events one by one.
pub(crate) async fn fill(store: &impl EventStore, actor: &ActorId, count: u64) {
    for n in 1..=count {
        append(store, actor, Expected::Any, [super::sample::numbered(n)]).await;
    }
}

/// Reads to the end; any error on the way fails.
pub(crate) async fn collect(
    events: impl Stream<Item = Result<RecordedEvent, ReadError>> + Unpin,
) -> Vec<RecordedEvent> {
    let items: Vec<_> = events.collect().await;
    items.into_iter().map(|item| must("a read of an intact history has no errors", item)).collect()
}

/// Reads the whole history, as fresh as the store can.
pub(crate) async fn history(store: &impl EventStore, actor: &ActorId) -> Vec<RecordedEvent> {
    history_from(store, actor, Version::FIRST).await
}

/// Reads the history from a version on, as fresh as the store can: other handles' appends count.
pub(crate) async fn history_from(
    store: &impl EventStore,
    actor: &ActorId,
    from: Version,
) -> Vec<RecordedEvent> {
    let options = ReadOptions::default().consistency(Consistency::Leader);
    collect(store.read_with(actor, from, options)).await
}

/// Returns the head, as fresh as the store can.
pub(crate) async fn head(store: &impl EventStore, actor: &ActorId) -> Head {
    must("the head of an intact history can be read", store.head(actor, Consistency::Leader).await)
}

/// Asserts that the actor's whole history is `wanted`, by event.
pub(crate) async fn stored(
    contract: &str,
    store: &impl EventStore,
    actor: &ActorId,
    wanted: &[RecordedEvent],
) {
    let seen = history(store, actor).await;
    same(contract, only_events(&seen), only_events(wanted));
    let latest = wanted.last().map_or(Version::INITIAL, |event| event.version());
    same(contract, head(store, actor).await.version, latest);
}

pub(crate) fn only_events(recorded: &[RecordedEvent]) -> Vec<Event> {
    recorded.iter().map(|event| event.event().clone()).collect()
}

pub(crate) fn versions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.version().number()).collect()
}

/// Asserts that positions grow from event to event.
pub(crate) fn positions_increase(events: &[RecordedEvent]) {
    for pair in events.windows(2) {
        holds(
            "positions increase along an actor's history",
            pair[0].position() < pair[1].position(),
            (pair[0].position(), pair[1].position()),
        );
    }
}

/// Waits until `condition` holds, as replicas may need a moment to learn of it.
pub(crate) async fn eventually<T: Debug, R: Future<Output = T>>(
    contract: &str,
    mut look: impl FnMut() -> R,
    condition: impl Fn(&T) -> bool,
) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        let seen = look().await;
        if condition(&seen) {
            return;
        }
        holds(contract, tokio::time::Instant::now() < deadline, seen);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
