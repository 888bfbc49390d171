//! Subscribing: where each partition begins, and all of them as one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aether_core::error::LogTruncated;
use aether_core::subscription::{ActorFilter, Step};
use aether_core::{Checkpoint, Filter, Position, StartAt, Subscribe, Subscription, SubscriptionError};
use futures_util::future::try_join_all;
use futures_util::{Stream, StreamExt};

use crate::feed::{self, Feed, History, Steps, unavailable};
use crate::push::{From, Push};
use crate::store::Shared;
use crate::{JetStreamStore, subject};

impl Subscribe for JetStreamStore {
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        if let StartAt::After(checkpoint) = &start {
            self.0.verify_all(checkpoint).await.map_err(feed::of_read)?;
        }
        let all = self.0.all().map(|partition| begin(partition, &filter, &start));
        let (feeds, begins): (Vec<_>, Vec<_>) = try_join_all(all).await?.into_iter().unzip();
        let from: Checkpoint = begins.into_iter().flatten().collect::<Vec<_>>().into();
        let partitions = Arc::clone(&self.0);
        let end = move || Some(partitions.all().map(|partition| partition.seen()).sum());
        Ok(Subscription::new(filter, &from, Merged::new(feeds)).with_end(end))
    }
}

/// Returns the subject of what a filter asks a partition for.
fn subject_of(partition: &Shared, filter: &Filter) -> String {
    match filter.actors() {
        ActorFilter::Type(wanted) => {
            subject::events_of_type(partition.layout, &partition.stream, wanted.as_str())
        }
        ActorFilter::Actor(actor) => partition.events_subject(actor),
        _ => subject::all_events(&partition.stream),
    }
}

/// Begins in one partition: returns what comes, and the position that it comes after, if there is one.
async fn begin(
    partition: &Shared,
    filter: &Filter,
    start: &StartAt,
) -> Result<(Steps, Option<Position>), SubscriptionError> {
    let subject = subject_of(partition, filter);
    let mut history = feed::look(partition, &subject).await.map_err(unavailable)?;
    let (received, after) = match start {
        StartAt::After(checkpoint) => match of_partition(checkpoint, partition.partition) {
            Some(position) => (before(position, history)?, Some(position.clone())),
            None => (history.before, None),
        },
        StartAt::Now => {
            history.last = 0;
            (history.end, Some(Position::new(partition.partition, history.end, u32::MAX, None)))
        }
        StartAt::Beginning | StartAt::Time(_) | _ => (history.before, None),
    };
    let from = match start {
        StartAt::Time(time) => From::Time(*time),
        _ => From::Sequence(received + 1),
    };
    let push = Push::open(partition, &subject, from, None).await.map_err(unavailable)?;
    let received = match start {
        StartAt::Time(_) => push.before.min(history.end),
        _ => received,
    };
    let after = after.unwrap_or_else(|| Position::new(partition.partition, received, u32::MAX, None));
    let feed = Feed::new(Shared::clone(partition), subject, received, history, push);
    Ok((Steps::new(feed), Some(after).filter(|position| position.sequence() > 0)))
}

fn of_partition(checkpoint: &Checkpoint, partition: u32) -> Option<&Position> {
    checkpoint.positions().find(|position| position.partition() == partition)
}

/// Returns the sequence to go on after, for a reader that has come to `position`.
fn before(position: &Position, history: History) -> Result<u64, SubscriptionError> {
    let wanted = position.sequence();
    if history.before > wanted {
        let first_available = Position::new(position.partition(), history.before + 1, 0, None);
        return Err(Box::new(LogTruncated { wanted: position.clone(), first_available }).into());
    }
    // The message there again, where it still is: the reader may have left in the midst of a commit.
    Ok(history.before.max(wanted.saturating_sub(1)))
}

/// The feeds of all partitions as one. Who has told all of its history waits until all others have.
struct Merged {
    feeds: Vec<Merging>,
    /// How many have history to tell.
    behind: usize,
    /// Whose turn it is, and for how many more steps.
    turn: usize,
    left: usize,
}

/// So many steps one partition has its turn, if it has them at hand.
const TURN: usize = 256;

struct Merging {
    steps: Steps,
    is_behind: bool,
}

impl Merged {
    fn new(feeds: Vec<Steps>) -> Self {
        let behind = feeds.len();
        let feeds = feeds.into_iter().map(|steps| Merging { steps, is_behind: true }).collect();
        Self { feeds, behind, turn: 0, left: TURN }
    }
}

impl Stream for Merged {
    type Item = Result<Step, SubscriptionError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { feeds, behind, turn, left } = &mut *self;
        let count = feeds.len();
        for others in 0..count {
            let number = (*turn + others) % count;
            let Some(feed) = feeds.get_mut(number).filter(|feed| *behind == 0 || feed.is_behind) else {
                continue;
            };
            match feed.steps.poll_next_unpin(context) {
                Poll::Pending => {}
                Poll::Ready(Some(Ok(Step::CaughtUp))) => {
                    feed.is_behind = false;
                    *behind -= 1;
                    if *behind == 0 {
                        return Poll::Ready(Some(Ok(Step::CaughtUp)));
                    }
                }
                Poll::Ready(step) => {
                    *left = if others == 0 { left.saturating_sub(1) } else { TURN };
                    *turn = number;
                    if *left == 0 {
                        (*turn, *left) = (number + 1, TURN);
                    }
                    return Poll::Ready(step);
                }
            }
        }
        Poll::Pending
    }
}
