//! Gathering events into batches.

use aether_core::error::ReplayError;
use aether_core::{Delivery, RecordedEvent, Subscription, SubscriptionError};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep, timeout_at};

use super::Projector;
use super::board::Board;
use super::control::{Command, Control};

/// What was gathered, and why no more.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) events: Vec<RecordedEvent>,
    pub(super) then: Then,
}

#[derive(Debug)]
pub(super) enum Then {
    /// The batch is full, or nothing more is at hand.
    Enough,
    CaughtUp,
    Malformed(Box<ReplayError>),
    Lost(SubscriptionError),
    /// Nothing can ever come any more.
    Over,
    /// There is a command.
    Told,
}

type Item = Option<Result<Delivery, SubscriptionError>>;

/// Gathers events until the batch is full or something else has to be done.
pub(super) async fn gather<S>(
    projector: &Projector<S>,
    subscription: &mut Subscription,
    control: &mut Control,
    board: &Board,
) -> Gathered {
    let is_caught_up = board.is_caught_up();
    let mut events = Vec::new();
    let mut until = None;
    while events.len() < projector.batch_size {
        let item = if events.is_empty() {
            first(projector, subscription, control).await
        } else if let Some(item) = subscription.next().now_or_never() {
            Ok(item)
        } else if is_caught_up {
            break;
        } else {
            let until = *until.get_or_insert_with(|| Instant::now() + projector.fill_within);
            timeout_at(until, subscription.next()).await.map_err(|_| Then::Enough)
        };
        match item.map_or_else(Err, understand) {
            Ok(event) => {
                events.push(event);
                board.hold(events.len());
            }
            Err(then) => return Gathered { events, then },
        }
    }
    Gathered { events, then: Then::Enough }
}

/// Waits for the first item, a command, or until it is time to record that nothing came.
async fn first<S>(
    projector: &Projector<S>,
    subscription: &mut Subscription,
    control: &mut Control,
) -> Result<Item, Then> {
    if control.command() != Command::Run {
        return Err(Then::Told);
    }
    if let Some(item) = subscription.next().now_or_never() {
        return Ok(item);
    }
    tokio::select! {
        biased;
        () = control.until(|command| command != Command::Run) => Err(Then::Told),
        item = subscription.next() => Ok(item),
        () = sleep(projector.idle) => Err(Then::Enough),
    }
}

fn understand(item: Item) -> Result<RecordedEvent, Then> {
    Err(match item {
        Some(Ok(Delivery::Event(event))) => return Ok(event),
        Some(Ok(Delivery::CaughtUp)) => Then::CaughtUp,
        // A mark of a later version of the contract.
        Some(Ok(_)) => Then::Enough,
        Some(Err(SubscriptionError::Malformed(error))) => Then::Malformed(error),
        Some(Err(error)) => Then::Lost(error),
        None => Then::Over,
    })
}
