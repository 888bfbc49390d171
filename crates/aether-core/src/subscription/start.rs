//! Where subscriptions begin.

use crate::{Checkpoint, Timestamp};

/// Says where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StartAt {
    /// With the first event that there is, even where earlier ones have expired.
    #[default]
    Beginning,
    /// With what comes after the checkpoint: in each partition that it names, after that position; in the others, with
    /// the first event that there is. The empty checkpoint is the beginning.
    ///
    /// What has expired after a position is missed, so that it is an error:
    /// [`Truncated`](crate::SubscriptionError::Truncated).
    After(Checkpoint),
    /// With the first event that was stored at this time or later, by the store's clock, whatever times the events
    /// themselves say. A time to come is [`Now`](Self::Now), and no event is waited out.
    Time(Timestamp),
    /// With the first event that is stored after `subscribe` returned. What is stored while it is being called comes or
    /// does not.
    Now,
}

impl From<Checkpoint> for StartAt {
    fn from(checkpoint: Checkpoint) -> Self {
        Self::After(checkpoint)
    }
}
