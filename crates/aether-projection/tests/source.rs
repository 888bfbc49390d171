//! What a projector makes of what its store says: messages that are no events, and sources that are lost.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_core::error::{ReplayError, Unavailable};
use aether_core::subscription::Step;
use aether_core::{
    Checkpoint, Event, Filter, Position, RecordedEvent, RetryPolicy, StartAt, Subscribe, Subscription,
    SubscriptionError, Version,
};
use aether_projection::{MalformedPolicy, Projector, ProjectorError};
use common::database::Database;
use common::{actor, event, eventually};

/// Answers each `subscribe` with the next script, and notes from where it was asked.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    scripts: VecDeque<Vec<Result<Step, SubscriptionError>>>,
    starts: Vec<StartAt>,
}

impl Scripted {
    fn new(scripts: impl IntoIterator<Item = Vec<Result<Step, SubscriptionError>>>) -> Self {
        let scripts = scripts.into_iter().collect();
        Self(Arc::new(Mutex::new(State { scripts, starts: Vec::new() })))
    }

    fn starts(&self) -> Vec<StartAt> {
        self.0.lock().unwrap().starts.clone()
    }
}

impl Subscribe for Scripted {
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        let mut state = self.0.lock().unwrap();
        state.starts.push(start.clone());
        let from = match start {
            StartAt::After(checkpoint) => checkpoint,
            StartAt::Now => vec![Position::new(0, 2, 0, None)].into(),
            _ => Checkpoint::default(),
        };
        let steps = futures_util::stream::iter(state.scripts.pop_front().unwrap_or_default());
        Ok(Subscription::new(
            filter,
            &from,
            futures_util::StreamExt::chain(steps, futures_util::stream::pending()),
        ))
    }
}

fn stored(sequence: u64) -> Result<Step, SubscriptionError> {
    let content = event(&sequence.to_string()).with_id(aether_core::EventId::as_read(sequence.to_string()));
    let event = Event::new(actor("order-1"), Version::FIRST, content);
    Ok(Step::Event(RecordedEvent::new(event, 0, sequence, 0)))
}

fn malformed(sequence: u64) -> Result<Step, SubscriptionError> {
    let position = Some(Position::new(0, sequence, 0, None));
    let (raw, source) = (Vec::new().into(), "no event".into());
    Err(Box::new(ReplayError { actor: None, position, raw, source }).into())
}

fn lost() -> Result<Step, SubscriptionError> {
    Err(Unavailable { operation: "read", source: None }.into())
}

fn projector(source: &Scripted) -> Projector<Scripted> {
    let soon = RetryPolicy::default().attempts(3).delays(Duration::from_millis(1), Duration::from_millis(1));
    Projector::new("notes", source.clone()).resubscribe(soon).fill_within(Duration::from_millis(1))
}

fn at(start: &StartAt) -> u64 {
    match start {
        StartAt::After(checkpoint) => checkpoint.positions().map(Position::sequence).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn a_message_that_is_no_event_stops_it_after_what_came_before() {
    let script = || vec![stored(1), stored(2), malformed(3), stored(4), Ok(Step::CaughtUp)];
    let (source, database) = (Scripted::new([script(), script()]), Database::default());
    for _ in 0..2 {
        let running = projector(&source).start(database.first());
        let error = running.wait_until_caught_up().await.unwrap_err();
        assert!(matches!(&*error, ProjectorError::Malformed(_)), "{error}");
        assert_eq!(database.notes().len(), 2, "and no further, however often it is started");
    }
    assert_eq!(at(&source.starts()[1]), 2, "the message is not passed");
}

#[tokio::test]
async fn a_message_that_is_no_event_can_be_skipped() {
    let script = vec![stored(1), malformed(2), malformed(3), stored(4), Ok(Step::CaughtUp)];
    let (source, database) = (Scripted::new([script]), Database::default());
    let (sender, skipped) = std::sync::mpsc::channel();
    let policy = MalformedPolicy::skip(move |error| sender.send(error.position.clone()).unwrap());
    let running = projector(&source).on_malformed(policy).start(database.first());
    let status = running.wait_until_caught_up().await.unwrap();
    assert_eq!((status.skipped, status.events, skipped.try_iter().count()), (2, 2, 2));
}

#[tokio::test]
async fn a_source_that_was_lost_is_followed_from_what_was_applied() {
    let scripts = [
        vec![stored(1), stored(2), lost()],
        vec![stored(2), stored(3), lost()],
        vec![stored(4), Ok(Step::CaughtUp)],
    ];
    let (source, database) = (Scripted::new(scripts), Database::default());
    let running = projector(&source).start(database.first());
    let status = running.wait_until_caught_up().await.unwrap();
    assert_eq!((status.restarts, status.events, database.notes().len()), (2, 4, 4));
    assert_eq!(source.starts().iter().map(at).collect::<Vec<_>>(), [0, 2, 3]);
}

#[tokio::test]
async fn from_now_stays_the_same_moment_however_often_the_source_is_lost() {
    let scripts = [vec![lost()], vec![stored(3), Ok(Step::CaughtUp)]];
    let (source, database) = (Scripted::new(scripts), Database::default());
    let running = projector(&source).start_at(StartAt::Now).start(database.first());
    running.wait_until_caught_up().await.unwrap();
    assert_eq!(source.starts()[0], StartAt::Now);
    assert_eq!((at(&source.starts()[1]), database.notes().len()), (2, 1));
}

#[tokio::test]
async fn it_gives_up_after_as_many_losses_as_it_is_told_and_without_progress_only() {
    let lasting = || vec![lost()];
    let scripts = [lasting(), vec![stored(1), lost()], lasting(), lasting(), lasting()];
    let (source, database) = (Scripted::new(scripts), Database::default());
    let running = projector(&source).start(database.first());
    eventually("it gives up", || running.failure().is_some()).await;
    assert!(matches!(&*running.failure().unwrap(), ProjectorError::Subscription(_)));
    assert_eq!((database.notes().len(), source.starts().len()), (1, 4));
}

#[tokio::test]
async fn a_source_that_is_rewound_is_no_matter_of_trying_again() {
    let position = Position::new(0, 7, 0, None);
    let rewound = Box::new(aether_core::error::HistoryRewound { position, found: None });
    let (source, database) = (Scripted::new([vec![stored(1), Err(rewound.into())]]), Database::default());
    let running = projector(&source).start(database.first());
    let error = running.wait_until_caught_up().await.unwrap_err();
    assert!(matches!(&*error, ProjectorError::Subscription(SubscriptionError::Rewound(_))), "{error}");
    assert_eq!((database.notes().len(), source.starts().len()), (1, 1), "what came before is applied");
}
