//! Values: what was put is there until it is replaced or deleted.

use aether_core::KeyValueError;
use aether_core::key_value::{KeyValue, Revision};
use bytes::Bytes;

use super::fixture::{delete, get, put, text};
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::{holds, same};

pub(super) async fn nothing_is_there_at_first<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    same("a key that nobody put has no value", get(&store, "a").await, None);
    same("a store that nobody used has no keys", store.keys("").await.unwrap(), Vec::<String>::new());
}

pub(super) async fn what_was_put_is_there<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let revision = put(&store, "a", "1", Revision::NONE).await;
    let entry = get(&store, "a").await.expect("what was put is there");
    same("a value is the one that was put", entry.value, Bytes::from_static(b"1"));
    same("an entry has the revision that its put returned", entry.revision, revision);
}

pub(super) async fn values_are_kept_byte_for_byte<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let value: Bytes = (0..=255).cycle().take(100_000).collect();
    store.put("a", value.clone(), Revision::NONE).await.unwrap();
    let entry = get(&store, "a").await.unwrap();
    holds("a value is kept byte for byte", entry.value == value, entry.value.len());
}

pub(super) async fn an_empty_value_is_a_value<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let revision = put(&store, "a", "", Revision::NONE).await;
    same("an empty value is there", text(&store, "a").await, Some(String::new()));
    put(&store, "a", "1", revision).await;
}

pub(super) async fn a_put_replaces<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let first = put(&store, "a", "1", Revision::NONE).await;
    put(&store, "b", "other", Revision::NONE).await;
    let second = put(&store, "a", "2", first).await;
    let entry = get(&store, "a").await.unwrap();
    same("a put replaces", (&entry.value[..], entry.revision), (&b"2"[..], second));
    same("a put changes no other key", text(&store, "b").await.as_deref(), Some("other"));
}

pub(super) async fn revisions_rise<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let mut last = Revision::NONE;
    for _ in 0..10 {
        let next = put(&store, "a", "x", last).await;
        holds("each change of a key has a higher revision", next > last, (last, next));
        last = next;
    }
    delete(&store, "a", last).await;
    let again = put(&store, "a", "x", Revision::NONE).await;
    holds("a deleted key goes on above its revisions", again > last, (last, again));
}

pub(super) async fn a_deleted_value_is_gone<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let revision = put(&store, "a", "1", Revision::NONE).await;
    put(&store, "b", "2", Revision::NONE).await;
    delete(&store, "a", revision).await;
    same("a deleted value is gone", text(&store, "a").await, None);
    same("a delete changes no other key", text(&store, "b").await.as_deref(), Some("2"));
}

pub(super) async fn a_value_that_is_too_large_is_refused_and_changes_nothing<F: KeyValueUnderTest>(
    fixture: Fixture<F>,
) {
    let store = fixture.open().await;
    let first = put(&store, "a", "1", Revision::NONE).await;
    let huge = Bytes::from(vec![b'x'; fixture.factory.too_many_bytes()]);
    for (key, expected) in [("a", first), ("b", Revision::NONE)] {
        let refused = store.put(key, huge.clone(), expected).await;
        let is_it = matches!(&refused, Err(KeyValueError::TooLarge { key: named, bytes, limit })
            if named == key && *bytes >= huge.len() as u64 && bytes > limit);
        holds("a value beyond the limit is refused, with its size and the limit", is_it, refused);
    }
    same("what was there stays", text(&store, "a").await.as_deref(), Some("1"));
    same("what was not there stays so", text(&store, "b").await, None);
}
