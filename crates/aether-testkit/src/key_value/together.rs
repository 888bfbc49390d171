//! Changes that are made together: all of them or none.

use aether_core::key_value::{Change, KeyValue, Revision};
use aether_core::{KeyValueError, SharedKeyValue};
use bytes::Bytes;

use super::fixture::{delete, get, put, text};
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::{holds, same};

/// Opens a store that makes changes together. One that does not must say so, and then the fact is that.
pub(super) async fn able<F: KeyValueUnderTest>(fixture: &Fixture<F>) -> Option<(F::Store, usize)> {
    let store = fixture.open().await;
    if let Some(most) = store.most_changes() {
        holds("a store that makes changes together makes two at least", most >= 2, most);
        return Some((store, most));
    }
    for changes in [Vec::new(), vec![Change::put("a", "1", Revision::NONE)]] {
        let refused = store.change(changes).await;
        let is_it = matches!(refused, Err(KeyValueError::Unsupported(_)));
        holds("who does not make changes together refuses that", is_it, refused);
    }
    same("and changes nothing", get(&store, "a").await, None);
    None
}

/// Makes what must be made.
async fn change(store: &impl KeyValue, changes: &[Change]) -> Vec<Revision> {
    let made = store.change(changes.to_vec()).await;
    made.unwrap_or_else(|error| panic!("{changes:?} can be made, seen: {error:?}"))
}

pub(super) async fn all_are_made<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, _)) = able(&fixture).await else { return };
    let (old, gone) =
        (put(&store, "old", "1", Revision::NONE).await, put(&store, "gone", "1", Revision::NONE).await);
    put(&store, "other", "1", Revision::NONE).await;
    let made = change(
        &store,
        &[
            Change::put("new", "2", Revision::NONE),
            Change::put("old", "2", old),
            Change::delete("gone", gone),
        ],
    )
    .await;
    same("each change has its revision", made.len(), 3);
    for (key, revision) in [("new", made[0]), ("old", made[1])] {
        let entry = get(&store, key).await.expect("what was put is there");
        same("what was put is there", (&entry.value[..], entry.revision), (&b"2"[..], revision));
    }
    holds("revisions rise", made[1] > old, &made);
    same("what was taken away has none", (get(&store, "gone").await, made[2]), (None, Revision::NONE));
    same("no other key is changed", text(&store, "other").await.as_deref(), Some("1"));
    let next = store.put("new", "3".into(), made[0]).await;
    holds("and one goes on from there", next.is_ok(), next);
}

pub(super) async fn nothing_can_be_made<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, _)) = able(&fixture).await else { return };
    same("no changes are made", change(&store, &[]).await, Vec::new());
    let made = change(&store, &[Change::put("a", "1", Revision::NONE)]).await;
    same("nor need there be several", get(&store, "a").await.map(|entry| entry.revision), Some(made[0]));
}

pub(super) async fn a_conflict_on_any_key_leaves_all_others_untouched<F: KeyValueUnderTest>(
    fixture: Fixture<F>,
) {
    let Some((store, _)) = able(&fixture).await else { return };
    let keys = ["a", "b", "c", "d"];
    let mut at = Vec::new();
    for key in &keys[..3] {
        at.push(put(&store, key, "1", Revision::NONE).await);
    }
    at.push(Revision::NONE);
    for (wrong, key) in keys.iter().enumerate() {
        for expected in [Revision::NONE, Revision::new(at[3 - wrong.min(3)].number() + 1000)] {
            if expected == at[wrong] {
                continue;
            }
            let mut changes: Vec<_> =
                keys.iter().zip(&at).map(|(key, at)| Change::put(*key, "x", *at)).collect();
            changes[wrong].expected = expected;
            if wrong == 1 {
                changes[wrong].value = None;
            }
            let refused = store.change(changes).await;
            let is_it = matches!(&refused, Err(KeyValueError::Conflict { key: named, expected: at })
                if named == key && *at == expected);
            holds("a key that stands elsewhere is a conflict, and is named", is_it, refused);
        }
    }
    for key in &keys[..3] {
        same("after it no other key is changed", text(&store, key).await.as_deref(), Some("1"));
    }
    same("nor made", get(&store, "d").await, None);
}

