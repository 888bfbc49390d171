//! Errors of subscribing.

use super::{HistoryRewound, NotPermitted, ReplayError, Unavailable, Unsupported};
use crate::Position;

/// Says why a subscription cannot begin or go on, or which stored message is not what it should be.
///
/// After [`SubscriptionError::Malformed`] a subscription goes on; after any other it is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// A stored message is no event. Decide whether to do without it, and ask for the next: the subscription goes on.
    #[error(transparent)]
    Malformed(#[from] Box<ReplayError>),
    /// What comes after the checkpoint has expired, at least in part. Whoever accepts the loss subscribes from the
    /// [`Beginning`](crate::StartAt::Beginning) of what is left; what was derived without it is incomplete.
    #[error(transparent)]
    Truncated(#[from] Box<LogTruncated>),
    /// The store lost its tail and went on elsewhere. Whatever was derived from the lost part must be rebuilt.
    #[error(transparent)]
    Rewound(#[from] Box<HistoryRewound>),
    /// The store cannot do this. The error says what it would need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The store did not answer for as long as it is waited for. Subscribe again, from the checkpoint.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The connection's user may not do this. Grant the subject.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

impl SubscriptionError {
    /// Says whether the subscription goes on after this item.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }

    /// Says whether subscribing again from the same checkpoint may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Says that what comes after a position is gone, at least in part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log after position {wanted} is gone, it begins with position {first_available}")]
pub struct LogTruncated {
    /// The position after which the log was asked for.
    pub wanted: Position,
    /// The first position of its partition that is there; of a partition without anything, the first to come.
    pub first_available: Position,
}
