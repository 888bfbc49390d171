//! Handles: all see the same values.

use aether_core::SharedKeyValue;
use aether_core::key_value::{KeyValue, Revision};

use super::fixture::{conflict, delete, keys, put, text};
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::same;

pub(super) async fn another_handle_sees_it<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let one = fixture.open().await;
    put(&one, "a", "1", Revision::NONE).await;
    let other = fixture.open().await;
    same("another handle sees what was put", text(&other, "a").await.as_deref(), Some("1"));
    let revision = other.get("a").await.unwrap().unwrap().revision;
    delete(&other, "a", revision).await;
    same("and the first what became of it", text(&one, "a").await, None);
}

pub(super) async fn another_handle_changes_it<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let (one, other) = (fixture.open().await, fixture.open().await);
    let first = put(&one, "a", "1", Revision::NONE).await;
    put(&other, "a", "2", first).await;
    conflict("a handle that was overtaken is refused", one.put("a", "x".into(), first).await);
    same("and changes nothing", text(&one, "a").await.as_deref(), Some("2"));
}

pub(super) async fn stores_have_their_own<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let (one, other) = (fixture.open().await, fixture.open_other("-other").await);
    put(&one, "a", "1", Revision::NONE).await;
    same("another store has its own values", text(&other, "a").await, None);
    same("and keys", keys(&other, "").await, Vec::new());
}

pub(super) async fn it_can_be_shared<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = SharedKeyValue::new(fixture.open().await);
    let task = tokio::spawn({
        let store = store.clone();
        async move { put(&store, "a", "1", Revision::NONE).await }
    });
    let revision = task.await.unwrap();
    same("a shared handle is one", text(&store, "a").await.as_deref(), Some("1"));
    delete(&store, "a", revision).await;
    same("for every operation", keys(&store, "").await, Vec::new());
}