pub(super) async fn a_key_occurs_once<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, _)) = able(&fixture).await else { return };
    let twice = ["a", "b", "a"].map(|key| Change::put(key, "1", Revision::NONE));
    let refused = store.change(twice.to_vec()).await;
    let is_it = matches!(&refused, Err(KeyValueError::RepeatedKey { key }) if key == "a");
    holds("a key that occurs twice is refused, and named", is_it, refused);
    same("and nothing is changed", (get(&store, "a").await, get(&store, "b").await), (None, None));
}

pub(super) async fn as_many_as_it_says_and_no_more<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, most)) = able(&fixture).await else { return };
    let changes = |count: usize| -> Vec<_> {
        (0..count).map(|n| Change::put(format!("k{n}"), n.to_string(), Revision::NONE)).collect()
    };
    let refused = store.change(changes(most + 1)).await;
    let is_it = matches!(&refused, Err(KeyValueError::TooManyChanges { count, limit })
        if *count == most + 1 && *limit == most);
    holds("more than the limit are refused, with both numbers", is_it, refused);
    same("and nothing is changed", get(&store, "k0").await, None);
    let made = change(&store, &changes(most)).await;
    for n in [0, 1, most / 2, most - 1] {
        let entry = get(&store, &format!("k{n}")).await.expect("what was put is there");
        same("each is made", (entry.value, entry.revision), (Bytes::from(n.to_string()), made[n]));
    }
}

pub(super) async fn what_was_deleted_is_nothing<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, _)) = able(&fixture).await else { return };
    for key in ["a", "b"] {
        let revision = put(&store, key, "1", Revision::NONE).await;
        delete(&store, key, revision).await;
    }
    let made = change(
        &store,
        &[
            Change::put("a", "2", Revision::NONE),
            Change::delete("b", Revision::NONE),
            Change::delete("c", Revision::NONE),
            Change::put("d", "2", Revision::NONE),
        ],
    )
    .await;
    for (key, wanted) in [("a", Some("2")), ("b", None), ("c", None), ("d", Some("2"))] {
        same("where a deleted key is, nothing can be expected", text(&store, key).await.as_deref(), wanted);
    }
    let again = change(&store, &[Change::delete("a", made[0]), Change::delete("d", made[3])]).await;
    same("and it can be deleted again", again, vec![Revision::NONE; 2]);
    same("which leaves no keys", super::fixture::keys(&store, "").await, Vec::new());
}

pub(super) async fn a_value_that_is_too_large_leaves_all_others_untouched<F: KeyValueUnderTest>(
    fixture: Fixture<F>,
) {
    let Some((store, _)) = able(&fixture).await else { return };
    let huge = vec![b'x'; fixture.factory.too_many_bytes()];
    let changes = vec![
        Change::put("a", "1", Revision::NONE),
        Change::put("b", huge, Revision::NONE),
        Change::put("c", "1", Revision::NONE),
    ];
    let refused = store.change(changes).await;
    let is_it = matches!(&refused, Err(KeyValueError::TooLarge { key, .. }) if key == "b");
    holds("a value beyond the limit is refused, with its key", is_it, refused);
    for key in ["a", "b", "c"] {
        same("and nothing is changed", get(&store, key).await, None);
    }
    let no_key =
        store.change(vec![Change::put("a", "1", Revision::NONE), Change::put("", "1", Revision::NONE)]);
    let refused = no_key.await;
    holds("no key is refused", matches!(refused, Err(KeyValueError::InvalidKey { .. })), refused);
    same("and nothing is changed", get(&store, "a").await, None);
}

pub(super) async fn odd_keys_and_values_are_kept<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, _)) = able(&fixture).await else { return };
    let value: Bytes = (0..=255).cycle().take(10_000).collect();
    let keys = ["a.b", "a b", "é/*.>", "_kv", "."];
    let changes: Vec<_> = keys.iter().map(|key| Change::put(*key, value.clone(), Revision::NONE)).collect();
    change(&store, &changes).await;
    for key in keys {
        let entry = get(&store, key).await.expect("what was put is there");
        holds("a value is kept byte for byte", entry.value == value, (key, entry.value.len()));
    }
}

pub(super) async fn it_can_be_shared<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let Some((store, most)) = able(&fixture).await else { return };
    let shared = SharedKeyValue::new(store);
    same("a shared handle makes as many together", shared.most_changes(), Some(most));
    let task = tokio::spawn({
        let shared = shared.clone();
        async move { change(&shared, &["a", "b"].map(|key| Change::put(key, "1", Revision::NONE))).await }
    });
    let made = task.await.unwrap();
    same("and they are made", get(&shared, "b").await.map(|entry| entry.revision), Some(made[1]));
}
