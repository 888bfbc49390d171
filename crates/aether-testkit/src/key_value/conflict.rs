//! Conflicts: only who knows where a key stands changes it.

use aether_core::key_value::{KeyValue, Revision};

use super::fixture::{conflict, delete, get, put, text};
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::{holds, same};

pub(super) async fn the_first_put_expects_nothing<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let result = store.put("a", "1".into(), Revision::new(7)).await;
    conflict("where nothing is, only nothing can be expected", result);
    same("a conflict changes nothing", get(&store, "a").await, None);
}

pub(super) async fn a_put_elsewhere_changes_nothing<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let first = put(&store, "a", "1", Revision::NONE).await;
    let second = put(&store, "a", "2", first).await;
    for expected in [Revision::NONE, first, Revision::new(second.number() + 1)] {
        conflict("a put where the key does not stand is refused", store.put("a", "x".into(), expected).await);
    }
    let entry = get(&store, "a").await.unwrap();
    same("a conflict changes nothing", (&entry.value[..], entry.revision), (&b"2"[..], second));
}

pub(super) async fn a_delete_elsewhere_changes_nothing<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let first = put(&store, "a", "1", Revision::NONE).await;
    let second = put(&store, "a", "2", first).await;
    for expected in [Revision::NONE, first, Revision::new(second.number() + 1)] {
        conflict("a delete where the key does not stand is refused", store.delete("a", expected).await);
    }
    same("a conflict changes nothing", get(&store, "a").await.map(|entry| entry.revision), Some(second));
}

pub(super) async fn what_is_not_there_can_be_deleted_as_that<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    delete(&store, "a", Revision::NONE).await;
    conflict("where nothing is, nothing else can be deleted", store.delete("a", Revision::new(3)).await);
    let revision = put(&store, "a", "1", Revision::NONE).await;
    delete(&store, "a", revision).await;
    delete(&store, "a", Revision::NONE).await;
    same("it is still not there", get(&store, "a").await, None);
}

pub(super) async fn after_a_delete_nothing_is_there_to_expect<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let revision = put(&store, "a", "1", Revision::NONE).await;
    delete(&store, "a", revision).await;
    conflict("a deleted value's revision is past", store.put("a", "x".into(), revision).await);
    conflict("it cannot be deleted again", store.delete("a", revision).await);
    same("it stays deleted", get(&store, "a").await, None);
}

pub(super) async fn a_deleted_key_can_be_put_again<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    for round in ["1", "2", "3"] {
        let revision = put(&store, "a", round, Revision::NONE).await;
        same("it is there", text(&store, "a").await.as_deref(), Some(round));
        conflict("and is not nothing", store.put("a", "x".into(), Revision::NONE).await);
        delete(&store, "a", revision).await;
    }
}

pub(super) async fn an_old_revision_never_comes_back<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let first = put(&store, "a", "1", Revision::NONE).await;
    delete(&store, "a", first).await;
    let second = put(&store, "a", "1", Revision::NONE).await;
    holds("the same value put again is another one", second != first, (first, second));
    conflict("who knew the first does not know the second", store.put("a", "x".into(), first).await);
}
