//! What a subscription hands out, and what stores make it of.

use crate::{Position, RecordedEvent};

/// What a subscription hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// An event.
    Event(RecordedEvent),
    /// All that was stored before `subscribe` was called has been handed out.
    ///
    /// It comes once in a subscription's life, after the last event of that history and before the first that was stored
    /// after `subscribe` returned; where there is no history, at once. It is not repeated when the subscription falls
    /// behind later: [`lag`](super::SubscriptionStatus::lag) tells of that.
    CaughtUp,
}

impl Delivery {
    /// Returns the event, if it is one.
    #[must_use]
    pub fn into_event(self) -> Option<RecordedEvent> {
        match self {
            Self::Event(event) => Some(event),
            Self::CaughtUp => None,
        }
    }
}

/// What a store says to a [`Subscription`](super::Subscription) as it reads. For stores.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Step {
    /// The next event of its partition, whether the filter lets it through or not.
    Event(RecordedEvent),
    /// There is nothing else for this subscription up to this position, itself included: what lies there are claims, or
    /// events that the filter leaves out and that were not read.
    Passed(Position),
    /// What was there when `subscribe` was called has been said.
    CaughtUp,
    /// The source was lost and is read again from where it was, or a little before.
    Restarted,
}
