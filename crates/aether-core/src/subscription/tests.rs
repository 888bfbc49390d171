//! What a subscription makes of what stores say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_core::stream::FusedStream;
use futures_util::{FutureExt, StreamExt, stream};

use super::stream::STEPS;
use super::{Delivery, Filter, Step, Subscription};
use crate::error::{ReplayError, SubscriptionError, Unavailable};
use crate::upcast::Upcast;
use crate::{
    ActorId, Checkpoint, Event, EventId, NewEvent, Position, RawJson, RecordedEvent, SchemaVersion,
    Upcasters, Version,
};

type Steps = Vec<Result<Step, SubscriptionError>>;

fn event(actor: &str, kind: &str, sequence: u64, index: u32) -> RecordedEvent {
    let content = NewEvent::new(kind.try_into().unwrap(), RawJson::NULL)
        .with_id(EventId::as_read(format!("{sequence}.{index}")));
    let event = Event::new(ActorId::new(actor).unwrap(), Version::FIRST, content);
    RecordedEvent::new(event, 0, sequence, index)
}

fn step(sequence: u64, index: u32) -> Result<Step, SubscriptionError> {
    Ok(Step::Event(event("a-1", "T", sequence, index)))
}

fn of(filter: Filter, from: &Checkpoint, steps: Steps) -> Subscription {
    Subscription::new(filter, from, stream::iter(steps))
}

fn any(steps: Steps) -> Subscription {
    of(Filter::any(), &Checkpoint::default(), steps)
}

/// What comes, until nothing comes any more: places, `mark` and errors.
fn seen(subscription: &mut Subscription) -> Vec<String> {
    let text = |item: Result<Delivery, SubscriptionError>| match item {
        Ok(Delivery::Event(event)) => {
            format!("{}.{}", event.position().sequence(), event.position().index())
        }
        Ok(Delivery::CaughtUp) => "mark".to_owned(),
        Err(error) => error.to_string().chars().take(12).collect(),
    };
    subscription.map(text).collect::<Vec<_>>().now_or_never().unwrap()
}

fn at(sequence: u64, index: u32) -> Checkpoint {
    vec![event("a-1", "T", sequence, index).position()].into()
}

#[test]
fn what_was_passed_does_not_come_again() {
    let steps = || vec![step(1, 0), step(2, 0), step(2, 1), step(2, 1), step(1, 0), step(2, 2), step(3, 0)];
    assert_eq!(seen(&mut any(steps())), ["1.0", "2.0", "2.1", "2.2", "3.0"]);
    assert_eq!(seen(&mut of(Filter::any(), &at(2, 1), steps())), ["2.2", "3.0"]);
}

#[test]
fn another_event_at_the_checkpoint_is_a_rewound_log() {
    let from = Checkpoint::from(vec![Position::new(0, 2, 0, Some(EventId::as_read("lost")))]);
    let mut subscription = of(Filter::any(), &from, vec![step(2, 0), step(3, 0)]);
    assert_eq!(seen(&mut subscription), ["the log was "]);
    assert_eq!(subscription.checkpoint(), from);
}

#[test]
fn the_checkpoint_moves_over_what_is_left_out_and_over_claims() {
    let orders = Filter::actor_type("order").unwrap();
    let passed = Ok(Step::Passed(Position::new(0, 9, 0, None)));
    let steps = vec![Ok(Step::Event(event("order-1", "T", 1, 0))), step(4, 0), passed];
    let mut subscription = of(orders, &Checkpoint::default(), steps);
    assert!(matches!(subscription.next_event().now_or_never(), Some(Ok(Some(_)))));
    assert_eq!(subscription.checkpoint(), at(1, 0));
    assert!(matches!(subscription.next_event().now_or_never(), Some(Ok(None))));
    assert_eq!(subscription.checkpoint(), vec![Position::new(0, 9, 0, None)].into());
}

