//! Races of changes that are made together.

use std::sync::Arc;

use aether_core::KeyValueError;
use aether_core::key_value::{Change, KeyValue, Revision};
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::fixture::{get, put, text};
use super::together::able;
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::{holds, same};

const WRITERS: usize = 6;
const ROUNDS: usize = 5;

pub(super) async fn of_changes_that_overlap_one_wins_as_a_whole<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, _)) = able(&fixture).await else { return };
    for round in 0..ROUNDS {
        let middle = format!("{round}-middle");
        let at = put(&store, &middle, "begin", Revision::NONE).await;
        let barrier = Arc::new(Barrier::new(WRITERS));
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let (handle, barrier) = (fixture.open().await, Arc::clone(&barrier));
            let keys = [format!("{round}-left-{writer}"), middle.clone(), format!("{round}-right-{writer}")];
            tasks.push(tokio::spawn(async move {
                let changes = keys.map(|key| {
                    let expected = if key.ends_with("middle") { at } else { Revision::NONE };
                    Change::put(key, writer.to_string(), expected)
                });
                barrier.wait().await;
                handle.change(changes.to_vec()).await
            }));
        }
        let results: Vec<_> = join_all(tasks).await.into_iter().map(|task| task.expect("no panic")).collect();
        let winners: Vec<_> = (0..WRITERS).filter(|n| results[*n].is_ok()).collect();
        holds("of changes that overlap exactly one wins", winners.len() == 1, &results);
        let conflicts = results.iter().filter(|r| matches!(r, Err(KeyValueError::Conflict { .. }))).count();
        holds("the others are told of a conflict", conflicts == WRITERS - 1, &results);
        let winner = winners[0].to_string();
        same("what the winner put is there", text(&store, &middle).await, Some(winner.clone()));
        for writer in 0..WRITERS {
            for side in ["left", "right"] {
                let seen = text(&store, &format!("{round}-{side}-{writer}")).await;
                let wanted = (writer.to_string() == winner).then(|| winner.clone());
                same("the winner's changes are all made, and no other's", seen, wanted);
            }
        }
    }
}

pub(super) async fn what_is_moved_from_key_to_key_is_neither_lost_nor_doubled<F: KeyValueUnderTest>(
    fixture: Fixture<F>,
) {
    let Some((store, _)) = able(&fixture).await else { return };
    let keys = ["a", "b", "c"];
    for key in keys {
        put(&store, key, "100", Revision::NONE).await;
    }
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let handle = fixture.open().await;
        let (from, to) = (keys[writer % 3], keys[(writer + 1 + writer / 3) % 3]);
        tasks.push(tokio::spawn(async move {
            for _ in 0..ROUNDS {
                transfer(&handle, from, to).await;
            }
        }));
    }
    join_all(tasks).await.into_iter().for_each(|task| task.expect("no transfer panics"));
    let mut sum = 0;
    for key in keys {
        sum += number(&store, key).await.0;
    }
    same("what is moved is neither lost nor doubled", sum, 300);
}

pub(super) async fn who_sees_one_sees_all<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, most)) = able(&fixture).await else { return };
    let reader = fixture.open().await;
    let last = format!("k{}", most - 1);
    let mut at = vec![Revision::NONE; most];
    for round in 0..ROUNDS {
        let value = round.to_string();
        let changes: Vec<_> = (0..most).map(|n| Change::put(format!("k{n}"), value.clone(), at[n])).collect();
        let looks = async {
            while text(&reader, "k0").await.as_ref() != Some(&value) {
                tokio::task::yield_now().await;
            }
            text(&reader, &last).await
        };
        let (made, seen) = tokio::join!(store.change(changes), looks);
        at = made.unwrap_or_else(|error| panic!("they can be made, seen: {error:?}"));
        same("who sees the first of many changes sees the last", seen, Some(value.clone()));
    }
}

async fn number(store: &impl KeyValue, key: &str) -> (i64, Revision) {
    let entry = get(store, key).await.unwrap();
    (std::str::from_utf8(&entry.value).unwrap().parse().unwrap(), entry.revision)
}

async fn transfer(store: &impl KeyValue, from: &str, to: &str) {
    loop {
        let ((less, here), (more, there)) = (number(store, from).await, number(store, to).await);
        let changes = vec![
            Change::put(from, (less - 1).to_string(), here),
            Change::put(to, (more + 1).to_string(), there),
        ];
        match store.change(changes).await {
            Ok(_) => return,
            Err(KeyValueError::Conflict { .. }) => {}
            Err(error) => panic!("a transfer succeeds or conflicts, seen: {error:?}"),
        }
    }
}
