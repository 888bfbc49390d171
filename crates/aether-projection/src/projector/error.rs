//! Why a projector ends.

use aether_core::error::{BoxError, ReplayError};
use aether_core::{Position, SubscriptionError};

use crate::Superseded;

/// Says why a projector stopped by itself. Started again, it goes on from the projection's checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectorError {
    /// The projection did not apply a batch, as often as the policy has it try. Correct the projection, or what it needs.
    #[error("a batch of {events} events was not applied{}", at(first.as_ref()))]
    Apply {
        /// How many events the batch has.
        events: usize,
        /// Where the first of them lies.
        first: Option<Position>,
        /// What the projection says.
        #[source]
        source: BoxError,
    },
    /// The projection does not say how far it has come.
    #[error("the projection's checkpoint is not at hand")]
    Checkpoint(#[source] BoxError),
    /// Another runner of the same projection took over. Nothing is wrong, if it was meant to.
    #[error(transparent)]
    Superseded(#[from] Superseded),
    /// A stored message is no event, and the policy is to stop there.
    #[error(transparent)]
    Malformed(Box<ReplayError>),
    /// The subscription cannot go on; its error says what to do.
    #[error(transparent)]
    Subscription(SubscriptionError),
    /// The projection panicked.
    #[error("the projection panicked")]
    Panicked,
    /// It was stopped before what was waited for happened.
    #[error("the projector was stopped")]
    Stopped,
}

fn at(position: Option<&Position>) -> String {
    position.map_or_else(String::new, |position| format!(", the first at position {position}"))
}
