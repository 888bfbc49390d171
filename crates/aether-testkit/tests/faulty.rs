//! The faulty store does what it says, and what is built on stores survives it.

#![allow(clippy::unwrap_used, clippy::panic)] // Also in the helpers, which are no test functions.

use std::time::Duration;

use aether_core::error::{AppendError, ReadError, SnapshotError};
use aether_core::fold::UpdateError;
use aether_core::{
    ActorId, EventStore, EventStoreExt, Expected, Loaded, Loader, NewEvent, RawJson, RetryPolicy, Snapshot,
    SnapshotOutcome, SnapshotStore, State, Version,
};
use aether_testkit::FaultyStore;
use aether_testkit::faulty::{Fault, InjectedFault, Operation, Rates};
use aether_testkit::reference::ReferenceStore;
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
enum CounterEvent {
    Added { by: u64 },
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Counter {
    total: u64,
}

impl State for Counter {
    type Event = CounterEvent;

    fn apply(&mut self, CounterEvent::Added { by }: CounterEvent) {
        self.total += by;
    }
}

type Counters = Loader<Counter, FaultyStore<ReferenceStore>>;

fn counters() -> Counters {
    Loader::new(FaultyStore::new(ReferenceStore::new()))
}

fn actor() -> ActorId {
    ActorId::new("counter-1").unwrap()
}

fn added(by: u64) -> NewEvent {
    NewEvent::encode(&CounterEvent::Added { by }).unwrap()
}

/// Adds 1 and returns the outcome, and how often it was decided.
async fn add(counters: &Counters) -> (Result<Loaded<Counter>, UpdateError<std::convert::Infallible>>, u32) {
    let (retry, mut decided) = (RetryPolicy::default().delays(Duration::ZERO, Duration::ZERO), 0);
    let decide = |_: &Loaded<Counter>| {
        decided += 1;
        Ok(vec![added(1)])
    };
    let outcome = counters.update(&actor(), &retry, |_| std::future::ready(()), decide).await;
    (outcome, decided)
}

async fn stored(counters: &Counters) -> usize {
    counters.store().inner().read_all(&actor(), Version::FIRST).await.unwrap().len()
}

#[tokio::test]
async fn an_update_whose_acks_are_dropped_is_decided_and_stored_once() {
    let counters = counters();
    counters.store().drop_ack(3);
    let (outcome, decided) = add(&counters).await;
    assert_eq!((outcome.unwrap().state().total, decided, stored(&counters).await), (1, 1, 1));
    assert_eq!(counters.store().injected().dropped_acks, 3);
}

#[tokio::test]
async fn an_update_that_is_lost_on_the_way_is_decided_and_stored_once() {
    let counters = counters();
    counters.store().lose(3);
    let (outcome, decided) = add(&counters).await;
    assert_eq!((outcome.unwrap().state().total, decided, stored(&counters).await), (1, 1, 1));
    assert_eq!(counters.store().injected().lost, 3);
}

#[tokio::test]
async fn an_update_is_decided_again_after_a_conflict_only() {
    let (counters, retry) = (counters(), RetryPolicy::default());
    let mut seen = Vec::new();
    let decide = |loaded: &Loaded<Counter>| {
        seen.push(loaded.version().number());
        if seen.len() == 1 {
            // Another writer is first; the reference store never waits.
            let actor = actor();
            let rival = counters.store().inner().append(&actor, Expected::NoEvents, [added(10)]);
            rival.now_or_never().unwrap().unwrap();
            counters.store().drop_ack(1);
        }
        Ok::<_, std::convert::Infallible>(vec![added(1)])
    };
    let outcome = counters.update(&actor(), &retry, |_| std::future::ready(()), decide).await.unwrap();
    assert_eq!((outcome.state().total, seen), (11, vec![0, 1]));
}

#[tokio::test]
async fn an_unknown_outcome_that_outlasts_the_retries_is_reported_and_stored_at_most_once() {
    let counters = counters();
    counters.store().drop_ack(100);
    let (outcome, decided) = add(&counters).await;
    assert!(matches!(outcome, Err(UpdateError::Append(AppendError::Unknown(_)))));
    assert_eq!((decided, stored(&counters).await), (1, 1));
}

#[tokio::test]
async fn an_unknown_outcome_is_not_hidden_by_a_store_that_is_unavailable_afterwards() {
    let counters = counters();
    counters.store().drop_ack(1);
    counters.store().fail_next(Operation::Append);
    let (outcome, _) = add(&counters).await;
    // Of every other error the contract says that nothing is in the log.
    let known = matches!(outcome, Ok(_) | Err(UpdateError::Append(AppendError::Unknown(_))));
    assert!(known || stored(&counters).await == 0, "{outcome:?}");
}

#[tokio::test]
async fn under_random_faults_every_update_that_succeeded_is_stored_once() {
    for seed in 0..40 {
        let rates =
            Rates::none().unavailable(0.05).drop_ack(0.2).lose(0.2).delay(0.1, Duration::from_micros(50));
        let store = FaultyStore::new(ReferenceStore::new()).with_rates(seed, rates);
        let counters = Loader::new(store).policy(aether_core::SnapshotPolicy::every_events(3));
        let (mut succeeded, mut unknown) = (0, 0);
        for _ in 0..20 {
            match add(&counters).await.0 {
                Ok(_) => succeeded += 1,
                Err(UpdateError::Append(AppendError::Unknown(_))) => unknown += 1,
                Err(_) => {}
            }
        }
        counters.store().heal();
        let total = counters.load(&actor()).await.unwrap().state().total;
        assert!((succeeded..=succeeded + unknown).contains(&total), "{total}, {succeeded}, {unknown}");
        assert_eq!(total as usize, stored(&counters).await);
        assert!(counters.store().injected().lost > 0);
    }
}

#[tokio::test]
async fn a_dropped_ack_of_any_says_the_version_to_repeat_it_at() {
    let store = FaultyStore::new(ReferenceStore::new());
    store.append(&actor(), Expected::Any, [added(1), added(2)]).await.unwrap();
    for (fault, stored) in [(Fault::DropAck, 3), (Fault::Lose, 3)] {
        let ours = added(3);
        let before = store.latest_version(&actor()).await.unwrap();
        store.inject(Operation::Append, fault);
        let error = store.append(&actor(), Expected::Any, [ours.clone()]).await.unwrap_err();
        let expected = error.unknown().unwrap().expected;
        assert_eq!(expected, Expected::Exactly(before));
        let again = store.append(&actor(), expected, [ours]).await.unwrap();
        assert_eq!(again.already_stored, fault == Fault::DropAck);
        assert!(again.version.number() >= stored);
    }
}

#[tokio::test]
async fn what_is_unavailable_is_not_done() {
    let store = FaultyStore::new(ReferenceStore::new());
    for operation in
        [Operation::Append, Operation::Claim, Operation::Head, Operation::Read, Operation::SaveSnapshot]
    {
        store.fail_next(operation);
    }
    let append = store.append(&actor(), Expected::Any, [added(1)]).await.unwrap_err();
    let AppendError::Unavailable(unavailable) = append else { panic!("{append}") };
    assert!(unavailable.source.unwrap().downcast_ref::<InjectedFault>().is_some());
    assert!(store.claim(&actor(), aether_core::Epoch::new(1)).await.is_err());
    assert!(store.latest_version(&actor()).await.is_err());
    assert!(matches!(store.read_all(&actor(), Version::FIRST).await, Err(ReadError::Unavailable(_))));
    let snapshot = Snapshot::new(actor(), Version::FIRST, RawJson::NULL);
    assert!(matches!(store.save_snapshot(snapshot.clone()).await, Err(SnapshotError::Unavailable(_))));
    assert_eq!(store.injected().unavailable, 5);

    assert_eq!(store.head(&actor(), Default::default()).await.unwrap(), Default::default());
    assert_eq!(store.latest_snapshot(&actor()).await.unwrap(), None);
    assert_eq!(store.save_snapshot(snapshot).await.unwrap(), SnapshotOutcome::Saved);
}

#[tokio::test]
async fn a_snapshot_whose_ack_is_dropped_is_saved_and_one_that_is_lost_is_not() {
    let store = FaultyStore::new(ReferenceStore::new());
    let at = |number| Snapshot::new(actor(), Version::new(number).unwrap(), RawJson::NULL);
    store.inject(Operation::SaveSnapshot, Fault::DropAck);
    assert!(matches!(store.save_snapshot(at(1)).await, Err(SnapshotError::Unknown { .. })));
    store.inject(Operation::SaveSnapshot, Fault::Lose);
    assert!(matches!(store.save_snapshot(at(2)).await, Err(SnapshotError::Unknown { .. })));
    assert_eq!(store.latest_snapshot(&actor()).await.unwrap().unwrap().version, Version::FIRST);
}

#[tokio::test]
async fn a_claim_whose_ack_is_dropped_is_kept() {
    let store = FaultyStore::new(ReferenceStore::new());
    store.append(&actor(), Expected::Any, [added(1)]).await.unwrap();
    for (fault, epoch) in [(Fault::Lose, None), (Fault::DropAck, Some(aether_core::Epoch::new(1)))] {
        store.inject(Operation::Claim, fault);
        let error = store.claim(&actor(), aether_core::Epoch::new(1)).await.unwrap_err();
        assert_eq!(error.unknown().unwrap().expected, Expected::Exactly(Version::FIRST));
        assert_eq!(store.head(&actor(), Default::default()).await.unwrap().epoch, epoch);
    }
}

#[tokio::test]
async fn a_cut_read_says_so() {
    let store = FaultyStore::new(ReferenceStore::new());
    store.append(&actor(), Expected::Any, [added(1), added(2), added(3)]).await.unwrap();
    store.cut_read(2);
    let read: Vec<_> = store.read(&actor(), Version::FIRST).collect().await;
    assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(store.read_all(&actor(), Version::FIRST).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_invalid_append_is_refused_although_its_ack_was_to_be_dropped() {
    let store = FaultyStore::new(ReferenceStore::new());
    store.drop_ack(1);
    assert!(matches!(store.append(&actor(), Expected::Any, []).await, Err(AppendError::Invalid(_))));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_is_done_late() {
    let (store, delay, start) =
        (FaultyStore::new(ReferenceStore::new()), Duration::from_secs(60), tokio::time::Instant::now());
    for operation in [Operation::Append, Operation::Head, Operation::Read] {
        store.delay_next(operation, delay);
    }
    store.append(&actor(), Expected::Any, [added(1)]).await.unwrap();
    assert!(start.elapsed() >= delay);
    store.latest_version(&actor()).await.unwrap();
    assert_eq!(store.read_all(&actor(), Version::FIRST).await.unwrap().len(), 1);
    assert!(start.elapsed() >= delay * 3);
    assert_eq!(store.injected().delayed, 3);
}
