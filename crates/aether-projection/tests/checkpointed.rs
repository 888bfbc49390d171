//! A handler whose checkpoint is kept for it: at least once, by one runner at a time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_core::key_value::{Entry, KeyValue, Revision};
use aether_core::{KeyValueError, RecordedEvent, RetryPolicy};
use aether_projection::{
    Batch, CheckpointStore, Checkpointed, CheckpointedError, ErrorPolicy, Handler, KeyValueCheckpoints, Mode,
    Projection, Projector, ProjectorError, handler_fn,
};
use aether_store_memory::{MemoryKeyValue, MemoryStore};
use common::{append, eventually};

type Handled = Arc<Mutex<Vec<u64>>>;

fn noting(handled: &Handled) -> impl Handler<Error = &'static str> + use<> {
    let handled = Arc::clone(handled);
    handler_fn(move |event: &RecordedEvent, _: Mode| {
        handled.lock().unwrap().push(event.position().sequence());
        Ok(())
    })
}

fn checkpointed<K: KeyValue + Clone>(
    handled: &Handled,
    kv: &K,
) -> impl Projection<Error = CheckpointedError> + use<K> {
    Checkpointed::new(noting(handled), KeyValueCheckpoints::new(kv.clone()), "notes")
}

fn sequences(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

#[tokio::test]
async fn it_goes_on_from_what_is_recorded() {
    let (store, kv, handled) = (MemoryStore::new(), MemoryKeyValue::new(), Handled::default());
    let projector = Projector::new("notes", store.clone()).batch_size(3);
    for round in 0..4_u32 {
        append(&store, round * 10..(round + 1) * 10).await;
        let running = projector.start(checkpointed(&handled, &kv));
        running.wait_until_caught_up().await.unwrap();
        running.stop().await.unwrap();
    }
    assert_eq!(*handled.lock().unwrap(), sequences(1..=40));
    let saved = KeyValueCheckpoints::new(kv).load("notes").await.unwrap().unwrap();
    assert!(saved.record.checkpoint.positions().all(|position| position.sequence() == 40));
}

#[tokio::test]
async fn a_second_runner_takes_over_and_the_first_handles_no_further_batch() {
    let (store, kv) = (MemoryStore::new(), MemoryKeyValue::new());
    let (one, other) = (Handled::default(), Handled::default());
    // Tried again and again, a runner must not take over in turn.
    let retry =
        RetryPolicy::default().attempts(1000).delays(Duration::from_millis(1), Duration::from_millis(1));
    let projector = Projector::new("notes", store.clone()).batch_size(2).on_error(ErrorPolicy::retry(retry));
    let first = projector.start(checkpointed(&one, &kv));
    first.wait_until_caught_up().await.unwrap();
    let second = projector.start(checkpointed(&other, &kv));
    second.wait_until_caught_up().await.unwrap();
    append(&store, 0..20).await;
    eventually("the first gives way", || first.failure().is_some()).await;
    assert!(matches!(&*first.failure().unwrap(), ProjectorError::Superseded(_)), "{:?}", first.failure());
    eventually("the second handles all", || other.lock().unwrap().len() == 20).await;
    assert_eq!(*other.lock().unwrap(), sequences(1..=20));
    assert!(one.lock().unwrap().len() <= 2, "one batch at most was handled by both");
    assert!(second.failure().is_none());
}

#[tokio::test]
async fn what_was_handled_before_a_failure_is_not_handled_again() {
    let (store, kv, handled) = (MemoryStore::new(), MemoryKeyValue::new(), Handled::default());
    append(&store, 0..10).await;
    let mut failures = 3;
    let noted = Arc::clone(&handled);
    let handler = handler_fn(move |event: &RecordedEvent, _: Mode| {
        let sequence = event.position().sequence();
        if sequence == 5 && failures > 0 {
            failures -= 1;
            return Err("not yet");
        }
        noted.lock().unwrap().push(sequence);
        Ok(())
    });
    let retry = RetryPolicy::default().delays(Duration::from_millis(1), Duration::from_millis(1));
    let projector = Projector::new("notes", store).on_error(ErrorPolicy::retry(retry));
    let running = projector.start(Checkpointed::new(handler, KeyValueCheckpoints::new(kv), "notes"));
    let status = running.wait_until_caught_up().await.unwrap();
    assert_eq!((status.failures, handled.lock().unwrap().clone()), (3, sequences(1..=10)));
}

/// Makes changes and loses the answers to some.
#[derive(Clone)]
struct Losing(MemoryKeyValue, Arc<Mutex<Vec<bool>>>);

impl KeyValue for Losing {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        self.0.get(key).await
    }

    async fn put(
        &self,
        key: &str,
        value: bytes::Bytes,
        expected: Revision,
    ) -> Result<Revision, KeyValueError> {
        let put = self.0.put(key, value, expected).await;
        match self.1.lock().unwrap().pop() {
            Some(true) => Err(KeyValueError::Unknown { key: key.to_owned(), source: None }),
            _ => put,
        }
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        self.0.delete(key, expected).await
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        self.0.keys(prefix).await
    }
}

#[tokio::test]
async fn a_record_whose_answer_was_lost_is_known_by_its_runner() {
    let (store, handled) = (MemoryStore::new(), Handled::default());
    append(&store, 0..10).await;
    let losses = Arc::new(Mutex::new(vec![true, false, true, true]));
    let kv = Losing(MemoryKeyValue::new(), losses);
    let retry = RetryPolicy::default().delays(Duration::from_millis(1), Duration::from_millis(1));
    let projector = Projector::new("notes", store).batch_size(3).on_error(ErrorPolicy::retry(retry));
    let running = projector.start(checkpointed(&handled, &kv));
    running.wait_until_caught_up().await.unwrap();
    assert_eq!(*handled.lock().unwrap(), sequences(1..=10));
}

#[tokio::test]
async fn who_begins_anew_has_no_checkpoint() {
    let kv = MemoryKeyValue::new();
    let mut projection = checkpointed(&Handled::default(), &kv);
    assert_eq!(projection.checkpoint().await.unwrap(), None);
    assert_eq!(projection.checkpoint().await.unwrap(), None);
    let mut other = checkpointed(&Handled::default(), &kv);
    assert_eq!(other.checkpoint().await.unwrap(), None);
    // To look again is not to take over again.
    assert!(projection.checkpoint().await.is_err());
    assert_eq!(other.checkpoint().await.unwrap(), None);
    let batch = Batch::new(Vec::new(), aether_core::Checkpoint::default(), Mode::Live);
    let error = projection.apply(&batch).await.unwrap_err();
    assert!(matches!(error, CheckpointedError::Checkpoint(_)), "{error}");
    other.apply(&batch).await.unwrap();
}