#[test]
fn the_mark_comes_once_and_history_ends_there() {
    let caught_up = || Ok(Step::CaughtUp);
    let mut subscription = any(vec![step(1, 0), caught_up(), step(2, 0), caught_up(), step(3, 0)]);
    let history = subscription.until_caught_up().collect::<Vec<_>>().now_or_never().unwrap();
    assert_eq!(history.len(), 1);
    assert!(subscription.until_caught_up().next().now_or_never().unwrap().is_none());
    assert_eq!(seen(&mut subscription), ["2.0", "3.0"]);
}

#[test]
fn after_a_malformed_message_it_goes_on_and_after_any_other_error_it_is_over() {
    let place = Position::new(0, 2, 0, None);
    let malformed =
        || ReplayError { actor: None, position: Some(place.clone()), raw: "x".into(), source: "no".into() };
    let steps = vec![
        step(1, 0),
        Err(Box::new(malformed()).into()),
        Err(Box::new(malformed()).into()),
        step(3, 0),
        Err(Unavailable { operation: "test", source: None }.into()),
        step(4, 0),
    ];
    let mut subscription = any(steps);
    let monitor = subscription.monitor();
    assert_eq!(seen(&mut subscription), ["1.0", "a stored mes", "3.0", "the store is"]);
    assert_eq!((subscription.is_terminated(), subscription.checkpoint()), (true, at(3, 0)));
    let status = monitor.status();
    assert_eq!((status.delivered, status.malformed, status.ended), (2, 1, true));
}

#[test]
fn a_monitor_tells_lag_and_restarts_and_outlives_the_subscription() {
    let end = Arc::new(AtomicU64::new(7));
    let log_end = Arc::clone(&end);
    let steps = vec![step(5, 0), Ok(Step::Restarted), Ok(Step::CaughtUp), step(7, 0)];
    let mut subscription =
        of(Filter::any(), &at(4, 0), steps).with_end(move || Some(log_end.load(Ordering::Relaxed)));
    let monitor = subscription.monitor();
    assert_eq!((monitor.status().lag, monitor.status().caught_up), (Some(3), false));
    assert!(matches!(subscription.next_event().now_or_never(), Some(Ok(Some(_)))));
    assert_eq!(monitor.status().lag, Some(2));
    assert!(matches!(subscription.next_event().now_or_never(), Some(Ok(Some(_)))));
    let status = monitor.status();
    assert_eq!((status.lag, status.caught_up, status.restarts), (Some(0), true, 1));
    end.store(9, Ordering::Relaxed);
    drop(subscription);
    assert_eq!((monitor.status().lag, monitor.status().ended), (Some(2), true));
}

#[test]
fn types_are_matched_when_events_are_up_to_date() {
    let step = |event: &Event| {
        let renamed = "New".try_into()?;
        Ok(Upcast::data(event.raw_data())?.renamed(renamed))
    };
    let upcasters = Upcasters::new().step("Old".try_into().unwrap(), SchemaVersion::FIRST, step);
    let steps =
        vec![Ok(Step::Event(event("a-1", "Old", 1, 0))), Ok(Step::Event(event("a-1", "Other", 2, 0)))];
    let filter = Filter::any().event_types(["New"]).unwrap();
    let mut subscription = any(steps).upcasting(filter, Arc::new(upcasters));
    assert_eq!(seen(&mut subscription), ["1.0"]);
    assert_eq!(subscription.checkpoint(), at(2, 0));
}

#[test]
fn one_that_has_nothing_to_hand_out_lets_others_run() {
    let steps = (1..=2 * STEPS as u64).map(|n| Ok(Step::Passed(Position::new(0, n, 0, None)))).collect();
    let mut subscription = any(steps);
    assert!(subscription.next().now_or_never().is_none());
    assert_eq!(subscription.checkpoint(), vec![Position::new(0, STEPS as u64, 0, None)].into());
}
