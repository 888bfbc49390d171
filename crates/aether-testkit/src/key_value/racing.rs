//! Races: one moment for all callers everywhere.

use std::sync::Arc;

use aether_core::KeyValueError;
use aether_core::key_value::{KeyValue, Revision};
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::fixture::{get, put, text};
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::{holds, same};

const WRITERS: usize = 8;
const ROUNDS: usize = 10;

/// Has all handles put at once, each its number, and returns who won, and how often the others were refused.
async fn race<S: KeyValue>(
    handles: &[Arc<S>],
    key: &str,
    expected: Revision,
) -> Vec<Result<Revision, KeyValueError>> {
    let barrier = Arc::new(Barrier::new(handles.len()));
    let tasks = handles.iter().enumerate().map(|(number, handle)| {
        let (handle, barrier, key) = (Arc::clone(handle), Arc::clone(&barrier), key.to_owned());
        tokio::spawn(async move {
            barrier.wait().await;
            handle.put(&key, Bytes::from(number.to_string()), expected).await
        })
    });
    join_all(tasks).await.into_iter().map(|task| task.expect("no put panics")).collect()
}

async fn handles<F: KeyValueUnderTest>(fixture: &Fixture<F>) -> Vec<Arc<F::Store>> {
    let mut handles = Vec::new();
    for _ in 0..WRITERS {
        handles.push(Arc::new(fixture.open().await));
    }
    handles
}

/// Asserts that one won, the others had a conflict, and what the winner put is there.
async fn one_won<S: KeyValue>(store: &S, key: &str, results: &[Result<Revision, KeyValueError>]) -> Revision {
    let winners: Vec<usize> = (0..results.len()).filter(|n| results[*n].is_ok()).collect();
    holds("of racing writers exactly one wins", winners.len() == 1, results);
    let conflicts = results.iter().filter(|r| matches!(r, Err(KeyValueError::Conflict { .. }))).count();
    holds("the others are told of a conflict", conflicts == results.len() - 1, results);
    let won = *results[winners[0]].as_ref().unwrap();
    let entry = get(store, key).await.expect("what was put is there");
    let seen = String::from_utf8_lossy(&entry.value).into_owned();
    same("what the winner put is there", (seen, entry.revision), (winners[0].to_string(), won));
    won
}

pub(super) async fn of_first_writers_one_wins<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let handles = handles(&fixture).await;
    for round in 0..ROUNDS {
        let key = format!("first-{round}");
        let results = race(&handles, &key, Revision::NONE).await;
        one_won(&*handles[0], &key, &results).await;
    }
}

pub(super) async fn of_writers_with_one_revision_one_wins<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let handles = handles(&fixture).await;
    let mut at = put(&*handles[0], "a", "begin", Revision::NONE).await;
    for _ in 0..ROUNDS {
        let results = race(&handles, "a", at).await;
        at = one_won(&*handles[0], "a", &results).await;
    }
}

pub(super) async fn of_a_put_and_a_delete_one_wins<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let (one, other) = (fixture.open().await, fixture.open().await);
    for round in 0..ROUNDS {
        let key = format!("k-{round}");
        let at = put(&one, &key, "begin", Revision::NONE).await;
        let (put, deleted) = tokio::join!(one.put(&key, "put".into(), at), other.delete(&key, at));
        holds("of a put and a delete one wins", put.is_ok() != deleted.is_ok(), (&put, &deleted));
        same("and is what is there", text(&one, &key).await.is_some(), put.is_ok());
    }
}

pub(super) async fn increments_are_not_lost<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let handles = handles(&fixture).await;
    put(&*handles[0], "n", "0", Revision::NONE).await;
    let tasks = handles.iter().map(|handle| {
        let handle = Arc::clone(handle);
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                increment(&*handle).await;
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(|task| task.expect("no increment panics"));
    let wanted = (WRITERS * ROUNDS).to_string();
    same("no increment is lost", text(&*handles[0], "n").await, Some(wanted));
}

async fn increment(store: &impl KeyValue) {
    loop {
        let entry = get(store, "n").await.unwrap();
        let number: u64 = std::str::from_utf8(&entry.value).unwrap().parse().unwrap();
        match store.put("n", (number + 1).to_string().into(), entry.revision).await {
            Ok(_) => return,
            Err(KeyValueError::Conflict { .. }) => {}
            Err(error) => panic!("an increment succeeds or conflicts, seen: {error:?}"),
        }
    }
}
