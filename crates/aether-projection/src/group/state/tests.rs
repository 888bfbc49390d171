//! What a member may do with its slices, and what its checkpoints cover.

use aether_core::{Event, NewEvent, RawJson};

use super::*;

/// The event with this version of the one actor, which lies at the sequence of the same number.
fn event(version: u64) -> RecordedEvent {
    let content = NewEvent::new("Noted".try_into().unwrap(), RawJson::NULL);
    let event = Event::new(actor(), Version::new(version).unwrap(), content);
    RecordedEvent::of_commit([event], 0, version).next().unwrap()
}

fn actor() -> ActorId {
    ActorId::new("order-1").unwrap()
}

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

fn checkpoint(sequence: u64) -> Checkpoint {
    vec![Position::new(0, sequence, 0, None)].into()
}

/// The state with slice 0, and its subscription.
fn holding(record: SliceRecord) -> (Shared, u64, Turn) {
    let shared = Shared::default();
    let mut state = shared.lock();
    state.take(0, record, Revision::new(1), Instant::now());
    let (run, _) = state.begin_run().unwrap();
    drop(state);
    (shared, run, Turn { slice: 0, token: 1 })
}

fn done(shared: &Shared) -> Option<u64> {
    shared.lock().held[&0].tracker.checkpoint().positions().next().map(Position::sequence)
}

#[test]
fn what_is_passed_over_while_an_actor_goes_on_is_handled_too() {
    let (shared, run, turn) = holding(SliceRecord::new());
    assert_eq!(shared.lock().dispatch(run, 0, &event(1)), Some(turn));
    assert!(shared.park(turn, &[event(1)], "no".to_owned(), 3));
    // It waits, and its slice goes on.
    assert_eq!(shared.lock().dispatch(run, 0, &event(2)), None);
    assert_eq!(done(&shared), Some(2));
    let mut state = shared.lock();
    state.held.get_mut(&0).unwrap().parked.get_mut(&actor()).unwrap().record.wish = Some(Wish::Retry);
    drop(state);
    assert_eq!(shared.wishes(), [(turn, actor(), version(1))]);
    assert!(shared.wishes().is_empty(), "once");
    // Versions 1 and 2 were read of the store; meanwhile another one has come.
    assert_eq!(shared.lock().dispatch(run, 0, &event(3)), None);
    assert!(!shared.unpark(turn, &actor(), version(2)), "3 was passed over");
    // Read again, up to 5, of which 4 and 5 are still to come.
    assert!(shared.unpark(turn, &actor(), version(5)));
    assert_eq!(
        [4, 5].map(|version| shared.lock().dispatch(run, 0, &event(version))),
        [None, None],
        "not twice"
    );
    assert_eq!(shared.lock().dispatch(run, 0, &event(6)), Some(turn));
    assert_eq!(done(&shared), Some(5));
}

#[test]
fn nothing_is_passed_over_for_a_slice_that_is_given_up() {
    let (shared, run, turn) = holding(SliceRecord::new());
    assert_eq!(shared.lock().dispatch(run, 0, &event(1)), Some(turn));
    assert_eq!(shared.start(turn, Duration::from_secs(1)), Permission::Granted(Epoch::new(0)));
    shared.lock().held.get_mut(&0).unwrap().is_leaving = true;
    assert!(!shared.lock().held[&0].can_leave(), "a call is under way");
    shared.end(turn, Some(&event(1).position()));
    assert_eq!(shared.lock().dispatch(run, 0, &event(2)), None);
    shared.lock().read(run, &checkpoint(2));
    assert!(shared.lock().held[&0].can_leave());
    assert_eq!(done(&shared), Some(1));
    assert_eq!(shared.start(turn, Duration::from_secs(1)), Permission::Never);
}

#[test]
fn a_slice_that_was_claimed_again_is_another_one() {
    let (shared, run, turn) = holding(SliceRecord::new());
    assert_eq!(shared.lock().dispatch(run, 0, &event(1)), Some(turn));
    shared.lock().held.clear();
    shared.lock().take(0, SliceRecord::new(), Revision::new(2), Instant::now());
    assert_eq!(shared.start(turn, Duration::from_secs(1)), Permission::Never);
    shared.end(turn, Some(&event(1).position()));
    shared.lock().read(run, &checkpoint(9));
    assert_eq!(done(&shared), None, "what the subscription before has read is nothing to it");
}
