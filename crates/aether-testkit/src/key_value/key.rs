//! Keys: any text, each on its own.

use aether_core::KeyValueError;
use aether_core::key_value::{KeyValue, Revision};

use super::fixture::{delete, keys, put, text};
use super::{Fixture, KeyValueUnderTest};
use crate::suite::check::{holds, same};

/// Keys that a store might take for something else, or for each other.
const ODD: &[&str] = &[
    "a",
    "A",
    "a ",
    " a",
    "a.b",
    "a.",
    ".a",
    "a..b",
    "a.=b",
    ".",
    "..",
    "=",
    "==",
    "=41",
    "a=2Eb",
    "*",
    ">",
    "a.*",
    "a.>",
    "$KV",
    "_kv",
    "_kv.x",
    "%41",
    "a/b",
    "a\\b",
    "/",
    "-",
    "\u{e9}",
    "e\u{301}",
    "\u{10ffff}",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "{}",
    "\"",
    "a,b",
    "DEL",
    "null",
];

pub(super) async fn no_text_and_a_long_one_are_no_keys<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let longest = "é".repeat(KeyValueError::KEY_LIMIT / 2);
    for bad in [String::new(), format!("{longest}x")] {
        let results = [
            store.get(&bad).await.map(drop),
            store.put(&bad, "x".into(), Revision::NONE).await.map(drop),
            store.delete(&bad, Revision::NONE).await,
        ];
        let are_refused = results.iter().all(|r| matches!(r, Err(KeyValueError::InvalidKey { .. })));
        holds("a key has 1 to 512 bytes", are_refused, results);
    }
    put(&store, &longest, "1", Revision::NONE).await;
    same("a key of 512 bytes is a key", text(&store, &longest).await.as_deref(), Some("1"));
    same("and is listed", keys(&store, "éé").await, vec![longest]);
    let dots = ".".repeat(KeyValueError::KEY_LIMIT);
    put(&store, &dots, "2", Revision::NONE).await;
    same("of dots alone, too", text(&store, &dots).await.as_deref(), Some("2"));
    let tokens = "a.".repeat(KeyValueError::KEY_LIMIT / 2);
    put(&store, &tokens, "3", Revision::NONE).await;
    same("and of many parts", text(&store, &tokens).await.as_deref(), Some("3"));
}

pub(super) async fn odd_keys_have_nothing_in_common<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    for key in ODD {
        put(&store, key, key, Revision::NONE).await;
    }
    for key in ODD {
        same("each key has its own value", text(&store, key).await.as_deref(), Some(*key));
    }
    let mut all: Vec<String> = ODD.iter().map(|key| (*key).to_owned()).collect();
    all.sort();
    same("keys are listed as they are", keys(&store, "").await, all);
}

pub(super) async fn keys_are_listed_by_prefix<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    for key in ["group.", "group.a", "group.a.1", "group", "groups.a", "Group.a", "x.group.a"] {
        put(&store, key, "x", Revision::NONE).await;
    }
    same(
        "a prefix is text",
        keys(&store, "group.").await,
        ["group.", "group.a", "group.a.1"].map(str::to_owned).to_vec(),
    );
    same("of any end", keys(&store, "group.a.").await, vec!["group.a.1".to_owned()]);
    same("not a pattern", keys(&store, "*").await, Vec::new());
    same("of any length", keys(&store, &"g".repeat(1000)).await, Vec::new());
    same("no prefix is all", keys(&store, "").await.len(), 7);
}

pub(super) async fn deleted_keys_are_not_listed<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let first = put(&store, "a", "1", Revision::NONE).await;
    put(&store, "b", "1", Revision::NONE).await;
    delete(&store, "a", first).await;
    same("a deleted key is not listed", keys(&store, "").await, vec!["b".to_owned()]);
    put(&store, "a", "2", Revision::NONE).await;
    same("one that was put again is", keys(&store, "").await, vec!["a".to_owned(), "b".to_owned()]);
}

pub(super) async fn many_keys_are_listed<F: KeyValueUnderTest>(fixture: Fixture<F>) {
    let store = fixture.open().await;
    let wanted: Vec<String> = (0..1000).map(|n| format!("k.{n:04}")).collect();
    for key in &wanted {
        put(&store, key, "x", Revision::NONE).await;
    }
    same("all keys are listed", keys(&store, "k.").await, wanted);
}
